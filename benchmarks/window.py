"""What the window costs: two cameras, each picture drawn when it comes, the text twice a second.

Needs a display and rtpjpeg[view]; without a monitor:

    xvfb-run -s '-screen 0 1920x1080x24' python benchmarks/window.py
"""

from __future__ import annotations

import argparse
import time
from statistics import median

import numpy as np

from rtpjpeg.receiver.figures import Figures, Recent
from rtpjpeg.receiver.watch import State
from rtpjpeg.receiver.window.canvas import Canvas, Tile
from rtpjpeg.receiver.window.layout import natural
from rtpjpeg.receiver.window.panel import figures_rows
from rtpjpeg.receiver.window.viewer import LARGEST, Window

SIZES = ((640, 480), (1920, 1080))
LIVE = State("live", "live")


def figures(size: tuple[int, int], number: int) -> Figures:
    """Figures that change as often as those of a real stream."""
    times = {"p50": 1.0 + number / 100, "p95": 2.0, "p99": 3.0, "max": 4.0}
    stages = dict.fromkeys(("encode", "send", "network", "assembly", "queue", "decode", "show"), times)
    recent = Recent(30.0, 4.2e6, number, 0.01, 0.01)
    return Figures("camera", size, recent, 12, 0.01, 0.01, 0, 0, times, stages)


def measure(size: tuple[int, int], pictures: int) -> None:
    """Show pictures of two cameras by turns, and print milliseconds a picture."""
    chance = np.random.default_rng(1)
    images = [chance.integers(0, 255, (size[1], size[0], 3), np.uint8) for _ in range(4)]
    window, canvas = Window(f"{size[0]}x{size[1]}"), Canvas()
    tiles = [Tile(image) for image in images[:2]]
    window.fit(natural([tile.size for tile in tiles], LARGEST))
    spent: dict[str, list[float]] = {"compose": [], "imshow": [], "painting and waiting": []}
    for number in range(pictures):
        tiles[number % 2] = Tile(images[number % 4], figures_rows(figures(size, number // 30), LIVE))
        moments = [time.perf_counter()]
        canvas.draw(tiles, window.size)
        moments.append(time.perf_counter())
        window.show(canvas.image)
        moments.append(time.perf_counter())
        window.key()
        moments.append(time.perf_counter())
        for times, began, ended in zip(spent.values(), moments, moments[1:], strict=False):
            times.append((ended - began) * 1000)
    print(f"two {size[0]}x{size[1]} in a window of {window.size[0]}x{window.size[1]}, ms a picture:", end=" ")
    print(", ".join(f"{name} {median(times):.2f} (max {max(times):.1f})" for name, times in spent.items()))
    window.close()


def main() -> None:
    """Measure both sizes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=300)
    arguments = parser.parse_args()
    for size in SIZES:
        measure(size, arguments.pictures)


if __name__ == "__main__":
    main()
