"""A program that computes in pure Python for each frame, on a live stream: how old its frames are.

    python busy_consumer.py [--seconds S] [--work MS] [--switch MS] [--jpeg]

rtpjpeg-send sends a synthetic camera, 640x480 at 30 frames a second of the resilient profile, from a process
of its own. This process opens it with ``rtpjpeg.open``, takes a frame with its image, burns ``--work``
milliseconds without a pause, and takes the next. The age is told by the strip in the picture: from its
capture to the moment when the program has the image (with ``--jpeg`` the frame alone). The switch
interval is the interpreter's own, 5 ms, unless ``--switch`` says another. Beside the ages stand what the
kernel dropped, and the memory every tenth of the time.

The strip is read after the clock was, so its cost is not in the age. "Whole" is the part of the age up to
the moment when the frame was whole here; the rest is its wait for the program, and the decoder. With
``--late`` the frames that were older than that are printed with both parts.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from statistics import quantiles

import rtpjpeg
from processes import bound, wait_until
from rtpjpeg import Frame
from rtpjpeg.capture.strip import read_strip
from rtpjpeg.receiver.decode import decode

PORT = 15000
SETTLE = 2.0
"""Seconds in which sender and receiver load what they need."""


def main() -> None:
    """Print the figures."""
    arguments = _arguments()
    if arguments.switch:
        sys.setswitchinterval(arguments.switch / 1000)
    with rtpjpeg.open(f"rtp://127.0.0.1:{PORT}") as stream:
        wait_until(lambda: bound(PORT), "the port")
        sender = subprocess.Popen(_sender(SETTLE + arguments.seconds + 1), stdout=subprocess.DEVNULL)
        try:
            watch(stream, time.monotonic() + SETTLE, 0.0, arguments.jpeg)
            began = time.monotonic()
            ages = watch(stream, began + arguments.seconds, arguments.work / 1000, arguments.jpeg)
        finally:
            sender.terminate()
            sender.wait()
        (found,) = stream.statistics()
    tell(ages, found, arguments)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--work", type=float, default=200.0, help="milliseconds a frame")
    parser.add_argument("--switch", type=float, default=0.0, help="milliseconds of the switch interval")
    parser.add_argument("--late", type=float, default=float("inf"), help="milliseconds")
    parser.add_argument("--jpeg", action="store_true", help="ask for no image")
    return parser.parse_args()


def _sender(seconds: float) -> list[str]:
    command = [sys.executable, "-m", "rtpjpeg.sender.cli", "--source", "synthetic", "--log-level", "error"]
    return [*command, "--dest", f"127.0.0.1:{PORT}", "--duration", str(seconds)]


def watch(stream: rtpjpeg.FrameStream, end: float, work: float, jpeg: bool) -> list[tuple[float, float]]:
    """Take frames until ``end`` with so many seconds of work for each.

    Return the age of each in seconds, and what of it had passed when the frame was whole.
    """
    ages: list[tuple[float, float]] = []
    began, told = time.monotonic(), 0
    for frame in stream:
        if not jpeg:
            frame.image  # noqa: B018
        now, waited = time.time(), time.monotonic() - (frame.completed_at or 0.0)
        age = now - captured_at(frame)
        ages.append((age, age - waited))
        burn(work)
        now = time.monotonic()
        if work and (now - began) / (end - began) * 10 > told:
            print(f"{now - began:6.1f} s  {resident_mib():6.1f} MiB  {len(ages)} frames taken")
            told += 1
        if now >= end:
            break
    return ages


def captured_at(frame: Frame) -> float:
    """Return what the strip says, seconds since 1970; the frame itself is asked for nothing."""
    reading = read_strip(decode(frame.jpeg))
    return reading.captured_at_us / 1e6 if reading is not None else float("nan")


def burn(seconds: float) -> None:
    """Compute without a pause, in pure Python."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        sum(number * number for number in range(100))


def resident_mib() -> float:
    """Return the memory that this process has in use now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def percentiles(name: str, seconds: list[float]) -> str:
    """Return a line of text."""
    cuts = quantiles(seconds, n=100)
    shown = (("p50", cuts[49]), ("p95", cuts[94]), ("p99", cuts[98]), ("max", max(seconds)))
    return f"{name} in ms: " + ", ".join(f"{label} {value * 1e3:.1f}" for label, value in shown)


def tell(ages: list[tuple[float, float]], found: dict[str, object], arguments: argparse.Namespace) -> None:
    """Print what came of it."""
    print(f"work {arguments.work:g} ms a frame, switch interval {sys.getswitchinterval() * 1e3:g} ms")
    print(percentiles("age", [age for age, _ in ages]))
    print(percentiles("whole", [whole for _, whole in ages]))
    for age, whole in ages:
        if age * 1e3 > arguments.late:
            print(f"late: age {age * 1e3:.1f} ms, whole after {whole * 1e3:.1f} ms")
    print(
        f"frames: {found['frames_received']} received, {found['frames_concealed']} concealed, "
        f"{found['frames_dropped']} dropped, {len(ages)} taken; packets lost {found['packets_lost']}, "
        f"kernel drops {found['kernel_drops']}"
    )
    print(f"most memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.1f} MiB")


if __name__ == "__main__":
    main()
