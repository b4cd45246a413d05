"""SDP files: what a receiver needs to know of each camera."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..clock import EXTENSION_IDS, NTP_EPOCH
from ..errors import TransportError
from ..sdp import SessionDescription
from .stream import CameraStream

_log = logging.getLogger(__name__)


def write_descriptions(streams: Sequence[CameraStream], hops: Mapping[str, int | None], path: Path) -> None:
    """Write an SDP file for each camera; from the second on the camera's name is added to the file's.

    ``hops`` is the TTL of each camera's packets. Raises ``TransportError`` when a file cannot be written.
    """
    for index, stream in enumerate(streams):
        target = path.with_stem(f"{path.stem}-{stream.name}") if index else path
        described = describe(stream, hops[stream.name])
        secret = described.crypto is not None
        try:
            _write(target, described.serialize(), secret)
        except OSError as error:
            raise TransportError(f"{target} cannot be written: {error.strerror}") from None
        warning = ", which holds the key: nobody but its owner may read it" if secret else ""
        _log.info("%s: described in %s%s", stream.name, target, warning)


def _write(path: Path, text: str, secret: bool) -> None:
    """Write a description; one with a key for its owner alone, also where the file was there."""
    mode = 0o600 if secret else 0o666
    with open(path, "wb", opener=lambda name, flags: os.open(name, flags & ~os.O_TRUNC, mode)) as file:
        if secret:
            os.fchmod(file.fileno(), mode)
        file.truncate()
        file.write(text.encode("ascii"))


def describe(stream: CameraStream, ttl: int | None = None) -> SessionDescription:
    """Return the session description of a stream, for its first destination; ``ttl`` is that of a group."""
    sender, width, height, fps = stream.outlets.senders[0], *stream.format
    protector = stream.outlets.protector
    return SessionDescription(
        address=sender.destination.ip,
        port=sender.destination.port,
        rtcp_mux=stream.session.rtcp_mux,
        ttl=ttl,
        width=width,
        height=height,
        framerate=fps or None,
        session_name=stream.name,
        session_id=int(time.time()) + NTP_EPOCH,  # RFC 8866 section 5.2 suggests to count like NTP.
        origin_address=sender.local_address[0] or "127.0.0.1",
        extmap=tuple((number, name) for name, number in EXTENSION_IDS.items())
        if stream.session.tells_capture_times
        else (),
        ssrc=stream.session.ssrc,
        cname=stream.session.cname.decode("ascii", "replace"),
        protocol="RTP/AVP" if protector is None else "RTP/SAVP",
        crypto=None if protector is None else protector.key,
    )
