"""Our sender, judged by GStreamer, FFmpeg 5.1, FFmpeg 9 and PyAV: every frame arrives, every pixel equal.

A round is one type and one size: all receivers and all qualities at once, each pair with a process,
a port and a stream of its own. The first test of a round runs it; the others read its result.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from interop.delivery import Delivery, deliver
from interop.kernel import free_port_pairs
from interop.receivers import GSTREAMER_WITH_JITTER_BUFFER, RECEIVERS, Place, Receiver
from peers import is_here
from photographs import OWN_TABLES, PHOTOGRAPHS, Quality, encode, panned, video
from rtpjpeg.capture.encode import JpegEncoder
from rtpjpeg.capture.intervals import PacketRoom
from rtpjpeg.packetizer import MTU, scan_room

pytestmark = pytest.mark.interop

FRAMES = 10

TYPES = (0, 1, 64, 65)
# The last size is no multiple of 8: 648x488 on the wire, cropped again for the comparison.
SIZES = ((640, 480), (1280, 720), (1920, 1080), (648, 488), (644, 483))
# JPEG qualities by name. Tables of their own go out as Q 128 in profile resilient, which the types above
# 63 are sent with, and as Q 255 in profile compatible.
OWN = "own tables"
QUALITIES: dict[str, Quality] = {"50": 50, "85": 85, "99": 99, OWN: OWN_TABLES}

Faults = dict[str, list[str]]
Rounds = dict[tuple[int, tuple[int, int]], dict[str, Faults]]


@pytest.fixture(scope="session")
def rounds() -> Rounds:
    """The faults of every round that has run, by receiver and Q."""
    return {}


@pytest.mark.parametrize("q", QUALITIES)
@pytest.mark.parametrize("peer", RECEIVERS)
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("type_", TYPES, ids=lambda type_: f"type{type_}")
def test_every_frame_arrives_with_every_pixel(
    rounds: Rounds,
    tmp_path_factory: pytest.TempPathFactory,
    type_: int,
    size: tuple[int, int],
    peer: str,
    q: str,
) -> None:
    RECEIVERS[peer].require()
    if (type_, size) not in rounds:
        present = {name: receiver for name, receiver in RECEIVERS.items() if is_here(receiver.require)}
        rounds[type_, size] = _run_round(tmp_path_factory.mktemp("round"), present, type_, size)
    faults = rounds[type_, size][peer][q]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("type_", TYPES, ids=lambda type_: f"type{type_}")
def test_a_jitter_buffer_changes_nothing(tmp_path: Path, type_: int) -> None:
    GSTREAMER_WITH_JITTER_BUFFER.require()
    receivers = {"jitterbuffer": GSTREAMER_WITH_JITTER_BUFFER}
    for q, faults in _run_round(tmp_path, receivers, type_, SIZES[0])["jitterbuffer"].items():
        assert not faults, f"Q {q}: " + "\n".join(faults)


@pytest.fixture(scope="session")
def fitted_rounds() -> dict[bool, dict[str, Faults]]:
    """The faults of the rounds of fitted intervals that have run, by fill, receiver and Q."""
    return {}


@pytest.mark.parametrize("q", ["85", OWN])
@pytest.mark.parametrize("peer", RECEIVERS)
@pytest.mark.parametrize("fill", [False, True], ids=["unfilled", "filled"])
def test_fitted_intervals_arrive_with_every_pixel(
    fitted_rounds: dict[bool, dict[str, Faults]],
    tmp_path_factory: pytest.TempPathFactory,
    fill: bool,
    peer: str,
    q: str,
) -> None:
    RECEIVERS[peer].require()
    if fill not in fitted_rounds:
        present = {name: receiver for name, receiver in RECEIVERS.items() if is_here(receiver.require)}
        videos = {q: list(_fitted(QUALITIES[q], fill)) for q in ("85", OWN)}
        folder = tmp_path_factory.mktemp("fitted")
        fitted_rounds[fill] = _send_round(folder, present, videos, 65, SIZES[0], fill)
    faults = fitted_rounds[fill][peer][q]
    assert not faults, "\n".join(faults)


def _fitted(quality: Quality, fill: bool) -> Iterator[bytes]:
    """Encode as a camera of profile resilient does; with tables of its own at the same interval."""
    encoder = JpegEncoder(85, packet_room=PacketRoom(scan_room(MTU), fill))
    for picture in panned("rocket", *SIZES[0], FRAMES):
        jpeg = encoder.encode_bgr(picture)
        yield jpeg if isinstance(quality, int) else encode(picture, 65, quality, encoder.restart_interval)


def _run_round(
    folder: Path, receivers: dict[str, Receiver], type_: int, size: tuple[int, int]
) -> dict[str, Faults]:
    """Send a photograph to every receiver at every quality."""
    photograph = PHOTOGRAPHS[(TYPES.index(type_) + SIZES.index(size)) % len(PHOTOGRAPHS)]
    videos = {q: video(photograph, type_, quality, *size, FRAMES) for q, quality in QUALITIES.items()}
    return _send_round(folder, receivers, videos, type_, size)


def _send_round(
    folder: Path,
    receivers: dict[str, Receiver],
    videos: dict[str, list[bytes]],
    type_: int,
    size: tuple[int, int],
    fill: bool = False,
) -> dict[str, Faults]:
    """Send to every receiver each of the videos, which are named by their Q."""
    profile, own = ("resilient", 128) if type_ & 64 else ("compatible", 255)
    ports = iter(free_port_pairs(len(receivers) * len(videos)))
    deliveries = {
        peer: {
            q: Delivery(
                receiver,
                Place(next(ports), folder / f"{peer}-q{q[:3]}", *size),
                jpegs,
                type_,
                own if q == OWN else int(q),
                profile,
                fill,
            )
            for q, jpegs in videos.items()
        }
        for peer, receiver in receivers.items()
    }
    deliver([delivery for of_peer in deliveries.values() for delivery in of_peer.values()])
    return {peer: {q: delivery.faults for q, delivery in made.items()} for peer, made in deliveries.items()}
