"""RTP/JPEG as scapy layers (RFC 2435 section 3.1): importing this module binds them to RTP payload type 26.

>>> from rtpjpeg.inspector.layers import RTP, RTPJPEG, RTPJPEGQuantization, RTPJPEGRestart
>>> packet = RTP(data)
>>> packet[RTPJPEG].width

The bytes are read and written by ``rtpjpeg.payload``; the fields here name its values and show them. What
it refuses becomes ``Raw``, as scapy does it; ``conf.debug_dissector = True`` lets scapy raise the reason.
docs/scapy.md shows how to read, make and change packets.
"""

from __future__ import annotations

from typing import Any

from scapy.config import conf
from scapy.fields import BitEnumField, BitField, BitFieldLenField, XStrLenField
from scapy.layers.rtp import RTP, RTPExtension
from scapy.packet import Packet, Raw, bind_bottom_up, bind_layers
from scapy.volatile import RandChoice

from ..errors import MalformedPacketError
from ..payload import (
    MAIN_SIZE,
    RESTART_SIZE,
    TABLE_HEADER_SIZE,
    UNALIGNED,
    JpegHeader,
    QuantizationTableHeader,
    RestartHeader,
)
from ..rtp import PAYLOAD_TYPE_JPEG

__all__ = [
    "RTP",
    "RTPJPEG",
    "RTPExtension",
    "RTPJPEGQuantization",
    "RTPJPEGRestart",
    "Raw",
    "bind",
    "bind_port",
]

TYPES = {
    0: "0 (4:2:2)",
    1: "1 (4:2:0)",
    64: "64 (4:2:2, restart markers)",
    65: "65 (4:2:0, restart markers)",
}
"""The types that RFC 2435 defines (sections 4.1 and 3.1.7)."""


class _Pixels(BitField):
    """A width or height: shown in pixels, carried in blocks of 8."""

    def __init__(self, name: str, default: int) -> None:
        super().__init__(name, default, 8)

    def randval(self) -> Any:
        return RandChoice(*range(8, 2041, 8))


class _Header(Packet):
    """A header that our codec reads and writes; scapy keeps and shows its values.

    Building raises ``MalformedPacketError`` (a ``ValueError``) for a value that its field cannot carry.
    """

    def do_dissect(self, s: bytes) -> bytes:
        self.fields, size = self.read(s)
        # Nothing to keep of the bytes: they come out of the values again as they were.
        self.explicit = 1
        return s[size:]

    def self_build(self) -> bytes:
        values = {field.name: self.getfieldval(field.name) for field in self.fields_desc}
        for field in self.fields_desc:
            if isinstance(field, BitField | BitEnumField):
                _check(field, values[field.name])
        return self.write(**values)

    def read(self, data: bytes) -> tuple[dict[str, Any], int]:
        """Return the values at the front of ``data`` and how many bytes they took."""
        raise NotImplementedError

    def write(self, **values: Any) -> bytes:
        """Return the bytes of these values."""
        raise NotImplementedError


def _check(field: BitField | BitEnumField, value: int | None) -> None:
    largest = ((1 << field.size) - 1) * (8 if isinstance(field, _Pixels) else 1)
    if value is not None and not 0 <= value <= largest:
        raise MalformedPacketError(field.name, value, f"0 to {largest}", "RFC 2435 section 3.1")


class RTPJPEG(_Header):
    """The main header (RFC 2435 section 3.1); ``type`` and ``q`` say which headers follow.

    Types 64 to 127: ``RTPJPEGRestart``. Q 128 to 255 at fragment offset 0: ``RTPJPEGQuantization``. Then the
    piece of the scan as ``Raw``, and RTP padding as ``Padding``.
    """

    name = "RTP/JPEG"
    fields_desc = [
        BitField("type_specific", 0, 8),
        BitField("fragment_offset", 0, 24),
        BitEnumField("type", 1, 8, TYPES),
        BitField("q", 85, 8),
        _Pixels("width", 640),
        _Pixels("height", 480),
    ]

    @classmethod
    def dispatch_hook(
        cls, _pkt: bytes | None = None, *args: Any, _underlayer: Packet | None = None, **fields: Any
    ) -> type[Packet]:
        """Return ``Raw`` behind a header extension of a packet that carries something else than JPEG."""
        if isinstance(_underlayer, RTPExtension) and not _carries_jpeg(_underlayer.underlayer):
            return conf.raw_layer
        return cls

    def read(self, data: bytes) -> tuple[dict[str, Any], int]:
        header = JpegHeader.parse(data)
        values = {
            "type_specific": header.type_specific,
            "fragment_offset": header.fragment_offset,
            "type": header.type,
            "q": header.q,
            "width": header.width,
            "height": header.height,
        }
        return values, MAIN_SIZE

    def write(self, **values: Any) -> bytes:
        return JpegHeader(**values).serialize()

    def main_header(self) -> JpegHeader:
        """Return the values as the codec's object."""
        return JpegHeader(**{field.name: self.getfieldval(field.name) for field in self.fields_desc})

    def extract_padding(self, s: bytes) -> tuple[bytes, bytes | None]:
        """Cut off the padding of the RTP packet, which scapy's RTP leaves in place."""
        if not s or not 0 < s[-1] <= len(s) or not _has_padding(self.underlayer):
            return s, None
        return s[: -s[-1]], s[-s[-1] :]

    def guess_payload_class(self, payload: bytes) -> type[Packet]:
        header = JpegHeader(**self.fields)
        if header.has_restart_header:
            return RTPJPEGRestart
        if header.has_table_header:
            return RTPJPEGQuantization
        return super().guess_payload_class(payload)

    def mysummary(self) -> str:
        return self.sprintf("RTPJPEG type %type% Q %q% %width%x%height% offset %fragment_offset%")


