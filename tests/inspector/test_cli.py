"""rtpjpeg-inspect before there is an inspector: honest about it."""

from __future__ import annotations

import pytest

from rtpjpeg.inspector.cli import build_parser, main

OPTIONS = "--json --html page.html --extract frames --packets --filter 5000 --deep --rules".split()


def test_it_says_in_one_line_that_there_is_no_inspector_yet(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["capture.pcap"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert "has no inspector yet" in said.err


def test_the_documented_options_stand() -> None:
    chosen = build_parser().parse_args([*OPTIONS, "capture.pcap"])
    assert (chosen.file, chosen.html, chosen.extract, chosen.filter) == (
        "capture.pcap",
        "page.html",
        "frames",
        "5000",
    )
    assert chosen.json and chosen.packets and chosen.deep and chosen.rules


def test_a_file_and_an_interface_together_are_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["--live", "eth0", "capture.pcap"])
    assert refused.value.code == 2
    assert "not allowed with" in capsys.readouterr().err
