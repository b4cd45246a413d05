"""The controller, in a network that is made up: what it must reach, and what must never happen."""

from __future__ import annotations

import random
from statistics import fmean, median, quantiles

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photographs import PHOTOGRAPHS
from rtpjpeg.sender.budget import MOST_PATHS, Budget
from rtpjpeg.sender.levels import RELATIVE_SIZES
from rtpjpeg.sender.quality import Controller, Decision, Feedback
from sender import trials
from sender.bottleneck import Bottleneck, Camera, Network, Scene, outcome

RUNS = 40
FPS = 30.0
SIZE = 60_000


def ours(rate: float | None) -> Controller:
    return Controller(Budget(rate))


@pytest.fixture
def seeds(seed: int) -> list[int]:
    chance = random.Random(seed)
    return [chance.randrange(2**32) for _ in range(RUNS)]


def p95(values: list[float]) -> float:
    return quantiles(values, n=20)[-1]


# The figures.


@pytest.mark.slow
def test_twice_too_much_is_over_in_seconds_and_the_network_is_used_well(seeds: list[int]) -> None:
    runs = [trials.overload(ours, seed) for seed in seeds]
    calm = [run.calm for run in runs]
    assert median(calm) <= 4.0 and p95(calm) <= 6.5
    assert fmean(run.use for run in runs) >= 0.9
    assert fmean(run.lost for run in runs) <= 0.005
    assert fmean(run.queue for run in runs) <= 0.040
    for run in runs:  # no single one is far from that
        assert run.use >= 0.85 and run.lost <= 0.01 and run.queue <= 0.050
        assert_changes_are_apart(run.camera)


def assert_changes_are_apart(camera: Camera) -> None:
    """Two seconds from change to change; what goes down because of clearly too much does not wait."""
    for (before, old), (now, new) in zip(camera.changes, camera.changes[1:], strict=False):
        down = new.quality < old.quality or new.fps_divisor > old.fps_divisor
        assert down or now - before >= 1.999


@pytest.mark.slow
@pytest.mark.parametrize("loss", [0.03, 0.08])
def test_loss_without_a_queue_keeps_the_quality(loss: float, seeds: list[int]) -> None:
    parts = [trials.random_loss(ours, seed, loss) for seed in seeds]
    assert fmean(parts) >= 0.95
    assert min(parts) >= 0.9


@pytest.mark.slow
def test_two_senders_share_a_queue(seeds: list[int]) -> None:
    runs = [trials.two_senders(ours, seed) for seed in seeds]
    assert min(run.jain for run in runs) >= 0.75
    assert fmean(run.use for run in runs) >= 0.9
    assert fmean(run.lost for run in runs) <= 0.005


@pytest.mark.slow
def test_two_cameras_of_one_sender_share_its_budget(seeds: list[int]) -> None:
    runs = [trials.two_cameras(ours, seed) for seed in seeds]
    assert min(run.jain for run in runs) >= 0.98
    assert fmean(run.use for run in runs) >= 0.9
    assert fmean(run.lost for run in runs) <= 0.005


@pytest.mark.slow
def test_a_network_that_shrinks_to_a_quarter_and_comes_back(seeds: list[int]) -> None:
    down, use, up = (
        list(column) for column in zip(*(trials.steps(ours, seed) for seed in seeds), strict=True)
    )
    assert median(down) <= 4.0 and p95(down) <= 6.5
    assert fmean(use) >= 0.85  # half the frame rate: a picture alone is 66 ms of queue
    assert median(up) <= 45 and max(up) <= 80


@pytest.mark.slow
@pytest.mark.parametrize(
    "network",
    [
        Network(rtt=0.005),
        Network(((0.0, 8e6),), rtt=0.0002),
        Network(rtt=0.150),
        Network(buffer=1.0),
        Network(((0.0, 8e6),), loss=0.03),
    ],
    ids=["5 ms", "tbf", "150 ms", "deep queue", "random loss as well"],
)
def test_other_networks_fare_alike(network: Network, seeds: list[int]) -> None:
    runs = [trials.overload(ours, seed, network) for seed in seeds[:10]]
    assert fmean(run.use for run in runs) >= 0.8 * (1 - network.loss)
    assert fmean(run.lost for run in runs) <= 0.01
    assert fmean(run.queue for run in runs) <= 0.050


@pytest.mark.slow
def test_reports_every_five_seconds_are_enough_to_stay_sane(seeds: list[int]) -> None:
    runs = [trials.overload(ours, seed, Network(report_every=5.0)) for seed in seeds]
    assert max(run.calm for run in runs) <= 30
    assert fmean(run.use for run in runs) >= 0.8
    assert fmean(run.lost for run in runs) <= 0.03


