"""A capture file as a source: every RTP/JPEG flow in it becomes a stream, with its RTCP and its second path.

The clock of the session is the one of the capture, so reordering and gaps are judged as they were.
A file never drops a frame: the thread that reads it decodes too.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import closing
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path

from ..errors import RtpJpegError
from ..net.impaired import through_link
from ..net.link import Link
from ..net.pcap import DatagramReader, read_datagrams
from ..rtcp import is_rtcp
from ..train import PacketTrain
from .stream import Stream

LARGEST_FLOWS = 64
SMALLEST_PACKET = 20
"""Bytes of an RTP header and an RTP/JPEG header."""
LONGEST_TRAIN = 1024
"""Packets that are taken for one train; a file may say one time of all of its packets."""
FLUSH = 10.0
"""Seconds after the last packet, by which every timer of a session is due."""

_log = logging.getLogger(__name__)
Address = tuple[str, int]
Flow = tuple[Address, Address]


class CapturePlayer:
    """Plays a capture file in a thread of its own; ``ended`` is called in it when it is over.

    ``make_stream`` makes the stream of a flow from its name. ``duration`` is in seconds of the capture,
    None for all of it. ``paced`` plays at the pace of the capture, else as fast as it goes. All flows go
    through the ``link``, where there is one.
    """

    def __init__(
        self,
        path: Path,
        make_stream: Callable[[str], Stream],
        ended: Callable[[], object],
        duration: float | None,
        paced: bool,
        link: Link | None = None,
    ) -> None:
        self.path = path
        self.label = str(path)
        self.fault: str | None = None
        self._flows: dict[Flow, Stream] = {}
        self._began: dict[Flow, int] = {}
        """The SSRC that each flow began with; a session needs two packets to take it."""
        self._others: dict[Flow, Stream] = {}
        """Flows that are of a stream too: its RTCP, and second paths."""
        self._make_stream = make_stream
        self._ended = ended
        self._duration = float("inf") if duration is None else duration
        self._paced = paced
        self._link = link
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=str(path), daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def stop(self) -> None:
        """Ask the thread to end; it does before the next packet."""
        self._stop.set()

    def join(self, timeout: float | None = None) -> None:
        """Wait until the thread has ended, if it was started."""
        if self._thread.ident is not None:
            self._thread.join(timeout)

    def _run(self) -> None:
        try:
            self._play()
        except (RtpJpegError, OSError) as error:
            # Whoever says the fault puts the label in front, which is the path too.
            self.fault = str(error).removeprefix(str(self.path)).lstrip(": ")
        except Exception as error:
            _log.debug("%s", self.path, exc_info=True)
            self.fault = f"internal error: {type(error).__name__}: {error}"
        finally:
            for stream in self._flows.values():
                stream.fault, stream.over = self.fault, True
            self._ended()

    def _play(self) -> None:
        with closing(read_datagrams(self.path)) as datagrams:
            self._play_all(datagrams)

    def _play_all(self, datagrams: DatagramReader) -> None:
        began = time.monotonic()
        first = now = None
        left = datagrams if self._link is None else through_link(datagrams, self._link)
        # What has one time was read at once: a live stream hands it over as one train.
        for (now, *flow), group in groupby(left, key=itemgetter(0, 1, 2)):
            first = now if first is None else first
            if self._paced:
                self._stop.wait(began + (now - first) - time.monotonic())
            if self._stop.is_set() or self._finished() or now - first > self._duration:
                return
            while payloads := [payload for *_, payload in islice(group, LONGEST_TRAIN)]:
                self._receive((flow[0], flow[1]), payloads, now)
        for notice in datagrams.notices:
            _log.warning("%s", notice)
        if now is not None:
            for stream in self._flows.values():
                stream.handle_timer(now + FLUSH)

    def _receive(self, flow: Flow, payloads: list[bytes], now: float) -> None:
        """Hand packets of one flow to its stream, behind what was due before they came."""
        stream = self._stream(flow, payloads)
        if stream is not None:
            stream.catch_up(now)
            stream.receive(PacketTrain.from_packets(payloads), now, flow[0], more=True)

    @property
    def frames_received(self) -> int:
        """Frames of all flows together."""
        return sum(stream.frames_received for stream in list(self._flows.values()))

    def _finished(self) -> bool:
        return bool(self._flows) and all(stream.finished for stream in self._flows.values())

    def _stream(self, flow: Flow, payloads: list[bytes]) -> Stream | None:
        """Return the stream of a flow; the first packet that can be RTP/JPEG begins one."""
        stream = self._flows.get(flow) or self._others.get(flow) or self._join(flow, payloads)
        if stream is None and len(self._flows) < LARGEST_FLOWS and any(map(_can_be_jpeg, payloads)):
            host, port = flow[1]
            self._began[flow] = _ssrc(payloads[0])
            stream = self._flows[flow] = self._make_stream(f"{self.path}#{host}:{port}")
        return stream

    def _join(self, flow: Flow, payloads: list[bytes]) -> Stream | None:
        """Return the stream that a new flow belongs to: one whose RTCP it is, or the same by another path."""
        (host, _), (_, port) = flow
        for known, stream in self._flows.items():
            source, destination = known
            reports = is_rtcp(payloads[0]) and (source[0], destination[1] + 1) == (host, port)
            ssrcs = self._began[known], stream.session.ssrc
            copies = destination[1] == port and _can_be_jpeg(payloads[0]) and _ssrc(payloads[0]) in ssrcs
            if (reports or copies) and len(self._others) < LARGEST_FLOWS:
                self._others[flow] = stream
                return stream
        return None


def _ssrc(payload: bytes) -> int:
    """Return the SSRC of what can be RTP/JPEG, else -1, which none is."""
    return int.from_bytes(payload[8:12], "big") if _can_be_jpeg(payload) else -1


def _can_be_jpeg(payload: bytes) -> bool:
    """Return whether this may be RTP version 2 with payload type 26 (RFC 3551 section 6)."""
    return len(payload) >= SMALLEST_PACKET and payload[0] >> 6 == 2 and payload[1] & 127 == 26
