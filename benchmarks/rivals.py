"""Other people's receivers behind the same losses, as processes of their own, in real time.

What the link lets through is settled before it is sent. Each receiver gets it at 30 frames a second over
loopback and writes one file for each frame that it makes; many run side by side, each on its own port. The
kernel must lose nothing besides: it is asked, and a run in which it did is made again.
"""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from interop.delivery import say_bye
from interop.kernel import bound, free_port_pairs, sockets, wait_until
from interop.receivers import RTP_CAPS, Place
from lab.scenes import FRAMES_A_SECOND, HEIGHT, WIDTH
from lab.virtual import Road
from rtpjpeg import PacketTrain, SessionDescription
from rtpjpeg.net.impairment import Impairment
from rtpjpeg.net.udp import UdpSender

BUFFER = 4 << 20
WAITS = 0.5
"""Seconds after the last packet: more than a jitter buffer of 200 ms, and FFmpeg's 100 ms, hold back."""
PATIENCE = 20.0
_FILL = re.compile(rb"\xff+(?=\xff)")


@dataclass(frozen=True)
class Rival:
    """A receiver. ``ends_by_bye``: it stops at an RTCP BYE, else at SIGINT."""

    name: str
    command: Callable[[Place], list[str]]
    ends_by_bye: bool


def rivals() -> list[Rival]:
    """Return those that are installed."""
    found = [_gstreamer()] if shutil.which("gst-launch-1.0") else []
    programs = [shutil.which("ffmpeg"), _newest_ffmpeg()]
    return found + [_ffmpeg(program) for program in programs if program]


def _gstreamer() -> Rival:
    source = f"udpsrc address=127.0.0.1 port=%d buffer-size={BUFFER} caps={RTP_CAPS}"

    def command(place: Place) -> list[str]:
        pipeline = f"{source % place.port} ! rtpjitterbuffer ! rtpjpegdepay ! multifilesink"
        return ["gst-launch-1.0", "-q", "-e", *pipeline.split(), f"location={place.folder}/%05d.frame"]

    return Rival(f"GStreamer {_version(['gst-launch-1.0', '--version'])}", command, ends_by_bye=False)


def _ffmpeg(program: str) -> Rival:
    options = f"-v warning -nostdin -protocol_whitelist file,udp,rtp -buffer_size {BUFFER} -i".split()

    def command(place: Place) -> list[str]:
        sdp = place.folder / "session.sdp"
        stream = SessionDescription("127.0.0.1", place.port, width=WIDTH, height=HEIGHT, framerate=30)
        sdp.write_text(stream.serialize(), newline="")
        files = f"-c copy -f image2 -start_number 0 {place.folder}/%05d.frame".split()
        return [program, *options, str(sdp), *files]

    return Rival(f"FFmpeg {_version([program, '-version'])}", command, ends_by_bye=True)


def _newest_ffmpeg() -> str | None:
    """Return the FFmpeg that the package imageio-ffmpeg brings, where it is installed."""
    try:
        import imageio_ffmpeg

        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except (ImportError, RuntimeError):
        return None


def _version(command: list[str]) -> str:
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"version n?(\d+\.\d+)", said)
    return found[1] if found else "?"


