"""Settling what the headers of a frame say: type, size, quantisation tables.

Tables of Q 128 to 254 are kept here from frame to frame (RFC 2435 section 4.2). A size or tables that
no decoder should be given end the frame, with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from . import quirks
from .errors import ConfigError
from .fragments import Fragments
from .interchange import make_header, split_tables
from .jpeg import count_mcus
from .payload import RESTART_TYPE
from .tables import quantization_tables

LARGEST_DIMENSION = 4096
"""Pixels a side that a size told outside the packets may have."""
LARGEST_PICTURE = 16_000_000
"""Pixels; a decoder takes many times the memory of what it reads."""


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

    @property
    def intervals(self) -> int:
        """Restart intervals of the picture, 1 without restart markers."""
        return -(-self.mcus // self.restart_interval) if self.restart_interval else 1

    def header(self, restart_interval: int) -> bytes:
        """Return the JPEG file in front of the scan."""
        return make_header(self.type, self.width, self.height, self.tables, self.precision, restart_interval)


class ParameterReader:
    """Reads the parameters of one frame after another of a stream.

    ``dimensions`` is the true size in pixels where it is told outside the packets (SDP
    x-dimensions); ``tables`` are tables by Q, 128 to 254, told the same way. With ``lenient``
    reserved Q values are taken for the nearest real one.
    """

    def __init__(
        self, lenient: bool, dimensions: tuple[int, int] | None, tables: Mapping[int, bytes] | None
    ) -> None:
        self.lenient = lenient
        self.dimensions = dimensions
        self._told = {q: _told_tables(q, data) for q, data in (tables or {}).items()}
        self._tables = dict(self._told)

    def reset(self) -> None:
        """Forget the tables of a stream that is over (RFC 2435 section 3.1.8)."""
        self._tables = dict(self._told)

    def read(self, fragments: Fragments) -> Parameters:
        """Return the parameters of a frame; raises ``FrameRefused`` with the reason."""
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


def _told_tables(q: int, tables: bytes) -> tuple[bytes, int]:
    """Return tables told outside the packets and their precision bits: both 8 bit, or both 16."""
    if len(tables) not in (64, 128, 256):
        raise ConfigError(f"tables of Q {q}: found {len(tables)} bytes, expected 64, 128 or 256")
    return tables, 3 if len(tables) == 256 else 0