@pytest.mark.slow
def test_a_queue_that_was_full_from_the_beginning_is_found_by_a_trial(seeds: list[int]) -> None:
    runs = [trials.overload(ours, seed, rate=1.06) for seed in seeds]
    assert p95([run.calm for run in runs]) <= 6.5
    assert fmean(run.lost for run in runs) <= 0.005


@pytest.mark.slow
def test_scenes_that_change_do_not_fill_the_queue_for_long(seeds: list[int]) -> None:
    for seed in seeds[:10]:
        line = Bottleneck(Network(), seed)
        camera = line.add("one", ours(None), Scene(names=PHOTOGRAPHS, seconds=10.0))
        line.run(180)
        later = outcome(camera, 60, 180)
        assert later.rate >= 0.75 * 20e6 and later.lost <= 0.02


# One step after the other.


def send(controller: Controller, begin: float, seconds: float, camera: str = "one") -> float:
    """Send pictures that are as large as their quality makes them; return the time of the last one."""
    for number in range(int(seconds * FPS) + 1):
        now = begin + number / FPS
        decision = controller.decide(now)[camera]
        if number % decision.fps_divisor == 0:
            controller.sent(camera, int(SIZE * RELATIVE_SIZES[decision.quality]), now)
    return begin + seconds


def started(quality: int = 85, **cameras: int) -> tuple[Controller, float]:
    controller = Controller()
    for name in cameras or {"one": 0}:
        controller.add(name, quality, FPS)
        send(controller, 0.0, 1.0, name)
    return controller, 1.0


def clean(now: float, **more: str) -> Feedback:
    return Feedback(now, 0.0, 0.020, None, **more)


def test_without_any_report_all_stays_as_configured() -> None:
    controller, now = started()
    now = send(controller, now, 100)
    assert controller.decide(now) == {"one": Decision(85, 1, "as configured")}
    assert controller.rate is None


def test_loss_with_a_queue_lowers_the_quality_at_once_and_says_why() -> None:
    controller, now = started()
    controller.take(clean(now))
    controller.take(Feedback(now + 1, 0.062, 0.068, None))
    decision = controller.decide(now + 1)["one"]
    assert decision.reason == "loss 6.2 % and queue 48 ms"
    assert 70 < decision.quality < 85 and decision.fps_divisor == 1


@pytest.mark.parametrize(
    ("loss", "rtt"),
    [(0.20, 0.020), (0.20, None), (0.02, 0.046), (0.0, 0.101)],
)
def test_what_is_congestion(loss: float, rtt: float | None) -> None:
    controller, now = started()
    controller.take(clean(now))
    controller.take(Feedback(now + 1, loss, rtt, None))
    assert controller.rate is not None


def test_a_tenth_lost_is_congestion_in_two_reports_together() -> None:
    """Of 8 % that are lost at random half a second may lose 10 by chance, but not a second and a half."""
    controller, now = started()
    controller.take(clean(now))
    controller.take(Feedback(now + 1, 0.11, 0.020, None))
    assert controller.rate is None
    controller.take(Feedback(now + 2, 0.10, 0.020, None))
    assert controller.rate is not None
    assert controller.decide(now + 2)["one"].reason == "loss 10.0 % and queue 0 ms"


@pytest.mark.rule("T-042")
def test_a_fifth_lost_lowers_quality_or_rate_at_the_first_report() -> None:
    """RFC 3551 section 2: receivers watch the loss, and who sends too much adapts the rate."""
    controller, now = started()
    controller.take(clean(now))
    controller.take(Feedback(now + 1, 0.20, 0.020, None))
    decision = controller.decide(now + 1)["one"]
    assert decision.quality < 85 or decision.fps_divisor > 1
    assert decision.reason == "loss 20.0 % and queue 0 ms"


@pytest.mark.parametrize(("loss", "rtt"), [(0.199, 0.044), (0.019, 0.099), (0.05, None)])
def test_what_is_not(loss: float, rtt: float | None) -> None:
    controller, now = started()
    controller.take(clean(now))
    controller.take(Feedback(now + 1, loss, rtt, None))
    assert controller.rate is None


def test_the_rate_falls_below_what_arrives() -> None:
    controller, now = started()
    sent = SIZE * 8 * FPS
    controller.take(clean(now))
    now = send(controller, now, 1.0)
    controller.take(Feedback(now, 0.5, None, 0.5 * sent))
    assert controller.rate == pytest.approx(0.45 * sent)


