"""Time and memory of reading a large capture, beside tshark on the same file.

    python benchmarks/inspector.py                              1 000 000 packets of 1352 bytes, 1.4 GB
    python benchmarks/inspector.py --packets 100000             quicker
    python benchmarks/inspector.py --size 200 --keep big.pcap   smaller packets; the file stays

The capture repeats a stream of ``fixtures/captures`` as Ethernet frames, with sequence numbers, timestamps
and times that go on rising. Each command runs as a process of its own, whose time and largest memory the
kernel tells. ``rtpjpeg-inspect`` may end with 1, which means that it found fault. Nothing is asserted;
people judge.
"""

from __future__ import annotations

import argparse
import os
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from rtpjpeg.net.pcap import read_datagrams

ROOT = Path(__file__).resolve().parent.parent
STREAM = ROOT / "fixtures" / "captures" / "own-type1-q85-1280x720.pcap"
FIELDS = "frame.number frame.time_epoch rtp.seq rtp.timestamp rtp.marker rtp.ssrc jpeg.main_hdr.offset"
FRAME_TICKS, FRAME_TIME, PACKET_TIME = 3000, 1_000_000_000 // 30, 20_000
"""90 kHz, nanoseconds, nanoseconds."""
FRONT = 16 + 14 + 20 + 8
"""Bytes of record, Ethernet, IPv4 and UDP header."""
BLOCK = 20_000
"""Packets that are made and written at once."""
EMPTY = "import rtpjpeg.inspector.reading"
READ = (
    "import sys; from rtpjpeg.inspector.reading import read_capture;"
    " print(sum(len(batch) for batch in read_capture(sys.argv[1])))"
)


LAUNCH = """
import os, sys, time
began = time.monotonic()
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ,
                       file_actions=[(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)])
_, status, usage = os.wait4(child, 0)
seconds, cpu = time.monotonic() - began, usage.ru_utime + usage.ru_stime
print(os.waitstatus_to_exitcode(status), seconds, cpu, usage.ru_maxrss / 1024, file=sys.stderr)
"""
"""Starts a command from a small process: the kernel counts the memory of who starts it as its own."""


class Cost(NamedTuple):
    """Of one process."""

    seconds: float
    cpu: float
    memory: float
    """MiB at most."""


def main() -> None:
    """Make the capture, and print a line for each command."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        path = options.keep or Path(folder) / "large.pcap"
        write_capture(path, options.packets, options.size)
        print(f"{path}: {options.packets} packets, {path.stat().st_size / 1e6:.0f} MB")
        for name, command in _commands(str(path)):
            costs = [cost(command) for _ in range(options.rounds)]
            best = min(costs)
            print(f"{name:24} {best.seconds:7.2f} s {best.cpu:7.2f} s CPU {best.memory:7.1f} MiB", flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--packets", type=int, default=1_000_000)
    parser.add_argument("--size", type=int, help="cut RTP packets to this size (as they are)")
    parser.add_argument(
        "--rounds", type=int, default=3, help="how often each command runs; the best counts (3)"
    )
    parser.add_argument(
        "--keep", type=Path, metavar="FILE", help="write the capture here, and leave it there"
    )
    return parser.parse_args()


def _commands(path: str) -> Iterator[tuple[str, list[str]]]:
    yield "the interpreter", [sys.executable, "-c", EMPTY]
    yield "reading", [sys.executable, "-c", READ, path]
    yield "rtpjpeg-inspect --json", [sys.executable, "-m", "rtpjpeg.inspector.cli", path, "--json"]
    tshark = shutil.which("tshark")
    if tshark is None:
        print("tshark is not here")
        return
    fields = [word for field in FIELDS.split() for word in ("-e", field)]
    yield "tshark -T fields", [tshark, "-n", "-r", path, "-d", "udp.port==5000,rtp", "-T", "fields", *fields]


def cost(command: Sequence[str]) -> Cost:
    """Run a command to its end. A failure is printed; its cost is what it came to."""
    launcher = [sys.executable, "-I", "-S", "-c", LAUNCH]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = subprocess.run([*launcher, *command], capture_output=True, text=True, check=True, env=environment)
    *errors, last = run.stderr.splitlines()
    code, seconds, cpu, memory = last.split()
    if code not in "01":
        print(f"{command[0]} ended with {code}: {errors}")
    return Cost(float(seconds), float(cpu), float(memory))


def write_capture(path: Path, packets: int, size: int | None = None) -> None:
    """Write a pcap of so many packets, a stream over and over; ``size`` cuts long RTP packets.

    Times count nanoseconds. UDP has no checksum.
    """
    lay_out = _template(size)
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, 1))
        for first in range(0, packets, BLOCK):
            file.write(lay_out(first, min(BLOCK, packets - first)))


def _template(size: int | None) -> Callable[[int, int], bytes]:
    """Return what makes so many records of the stream, from a packet on."""
    payloads = [payload[:size] for *_, payload in read_datagrams(STREAM)]
    markers = np.array([payload[1] >> 7 for payload in payloads])
    frames = markers.cumsum() - markers
    in_frame = np.arange(len(payloads)) - np.searchsorted(frames, frames)
    records = [_record(payload) for payload in payloads]
    lengths = np.array([len(record) for record in records])
    (first_timestamp,) = struct.unpack_from("!I", payloads[0], 4)

    def lay_out(first: int, count: int) -> bytes:
        numbers = np.arange(first, first + count)
        turn, index = np.divmod(numbers, len(records))
        frame = turn * (int(frames[-1]) + 1) + frames[index]
        data = np.frombuffer(b"".join(records[at] for at in index.tolist()), np.uint8).copy()
        sizes = lengths[index]
        starts = sizes.cumsum() - sizes
        times = 1_700_000_000 * 10**9 + frame * FRAME_TIME + in_frame[index] * PACKET_TIME
        _put(data, starts, times // 10**9, "<u4")
        _put(data, starts + 4, times % 10**9, "<u4")
        _put(data, starts + FRONT + 2, numbers, ">u2")
        _put(data, starts + FRONT + 4, first_timestamp + frame * FRAME_TICKS, ">u4")
        return data.tobytes()

    return lay_out


def _record(payload: bytes) -> bytes:
    udp = struct.pack("!HHHH", 40000, 5000, 8 + len(payload), 0) + payload
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0x4000, 64, 17, 0)
    frame = bytes(12) + b"\x08\x00" + header + bytes((192, 0, 2, 1, 192, 0, 2, 2)) + udp
    return struct.pack("<IIII", 0, 0, len(frame), len(frame)) + frame


def _put(data: np.ndarray, starts: np.ndarray, values: np.ndarray, kind: str) -> None:
    """Write a number at each start."""
    size = np.dtype(kind).itemsize
    rows = values.astype(np.uint64).astype(kind).view(np.uint8).reshape(-1, size)
    data[starts[:, None] + np.arange(size)] = rows


if __name__ == "__main__":
    main()
