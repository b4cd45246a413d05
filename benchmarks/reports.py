"""What receivers report over real sockets beside the truth: loss, round trip, and what reports cost.

    python benchmarks/reports.py                    four runs, 20 s each
    python benchmarks/reports.py --seconds 60

A camera sends 640x480 at 30 a second to a receiver, both as they are, through a relay (tests/relay.py) that
loses packets at random and holds back each datagram for a while, there and back. The relay knows which
packets were lost when they were sent first, and measures how long each sender report and its answer took:
that is the true round trip, but for the loopback itself. Nothing is asserted; people judge.
"""

from __future__ import annotations

import argparse
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "fixtures")]

import rtpjpeg  # noqa: E402
from interop.kernel import free_port_pairs  # noqa: E402
from relay import HERE, Relay, Told  # noqa: E402
from report import aligned  # noqa: E402
from rtpjpeg.config import load  # noqa: E402
from rtpjpeg.events import ReportReceived  # noqa: E402
from rtpjpeg.net.impairment import Impairment  # noqa: E402
from rtpjpeg.sender.console import Mailbox  # noqa: E402
from rtpjpeg.sender.manager import Manager  # noqa: E402
from rtpjpeg.sender.stream import Limits  # noqa: E402

RUNS = ((0.0, 0.0, True), (0.05, 0.0025, True), (0.05, 0.0025, False), (0.08, 0.025, True))
"""Loss, delay of each way in seconds, and whether packets go out again on request."""


def main() -> None:
    """Print a table for each run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20, help="length of each run (20)")
    parser.add_argument("--seed", type=int, default=1, help="of all losses (1)")
    options = parser.parse_args()
    for loss, delay, retransmit in RUNS:
        again = "on" if retransmit else "off"
        print(f"\n{loss:.0%} lost, {2000 * delay:g} ms there and back, retransmission {again}")
        with Run(Impairment(loss=loss, seed=options.seed), delay, retransmit, options.seconds) as run:
            print("\n".join(run.table()))


class Run:
    """A camera, a relay and a receiver for so many seconds."""

    def __init__(self, impairment: Impairment, delay: float, retransmit: bool, seconds: float) -> None:
        (port,) = free_port_pairs(1)
        self._seconds = seconds
        self._stream = rtpjpeg.open(f"rtp://{HERE}:{port}")
        self._relay = Relay(port, impairment, delay)
        self._heard: list[ReportReceived] = []
        words = {"camera1.destinations": f"{HERE}:{self._relay.port}", "mjpeg-rtp.retransmit": retransmit}
        cameras = load(None, {}, {"camera*.source": "synthetic", **words}).cameras[:1]
        self._manager = Manager(cameras, Limits(duration=seconds), Mailbox())

    def __enter__(self) -> Run:
        with self._relay:
            self._manager.open()
            sending = threading.Thread(target=self._manager.run, args=(0,))
            sending.start()
            reporter = self._manager.streams[0].reporter
            while sending.is_alive():
                self._stream.read(0.01)
                if reporter.last_report is not (self._heard[-1] if self._heard else None):
                    self._heard.append(reporter.last_report)  # type: ignore[arg-type]
            self._manager.stop()
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    def table(self) -> Iterator[str]:
        """Yield a line for each report, and what all of them come to."""
        pairs = list(self._pairs())
        rows = [["packets", "lost: told", "true", "off", "round trip: told", "true", "off"]]
        yield from aligned(rows + [row(heard, told) for heard, told in pairs])
        (counted,) = self._stream.statistics()
        worst = max(abs(off_loss(told)) for _, told in pairs[len(pairs) // 2 :])
        trips = [off_trip(heard, told) for heard, told in pairs if heard.round_trip and told.round_trip]
        share = self._relay.report_octets / self._relay.media_octets
        yield f"loss off by {256 * worst:.2f}/256 at most (second half), {counted['packets_duplicated']} copies"
        yield f"round trip off by {median(trips):.2f} ms in the median, {max(map(abs, trips)):.2f} ms at most"
        yield f"RTCP is {share:.2%} of the media, IP and UDP headers counted in both"

    def _pairs(self) -> Iterator[tuple[ReportReceived, Told]]:
        """Yield what the sender read of each report that came through the relay."""
        found = {
            (told.block.highest_sequence_number, told.block.cumulative_lost): told
            for told in self._relay.told
        }
        for heard in self._heard:
            told = found.get((heard.highest_sequence_number, heard.cumulative_lost))
            if told is not None:
                yield heard, told


def off_loss(told: Told) -> float:
    """Return how much of all packets is told too many."""
    return (told.block.cumulative_lost - told.lost) / told.expected


def off_trip(heard: ReportReceived, told: Told) -> float:
    """Return how many milliseconds are told too many."""
    return 1000 * ((heard.round_trip or 0.0) - (told.round_trip or 0.0))


def row(heard: ReportReceived, told: Told) -> list[str]:
    """Return a line of the table."""
    loss = [
        str(told.expected),
        str(told.block.cumulative_lost),
        str(told.lost),
        f"{256 * off_loss(told):+.2f}/256",
    ]
    if heard.round_trip is None or told.round_trip is None:
        return [*loss, "-", "-", "-"]
    trips = [f"{1000 * heard.round_trip:.2f} ms", f"{1000 * told.round_trip:.2f} ms"]
    return [*loss, *trips, f"{off_trip(heard, told):+.2f} ms"]


if __name__ == "__main__":
    main()
