"""Findings: one for each rule and stream, whatever the number of packets."""

from __future__ import annotations

import pytest

from rtpjpeg.inspector.findings import Findings
from rtpjpeg.inspector.model import Report


def test_one_finding_a_rule_and_stream_with_count_first_and_last() -> None:
    findings = Findings()
    findings.add("J-028", 7, [3, 4], "Q 100")
    findings.add("J-028", 7, 9, "Q 127")
    findings.add("J-028", 8, 5, lambda: "Q 0")
    findings.add("J-028", 8, [], "nothing")
    one, other = findings.listed()
    assert (one.rule.id, one.ssrc, one.count, one.first_packet, one.last_packet) == ("J-028", 7, 3, 3, 9)
    assert one.message.startswith("found Q 100, expected Q 1 to 99")
    assert (other.ssrc, other.count, other.found) == (8, 1, "Q 0")
    assert findings.of(7) == {"J-028"} and findings.of(9) == set()


def test_the_sentence_is_made_once() -> None:
    findings, asked = Findings(), []
    for number in range(5):
        findings.add("N-001", 7, number + 1, lambda: asked.append(1) or "a loss")  # type: ignore[func-returns-value]
    assert len(asked) == 1


def test_ten_packets_are_listed() -> None:
    findings = Findings()
    findings.add("J-004", 7, range(1, 8), "no marker")
    findings.add("J-004", 7, range(8, 100), "no marker")
    (finding,) = findings.listed()
    assert (finding.packets, finding.count, finding.last_packet) == (list(range(1, 11)), 99, 99)


def test_errors_come_first_and_fail_the_report() -> None:
    findings = Findings()
    findings.add("N-002", 7, 1, "reordering")
    findings.add("N-001", 7, 2, "a loss")
    report = Report("a.pcap", findings=findings.listed())
    assert not report.failed
    findings.add("J-074", 7, 3, "a JPEG file")
    report = Report("a.pcap", findings=findings.listed())
    assert [finding.rule.id for finding in report.findings] == ["J-074", "N-001", "N-002"]
    assert report.failed


def test_the_filter_names_the_stream() -> None:
    findings = Findings()
    for rule, numbers in (("J-028", [4]), ("J-004", [4, 9]), ("T-008", [1]), ("J-092", [2]), ("T-036", [3])):
        findings.add(rule, 0xABC, numbers, "something")
    filters = {finding.rule.id: finding.wireshark for finding in findings.listed()}
    assert filters["J-028"].startswith("rtp.ssrc == 0x00000abc && (jpeg.main_hdr.q == 0")
    assert filters["J-004"] == "frame.number in {4, 9}"
    assert filters["T-008"] == "rtp.ssrc == 0x00000abc"
    assert filters["J-092"].startswith("ip.flags.mf") and filters["T-036"] == "rtcp"


def test_a_rule_that_is_not_listed_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        Findings().add("J-999", 7, 1, "something")
