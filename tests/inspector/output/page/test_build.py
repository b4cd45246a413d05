"""The page: everything the report says, nothing that runs or loads, whoever named the file."""

from __future__ import annotations

import re
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from inspector.output.reports import (
    ALL_PLAY,
    OTHER,
    SSRC,
    every_rule,
    faulty,
    findings,
    measured,
    report,
    stream,
)
from peers import need_module
from rtpjpeg.errors import RtpJpegError, TransportError
from rtpjpeg.inspector.model import Picture, Verdict
from rtpjpeg.inspector.output.outcome import summary
from rtpjpeg.inspector.output.page.build import DRAWN_STREAMS, check_html, page, write_html
from rtpjpeg.inspector.output.page.markup import Html, tag
from rtpjpeg.inspector.rules import load_rules

EVIL = """x</title><script>alert(1)</script>"'&\u202e\x1b[31m\udcff.pcap"""
VOID = {"meta", "link", "img"}


@pytest.fixture(autouse=True)
def matplotlib() -> None:
    need_module("matplotlib")


class Reader(HTMLParser):
    """Reads a page as a browser would: its text, its elements, what it points at."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.open: list[str] = []
        self.tags: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.handlers: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.open += [] if tag in VOID else [tag]
        for name, value in attrs:
            self.links += [value or ""] if name in ("src", "href", "xlink:href", "srcset", "action") else []
            self.ids += [value or ""] if name == "id" else []
            self.handlers += [name] if name.startswith("on") else []

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += [data] if self.open and self.open[-1] != "style" else []

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def check(text: str) -> Reader:
    """Read a page, and assert that it is whole and that nothing in it runs or loads."""
    found = Reader(text)
    assert found.open == []
    assert len(found.ids) == len(set(found.ids))
    assert not found.handlers and not {"script", "iframe", "object", "embed", "form", "base"} & set(
        found.tags
    )
    assert all(link.startswith(("data:", "#")) for link in found.links)
    assert "default-src 'none'; img-src data:; style-src 'unsafe-inline'" in text
    assert not re.search(r"@import|url\((?!#)", text)
    return found


def test_the_page_says_what_the_report_says(seed: int) -> None:
    found = faulty(measured(600, seed), notices=["53 is DNS."])
    text = check(page(found)).text
    rule = load_rules()["J-074"]
    for said in (
        "camera.pcap",
        summary(found),
        f"{rule.id} {rule.name} {rule.rfc}",
        "FF D8 FF E0, the begin of a JPEG file (900 times, packets 1 to 900)",
        f"Expected {rule.expected} To change {rule.hint}",
        "Wireshark frame.number in {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}",
        "Stream 0x1a2b3c4d 192.168.1.50:40312 to 192.168.1.20:5000, payload type 26 (JPEG)",
        "640x480 29.97 fps",
        "12.3 Mbit/s",
        "130 lost, 12 reordered, 0 duplicated",
        "MediaMTX does not play refuses types 64 to 127",
        "go2rtc plays damaged takes type 65 for type 1",
        "Frame sizes",
        "First frame, packet 3",
        "Worst frame, packet 8812 2 packets lost",
        "About the capture 53 is DNS.",
        "from 2026-05-28 20:26:40 UTC",
    ):
        assert said in text
    assert (
        text.index("Errors") < text.index("Warnings") < text.index("Good to know") < text.index("Stream 0x")
    )


def test_every_rule_has_its_place() -> None:
    text = check(page(every_rule())).text
    for rule in load_rules().values():
        assert f"{rule.id} {rule.name}" in text and rule.hint in text


def test_everything_is_escaped() -> None:
    found = findings()
    found.add("T-023", SSRC, 1, f"CNAME {EVIL}")
    odd = stream(
        source=EVIL,
        destination=EVIL,
        receivers=[Verdict(EVIL, EVIL, EVIL)],
        pictures=[Picture(EVIL, 1, b"", [EVIL])],
    )
    text = page(report(odd, name=EVIL, findings=found.listed(), notices=[EVIL]))
    read = check(text)
    assert "<script" not in text and "\x1b" not in text and "\u202e" not in text
    assert read.text.count("<script>alert(1)</script>") >= 9
    text.encode("utf-8")


def test_markup_is_built_of_texts() -> None:
    assert tag("p", "a<b", Html("<i>c</i>"), class_='"x"') == '<p class="&quot;x&quot;">a&lt;b<i>c</i></p>'
    assert Html("<b>") + "<" == "<b>&lt;"


@pytest.mark.parametrize(("datagrams", "said"), [(12, "--filter 5000"), (0, "The capture holds no UDP.")])
def test_no_stream_says_what_to_try(datagrams: int, said: str) -> None:
    text = check(page(report(datagrams=datagrams))).text
    assert "no RTP/JPEG stream found" in text and said in text


def test_two_streams_of_one_ssrc_have_places_of_their_own(seed: int) -> None:
    read = check(page(faulty(measured(60, seed), measured(60, seed, source="[fe80::1%eth0]:5000"))))
    assert {"stream-1", "stream-2"} <= set(read.ids)
    assert "[fe80::1%eth0]:5000" in read.text


@pytest.mark.parametrize(
    ("found", "mood"),
    [
        (faulty(stream()), "error"),
        (report(), "warning"),
        (report(stream(receivers=ALL_PLAY)), "good"),
    ],
)
def test_the_sum_has_a_colour(found: object, mood: str) -> None:
    assert f'class="sum {mood}"' in page(found)  # type: ignore[arg-type]


def test_ten_minutes_are_under_three_megabytes(seed: int) -> None:
    text = page(faulty(measured(18_000, seed), measured(18_000, seed + 1, OTHER)))
    assert len(text.encode()) < 3_000_000


def test_of_many_streams_the_largest_are_drawn(seed: int) -> None:
    streams = [measured(60, seed, number, packets=number) for number in range(1, DRAWN_STREAMS + 5)]
    text = page(faulty(*streams))
    read = check(text)
    assert len(text.encode()) < 3_000_000
    assert read.tags.count("img") <= 2 * DRAWN_STREAMS
    assert read.text.count("No plots and pictures here") == 4
    assert read.text.index("No plots and pictures here") < read.text.index("Frame sizes")


def test_a_page_is_a_file(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "report.html"
    check_html(path)
    write_html(faulty(measured(60, seed)), path)
    assert check(path.read_text("utf-8")).text.endswith("This file needs no network and no other file.")
    with pytest.raises(TransportError, match="there is no directory"):
        check_html(tmp_path / "no" / "report.html")


def test_without_matplotlib_it_is_said_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(RtpJpegError, match=r"install rtpjpeg\[inspect\]"):
        check_html(tmp_path / "report.html")
