"""RTCP of one participant on a virtual clock: members, timer, reports (RFC 3550 section 6)."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from rtpjpeg.membership import MOST, Members
from rtpjpeg.reportpackets import ReceiverReport, SenderReport, round_trip
from rtpjpeg.reports import CROWD, Participant, Reception, Sent, make_cname
from rtpjpeg.rtcp import Bye, Packet, SourceDescription, has_cname, parse_compound, starts_with_report
from rtpjpeg.schedule import MINIMUM, SHORTEST, Crowd, Schedule
from rtpjpeg.stats import ReceiverStatistics

US, THEM = 0x11, 0x22
CNAME = make_cname(bytes(range(12)))


def middle_chance() -> float:
    return 0.5


def participant(chance: Callable[[], float] = middle_chance, bandwidth: float = 10e6) -> Participant:
    return Participant(US, CNAME, bandwidth, chance, b"rtpjpeg")


def received(first: int, highest: int, came: int, jitter: float = 0.0) -> ReceiverStatistics:
    statistics = ReceiverStatistics(packets_received=came, highest_sequence_number=highest, jitter=jitter)
    statistics.base_sequence_number = first
    return statistics


def due(one: Participant, sent: Sent | None = None, receptions: tuple[Reception, ...] = ()) -> list[Packet]:
    """Return the report that is due next, when it is."""
    assert one.schedule.due is not None
    data = None
    while data is None:
        data = one.report(one.schedule.due, sent, receptions)
    return parse_compound(data)


# -- members --------------------------------------------------------------------------------------------


@pytest.mark.rule("T-035")
def test_members_are_counted_and_forgotten_by_their_silence() -> None:
    """RFC 3550 section 6.3.5: five intervals for a member, two for a sender."""
    members = Members(US)
    assert members.heard(THEM, 0.0, rtp=True) and not members.heard(THEM, 1.0, rtp=True)
    assert not members.heard(US, 1.0)
    assert (members.count, members.senders(2.0, 5.0)) == (2, 1)
    assert members.senders(11.0, 5.0) == 1 and members.senders(11.1, 5.0) == 0
    assert members.expire(26.0, 5.0) == [] and members.expire(26.1, 5.0) == [THEM]
    assert members.count == 1


def test_we_are_a_sender_for_two_intervals_behind_our_last_packet() -> None:
    members = Members(US)
    assert not members.sends(0.0, 5.0)
    members.sent(0.0)
    assert members.sends(10.0, 5.0) and members.senders(10.0, 5.0) == 1 and not members.sends(10.1, 5.0)


@pytest.mark.rule("T-034")
def test_who_said_bye_does_not_count_and_is_remembered_for_stragglers() -> None:
    members = Members(US)
    members.heard(THEM, 0.0, rtp=True)
    assert members.left(THEM, 1.0) and not members.left(THEM, 1.0) and not members.left(0x33, 1.0)
    assert (members.count, members.senders(1.0, 5.0)) == (1, 0)
    assert members.expire(3.0, 5.0) == [] and members.expire(3.1, 5.0) == [THEM]


def test_invented_members_take_bounded_room() -> None:
    members = Members(US)
    for ssrc in range(100, 100 + 3 * MOST):
        members.heard(ssrc, 0.0)
    assert members.count == MOST + 1


# -- the timer ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bandwidth", "crowd", "seconds"),
    [
        (64_000, Crowd(2, 1, True), 5.0),  # 400 bytes/s, a sender alone in its quarter would be 1.3 s
        (64_000, Crowd(101, 1, False), 128 * 100 / 300),  # three quarters for 100 receivers
        (64_000, Crowd(101, 20, True), 128 * 20 / 100),  # a quarter for 20 senders
        (64_000, Crowd(10, 5, True), 5.0),  # many senders: all alike
        (16_000, Crowd(100, 50, False), 128 * 100 / 100),
    ],
)
@pytest.mark.rule("T-029", "T-030")
def test_the_interval_of_the_rfc(bandwidth: float, crowd: Crowd, seconds: float) -> None:
    """RFC 3550 section 6.3.1, with the minimum of 5 s; 128 bytes is the average size at the start."""
    schedule = Schedule(bandwidth, middle_chance, reduced=False)
    assert schedule.deterministic(crowd) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("bandwidth", "seconds"), [(20e6, SHORTEST), (100_000, 3.6), (64_000, MINIMUM), (0, MINIMUM)]
)
@pytest.mark.rule("T-030", "T-035")
def test_the_minimum_is_360_by_kbits_but_never_less_than_a_second(bandwidth: float, seconds: float) -> None:
    assert Schedule(bandwidth, middle_chance).minimum == pytest.approx(seconds)
    assert Schedule(bandwidth, middle_chance).timeout(Crowd(2, 1, True)) >= MINIMUM


@pytest.mark.rule("T-030")
def test_the_first_report_waits_half_a_minimum() -> None:
    schedule = Schedule(20e6, middle_chance)
    assert not schedule.is_due(0.0, Crowd(1, 0, False))
    schedule.begin(100.0, Crowd(1, 0, False))
    assert schedule.due == pytest.approx(100 + SHORTEST / 2 / 1.21828)


@pytest.mark.rule("T-030")
def test_a_sender_reports_at_once() -> None:
    one = participant()
    one.sent_rtp(100.0)
    assert one.schedule.due == 100.0 and one.report(100.0, Sent(1, 2, 3, 4), ()) is not None
    assert one.schedule.due > 100.4


@pytest.mark.rule("T-031")
def test_intervals_are_drawn_from_half_to_one_and_a_half(seed: int) -> None:
    """RFC 3550 section 6.3.1, 1000 draws: uniform between, and divided by e - 3/2."""
    crowd = Crowd(2, 1, True)
    schedule = Schedule(20e6, random.Random(seed).random)
    schedule.begin(0.0, crowd)
    draws, now = [], 0.0
    for _ in range(1000):
        schedule.sent(100, now, crowd)
        assert schedule.due is not None
        draws.append((schedule.due - now) * 1.21828 / SHORTEST)
        now = schedule.due
    assert 0.5 <= min(draws) < 0.52 and 1.48 < max(draws) <= 1.5
    assert sum(draws) / 1000 == pytest.approx(1.0, abs=0.03)


@pytest.mark.rule("T-032")
def test_the_wait_goes_on_where_many_have_come_meanwhile() -> None:
    """RFC 3550 section 6.3.6, timer reconsideration."""
    schedule = Schedule(64_000, middle_chance)
    schedule.begin(0.0, Crowd(2, 1, False))
    first = schedule.due
    assert first is not None and not schedule.is_due(first, Crowd(1000, 1, False))
    assert schedule.due is not None and schedule.due > 100
    assert schedule.is_due(schedule.due, Crowd(1000, 1, False))


@pytest.mark.rule("T-055")
def test_the_wait_shrinks_where_members_leave() -> None:
    """RFC 3550 section 6.3.4: ten members, five leave, and half of the wait is left."""
    schedule = Schedule(64_000, middle_chance)
    schedule.begin(0.0, Crowd(10, 1, False))
    schedule.sent(100, 10.0, Crowd(10, 1, False))
    assert schedule.due is not None
    left = schedule.due - 11.0
    schedule.shrink(11.0, Crowd(5, 1, False))
    assert schedule.due == pytest.approx(11.0 + left / 2)
    schedule.shrink(11.0, Crowd(6, 1, False))
    assert schedule.due == pytest.approx(11.0 + left / 2)


@pytest.mark.rule("T-056")
def test_the_average_size_counts_ip_and_udp_sent_and_received() -> None:
    schedule = Schedule(64_000, middle_chance)
    schedule.received(100)
    assert schedule.average_size == pytest.approx(128 * 15 / 16 + 128 / 16)
    schedule.sent(200, 0.0, Crowd(2, 1, False))
    assert schedule.average_size == pytest.approx(128 * 15 / 16 + 228 / 16)


# -- reports --------------------------------------------------------------------------------------------


@pytest.mark.rule("T-021", "T-022", "T-023")
def test_a_sender_reports_itself_and_names_itself() -> None:
    one = participant()
    one.sent_rtp(0.0)
    report, names = due(one, Sent(1 << 32, 90_000, 7, 700))
    assert report == SenderReport(US, 1 << 32, 90_000, 7, 700)
    assert isinstance(names, SourceDescription) and names.chunks[0].cname == CNAME.decode()
    assert len(CNAME) == 16 and one.octets_sent == 28 + len(names.serialize())


@pytest.mark.rule("T-048")
def test_a_sender_that_pauses_becomes_a_receiver() -> None:
    """RFC 3550 section 6.4: SR where data went out since the last report or the one before, else RR."""
    one, kinds = participant(), []
    one.sent_rtp(0.0)
    for _ in range(5):
        kinds.append(type(due(one, Sent(1, 2, 3, 4))[0]))
    assert kinds[0] is SenderReport and kinds[-2:] == [ReceiverReport, ReceiverReport]
    assert kinds == sorted(kinds, key=lambda kind: kind is ReceiverReport)


@pytest.mark.rule("T-026", "T-028", "T-048", "T-049")
def test_a_receiver_tells_what_came_and_nothing_new_is_an_empty_report() -> None:
    one, reception = participant(), Reception(THEM, received(0, 9, 8, jitter=33.9))
    one.heard_rtp(THEM, 0.0)
    report, _ = due(one, None, (reception,))
    assert isinstance(report, ReceiverReport)
    (block,) = report.blocks
    assert (block.ssrc, block.fraction_lost, block.cumulative_lost) == (THEM, 51, 2)
    assert (block.highest_sequence_number, block.jitter) == (9, 33)
    assert (block.last_sr, block.delay_since_last_sr) == (0, 0)
    assert due(one, None, (reception,))[0] == ReceiverReport(US)


def test_loss_is_told_from_report_to_report_and_begins_anew_with_the_sequence() -> None:
    statistics = received(0, 9, 10)
    reception = Reception(THEM, statistics)
    assert reception.block(0.0).fraction_lost == 0
    statistics.highest_sequence_number, statistics.packets_received = 19, 15
    assert (block := reception.block(1.0)).fraction_lost == 128 and block.cumulative_lost == 5
    statistics.begin(500)
    statistics.packets_received += 10
    statistics.highest_sequence_number = 509
    assert (block := reception.block(2.0)).fraction_lost == 0 and block.cumulative_lost == 0


@pytest.mark.rule("T-026", "T-027")
def test_a_sender_learns_the_round_trip_from_the_times_of_its_reports() -> None:
    """RFC 3550 figure 2: A = b710:8000, LSR = b705:2000, DLSR = 0005:4000 give 6.125 s."""
    reception = Reception(THEM, received(0, 1, 2))
    reception.take(SenderReport(THEM, 0xB44D_B705_2000_0000, 0, 0, 0), 100.0)
    block = reception.block(105.25)
    assert (block.last_sr, block.delay_since_last_sr) == (0xB705_2000, 0x0005_4000)
    assert round_trip(0xB710_8000, block) == 0x0006_2000


@pytest.mark.rule("T-065")
def test_a_sender_without_a_clock_gets_no_round_trip() -> None:
    reception = Reception(THEM, received(0, 1, 2))
    reception.take(SenderReport(THEM, 0, 0, 0, 0), 100.0)
    assert reception.block(105.0).last_sr == 0


@pytest.mark.parametrize(
    ("sources", "packets"), [(0, [0]), (1, [1]), (31, [31]), (32, [31, 1]), (70, [31, 31, 8])]
)
@pytest.mark.rule("T-049", "T-069")
def test_a_block_for_each_source_heard_and_a_further_report_above_31(
    sources: int, packets: list[int]
) -> None:
    one = participant()
    receptions = [Reception(100 + number, received(0, 9, 10)) for number in range(sources)]
    one.heard_rtp(THEM, 0.0)
    *reports, names = due(one, None, tuple(receptions))
    assert [len(report.blocks) for report in reports] == packets  # type: ignore[union-attr]
    assert isinstance(names, SourceDescription)


@pytest.mark.rule("T-070")
def test_other_names_stand_in_every_third_report() -> None:
    one, counts = participant(), []
    one.sent_rtp(0.0)
    for _ in range(7):
        (*_, names) = due(one)
        assert isinstance(names, SourceDescription)
        counts.append(len(names.chunks[0].items))
    assert counts == [2, 1, 1, 2, 1, 1, 2]


def test_nothing_is_reported_before_it_is_due() -> None:
    one = participant()
    assert one.report(0.0, None, ()) is None
    one.heard_rtp(THEM, 0.0)
    one.heard_rtp(THEM, 0.1)
    assert one.report(0.1, None, ()) is None


def test_feedback_goes_out_at_once_in_a_compound_and_leaves_the_timer_alone() -> None:
    one = participant()
    one.heard_rtp(THEM, 0.0)
    before = one.schedule.due
    packets = parse_compound(one.urgent([Bye((THEM,))]))
    assert starts_with_report(packets) and has_cname(packets) and packets[-1] == Bye((THEM,))
    assert one.schedule.due == before


# -- others ---------------------------------------------------------------------------------------------


def test_others_are_members_until_they_say_bye() -> None:
    one = participant()
    one.heard([SenderReport(5, 0, 0, 0, 0), SourceDescription()], 100, 0.0)
    one.heard([ReceiverReport(6)], 100, 0.0)
    assert one.members.count == 3
    one.begin(0.0)
    one.heard([ReceiverReport(6), Bye((6, 77))], 100, 0.5)
    assert one.members.count == 2


@pytest.mark.rule("T-035")
def test_silent_members_are_forgotten_when_a_report_is_considered() -> None:
    one = participant()
    one.heard([ReceiverReport(6)], 100, 0.0)
    one.begin(0.0)
    assert one.expire(24.0) == [] and one.expire(24.5) == []
    assert one.expire(25.5) == [6] and one.members.count == 1


# -- the end --------------------------------------------------------------------------------------------


@pytest.mark.rule("T-033", "T-021")
def test_a_bye_stands_in_a_compound_behind_a_report() -> None:
    one = participant()
    one.sent_rtp(0.0)
    data = one.bye(1.0, b"over")
    assert data is not None
    packets = parse_compound(data)
    assert starts_with_report(packets) and has_cname(packets)
    assert packets[-1] == Bye((US,), b"over")


@pytest.mark.rule("T-054")
def test_who_said_nothing_says_no_bye() -> None:
    assert participant().bye(0.0) is None


@pytest.mark.rule("T-032")
def test_in_a_large_session_nobody_floods_with_byes() -> None:
    one = participant()
    one.sent_rtp(0.0)
    for ssrc in range(1000, 1000 + CROWD):
        one.heard([ReceiverReport(ssrc)], 60, 0.0)
    assert one.bye(1.0) is None


# -- five percent ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("bandwidth", [64_000, 500_000, 20e6])
@pytest.mark.rule("T-029")
def test_all_reports_together_take_five_percent_at_most(bandwidth: float, seed: int) -> None:
    chance = random.Random(seed).random
    one, other = participant(chance, bandwidth), Participant(THEM, CNAME, bandwidth, chance)
    one.sent_rtp(0.0)
    other.heard_rtp(US, 0.0)
    now, octets = 0.0, 0
    reception = Reception(US, received(0, 9, 10))
    while now < 600:
        one.sent_rtp(now)
        reception.statistics.packets_received += 1
        for here, there, sent, news in ((one, other, Sent(1, 2, 3, 4), ()), (other, one, None, (reception,))):
            data = here.report(now, sent, news)
            if data is not None:
                octets += len(data) + 28
                there.heard(parse_compound(data), len(data), now)
        now += 0.05
    assert 0 < 8 * octets / 600 <= 0.05 * bandwidth
