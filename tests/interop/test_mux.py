"""Strangers play a stream whose RTCP comes on the port of RTP, from the description that says so."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from interop.kernel import free_port_pairs, wait_until
from live.commands import PATIENCE, SEND, Running
from peers import need, need_gstreamer, newest_ffmpeg

pytestmark = pytest.mark.interop

FRAMES = 45


def _ffmpeg(program: Callable[[], str]) -> Callable[[Path], list[str]]:
    def command(path: Path) -> list[str]:
        words = f"-v warning -nostdin -protocol_whitelist file,udp,rtp -i {path} -frames:v {FRAMES} -f null -"
        return [program(), *words.split()]

    return command


def _gstreamer(path: Path) -> list[str]:
    need_gstreamer("sdpdemux", "rtpjpegdepay", "identity")
    chain = f"filesrc location={path} ! sdpdemux ! rtpjpegdepay ! identity eos-after={FRAMES} ! fakesink"
    return ["gst-launch-1.0", "-q", *chain.split()]


@pytest.mark.rule("T-038", "D-013", "D-023")
@pytest.mark.parametrize("mux", ["false", "true"], ids=["apart", "shared"])
@pytest.mark.parametrize(
    "command",
    [_ffmpeg(lambda: need("ffmpeg")), _ffmpeg(newest_ffmpeg), _gstreamer],
    ids=["ffmpeg5", "ffmpeg9", "gstreamer"],
)
def test_what_is_described_plays(
    command: Callable[[Path], list[str]], mux: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (port,), path = free_port_pairs(1), tmp_path / "camera.sdp"
    monkeypatch.setenv("RTPJPEG_MJPEG_RTP_RTCP_MUX", mux)
    player = command(path)
    words = ["--source", "synthetic", "--size", "320x240", "--dest", f"127.0.0.1:{port}", "--sdp", str(path)]
    with Running(SEND, *words):
        assert wait_until(lambda: path.exists() and "recvonly" in path.read_text(), PATIENCE)
        assert ("a=rtcp-mux" in path.read_text()) is (mux == "true") and "a=ssrc:" in path.read_text()
        done = subprocess.run(player, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
