"""The report on a terminal and in a pipe."""

from __future__ import annotations

import io
import re
import sys

import pytest

from inspector.output.reports import ALL_PLAY, OTHER, SSRC, every_rule, faulty, findings, report, stream
from peers import need_module
from rtpjpeg.inspector.model import Report
from rtpjpeg.inspector.output.listing import print_rules, rules_listing
from rtpjpeg.inspector.output.outcome import summary
from rtpjpeg.inspector.output.sheet import IN_A_PIPE, Sheet, print_lines, width_of
from rtpjpeg.inspector.output.terminal import print_report, report_sheet
from rtpjpeg.inspector.rules import load_rules

TWO = faulty(
    stream(), stream(OTHER, source="[fe80::1%eth0]:5000", receivers=ALL_PLAY), notices=["53 is DNS."]
)
ESCAPE = "\x1b["


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COLUMNS", "NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


def text_of(report: Report, width: int = 80) -> str:
    return report_sheet(report, width).text()


def printed(report: Report, file: io.StringIO) -> str:
    print_report(report, file)
    return file.getvalue()


def prose(text: str) -> str:
    """The text without its lines, to find sentences in."""
    return " ".join(text.split())


def test_a_stream_is_described_with_units() -> None:
    text = prose(text_of(report(stream())))
    assert text.startswith("camera.pcap: 130000 packets, 129990 of UDP, 2 min 2 s Stream 0x1a2b3c4d ")
    for said in (
        "from 192.168.1.50:40312 to 192.168.1.20:5000, payload type 26 (JPEG)",
        "picture 640x480, type 65: 4:2:0 with restart markers, one every 9 MCUs",
        "quality Q 85: standard tables",
        "rate 29.97 fps, 12.3 Mbit/s, 185 MB in 2 min 0 s",
        "packets 129600, 130 (0.1 %) lost, 12 (<0.1 %) reordered, 0 duplicated",
        "largest 1380 bytes, at most 36 in one burst",
        "frames 3598 complete of 3600 (99.9 %)",
        "jitter 0.21 ms at the end, 3.40 ms at most",
        "plays in GStreamer, FFmpeg, VLC",
        "damaged in go2rtc: takes type 65 for type 1",
        "not in MediaMTX: refuses types 64 to 127",
    ):
        assert said in text


def test_each_finding_says_what_where_why_and_what_to_do() -> None:
    text = prose(text_of(faulty(stream())))
    rule = load_rules()["J-074"]
    assert f"Errors {rule.id} {rule.name} {rule.rfc}" in text
    assert "found FF D8 FF E0, the begin of a JPEG file (900 times, packets 1 to 900)" in text
    assert f"expected {rule.expected} change {rule.hint}" in text
    assert "Wireshark frame.number in {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}" in text
    assert text.index("Errors J-074") < text.index("Warnings N-001") < text.index("Good to know T-008")


def test_a_rule_that_two_streams_break_is_explained_once() -> None:
    text = prose(text_of(TWO))
    assert text.count(load_rules()["J-074"].hint) == 1
    assert "packets 1 to 900 in stream 0x1a2b3c4d" in text and "packets 1 to 900 in stream 0xdeadbeef" in text
    assert text.count("frame.number in {17}") == 1, "the same filter shows both"
    assert "rtp.ssrc == 0x1a2b3c4d" in text and "rtp.ssrc == 0xdeadbeef" in text
    assert "note 53 is DNS." in text and "[fe80::1%eth0]:5000" in text


def test_the_last_line_is_the_sum() -> None:
    assert text_of(faulty(stream()), 110).splitlines()[-1] == summary(faulty(stream()))


def test_a_long_name_has_a_line_of_its_own() -> None:
    name = "/captures/" + "camera" * 12 + ".pcap"
    first, second = text_of(report(name=name), 100).splitlines()[:2]
    assert (first, second) == (name, "130000 packets, 129990 of UDP, 2 min 2 s")


def test_every_rule_is_said() -> None:
    found = every_rule()
    text = prose(text_of(found))
    assert all(f"{rule.id} {rule.name}" in text and rule.hint in text for rule in load_rules().values())
    assert all(finding.wireshark in text for finding in found.findings)


@pytest.mark.parametrize("width", [60, 80, 110])
def test_only_what_is_copied_is_longer_than_the_width(width: int) -> None:
    long = [line for line in text_of(every_rule(), width).splitlines() if len(line) > width]
    headings = [f"{rule.id} {rule.name}" for rule in load_rules().values()]
    assert all(line.startswith("    Wireshark") or any(name in line for name in headings) for line in long)
    filters = [finding.wireshark for finding in every_rule().findings]
    lines = {line.partition("Wireshark")[2].strip() for line in text_of(every_rule(), width).splitlines()}
    assert set(filters) <= lines


