"""Judging one frame: from its fragments to a JPEG file, or to the reason why there is none.

Here the parameters of a frame are settled (type, size, quantisation tables), and the scan is walked
once before anyone may decode it: a marker that does not belong, restart markers that do not count, or
a scan too short for its picture never reach a decoder.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from . import quirks
from .concealment import Concealer
from .errors import ConfigError, UnsupportedJpegError
from .fragments import Fragments
from .frame import Frame
from .interchange import make_header, split_tables
from .jpeg import count_mcus, read_size, walk_segments
from .payload import RESTART_TYPE
from .scan import EOI, Scan, walk_plain_scan, walk_scan
from .tables import quantization_tables

LARGEST_DIMENSION = 4096
"""Pixels a side that a size told outside the packets may have."""
LARGEST_PICTURE = 16_000_000
"""Pixels; a decoder takes many times the memory of what it reads."""
# Bits of the shortest MCU: each block has a DC difference of 0 and ends at once (T.81 tables K.3 to K.6).
_SHORTEST_MCU = {0: 20, 1: 32}


class FrameRefused(Exception):
    """Why no picture comes of the fragments; stays inside this package."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """What the headers of a frame say, settled."""

    type: int
    width: int
    height: int
    tables: bytes
    precision: int
    restart_interval: int

    @property
    def mcus(self) -> int:
        """MCUs of the picture."""
        return count_mcus(self.type, self.width, self.height)

    def header(self, restart_interval: int) -> bytes:
        """Return the JPEG file in front of the scan."""
        return make_header(self.type, self.width, self.height, self.tables, self.precision, restart_interval)


class FrameAssembler:
    """Makes frames of fragments; keeps tables and pictures from frame to frame.

    ``dimensions`` is the true size in pixels where it is told outside the packets (SDP
    x-dimensions); ``tables`` are tables by Q, 128 to 254, told the same way. With ``lenient``
    reserved Q values are taken for the nearest real one, and a missing restart interval is guessed.
    """

    def __init__(
        self,
        conceal: bool,
        lenient: bool,
        dimensions: tuple[int, int] | None,
        tables: Mapping[int, bytes] | None,
    ) -> None:
        self.conceal = conceal
        self.lenient = lenient
        self.dimensions = dimensions
        self.findings: Counter[str] = Counter()
        self._told = {q: _told_tables(q, data) for q, data in (tables or {}).items()}
        self._tables = dict(self._told)
        self._concealer = Concealer()

    def reset(self) -> None:
        """Forget the tables and pictures of a stream that is over (RFC 2435 section 3.1.8)."""
        self._tables = dict(self._told)
        self._concealer = Concealer()

    def assemble(self, fragments: Fragments, ended: bool) -> Frame:
        """Return the frame; ``ended`` tells that its last packet is among the fragments.

        Raises ``FrameRefused`` with the reason.
        """
        try:
            if fragments.refused:
                raise FrameRefused(fragments.refused)
            if fragments.whole_file:
                return self._pass_on(fragments)
            return self._rebuild(fragments, ended)
        finally:
            self.findings.update(fragments.findings)

    def _rebuild(self, fragments: Fragments, ended: bool) -> Frame:
        parameters = self._parameters(fragments)
        reason = "packets are missing"
        if fragments.fit():
            jpeg, scan, start = self._join(parameters, fragments)
            # What a loss leaves behind is no fault of the sender: only a frame that ended is judged.
            over = ended or scan.has_eoi
            reason = self._judge(parameters, scan, fragments) if over else "the last packets are missing"
            if not reason:
                return self._complete(parameters, fragments, jpeg, scan, start)
        if self.conceal and fragments.aligned and fragments.fields.restart_interval:
            return self._concealed(parameters, fragments)
        raise FrameRefused(reason)

    def _join(self, parameters: Parameters, fragments: Fragments) -> tuple[bytes, Scan, int]:
        """Return headers and pieces as one, what the scan holds, and where it starts."""
        header = parameters.header(parameters.restart_interval)
        jpeg, start = b"".join([header, *fragments.pieces]), len(header)
        scan = walk_plain_scan(jpeg, start) or walk_scan(np.frombuffer(jpeg, np.uint8)[start:])
        return jpeg, scan, start

    def _complete(
        self, parameters: Parameters, fragments: Fragments, jpeg: bytes, scan: Scan, start: int
    ) -> Frame:
        interval = parameters.restart_interval
        end = start + scan.end
        if not (scan.has_eoi and len(jpeg) == end + len(EOI)):
            jpeg = jpeg[:end] + EOI
        if not len(scan.restart_positions) and interval and interval < parameters.mcus:
            fragments.findings.append(quirks.MARKERS_MISSING)
            interval = 0
            jpeg = parameters.header(0) + jpeg[start:]
        elif len(scan.restart_positions) and not interval:
            interval = -(-parameters.mcus // (len(scan.restart_positions) + 1))
            jpeg = parameters.header(interval) + jpeg[start:]
        elif self.conceal and interval and fragments.aligned:
            self._concealer.store(parameters, memoryview(jpeg)[start:end])
        return _frame(fragments, jpeg, parameters.width, parameters.height, interval)

    def _concealed(self, parameters: Parameters, fragments: Fragments) -> Frame:
        interval, mcus = parameters.restart_interval, parameters.mcus
        chunks = fragments.whole_chunks()
        scan, fresh = self._concealer.fill(parameters, parameters.type, mcus, interval, chunks)
        if not fresh:
            raise FrameRefused("no whole restart interval came")
        jpeg = parameters.header(interval) + scan + EOI
        frame = _frame(fragments, jpeg, parameters.width, parameters.height, interval)
        frame.concealed = fresh < -(-mcus // interval)
        return frame

    def _judge(self, parameters: Parameters, scan: Scan, fragments: Fragments) -> str:
        """Return why the scan must not be decoded as it stands, or nothing."""
        finding = _scan_finding(parameters, scan)
        if finding:
            fragments.findings.append(finding)
            if not (self.lenient and finding == quirks.MARKERS_UNEXPECTED and scan.in_order):
                return finding
        shortest = parameters.mcus * _SHORTEST_MCU[parameters.type & 63] // 8
        if scan.end < shortest:
            size = f"{parameters.width}x{parameters.height}"
            return f"scan length: found {scan.end} bytes, expected at least {shortest} for {size}"
        return ""

    def _parameters(self, fragments: Fragments) -> Parameters:
        type_, interval = (
            fragments.fields.type,
            fragments.fields.restart_interval if fragments.fields.has_restart_header else 0,
        )
        if type_ & ~RESTART_TYPE not in (0, 1):
            fragments.findings.append(quirks.TYPE_UNKNOWN)
            raise FrameRefused(f"type: found {type_}, expected 0, 1, 64 or 65 (RFC 2435 section 4.1)")
        if fragments.fields.has_restart_header and not interval:
            fragments.findings.append(quirks.INTERVAL_ZERO)
        width, height = self._size(fragments)
        return Parameters(type_, width, height, *self._settle_tables(fragments), interval)

    def _size(self, fragments: Fragments) -> tuple[int, int]:
        width, height = fragments.fields.dimensions
        if self.dimensions is not None:
            rounded = tuple(-(-side // 8) * 8 for side in self.dimensions)
            if rounded == (width, height) or not (width and height):
                width, height = self.dimensions
        if not (width and height):
            fragments.findings.append(quirks.SIZE_ZERO)
            raise FrameRefused(f"size: found {width}x{height}, expected more, or x-dimensions in the SDP")
        if max(width, height) > LARGEST_DIMENSION or width * height > LARGEST_PICTURE:
            raise FrameRefused(f"size: found {width}x{height}, expected at most 4096 a side, 16 megapixels")
        return width, height

    def _settle_tables(self, fragments: Fragments) -> tuple[bytes, int]:
        """Return tables and precision of the frame (RFC 2435 sections 3.1.8 and 4.2)."""
        q, header = fragments.fields.q, fragments.quantization
        if q < 128:
            return self._computed_tables(q, fragments), 0
        if header is None or not header.tables:
            # RFC 2435, section 3.1.8: with Q 255 "Decoders MUST NOT depend on any previous version
            # of the tables"; from 128 to 254 they need to be read only once.
            if q == 255 or q not in self._tables:
                expected = "them in the first packet (RFC 2435 section 3.1.8)"
                raise FrameRefused(f"quantization tables: found none for Q {q}, expected {expected}")
            return self._tables[q]
        if header.mbz:
            fragments.findings.append(quirks.TABLES_MBZ)
        tables = self._checked_tables(header.tables, header.precision & 3, fragments)
        if q < 255:
            if self._tables.get(q, tables) != tables:
                fragments.findings.append(quirks.TABLES_CHANGED)
            self._tables[q] = tables
        return tables

    def _computed_tables(self, q: int, fragments: Fragments) -> bytes:
        if not 1 <= q <= 99:
            fragments.findings.append(quirks.Q_RESERVED)
            if not self.lenient:
                raise FrameRefused(f"Q: found {q}, expected 1 to 99 or 128 to 255 (RFC 2435 section 4.2)")
        return quantization_tables(min(max(q, 1), 99))

    def _checked_tables(self, tables: bytes, precision: int, fragments: Fragments) -> tuple[bytes, int]:
        try:
            luma, chroma = split_tables(tables, precision)
        except ValueError as error:
            fragments.findings.append(quirks.TABLES_LENGTH)
            raise FrameRefused(str(error)) from error
        if len(luma) == len(tables):
            fragments.findings.append(quirks.ONE_TABLE)
            precision = precision & 1 | (precision & 1) << 1
        elif len(luma) + len(chroma) < len(tables):
            fragments.findings.append(quirks.TABLES_LENGTH)
        for table in (luma, chroma):
            if not np.frombuffer(table, ">u2" if len(table) > 64 else np.uint8).all():
                raise FrameRefused("quantization table: found a value of 0, expected 1 or more")
        return luma + chroma, precision

    def _pass_on(self, fragments: Fragments) -> Frame:
        """Return a frame whose payload is a JPEG file: cheap cameras send that."""
        fragments.findings.append(quirks.WHOLE_FILE)
        if not fragments.fit():
            raise FrameRefused("packets are missing")
        jpeg = b"".join(fragments.pieces)
        try:
            width, height = read_size(jpeg)
            *_, (_, _, start) = walk_segments(jpeg)
        except UnsupportedJpegError as error:
            raise FrameRefused(str(error)) from error
        scan = walk_scan(np.frombuffer(jpeg, np.uint8)[start:])
        if not scan.has_eoi or scan.foreign >= 0 or not 0 < width * height <= LARGEST_PICTURE:
            raise FrameRefused("whole JPEG file: found it damaged or too large, expected one scan up to EOI")
        return _frame(fragments, jpeg[: start + scan.end] + EOI, width, height, 0)


def _scan_finding(parameters: Parameters, scan: Scan) -> str:
    """Return the name of what is wrong with the markers of a scan, or nothing."""
    count, interval = len(scan.restart_positions), parameters.restart_interval
    if scan.foreign >= 0:
        return quirks.FOREIGN_MARKER
    if count and not interval:
        return quirks.MARKERS_UNEXPECTED
    if count and not scan.in_order:
        return quirks.MARKERS_OUT_OF_ORDER
    if count and count != -(-parameters.mcus // interval) - 1:
        return quirks.MARKERS_MISCOUNTED
    return ""


def _told_tables(q: int, tables: bytes) -> tuple[bytes, int]:
    """Return tables told outside the packets and their precision bits: both 8 bit, or both 16."""
    if len(tables) not in (64, 128, 256):
        raise ConfigError(f"tables of Q {q}: found {len(tables)} bytes, expected 64, 128 or 256")
    return tables, 3 if len(tables) == 256 else 0


def _frame(fragments: Fragments, jpeg: bytes, width: int, height: int, interval: int) -> Frame:
    return Frame(
        jpeg,
        width,
        height,
        fragments.fields.timestamp,
        received_at=fragments.arrived,
        sequence_number=fragments.sequence_number,
        packets=len(fragments.pieces),
        type=fragments.fields.type,
        type_specific=fragments.fields.type_specific,
        q=fragments.fields.q,
        restart_interval=interval,
        findings=tuple(fragments.findings),
    )
