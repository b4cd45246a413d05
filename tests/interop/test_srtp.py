"""SRTP with GStreamer and FFmpeg, both ways and with both suites: 120 of 120 frames, every pixel equal.

GStreamer has libsrtp, FFmpeg an SRTP of its own. The sequence number wraps in each stream, so that the
rollover counter is in it too.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import rtpjpeg
from child import child
from interop.delivery import Delivery, deliver, say_bye
from interop.kernel import bound, free_port_pairs, wait_until
from interop.receivers import Place, Receiver, compare_jpegs
from peers import is_here, need, need_gstreamer, need_module, newest_ffmpeg
from photographs import pixels, video
from rtpjpeg import Depacketizer, Frame, FrameReceived, SenderSession, SessionDescription
from rtpjpeg.net.srtp import Protector, Unprotector
from rtpjpeg.net.udp import UdpReceiver
from rtpjpeg.srtpkey import TAG_SIZES, SrtpKey
from strangers import ffmpeg_sender, write_jpegs, write_matroska

pytestmark = pytest.mark.interop

FRAMES, SIZE = 120, (640, 480)
SSRC, FIRST = 0x5EED0002, 65_000
KEYS = {suite: SrtpKey(bytes(range(50, 66)), bytes(range(70, 84)), suite) for suite in TAG_SIZES}
OTHER = SrtpKey(bytes(16), bytes(14))
VIEW = [sys.executable, "-c", "import sys; from rtpjpeg.receiver.cli import main; sys.exit(main())"]
PATIENCE = 60.0


def material(key: SrtpKey) -> bytes:
    return key.key + key.salt


def gstreamer_words(key: SrtpKey) -> str:
    auth = f"hmac-sha1-{key.suite[-2:]}"
    return f"srtp-cipher=aes-128-icm,srtp-auth={auth},srtcp-cipher=aes-128-icm,srtcp-auth=hmac-sha1-80"


@pytest.fixture(autouse=True)
def library() -> None:
    need_module("cryptography")


@pytest.fixture(scope="session")
def jpegs() -> list[bytes]:
    return video("coffee", 65, 85, *SIZE, FRAMES)


# -- we send ------------------------------------------------------------------------------------------


@dataclass(eq=False)
class SecretDelivery(Delivery):
    """A stream that is encrypted, RTCP too, with a sequence number that wraps."""

    key: SrtpKey = OTHER

    def open(self, cleanup: ExitStack) -> None:
        super().open(cleanup)
        self.session = SenderSession(ssrc=SSRC, sequence_number=FIRST, mtu=1400 - self.key.tag_size)
        self.protector = Protector(self.key)
        self.bursts = map(self.protector.protect, self._cut())

    def end(self) -> None:
        if not self.receiver.ends_by_bye:
            return super().end()
        say_bye(SSRC, self.place.port + 1, self.protector.protect_rtcp)


def gstreamer_receiver(key: SrtpKey) -> Receiver:
    def command(place: Place) -> list[str]:
        caps = "application/x-srtp,media=video,clock-rate=90000,encoding-name=JPEG,payload=26,roc=(uint)0"
        caps += f",ssrc=(uint){SSRC},srtp-key=(buffer){material(key).hex()},{gstreamer_words(key)}"
        chain = f"udpsrc address=127.0.0.1 port={place.port} caps={caps} ! srtpdec ! rtpjpegdepay"
        sink = f"multifilesink location={place.folder}/%05d.frame"
        return ["gst-launch-1.0", "-q", "-e", *chain.split(), "!", *sink.split()]

    require = partial(need_gstreamer, "udpsrc", "srtpdec", "rtpjpegdepay", "multifilesink")
    return Receiver(require, command, compare_jpegs, ends_by_bye=False)


def ffmpeg_receiver(program: Callable[[], str], key: SrtpKey) -> Receiver:
    def command(place: Place) -> list[str]:
        path = place.folder / "session.sdp"
        stream = SessionDescription("127.0.0.1", place.port, protocol="RTP/SAVP", crypto=key, framerate=30)
        path.write_text(stream.serialize(), newline="")
        words = f"-v warning -nostdin -protocol_whitelist file,udp,rtp,srtp -i {path} -c copy"
        return [program(), *words.split(), *f"-f image2 -start_number 0 {place.folder}/%05d.frame".split()]

    return Receiver(program, command, compare_jpegs)


def receivers(key: SrtpKey) -> dict[str, Receiver]:
    return {
        "gstreamer": gstreamer_receiver(key),
        "ffmpeg5": ffmpeg_receiver(partial(need, "ffmpeg"), key),
        "ffmpeg9": ffmpeg_receiver(newest_ffmpeg, key),
    }


@pytest.fixture(scope="session")
def sent(jpegs: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, list[str]]]:
    """The faults of every receiver that is here, by suite: all are sent to side by side."""
    folder, found = tmp_path_factory.mktemp("srtp"), {}
    for suite, key in KEYS.items():
        present = {name: receiver for name, receiver in receivers(key).items() if is_here(receiver.require)}
        ports = free_port_pairs(len(present))
        deliveries = {
            name: SecretDelivery(
                receiver, Place(port, folder / f"{name}-{suite}", *SIZE), jpegs, 65, 85, key=key
            )
            for (name, receiver), port in zip(present.items(), ports, strict=True)
        }
        deliver([*deliveries.values()])
        found[suite] = {name: delivery.faults for name, delivery in deliveries.items()}
    return found


@pytest.mark.parametrize("suite", TAG_SIZES)
@pytest.mark.parametrize("peer", receivers(OTHER))
def test_they_show_what_we_encrypt(sent: dict[str, dict[str, list[str]]], peer: str, suite: str) -> None:
    receivers(OTHER)[peer].require()
    assert not sent[suite][peer], "\n".join(sent[suite][peer])


def test_they_show_nothing_with_another_key(jpegs: list[bytes], tmp_path: Path) -> None:
    receiver = gstreamer_receiver(OTHER)
    receiver.require()
    (port,) = free_port_pairs(1)
    place = Place(port, tmp_path / "wrong", *SIZE)
    delivery = SecretDelivery(receiver, place, jpegs, 65, 85, key=KEYS["AES_CM_128_HMAC_SHA1_80"])
    deliver([delivery])
    assert delivery.faults[0] == f"{FRAMES} frames sent, 0 received"


# -- they send ----------------------------------------------------------------------------------------


def gstreamer_command(folder: Path, key: SrtpKey, port: int) -> list[str]:
    need_gstreamer("matroskademux", "jpegparse", "rtpjpegpay", "srtpenc", "udpsink")
    need("ffmpeg")  # it writes the file that gives GStreamer's pictures their times
    source = f"filesrc location={write_matroska(folder)} ! matroskademux ! jpegparse"
    pay = f"rtpjpegpay mtu=1342 seqnum-offset={FIRST}"
    auth = f"rtp-auth=hmac-sha1-{key.suite[-2:]} rtcp-auth=hmac-sha1-80"
    encrypt = f"srtpenc key={material(key).hex()} rtp-cipher=aes-128-icm rtcp-cipher=aes-128-icm {auth}"
    return f"gst-launch-1.0 -q {source} ! {pay} ! {encrypt} ! udpsink host=127.0.0.1 port={port}".split()


def ffmpeg_command(program: Callable[[], str], folder: Path, key: SrtpKey, port: int) -> list[str]:
    words = f"-seq {FIRST} -srtp_out_suite {key.suite} -srtp_out_params {b64encode(material(key)).decode()}"
    return [word.replace("rtp://", "srtp://") for word in ffmpeg_sender(program(), folder, port, words)]


Command = Callable[[Path, SrtpKey, int], list[str]]
SENDERS: dict[str, Command] = {
    "gstreamer": gstreamer_command,
    "ffmpeg5": partial(ffmpeg_command, partial(need, "ffmpeg")),
    "ffmpeg9": partial(ffmpeg_command, newest_ffmpeg),
}


@pytest.mark.parametrize("suite", TAG_SIZES)
@pytest.mark.parametrize("peer", SENDERS)
def test_we_show_what_they_encrypt(peer: str, suite: str, tmp_path: Path) -> None:
    pictures = video("rocket", 1, 85, *SIZE, FRAMES)
    write_jpegs(tmp_path, pictures)
    frames, opener = receive(partial(SENDERS[peer], tmp_path, KEYS[suite]), KEYS[suite])
    assert len(frames) == FRAMES and (opener.rejected, opener.repeated) == (0, 0)
    for index, (jpeg, frame) in enumerate(zip(pictures, frames, strict=True)):
        assert np.array_equal(pixels(jpeg), pixels(frame.jpeg)), f"frame {index} differs"


def receive(command: Callable[[int], list[str]], key: SrtpKey) -> tuple[list[Frame], Unprotector]:
    """Run a sender; return the frames that came of its packets, and what opened them."""
    depacketizer, opener = Depacketizer(), Unprotector(key)
    with UdpReceiver("127.0.0.1", 0) as receiver:
        with child(command(receiver.local_address[1]), stdout=subprocess.DEVNULL) as process:
            while process.poll() is None:
                _take(receiver, opener, depacketizer, 0.05)
        while _take(receiver, opener, depacketizer, 0.0):
            pass
        assert process.returncode == 0 and receiver.kernel_drops == 0
    depacketizer.flush()
    events = list(iter(depacketizer.next_event, None))
    return [event.frame for event in events if isinstance(event, FrameReceived)], opener


def _take(receiver: UdpReceiver, opener: Unprotector, depacketizer: Depacketizer, timeout: float) -> bool:
    trains = receiver.receive(timeout)
    for train, _ in trains:
        depacketizer.push(opener.unprotect(train))
    return bool(trains)


def test_the_wrong_key_shows_nothing_and_says_so(tmp_path: Path) -> None:
    program = need("ffmpeg")
    write_jpegs(tmp_path, video("rocket", 1, 85, *SIZE, 45))
    key_file, (port,) = tmp_path / "wrong.key", free_port_pairs(1)
    key_file.touch(0o600)
    key_file.write_text(OTHER.serialize())
    words = [f"rtp://127.0.0.1:{port}", "--headless", "--json", "--srtp-key", str(key_file)]
    environment = {"PYTHONPATH": str(Path(rtpjpeg.__file__).parents[1]), "PATH": "/usr/bin:/bin"}
    with child(
        [*VIEW, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as view:
        assert wait_until(lambda: bound([port]), PATIENCE)
        command = ffmpeg_command(lambda: program, tmp_path, KEYS["AES_CM_128_HMAC_SHA1_80"], port)
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        view.send_signal(signal.SIGINT)
        out, err = view.communicate(timeout=PATIENCE)
    (stream,) = json.loads(out)["streams"]
    assert stream["frames_received"] == stream["packets_received"] == 0 and stream["packets_rejected"] > 45
    lines = [line for line in err.splitlines() if line.endswith("not fit the key")]
    assert 1 <= len(lines) <= 4 and all(line.startswith("rtpjpeg-view: rtp://127.0.0.1:") for line in lines)
