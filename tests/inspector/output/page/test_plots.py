"""Plots: there where there are values, small whatever the capture, in the colours of the page."""

from __future__ import annotations

import re
import sys
from xml.etree import ElementTree

import numpy as np
import pytest

from inspector.output.reports import BEGAN_AT, measured, series, stream
from peers import need_module
from rtpjpeg.errors import RtpJpegError
from rtpjpeg.inspector.model import Histogram, Series, StreamReport, Timing
from rtpjpeg.inspector.output.page.plots import Plot, plots_of
from rtpjpeg.inspector.output.page.svg import draw, load_matplotlib

TITLES = [
    "Frame sizes",
    "Packets received and lost",
    "How long a frame takes",
    "Packets within a frame",
    "Time between frames",
    "Jitter",
]


@pytest.fixture(autouse=True)
def matplotlib() -> None:
    need_module("matplotlib")


def drawn(found: StreamReport) -> dict[str, Plot]:
    return {plot.title: plot for plot in plots_of(found, "stream-1")}


def test_everything_that_is_known_is_drawn_and_explained(seed: int) -> None:
    plots = drawn(measured(3600, seed))
    assert list(plots) == TITLES
    assert re.fullmatch(
        r"Half of the frames are larger than [0-9.]+ kB, the largest has [0-9.]+ kB\."
        r" Red: [0-9]+ frames? that did not come whole\.",
        plots["Frame sizes"].note,
    )
    assert "The next frame is due after 33.4 ms." in plots["How long a frame takes"].note
    assert "Packets in every 1 s" in plots["Packets received and lost"].note
    for words in ("frame size (kB)", "time (s)"):
        assert words in plots["Frame sizes"].svg


def test_what_is_not_known_is_not_drawn() -> None:
    assert drawn(stream()) == {}
    empty = Series(1, *(np.zeros(0, np.int64) for _ in range(4)), np.zeros(0, bool))
    assert (
        drawn(stream(series=empty, spacing=Histogram([0, 1], [0]), timings=[Timing("first", 1, [0])])) == {}
    )


def test_one_frame_of_one_packet() -> None:
    one = Series(1, *(np.array([n]) for n in (BEGAN_AT, 900, 1, 0)), np.array([True]))
    plots = drawn(stream(series=one, packets_by_second=[1], lost_by_second=[0], fps=0.0))
    assert list(plots) == TITLES[:2]
    assert plots["Frame sizes"].note.endswith("All came whole.")
    assert plots["Packets received and lost"].note.endswith("None was lost.")


def test_ten_minutes_are_as_small_as_one(seed: int) -> None:
    sizes = [
        sum(len(plot.svg) for plot in drawn(measured(frames, seed)).values()) for frames in (1800, 18_000)
    ]
    assert max(sizes) < 250_000


def test_a_thinned_series_says_about_how_many(seed: int) -> None:
    thin = series(3000, seed)
    thin.step = 8
    thin.complete[:] = True
    thin.complete[5:10] = False
    plots = drawn(stream(series=thin))
    assert "about 40 frames that did not come whole" in plots["Frame sizes"].note


def test_where_most_were_lost_is_said(seed: int) -> None:
    plots = drawn(stream(packets_by_second=[100] * 700, lost_by_second=[0] * 600 + [9], loss_step=2.0))
    note = plots["Packets received and lost"].note
    assert note == "Packets in every 6 s: received above, lost below. Most were lost after 20 min 0 s."
    assert "time (min)" in plots["Packets received and lost"].svg


def test_slow_frames_are_held_against_the_frame_time(seed: int) -> None:
    slow = series(300, seed)
    slow.spreads[:] = 40_000_000
    assert ">next frame<" in drawn(stream(series=slow))["How long a frame takes"].svg
    slow.spreads[:] = 4_000_000
    assert ">next frame<" not in drawn(stream(series=slow))["How long a frame takes"].svg


def test_a_million_packets_leave_room_for_the_name_of_the_axis() -> None:
    found = Histogram([0.0, 0.1, 0.2, 0.3], [1_200_000, 30_000, 1])
    text = drawn(stream(transit=found))["Jitter"].svg
    labels = re.findall(r">(\d[^<]*)<", text)  # which powers of ten there are is matplotlib's choice
    assert max(map(len, labels)) <= 4 and any(label.endswith("k") for label in labels)


def test_labels_are_no_mathematics_and_no_markup() -> None:
    odd = [Timing("$x^2$ <b>", 3, [0.0, 1.0])]
    text = drawn(stream(timings=odd))["Packets within a frame"].svg
    assert "$x^2$ &lt;b&gt; (packet 3)" in text and "<b>" not in text


def test_an_svg_stands_in_a_page_as_it_is(seed: int) -> None:
    plots = list(plots_of(measured(600, seed), "stream-1")) + list(plots_of(measured(600, seed), "stream-2"))
    called: list[str] = []
    for plot in plots:
        tree = ElementTree.fromstring(plot.svg)
        assert tree.get("role") == "img" and tree.get("aria-label", "").startswith(plot.title)
        assert tree.get("viewBox") and tree.get("width") is None
        assert not re.search(r"<style|<script|#0a00|font-family|https?://(?!www\.w3\.org/)", plot.svg)
        names = re.findall(r' id="([^"]*)"', plot.svg)
        assert set(re.findall(r"#([mp][0-9a-f]{10})", plot.svg)) <= set(names)
        called += names
    assert len(called) == len(set(called)), "names are the page's, not the plot's"


def test_the_words_are_escaped() -> None:
    text = draw("name", 'a "b" <c>', lambda figure: None)
    assert ElementTree.fromstring(text).get("aria-label") == 'a "b" <c>'


def test_settings_of_matplotlib_stay_as_they_were(seed: int) -> None:
    matplotlib = load_matplotlib()
    before = dict(matplotlib.rcParams)
    list(plots_of(measured(300, seed), "stream-1"))
    assert dict(matplotlib.rcParams) == before
    assert "matplotlib.pyplot" not in sys.modules or before["backend"] == matplotlib.rcParams["backend"]


def test_without_matplotlib_one_sentence_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(RtpJpegError, match=r"needs matplotlib: install rtpjpeg\[inspect\]"):
        load_matplotlib()
