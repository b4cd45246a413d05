"""The receiver as Python calls: ``rtpjpeg.open`` and ``rtpjpeg.open_pair``."""

from __future__ import annotations

import os
from collections.abc import Sequence

from ..errors import ConfigError
from ..net.impairment import Impairment
from ..net.keyfile import read_key
from ..session import DEADLINE
from .opening import Opener
from .program.framestream import FrameStream
from .program.pairs import PairStream
from .source import EXPECTED, Source, read_sources

DEFAULT_SOURCE = "rtp://:5000"

Text = str | os.PathLike[str]


def open(
    *sources: Text,
    latency: float = DEADLINE,
    conceal: bool = True,
    senders: Sequence[str] = (),
    impair: str | Impairment | None = None,
    srtp_key: Text | None = None,
) -> FrameStream:
    """Receive sources, and return an iterator of their frames that is a context manager as well.

    A source is ``rtp://:PORT``, ``rtp://GROUP:PORT``, an SDP file or a capture file; none means
    ``rtp://:5000``. ``latency`` is in seconds: a frame is given up so long after its first packet. With
    ``conceal`` lost parts of a picture are filled from the one before, else such frames are left out.
    ``senders`` are the only addresses or host names that may send. ``impair`` puts a bad network in
    between, such as ``loss=5%,seed=1``. ``srtp_key`` is a file with the key of SRTP; that of an SDP file
    is used without it.
    Raises ``ConfigError`` for an argument that cannot be used, ``TransportError`` when a port is taken or
    a file cannot be read.
    """
    opener = _opener(latency, conceal, impair)
    return FrameStream(opener, _read(sources or (DEFAULT_SOURCE,), senders, srtp_key))


def open_pair(
    first: Text,
    second: Text,
    *,
    latency: float = DEADLINE,
    conceal: bool = True,
    senders: Sequence[str] = (),
    impair: str | Impairment | None = None,
    srtp_key: Text | None = None,
) -> PairStream:
    """Receive two cameras, and return an iterator of ``FramePair`` that is a context manager as well.

    The frames of a pair were taken at most half a frame interval apart. Sources are live ones,
    ``rtp://:PORT``, ``rtp://GROUP:PORT`` or an SDP file with one stream; the other arguments are those of
    ``open``.
    Raises ``ConfigError`` for an argument that cannot be used, ``TransportError`` when a port is taken.
    """
    found = _read((first, second), senders, srtp_key)
    faults = [f"{source.label}: expected a live source" for source in found if source.capture is not None]
    if not faults and len(found) != 2:
        faults = [f"found {len(found)} streams in {first} and {second}, expected one in each"]
    if faults:
        raise ConfigError(*faults)
    return PairStream(_opener(latency, conceal, impair), found)


def _opener(latency: float, conceal: bool, impair: str | Impairment | None) -> Opener:
    if not 0 < latency < float("inf"):
        raise ConfigError(f"latency: found {latency}, expected seconds above 0")
    return Opener(latency, conceal, Impairment.parse(impair) if isinstance(impair, str) else impair)


def _read(texts: Sequence[Text], senders: Sequence[str], srtp_key: Text | None) -> list[Source]:
    """Return the sources that are meant. Raises ``ConfigError``, ``TransportError``."""
    wrong = [text for text in texts if not isinstance(text, str | os.PathLike)]
    if wrong:
        raise ConfigError(*(f"source: found {text!r}, expected {EXPECTED}" for text in wrong))
    only = [senders] if isinstance(senders, str) else senders
    key = None if srtp_key is None else read_key(srtp_key)
    return read_sources([os.fspath(text) for text in texts], only, key)
