"""A JPEG in, a train of RTP packets out (RFC 2435 sections 3 and 4).

Headers are made for all packets at once: one record, repeated, then one column each for what
differs. Packets of a frame without restart markers have one size, so the kernel can cut the train
(UDP_SEGMENT); a frame with restart markers is cut at its intervals (``rtpjpeg.chunks``), so that each
packet decodes on its own.
"""

from __future__ import annotations

import secrets

import numpy as np

from .chunks import Cut, Rows, count_split, cut_intervals, fill_chunks, filled_size, join_chunks
from .errors import ConfigError, UnsupportedJpegError
from .jpeg import JpegHeaders, JpegImage, parse_jpeg
from .payload import (
    LARGEST_SCAN,
    MAIN_SIZE,
    RESTART_SIZE,
    RESTART_TYPE,
    JpegHeader,
    QuantizationTableHeader,
    RestartHeader,
)
from .rtp import HEADER_SIZE, PAYLOAD_TYPE_JPEG, RtpPacket
from .scan import Scratch
from .train import Bytes, PacketTrain

MTU = 1400
"""Bytes of an IP packet: the default."""
NETWORK_HEADERS = 48
"""IPv6 and UDP, counted for IPv4 too, so that the extra bytes of SRTP fit as well."""
PROFILES = ("resilient", "compatible")
"""``compatible`` keeps to types 0 and 1, which every receiver reads."""

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
    when these have run out, Q 255. None is True in profile resilient, False in compatible. With
    ``aligned`` False packets ignore restart intervals. With ``fill`` packets of whole intervals are
    filled to one size (RFC 2435 section 3.1.9). Raises ``ConfigError``.
    """

    def __init__(
        self,
        *,
        mtu: int = MTU,
        ssrc: int | None = None,
        sequence_number: int | None = None,
        payload_type: int = PAYLOAD_TYPE_JPEG,
        profile: str = "resilient",
        static_tables: bool | None = None,
        aligned: bool = True,
        fill: bool = False,
    ) -> None:
        _check_arguments(payload_type, profile)
        self.mtu = mtu
        self.ssrc = secrets.randbits(32) if ssrc is None else ssrc
        self.sequence_number = secrets.randbits(16) if sequence_number is None else sequence_number
        self.payload_type = payload_type
        self.profile = profile
        self.aligned = aligned
        self.fill = fill
        self.intervals_sent = 0
        """Restart intervals of all frames."""
        self.intervals_split = 0
        """Those that went over several packets: losing one of these loses the interval."""
        static = profile == "resilient" if static_tables is None else static_tables
        self._static_q: dict[tuple[bytes, int], int] | None = {} if static else None
        self._headers: JpegHeaders | None = None
        self._scratch = Scratch()

    def packetize(self, jpeg: bytes, timestamp: int, extension: bytes = b"") -> PacketTrain:
        """Return the packets of one frame.

        ``timestamp`` counts 90 000 units a second, modulo 2^32. ``extension`` is a whole RTP header
        extension for the first packet, left out where the MTU has no room for it. Raises
        ``UnsupportedJpegError`` for a picture that RFC 2435 cannot carry, ``ConfigError`` for an MTU without
        room for data.
        """
        image = parse_jpeg(jpeg if isinstance(jpeg, bytes) else bytes(jpeg), self._headers, self._scratch)
        self._headers = image.headers
        self._check_image(image)
        tables, header = self._table_header(image.headers), self._template(image, timestamp)
        room = self._room(len(header), len(tables))
        if not extension or len(extension) + len(tables) >= room:
            return self._lay(image, header, tables, room)
        # It takes the place of data in the first packet, and then stands where it belongs.
        train = self._lay(image, header, extension + tables, room)
        _move_extension(train.data, len(header), len(extension))
        return train

    def _lay(self, image: JpegImage, header: bytes, front: bytes, room: int) -> PacketTrain:
        """Return the packets of a frame, with ``front`` before the data of the first."""
        cut = self._cut_at_intervals(image, room - len(front), room)
        if cut:
            return self._join(header, front, image.scan, cut)
        stream = len(front) + len(image.scan)
        count = -(-stream // room)
        data = np.empty(count * len(header) + stream, np.uint8)
        return _fill(data, self._rows(data, header, count, room), front, image.scan, room)

    def _join(self, header: bytes, tables: bytes, scan: memoryview, cut: Cut) -> PacketTrain:
        """Return the packets of a scan that is cut at its intervals."""
        count = len(cut[0])
        size = filled_size(cut, len(scan), len(tables)) if self.fill else 0
        if not size:
            data = np.empty(count * len(header), np.uint8)
            return join_chunks(self._rows(data, header, count, 0), tables, scan, cut)
        unfilled = size if count > 1 else size - len(tables)
        missing = unfilled - (len(scan) - cut[0][-1])
        data = np.full(count * (len(header) + size) - missing, 0xFF, np.uint8)
        return fill_chunks(data, self._rows(data, header, count, size), tables, scan, cut)

    def _rows(self, data: Bytes, header: bytes, count: int, room: int) -> Rows:
        """Write the headers of a frame where they stay, ``room`` bytes between them; go on in sequence."""
        dtype = _PLAIN if len(header) == _PLAIN.itemsize else _RESTART
        rows: Rows = np.ndarray(count, dtype, data, 0, (dtype.itemsize + room,))
        rows[:] = np.frombuffer(header, dtype)[0]
        rows["sequence_number"] = np.arange(self.sequence_number, self.sequence_number + count) & 0xFFFF
        rows["second"][-1] |= 0x80  # RFC 2435, section 3: the marker MUST be set in the last packet.
        self.sequence_number = (self.sequence_number + count) & 0xFFFF
        return rows

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
        if not image.restart_interval:
            return None
        intervals = len(image.restart_positions) + 1
        self.intervals_sent += intervals
        cut = None
        if self.aligned:
            cut = cut_intervals([0, *image.restart_positions.tolist(), len(image.scan)], first_room, room)
        # Packets that ignore intervals end in the middle of one, or nearly so.
        self.intervals_split += count_split(cut[1]) if cut else min(intervals, len(image.scan) // room)
        return cut


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
    # Another frame of the same SSRC may come with other tables, which only Q 255 allows.
    packetizer = Packetizer(mtu=mtu, ssrc=ssrc, sequence_number=sequence_number, static_tables=False)
    return list(packetizer.packetize(jpeg, timestamp))


def scan_room(mtu: int) -> int:
    """Return the bytes of scan with restart intervals that fit a packet, tables not counted."""
    return mtu - NETWORK_HEADERS - HEADER_SIZE - MAIN_SIZE - RESTART_SIZE


def _move_extension(data: Bytes, header: int, extension: int) -> None:
    """Put the extension, which stands behind all headers of the first packet, behind its RTP header."""
    behind = data[HEADER_SIZE:header].copy()
    data[HEADER_SIZE : HEADER_SIZE + extension] = data[header : header + extension].copy()
    data[HEADER_SIZE + extension : header + extension] = behind
    data[0] |= 0x10  # RFC 3550, section 5.1: the extension bit.


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
