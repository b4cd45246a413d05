"""Our two ends as processes of their own, for ``transport.py``: no more than the library and a loop.

python ends.py send FOLDER FRAMES PORT PROFILE     unpaced, as the peers send; resilient-fill fills packets
python ends.py feed FOLDER FRAMES PORT gso|single  100 frames a second, for receivers
python ends.py receive PORT                        until it is killed
python ends.py drain PORT                          reads and forgets, for senders
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from itertools import cycle, islice
from pathlib import Path

from rtpjpeg import Frame, FrameReceived, PacketTrain, ReceiverSession, SenderSession
from rtpjpeg.net.udp import UdpReceiver, UdpSender

ENDS = __file__
COALESCE = 0.0003


def frames(folder: str, count: int) -> list[bytes]:
    """Read the JPEG files of a folder, over and over until there are enough."""
    files = [path.read_bytes() for path in sorted(Path(folder).glob("*.jpg"))]
    return list(islice(cycle(files), count))


def send(folder: str, count: int, port: int, profile: str) -> None:
    """Send frames as fast as it goes."""
    name, _, fill = profile.partition("-")
    session = SenderSession(profile=name, fill=bool(fill))
    with UdpSender(("127.0.0.1", port)) as sender:
        for number, jpeg in enumerate(frames(folder, count)):
            sender.send(session.send_frame(jpeg, number / 30, 0.0))


def feed(folder: str, count: int, port: int, kind: str, rate: float) -> None:
    """Send ``rate`` frames a second: whole trains, or for ``single`` one call a packet as most senders do."""
    session = SenderSession(profile="resilient", timestamp_offset=0, fill=kind == "fill")
    with UdpSender(("127.0.0.1", port)) as sender:
        start = time.monotonic()
        for number, jpeg in enumerate(frames(folder, count)):
            time.sleep(max(0.0, start + number / rate - time.monotonic()))
            now = time.monotonic()
            trains = [session.send_frame(jpeg, now, now)]
            if kind == "single":
                trains = [PacketTrain.from_packets([packet]) for packet in trains[0]]
            for train in trains:
                sender.send(train)


def receive_frames(receiver: UdpReceiver, until: Callable[[], bool]) -> Iterator[Frame]:
    """Yield the frames that come, until a quiet tenth of a second finds that it is over."""
    session = ReceiverSession()
    while True:
        timer = session.next_timer()
        received = receiver.receive(0.1 if timer is None else max(0.0, timer - time.monotonic()))
        now = time.monotonic()
        for left, (train, source) in enumerate(received, 1 - len(received)):
            session.receive(train, now, source, more=left < 0)
        session.handle_timer(now)
        while (event := session.next_event()) is not None:
            if isinstance(event, FrameReceived):
                yield event.frame
        if not received and until():
            return


def receive(port: int) -> None:
    """Make frames of what comes, and forget them."""
    with UdpReceiver("127.0.0.1", port, coalesce=COALESCE) as receiver:
        for _ in receive_frames(receiver, until=lambda: False):
            pass


def drain(port: int) -> None:
    """Read everything and look at nothing."""
    with UdpReceiver("127.0.0.1", port) as receiver:
        while True:
            receiver.receive(None)


def main() -> None:
    """Do what the first argument says."""
    verb, *words = sys.argv[1:]
    if verb == "send":
        send(words[0], int(words[1]), int(words[2]), words[3])
    elif verb == "feed":
        feed(words[0], int(words[1]), int(words[2]), words[3], float(words[4]))
    else:
        {"receive": receive, "drain": drain}[verb](int(words[0]))


if __name__ == "__main__":
    main()
