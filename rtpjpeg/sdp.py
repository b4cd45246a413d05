"""Session descriptions of RTP/JPEG streams: SDP (RFC 8866, with RFC 3605, 4570, 5576 and 5761).

   v=0                                      version
   o=- 3724394400 1 IN IP4 192.0.2.1        origin: user name, id, version, address
   s=camera1                                session name
   t=0 0                                    always active
   m=video 5000 RTP/AVP 26                  media, port, protocol, payload type
   c=IN IP4 233.252.0.1/16                  address, with a TTL for an IPv4 group
   b=AS:12000                               kbit/s, IP and UDP headers included
   a=rtpmap:26 JPEG/90000                   attributes
   a=crypto:1 AES_CM_128_HMAC_SHA1_80 ...   key of SRTP (RFC 4568), with the protocol RTP/SAVP

What is written keeps to the RFCs by the letter; what is read may be sloppier (``sdplines``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from .errors import ConfigError
from .sdplines import DIRECTIONS, PROTOCOLS, SECURE, SourceFilter, fault, ip, read_streams
from .srtpkey import SrtpKey

__all__ = ["SessionDescription", "SourceFilter", "parse_all", "serialize_all"]

LARGEST_SIZE = 2040
"""Pixels that the RTP/JPEG header can tell (RFC 2435 section 3.1.5)."""
_HOST_NAME = re.compile("[A-Za-z0-9.-]{4,255}")
"""RFC 8866, section 9: FQDN = 4*(alpha-numeric / "-" / ".")."""
_TEXT = re.compile("[^\x00\r\n]+")
_WORD = re.compile(r"[^\x00-\x20\x7f]+")


@dataclass(frozen=True, slots=True)
class SessionDescription:
    """One RTP/JPEG stream as SDP tells it."""

    address: str
    """Where the packets go: an IP address, a group, or a host name."""
    port: int
    payload_type: int = 26
    """26, or 96 to 127 with a mapping (RFC 3551 section 6)."""
    rtcp_port: int | None = None
    """Port of RTCP where it is said; ``control_port`` is the one to use."""
    rtcp_mux: bool = False
    """RTCP comes on the port of RTP (RFC 5761)."""
    ttl: int | None = None
    """Time to live of an IPv4 group, 0 to 255. None is written as 1, what a system sends by itself."""
    width: int | None = None
    """True width in pixels; written only where the RTP/JPEG header cannot tell it."""
    height: int | None = None
    framerate: float | None = None
    """The highest rate, frames a second."""
    bandwidth: int | None = None
    """kbit/s of one sender, IP and UDP headers included."""
    extmap: tuple[tuple[int, str], ...] = ()
    """ID and URI of each header extension that packets may have (RFC 8285 section 5)."""
    ssrc: int | None = None
    """A source of this stream. It may change, and others may join (RFC 5576 section 5)."""
    cname: str | None = None
    """The CNAME that RTCP sends for ``ssrc``."""
    source_filter: SourceFilter | None = None
    direction: str = "recvonly"
    """What the reader of the description is to do; a viewer under ``recvonly`` still sends RTCP."""
    protocol: str = "RTP/AVP"
    """RTP/SAVP and RTP/SAVPF are SRTP."""
    crypto: SrtpKey | None = field(default=None, repr=False)
    """The key of SRTP. Who has the description has the key."""
    session_name: str = "-"
    session_id: int = 0
    session_version: int = 0
    """Rises with each change."""
    username: str = "-"
    origin_address: str = "127.0.0.1"

    @classmethod
    def parse(cls, text: str | bytes) -> SessionDescription:
        """Read the first RTP/JPEG stream of a description; raises ``ConfigError``."""
        return cls(**next(read_streams(text)))

    def serialize(self) -> str:
        """Return the text, each line ended by CRLF; raises ``ConfigError`` for all faults at once."""
        return serialize_all([self])

    @property
    def control_port(self) -> int:
        """The port of RTCP: that of RTP with rtcp-mux, else the one that is said, else the next one."""
        if self.rtcp_mux:
            return self.port
        return self.port + 1 if self.rtcp_port is None else self.rtcp_port

    @property
    def multicast(self) -> bool:
        """Whether the address is a group."""
        return getattr(ip(self.address), "is_multicast", False)

    def accepts(self, source: str) -> bool:
        """Whether packets from this IP address, RTCP too, pass the source filter (RFC 4570 section 3)."""
        return self.source_filter is None or self.source_filter.accepts(source)


def parse_all(text: str | bytes) -> list[SessionDescription]:
    """Read every RTP/JPEG stream of a description, one or more; raises ``ConfigError``."""
    return [SessionDescription(**values) for values in read_streams(text)]


def serialize_all(descriptions: Sequence[SessionDescription]) -> str:
    """Return one description of several streams, one or more; session name and origin are the first's.

    Raises ``ConfigError`` for all faults at once.
    """
    faults = [sentence for description in descriptions for sentence in _faults(description)]
    if faults:
        raise ConfigError(*faults)
    first = descriptions[0]
    origin = f"{first.username} {first.session_id} {first.session_version} {_place(first.origin_address)}"
    # RFC 8866, section 5: the lines must appear in exactly this order.
    lines = ["v=0", f"o={origin}", f"s={first.session_name}", "t=0 0"]
    for description in descriptions:
        lines += _media_lines(description)
    return "".join(f"{line}\r\n" for line in lines)


def _media_lines(stream: SessionDescription) -> Iterator[str]:
    yield f"m=video {stream.port} {stream.protocol} {stream.payload_type}"
    # RFC 8866, section 5.7: an IPv4 group MUST have a TTL, all else MUST NOT.
    group = stream.multicast and ":" not in stream.address
    yield f"c={_place(stream.address)}" + (f"/{1 if stream.ttl is None else stream.ttl}" if group else "")
    if stream.bandwidth is not None:
        yield f"b=AS:{stream.bandwidth}"
    # Static type 26 needs no mapping; some receivers look for one all the same.
    yield f"a=rtpmap:{stream.payload_type} JPEG/90000"
    yield from _control_lines(stream)
    if stream.crypto is not None:
        yield f"a=crypto:1 {stream.crypto.serialize()}"
    if stream.framerate is not None:
        yield f"a=framerate:{_decimals(stream.framerate)}"
    if _needs_dimensions(stream.width) or _needs_dimensions(stream.height):
        yield f"a=x-dimensions:{stream.width},{stream.height}"
    for number, name in stream.extmap:
        yield f"a=extmap:{number} {name}"
    if stream.ssrc is not None:
        yield f"a=ssrc:{stream.ssrc} cname:{stream.cname}"
    yield f"a={stream.direction}"


def _control_lines(stream: SessionDescription) -> Iterator[str]:
    """Where RTCP goes, and from whom packets come."""
    odd = stream.port % 2 == 1
    rtcp_port = stream.control_port if stream.rtcp_port is None else stream.rtcp_port
    if odd or rtcp_port not in (stream.port, stream.port + 1):
        # RFC 8866, section 5.14: MUST, for a port that does not follow the rule of even and odd.
        yield f"a=rtcp:{rtcp_port}"
    if stream.rtcp_mux:
        yield "a=rtcp-mux"
    if stream.source_filter is not None:
        # RFC 4570, section 3.1: the destination as in c=, but without its TTL.
        names = " ".join([_place(stream.address), *stream.source_filter.sources])
        yield f"a=source-filter: {stream.source_filter.mode} {names}"


def _place(address: str) -> str:
    """Return network type, address type and address."""
    return f"IN IP{6 if ':' in address else 4} {address.partition('%')[0]}"


def _decimals(rate: float) -> str:
    """Return a number with a decimal point, in no locale but this one, without zeros at its end."""
    return f"{rate:.6f}".rstrip("0").rstrip(".")


def _needs_dimensions(size: int | None) -> bool:
    return size is not None and (size > LARGEST_SIZE or size % 8 != 0)


def _faults(stream: SessionDescription) -> Iterator[str]:
    """Yield one sentence for each field that must not be written."""
    for name, right, expected, source in [*_place_rules(stream), *_port_rules(stream), *_value_rules(stream)]:
        if not right:
            yield fault(name, repr(getattr(stream, name)), expected, source)


_Rule = tuple[str, bool, str, str]


def _place_rules(stream: SessionDescription) -> Iterator[_Rule]:
    expected = "an IP address or a host name"
    for name in ("address", "origin_address"):
        yield name, _is_place(getattr(stream, name)), expected, "RFC 8866 section 9"
    yield "ttl", _within(stream.ttl, 0, 255), "0 to 255", "RFC 8866 section 5.7"
    if stream.source_filter is not None:
        mode, sources = stream.source_filter.mode, stream.source_filter.sources
        right = mode in ("incl", "excl") and bool(sources) and all(map(_is_place, sources))
        yield "source_filter", right, "mode incl or excl, and unicast addresses", "RFC 4570 section 3"


def _port_rules(stream: SessionDescription) -> Iterator[_Rule]:
    port, rtcp_port, mux = stream.port, stream.rtcp_port, stream.rtcp_mux
    yield "port", 1 <= port <= 65535, "1 to 65535", "RFC 8866 section 5.14"
    # RFC 3550, section 11: RTP and RTCP MUST NOT share a port unless that is agreed.
    right = _within(rtcp_port, 1, 65535) and (rtcp_port != port or mux) and 1 <= stream.control_port <= 65535
    yield "rtcp_port", right, f"1 to 65535, and not {port} without rtcp_mux", "RFC 3605 section 2.1"
    any_source = stream.multicast and (stream.source_filter is None or stream.source_filter.mode != "incl")
    yield "rtcp_mux", not (mux and any_source), "False for an any-source group", "RFC 5761 section 5.2"
    right = stream.payload_type == 26 or 96 <= stream.payload_type <= 127
    yield "payload_type", right, "26, or 96 to 127", "RFC 3551 section 6"
    expected = " or ".join(PROTOCOLS if stream.crypto is None else SECURE)
    right = stream.protocol in PROTOCOLS and (stream.crypto is None or stream.protocol in SECURE)
    yield "protocol", right, expected, "RFC 8866 section 5.14, RFC 4568 section 4"


def _value_rules(stream: SessionDescription) -> Iterator[_Rule]:
    for name in ("width", "height"):
        right = _within(getattr(stream, name), 1, 65535) and (stream.width is None) == (stream.height is None)
        yield name, right, "1 to 65535, width and height together", "RFC 8866 section 5.13"
    right = stream.framerate is None or 1e-6 <= stream.framerate < 1e9
    yield "framerate", right, "a number above 0", "RFC 8866 section 6.13"
    yield "bandwidth", _within(stream.bandwidth, 0, 10**9), "whole kbit/s", "RFC 8866 section 5.8"
    names = [name for _, name in stream.extmap]
    right = all(_within(number, 1, 255) and _WORD.fullmatch(name) for number, name in stream.extmap)
    right = right and len(names) == len(set(names)) == len({number for number, _ in stream.extmap})
    yield "extmap", right, "IDs of 1 to 255 and URIs, each once", "RFC 8285 section 5"
    # RFC 5576, section 4.1: for each source that is mentioned the cname MUST be provided.
    right = _within(stream.ssrc, 0, 0xFFFF_FFFF) and (stream.ssrc is None) == (stream.cname is None)
    yield "ssrc", right, "32 bits, and a cname with it", "RFC 5576 section 4.1"
    right = stream.cname is None or bool(_TEXT.fullmatch(stream.cname))
    yield "cname", right, "text of one line", "RFC 5576 section 6.1"
    yield "direction", stream.direction in DIRECTIONS, " or ".join(DIRECTIONS), "RFC 8866 section 6.7"
    yield "username", bool(_WORD.fullmatch(stream.username)), "text without a blank", "RFC 8866 section 5.2"
    yield (
        "session_name",
        bool(_TEXT.fullmatch(stream.session_name)),
        "text of one line",
        "RFC 8866 section 5.3",
    )
    for name in ("session_id", "session_version"):
        yield name, getattr(stream, name) >= 0, "a number, 0 or more", "RFC 8866 section 5.2"


def _is_place(text: str) -> bool:
    return ip(text) is not None or bool(_HOST_NAME.fullmatch(text))


def _within(value: int | None, low: int, high: int) -> bool:
    return value is None or (type(value) is int and low <= value <= high)
