"""From a camera's configuration to what sends it: sockets, session, camera, pacer."""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable, Sequence

from ..capture.base import Camera
from ..config import CameraConfig
from ..errors import CaptureError
from ..net.impaired import ImpairedSender, Sender
from ..net.impairment import Impairment
from ..net.link import Link
from ..net.srtp import Protector
from ..net.udp import UdpSender
from ..sending import random_cname
from ..session import SenderSession
from .adaptation import Adaptation
from .camera_source import USUAL_RATE, CameraSource
from .pacer import Pacer
from .stream import CameraStream, Limits

CNAME = random_cname()
"""Drawn once: streams of one sender belong together."""

_log = logging.getLogger(__name__)


class Opener:
    """Opens the sockets of cameras; ``close`` closes those that each camera has now.

    With an ``impairment`` every destination is behind a link of its own, each with the next seed.
    """

    def __init__(self, impairment: Impairment | None) -> None:
        self._impairment = impairment
        self._links = 0
        self._open: dict[str, list[Sender]] = {}

    def senders(self, config: CameraConfig) -> list[Sender]:
        """Return a socket for each destination, in the place of those that the camera had.

        Who asks again closes those. Raises ``TransportError``, ``ConfigError``; then they stay.
        """
        senders: list[Sender] = []
        try:
            for number in range(len(config.destinations)):
                senders.append(self._sender(config, number))
        except Exception:
            _close(senders)
            raise
        self._open[config.name] = senders
        return senders

    def close(self) -> None:
        """Close all sockets."""
        for senders in self._open.values():
            _close(senders)

    def _sender(self, config: CameraConfig, number: int) -> Sender:
        sender = UdpSender(
            config.destinations[number],
            local_port=0 if number else config.local_port,  # a port belongs to one socket
            dscp=config.dscp,
            ttl=config.ttl,
            interface=config.interface_to(number),
            takes_over=config.name in self._open,
        )
        if self._impairment is None:
            return sender
        self._links += 1
        return ImpairedSender(sender, Link(self._impairment.derived(self._links - 1)))


def _close(senders: Sequence[Sender]) -> None:
    for sender in senders:
        sender.close()


class Attempt:
    """A camera being opened, in a thread of its own: when it hangs, nobody else does.

    ``done`` is called in that thread when ``over`` has become true.
    """

    def __init__(self, config: CameraConfig, done: Callable[[], object]) -> None:
        self.source = CameraSource(config)
        self.camera: Camera | None = None
        self.fault: Exception | None = None
        """Why there is no camera."""
        self.over = False
        self._lock = threading.Lock()
        threading.Thread(target=self._run, args=(done,), name=f"{config.name} opens", daemon=True).start()

    def _run(self, done: Callable[[], object]) -> None:
        camera, fault = None, None
        try:
            camera = self.source.open()
        except Exception as error:
            fault = error
        if not self._end(camera, fault) and camera is not None:
            camera.close()
        done()

    def give_up(self, seconds: float) -> None:
        """Take it for a failure after so many seconds; a camera that opens later is closed again."""
        self._end(None, CaptureError(f"it does not answer; it was asked for {seconds:g} s"))

    def _end(self, camera: Camera | None, fault: Exception | None) -> bool:
        """Set what the attempt ended with, once; False where it had ended."""
        with self._lock:
            if self.over:
                return False
            self.camera, self.fault, self.over = camera, fault, True
            return True


def make_stream(
    attempt: Attempt,
    senders: Sequence[Sender],
    limits: Limits,
    ended: Callable[[], object],
    turn: float,
    adaptation: Adaptation | None = None,
    protector: Protector | None = None,
) -> CameraStream:
    """Return the stream of a camera; a live one that cannot be opened has a failure in its supervisor.

    ``turn`` is the share of a frame interval after which it begins, ``adaptation`` what its quality follows.
    Raises ``CaptureError`` for a file that cannot be opened, and whatever else than that an attempt ended
    with.
    """
    source, camera, fault = attempt.source, attempt.camera, attempt.fault
    if fault is not None and (source.is_file or not isinstance(fault, CaptureError)):
        raise fault
    config = source.config
    fps = camera.fps if camera is not None else config.fps or USUAL_RATE
    interval = 1 / fps if fps else 0.0
    stream = CameraStream(
        source,
        camera,
        make_session(config, lambda peer: stream.reporter.accepts(peer), protector is not None),
        senders,
        Pacer(interval, config.pacing) if interval else None,
        ended,
        limits,
        # Cameras that take turns do not fight for processor and network at the same moment.
        delay=interval * turn,
        adaptation=adaptation,
        protector=protector,
    )
    if fault is not None and stream.supervisor is not None:
        stream.supervisor.fail(fault)
    else:
        _say_plan(stream)
    return stream


def make_session(
    config: CameraConfig, accepts: Callable[[object], bool], secret: bool = False
) -> SenderSession:
    """Return the session of a camera; all cameras of this process have one CNAME (RFC 7022 section 4.1)."""
    return SenderSession(
        mtu=config.clear_mtu,
        ssrc=config.ssrc,
        # Below 2^15, so that no receiver of SRTP takes a late first packet for one of a round to come.
        sequence_number=secrets.randbits(15) if secret else None,
        profile=config.profile,
        fill=config.fill,
        rtcp=config.rtcp,
        rtcp_mux=config.rtcp_mux,
        retransmit=config.retransmit,
        cname=CNAME,
        accepts=accepts,
    )


def _say_plan(stream: CameraStream) -> None:
    (width, height, fps), source = stream.format, stream.source.config.source
    rate = f"{fps:g} frames a second" if fps else "as fast as it goes"
    places = ", ".join(stream.outlets.places)
    # GStreamer decrypts only what it was told the SSRC of.
    kind = "" if stream.outlets.protector is None else f", encrypted, SSRC {stream.session.ssrc}"
    _log.info("%s: %s, %dx%d, %s, to %s%s", stream.name, source, width, height, rate, places, kind)
