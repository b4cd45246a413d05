"""Sends JPEGs to many strangers at once, each on its own port, and says what did not arrive.

Every receiver runs for a second before its first frame, as a viewer does that waits for a camera.
From then on nothing is timed: a receiver gets the next packets when it has read the last ones, so
the kernel of a small machine loses none, and what is missing then is a fault of ours or its own.
At the end FFmpeg and PyAV get an RTCP BYE, which makes them write what they still hold back to
guess the frame rate; GStreamer gets SIGINT, which it turns into an end of stream. No receiver needs
a further frame behind the last one: the marker is enough for all.
"""

from __future__ import annotations

import signal
import socket
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

from interop.kernel import SocketState, bound, sockets, wait_until
from interop.receivers import Place, Receiver, received, start
from rtpjpeg import SenderSession
from rtpjpeg.net.udp import UdpSender
from rtpjpeg.train import PacketTrain

PATIENCE = 30.0
"""Seconds that a receiver may take for one step before it counts as stuck."""

# What fits a socket whose buffer nobody has enlarged: 212 992 bytes on Linux, 2304 a datagram.
BURST = 48

FRAME_TIME = 1 / 30


@dataclass(eq=False)
class Delivery:
    """One stream to one receiver, and everything that went wrong with it."""

    receiver: Receiver
    place: Place
    jpegs: list[bytes]
    type: int
    q: int
    """Type and Q that every packet must carry, so that a cell tests what its name says."""
    profile: str = "resilient"
    fill: bool = False
    """True where packets are filled to one size."""
    faults: list[str] = field(default_factory=list)

    def open(self, cleanup: ExitStack) -> None:
        """Start the receiver, and a sender of its own; ``cleanup`` leaves neither behind."""
        self.process = start(self.receiver, self.place)
        cleanup.callback(self._stop)
        self.sender = UdpSender(("127.0.0.1", self.place.port))
        cleanup.callback(self.sender.close)
        self.session = SenderSession(profile=self.profile, fill=self.fill)
        self.bursts = self._cut()

    def _cut(self) -> Iterator[PacketTrain]:
        for index, jpeg in enumerate(self.jpegs):
            # In profile resilient the first packet has a header extension, which must harm nobody.
            at = index * FRAME_TIME
            train = self.session.send_frame(jpeg, at, at, wall_offset=1.8e9, encoded_at=at)
            if {_type_and_q(packet) for packet in train} != {(self.type, self.q)}:
                self.faults.append(f"frame {index} did not go out as type {self.type}, Q {self.q}")
            if self.fill and not train.segment_size:
                self.faults.append(f"frame {index} was not filled")
            for first in range(0, len(train), BURST):
                part = slice(first, first + BURST)
                yield PacketTrain(train.data, train.starts[part], train.lengths[part], train.segment_size)

    def send_some(self) -> bool:
        """Send the next packets; False when there are no more."""
        for burst in self.bursts:
            taken = self.sender.send(burst)
            if taken != len(burst):
                self.faults.append(f"the kernel took {taken} of {len(burst)} packets")
            return True
        return False

    def end(self) -> None:
        """Tell the receiver that no more will come."""
        if self.receiver.ends_by_bye:
            say_bye(self.session.ssrc, self.place.port + 1)
        else:
            self.process.send_signal(signal.SIGINT)

    def judge(self) -> None:
        """Wait for the receiver to finish, then hold its frames against those sent."""
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.faults.append("the receiver did not end")
        self.faults += self._compare()
        if self.faults:
            self.faults.append(self.log())

    def has_ended(self) -> bool:
        """Return whether the receiver's process is over."""
        return self.process.poll() is not None

    def log(self) -> str:
        """Return what the receiver has said."""
        return (self.place.folder / "log").read_text(errors="replace")

    def _stop(self) -> None:
        if not self.has_ended():
            self.process.kill()
            self.process.wait()

    def _compare(self) -> Iterator[str]:
        frames = received(self.place)
        if len(frames) != len(self.jpegs):
            yield f"{len(self.jpegs)} frames sent, {len(frames)} received"
        for index, (sent, got) in enumerate(zip(self.jpegs, frames, strict=False)):
            difference = self.receiver.compare(sent, got, self.place)
            if difference:
                yield f"frame {index}: {difference}"


def deliver(deliveries: list[Delivery]) -> None:
    """Run all deliveries side by side; each holds its own faults afterwards."""
    with ExitStack() as cleanup:
        for delivery in deliveries:
            delivery.open(cleanup)
        _wait_for_readiness(deliveries)
        _send(deliveries)
        for delivery in deliveries:
            delivery.end()
        for delivery in deliveries:
            delivery.judge()


def _wait_for_readiness(deliveries: list[Delivery]) -> None:
    ports = [delivery.place.port for delivery in deliveries]
    ports += [delivery.place.port + 1 for delivery in deliveries if delivery.receiver.ends_by_bye]
    ready = wait_until(lambda: bound(ports) or any(map(Delivery.has_ended, deliveries)), PATIENCE)
    if not (ready and bound(ports)):
        logs = [delivery.log() for delivery in deliveries if delivery.has_ended()]
        raise AssertionError(f"nobody listens on {sorted(set(ports) - sockets().keys())}: {logs}")
    # The second that the receivers wait for the camera: their state, not ours, so nothing shows its end.
    time.sleep(1.0)


def _send(deliveries: list[Delivery]) -> None:
    """Send in turns, to those who have read what they got; return when all have read everything."""
    sending = list(deliveries)
    deadline = time.monotonic() + PATIENCE
    while sending and time.monotonic() < deadline:
        states = sockets()
        ready = [delivery for delivery in sending if _is_idle(states, delivery)]
        done = [delivery for delivery in ready if not delivery.send_some()]
        done += [delivery for delivery in sending if delivery.has_ended()]
        sending = [delivery for delivery in sending if delivery not in done]
        if ready:
            deadline = time.monotonic() + PATIENCE
        else:
            time.sleep(0.001)
    for delivery in sending:
        delivery.faults.append("the receiver stopped reading")
    states = sockets()
    for delivery in deliveries:
        dropped = states[delivery.place.port].dropped if delivery.place.port in states else 0
        if dropped:
            delivery.faults.append(f"the kernel dropped {dropped} packets")


def _is_idle(states: dict[int, SocketState], delivery: Delivery) -> bool:
    state = states.get(delivery.place.port)
    return state is not None and state.queued == 0


def say_bye(ssrc: int, port: int, protect: Callable[[bytes], bytes] = bytes) -> None:
    """Send an empty receiver report and a BYE to an RTCP port (RFC 3550 sections 6.4.2 and 6.6)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        bye = struct.pack("!BBHIBBHI", 0x80, 201, 1, ssrc, 0x81, 203, 1, ssrc)
        sender.sendto(protect(bye), ("127.0.0.1", port))


def _type_and_q(packet: bytes) -> tuple[int, int]:
    start = 12 + (4 + 4 * int.from_bytes(packet[14:16], "big") if packet[0] & 0x10 else 0)
    return packet[start + 4], packet[start + 5]
