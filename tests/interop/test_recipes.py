"""The recipes of docs/recipes.md, each taken from the page and run: frames must be seen."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from interop.kernel import bound, free_port_pairs, wait_until
from interop.recipes import (
    PATIENCE,
    RECIPES,
    SECRET_RECIPES,
    blocks,
    command,
    figure,
    fitted,
    running,
    shown,
)
from peers import need, need_gstreamer, need_module
from rtpjpeg import SessionDescription
from rtpjpeg.net.udp import UdpReceiver

pytestmark = pytest.mark.interop

FRAMES = 5
SYNTHETIC = [("--source auto", "--source synthetic")]
SENDERS = {"send", "send-mediamtx", "from-gstreamer", "from-ffmpeg"}
SECRET_SENDERS = {"key", "send-srtp", "from-gstreamer-srtp", "from-ffmpeg-srtp"}


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that other users may read, for a program that refuses to be root; ``snaps`` is theirs."""
    with tempfile.TemporaryDirectory(prefix="recipe") as name:
        made = Path(name)
        made.chmod(0o755)
        (made / "snaps").mkdir()
        (made / "snaps").chmod(0o777)
        yield made


@pytest.fixture
def port() -> int:
    return free_port_pairs(1)[0]


def said(folder: Path, log: str) -> str:
    return (folder / log).read_text(errors="replace")[-4000:]


def test_every_recipe_is_run() -> None:
    assert set(blocks()) == {*RECIPES, *SENDERS, *SECRET_RECIPES, *SECRET_SENDERS, "mediamtx"}


@pytest.mark.parametrize("name", RECIPES)
def test_a_program_shows_what_we_send(name: str, folder: Path, port: int) -> None:
    recipe = RECIPES[name]
    recipe.require()
    with running(["sh", "-c", fitted("send", port, SYNTHETIC)], folder, "sender") as sender:
        described = wait_until((folder / "camera.sdp").exists, PATIENCE)
        assert described and sender.poll() is None, said(folder, "sender")
        (folder / "camera.sdp").chmod(0o644)
        with running(command(name, port, recipe), folder, "log") as process:
            assert shown(process, recipe.count, folder, "log", FRAMES) >= FRAMES, said(folder, "log")


@pytest.mark.parametrize("name", ["from-gstreamer", "from-ffmpeg"])
def test_we_show_what_a_program_sends(name: str, folder: Path, port: int) -> None:
    if name == "from-ffmpeg":
        need("ffmpeg")
    else:
        need_gstreamer("videotestsrc", "jpegenc", "rtpjpegpay", "udpsink")
    with running(command("view", port, RECIPES["view"]), folder, "log") as process:
        assert wait_until(lambda: bound([port]), PATIENCE), said(folder, "log")
        with running(["sh", "-c", fitted(name, port)], folder, "sender"):
            assert shown(process, figure, folder, "log", FRAMES) >= FRAMES, said(folder, "sender")


@pytest.fixture
def key(folder: Path) -> None:
    """The folder holds a key, made as the page says."""
    need_module("cryptography")
    need("openssl")
    subprocess.run(["sh", "-c", blocks()["key"][1]], cwd=folder, check=True)


@pytest.mark.parametrize("name", SECRET_RECIPES)
def test_a_program_shows_what_we_encrypt(name: str, folder: Path, port: int, key: None) -> None:
    recipe = SECRET_RECIPES[name]
    recipe.require()
    with running(["sh", "-c", fitted("send-srtp", port, SYNTHETIC)], folder, "sender") as sender:
        described = wait_until((folder / "camera.sdp").exists, PATIENCE)
        assert described and sender.poll() is None, said(folder, "sender")
        found = re.search(r"SSRC (\d+)", said(folder, "sender"))
        assert found, said(folder, "sender")
        if "gstreamer" in name:
            recipe = replace(recipe, edits=[*recipe.edits, ("3275132548", found[1])])
        with running(command(name, port, recipe), folder, "log") as process:
            assert shown(process, recipe.count, folder, "log", FRAMES) >= FRAMES, said(folder, "log")


@pytest.mark.parametrize("name", ["from-gstreamer-srtp", "from-ffmpeg-srtp"])
def test_we_show_what_a_program_encrypts(name: str, folder: Path, port: int, key: None) -> None:
    if name == "from-ffmpeg-srtp":
        need("ffmpeg")
    else:
        need_gstreamer("videotestsrc", "jpegenc", "rtpjpegpay", "srtpenc", "udpsink")
    view = command("view-srtp", port, SECRET_RECIPES["view-srtp"])
    with running(view, folder, "log") as process:
        assert wait_until(lambda: bound([port]), PATIENCE), said(folder, "log")
        with running(["sh", "-c", fitted(name, port)], folder, "sender"):
            assert shown(process, figure, folder, "log", FRAMES) >= FRAMES, said(folder, "sender")


def test_mediamtx_is_given_a_configuration_that_means_our_stream() -> None:
    path = need_module("yaml").safe_load(blocks()["mediamtx"][1])["paths"]["camera1"]
    assert set(path) == {"source", "rtpSDP"}
    stream = SessionDescription.parse(path["rtpSDP"])
    assert (stream.port, stream.payload_type, stream.protocol) == (5000, 26, "RTP/AVP")
    scheme, address = path["source"].split("://")
    assert (scheme, address) == ("udp+rtp", f"{stream.address}:{stream.port}")
    assert re.search(r"--dest [\d.]+:5000\b", blocks()["send-mediamtx"][1])


def test_what_mediamtx_is_sent_keeps_the_rules_of_its_decoder(folder: Path) -> None:
    with UdpReceiver("127.0.0.1", 0) as receiver:
        text = fitted("send-mediamtx", receiver.local_address[1], SYNTHETIC)
        with running(["sh", "-c", f"{text} --frames 5"], folder, "sender") as sender:
            packets: list[bytes] = []
            wait_until(lambda: bool(_take(receiver, packets)) and sender.poll() is not None, PATIENCE)
            sender.wait(PATIENCE)
        _take(receiver, packets)
    assert sum(packet[1] >> 7 for packet in packets) == 5  # the marker: five frames
    for packet in packets:
        _check(packet)


def _take(receiver: UdpReceiver, packets: list[bytes]) -> list[bytes]:
    for train, _ in receiver.receive(0.02):
        packets += train
    return packets


def _check(packet: bytes) -> None:
    """Hold a packet to what gortsplib's pkg/format/rtpmjpeg takes: anything else loses the frame."""
    offset, type_, q, width, height = (
        int.from_bytes(packet[13:16], "big"),
        packet[16],
        packet[17],
        packet[18] * 8,
        packet[19] * 8,
    )
    assert packet[0] == 0x80 and packet[1] & 0x7F == 26  # no extension, no padding
    assert type_ in (0, 1)  # no restart markers
    assert 1 <= q <= 99 or 128 <= q <= 255
    if q >= 128 and offset == 0:
        assert int.from_bytes(packet[22:24], "big") in (64, 128)
    assert (width, height) == (640, 480)  # multiples of 8, 2040 at most
