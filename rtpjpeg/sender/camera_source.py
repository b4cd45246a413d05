"""Where a stream's pictures come from: a camera, opened as its configuration stands now."""

from __future__ import annotations

from ..capture import Camera, is_present, open_camera
from ..capture.intervals import PacketRoom
from ..capture.nosignal import NoSignal
from ..config import CameraConfig
from ..packetizer import scan_room

USUAL_RATE = 30.0
"""Frames a second where nothing else is said."""


class CameraSource:
    """Opens a camera as its configuration stands now; a reload changes it."""

    def __init__(self, config: CameraConfig) -> None:
        self.config = config

    @property
    def is_file(self) -> bool:
        """True for recorded pictures: nothing to wait for when they cannot be opened."""
        return self.config.source.startswith("replay:")

    def open(self) -> Camera:
        """Return the camera, open. Raises ``CaptureError``, ``ConfigError``."""
        config = self.config
        return open_camera(
            config.source,
            name=config.name,
            device=config.device,
            width=config.width,
            height=config.height,
            crop=config.crop,
            target_size=config.target_size,
            flip_method=config.flip_method,
            controls=config.controls,
            fps=config.fps,
            quality=config.quality,
            packet_room=packet_room(config),
            transcode=config.transcode,
            profile=config.profile,
        )

    def no_signal(self) -> NoSignal:
        """Return the maker of pictures for the time when the camera gives none."""
        config = self.config
        return NoSignal(config.name, config.width, config.height, config.quality, packet_room(config))

    def is_present(self) -> bool | None:
        """Return whether the device is there; None where nobody can tell."""
        return is_present(self.config.source, self.config.device, self.config.name)


def packet_room(config: CameraConfig) -> PacketRoom | None:
    """Return what restart intervals are to fit; None for pictures without."""
    return PacketRoom(scan_room(config.clear_mtu), config.fill) if config.profile == "resilient" else None
