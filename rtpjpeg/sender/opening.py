"""From a camera's configuration to what sends it: sockets, session, camera, pacer."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from ..config import CameraConfig
from ..errors import CaptureError
from ..net.impaired import ImpairedSender, Sender
from ..net.impairment import Impairment
from ..net.link import Link
from ..net.udp import UdpSender
from ..session import SenderSession
from .camera_source import USUAL_RATE, CameraSource
from .pacer import Pacer
from .stream import CameraStream, Limits

_log = logging.getLogger(__name__)


class Opener:
    """Opens what cameras need; all sockets are closed with ``resources``.

    With an ``impairment`` every destination is behind a link of its own, each with the next seed.
    """

    def __init__(self, resources: ExitStack, impairment: Impairment | None) -> None:
        self._resources = resources
        self._impairment = impairment
        self._links = 0

    def senders(self, config: CameraConfig) -> list[Sender]:
        """Return a socket for each destination. Raises ``TransportError``, ``ConfigError``."""
        senders: list[Sender] = []
        for number, destination in enumerate(config.destinations):
            sender = UdpSender(
                destination,
                local_port=0 if number else config.local_port,  # a port belongs to one socket
                dscp=config.dscp,
                ttl=config.ttl,
                interface=config.interface,
            )
            self._resources.callback(sender.close)
            senders.append(self._impair(sender))
        return senders

    def _impair(self, sender: UdpSender) -> Sender:
        """Put a link in front of a sender, where one is asked for."""
        if self._impairment is None:
            return sender
        impaired = ImpairedSender(sender, Link(self._impairment.derived(self._links)))
        self._links += 1
        self._resources.callback(impaired.close)
        return impaired


def open_stream(
    config: CameraConfig,
    senders: Sequence[Sender],
    limits: Limits,
    ended: Callable[[], object],
    turn: float,
) -> CameraStream:
    """Return the stream of a camera; a live one that cannot be opened has a failure in its supervisor.

    ``turn`` is the share of a frame interval after which it begins. Raises ``CaptureError`` for a file that
    cannot be opened.
    """
    source, camera, failure = CameraSource(config), None, None
    try:
        camera = source.open()
    except CaptureError as error:
        if source.is_file:
            raise
        failure = error
    fps = camera.fps if camera is not None else config.fps or USUAL_RATE
    interval = 1 / fps if fps else 0.0
    stream = CameraStream(
        source,
        camera,
        SenderSession(mtu=config.mtu, ssrc=config.ssrc, profile=config.profile, fill=config.fill),
        senders,
        Pacer(interval, config.pacing) if interval else None,
        ended,
        limits,
        # Cameras that take turns do not fight for processor and network at the same moment.
        delay=interval * turn,
    )
    if failure is not None and stream.supervisor is not None:
        stream.supervisor.fail(failure)
    else:
        _say_plan(stream)
    return stream


def _say_plan(stream: CameraStream) -> None:
    (width, height, fps), source = stream.format, stream.source.config.source
    rate = f"{fps:g} frames a second" if fps else "as fast as it goes"
    places = ", ".join(str(sender.destination) for sender in stream.senders)
    _log.info("%s: %s, %dx%d, %s, to %s", stream.name, source, width, height, rate, places)
