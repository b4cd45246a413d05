"""The RTCP rules: for each a camera that breaks it, and one that keeps it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtpjpeg.clock import ntp_from
from rtpjpeg.inspector.batch import Flow
from rtpjpeg.inspector.findings import Findings
from rtpjpeg.inspector.reports import Media, RtcpFacts, RtcpWatch
from rtpjpeg.rtcp import (
    CNAME,
    NAME,
    App,
    Bye,
    Chunk,
    Item,
    OtherPacket,
    Packet,
    ReceiverReport,
    ReportBlock,
    SenderReport,
    SourceDescription,
    middle,
    serialize_compound,
)

SSRC, VIEWER = 0x1234_ABCD, 0x0BAD_CAFE
CAMERA_HOST, VIEWER_HOST = "192.0.2.1", "192.0.2.2"
FLOW = Flow((CAMERA_HOST, 4000), (VIEWER_HOST, 5000))
THERE = Flow((CAMERA_HOST, 4001), (VIEWER_HOST, 5001))
BACK = Flow((VIEWER_HOST, 5001), (CAMERA_HOST, 4001))
GOOD_CNAME = "q83v+x0DAs1Yh2Lk"
START = 1_800_000_000
SECOND = 1_000_000_000
PACKETS, OCTETS = 900, 1_170_000
"""Of a second: 30 frames of 30 packets."""


def named(cname: str = GOOD_CNAME, ssrc: int = SSRC, item: int = CNAME) -> SourceDescription:
    return SourceDescription((Chunk(ssrc, (Item(item, cname.encode()),)),))


@dataclass
class Scene:
    """A camera whose stream began at START, and the watch that looks at its RTCP."""

    findings: Findings = field(default_factory=Findings)
    media: dict[int, Media] = field(default_factory=dict)
    number: int = 0

    def __post_init__(self) -> None:
        self.watch = RtcpWatch(self.findings)

    def until(self, seconds: float, **changes: int) -> Scene:
        """Let the stream go on to a time."""
        time = START * SECOND + round(seconds * SECOND)
        counts = {"packets": round(seconds * PACKETS), "octets": round(seconds * OCTETS)}
        stamp = (4_294_900_000 + round(seconds * 90_000)) % 2**32
        self.media[SSRC] = Media(
            **{**counts, **changes}, timestamp=stamp, time=time, first_time=START * SECOND, flow=FLOW
        )
        return self

    def report(self, seconds: float, **changes: int) -> SenderReport:
        """A sender report of that time, as it should be."""
        fields = {
            "ntp_timestamp": int.from_bytes(ntp_from(START + seconds), "big"),
            "rtp_timestamp": (4_294_900_000 + round(seconds * 90_000)) % 2**32,
            "packet_count": round(seconds * PACKETS),
            "octet_count": round(seconds * OCTETS),
        }
        return SenderReport(SSRC, **{**fields, **changes})

    def hear(self, seconds: float, *packets: Packet, flow: Flow = THERE) -> Scene:
        return self.hear_bytes(seconds, serialize_compound(packets), flow)

    def hear_bytes(self, seconds: float, data: bytes, flow: Flow = THERE) -> Scene:
        self.number += 1
        self.watch.add(data, self.number, START * SECOND + round(seconds * SECOND), flow, self.media)
        return self

    def say(self, seconds: float, **changes: int) -> Scene:
        """Let the stream go on, and report in a right compound but for the changes."""
        return self.until(seconds).hear(seconds, self.report(seconds, **changes), named())

    def found(self) -> dict[str, str]:
        """What was found of the stream: rule and first occurrence."""
        assert not self.findings.of(None)
        return {finding.rule.id: finding.found for finding in self.findings.listed()}

    def end(self) -> dict[str, str]:
        self.watch.finish(self.media)
        return self.found()


def test_a_camera_that_keeps_all_rules() -> None:
    scene = Scene()
    for seconds in (0.1, 5, 9.5, 16, 21.0):
        scene.say(seconds)
    scene.until(22).hear(22.2, scene.report(22.0), named(), Bye((SSRC,)))
    assert scene.end() == {}
    assert scene.watch.facts(SSRC) == RtcpFacts(GOOD_CNAME, sender_reports=6)


def test_what_is_about_no_stream_is_not_judged() -> None:
    scene = Scene().until(20)
    other = Flow(("192.0.2.7", 1), ("192.0.2.8", 2))
    scene.hear(1, SenderReport(99, 0, 0, 0, 0), flow=other)
    scene.hear(2, Bye((99,)), flow=other).hear_bytes(3, b"\x80\xc8\0\xff", other)
    assert scene.found() == {}
    assert scene.watch.facts(99) == RtcpFacts()
    assert (scene.watch.facts(99).fraction_lost, scene.watch.facts(99).jitter_ms) == (None, None)


NOT_COMPOUND: dict[str, tuple[list[Packet], Flow, str]] = {
    "SR alone": ([SenderReport(SSRC, 0, 0, 0, 0)], THERE, "SR from 192.0.2.1:4001"),
    "SDES first": (
        [named(), SenderReport(SSRC, 0, 0, 0, 0)],
        THERE,
        "SDES, SR from 192.0.2.1:4001",
    ),
    "BYE without SDES": (
        [SenderReport(SSRC, 0, 0, 0, 0), Bye((SSRC,))],
        THERE,
        "SR, BYE from 192.0.2.1:4001",
    ),
    "RR alone": (
        [ReceiverReport(VIEWER, (ReportBlock(SSRC, 0, 0, 0, 0, 0, 0),))],
        BACK,
        "RR from 192.0.2.2:5001",
    ),
    "APP alone": ([App(0, SSRC, b"test")], THERE, "APP from 192.0.2.1:4001"),
    "others first": (
        [OtherPacket(207, 0, bytes(4)), OtherPacket(250), named()],
        THERE,
        "XR, type 250, SDES from 192.0.2.1:4001",
    ),
}


@pytest.mark.parametrize("case", NOT_COMPOUND.values(), ids=NOT_COMPOUND.keys())
def test_t021_not_compound(case: tuple[list[Packet], Flow, str]) -> None:
    packets, flow, found = case
    assert Scene().until(1).hear(1, *packets, flow=flow).found() == {"T-021": found}


def test_t021_says_nothing_of_feedback_alone() -> None:
    # RFC 5506 allows it where both ends have agreed; the capture does not tell.
    nack = OtherPacket(205, 1, VIEWER.to_bytes(4, "big") + SSRC.to_bytes(4, "big") + bytes(4))
    assert Scene().until(1).hear(1, nack, flow=BACK).found() == {}


def test_t022_no_cname() -> None:
    scene = Scene().until(1)
    scene.hear(1, scene.report(1), named("Camera", item=NAME))
    assert scene.found() == {"T-022": "SR, SDES from 192.0.2.1:4001, no CNAME"}
    assert scene.watch.facts(SSRC).cname is None
    scene = Scene().until(1)
    report = ReceiverReport(VIEWER, (ReportBlock(SSRC, 0, 0, 0, 0, 0, 0),))
    assert scene.hear(1, report, named(ssrc=VIEWER), flow=BACK).found() == {}
    scene.hear(2, report, SourceDescription(), flow=BACK)
    assert scene.found() == {"T-022": "RR, SDES from 192.0.2.2:5001, no CNAME"}


@pytest.mark.parametrize(
    ("cname", "what"),
    [
        ("pi@192.0.2.1", "a user and an address"),
        ("192.0.2.1", "an address"),
        ("2001:db8::1", "an address"),
        ("pi@raspberrypi.local", "a user and a host"),
        ("raspberrypi", "a host"),
        ("raspberrypi-in-the-lab", "a host"),
        ("", "a host"),
    ],
)
def test_t023_cname_that_names_somebody(cname: str, what: str) -> None:
    scene = Scene().until(1)
    scene.hear(1, scene.report(1), named(cname))
    assert scene.found() == {"T-023": f"{cname!r}, {what}"}


@pytest.mark.parametrize(
    "cname",
    [
        GOOD_CNAME,
        "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
        "{63f459ea-41fe-4474-9d33-9707c9ee79d1}",
        "x7@f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
        "user959427566@host-cf71af97",
        "q83v-x0DAs1Yh2_k",
        "0123456789abcdef01234567",
        "q83vx0DAs1Yh2Lk3Mw==",
    ],
)
def test_t023_random_cname(cname: str) -> None:
    scene = Scene().until(1)
    assert scene.hear(1, scene.report(1), named(cname)).found() == {}
    assert scene.watch.facts(SSRC).cname == cname


def test_t023_is_about_the_stream_only() -> None:
    report = ReceiverReport(VIEWER, (ReportBlock(SSRC, 0, 0, 0, 0, 0, 0),))
    scene = Scene().until(1).hear(1, report, named("viewer.example", VIEWER), flow=BACK)
    assert scene.found() == {} and scene.watch.facts(SSRC).cname is None


def test_t024_rtp_time_that_runs_otherwise() -> None:
    scene = Scene().say(5).until(10)
    scene.hear(10, scene.report(10, rtp_timestamp=scene.report(10.2).rtp_timestamp), named())
    assert scene.found() == {"T-024": "5.000 s from report to report by NTP and 5.200 s by RTP timestamps"}


@pytest.mark.parametrize("error", [-0.09, 0.09])
def test_t024_allows_2_percent(error: float) -> None:
    scene = Scene().say(5).until(10)
    report = scene.report(10, rtp_timestamp=scene.report(10 + error).rtp_timestamp)
    assert scene.hear(10, report, named()).found() == {}


def test_t024_allows_20_ms_between_reports_at_once() -> None:
    scene = Scene().say(5).until(5.1)
    scene.hear(5.1, scene.report(5.1, rtp_timestamp=scene.report(5.115).rtp_timestamp), named())
    assert scene.found() == {}
    scene.until(5.2)
    scene.hear(5.2, scene.report(5.2, rtp_timestamp=scene.report(5.24).rtp_timestamp), named())
    assert set(scene.found()) == {"T-024"}


@pytest.mark.parametrize(("error", "words"), [(1.5, "1.5 s ahead of"), (-2.0, "2.0 s behind")])
def test_t024_rtp_time_far_from_the_frames(error: float, words: str) -> None:
    scene = Scene().until(4.9)
    scene.hear(5, scene.report(5, rtp_timestamp=scene.report(5 + error).rtp_timestamp), named())
    assert scene.found() == {"T-024": f"an RTP timestamp {words} those of the frames"}


def test_t024_allows_a_frame_that_is_late_and_a_stream_that_paused() -> None:
    scene = Scene().until(5)
    scene.hear(5, scene.report(5, rtp_timestamp=scene.report(5.9).rtp_timestamp), named())
    assert scene.hear(65, scene.report(65.9, packet_count=4500, octet_count=5_850_000), named()).found() == {}


def test_t024_says_nothing_of_a_sender_without_a_clock() -> None:
    scene = Scene()
    for seconds in (5, 10, 15):
        scene.say(seconds, ntp_timestamp=0, rtp_timestamp=7)
    assert scene.found() == {}


def test_t024_over_the_wrap_of_ntp_time_and_after_hours() -> None:
    scene = Scene().say(5, ntp_timestamp=2**64 - (3 << 31)).say(10, ntp_timestamp=7 << 31)
    assert scene.found() == {}
    # RTP timestamps wrap every 13 hours: nothing can be said.
    scene = Scene().say(5)
    late = scene.until(40_000).report(40_000, rtp_timestamp=scene.report(40_000.5).rtp_timestamp)
    assert scene.hear(40_000, late, named()).found() == {}


def test_t025_packets() -> None:
    scene = Scene().say(5).say(10, packet_count=4500 + 4200)
    assert scene.found() == {"T-025": "4200 packets more than in the report before, and 4500 captured"}
    assert set(Scene().say(5, packet_count=0).say(10, packet_count=0).found()) == {"T-025"}


@pytest.mark.parametrize("raced", [-60, 60])
def test_t025_allows_packets_that_race(raced: int) -> None:
    octets = round(9 * OCTETS + raced * 1300)
    scene = Scene().say(5).say(9, packet_count=9 * PACKETS + raced, octet_count=octets)
    assert scene.found() == {}


def test_t025_headers_counted_as_payload() -> None:
    scene = Scene()
    for seconds in range(5, 65, 5):
        scene.say(seconds, octet_count=seconds * (OCTETS + 12 * PACKETS))
    found = scene.found()
    assert found == {"T-025": "1312.0 octets a packet, and 1300.0 of payload captured"}


def test_t025_counts_that_wrap() -> None:
    scene = Scene()
    for seconds in range(5, 65, 5):
        wrapped = {"packet_count": 2**32 - 9000, "octet_count": 2**32 - 9_000_000}
        counts = {"packet_count": seconds * PACKETS, "octet_count": seconds * OCTETS}
        scene.say(seconds, **{name: (wrapped[name] + counts[name]) % 2**32 for name in counts})
    assert scene.found() == {}


@pytest.mark.parametrize("hole", [{"lost": 1}, {"duplicated": 5}])
def test_t025_says_nothing_where_the_capture_has_a_hole(hole: dict[str, int]) -> None:
    scene = Scene().say(5).until(10, **hole, packets=5000)
    assert scene.hear(10, scene.report(10), named()).found() == {}
    scene.until(15, **hole, packets=5000 + 4500, octets=15 * OCTETS)
    assert scene.hear(15, scene.report(15), named()).found() == {}
    scene.until(20, **hole, packets=5000 + 9000, octets=20 * OCTETS)
    assert set(scene.hear(20, scene.report(20, packet_count=90), named()).found()) == {"T-025"}


def test_t025_and_t024_begin_anew_after_a_bye() -> None:
    scene = Scene().say(5).hear(5, ReceiverReport(SSRC), named(), Bye((SSRC,)))
    scene.say(5.5, packet_count=10, octet_count=13_000, ntp_timestamp=5 << 32)
    assert scene.found() == {}


def test_t034_packets_after_a_bye() -> None:
    scene = Scene().say(5)
    scene.hear(5, scene.report(5), named(), Bye((SSRC,))).until(8)
    scene.hear(8, scene.report(8), named(), Bye((SSRC,)))
    assert scene.end() == {"T-034": "2700 packets, the last 3.0 s after the BYE"}
    (finding,) = scene.findings.listed()
    assert (finding.first_packet, finding.count) == (2, 1)


def test_t034_allows_stragglers() -> None:
    scene = Scene().say(5)
    assert scene.hear(5, scene.report(5), named(), Bye((SSRC,))).until(5.9).end() == {}


def test_t034_says_nothing_of_a_stranger_and_of_an_earlier_run() -> None:
    stranger = Flow(("192.0.2.66", 4001), THERE.destination)
    scene = Scene().until(5).hear(5, ReceiverReport(SSRC), named(), Bye((SSRC,)), flow=stranger).until(9)
    assert scene.end() == {}
    scene = Scene().hear(-20, ReceiverReport(SSRC), named(), Bye((SSRC,)))
    assert scene.until(9).end() == {}


MALFORMED = {
    "by its SSRC": (bytes.fromhex("80C80007 1234ABCD"), Flow(("192.0.2.7", 1), ("192.0.2.8", 2))),
    "by its way": (b"\x80\xc8\0\7", THERE),
    "on the port of RTP": (b"\x80\xc8\0\7", FLOW),
    "from the receiver": (b"\x80\xc8\0\7", BACK),
}


@pytest.mark.parametrize("case", MALFORMED.values(), ids=MALFORMED.keys())
def test_t036_malformed(case: tuple[bytes, Flow]) -> None:
    scene = Scene().until(1).hear_bytes(1, *case)
    assert scene.found() == {"T-036": "RTCP length field 7"}
    assert scene.findings.of(SSRC) == {"T-036"}


@pytest.mark.parametrize(
    "flow",
    [
        Flow((CAMERA_HOST, 4001), (VIEWER_HOST, 6000)),
        Flow((VIEWER_HOST, 7000), (CAMERA_HOST, 4001)),
        Flow((CAMERA_HOST, 4001), ("192.0.2.9", 5001)),
    ],
)
def test_t036_says_nothing_of_other_traffic(flow: Flow) -> None:
    assert Scene().until(1).hear_bytes(1, b"\x80\xc8\0\7", flow).found() == {}


def test_t048_no_sender_report() -> None:
    assert Scene().until(15).end() == {"T-048": "none in 15 s"}
    report = ReceiverReport(SSRC)
    assert Scene().until(1).hear(1, report, named()).until(40).end() == {"T-048": "none in 40 s"}
    assert Scene().until(14.9).end() == {}
    assert Scene().say(5).until(40).end() == {}


def test_reports_before_the_stream_is_known_are_judged_later() -> None:
    # FFmpeg sends its first report with the first packets.
    scene = Scene()
    scene.hear(0.0, scene.report(0.0)).hear(0.1, Bye((99,)))
    assert scene.found() == {}
    scene.say(5, rtp_timestamp=scene.report(5.4).rtp_timestamp)
    assert scene.found() == {
        "T-021": "SR from 192.0.2.1:4001",
        "T-024": "5.000 s from report to report by NTP and 5.400 s by RTP timestamps",
    }
    assert scene.watch.facts(SSRC).sender_reports == 2


def test_a_stream_that_is_known_at_the_end_only() -> None:
    scene = Scene()
    for seconds in range(100):
        scene.hear(seconds, scene.report(seconds), named())
    assert scene.until(100).end() == {}
    assert scene.watch.facts(SSRC).sender_reports == 64, "a bounded number waits"


def test_a_second_camera_with_the_same_ssrc_is_not_mixed_in() -> None:
    scene, other = Scene().say(5), Flow(("192.0.2.66", 4001), THERE.destination)
    scene.hear(6, scene.report(90, packet_count=7), named("other.example"), flow=other)
    assert scene.found() == {}
    assert scene.watch.facts(SSRC) == RtcpFacts(GOOD_CNAME, sender_reports=1)


def test_what_the_receiver_says() -> None:
    scene = Scene()
    for seconds in range(1, 20):
        scene.say(seconds)
    ntp = scene.report(18).ntp_timestamp
    block = ReportBlock(SSRC, 64, 5, 70_000, 900, middle(ntp), 3 << 15)
    other = ReportBlock(99, 1, 1, 1, 1, 1, 1)
    scene.hear(19.75, ReceiverReport(VIEWER, (block, other)), named(ssrc=VIEWER), flow=BACK)
    facts = scene.watch.facts(SSRC)
    assert facts.block == block and facts.receiver_reports == 1 and facts.sender_reports == 19
    assert (facts.fraction_lost, facts.jitter_ms) == (0.25, 10.0)
    assert facts.round_trip == pytest.approx(0.25, abs=1e-6)
    # A report that is older than what is remembered, none, and one whose delay is a little too long.
    for last_sr in (middle(scene.report(1).ntp_timestamp), 0):
        again = ReceiverReport(VIEWER, (replace(block, last_sr=last_sr),))
        scene.hear(20, again, named(ssrc=VIEWER), flow=BACK)
        assert facts.round_trip == pytest.approx(0.25, abs=1e-6)
    early = ReceiverReport(VIEWER, (replace(block, delay_since_last_sr=3 << 16),))
    scene.hear(20, early, named(ssrc=VIEWER), flow=BACK)
    assert (facts.round_trip, facts.receiver_reports) == (0.0, 4)
    assert scene.found() == {}


REAL = serialize_compound(
    [
        SenderReport(SSRC, 1, 2, 3, 4, (ReportBlock(SSRC, 64, 5, 70_000, 900, 1, 2),)),
        named(),
        Bye((SSRC,), b"camera malfunction"),
    ]
)
changes = st.lists(st.tuples(st.integers(0, len(REAL) - 1), st.integers(0, 255)), max_size=4)


@given(st.lists(st.tuples(changes, st.integers(0, len(REAL))), max_size=8), st.sampled_from([THERE, BACK]))
def test_whatever_comes_is_taken(datagrams: list[tuple[list[tuple[int, int]], int]], flow: Flow) -> None:
    scene = Scene()
    for second, (changed, end) in enumerate(datagrams):
        data = bytearray(REAL)
        for place, value in changed:
            data[place] = value
        scene.until(second).hear_bytes(second, bytes(data[:end]), flow)
    assert set(scene.until(20).end()) <= {
        "T-021",
        "T-022",
        "T-023",
        "T-024",
        "T-025",
        "T-034",
        "T-036",
        "T-048",
    }
