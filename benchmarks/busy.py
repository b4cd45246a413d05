"""What one busy Python thread in the same process costs a sender and a receiver, in wall time.

    python busy.py FOLDER_PLAIN FOLDER_RESTART

Sending: milliseconds from JPEG to the last packet handed to the kernel. Receiving: milliseconds from
the moment when a sender in another process began a frame to the moment when it is whole here. Each with
the interpreter's own switch interval of 5 ms and with the 0.5 ms that the commands set; one call a
packet, the last fall-back, stands beside them for sending. Last, a stream as rtpjpeg-view has it, at 30
frames a second of the resilient profile: what is lost in it, and how old its frames are.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median, quantiles

from ends import ENDS, frames, receive_frames
from rtpjpeg import Frame, PacketTrain, ReceiverSession, SenderSession
from rtpjpeg.net.udp import UdpReceiver, UdpSender
from rtpjpeg.receiver.livestream import LiveStream
from rtpjpeg.receiver.source import Source

FRAMES = 100
WATCHED = 150
"""Frames of the live stream."""


def main() -> None:
    """Print the table."""
    plain, restart = sys.argv[1:]
    print(f"{'milliseconds':44} {'switch 5 ms':>18} {'switch 0.5 ms':>18}")
    print(f"{'':44} {'median':>9}{'p95':>9} {'median':>9}{'p95':>9}")
    rows = (
        ("send, one system call a train (GSO)", lambda: sending(plain, split=False)),
        ("send, sendmmsg", lambda: sending(restart, split=False)),
        ("send, one call a packet", lambda: sending(plain, split=True)),
        ("receive, from a GSO sender", lambda: receiving(plain, "gso")),
        ("receive, from single datagrams", lambda: receiving(plain, "single")),
    )
    for name, measure in rows:
        cells = []
        for interval in (0.005, 0.0005):
            sys.setswitchinterval(interval)
            with busy_thread():
                times = measure()
            cells.append(f"{median(times) * 1e3:9.2f}{quantiles(times, n=20)[-1] * 1e3:9.2f}")
        print(f"{name:44} {' '.join(cells)}")
    print()
    for interval in (0.005, 0.0005):
        sys.setswitchinterval(interval)
        with busy_thread():
            print(f"a live stream, switch {interval * 1e3:g} ms: {watching(restart)}")


@contextmanager
def busy_thread() -> Iterator[None]:
    """Keep one thread in pure Python for as long as the block lasts."""
    over = threading.Event()

    def burn() -> None:
        while not over.is_set():
            sum(range(1000))

    thread = threading.Thread(target=burn)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def sending(folder: str, split: bool) -> list[float]:
    """Return the seconds of each frame, with somebody who listens."""
    session, times = SenderSession(), []
    with (
        UdpReceiver("127.0.0.1", 0) as listener,
        UdpSender(("127.0.0.1", listener.local_address[1])) as sender,
    ):
        for number, jpeg in enumerate(frames(folder, FRAMES)):
            began = time.perf_counter()
            train = session.send_frame(jpeg, number / 30, 0.0)
            for part in [PacketTrain.from_packets([packet]) for packet in train] if split else [train]:
                sender.send(part)
            times.append(time.perf_counter() - began)
            listener.receive(0.0)
    return times


def receiving(folder: str, kind: str) -> list[float]:
    """Return the age of each frame when it is whole; the timestamps are the sender's clock."""
    ages: list[float] = []
    with UdpReceiver("127.0.0.1", 0) as receiver:
        port = str(receiver.local_address[1])
        feed = subprocess.Popen([sys.executable, ENDS, "feed", folder, str(FRAMES), port, kind, "100"])
        for frame in receive_frames(receiver, until=lambda: feed.poll() is not None):
            ages.append(((round(time.monotonic() * 90000) - frame.timestamp) & 0xFFFFFFFF) / 90000)
    return ages


def watching(folder: str) -> str:
    """Watch a stream of 5 s; return what came of it."""
    ages: list[float] = []
    session, receiver = ReceiverSession(), UdpReceiver("127.0.0.1", 0)

    def measure(frame: Frame) -> None:
        ages.append(((round(time.monotonic() * 90000) - frame.timestamp) & 0xFFFFFFFF) / 90000)

    stream = LiveStream(Source("busy"), session, receiver, measure, lambda: None)
    stream.start()
    port = str(receiver.local_address[1])
    subprocess.run([sys.executable, ENDS, "feed", folder, str(WATCHED), port, "gso", "30"], check=True)
    time.sleep(0.2)  # what the kernel still holds
    stream.stop()
    stream.join()
    return (
        f"{len(ages)} of {WATCHED} frames, {stream.frames_concealed} concealed, "
        f"{session.statistics.packets_lost} packets lost, {stream.kernel_drops} kernel drops, "
        f"age {median(ages) * 1e3:.2f} ms, p95 {quantiles(ages, n=20)[-1] * 1e3:.2f} ms"
    )


if __name__ == "__main__":
    main()
