"""What a user writes as SOURCE: rtp://[GROUP]:PORT, an SDP file, or a capture file."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..errors import ConfigError, TransportError
from ..net.address import addresses_of
from ..net.aescm import require_library
from ..sdp import SessionDescription, parse_all
from ..sdplines import SECURE
from ..srtpkey import SrtpKey

DEFAULT_SOURCES = ("rtp://:5000", "rtp://:5002")
EXPECTED = "rtp://:PORT, rtp://GROUP:PORT, a .sdp file or a .pcap file"
CAPTURES = (".pcap", ".pcapng", ".cap")
LARGEST_SDP = 1 << 20
_SCHEME = "rtp://"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Source:
    """One stream to receive, or one capture file."""

    label: str
    """As the user wrote it; of an SDP file or a capture with what tells its streams apart."""
    host: str = ""
    """Local address or multicast group; empty for all addresses of this machine."""
    port: int = 0
    title: str = ""
    """A name for people, where there is a better one than the label."""
    description: SessionDescription | None = None
    """What an SDP file says of the stream."""
    capture: Path | None = None
    """A capture file to read instead of a socket."""
    only: frozenset[str] = frozenset()
    """Addresses that may send; empty for all."""
    key: SrtpKey | None = field(default=None, repr=False)
    """The key of SRTP; None for plain RTP."""

    def accepts(self, peer: object) -> bool:
        """Return whether packets from this address may be used (RFC 4570 section 3)."""
        if not isinstance(peer, tuple):
            return True
        host = str(peer[0])
        if self.only and host.partition("%")[0] not in self.only:
            return False
        return self.description is None or self.description.accepts(host)


def read_sources(texts: list[str], senders: Sequence[str] = (), key: SrtpKey | None = None) -> list[Source]:
    """Return the streams that the user's words mean; only ``senders``, names or addresses, may send them.

    A ``key`` is for all of them and goes before what a description says.
    Raises ``ConfigError`` with one line for each word that means none, ``TransportError`` when a file
    cannot be read or a library is missing.
    """
    only = frozenset[str]().union(*map(addresses_of, senders))
    found: list[Source] = []
    faults: list[str] = []
    for text in texts:
        try:
            found += [_with_key(source, key) for source in _read(text)]
        except ConfigError as error:
            faults += [f"{text}: {fault}" for fault in error.faults]
    if faults:
        raise ConfigError(*faults)
    if any(source.key is not None for source in found):
        require_library()
    for source in found:
        _say_odd(source)
    return [replace(source, only=only) for source in found]


def _say_odd(source: Source) -> None:
    """Say what is taken of an odd port that is given alone (RFC 3550 section 11)."""
    port = source.port
    if port % 2 and source.description is None:
        rtcp = f"RTCP on {port + 1}" if port < 65535 else "no RTCP"
        _log.warning("%s: port %d is odd: RTP is taken on %d and %s", source.label, port, port, rtcp)


def _with_key(source: Source, key: SrtpKey | None) -> Source:
    """Return the source with the key that is given, else with that of its description."""
    described = source.description
    key = key or (described.crypto if described else None)
    if key is None and described is not None and described.protocol in SECURE:
        raise ConfigError(f"found {described.protocol} and no key, expected a=crypto, or --srtp-key FILE")
    return replace(source, key=key)


def _read(text: str) -> list[Source]:
    if text.startswith(_SCHEME):
        return [_read_address(text)]
    suffix = Path(text).suffix.lower()
    if suffix == ".sdp":
        return _read_description(Path(text))
    if suffix in CAPTURES:
        _read_file(Path(text), 1)
        return [Source(text, capture=Path(text))]
    raise ConfigError(f"expected {EXPECTED}")


def _read_address(text: str) -> Source:
    host, colon, port = text.removeprefix(_SCHEME).removesuffix("/").rpartition(":")
    host = host.removeprefix("@")  # as VLC writes it
    if not colon or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ConfigError(f"found port {port!r}, expected rtp://:PORT with a port of 1 to 65535")
    if ":" in host and not (host.startswith("[") and host.endswith("]")):
        raise ConfigError(f"found host {host!r}, expected an IPv6 address in square brackets")
    return Source(text, host.strip("[]"), int(port))


def _read_description(path: Path) -> list[Source]:
    streams = parse_all(_read_file(path, LARGEST_SDP))
    return [_described(path, stream, len(streams) > 1) for stream in streams]


def _described(path: Path, stream: SessionDescription, several: bool) -> Source:
    """Return the source of one stream; a unicast address is where the packets go, which is here."""
    return Source(
        f"{path}#{stream.port}" if several else str(path),
        host=stream.address if stream.multicast else "",
        port=stream.port,
        title=stream.session_name if stream.session_name.strip() not in ("", "-") else "",
        description=stream,
    )


def _read_file(path: Path, most: int) -> bytes:
    """Return the first bytes of a file, ``most`` of them at most."""
    try:
        with path.open("rb") as file:
            return file.read(most)
    except OSError as error:
        raise TransportError(f"{path} cannot be read: {error.strerror or error}") from None
