"""What encrypts the packets of cameras, where their configuration names a key."""

from __future__ import annotations

from collections.abc import Sequence

from ..config import CameraConfig
from ..errors import ConfigError
from ..net.keyfile import read_key
from ..net.srtp import Protector


def protectors(cameras: Sequence[CameraConfig]) -> dict[str, Protector]:
    """Return a protector for each camera that has a key, by the camera's name.

    Raises ``ConfigError`` for all faults of all key files at once, ``TransportError`` when one cannot be
    read or the library is missing.
    """
    found: dict[str, Protector] = {}
    faults: dict[str, None] = {}  # two cameras with one file have one fault
    for camera in cameras:
        if camera.srtp_key is not None:
            try:
                found[camera.name] = Protector(read_key(camera.srtp_key))
            except ConfigError as error:
                faults |= dict.fromkeys(error.faults)
    if faults:
        raise ConfigError(*faults)
    return found