def test_a_finding_about_the_capture_says_so() -> None:
    text = prose(text_of(report(stream(), findings=findings(SSRC, None).listed())))
    assert "packets 1 to 900 in the capture" in text


def test_no_stream_says_what_there_is_and_what_to_try() -> None:
    text = prose(text_of(report(notices=["10.0.0.1:53 to 10.0.0.2:4000: 12 datagrams."])))
    assert "No RTP/JPEG stream was found in this capture." in text
    assert "--filter 5000" in text
    assert "note 10.0.0.1:53 to 10.0.0.2:4000: 12 datagrams." in text
    assert text.endswith("no RTP/JPEG stream found")
    assert "The capture holds no UDP." in prose(text_of(report(datagrams=0)))


def test_many_streams_are_counted() -> None:
    many = faulty(*[stream(number) for number in range(1, 41)])
    text = prose(text_of(many))
    assert "Stream 0x00000010" in text and "Stream 0x00000011" not in text
    assert "and 24 more streams; --json lists them all" in text
    assert "and 32 more; --json lists them all" in text


def test_a_stream_of_which_little_is_known() -> None:
    bare = stream(
        fps=0.0, width=0, restart_interval=0, type=7, q=100, frames=0, frames_complete=0, duration=0.0
    )
    text = prose(text_of(report(bare, duration=0.0)))
    assert "picture size not told, type 7: not defined by RFC 2435 quality Q 100: reserved" in text
    assert "fps unknown" in text and "0 complete of 0 (none)" in text


def test_a_pipe_gets_no_colours_and_no_control() -> None:
    text = printed(TWO, io.StringIO())
    assert ESCAPE not in text
    assert text == report_sheet(TWO, IN_A_PIPE).text()


def test_a_terminal_gets_colours() -> None:
    need_module("rich")
    text = printed(TWO, Terminal())
    assert f"{ESCAPE}1;31mErrors" in text
    assert prose(re.sub(r"\x1b\[[0-9;]*m", "", text)) == prose(text_of(TWO))


def test_no_color_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    text = printed(TWO, Terminal())
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", text)
    assert "Errors" in text


def test_without_rich_it_is_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "rich"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "rich", None)
    assert printed(TWO, Terminal()) == report_sheet(TWO, 80).text()


def test_names_and_packets_cannot_steer_the_terminal() -> None:
    found = findings()
    found.add("T-023", SSRC, 1, "CNAME 'a\x1b]0;owned\x07\n[red]b[/red]'")
    odd = report(stream(), name="x\x1b[2J\ny\udcff.pcap", findings=found.listed(), notices=["a\rb"])
    for file in (io.StringIO(), Terminal()):
        text = printed(odd, file)
        left = re.sub(r"\x1b\[[0-9;]*m", "", text)
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", left)
        assert r"x\x1b[2J\ny\udcff.pcap" in left and "[red]b[/red]" in left and r"a\rb" in left


def test_an_encoding_that_knows_little_is_no_fault() -> None:
    data = io.BytesIO()
    file = io.TextIOWrapper(data, "ascii", write_through=True)
    print_report(report(stream(), name="kamera-é.pcap"), file)
    assert data.getvalue().startswith(rb"kamera-\xe9.pcap: ")


def test_a_pipe_that_is_closed_ends_as_the_caller_says() -> None:
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        print_report(TWO, Closed())


@pytest.mark.parametrize(("columns", "width"), [("20", 60), ("80", 80), ("400", 110)])
def test_the_width_is_sensible(columns: str, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    assert width_of(io.StringIO()) == IN_A_PIPE
    monkeypatch.setenv("COLUMNS", columns)
    assert width_of(io.StringIO()) == width_of(Terminal()) == width


def test_lines_go_to_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    sheet = Sheet(80)
    sheet.blank()
    sheet.prose("one")
    sheet.blank()
    sheet.blank()
    sheet.labelled("two", "three")
    print_lines(sheet.lines)
    assert capsys.readouterr().out == "one\n\n  two        three\n" == sheet.text()
    print_report(report(stream()))
    assert capsys.readouterr().out.startswith("camera.pcap: ")


def test_the_rules_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    text = prose(rules_listing(load_rules().values(), 80).text())
    assert text.startswith(f"{len(load_rules())} rules: ")
    for rule in load_rules().values():
        assert f"{rule.id} {rule.severity} {rule.name} {rule.rfc}".strip() in text
        assert f"expected {rule.expected} hint {rule.hint}" in text and rule.wireshark in text
    print_rules()
    assert prose(capsys.readouterr().out) == text


def test_the_rules_as_json_are_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    print_rules(as_json=True)
    text = capsys.readouterr().out
    assert text.count("\n") == 1 and text.startswith('{"version": ')
