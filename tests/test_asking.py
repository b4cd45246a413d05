"""What is asked for again, and when; what is remembered of it is bounded."""

from __future__ import annotations

from rtpjpeg.asking import AGAIN, DEAF, DEAF_AFTER, DEAF_SECONDS, LONGEST_ROUND_TRIP, MOST, Asker

NEVER = float("inf")


def test_a_hole_is_asked_for_at_once_and_again_after_ten_milliseconds() -> None:
    asker = Asker()
    assert asker.due([5]) == float("-inf") and asker.due([]) is None
    assert asker.want([5, 6], 1.0, NEVER) == [5, 6]
    assert asker.want([5, 6], 1.0 + AGAIN / 2, NEVER) == []
    assert asker.due([5, 6]) == 1.0 + AGAIN
    assert asker.want([5, 6], 1.0 + AGAIN, NEVER) == [5, 6]
    assert asker.asked == 4


def test_nothing_is_asked_for_that_comes_too_late() -> None:
    asker = Asker()
    assert asker.want([5], 1.0, 1.0 + asker.round_trip / 2) == []
    assert asker.want([5], 1.0, 1.0 + asker.round_trip * 2) == [5]


def test_the_round_trip_is_learned_from_packets_that_were_asked_for_once() -> None:
    asker = Asker()
    for number in range(60):
        asker.want([number], float(number), NEVER)
        assert asker.came([number, number + 500], number + 0.030) == 1
    assert abs(asker.round_trip - 0.030) < 0.001 and asker.recovered == 60 and asker.answers
    before = asker.round_trip
    asker.want([100], 100.0, NEVER)
    asker.want([100], 100.2, NEVER)
    assert asker.came([100], 100.4) == 1 and asker.round_trip == before


def test_a_sender_that_never_answers_is_left_alone_for_a_while() -> None:
    asker = Asker()
    for number in range(DEAF):
        asker.want([number], 1.0, NEVER)
    assert asker.want([DEAF], 1.0 + DEAF_AFTER, NEVER) == [DEAF]
    assert asker.want([500], 1.3, NEVER) == [] and not asker.answers
    assert asker.due([500]) == 1.0 + DEAF_AFTER + DEAF_SECONDS
    assert asker.want([500], 1.0 + DEAF_AFTER + DEAF_SECONDS, NEVER) == [500]


def test_a_large_frame_may_lack_many_packets_before_the_first_answer() -> None:
    asker = Asker()
    for number in range(2 * DEAF):
        assert asker.want([number], 1.0, NEVER) == [number]
    assert asker.came([0], 1.005) == 1
    for number in range(100, 100 + 2 * DEAF):
        assert asker.want([number], 1.0 + 2 * DEAF_AFTER, NEVER) == [number], "since then it has answered"


def test_the_end_of_a_frame_is_forgotten_when_the_next_one_begins() -> None:
    asker = Asker()
    assert asker.want([7, 8], 1.0, NEVER, tail=True) == [7, 8]
    asker.forget_tail(7)
    assert asker.came([7, 8], 1.01) == 0 and asker.recovered == 0


def test_what_was_asked_for_in_front_of_the_next_frame_was_lost() -> None:
    """Its answer may come behind the first packet of that frame, and across the wrap."""
    asker = Asker()
    assert asker.want([65535, 0, 1], 1.0, NEVER, tail=True) == [65535, 0, 1]
    asker.forget_tail(1)
    assert asker.came([1, 65535, 0], 1.01) == 2 and asker.recovered == 2


def test_answers_to_a_second_request_are_counted_apart() -> None:
    asker = Asker()
    for now in (1.0, 1.02):
        assert asker.want([5], now, NEVER) == [5]
    assert [asker.came([5], now) for now in (1.03, 1.04, 1.05)] == [1, 0, 0]
    assert (asker.recovered, asker.copies) == (1, 1)


def test_what_is_remembered_is_bounded() -> None:
    asker = Asker()
    for begin in range(0, 5000, MOST):
        assert len(asker.want(range(begin, begin + 2 * MOST), begin / 10, NEVER)) <= MOST
        asker.came([begin], begin / 10 + 0.001)
    assert asker.remembered <= 2 * MOST


def test_the_same_number_a_cycle_later_is_no_answer() -> None:
    """Numbers come again every 65 536 packets, half a minute of a camera."""
    asker = Asker()
    asker.want([5, 6], 1.0, NEVER)
    assert asker.came([5], 1.0 + LONGEST_ROUND_TRIP + 30.0) == 0 and asker.recovered == 0
    asker.want([6], 40.0, NEVER)
    assert asker.came([6], 40.020) == 1 and asker.round_trip > 0.005


def test_another_stream_is_asked_as_if_nothing_had_been_asked_before() -> None:
    asker = Asker()
    asker.want([1], 0.9, NEVER)
    asker.came([1], 0.96)
    asker.want(range(10, 11 + DEAF), 1.0, NEVER, tail=True)
    asker.begin_anew()
    assert asker.came([11], 1.1) == 0 and asker.recovered == 1 and not asker.answers
    assert asker.round_trip == Asker().round_trip
    assert asker.want([10], 1.1, NEVER) == [10]
