"""A JPEG in, a train of RTP packets out (RFC 2435 sections 3 and 4).

Headers are made for all packets at once: one record, repeated, then one column each for what
differs. Packets of a frame without restart markers have one size, so the kernel can cut the train
(UDP_SEGMENT); a frame with restart markers is cut at its intervals, so that each packet decodes on
its own.
"""

from __future__ import annotations

import secrets
from bisect import bisect_right

import numpy as np
import numpy.typing as npt

from .errors import ConfigError, UnsupportedJpegError
from .jpeg import JpegHeaders, JpegImage, parse_jpeg
from .payload import (
    LARGEST_SCAN,
    RESTART_TYPE,
    UNALIGNED,
    JpegHeader,
    QuantizationTableHeader,
    RestartHeader,
)
from .rtp import PAYLOAD_TYPE_JPEG, RtpPacket
from .scan import Scratch
from .train import Bytes, PacketTrain

MTU = 1400
"""Bytes of an IP packet: the default."""
NETWORK_HEADERS = 48
"""IPv6 and UDP, counted for IPv4 too, so that the extra bytes of SRTP fit as well."""
PROFILES = ("resilient", "compatible")
"""``compatible`` keeps to types 0 and 1, which every receiver reads."""

Rows = npt.NDArray[np.void]
Cut = tuple[list[int], list[int]]
"""Fragment offset and chunk field (F, L and restart count) of each packet."""

_FIRST, _LAST = 0x8000, 0x4000
_PLAIN_FIELDS = [
    ("first", "u1"),
    ("second", "u1"),
    ("sequence_number", ">u2"),
    ("rest", "u1", 8),
    ("offset", ">u4"),
    ("description", "u1", 4),
]
_PLAIN = np.dtype(_PLAIN_FIELDS)
_RESTART = np.dtype([*_PLAIN_FIELDS, ("restart_interval", ">u2"), ("chunk", ">u2")])


