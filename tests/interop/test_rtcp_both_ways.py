"""RTCP with GStreamer's rtpbin and FFmpeg in both directions: our SR is accepted, and an RR comes of it.

A test goes on until both ends have read what the other one says; nothing here is a matter of time.
"""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import rtpjpeg
from child import child
from interop import rtpbin
from interop.introduction import Introduction
from interop.kernel import bound, free_port_pairs, sockets, wait_until
from interop.rtpbin import HERE, Rtpbin
from live.commands import PATIENCE, SEND, SMALL, Running
from peers import need, need_gstreamer, newest_ffmpeg
from receiver.feeding import number_of
from rtpjpeg import Frame
from rtpjpeg.receiver.decode import decode
from rtpjpeg.receiver.program.framestream import FrameStream

pytestmark = pytest.mark.interop

FRAMES = 120
UNREAD = 10
"""More pictures than wait at the end for a program that is slow on a busy machine: a third of a second."""
SR_TO_1970 = 2_208_988_800
"""Seconds from 1900, where NTP begins, to 1970."""

FFMPEGS = {"ffmpeg5": partial(need, "ffmpeg"), "ffmpeg9": newest_ffmpeg}
each_ffmpeg = pytest.mark.parametrize("program", FFMPEGS.values(), ids=FFMPEGS)


# -- we send ------------------------------------------------------------------------------------------


@contextmanager
def camera(port: int, local_port: int) -> Iterator[Running]:
    """Send a camera to a port from another one, and say what comes back."""
    words = f"--dest {HERE}:{port} --camera1 local_port={local_port} --log-level debug"
    with Running(SEND, *SMALL, *words.split()) as sender:
        yield sender


def reports(sender: Running) -> int:
    """Return how many reports the sender has read."""
    return sum("% lost, " in line for line in list(sender.err))


def end(sender: Running) -> dict[str, Any]:
    """End the sender; return what it counted."""
    (counted,) = sender.end(signal.SIGTERM)["cameras"]
    return dict(counted)


def test_rtpbin_accepts_our_sr_and_we_read_its_rr(tmp_path: Path) -> None:
    need_gstreamer("rtpbin", "udpsrc", "udpsink", "rtpjpegdepay", "multifilesink")
    there, here = free_port_pairs(2)
    began = time.time()
    with Rtpbin(rtpbin.receiving(there, here + 1, f"{tmp_path}/%05d.frame")) as peer:
        peer.await_(lambda peer: bound([there, there + 1]), "the pipeline")
        with camera(there, here) as sender:
            # Of a block whose LSR is there the round trip can be told; behind it comes one more.
            peer.await_(lambda peer: len(peer.answered()) > 1, "the answer to a sender report")
            before = reports(sender)
            sender.await_(lambda sender: reports(sender) > before + 1, "a report")
            counted = end(sender)
        assert wait_until(lambda: len(list(tmp_path.iterdir())) == counted["frames_sent"], PATIENCE)
        assert peer.interrupt() == 0
    judge_source(peer, counted, began)
    assert counted["round_trip_ms"] is not None and counted["remote_jitter_ms"] is not None
    assert counted["remote_loss"] == 0


def judge_source(peer: Rtpbin, counted: dict[str, Any], began: float) -> None:
    """Hold what rtpbin made of our reports against what we sent."""
    newest = peer.answered()[-1]
    assert (newest["ssrc"], newest["validated"], newest["have-sr"]) == (str(counted["ssrc"]), "true", "true")
    assert began < int(newest["sr-ntptime"]) / 2**32 - SR_TO_1970 < time.time()
    assert 0 < int(newest["sr-packet-count"]) <= counted["packets_sent"]
    (name,) = peer.names()[counted["ssrc"]]
    assert len(name) == 16


