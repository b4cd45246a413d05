"""The lines of a session description, and what each of them says (RFC 8866 sections 5, 6 and 9).

A description is a session section followed by media sections, each begun by an ``m=`` line. Real
descriptions are often sloppy: attributes are hints, and one that is unknown or cannot be read is
left out. Lines that say where packets go and whom to trust have to be right.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

from .errors import ConfigError
from .mux import TAKEN
from .srtpkey import SrtpKey

DIRECTIONS = ("recvonly", "sendrecv", "sendonly", "inactive")
SECURE = ("RTP/SAVP", "RTP/SAVPF")
"""The same with SRTP (RFC 3711 section 12, RFC 5124)."""
PROTOCOLS = ("RTP/AVP", "RTP/AVPF", *SECURE)
_LETTERS = "vosiuepcbtrzkam"
_CONNECTION = re.compile(
    # What follows an IPv6 group is no TTL but a number of addresses.
    r"IN IP(?:4 (?P<four>[^\s/:]+)(?:/(?P<ttl>[0-9]{1,3})(?:/[0-9]+)?)?|6 (?P<six>[^\s/]+)(?:/[0-9]+)?)\s*"
)
_ORIGIN = re.compile(
    r"(?P<username>\S+) (?P<session_id>[0-9]{1,20}) (?P<session_version>[0-9]{1,20})"
    r" IN IP[46] (?P<origin_address>\S+)\s*"
)
_RATE = re.compile(r"\s*([0-9]{1,9}(?:\.[0-9]{1,9})?)\s*")
_SIZE = re.compile(r"\s*([0-9]{1,5})\s*[,-]\s*([0-9]{1,5})\s*")
_EXTENSION = re.compile(r"([0-9]{1,3})(?:/[a-z]+)? +(\S+)(?: .*)?")
_SSRC = re.compile(r"([0-9]{1,10}) cname:(.+)")


@dataclass(frozen=True, slots=True)
class SourceFilter:
    """Whose packets to take (RFC 4570 section 3); its destination is the address of the stream."""

    mode: str
    """``incl``: from these sources only. ``excl``: from all but these."""
    sources: tuple[str, ...]
    """Unicast addresses; a host name can stand here too, and has to be looked up by the receiver."""

    def accepts(self, source: str) -> bool:
        """Whether packets from this IP address pass. It is not the only guard (RFC 4570 section 5)."""
        named = any(same_address(source, other) for other in self.sources)
        return named == (self.mode == "incl")


@dataclass(frozen=True, slots=True)
class Section:
    """The lines up to the next ``m=`` line, as (type letter, value)."""

    lines: list[tuple[str, str]] = field(default_factory=list)

    def values(self, letter: str) -> list[str]:
        """Return what the lines of one type say."""
        return [value for kind, value in self.lines if kind == letter]

    def attributes(self, name: str) -> list[str]:
        """Return the values of an attribute; one without a value gives empty text."""
        pairs = (value.partition(":") for value in self.values("a"))
        return [value for found, _, value in pairs if found == name]


def read_streams(text: str | bytes) -> Iterator[dict[str, Any]]:
    """Yield what is said of each RTP/JPEG stream: the arguments of a ``SessionDescription``.

    Raises ``ConfigError`` where a line is broken, and where there is no RTP/JPEG stream at all.
    """
    session, media = _split(text.decode("utf-8", "replace") if isinstance(text, bytes) else text)
    found = [
        (section, payload_type) for section in media if (payload_type := _payload_type(section)) is not None
    ]
    if not found:
        offered = "; ".join(_offer(section) for section in media) or "none"
        expected = "a video stream over RTP/AVP with format 26, or one with a mapping to JPEG/90000"
        raise ConfigError(fault("m=", offered, expected, "RFC 8866 section 5.14"))
    for section, payload_type in found:
        yield _read_stream(session, section, payload_type)


def fault(what: str, found: object, expected: str, source: str) -> str:
    """Return the sentence about one field."""
    return f"SDP {what}: found {found}, expected {expected} ({source})"


def ip(text: str) -> IPv4Address | IPv6Address | None:
    """Return the IP address that a text is; None for a host name."""
    try:
        found = ip_address(text)
    except ValueError:
        return None
    # A socket of both families gives IPv4 addresses as ::ffff:192.0.2.1.
    return getattr(found, "ipv4_mapped", None) or found


def address_text(host: str, port: int) -> str:
    """Return host and port as a user writes them, an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def same_address(one: str, other: str) -> bool:
    """Whether two texts name the same address, however they are written."""
    return one == other or (ip(one) is not None and ip(one) == ip(other))


