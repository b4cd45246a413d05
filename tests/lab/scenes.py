"""Pictures that move as a camera's do, and the JPEGs that are sent of them: 640x480, 30 frames a second.

A pan goes there and back in 150 frames, and no two of its views are alike. The synthetic scene is drawn by
a clock that is made up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

import photographs
from lab.quality import Luma, luma_of
from rtpjpeg.capture.encode import JpegEncoder
from rtpjpeg.capture.intervals import PacketRoom
from rtpjpeg.capture.scene import Planes, Scene
from rtpjpeg.packetizer import MTU, scan_room

WIDTH, HEIGHT = 640, 480
FRAMES_A_SECOND = 30
QUALITY = 85
PAN = 150
"""Frames there and back."""
_WALL = 1_000_000_000
"""Seconds since 1970 at which the synthetic scene begins."""

Picture = photographs.Picture


@dataclass(frozen=True)
class Clip:
    """A few seconds of one scene, as pictures and as the JPEGs made of them."""

    name: str
    sources: list[Luma]
    """Luma of the pictures, before a JPEG was made of them."""
    plain: list[bytes]
    """Without restart markers: type 1."""
    restart: list[bytes]
    """The same pictures with restart markers: type 65."""
    interval: int
    """MCUs between restart markers."""


def photograph_clip(count: int, names: Sequence[str] = photographs.PHOTOGRAPHS) -> Clip:
    """Pan over photographs, one after another for an equal share of the time."""
    return _clip("photographs" if len(names) > 1 else names[0], lambda: _pan(names, count))


def synthetic_clip(count: int) -> Clip:
    """The scene of the synthetic camera."""
    return _clip("synthetic scene", lambda: _scene(count))


SCENES: dict[str, Callable[[int], Clip]] = {"photographs": photograph_clip, "synthetic": synthetic_clip}


def _clip(name: str, pictures: Callable[[], Iterable[Picture]]) -> Clip:
    """Encode pictures in both ways; they are made twice, for all of them at once would take 140 MB."""
    sources = [luma_of(picture) for picture in pictures()]
    # OpenCV encodes both, so that both decode to the same pixels; simplejpeg rounds otherwise.
    plain = [photographs.encode(picture, 1, QUALITY) for picture in pictures()]
    encoder = JpegEncoder(QUALITY, packet_room=PacketRoom(scan_room(MTU)))
    restart = [encoder.encode_bgr(picture) for picture in pictures()]
    return Clip(name, sources, plain, restart, encoder.restart_interval)


def _pan(names: Sequence[str], count: int) -> Iterator[Picture]:
    for place, name in enumerate(names):
        share = range(count * place // len(names), count * (place + 1) // len(names))
        order = [_view(index) for index in share]
        views = enumerate(photographs.panned(name, WIDTH, HEIGHT, PAN))
        wanted = set(order)
        chosen = {number: view for number, view in views if number in wanted}
        yield from (chosen[number] for number in order)


def _view(index: int) -> int:
    """Return the place of the window: every second one on the way there, the others on the way back."""
    step = index % PAN
    return 2 * step if step < PAN // 2 else 2 * (PAN - 1 - step) + 1


def _scene(count: int) -> Iterator[Picture]:
    scene = Scene(WIDTH, HEIGHT, 2, "camera1", 0)
    for index in range(count):
        seconds = index / FRAMES_A_SECOND
        yield _pixels(scene.draw(seconds, index, int((_WALL + seconds) * 1e6)))


def _pixels(planes: Planes) -> Picture:
    """Return planes as BGR; chroma is repeated, so that subsampling gives it back as it was."""
    wide = [plane.repeat(2, axis=0).repeat(2, axis=1) for plane in (planes.v, planes.u)]
    return np.asarray(cv2.cvtColor(cv2.merge((planes.y, *wide)), cv2.COLOR_YCrCb2BGR))
