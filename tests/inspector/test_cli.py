"""The options of rtpjpeg-inspect, and what is said of those that cannot be."""

from __future__ import annotations

import pytest

from rtpjpeg.inspector.cli import build_parser, main

OPTIONS = "--json --html page.html --extract frames --packets --filter 5000/0x1234 --deep".split()


def test_the_documented_options_stand() -> None:
    chosen = build_parser().parse_args([*OPTIONS, "capture.pcap"])
    assert (chosen.file, chosen.html, chosen.extract) == ("capture.pcap", "page.html", "frames")
    assert (chosen.filter.port, chosen.filter.ssrc) == (5000, 0x1234)
    assert chosen.json and chosen.packets and chosen.deep and not chosen.rules


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "found nothing to inspect, expected a capture FILE, --live IFACE or --rules"),
        (["--live", "eth0", "capture.pcap"], "not allowed with"),
        (["--rules", "capture.pcap"], "not allowed with"),
        (["--duration", "3", "capture.pcap"], "argument --duration: not allowed without --live IFACE"),
        (["--duration", "0", "--live", "lo"], "argument --duration: found '0', expected a number above 0"),
        (["--filter", "five", "capture.pcap"], "argument --filter: found 'five', expected PORT"),
        (
            ["--filter", "99999", "capture.pcap"],
            "argument --filter: found the port 99999, expected 1 to 65535",
        ),
    ],
)
def test_what_cannot_be_is_wrong_usage(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as refused:
        main(words)
    assert refused.value.code == 2
    line = capsys.readouterr().err
    assert line.count("\n") == 1 and line.startswith("rtpjpeg-inspect: ") and said in line
