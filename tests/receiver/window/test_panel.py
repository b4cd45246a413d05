"""What stands on a picture, and how much room it takes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from peers import need_module
from rtpjpeg.receiver.figures import Figures, Recent
from rtpjpeg.receiver.watch import State
from rtpjpeg.receiver.window.layout import Box
from rtpjpeg.receiver.window.lettering import ACCENT, SMALLEST, text_width, wrap
from rtpjpeg.receiver.window.panel import (
    FEW_LINES,
    SHARE,
    draw_panel,
    figures_rows,
    fitting,
    help_rows,
    panel_size,
)

LIVE = State("live", "live")
TIMES = {"p50": 1.04, "p95": 2.0, "p99": 12.36, "max": 40.0}


@pytest.fixture(autouse=True)
def opencv() -> None:
    need_module("cv2")


def figures(**other: Any) -> Figures:
    known: dict[str, Any] = {
        "name": "camera 1",
        "size": (640, 480),
        "recent": Recent(29.97, 4.21e6, 3, 0.004, 0.012),
        "packets_lost": 12,
        "lost_share": 0.001,
        "concealed_share": 0.003,
        "frames_dropped": 0,
        "kernel_drops": 0,
        "latency": TIMES,
        "stages": {"show": TIMES, "encode": TIMES, "decode": TIMES},
    }
    return Figures(**{**known, **other})


def said(rows: Any) -> list[str]:
    return [" | ".join((row.label, *row.cells)) for row in rows]


def test_all_figures_are_on_the_panel() -> None:
    assert said(figures_rows(figures(frames_dropped=2, kernel_drops=5), LIVE)) == [
        "camera 1",
        "640x480   30.0 fps   4.2 Mbit/s",
        " |  | last 2 s |  | all",
        "lost |  | 3, 0.4 % |  | 12, 0.1 %",
        "concealed |  | 1.2 % |  | 0.3 %",
        "frames dropped |  |  |  | 2",
        "kernel dropped |  |  |  | 5",
        "ms | p50 | p95 | p99 | max",
        "latency | 1.0 | 2.0 | 12.4 | 40.0",
        "  encode | 1.0 | 2.0 | 12.4 | 40.0",
        "  decode | 1.0 | 2.0 | 12.4 | 40.0",
        "  show | 1.0 | 2.0 | 12.4 | 40.0",
    ]


def test_the_offset_of_two_clocks_stands_below_the_latency() -> None:
    rows = said(figures_rows(figures(clock="two clocks, ours ahead by 12.3 ms at most"), LIVE))
    assert (
        rows[rows.index("latency | 1.0 | 2.0 | 12.4 | 40.0") + 1]
        == "two clocks, ours ahead by 12.3 ms at most"
    )


def test_what_is_not_known_is_not_there() -> None:
    rows = said(figures_rows(figures(concealed_share=None, latency=None, recent=Recent()), LIVE))
    assert rows[:4] == ["camera 1", "640x480", " |  | last 2 s |  | all", "lost |  | 0 |  | 12, 0.1 %"]
    assert rows[4:6] == ["ms | p50 | p95 | p99 | max", "latency | unknown"]
    assert said(figures_rows(figures(latency=None, stages={}), LIVE))[-1] == "concealed |  | 1.2 % |  | 0.3 %"


def test_before_the_first_picture_there_is_a_name() -> None:
    waiting = State("waiting", "waiting for a stream on rtp://:5000")
    assert said(figures_rows(figures(size=None), waiting, told=True)) == ["camera 1"]
    assert said(figures_rows(figures(size=None), waiting)) == ["camera 1", waiting.text]


def test_a_silent_stream_has_no_rates_and_no_latency() -> None:
    lost = State("no signal", "no signal for 3 s")
    rows = said(figures_rows(figures(), lost, told=True))
    assert rows == [
        "camera 1",
        "640x480",
        " |  | last 2 s |  | all",
        "lost |  | 3, 0.4 % |  | 12, 0.1 %",
        "concealed |  | 1.2 % |  | 0.3 %",
    ]
    assert said(figures_rows(figures(), lost))[1] == "no signal for 3 s"


@pytest.mark.parametrize(
    "size", [(3840, 2160), (1920, 1080), (640, 480), (320, 240), (200, 150), (90, 60), (8, 8)]
)
def test_a_panel_leaves_most_of_the_picture_free(size: tuple[int, int]) -> None:
    rows, scale = fitting(figures_rows(figures(kernel_drops=3), LIVE), Box(0, 0, *size))
    if not rows:
        assert size[0] <= 90
        return
    width, height = panel_size(rows, scale)
    assert scale >= SMALLEST
    assert height <= size[1] * SHARE[1] + 2
    assert width <= size[0] * (SHARE[0] if len(rows) > 3 else FEW_LINES) + 2
    assert draw_panel(rows, scale).shape == (height, width, 3)


def test_a_large_picture_has_all_and_a_small_one_the_first_lines() -> None:
    every = figures_rows(figures(), LIVE)
    assert fitting(every, Box(0, 0, 640, 480))[0] == every
    assert fitting(every, Box(0, 0, 200, 150))[0] == every[:2] or len(every) > 3
    assert fitting(every, Box(0, 0, 640, 480))[1] > fitting(every, Box(0, 0, 320, 240))[1]


def test_figures_end_below_each_other() -> None:
    rows = figures_rows(figures(), LIVE)
    area = draw_panel(rows, 0.6)
    columns = np.flatnonzero((area > 60).any(axis=(0, 2)))
    assert columns.max() < area.shape[1] - 8 and columns.min() > 6


def test_panels_do_not_grow_with_every_figure() -> None:
    sizes = {
        panel_size(figures_rows(figures(packets_lost=lost, recent=Recent(30.0, 4e6, lost, 0.01)), LIVE), 0.5)[
            0
        ]
        for lost in (0, 1, 9, 10, 88)
    }
    assert len(sizes) == 1


def test_help_lists_keys_in_the_accent_colour() -> None:
    rows = help_rows()
    assert len(rows) == 10
    assert all(row.label_colour == ACCENT for row in rows[1:])
    assert (abs(draw_panel(rows, 0.7).astype(int) - ACCENT) < 40).all(axis=2).any()


def test_long_texts_are_wrapped_between_words() -> None:
    text = "ended: port 5000 cannot be read: the network interface has gone away"
    lines = wrap(text, 0.5, 200)
    assert " ".join(lines) == text and len(lines) > 1
    assert all(text_width(line, 0.5) <= 200 for line in lines)
    assert wrap("unbreakable" * 9, 0.5, 50) == ["unbreakable" * 9]
    assert wrap("", 0.5, 50) == []
