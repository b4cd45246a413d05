"""The senders of GStreamer and FFmpeg, read by us: every frame arrives, every pixel equal.

The senders keep the pace of their pictures, 30 a second, and all that they sent is in our socket when
they have ended. So the receiver reads until then and empties the socket; it never waits for a frame.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from child import child
from peers import need, need_gstreamer, newest_ffmpeg
from photographs import PHOTOGRAPHS, pixels, video
from rtpjpeg import Depacketizer, Frame, FrameReceived
from rtpjpeg.clock import EXTENSION_IDS, NTP_64
from rtpjpeg.net.udp import UdpReceiver
from strangers import ffmpeg_sender, gstreamer_sender, write_jpegs, write_matroska

pytestmark = pytest.mark.interop

FRAMES = 10
QUALITIES = (50, 85, 99)
SIZES = ((640, 480), (1280, 720))

Command = Callable[[int], list[str]]


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("quality", QUALITIES)
@pytest.mark.parametrize("type_", (0, 1, 64, 65), ids=lambda type_: f"type{type_}")
def test_gstreamer(tmp_path: Path, type_: int, quality: int, size: tuple[int, int]) -> None:
    need_gstreamer("matroskademux", "jpegparse", "rtpjpegpay", "udpsink")
    need("ffmpeg")  # it writes the file that gives GStreamer's pictures their times
    jpegs = _make_video(tmp_path, type_, quality, size)
    joined = write_matroska(tmp_path)
    _judge(jpegs, _receive(lambda port: gstreamer_sender(joined, port)), type_)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("quality", QUALITIES)
@pytest.mark.parametrize("type_", (0, 1), ids=lambda type_: f"type{type_}")
@pytest.mark.parametrize("program", (lambda: need("ffmpeg"), newest_ffmpeg), ids=("ffmpeg5", "ffmpeg9"))
def test_ffmpeg(
    tmp_path: Path, program: Callable[[], str], type_: int, quality: int, size: tuple[int, int]
) -> None:
    path = program()
    jpegs = _make_video(tmp_path, type_, quality, size)
    _judge(jpegs, _receive(lambda port: ffmpeg_sender(path, tmp_path, port)), type_)


def test_capture_times_of_gstreamer() -> None:
    need_gstreamer("videotestsrc", "jpegenc", "rtpjpegpay", "rtpbin", "rtphdrextntp64", "udpsink")
    began = time.time()
    frames = _receive(_gstreamer_with_times, {NTP_64: 3})
    # Its session knows no time for the very first packet, and says so with a zero.
    dated = [frame for frame in frames if frame.captured_at is not None]
    assert len(frames) == FRAMES and len(dated) >= FRAMES - 1
    assert all(began < frame.captured_at < time.time() for frame in dated)
    for earlier, later in pairwise(dated):
        seconds = (later.timestamp - earlier.timestamp) % 2**32 / 90_000
        assert later.captured_at - earlier.captured_at == pytest.approx(seconds, abs=0.001)


def _gstreamer_with_times(port: int) -> list[str]:
    source = f"videotestsrc is-live=true num-buffers={FRAMES} ! video/x-raw,format=I420,width=320,height=240"
    session = f"r.send_rtp_sink_0 rtpbin name=r r.send_rtp_src_0 ! udpsink host=127.0.0.1 port={port}"
    mapping = f"application/x-rtp,extmap-3=(string){NTP_64}"
    line = f"gst-launch-1.0 -q {source} ! jpegenc ! rtpjpegpay ! {mapping} ! {session}"
    return line.split()


def _make_video(folder: Path, type_: int, quality: int, size: tuple[int, int]) -> list[bytes]:
    jpegs = video(PHOTOGRAPHS[type_ % 64 + QUALITIES.index(quality)], type_, quality, *size, FRAMES)
    write_jpegs(folder, jpegs)
    return jpegs


def _receive(command: Command, extension_ids: Mapping[str, int] = EXTENSION_IDS) -> list[Frame]:
    """Run a sender and return the frames that came of its packets."""
    depacketizer = Depacketizer(extension_ids=extension_ids)
    with UdpReceiver("127.0.0.1", 0) as receiver:
        with child(command(receiver.local_address[1]), stdout=subprocess.DEVNULL) as process:
            while process.poll() is None:
                _take(receiver, depacketizer, 0.05)
        while _take(receiver, depacketizer, 0.0):
            pass
        assert process.returncode == 0
        assert receiver.kernel_drops == 0, f"the receive buffer holds {receiver.granted_buffer} bytes"
    depacketizer.flush()
    events = list(iter(depacketizer.next_event, None))
    assert not [event for event in events if not isinstance(event, FrameReceived)]
    assert depacketizer.statistics.packets_lost == depacketizer.statistics.packets_rejected == 0
    return [event.frame for event in events if isinstance(event, FrameReceived)]


def _take(receiver: UdpReceiver, depacketizer: Depacketizer, timeout: float) -> bool:
    trains = receiver.receive(timeout)
    for train, _ in trains:
        depacketizer.push(train)
    return bool(trains)


def _judge(jpegs: list[bytes], frames: list[Frame], type_: int) -> None:
    """Hold the frames against the files that the sender had."""
    assert len(frames) == len(jpegs)
    assert {(frame.type, frame.q, frame.concealed) for frame in frames} == {(type_, 255, False)}
    assert not any(frame.findings for frame in frames)
    for index, (jpeg, frame) in enumerate(zip(jpegs, frames, strict=True)):
        assert np.array_equal(pixels(jpeg), pixels(frame.jpeg)), f"frame {index} differs"
