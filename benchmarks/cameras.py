"""The whole sender: encoding included beside GStreamer, and its memory, its start and its end.

    make bench-cameras                                  about two minutes
    make bench-cameras BENCH_ARGS='--rounds 3'          quicker

Raw pictures are panned photographs, 640x480, the same .y4m files for all. CPU is user and system time of
the whole process, all threads. A short file is taken off a long one, so the start of a process is in no
figure. The commands take turns, and a ratio is the median of the ratios of the rounds: machines are noisy.
Nothing is asserted; people judge. In brackets stands what is to be reached.
"""

from __future__ import annotations

import argparse
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from processes import Server, cpu_of_run
from transport import BENCHMARKS, QUALITY, ROOT, RTP_SIZE, free_port, measure, table

ENDS = str(BENCHMARKS / "ends.py")
FEW, MANY = 60, 660
"""Pictures of a short file and of a long one."""
VIEWS = 24
SETTLED = 90
"""Frames of each camera after which memory is looked at: three seconds."""
SEND = [str(Path(sys.executable).with_name("rtpjpeg-send"))]
PROFILES = ("compatible", "resilient")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="how often each command is measured (5)")
    rounds = parser.parse_args().rounds
    if shutil.which("gst-launch-1.0") is None:
        raise SystemExit("gst-launch-1.0 is not installed; this benchmark measures beside it")
    with tempfile.TemporaryDirectory() as name:
        make_videos(Path(name))
        encode_and_send(Path(name), rounds)
    life(rounds)


def make_videos(folder: Path) -> None:
    """Write a short and a long file of raw pictures, 4:2:0, full range."""
    sys.path.insert(0, str(ROOT / "fixtures"))
    import cv2

    from photographs import panned

    pictures = []
    for view in panned("chelsea", 640, 480, VIEWS):
        y, v, u = cv2.split(cv2.cvtColor(view, cv2.COLOR_BGR2YCrCb))
        small = [cv2.resize(plane, (320, 240), interpolation=cv2.INTER_AREA) for plane in (u, v)]
        pictures.append(b"FRAME\n" + b"".join(plane.tobytes() for plane in (y, *small)))
    for count in (FEW, MANY):
        with (folder / f"{count}.y4m").open("wb") as file:
            file.write(b"YUV4MPEG2 W640 H480 F30:1 Ip A1:1 C420jpeg\n")
            file.writelines(pictures[number % VIEWS] for number in range(count))


def encode_and_send(folder: Path, rounds: int) -> None:
    """Raw pictures in, packets out, nobody paced, with a listener that reads."""
    port = free_port()

    def ours(profile: str) -> Callable[[int], list[str]]:
        options = f"--fps 0 --dest 127.0.0.1:{port} --profile {profile} --log-level error"
        return lambda count: [*SEND, "--source", f"replay:{folder}/{count}.y4m", *options.split()]

    def gstreamer(count: int) -> list[str]:
        encode = f"filesrc location={folder}/{count}.y4m ! y4mdec ! jpegenc quality={QUALITY}"
        pay = f"rtpjpegpay mtu={RTP_SIZE} ! udpsink host=127.0.0.1 port={port} sync=false"
        return f"gst-launch-1.0 -q {encode} ! {pay}".split()

    def cpu(make: Callable[[int], list[str]]) -> float:
        return (cpu_of_run(make(MANY)) - cpu_of_run(make(FEW))) / (MANY - FEW)

    rival = "GStreamer y4mdec ! jpegenc ! rtpjpegpay"
    commands = {rival: gstreamer, "rtpjpeg-send, compatible (0.9)": ours("compatible")}
    commands["rtpjpeg-send, resilient"] = ours("resilient")
    with Server([sys.executable, ENDS, "drain", str(port)], port):
        table("Raw pictures in, packets out, CPU", measure(commands, rounds, cpu), (rival,))


def life(rounds: int) -> None:
    """Memory, start and end of a sender."""
    print(f"\n{'rtpjpeg-send, two synthetic cameras':50} {'median':>8} {'most':>8}")
    for profile in PROFILES:
        lives = [one_life(profile) for _ in range(rounds)]
        starts, sizes, ends = zip(*lives, strict=True)
        say(f"{profile}: start to the first packet (1000 ms)", starts, "ms")
        say(f"{profile}: resident memory (90 MiB)", sizes, "MiB")
        say(f"{profile}: SIGTERM to the end (2000 ms)", ends, "ms")
    helps = [wall_of_run([*SEND, "--help"]) for _ in range(2 * rounds)]
    say("--help (150 ms)", helps, "ms")
    say("for comparison: python -c pass", [wall_of_run([sys.executable, "-c", "pass"]) for _ in helps], "ms")


def say(what: str, figures: list[float] | tuple[float, ...], unit: str) -> None:
    """Print one row."""
    print(f"{what:50} {median(figures):8.0f} {max(figures):8.0f} {unit}")


def one_life(profile: str) -> tuple[float, float, float]:
    """Return milliseconds to the first packet, resident MiB while it sends, and milliseconds to its end."""
    with listening() as one, listening() as two:
        places = [word for sock in (one, two) for word in ("--dest", f"127.0.0.1:{sock.getsockname()[1]}")]
        command = [*SEND, "--source", "synthetic", *places, "--profile", profile, "--log-level", "error"]
        began = time.monotonic()
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            select.select([one, two], [], [], 20)
            start = time.monotonic() - began
            wait_for_frames(one, two)
            size = resident(process.pid)
            asked = time.monotonic()
            process.send_signal(signal.SIGTERM)
            process.wait()
        return start * 1e3, size, (time.monotonic() - asked) * 1e3


@contextmanager
def listening() -> Iterator[socket.socket]:
    """Give a socket on a port of its own."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", free_port()))
        sock.setblocking(False)
        yield sock


def wait_for_frames(*socks: socket.socket) -> None:
    """Read until each has got so many frames, told by their markers."""
    frames = dict.fromkeys(socks, 0)
    while min(frames.values()) < SETTLED:
        ready, _, _ = select.select(socks, [], [], 20)
        if not ready:
            raise SystemExit("no packet came for 20 s")
        for sock in ready:
            frames[sock] += sock.recv(2048)[1] >= 0x80


def resident(pid: int) -> float:
    """Return the MiB of a process that are in memory, libraries that others use too included."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def wall_of_run(command: list[str]) -> float:
    """Return the milliseconds from start to end."""
    began = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return (time.monotonic() - began) * 1e3


if __name__ == "__main__":
    main()
