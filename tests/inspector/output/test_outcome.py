"""The last line, and findings and verdicts that belong together."""

from __future__ import annotations

import pytest

from inspector.output.reports import ALL_PLAY, OTHER, SSRC, faulty, findings, report, stream
from rtpjpeg.inspector.model import Verdict
from rtpjpeg.inspector.output.outcome import (
    by_severity,
    datagrams_text,
    needs_names,
    summary,
    times_text,
    to_try,
    verdict_groups,
)

REFUSED = [Verdict("GStreamer", "no", "why"), Verdict("FFmpeg", "no", "why"), Verdict("VLC", "yes")]


def test_one_stream_that_does_not_play() -> None:
    said = summary(faulty(stream(receivers=REFUSED)))
    assert said == "1 error, 1 warning: this stream does not play in GStreamer, FFmpeg"


def test_a_stream_that_plays_everywhere() -> None:
    assert (
        summary(report(stream(receivers=ALL_PLAY)))
        == "no errors: this stream plays in GStreamer, FFmpeg, VLC"
    )
    assert summary(report(stream(receivers=[]))) == "no errors"


def test_damaged_is_not_played() -> None:
    verdicts = [Verdict("GStreamer", "damaged", "why"), Verdict("go2rtc", "no", "why")]
    assert summary(report(stream(receivers=verdicts))) == (
        "no errors: this stream does not play in go2rtc and plays damaged in GStreamer"
    )


def test_of_several_streams_those_are_named_that_do_not_play() -> None:
    good, bad = stream(receivers=ALL_PLAY), stream(OTHER, receivers=REFUSED)
    assert summary(report(good, bad)).endswith(": stream 0xdeadbeef does not play in GStreamer, FFmpeg")
    assert summary(report(bad, bad)).endswith(": all 2 streams do not play in GStreamer, FFmpeg")
    many = [stream(number, receivers=REFUSED) for number in range(1, 6)]
    assert summary(report(good, *many)).endswith(": 5 of 6 streams do not play in GStreamer, FFmpeg")
    assert summary(report(good, *many[:2])).endswith(
        ": streams 0x00000001, 0x00000002 do not play in GStreamer, FFmpeg"
    )
    assert summary(report(good, good)).endswith(": all 2 streams play in GStreamer, FFmpeg, VLC")


def test_streams_that_fail_differently_are_told_apart() -> None:
    other = stream(OTHER, receivers=[Verdict("VLC", "no", "why")])
    said = summary(report(stream(receivers=REFUSED), other))
    assert said == (
        "no errors: stream 0x1a2b3c4d does not play in GStreamer, FFmpeg;"
        " stream 0xdeadbeef does not play in VLC"
    )


def test_no_stream() -> None:
    assert summary(report()) == "no RTP/JPEG stream found"
    found = findings(None).listed()
    assert summary(report(findings=found)) == "no RTP/JPEG stream found; 1 error, 1 warning"


def test_findings_of_one_rule_stand_together() -> None:
    groups = dict(by_severity(faulty(stream(), stream(OTHER))))
    assert list(groups) == ["error", "warning", "info"]
    assert [[finding.ssrc for finding in group] for group in groups["error"]] == [[SSRC, OTHER]]
    assert dict(by_severity(report(stream()))) == {}


def test_streams_are_named_where_there_are_several() -> None:
    assert not needs_names(faulty(stream()))
    assert needs_names(faulty(stream(), stream(OTHER)))
    assert needs_names(report(stream(), findings=findings(None).listed()))


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ([17], "once, packet 17"),
        ([17, 17], "2 times, packet 17"),
        (range(3, 20), "17 times, packets 3 to 19"),
    ],
)
def test_how_often(numbers: list[int], said: str) -> None:
    found = findings()
    found.add("J-004", SSRC, numbers, "no marker")
    assert times_text(found.listed()[0]) == said


def test_receivers_that_say_the_same_stand_together() -> None:
    verdicts = [
        Verdict("MediaMTX", "no", "a"),
        *ALL_PLAY,
        Verdict("go2rtc", "no", "a"),
        Verdict("X", "no", "b"),
    ]
    assert verdict_groups(verdicts) == [
        ("yes", "GStreamer, FFmpeg, VLC", ""),
        ("no", "MediaMTX, go2rtc", "a"),
        ("no", "X", "b"),
    ]


def test_what_to_try_depends_on_what_is_there() -> None:
    assert "--filter 5000" in to_try(report())
    assert "RTSP" in to_try(report(datagrams=0))


@pytest.mark.parametrize("datagrams", [0, 2])
def test_where_packets_are_cut_short_to_try_is_to_capture_all_of_them(datagrams: int) -> None:
    found = findings()
    found.add("N-008", None, range(1, 35), "a packet of which the capture holds a part only")
    cut = report(datagrams=datagrams, findings=found.listed())
    assert "34 packets" in to_try(cut) and "-s 0" in to_try(cut) and "no UDP" not in to_try(cut)
    assert datagrams_text(cut) == f"{datagrams} of UDP, 34 cut short"


def test_datagrams_are_counted_as_a_reader_likes_them() -> None:
    assert datagrams_text(report(), "{:,}".format) == "129,990 of UDP"
