"""Reports in, levels out: what the controller is told, and what cameras are told."""

from __future__ import annotations

import pytest

from rtpjpeg.events import ReportReceived
from rtpjpeg.sender.adaptation import MOST_RECEIVERS, Adaptation, Decision

ROUTE = ("192.0.2.9", 5001)


def report(
    lost: float, highest: int, cumulative: int, trip: float | None = 0.02, ssrc: int = 7
) -> ReportReceived:
    return ReportReceived(ssrc, ROUTE, lost, cumulative, highest, 0.001, trip)


def run(
    adaptation: Adaptation, seconds: int, lost: float, begin: float = 100.0, name: str = "camera1"
) -> float:
    """Send 30 pictures of 40 packets a second, and report once a second."""
    highest = cumulative = 0
    now = begin
    for _ in range(seconds):
        for frame in range(30):
            adaptation.sent(name, 40 * 1300, 40, now + frame / 30)
        now += 1.0
        highest += 1200
        cumulative += round(1200 * lost)
        adaptation.heard(name, report(lost, highest, cumulative), now)
    return now


def test_loss_lowers_the_quality_and_clean_reports_raise_it_again() -> None:
    told: list[Decision] = []
    adaptation = Adaptation()
    adaptation.add("camera1", 90, 30.0, told.append)
    now = run(adaptation, 4, 0.4)
    assert told and told[0].quality < 90 and "loss 40" in told[0].reason
    lowest = told[-1].quality
    run(adaptation, 60, 0.0, now)
    assert told[-1].quality > lowest or told[-1].fps_divisor < max(one.fps_divisor for one in told)


def test_nothing_changes_where_nothing_is_reported() -> None:
    told: list[Decision] = []
    adaptation = Adaptation()
    adaptation.add("camera1", 85, 30.0, told.append)
    for frame in range(600):
        adaptation.sent("camera1", 50_000, 40, 100 + frame / 30)
    assert told == []


def test_a_report_about_a_camera_that_is_not_there_is_left_alone() -> None:
    Adaptation().heard("camera9", report(1.0, 100, 50), 1.0)


def test_cameras_of_one_sender_share_what_there_is() -> None:
    told: dict[str, list[Decision]] = {"camera1": [], "camera2": []}
    adaptation = Adaptation()
    for name, heard in told.items():
        adaptation.add(name, 90, 30.0, heard.append)
    for second in range(6):
        for name in told:
            run(adaptation, 1, 0.4, 100.0 + second, name)
    assert told["camera1"] and told["camera2"]


def test_strangers_that_report_take_bounded_room() -> None:
    adaptation = Adaptation()
    adaptation.add("camera1", 85, 30.0, print)
    for ssrc in range(5 * MOST_RECEIVERS):
        adaptation.heard("camera1", report(0.0, 100, 0, ssrc=ssrc), 100 + ssrc / 1000)
    assert adaptation.receivers <= MOST_RECEIVERS


def test_another_quality_in_the_configuration_is_the_new_limit() -> None:
    told: list[Decision] = []
    adaptation = Adaptation()
    adaptation.add("camera1", 90, 30.0, told.append)
    now = run(adaptation, 4, 0.4)
    adaptation.add("camera1", 40, 30.0, told.append)
    run(adaptation, 200, 0.0, now)
    assert max(decision.quality for decision in told[1:]) <= 90 and told[-1].quality <= 40


@pytest.mark.parametrize("trip", [None, 0.0, 5.0])
def test_absurd_round_trips_are_survived(trip: float | None) -> None:
    adaptation = Adaptation()
    adaptation.add("camera1", 85, 30.0, print)
    adaptation.sent("camera1", 1000, 1, 1.0)
    adaptation.heard("camera1", report(0.1, 5, 9, trip), 1.0)
    adaptation.heard("camera1", report(0.1, 0, 0, trip), 0.5)
