"""kill -9 at any moment: what was received up to a second before is in the file, and the file can be read."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from functools import cache
from pathlib import Path

import pytest

from child import child
from peers import need_module
from receiver.feeding import free_ports, number_of, picture
from receiver.recording.shots import packets_of, probe
from rtpjpeg import Packetizer, depacketize
from rtpjpeg.net.pcap import read_datagrams
from rtpjpeg.net.udp import UdpSender
from rtpjpeg.receiver.decode import decode

COMMAND = [sys.executable, "-c", "import sys; from rtpjpeg.receiver.cli import main; sys.exit(main())"]
TARGETS = ["a.mkv", "a.mp4", "a.mov", "a.mjpeg", "a.pcap", "pictures"]
KILLS = 20
PAUSE = 0.005
"""Seconds between two frames, at least."""
MOMENTS = (220, 360)
"""Frames behind the first recorded one: more than what is sent in a second, which may be lost."""


@cache
def numbered(number: int) -> bytes:
    return picture(number, captured_at=0.0)


class CountingFeeder:
    """Sends frames with the time of sending as timestamp, and remembers when each was sent."""

    def __init__(self, port: int) -> None:
        self.sent_at: list[float] = []
        self.sent = threading.Condition()
        self._sender = UdpSender(("127.0.0.1", port))
        self._packetizer = Packetizer()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.wait(PAUSE):
            number, now = len(self.sent_at), time.monotonic()
            self._sender.send(self._packetizer.packetize(numbered(number), int(now * 90000) & 0xFFFF_FFFF))
            with self.sent:
                self.sent_at.append(time.monotonic())
                self.sent.notify_all()

    def wait_for(self, count: int) -> None:
        with self.sent:
            assert self.sent.wait_for(lambda: len(self.sent_at) >= count, 60)

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self._sender.close()


def run_and_kill(target: Path, chance: random.Random) -> tuple[int, int]:
    """Record, kill at a random moment; return the first and the last frame that must be in the file."""
    (port,) = free_ports(1)
    command = [*COMMAND, f"rtp://127.0.0.1:{port}", "--headless", "--record", str(target)]
    with child(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        feeder = CountingFeeder(port)
        try:
            assert process.stderr is not None
            while "recording" not in process.stderr.readline():
                assert process.poll() is None
            first = len(feeder.sent_at)
            feeder.wait_for(first + chance.randint(*MOMENTS))
            killed_at = time.monotonic()
            process.kill()
        finally:
            feeder.close()
        process.wait()
    last = sum(sent <= killed_at - 1.0 for sent in feeder.sent_at) - 1
    return first, last


def numbers_in(target: Path) -> list[int]:
    """Return the numbers of the frames that were recorded; each of them decodes."""
    return [number_of(decode(jpeg)) for jpeg in jpegs_in(target)]


def jpegs_in(target: Path) -> list[bytes]:
    if target.is_dir():
        return [path.read_bytes() for path in sorted(target.glob("*.jpg"))]
    if target.suffix == ".pcap":
        return [frame.jpeg for frame in depacketize(row[3] for row in read_datagrams(target))]
    count = int(probe(target, "-count_packets", "-show_entries", "stream=nb_read_packets"))
    found = [data for _, data in packets_of(target)]
    if target.suffix == ".mjpeg" and not found[-1].endswith(b"\xff\xd9"):
        found.pop()  # cut in the midst of a write
        count -= 1
    assert count == len(found)
    return found


@pytest.mark.parametrize("part", range(4))
def test_a_recording_whose_writer_was_killed_lacks_a_second_at_most(
    part: int, tmp_path: Path, seed: int
) -> None:
    need_module("av")
    chance = random.Random(seed)
    for kill in range(part, KILLS, 4):
        folder = tmp_path / str(kill)
        folder.mkdir()
        target = folder / TARGETS[kill % len(TARGETS)]
        first, last = run_and_kill(target, chance)
        print(f"kill {kill}, {target.name}: frames {first} to {last} must be there")
        found = numbers_in(target)
        assert found == list(range(found[0], found[-1] + 1)), "none is missing in between"
        assert found[0] <= first <= last <= found[-1]