@each_ffmpeg
def test_we_read_the_rr_of_ffmpeg(tmp_path: Path, program: Callable[[], str]) -> None:
    path = program()
    there, here = free_port_pairs(2)
    with Introduction(here) as introduction:
        with Running(receiving_ffmpeg(path, introduction.url, there, tmp_path)) as peer:
            assert introduction.playing.wait(PATIENCE), f"FFmpeg does not play: {peer.err}"
            with camera(there, here) as sender:
                sender.await_(lambda sender: reports(sender) > 1, "a report")
                counted = end(sender)
            # Our BYE ends it. It reads RTCP in front of RTP, so what waits then is not read any more.
            assert peer.process.wait(PATIENCE) == 0
    numbers = [number_of(decode(path.read_bytes())) for path in sorted(tmp_path.iterdir())]
    assert numbers == list(range(len(numbers)))
    assert 0 <= counted["frames_sent"] - len(numbers) < UNREAD
    assert counted["round_trip_ms"] is not None and counted["remote_loss"] == 0


def receiving_ffmpeg(program: str, url: str, port: int, folder: Path) -> list[str]:
    source = f"-v warning -nostdin -rtsp_transport udp -min_port {port} -max_port {port + 1} -i {url} -c copy"
    return [program, *source.split(), *f"-f image2 -start_number 0 {folder}/%05d.frame".split()]


# -- they send ----------------------------------------------------------------------------------------


@contextmanager
def viewer() -> Iterator[tuple[int, FrameStream]]:
    """Receive on a port whose neighbour is free too."""
    (port,) = free_port_pairs(1)
    with rtpjpeg.open(f"rtp://{HERE}:{port}") as stream:
        yield port, stream


def test_we_read_the_sr_of_rtpbin_and_it_reads_our_rr() -> None:
    need_gstreamer("videotestsrc", "jpegenc", "rtpjpegpay", "rtpsink")
    began, frames = time.time(), list[Frame]()
    with viewer() as (port, stream), Rtpbin(rtpbin.sending(port)) as peer:

        def both_know() -> bool:
            frames.extend(filter(None, [stream.read(0.1)]))
            return bool(frames) and frames[-1].captured_at is not None and bool(peer.answers(frames[-1].ssrc))

        assert wait_until(both_know, PATIENCE), f"{stream.statistics()} {peer.out}"
        assert peer.interrupt() == 0
        (counted,) = stream.statistics()
    assert counted["reports_received"] > 0 and counted["packets_lost"] == counted["packets_rejected"] == 0
    newest = peer.answers(counted["ssrc"])[-1]
    assert (newest["rb-fractionlost"], newest["rb-packetslost"]) == ("0", "0")
    # 1/65536 s.
    assert newest["rtcp-from"] == f"{HERE}:{port + 1}" and 0 < int(newest["rb-round-trip"]) < 65536
    assert frames[-1].captured_at is not None and began - 1 < frames[-1].captured_at < time.time() + 1
    assert not any(frame.concealed for frame in frames)


@each_ffmpeg
def test_ffmpeg_sends_on_and_we_read_its_sr(program: Callable[[], str]) -> None:
    (local_port,) = free_port_pairs(1)
    frames, heard = 0, False
    with viewer() as (port, stream):
        command = sending_ffmpeg(program(), port, local_port)
        with child(command, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL) as peer:
            while (frame := stream.read(0.5)) is not None or peer.poll() is None:
                frames += frame is not None
                # Nobody reads there: what we say waits in the socket as long as FFmpeg runs.
                mine = sockets().get(local_port + 1)
                heard = heard or (mine is not None and mine.queued > 0)
        (counted,) = stream.statistics()
    assert peer.returncode == 0 and heard
    assert counted["frames_received"] == FRAMES and counted["reports_received"] > 0
    assert counted["packets_lost"] == counted["frames_concealed"] == counted["packets_rejected"] == 0


def sending_ffmpeg(program: str, port: int, local_port: int) -> list[str]:
    source = f"-v error -re -f lavfi -i testsrc2=size=160x120:rate=30 -frames:v {FRAMES}"
    encoder = "-c:v mjpeg -pix_fmt yuvj420p -huffman default -force_duplicated_matrix 1 -q:v 5"
    ports = f"rtcpport={port + 1}&localrtpport={local_port}&localrtcpport={local_port + 1}"
    return f"{program} {source} {encoder} -f rtp rtp://{HERE}:{port}?pkt_size=1352&{ports}".split()
