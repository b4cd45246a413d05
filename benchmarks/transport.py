"""CPU per frame of sending and receiving, side by side in one run with GStreamer and FFmpeg.

    make bench                                  the whole table, about three minutes
    make bench BENCH_ARGS='--rounds 3'          quicker

Frames are panned photographs, 640x480. CPU is user and system time of the whole process, all threads,
as the kernel tells it. A sender is run with few and with many frames; the difference counts, so the
start of a process is in no figure. A receiver is asked before and after a feed: of 1000 frames a second,
where its code is hot, and of 30, where every frame finds the caches cold and all receivers cost more.
The commands take turns, round by round, and a ratio is the median of the ratios of its rounds:
machines are noisy. Nothing is asserted; people judge.
"""

from __future__ import annotations

import argparse
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import TypeVar

from processes import Server, cpu_of_run

BENCHMARKS = Path(__file__).resolve().parent
ENDS = str(BENCHMARKS / "ends.py")
ROOT = Path(__file__).resolve().parent.parent
FEW, MANY = 100, 3100
PACED = 1100
"""Frames of a sender that takes its time: 100 a second."""
FEEDS = ((1000, 1000), (30, 120))
"""Frames a second, and how many."""
STREAMS = (
    ("plain", "gso", "from a GSO sender"),
    ("plain", "single", "from single datagrams"),
    ("restart", "train", "profile resilient"),
    ("filled", "fill", "resilient with fill"),
)
"""Which frames a receiver is fed with, how they are sent, and what the table calls that."""
Command = Callable[[int], list[str]]
"""Makes the command line for a number of frames, or for a port."""
Choice = TypeVar("Choice")
RTP_SIZE = 1352
QUALITY = 85
SDP = "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=-\nc=IN IP4 127.0.0.1\nt=0 0\nm=video {port} RTP/AVP 26\n"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="how often each command is measured (5)")
    parser.add_argument("--only", choices=("send", "receive", "busy"), help="one part of the table")
    options = parser.parse_args()
    for program in ("gst-launch-1.0", "ffmpeg"):
        if shutil.which(program) is None:
            raise SystemExit(f"{program} is not installed; this benchmark measures beside it")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_frames(folder)
        if options.only in (None, "send"):
            senders(folder, options.rounds)
        if options.only in (None, "receive"):
            receivers(folder, options.rounds)
        if options.only in (None, "busy"):
            busy(folder)


def make_frames(folder: Path) -> None:
    """Write 24 views of each kind as files, and long and short streams of the plain ones for the peers.

    Those with restart markers are fitted to packets, and to packets that are filled.
    """
    sys.path.insert(0, str(ROOT / "fixtures"))
    from photographs import panned
    from rtpjpeg.capture.encode import JpegEncoder
    from rtpjpeg.capture.intervals import PacketRoom
    from rtpjpeg.packetizer import MTU, scan_room

    views = list(panned("chelsea", 640, 480, 24))
    rooms = {"restart": PacketRoom(scan_room(MTU)), "filled": PacketRoom(scan_room(MTU), filled=True)}
    # An interval larger than the picture: the same encoder makes plain frames too.
    encoders = {"plain": JpegEncoder(QUALITY, restart_interval=0xFFFF)}
    encoders |= {kind: JpegEncoder(QUALITY, packet_room=room) for kind, room in rooms.items()}
    before = 0
    for kind, encoder in encoders.items():
        frames = [encoder.encode_bgr(view) for view in views]
        (folder / kind).mkdir()
        for number, jpeg in enumerate(frames):
            (folder / kind / f"{number:03}.jpg").write_bytes(jpeg)
        before = before or wire(frames, kind)[0]
        say(kind, frames, encoder.restart_interval, before)
        if kind == "plain":
            for count in (FEW, PACED, MANY):
                stream = b"".join(frames[number % len(frames)] for number in range(count))
                (folder / f"{kind}-{count}.mjpeg").write_bytes(stream)


def wire(frames: list[bytes], kind: str) -> tuple[int, int]:
    """Return bytes with IP and UDP headers, and packets, of all frames together."""
    from rtpjpeg import SenderSession

    session = SenderSession(fill=kind == "filled")
    trains = [session.send_frame(jpeg, number / 30, 0.0) for number, jpeg in enumerate(frames)]
    packets = sum(map(len, trains))
    return sum(train.nbytes for train in trains) + 28 * packets, packets


def say(kind: str, frames: list[bytes], interval: int, before: int) -> None:
    """Print what a frame of a kind is, and what it costs beside a plain one."""
    size, packets = wire(frames, kind)
    share = f"{size / before - 1:+.1%}, {interval} MCUs an interval" if kind != "plain" else "all headers in"
    count = len(frames)
    print(f"{kind} frames: {size / count / 1000:.1f} kB on the wire, {packets / count:.0f} packets, {share}")