def test_the_rate_falls_further_where_no_clean_report_was_seen() -> None:
    """The queue may have been full from the beginning; it has to empty once to be seen."""
    controller, now = started()
    sent = SIZE * 8 * FPS
    controller.take(Feedback(now, 0.5, 0.1, 0.5 * sent))
    assert controller.rate == pytest.approx(0.375 * sent)


def test_a_report_of_the_time_before_a_cut_is_no_reason_for_another_one() -> None:
    controller, now = started(one=0, two=0)
    for camera in ("one", "two"):
        controller.take(clean(now, camera=camera))
    controller.take(Feedback(now + 1, 0.2, camera="one"))
    rate = controller.rate
    controller.take(Feedback(now + 1.5, 0.2, camera="two"))
    assert controller.rate == rate
    controller.take(Feedback(now + 2.5, 0.2, camera="two"))
    assert controller.rate is not None and rate is not None and controller.rate < rate


def test_the_rate_grows_after_three_clean_reports() -> None:
    controller, now = started()
    controller.take(clean(now))
    now = send(controller, now, 1.0)
    controller.take(Feedback(now, 0.5))
    rates = []
    for _ in range(20):
        now = send(controller, now, 1.0)
        controller.take(clean(now))
        rates.append(controller.rate or 0.0)
    growth = [after / before for before, after in zip(rates, rates[1:], strict=False)]
    assert growth[0] == 1.0
    assert growth[1:5] == pytest.approx([1.02] * 4)  # what congested was not much more
    assert growth[-1] == pytest.approx(1.05)


def test_the_worst_of_several_receivers_counts() -> None:
    controller, now = started()
    for second in range(20):
        now = send(controller, now, 1.0)
        controller.take(clean(now, receiver="near"))
        controller.take(Feedback(now, 0.3 if second < 10 else 0.0, 0.02, receiver="far"))
        controller.decide(now)
        if second == 9:
            low = controller.rate
    assert low is not None and controller.rate is not None
    assert low < 0.25 * SIZE * 8 * FPS < 1.3 * low < controller.rate


def test_what_one_camera_does_not_need_goes_to_the_other() -> None:
    controller = Controller(Budget(12e6))
    controller.add("small", 85, FPS)
    controller.add("large", 85, FPS)
    for number in range(60):
        controller.sent("small", 10_000, number / FPS)
        controller.sent("large", 60_000, number / FPS)
    decisions = controller.decide(2.0)
    assert decisions["small"].quality == 85
    assert 60 <= decisions["large"].quality < 85  # 9.6 Mbit/s, where half would have been 6


def test_half_the_frame_rate_is_the_last_resort_and_undone_first() -> None:
    controller, now = started()
    seen = []
    for _ in range(8):
        now = send(controller, now, 1.0)
        controller.take(Feedback(now, 0.4))
        seen.append(controller.decide(now)["one"])
    assert [one.fps_divisor for one in seen] == sorted(one.fps_divisor for one in seen)
    assert seen[-1].quality == 30 and seen[-1].fps_divisor == 2
    halved = next(one for one in seen if one.fps_divisor == 2)
    assert halved.reason.startswith("loss 40.0 %")


def test_reports_that_stop_bring_the_lowest_quality() -> None:
    controller, now = started()
    for _ in range(5):
        now = send(controller, now, 1.0)
        controller.take(clean(now))
    later = send(controller, now, 9.9)
    assert controller.decide(later)["one"].quality == 85
    later = send(controller, now, 10.1)
    assert controller.decide(later)["one"] == Decision(30, 1, "no report for 10 s")


def test_slow_reports_are_waited_for_three_times() -> None:
    controller, now = started()
    for _ in range(20):
        now = send(controller, now, 5.0)
        controller.take(clean(now))
    assert controller.decide(send(controller, now, 14.5))["one"].quality == 85
    assert controller.decide(send(controller, now, 15.5))["one"].quality == 30


def test_a_receiver_that_says_goodbye_leaves_the_quality_as_configured() -> None:
    controller, now = started()
    controller.take(Feedback(now, 0.4, receiver="far"))
    assert controller.decide(now)["one"].quality < 85
    controller.left("far")
    now = send(controller, now, 20.0)
    assert controller.decide(now)["one"] == Decision(85, 1, "all receivers have left")


