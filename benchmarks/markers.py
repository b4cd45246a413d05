"""What restart markers cost an encoder: planes and BGR pixels, with OpenCV and with tiles by simplejpeg.

    python benchmarks/markers.py

OpenCV knows restart markers and takes no planes, simplejpeg takes planes and knows no markers. So a camera
that has planes either converts them for OpenCV, or has each interval encoded as a picture of its own. Times
are processor time of one frame at quality 85, the best of many rounds; likeness is that of luma to the
planes that went in.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import simplejpeg

ROOT = Path(__file__).resolve().parent.parent
QUALITY, INTERVAL, ROUNDS = 85, 10, 30


def best(work: Callable[[], object]) -> float:
    """Return milliseconds of processor time, all threads."""
    figures = []
    for _ in range(ROUNDS):
        before = time.process_time()
        work()
        figures.append(time.process_time() - before)
    return min(figures) * 1000


def main() -> None:
    """Print the table."""
    sys.path[:0] = [str(ROOT / "fixtures"), str(ROOT / "tests")]
    from capture.makers import planes
    from photographs import panned
    from rtpjpeg.capture.encode import JpegEncoder

    encoders = {
        name: JpegEncoder(QUALITY, "420", interval) for name, interval in (("plain", 0), ("OpenCV", INTERVAL))
    }
    sys.modules["cv2"] = None  # type: ignore[assignment]
    encoders |= {f"tiles of {size}": JpegEncoder(QUALITY, "420", size) for size in (INTERVAL, 20, 40)}
    for size in ((640, 480), (1280, 720)):
        image = next(panned("chelsea", *size, 1))
        parts = planes(image)
        print(f"\n{size[0]}x{size[1]:<12} planes, ms    BGR, ms   luma, dB")
        for name, encoder in encoders.items():
            times = [best(lambda: encoder.encode_planes(*parts)), best(lambda: encoder.encode_bgr(image))]  # noqa: B023
            luma = simplejpeg.decode_jpeg(encoder.encode_planes(*parts), "GRAY")[..., 0].astype(float)
            likeness = 10 * np.log10(255**2 / ((luma - parts[0]) ** 2).mean())
            print(f"{name:16} {times[0]:10.2f} {times[1]:10.2f} {likeness:10.2f}")


if __name__ == "__main__":
    main()
