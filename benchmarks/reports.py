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
import re
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "fixtures")]

from interop.kernel import bound, free_port_pairs  # noqa: E402
from live.commands import SEND, VIEW, Running  # noqa: E402
from relay import HERE, Relay, Told  # noqa: E402
from report import aligned  # noqa: E402
from rtpjpeg.net.impairment import Impairment  # noqa: E402

RUNS = (
    (0.0, 0.0, True),
    (0.05, 0.0025, True),
    (0.05, 0.0025, False),
    (0.08, 0.015, True),
    (0.05, 0.025, True),
)
"""Loss, delay of each way in seconds, and whether packets go out again on request."""
HEARD = re.compile(r"% lost, ([0-9.]+) ms")
Pair = tuple[float, Told]
"""Round trip in milliseconds as the sender made it of a report, and the truth."""


def main() -> None:
    """Print a table for each run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20, help="length of each run (20)")
    parser.add_argument("--seed", type=int, default=1, help="of all losses (1)")
    options = parser.parse_args()
    for loss, delay, retransmit in RUNS:
        again = "on" if retransmit else "off"
        print(f"\n{loss:.0%} lost, {2000 * delay:g} ms there and back, retransmission {again}", flush=True)
        (port,) = free_port_pairs(1)
        with Relay(port, Impairment(loss=loss, seed=options.seed), delay) as relay:
            heard, counted = run(relay, port, retransmit, options.seconds)
        print("\n".join(table(list(zip(heard, relay.told, strict=False)), relay, counted)), flush=True)


def run(relay: Relay, port: int, retransmit: bool, seconds: float) -> tuple[list[float], dict[str, Any]]:
    """Run both ends for so many seconds; return the round trips that were told, and the receiver's counts."""
    with tempfile.TemporaryDirectory() as name:
        config = Path(name) / "config.toml"
        config.write_text(f"[mjpeg-rtp]\nretransmit = {str(retransmit).lower()}\n")
        camera = f"--config {config} --only camera1 --source synthetic --dest {HERE}:{relay.port}"
        camera += f" --duration {seconds} --json --log-level debug"
        with Running(VIEW, f"rtp://{HERE}:{port}", "--headless", "--json") as view:
            view.await_(lambda view: bound([port, port + 1]), "the port")
            with Running(SEND, *camera.split()) as sender:
                sender.process.wait()
                sender.end()
            (counted,) = view.end(signal.SIGTERM)["streams"]
    return [float(trip) for trip in HEARD.findall("".join(sender.err))], counted


def table(pairs: list[Pair], relay: Relay, counted: dict[str, Any]) -> Iterator[str]:
    """Yield a line for each report, and what all of them come to."""
    rows = [["packets", "lost: told", "true", "off", "round trip: told", "true", "off"]]
    yield from aligned(rows + [row(heard, told) for heard, told in pairs])
    worst = max(abs(off_loss(told)) for _, told in pairs)
    trips = [off_trip(heard, told) for heard, told in pairs if told.round_trip]
    others = f"{counted['packets_duplicated']} copies, {counted['kernel_drops']} dropped by the kernel"
    share = relay.report_octets / relay.media_octets
    yield f"loss off by {256 * worst:.2f}/256 at most; {others}"
    yield f"round trip off by {median(trips):+.2f} ms in the median, {max(trips, key=abs):+.2f} ms at most"
    yield f"RTCP is {share:.2%} of the media, IP and UDP headers counted in both"


def off_loss(told: Told) -> float:
    """Return which share of all packets is told too many."""
    return (told.block.cumulative_lost - told.lost) / told.expected


def off_trip(heard: float, told: Told) -> float:
    """Return how many milliseconds are told too many."""
    return heard - 1000 * (told.round_trip or 0.0)


def row(heard: float, told: Told) -> list[str]:
    """Return a line of the table."""
    off = f"{256 * off_loss(told):+.2f}/256"
    loss = [str(told.expected), str(told.block.cumulative_lost), str(told.lost), off]
    if told.round_trip is None:
        return [*loss, "-", "-", "-"]
    return [*loss, f"{heard:.2f} ms", f"{1000 * told.round_trip:.2f} ms", f"{off_trip(heard, told):+.2f} ms"]


if __name__ == "__main__":
    main()