def free_port() -> int:
    """Return an even UDP port that is free now."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.bind(("127.0.0.1", 0))
            port: int = sock.getsockname()[1]
        if port % 2 == 0:
            return port


def senders(folder: Path, rounds: int) -> None:
    """Rows 1 and 2: JPEG in, packets out, nobody paced, with a listener that reads."""
    python, command = sys.executable, str(Path(sys.executable).with_name("rtpjpeg-send"))
    port = free_port()
    target = f"127.0.0.1:{port}"

    def ours(kind: str, profile: str) -> Command:
        return lambda count: [python, ENDS, "send", str(folder / kind), str(count), str(port), profile]

    def replay(fps: int, count: int) -> list[str]:
        source = f"replay:{folder / f'plain-{count}.mjpeg'}"
        options = f"--fps {fps} --dest {target} --profile compatible --log-level error"
        return [command, "--source", source, *options.split()]

    def gstreamer(count: int) -> list[str]:
        pay = f"rtpjpegpay mtu={RTP_SIZE} ! udpsink host=127.0.0.1 port={port} sync=false"
        return f"gst-launch-1.0 -q filesrc location={folder}/plain-{count}.mjpeg ! jpegparse ! {pay}".split()

    def ffmpeg(count: int, *pace: str) -> list[str]:
        source = f"{folder}/plain-{count}.mjpeg"
        url = f"rtp://{target}?pkt_size={RTP_SIZE}"
        return ["ffmpeg", "-v", "error", *pace, "-f", "mjpeg", "-i", source, "-c", "copy", "-f", "rtp", url]

    rivals = {"GStreamer jpegparse ! rtpjpegpay ! udpsink": gstreamer, "FFmpeg -c copy -f rtp": ffmpeg}
    commands: dict[str, Command] = {
        **rivals,
        "library loop, compatible": ours("plain", "compatible"),
        "library loop, resilient": ours("restart", "resilient"),
        "library loop, resilient, fill": ours("filled", "resilient-fill"),
        "rtpjpeg-send --fps 0, compatible": partial(replay, 0),
        "rtpjpeg-send at 100 frames/s, compatible": partial(replay, 100),
        "for comparison: FFmpeg at 100 frames/s": lambda count: ffmpeg(count, "-framerate", "100", "-re"),
    }
    many = {name: PACED if "100 frames/s" in name else MANY for name in commands}
    named = {name: (make, many[name]) for name, make in commands.items()}
    with Server([python, ENDS, "drain", str(port)], port):
        measured = measure(named, rounds, lambda choice: cpu_of_frames(*choice))
    table("Sender, CPU per frame", measured, tuple(rivals))


def cpu_of_frames(make: Command, many: int) -> float:
    """Return the CPU seconds of one frame: those of many frames less those of few."""
    return (cpu_of_run(make(many)) - cpu_of_run(make(FEW))) / (many - FEW)


def receivers(folder: Path, rounds: int) -> None:
    """Row 3: packets in, JPEG out, reordering included."""
    python = sys.executable

    def gstreamer(port: int) -> list[str]:
        caps = "application/x-rtp,media=video,clock-rate=90000,encoding-name=JPEG,payload=26"
        depay = "rtpjitterbuffer ! rtpjpegdepay ! fakesink"
        return f"gst-launch-1.0 -q udpsrc port={port} buffer-size=4194304 caps={caps} ! {depay}".split()

    def ffmpeg(port: int) -> list[str]:
        sdp = folder / f"{port}.sdp"
        sdp.write_text(SDP.format(port=port))
        options = ["-v", "quiet", "-protocol_whitelist", "file,udp,rtp", "-buffer_size", "4194304"]
        return ["ffmpeg", *options, "-i", str(sdp), "-c", "copy", "-f", "null", "-"]

    def cpu(frames: str, kind: str, rate: int, count: int, make: Command) -> float:
        port = free_port()
        feed = [python, ENDS, "feed", str(folder / frames)]
        with Server(make(port), port) as server:
            # Before the first frames FFmpeg guesses the frame rate, and all of them load code.
            subprocess.run([*feed, "50", str(port), kind, "100"], check=True)
            before = server.cpu()
            subprocess.run([*feed, str(count), str(port), kind, str(rate)], check=True)
            return (server.cpu() - before) / count

    def ours(port: int) -> list[str]:
        return [python, ENDS, "receive", str(port)]

    rival = "GStreamer udpsrc ! rtpjitterbuffer ! rtpjpegdepay"
    commands = {rival: gstreamer, "FFmpeg -c copy": ffmpeg, "ours": ours}
    for rate, count in FEEDS:
        for frames, kind, said in STREAMS:
            measured = measure(commands, rounds, partial(cpu, frames, kind, rate, count))
            table(f"Receiver, {said}, {rate} frames/s", measured, (rival,))


def measure(
    choices: dict[str, Choice], rounds: int, cpu: Callable[[Choice], float]
) -> dict[str, list[float]]:
    """Let the commands take turns; return the seconds of each, round by round."""
    measured: dict[str, list[float]] = {name: [] for name in choices}
    for _ in range(rounds):
        for name, choice in choices.items():
            measured[name].append(cpu(choice))
    return measured


def table(title: str, measured: dict[str, list[float]], rivals: Sequence[str]) -> None:
    """Print medians, and ratios to the better of the rivals in each round."""
    best = [min(figures) for figures in zip(*(measured[name] for name in rivals), strict=True)]
    print(
        f"\n{title:50} {'us':>8} {'min':>8} {'ratio to the better peer' if len(rivals) > 1 else 'ratio':>8}"
    )
    for name, figures in measured.items():
        ratio = median(figure / other for figure, other in zip(figures, best, strict=True))
        print(f"{name:50} {median(figures) * 1e6:8.1f} {min(figures) * 1e6:8.1f} {ratio:8.2f}")


def busy(folder: Path) -> None:
    """What one busy Python thread beside it costs a sender and a receiver."""
    print("\nBeside one busy Python thread")
    subprocess.run(
        [sys.executable, str(BENCHMARKS / "busy.py"), str(folder / "plain"), str(folder / "restart")],
        check=True,
    )


if __name__ == "__main__":
    main()
