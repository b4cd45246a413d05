"""Capture to decoded picture on loopback, stage by stage, while everything is recorded.

    python latency.py [--seconds S] [--size WxH] [--fps N] [--cameras N] [--record SUFFIX] [--window]

rtpjpeg-send sends synthetic cameras from a process of its own, rtpjpeg-view receives, decodes and records
them (``--record ''`` for not). ``--window`` shows them too, on the display that is there. The ages are
those that the frames tell of themselves; beside them stands what the strips in the pictures tell.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from processes import bound, wait_until

PORT = 15100
SETTLE = 3.0
"""Seconds that the sender goes on longer than the viewer watches: both need time to load."""
STAGES = ("encode", "send", "network", "assembly", "queue", "decode", "show")


def main() -> None:
    """Run both ends and print the table."""
    arguments = _arguments()
    ports = [PORT + 2 * number for number in range(arguments.cameras)]
    with tempfile.TemporaryDirectory() as folder:
        with subprocess.Popen(
            _viewer(arguments, ports, Path(folder)), stdout=subprocess.PIPE, text=True
        ) as viewer:
            wait_until(lambda: all(map(bound, ports)), "the ports")
            with subprocess.Popen(_sender(arguments, ports), stdout=subprocess.DEVNULL):
                output = viewer.communicate()[0]
        size = sum(path.stat().st_size for path in Path(folder).iterdir())
    tell(json.loads(output.splitlines()[-1])["streams"], size)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--size", default="640x480")
    parser.add_argument("--fps", type=float, default=30.0)
    parser.add_argument("--cameras", type=int, default=2)
    parser.add_argument("--record", default=".mkv", help="suffix of the recording, empty for none")
    parser.add_argument("--window", action="store_true", help="show the pictures too")
    return parser.parse_args()


def _sender(arguments: argparse.Namespace, ports: list[int]) -> list[str]:
    command = [sys.executable, "-m", "rtpjpeg.sender.cli", "--source", "synthetic", "--log-level", "error"]
    command += ["--size", arguments.size, "--fps", str(arguments.fps)]
    command += [word for port in ports for word in ("--dest", f"127.0.0.1:{port}")]
    return [*command, "--duration", str(arguments.seconds + SETTLE)]


def _viewer(arguments: argparse.Namespace, ports: list[int], folder: Path) -> list[str]:
    command = [sys.executable, "-m", "rtpjpeg.receiver.cli", *(f"rtp://127.0.0.1:{port}" for port in ports)]
    command += ["--json", "--log-level", "error", "--duration", str(arguments.seconds)]
    command += [] if arguments.window else ["--headless"]
    return command + (["--record", str(folder / f"latency{arguments.record}")] if arguments.record else [])


def tell(streams: list[dict[str, Any]], size: int) -> None:
    """Print a column for each stream."""
    print(f"{'milliseconds':24}" + "".join(f"{stream['source']:>38}" for stream in streams))
    print(f"{'':24}" + f"{'p50':>14}{'p95':>8}{'p99':>8}{'max':>8}" * len(streams))
    rows = {"capture to decoded": "latency_ms", "the same by strip": "strip_latency_ms"}
    for name, key in rows.items():
        print(f"{name:24}" + "".join(_cells(stream[key]) for stream in streams))
    for stage in STAGES:
        found = [(stream["stages_ms"] or {}).get(stage) for stream in streams]
        if any(found):
            print(f"  {stage:22}" + "".join(map(_cells, found)))
    for stream in streams:
        counts = ("frames_received", "frames_shown", "frames_recorded", "packets_lost", "kernel_drops")
        print(stream["source"], {name: stream.get(name) for name in counts})
    print(f"recorded: {size / 1e6:.1f} MB")


def _cells(summary: dict[str, float] | None) -> str:
    if summary is None:
        return f"{'unknown':>14}{'':24}"
    return f"{summary['p50']:14.2f}{summary['p95']:8.2f}{summary['p99']:8.2f}{summary['max']:8.2f}"


if __name__ == "__main__":
    main()