def decimal(text: str, low: int, high: int) -> int | None:
    """Return the number that a text is; None where it is no number from ``low`` to ``high``."""
    number = int(text) if re.fullmatch("[0-9]{1,20}", text) else -1
    return number if low <= number <= high else None


def _split(text: str) -> tuple[Section, list[Section]]:
    """Return the session section and the media sections."""
    sections, faults = [Section()], []
    # RFC 8866, section 5: parsers SHOULD also accept lines ended by a single newline.
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    for number, line in enumerate(lines, 1):
        letter, equals, value = line[:1], line[1:2], line[2:]
        if letter == "m":
            sections.append(Section())
        if equals == "=" and letter in _LETTERS:
            sections[-1].lines.append((letter, value))
        elif line.strip():
            # The type letters are not extensible: a parser MUST ignore or refuse the description.
            expected = "<type>=<value> with a type that is known"
            faults.append(fault(f"line {number}", _short(line), expected, "RFC 8866 section 5"))
    for value in sections[0].values("v"):
        if value.strip() != "0":
            faults.append(fault("v=", _short(value), "0", "RFC 8866 section 5.1"))
    if faults:
        raise ConfigError(*faults)
    return sections[0], sections[1:]


def _payload_type(media: Section) -> int | None:
    """Return the first format that is RTP/JPEG; None where there is none."""
    kind, _, protocol, *formats = [*media.values("m")[0].split(), "", "", ""]
    if kind != "video" or protocol not in PROTOCOLS:
        return None
    # RFC 8866, section 5.14: the first acceptable format SHOULD be used, and names are compared
    # without regard to case. RFC 3551, section 6: 26 is JPEG without any mapping.
    encodings = {"26": "JPEG/90000"} | _encodings(media)
    usable = [number for number in formats if encodings.get(number, "").upper() == "JPEG/90000"]
    return decimal(usable[0], 0, 127) if usable else None


def _encodings(media: Section) -> dict[str, str]:
    maps = (value.split() for value in media.attributes("rtpmap"))
    return {words[0]: words[1] for words in maps if len(words) > 1}


def _offer(media: Section) -> str:
    """Return a media line and its mappings, for the sentence that refuses it."""
    return " ".join([_short(media.values("m")[0]), *_encodings(media).values()])


def _read_stream(session: Section, media: Section, payload_type: int) -> dict[str, Any]:
    faults: list[str] = []
    values = _transport(media, faults) | _connection(session, media, faults)
    values["source_filter"] = _source_filter(session, media, str(values.get("address")), faults)
    values["crypto"] = _crypto(media, values["protocol"], faults)
    if values["rtcp_mux"] and payload_type in TAKEN:
        expected = "none of 64 to 95 where RTCP shares the port"
        faults.append(fault("payload type", payload_type, expected, "RFC 5761 section 4"))
    if faults:
        raise ConfigError(*faults)
    values |= _origin(session) | _hints(session, media, payload_type)
    return values | {"payload_type": payload_type, "direction": _direction(session, media)}


def _transport(media: Section, faults: list[str]) -> dict[str, Any]:
    port, protocol = media.values("m")[0].split()[1:3]
    # 5000/2 means two streams on 5000 and 5002; the first of them is meant here.
    values: dict[str, Any] = {"protocol": protocol, "port": decimal(port.partition("/")[0], 1, 65535)}
    if values["port"] is None:
        faults.append(fault("port in m=", _short(port), "1 to 65535", "RFC 8866 section 5.14"))
    values["rtcp_mux"] = bool(media.attributes("rtcp-mux"))
    for text in media.attributes("rtcp")[:1]:
        values["rtcp_port"] = decimal(text.partition(" ")[0], 1, 65535)
        if values["rtcp_port"] is None:
            faults.append(fault("a=rtcp", _short(text), "a port, 1 to 65535", "RFC 3605 section 2.1"))
        elif values["rtcp_port"] == values["port"] and not values["rtcp_mux"]:
            expected = "another port than that of RTP, or a=rtcp-mux beside it"
            faults.append(fault("a=rtcp", values["port"], expected, "RFC 3550 section 11"))
    return values


