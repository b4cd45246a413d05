"""A sender to be received beside something else: python feeder.py PORT FRAMES TYPE

30 pictures of 640x480 a second, each with one call, so that nothing but the receiver can be late with a
frame. TYPE is that of RTP/JPEG. Says how many packets it sent.
"""

from __future__ import annotations

import json
import sys
import time
from itertools import cycle, islice
from pathlib import Path

from live.witness import LOCAL
from rtpjpeg import SenderSession
from rtpjpeg.net.udp import UdpSender

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "fixtures"))

from photographs import video  # noqa: E402


def main() -> None:
    """Send, and say what was sent."""
    port, count, type_ = map(int, sys.argv[1:])
    session = SenderSession()
    jpegs = video("coffee", type_, 85, 640, 480, 10)
    with UdpSender((LOCAL, port)) as sender:
        began = time.monotonic()
        for number, jpeg in enumerate(islice(cycle(jpegs), count)):
            time.sleep(max(0.0, began + number / 30 - time.monotonic()))
            sender.send(session.send_frame(jpeg, number / 30, 0.0))
        print(json.dumps({"packets_sent": sender.packets_sent, "send_errors": sender.send_errors}))


if __name__ == "__main__":
    main()