def test_when_one_of_two_receivers_leaves_the_other_one_counts() -> None:
    controller, now = started()
    for receiver in ("far", "near"):
        controller.take(Feedback(now, 0.4, receiver=receiver))
    controller.left("far")
    assert controller.rate is not None
    now = send(controller, now, 20.0)
    assert controller.decide(now)["one"].reason == "no report for 10 s"


def test_at_the_configured_quality_the_limit_ends_after_a_while() -> None:
    controller, now = started()
    controller.take(Feedback(now, 0.11, 0.02))
    limited = 0
    while controller.rate is not None:
        now = send(controller, now, 1.0)
        controller.take(clean(now))
        limited += 1
    assert 30 < limited < 60
    assert controller.decide(now)["one"].quality == 85


def test_a_receiver_that_vanishes_in_a_trial_ends_it() -> None:
    controller, now = started()
    for second in range(40):
        now = send(controller, now, 1.0)
        if second < 2:
            controller.take(Feedback(now, 0.05, 0.02, receiver="far"))
        controller.take(clean(now, receiver="near"))
    assert controller.decide(now)["one"].quality == 85


def test_a_camera_that_is_removed_needs_no_share() -> None:
    controller = Controller(Budget(15e6))
    for name in ("one", "two"):
        controller.add(name, 85, FPS)
        send(controller, 0.0, 1.0, name)
    controller.remove("two")
    assert list(controller.decide(send(controller, 1.0, 4.0))) == ["one"]
    assert controller.decide(5.0)["one"].quality == 85


def test_one_of_two_receivers_that_goes_silent_is_forgotten() -> None:
    controller, now = started()
    controller.take(clean(now, receiver="far"))
    for _ in range(20):
        now = send(controller, now, 1.0)
        controller.take(clean(now, receiver="near"))
        assert controller.decide(now)["one"].quality == 85


def test_a_route_that_has_become_longer_is_not_taken_for_a_queue_for_ever() -> None:
    controller, now = started()
    for second in range(40):
        now = send(controller, now, 1.0)
        controller.take(Feedback(now, 0.0, 0.020 if second < 5 else 0.150))
        controller.decide(now)
    assert controller.decide(now)["one"].quality > 60


def test_another_configuration_bounds_the_quality_at_once() -> None:
    controller, now = started()
    controller.add("one", 50, FPS)
    assert controller.decide(now)["one"].quality == 50
    controller.take(clean(now))
    now = send(controller, now, 1.0)
    controller.take(Feedback(now, 0.05, 0.068))
    controller.add("one", 40, FPS)
    controller.add("one", 85, FPS)
    assert controller.decide(now)["one"].quality <= 40


def test_a_camera_that_went_away_needs_no_share() -> None:
    controller = Controller(Budget(15e6))
    for name in ("one", "two"):
        controller.add(name, 85, FPS)
        send(controller, 0.0, 1.0, name)
    assert controller.decide(1.0)["one"].quality < 70
    now = send(controller, 1.0, 10.0)
    assert controller.decide(now)["one"].quality == 85


# Whatever comes.

NUMBERS = st.floats(allow_nan=False) | st.sampled_from([0.0, -1.0, 1.0, 1e300, 1e-300])
FEEDBACKS = st.builds(
    Feedback,
    now=NUMBERS,
    fraction_lost=NUMBERS,
    rtt=st.none() | NUMBERS,
    received_rate=st.none() | NUMBERS,
    camera=st.sampled_from(["one", "two", "nobody"]),
    receiver=st.text(max_size=2),
)
SENT = st.tuples(st.sampled_from(["one", "two"]), st.integers(-1, 2**32), NUMBERS)


@given(
    st.lists(FEEDBACKS | SENT | NUMBERS, max_size=60),
    st.integers(1, 100),
    st.floats(0, 1e4),
)
def test_whatever_is_reported_quality_stays_within_bounds(
    events: list[Feedback | tuple[str, int, float] | float], quality: int, fps: float
) -> None:
    controller = Controller()
    controller.add("one", quality, fps)
    controller.add("two", 85, 30)
    for event in events:
        if isinstance(event, Feedback):
            controller.take(event)
        elif isinstance(event, tuple):
            controller.sent(*event)
        else:
            for name, decision in controller.decide(event).items():
                configured = quality if name == "one" else 85
                assert min(30, configured) <= decision.quality <= configured
                assert decision.fps_divisor in (1, 2) and decision.reason


def test_a_flood_of_receivers_takes_no_memory() -> None:
    controller, now = started()
    for number in range(10_000):
        controller.take(clean(now + number / 1000, receiver=str(number)))
    assert len(controller._budget._paths) <= MOST_PATHS
