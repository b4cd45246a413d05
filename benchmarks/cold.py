"""Why the receiver reads a steady train without numpy: small calls in a loop, and at a camera's pace.

    python cold.py FOLDER

In a loop the caches hold everything, and numpy wins. Ten milliseconds after the last frame they do not,
and a call costs several times as much; the longer and the more varied the way through the code, the more.
Microseconds of the calling thread, median; the scan and the headers of one 640x480 frame.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from statistics import median

import numpy as np

from ends import frames
from rtpjpeg.packetizer import Packetizer
from rtpjpeg.packets import read_alike
from rtpjpeg.payload import parse_columns
from rtpjpeg.rtp import parse_train
from rtpjpeg.scan import walk_plain_scan, walk_scan
from rtpjpeg.train import PacketTrain

ROUNDS = 200


def main() -> None:
    """Print the table."""
    jpegs = frames(sys.argv[1], 24)
    packetizer = Packetizer(profile="compatible")
    trains = [PacketTrain.from_segments(b"".join(packetizer.packetize(jpeg, 0)), 1352) for jpeg in jpegs]
    start = jpegs[0].index(b"\xff\xda") + 14
    rows: dict[str, Callable[[int], object]] = {
        "scan, walk_scan (numpy)": lambda n: walk_scan(np.frombuffer(jpegs[n], np.uint8)[start:]),
        "scan, walk_plain_scan (regular expression)": lambda n: walk_plain_scan(jpegs[n], start),
        "headers, parse_train and parse_columns (numpy)": lambda n: parse_columns(parse_train(trains[n])),
        "headers, read_alike (struct)": lambda n: read_alike(trains[n]),
    }
    print(f"{'':50} {'in a loop':>10} {'each 10 ms':>10}")
    for name, work in rows.items():
        print(f"{name:50} {measure(work, 0.0):10.1f} {measure(work, 0.01):10.1f}")


def measure(work: Callable[[int], object], pause: float) -> float:
    """Return the median microseconds of the calling thread, with a pause before each call."""
    times = []
    for number in range(ROUNDS):
        if pause:
            time.sleep(pause)
        began = time.thread_time_ns()
        work(number % 24)
        times.append(time.thread_time_ns() - began)
    return median(times) / 1000


if __name__ == "__main__":
    main()
