"""Judging one frame: from its fragments to a JPEG file, or to the reason why there is none.

Here the parameters of a frame are settled (type, size, quantisation tables), and the scan is walked
once before anyone may decode it: a marker that does not belong, restart markers that do not count, or
a scan too short for its picture never reach a decoder.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np

from . import quirks
from .clock import EXTENSION_IDS, CaptureClock, CaptureTimes
from .concealment import MOST_INTERVALS, Concealer
from .errors import UnsupportedJpegError
from .fragments import Fragments
from .frame import Frame
from .jpeg import read_size, walk_segments
from .parameters import LARGEST_DIMENSION, LARGEST_PICTURE, FrameRefused, ParameterReader, Parameters
from .scan import EOI, Scan, walk_marked_scan, walk_plain_scan, walk_received_scan

MOST_MARKERS = 1 << 16
"""Restart markers in a scan: one for every MCU of the largest picture."""
LARGE = 1 << 18
"""Bytes from which on a scan is walked in a time that does not depend on what stands in it."""
# Bits of the shortest MCU: each block has a DC difference of 0 and ends at once (T.81 tables K.3 to K.6).
_SHORTEST_MCU = {0: 20, 1: 32}


class FrameAssembler:
    """Makes frames of fragments; keeps tables and pictures from frame to frame.

    ``dimensions`` is the true size in pixels where it is told outside the packets (SDP
    x-dimensions); ``tables`` are tables by Q, 128 to 254, told the same way, and ``extension_ids`` the IDs of
    header extensions by name. With ``lenient`` reserved Q values are taken for the nearest real one, and a
    missing restart interval is guessed.
    """

    def __init__(
        self,
        conceal: bool,
        lenient: bool,
        dimensions: tuple[int, int] | None,
        tables: Mapping[int, bytes] | None,
        extension_ids: Mapping[str, int] = EXTENSION_IDS,
    ) -> None:
        self.conceal = conceal
        self.lenient = lenient
        self.findings: Counter[str] = Counter()
        self._reader = ParameterReader(lenient, dimensions, tables)
        self._concealer = Concealer()
        self._bytes_copied = 0
        self._extension_ids = extension_ids
        self._clock = CaptureClock()

    @property
    def bytes_copied(self) -> int:
        """Bytes that were moved so far to make frames; tests hold the work for a packet to a bound by it."""
        return self._bytes_copied + self._concealer.bytes_copied

    def learn_clock(self, timestamp: int, seconds: float) -> None:
        """Take note of the sender's wall clock, as a report tells it (RFC 3550 section 6.4.1)."""
        self._clock.learn_report(timestamp, seconds)

    def reset(self) -> None:
        """Forget the tables and pictures of a stream that is over (RFC 2435 section 3.1.8)."""
        self._reader.reset()
        self._bytes_copied += self._concealer.bytes_copied
        self._concealer = Concealer()
        self._clock = CaptureClock()

    def assemble(self, fragments: Fragments, ended: bool) -> Frame:
        """Return the frame; ``ended`` tells that its last packet is among the fragments.

        Raises ``FrameRefused`` with the reason.
        """
        try:
            if fragments.refused:
                raise FrameRefused(fragments.refused)
            frame = self._pass_on(fragments) if fragments.whole_file else self._rebuild(fragments, ended)
            self._date(frame, fragments.extension)
            return frame
        finally:
            self.findings.update(fragments.findings)

    def _date(self, frame: Frame, extension: bytes) -> None:
        """Tell when a frame was captured, from its first packet, or from what frames before it said."""
        times = CaptureTimes.parse(extension, self._extension_ids) if extension else None
        if times is None:
            frame.captured_at = self._clock.captured_at(frame.timestamp)
            return
        self._clock.learn(frame.timestamp, times.captured_at)
        frame.captured_at, frame.encoded_at, frame.sent_at = (
            times.captured_at,
            times.encoded_at,
            times.sent_at,
        )

    def _rebuild(self, fragments: Fragments, ended: bool) -> Frame:
        parameters = self._reader.read(fragments)
        reason = "packets are missing"
        if fragments.fit():
            jpeg, scan, start = self._join(parameters, fragments)
            # What a loss leaves behind is no fault of the sender: only a frame that ended is judged.
            over = ended or scan.has_eoi
            reason = self._judge(parameters, scan, fragments) if over else "the last packets are missing"
            if not reason:
                return self._complete(parameters, fragments, jpeg, scan, start)
            del jpeg, scan
        if self._may_conceal(parameters, fragments):
            return self._concealed(parameters, fragments)
        raise FrameRefused(reason)

    def _join(self, parameters: Parameters, fragments: Fragments) -> tuple[bytes, Scan, int]:
        """Return headers and pieces as one, what the scan holds, and where it starts."""
        header = parameters.header(parameters.restart_interval)
        jpeg, start = b"".join([header, *fragments.without_fill()]), len(header)
        self._bytes_copied += len(jpeg)
        if len(jpeg) > LARGE:
            scan = None
        elif not parameters.restart_interval:
            scan = walk_plain_scan(jpeg, start)
        else:
            scan = walk_marked_scan(jpeg, start, parameters.intervals - 1)
        return jpeg, scan or _walk(jpeg, start), start

    def _complete(
        self, parameters: Parameters, fragments: Fragments, jpeg: bytes, scan: Scan, start: int
    ) -> Frame:
        interval, header = parameters.restart_interval, None
        end = start + scan.end
        if not scan.restart_codes and interval and interval < parameters.mcus:
            fragments.findings.append(quirks.MARKERS_MISSING)
            interval, header = 0, parameters.header(0)
        elif scan.restart_codes and not interval:
            interval = -(-parameters.mcus // (len(scan.restart_codes) + 1))
            header = parameters.header(interval)
        fragments.let_go()
        if header is not None or not (scan.has_eoi and len(jpeg) == end + len(EOI)):
            header = jpeg[:start] if header is None else header
            jpeg = b"".join([header, memoryview(jpeg)[start:end], EOI])
            self._bytes_copied += len(jpeg)
        if parameters.restart_interval == interval and self._may_conceal(parameters, fragments):
            scan_data = memoryview(jpeg)[start:end]
            self._concealer.store(parameters, scan_data, fragments.fields.timestamp)
        frame = _frame(fragments, jpeg, parameters.width, parameters.height, interval)
        frame.intervals = frame.fresh_intervals = -(-parameters.mcus // interval) if interval else 0
        return frame

    def can_conceal(self, fragments: Fragments) -> bool:
        """Tell whether holes in this frame can be filled."""
        return self.conceal and fragments.aligned and fragments.fields.restart_interval > 0

    def _may_conceal(self, parameters: Parameters, fragments: Fragments) -> bool:
        """Tell the same where the size of the picture is known too."""
        return parameters.intervals <= MOST_INTERVALS and self.can_conceal(fragments)

    def _concealed(self, parameters: Parameters, fragments: Fragments) -> Frame:
        interval = parameters.restart_interval
        made = self._concealer.fill(
            parameters,
            parameters.header(interval),
            parameters.type,
            parameters.mcus,
            interval,
            fragments.whole_chunks(),
            fragments.fields.timestamp,
        )
        if not made.fresh:
            raise FrameRefused("no whole restart interval came")
        frame = _frame(fragments, made.jpeg, parameters.width, parameters.height, interval)
        frame.concealed = made.fresh < made.intervals
        frame.intervals, frame.fresh_intervals = made.intervals, made.fresh
        frame.oldest_interval = made.oldest
        frame.interval_states = made.states
        return frame

    def _judge(self, parameters: Parameters, scan: Scan, fragments: Fragments) -> str:
        """Return why the scan must not be decoded as it stands, or nothing."""
        finding = _scan_finding(parameters, scan, fragments)
        if finding:
            fragments.findings.append(finding)
            if not (self.lenient and finding == quirks.MARKERS_UNEXPECTED and scan.in_order):
                return finding
        shortest = parameters.mcus * _SHORTEST_MCU[parameters.type & 63] // 8
        if scan.end < shortest:
            size = f"{parameters.width}x{parameters.height}"
            return f"scan length: found {scan.end} bytes, expected at least {shortest} for {size}"
        return ""

    def _pass_on(self, fragments: Fragments) -> Frame:
        """Return a frame whose payload is a JPEG file: cheap cameras send that."""
        fragments.findings.append(quirks.WHOLE_FILE)
        if not fragments.fit():
            raise FrameRefused("packets are missing")
        jpeg = b"".join(fragments.pieces)
        fragments.let_go()
        try:
            width, height = read_size(jpeg)
            *_, (_, _, start) = walk_segments(jpeg)
        except UnsupportedJpegError as error:
            raise FrameRefused(str(error)) from error
        scan = _walk(jpeg, start)
        large = max(width, height) > LARGEST_DIMENSION or width * height > LARGEST_PICTURE
        if not scan.has_eoi or scan.foreign >= 0 or large or not width * height:
            raise FrameRefused("whole JPEG file: found it damaged or too large, expected one scan up to EOI")
        whole = b"".join([memoryview(jpeg)[: start + scan.end], EOI])
        self._bytes_copied += len(jpeg) + len(whole)
        return _frame(fragments, whole, width, height, 0)


def _walk(jpeg: bytes, start: int) -> Scan:
    """Walk an unusual scan. One made of markers only would take many times its own size."""
    scan = walk_received_scan(np.frombuffer(jpeg, np.uint8)[start:], MOST_MARKERS)
    if scan is None:
        raise FrameRefused(f"restart markers: found more than {MOST_MARKERS}, the most a picture can have")
    return scan


def _scan_finding(parameters: Parameters, scan: Scan, fragments: Fragments) -> str:
    """Return the name of what is wrong with the markers of a scan, or nothing."""
    count, interval = len(scan.restart_codes), parameters.restart_interval
    if scan.foreign >= 0:
        return quirks.FOREIGN_MARKER
    if count and not interval:
        return quirks.MARKERS_UNEXPECTED
    if count and not scan.in_order:
        return quirks.MARKERS_OUT_OF_ORDER
    # Without any, a sender may only say that it makes them; one that places its chunks by them makes them.
    if count != parameters.intervals - 1 and (count or fragments.places_chunks):
        return quirks.MARKERS_MISCOUNTED
    return ""


def _frame(fragments: Fragments, jpeg: bytes, width: int, height: int, interval: int) -> Frame:
    return Frame(
        jpeg,
        width,
        height,
        fragments.fields.timestamp,
        received_at=fragments.arrived,
        sequence_number=fragments.sequence_number,
        packets=len(fragments.offsets),
        type=fragments.fields.type,
        type_specific=fragments.fields.type_specific,
        q=fragments.fields.q,
        restart_interval=interval,
        findings=tuple(fragments.findings),
    )