class Packetizer:
    """Packets of one stream: the sequence number goes on from frame to frame.

    ``mtu`` is the IP packet; an RTP packet is at most mtu - 48 bytes. ``ssrc`` and
    ``sequence_number`` are random unless given (RFC 3550 section 5.1). With ``static_tables`` a set
    of tables that is no Q 1 to 99 gets its own Q, 128 to 254, for the life of the stream; else, and
    when these have run out, Q 255. With ``aligned`` False packets ignore restart intervals. Raises
    ``ConfigError``.
    """

    def __init__(
        self,
        *,
        mtu: int = MTU,
        ssrc: int | None = None,
        sequence_number: int | None = None,
        payload_type: int = PAYLOAD_TYPE_JPEG,
        profile: str = "resilient",
        static_tables: bool = False,
        aligned: bool = True,
    ) -> None:
        _check_arguments(payload_type, profile)
        self.mtu = mtu
        self.ssrc = secrets.randbits(32) if ssrc is None else ssrc
        self.sequence_number = secrets.randbits(16) if sequence_number is None else sequence_number
        self.payload_type = payload_type
        self.profile = profile
        self.aligned = aligned
        self._static_q: dict[tuple[bytes, int], int] | None = {} if static_tables else None
        self._headers: JpegHeaders | None = None
        self._scratch = Scratch()

    def packetize(self, jpeg: bytes, timestamp: int) -> PacketTrain:
        """Return the packets of one frame.

        ``timestamp`` counts 90 000 units a second, modulo 2^32. Raises ``UnsupportedJpegError`` for
        a picture that RFC 2435 cannot carry, ``ConfigError`` for an MTU without room for data.
        """
        image = parse_jpeg(jpeg if isinstance(jpeg, bytes) else bytes(jpeg), self._headers, self._scratch)
        self._headers = image.headers
        self._check_image(image)
        dtype = _RESTART if image.restart_interval else _PLAIN
        tables = self._table_header(image.headers)
        room = self._room(dtype.itemsize, len(tables))
        cut = self._cut_at_intervals(image, room - len(tables), room)
        stream = len(tables) + len(image.scan)
        count = len(cut[0]) if cut else -(-stream // room)
        data = np.empty(count * dtype.itemsize + (0 if cut else stream), np.uint8)
        # Where packets have one size their headers are written where they stay, between the pieces.
        rows: Rows = np.ndarray(count, dtype, data, 0, (dtype.itemsize + (0 if cut else room),))
        rows[:] = np.frombuffer(self._template(image, timestamp), dtype)[0]
        rows["sequence_number"] = np.arange(self.sequence_number, self.sequence_number + count) & 0xFFFF
        rows["second"][-1] |= 0x80  # RFC 2435, section 3: the marker MUST be set in the last packet.
        self.sequence_number = (self.sequence_number + count) & 0xFFFF
        if cut:
            return _join_intervals(rows, tables, image.scan, *cut)
        return _fill(data, rows, tables, image.scan, room)

    def _check_image(self, image: JpegImage) -> None:
        size = len(image.scan)
        if size > LARGEST_SCAN:
            expected = f"at most {LARGEST_SCAN}: set a lower quality or a smaller size"
            raise UnsupportedJpegError("scan length", size, expected, "RFC 2435 section 3.1.2")
        if image.restart_interval and self.profile == "compatible":
            found = f"an interval of {image.restart_interval} MCUs"
            expected = "none in profile compatible: turn them off in the encoder, or use profile resilient"
            raise UnsupportedJpegError("restart markers", found, expected, "RFC 2435 section 3.1.3")

    def _table_header(self, headers: JpegHeaders) -> bytes:
        """Return the header that stands in the first packet of a frame, empty for Q 1 to 99."""
        if headers.q is not None:
            return b""
        return QuantizationTableHeader(headers.precision, headers.tables).serialize()

    def _q(self, headers: JpegHeaders) -> int:
        if headers.q is not None:
            return headers.q
        if self._static_q is None:
            return 255
        # RFC 2435, section 3.1.8: from 128 to 254 the mapping MUST be static; 255 may change.
        key = (headers.tables, headers.precision)
        if key not in self._static_q and len(self._static_q) < 127:
            self._static_q[key] = 128 + len(self._static_q)
        return self._static_q.get(key, 255)

    def _template(self, image: JpegImage, timestamp: int) -> bytes:
        """Return the headers of a packet with sequence number and offset 0."""
        headers, interval = image.headers, image.restart_interval
        type_ = headers.type | (RESTART_TYPE if interval else 0)
        rtp = RtpPacket(self.payload_type, 0, timestamp & 0xFFFF_FFFF, self.ssrc, b"")
        main = JpegHeader(0, 0, type_, self._q(headers), headers.width, headers.height)
        restart = RestartHeader(interval).serialize() if interval else b""
        return rtp.serialize() + main.serialize() + restart

    def _room(self, header_size: int, tables_size: int) -> int:
        """Return the bytes that fit a packet behind main and restart header."""
        room = self.mtu - NETWORK_HEADERS - header_size
        if room <= tables_size:
            needed = NETWORK_HEADERS + header_size + tables_size + 1
            raise ConfigError(f"mtu: found {self.mtu}, expected at least {needed} for the headers of a frame")
        return room

    def _cut_at_intervals(self, image: JpegImage, first_room: int, room: int) -> Cut | None:
        """Return fragment offsets and chunk fields; None where packets ignore restart intervals."""
        if not (image.restart_interval and self.aligned):
            return None
        return cut_intervals([0, *image.restart_positions.tolist(), len(image.scan)], first_room, room)


def packetize(
    jpeg: bytes,
    *,
    mtu: int = MTU,
    ssrc: int | None = None,
    sequence_number: int | None = None,
    timestamp: int = 0,
) -> list[bytes]:
    """Return the RTP packets of one JPEG (RFC 2435).

    ``mtu`` is the IP packet: no RTP packet is longer than mtu - 48 bytes. ``ssrc`` and
    ``sequence_number`` are random unless given; ``timestamp`` counts 90 000 units a second. Raises
    ``UnsupportedJpegError`` for a picture that RFC 2435 cannot carry, and ``ConfigError``.
    """
    return list(Packetizer(mtu=mtu, ssrc=ssrc, sequence_number=sequence_number).packetize(jpeg, timestamp))


def cut_intervals(bounds: list[int], first_room: int, room: int) -> Cut | None:
    """Cut a scan at its restart intervals; return fragment offsets and chunk fields.

    ``bounds`` are the positions where intervals begin, and the end. Whole intervals fill each packet
    greedily. An interval that is larger than a packet goes over several, F in the first, L in the
    last (RFC 2435 section 3.1.7). None when a chunk would begin at interval 16383 or later: the
    restart count has 14 bits, and 0x3FFF means unaligned.
    """
    offsets: list[int] = []
    chunks: list[int] = []
    index, space = 0, first_room
    while index < len(bounds) - 1:
        if index >= UNALIGNED:
            return None
        start = bounds[index]
        after = bisect_right(bounds, start + space, index) - 1
        if after > index:
            pieces = [start]
        else:
            after = index + 1
            pieces = [start, *range(start + space, bounds[after], room)]
        flags = [index] * len(pieces)
        flags[0] |= _FIRST
        flags[-1] |= _LAST
        offsets += pieces
        chunks += flags
        index, space = after, room
    return offsets, chunks


def _check_arguments(payload_type: int, profile: str) -> None:
    # RFC 3550, section 12: with the marker, 72 to 76 read as RTCP packet types 200 to 204.
    if not 0 <= payload_type <= 127 or 72 <= payload_type <= 76:
        raise ConfigError(f"payload type: found {payload_type}, expected 26, or 96 to 127 with a mapping")
    if profile not in PROFILES:
        raise ConfigError(f"profile: found {profile!r}, expected {' or '.join(PROFILES)}")


def _fill(data: Bytes, rows: Rows, tables: bytes, scan: memoryview, room: int) -> PacketTrain:
    """Fill every packet but the last behind its header: the kernel can cut such a train.

    Tables stand in front of the scan in the first packet, but the fragment offset does not count
    them (RFC 2435 section 3.1.2).
    """
    header, full = rows.itemsize, len(rows) - 1
    stream = np.frombuffer(tables + scan if tables else scan, np.uint8)
    rows["offset"] = np.maximum(np.arange(-len(tables), room * full - len(tables) + 1, room), 0)
    cut = full * (header + room)
    data[:cut].reshape(full, header + room)[:, header:] = stream[: full * room].reshape(full, room)
    data[cut + header :] = stream[full * room :]
    return PacketTrain.from_segments(data, header + room)


def _join_intervals(
    rows: Rows, tables: bytes, scan: memoryview, offsets: list[int], chunks: list[int]
) -> PacketTrain:
    """Lay headers and whole intervals one behind the other."""
    rows["offset"], rows["chunk"] = offsets, chunks
    size, heads = rows.itemsize, memoryview(rows.tobytes())
    ends = [*offsets[1:], len(scan)]
    places = zip(range(0, len(heads), size), offsets, ends, strict=True)
    parts = [part for at, start, end in places for part in (heads[at : at + size], scan[start:end])]
    parts.insert(1, memoryview(tables))
    lengths = np.subtract(ends, offsets) + size
    lengths[0] += len(tables)
    return PacketTrain.from_buffer(b"".join(parts), lengths)