class RTPJPEGRestart(_Header):
    """The restart marker header (RFC 2435 section 3.1.7), behind a main header of type 64 to 127."""

    name = "RTP/JPEG restart markers"
    fields_desc = [
        BitField("restart_interval", 1, 16),
        BitField("first", 1, 1),
        BitField("last", 1, 1),
        BitField("restart_count", UNALIGNED, 14),
    ]

    def read(self, data: bytes) -> tuple[dict[str, Any], int]:
        header = RestartHeader.parse(data)
        values = {
            "restart_interval": header.restart_interval,
            "first": int(header.first),
            "last": int(header.last),
            "restart_count": header.restart_count,
        }
        return values, RESTART_SIZE

    def write(self, **values: Any) -> bytes:
        return RestartHeader(**values).serialize()

    def guess_payload_class(self, payload: bytes) -> type[Packet]:
        below = self.underlayer
        if isinstance(below, RTPJPEG) and below.main_header().has_table_header:
            return RTPJPEGQuantization
        return super().guess_payload_class(payload)

    def mysummary(self) -> Any:
        words = "restart every %restart_interval% MCUs F%first% L%last% count %restart_count%"
        return self.sprintf(words), [RTPJPEG]


class RTPJPEGQuantization(_Header):
    """The quantization table header with its tables (RFC 2435 section 3.1.8).

    ``length`` is that of the tables unless it is set, to make a packet that is wrong.
    """

    name = "RTP/JPEG quantization tables"
    fields_desc = [
        BitField("mbz", 0, 8),
        BitField("precision", 0, 8),
        BitFieldLenField("length", None, 16, length_of="tables"),
        XStrLenField("tables", b"", length_from=lambda packet: packet.length),
    ]

    def read(self, data: bytes) -> tuple[dict[str, Any], int]:
        header = QuantizationTableHeader.parse(data)
        values = {
            "mbz": header.mbz,
            "precision": header.precision,
            "length": len(header.tables),
            "tables": header.tables,
        }
        return values, header.size

    def write(self, **values: Any) -> bytes:
        tables: bytes = values["tables"]
        length = len(tables) if values["length"] is None else values["length"]
        # The codec never tells a wrong length: let it write as many bytes, and keep the front.
        told = QuantizationTableHeader(values["precision"], bytes(length), values["mbz"])
        return told.serialize()[:TABLE_HEADER_SIZE] + tables

    def mysummary(self) -> Any:
        words = f"tables {len(self.tables)} bytes precision {self.precision}"
        return words, [RTPJPEG, RTPJPEGRestart]


def _has_padding(below: Packet | None) -> bool:
    """Return whether the RTP header below, perhaps under a header extension, announces padding."""
    if isinstance(below, RTPExtension):
        below = below.underlayer
    return isinstance(below, RTP) and bool(below.padding)


def _carries_jpeg(rtp: Packet | None) -> bool:
    """Return whether the payload type of an RTP packet is one that RTPJPEG is bound to."""
    bound = [fields.get("payload_type") for fields, upper in RTP.payload_guess if upper is RTPJPEG]
    return isinstance(rtp, RTP) and rtp.payload_type in bound


def bind(payload_type: int) -> None:
    """Read RTP packets of another payload type as JPEG too; what is built stays payload type 26."""
    if ({"payload_type": payload_type}, RTPJPEG) not in RTP.payload_guess:
        bind_bottom_up(RTP, RTPJPEG, payload_type=payload_type)


def bind_port(port: int) -> None:
    """Read UDP datagrams to this port as RTP: scapy does not guess what a port carries."""
    from scapy.layers.inet import UDP

    if ({"dport": port}, RTP) not in UDP.payload_guess:
        bind_bottom_up(UDP, RTP, dport=port)


bind_layers(RTP, RTPJPEG, payload_type=PAYLOAD_TYPE_JPEG)
bind_bottom_up(RTPExtension, RTPJPEG)