@dataclass(eq=False)
class Run:
    """One receiver behind one link."""

    rival: Rival
    jpegs: list[bytes]
    impairment: Impairment
    frames: list[bytes] = field(default_factory=list)
    """What it made, in its order."""
    kernel_drops: int = 0
    ended_early: str = ""
    """What a receiver has said that did not wait for the end."""

    def open(self, port: int, cleanup: ExitStack) -> None:
        """Start the receiver, and settle what it will get."""
        folder = Path(cleanup.enter_context(tempfile.TemporaryDirectory()))
        self.place = Place(port, folder, WIDTH, HEIGHT)
        road = Road(self.jpegs, self.impairment)
        self.bursts = [(burst.leaves, PacketTrain.from_packets(burst.packets)) for burst in road]
        self.ssrc = road.session.ssrc
        with (folder / "log").open("wb") as log:
            command = self.rival.command(self.place)
            pipes = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": subprocess.STDOUT}
            self.process = subprocess.Popen(command, **pipes)
        cleanup.callback(self._stop)
        self.sender = cleanup.enter_context(UdpSender(("127.0.0.1", port)))

    def end(self) -> None:
        """Ask what the kernel dropped, and tell the receiver that no more will come."""
        state = sockets().get(self.place.port)
        self.kernel_drops = state.dropped if state else 0
        self.ended_early = "" if state else self.log() or "nothing"
        if self.rival.ends_by_bye:
            say_bye(self.ssrc, self.place.port + 1)
        else:
            self.process.send_signal(signal.SIGINT)

    def collect(self) -> None:
        """Wait for the end, and read what the receiver wrote. Raises ``SystemExit`` when it hangs."""
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise SystemExit(f"{self.rival.name} did not end and said {self.log()}") from None
        self.frames = [path.read_bytes() for path in sorted(self.place.folder.glob("*.frame"))]

    def log(self) -> str:
        """Return the last of what the receiver has said."""
        return (self.place.folder / "log").read_text(errors="replace")[-500:]

    def _stop(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def run(runs: list[Run], attempts: int = 3) -> None:
    """Run all side by side; again, fewer at a time, those in which the kernel dropped packets or worse."""
    _run_together(runs)
    for _ in range(1, attempts):
        again = [one for one in runs if one.kernel_drops or one.ended_early]
        for first in range(0, len(again), 4):
            _run_together(again[first : first + 4])
    for one in runs:
        if one.ended_early:
            raise SystemExit(f"{one.rival.name} ended before its time and said {one.ended_early}")


def _run_together(runs: list[Run]) -> None:
    with ExitStack() as cleanup:
        for one, port in zip(runs, free_port_pairs(len(runs)), strict=True):
            one.open(port, cleanup)
        ports = [one.place.port for one in runs]
        if not wait_until(lambda: bound(ports), PATIENCE):
            raise SystemExit("receivers did not bind their ports: " + " ".join(one.log() for one in runs))
        # As a viewer waits for a camera: nothing shows when a receiver has loaded all of its code.
        time.sleep(1.0)
        _send(runs)
        time.sleep(WAITS)
        for one in runs:
            one.end()
        for one in runs:
            one.collect()


def _send(runs: list[Run]) -> None:
    """Send every burst when its time has come; the streams are shifted, so that they share the time."""
    step = 1 / FRAMES_A_SECOND / len(runs)
    timed = [
        (leaves + place * step, train, one.sender)
        for place, one in enumerate(runs)
        for leaves, train in one.bursts
    ]
    start = time.monotonic()
    for leaves, train, sender in sorted(timed, key=lambda burst: burst[0]):
        time.sleep(max(0.0, start + leaves - time.monotonic()))
        sender.send(train)


def match(frames: list[bytes], sent: list[bytes]) -> Iterator[tuple[int, bool]]:
    """Yield which frame each is that a receiver made, and whether it is one that was sent.

    A frame is known by its scan. One that is none of those sent stands behind the one before it.
    """
    numbers = {_scan(jpeg): number for number, jpeg in enumerate(sent)}
    newest = -1
    for jpeg in frames:
        number = numbers.get(_scan(jpeg))
        newest = newest + 1 if number is None else number
        yield newest, number is not None


def _scan(jpeg: bytes) -> bytes:
    """Return the scan of a JPEG, without fill bytes and what is behind it: FFmpeg writes EOI twice."""
    start = jpeg.find(b"\xff\xda")
    length = int.from_bytes(jpeg[start + 2 : start + 4])
    return _FILL.sub(b"", jpeg[start + 2 + length :].partition(b"\xff\xd9")[0])