def _crypto(media: Section, protocol: str, faults: list[str]) -> SrtpKey | None:
    """Read ``a=crypto``: the first that can be used (RFC 4568 section 7.1); None where there is none.

    FFmpeg writes it under RTP/AVP too, and means it; there, one that cannot be used is left out.
    """
    refused: list[str] = []
    for text in media.attributes("crypto"):
        try:
            return SrtpKey.parse(f"crypto:{text}")
        except ConfigError as error:
            refused += error.faults
    if protocol in SECURE:
        faults += [f"SDP a=crypto: {sentence}" for sentence in refused]
    return None


def _connection(session: Section, media: Section, faults: list[str]) -> dict[str, Any]:
    """Read ``c=``: at media level it wins over the session's (RFC 8866 section 5.7)."""
    text = [*media.values("c"), *session.values("c"), ""][0]
    found = _CONNECTION.fullmatch(text)
    ttl = int(found["ttl"]) if found and found["ttl"] else None
    if found and (ttl is None or ttl <= 255):
        return {"address": found["four"] or found["six"], "ttl": ttl}
    expected = "IN IP4 <address>[/<ttl 0 to 255>] or IN IP6 <address>, in the session or the stream"
    faults.append(fault("c=", _short(text) if text else "none", expected, "RFC 8866 section 5.7"))
    return {}


def _source_filter(session: Section, media: Section, address: str, faults: list[str]) -> SourceFilter | None:
    """Read ``a=source-filter``: at media level it replaces the session's (RFC 4570 section 3.1)."""
    name = "source-filter"
    for text in media.attributes(name) or session.attributes(name):
        mode, _, _, destination, *sources = [*text.split(), "", "", "", ""]
        sources = [source for source in sources if source]
        if mode not in ("incl", "excl") or not sources:
            # Left out, it would let everybody in.
            expected = "incl or excl, IN, IP4 or IP6, a destination and sources"
            faults.append(fault(f"a={name}", _short(text), expected, "RFC 4570 section 3"))
        elif destination == "*" or same_address(destination, address):
            return SourceFilter(mode, tuple(sources))
    return None


def _origin(session: Section) -> dict[str, Any]:
    """Read ``o=`` and ``s=``; neither is needed to play a stream."""
    values: dict[str, Any] = {}
    for found in map(_ORIGIN.fullmatch, session.values("o")[:1]):
        if found:
            values = found.groupdict()
            values |= {name: int(values[name]) for name in ("session_id", "session_version")}
    if session.values("s")[:1] not in ([], [""]):
        values["session_name"] = session.values("s")[0]
    return values


def _direction(session: Section, media: Section) -> str:
    # RFC 8866, section 6.7: the media's own counts first, and sendrecv SHOULD be assumed without any.
    found = (value for section in (media, session) for value in section.values("a") if value in DIRECTIONS)
    return next(found, "sendrecv")


def _hints(session: Section, media: Section, payload_type: int) -> dict[str, Any]:
    """Read what is good to know; of each attribute the first that can be read."""
    values: dict[str, Any] = {}
    for found in map(_RATE.fullmatch, [*media.attributes("framerate"), *media.attributes("x-framerate")]):
        if found and float(found[1]) > 0:
            values.setdefault("framerate", float(found[1]))
    marked = (text.partition(" ") for text in media.attributes("framesize"))
    sizes = [
        *media.attributes("x-dimensions"),
        *(size for key, _, size in marked if key == str(payload_type)),
    ]
    for found in map(_SIZE.fullmatch, sizes):
        if found and all(decimal(number, 1, 65535) for number in found.groups()):
            values = {"width": int(found[1]), "height": int(found[2])} | values
    for text in [*media.values("b"), *session.values("b")]:
        # RFC 8866, section 5.8: parsers MUST ignore bandwidth types that they do not know.
        if text.startswith("AS:") and decimal(text[3:], 0, 10**9) is not None:
            values.setdefault("bandwidth", int(text[3:]))
    values["extmap"] = _extensions(session, media)
    for found in map(_SSRC.fullmatch, media.attributes("ssrc")):
        if found and decimal(found[1], 0, 0xFFFF_FFFF) is not None:
            values = {"ssrc": int(found[1]), "cname": found[2]} | values
    return values


def _extensions(session: Section, media: Section) -> tuple[tuple[int, str], ...]:
    """Read ``a=extmap``: ID and URI of each header extension (RFC 8285 section 5)."""
    found = map(_EXTENSION.fullmatch, [*session.attributes("extmap"), *media.attributes("extmap")])
    pairs = ((decimal(match[1], 1, 255), match[2]) for match in found if match)
    by_number = {number: name for number, name in pairs if number is not None}
    return tuple({name: (number, name) for number, name in by_number.items()}.values())


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")
