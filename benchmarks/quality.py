"""What becomes of a camera in a network that is too small: our rate control, and one that knows loss only.

    python benchmarks/quality.py              40 seeds, a minute
    python benchmarks/quality.py --seeds 10

The network is made up (tests/sender/bottleneck.py): 20 Mbit/s, 100 ms of queue, 20 ms there and back, and a
report a second, give or take a half. Pictures are those of photographs, so their sizes follow quality. The
other control is the half of Google's congestion control that looks at loss: below 2 % the rate grows by 5 % a
second, above 10 % it shrinks by half of the loss. Both have the same levels. Figures are medians of all.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from statistics import median, quantiles

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "fixtures")]

from report import aligned  # noqa: E402
from rtpjpeg.sender.budget import Budget  # noqa: E402
from rtpjpeg.sender.quality import Controller, Feedback  # noqa: E402
from sender import trials  # noqa: E402
from sender.bottleneck import Network  # noqa: E402

Row = tuple[str, str]
"""What was measured, and how it came out."""


class LossOnly(Budget):
    """A rate that follows loss alone."""

    def __init__(self, rate: float | None = None) -> None:
        super().__init__(rate)
        self._last = 0.0

    def take(self, report: Feedback, now: float, load: float, own_load: float, most: float) -> None:
        """Grow below 2 % loss, shrink above 10 %."""
        seconds, self._last = min(now - self._last, 2.0), now
        rate = load if self.rate is None else self.rate
        if report.fraction_lost > 0.10:
            self._lower(rate * (1 - 0.5 * report.fraction_lost), now, "loss")
        elif report.fraction_lost < 0.02:
            self._raise(min(rate * 1.05**seconds, max(rate, 1.2 * load)), now, "no loss")


def control(budget: type[Budget], rate: float | None) -> Controller:
    """Make a controller with one of the two kinds of budget."""
    return Controller(budget(rate))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=40, help="runs of each trial, seeds 0, 1, 2 ... (40)")
    seeds = range(parser.parse_args().seeds)
    print(f"seeds 0 to {seeds[-1]}\n")
    ours, theirs = (list(measure(partial(control, budget), seeds)) for budget in (Budget, LossOnly))
    rows = [["trial", "rtpjpeg", "loss only"]]
    rows += [[name, mine, other] for (name, mine), (_, other) in zip(ours, theirs, strict=True)]
    print("\n".join(aligned(rows)))


def measure(make: trials.Make, seeds: Sequence[int]) -> Iterator[Row]:
    """Yield a row for each trial."""
    for name, network in (("", Network()), (", a report every 5 s", Network(report_every=5.0))):
        yield from overload(make, seeds, name, network)
    yield from steps(make, seeds)
    for loss in (0.03, 0.08):
        parts = [trials.random_loss(make, seed, loss, rate=0.6 * trials.CAPACITY) for seed in seeds]
        yield (
            f"{loss:.0%} random loss, no bottleneck, start at 60 %: of the best rate",
            f"{median(parts):.1%}",
        )
    for name, trial in (("senders, 18 and 5 Mbit/s", trials.two_senders), ("cameras", trials.two_cameras)):
        runs = [trial(make, seed) for seed in seeds]
        fair, use, lost = (
            median(column) for column in zip(*((r.jain, r.use, r.lost) for r in runs), strict=True)
        )
        yield f"two {name}, third minute: Jain, rate, loss", f"{fair:.2f}, {use:.1%}, {lost:.2%}"


def overload(make: trials.Make, seeds: Sequence[int], name: str, network: Network) -> Iterator[Row]:
    """Begin with twice the capacity."""
    runs = [trials.overload(make, seed, network) for seed in seeds]
    yield f"start at twice the capacity{name}: loss below 2 % after", seconds([run.calm for run in runs])
    use, lost, queue = (
        median(column) for column in zip(*((r.use, r.lost, r.queue) for r in runs), strict=True)
    )
    yield f"after a minute{name}: rate, loss, queue", f"{use:.1%}, {lost:.2%}, {queue * 1000:.0f} ms"
    changes = median(sum(time > 60 for time, _ in run.camera.changes) / 2 for run in runs)
    yield f"after a minute{name}: changes a minute", f"{changes:.0f}"


def steps(make: trials.Make, seeds: Sequence[int]) -> Iterator[Row]:
    """Shrink the network to a quarter, and bring it back."""
    down, use, up = zip(*(trials.steps(make, seed) for seed in seeds), strict=True)
    yield "20 to 5 Mbit/s: loss below 2 % after", seconds(down)
    yield "at 5 Mbit/s, half the frame rate: rate", f"{median(use):.1%}"
    yield "5 to 20 Mbit/s: 85 % of it after", seconds(up)


def seconds(values: Sequence[float]) -> str:
    """Return median, 95th percentile and worst."""
    if max(values) == float("inf"):
        ended = [value for value in values if value < float("inf")]
        return f"never in {len(values) - len(ended)} of {len(values)}"
    return f"{median(values):.1f} s, p95 {quantiles(values, n=20)[-1]:.1f}, max {max(values):.1f}"


if __name__ == "__main__":
    main()
