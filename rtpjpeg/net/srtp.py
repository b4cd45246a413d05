"""SRTP: packets are encrypted and signed on their way out, checked and decrypted on their way in (RFC 3711).

   |V=2|P|X| CC  |M| PT | sequence number | timestamp | SSRC | CSRCs, header extension |   in the clear
   | payload                                                                           |   encrypted
   | authentication tag, 10 bytes or 4, of all above and the rollover counter          |

   |V=2|P| RC | PT | length | SSRC |   in the clear
   | the rest of the compound packet   |   encrypted
   |E| SRTCP index, 31 bits            |
   | authentication tag, 10 bytes, of all above

Whole trains go through. What came in changes nothing before its tag was found right.
"""

from __future__ import annotations

import hmac
import struct
import threading
from collections.abc import Sequence
from typing import NamedTuple, TypeVar

import numpy as np

from ..errors import MalformedPacketError
from ..mux import holds_rtcp
from ..rtcp import is_rtcp
from ..rtp import HEADER_SIZE
from ..srtpkey import SrtpKey
from ..train import Bytes, PacketTrain
from .aescm import RTCP_LABELS, RTP_LABELS, Transform
from .latejoin import COLD_TRIES, WARM_TRIES, LateJoin
from .rollover import Rollover, Window

RTCP_TAG_SIZE = 10
"""In both suites (RFC 4568 sections 6.2.1 and 6.2.2)."""
RTCP_HEADER_SIZE = 8
RTCP_TRAILER_SIZE = 4 + RTCP_TAG_SIZE
"""Bytes that an RTCP datagram grows by."""
ENCRYPTED = 1 << 31
"""The E bit in front of the SRTCP index."""
MOST_SOURCES = 64
"""SSRCs that a receiver knows at a time. Only who has the key can bring a new one; the oldest then goes."""
_RTP = struct.Struct("!BBH4xI")
_U32 = struct.Struct("!I")

State = TypeVar("State", bound=Window)


class Body(NamedTuple):
    """Where a packet stands in its train, and what its key stream is made of."""

    start: int
    payload: int
    end: int
    """Behind the payload; the tag, where there is one, follows."""
    place: tuple[int, int]
    """SSRC and index."""


class Protector:
    """Encrypts and signs what one sender sends; threads may share it.

    A packet that is sent again is the same again. Two streams may have one key as long as their SSRCs
    differ, also from those of earlier runs (RFC 3711 section 9.1). Raises ``TransportError`` where the
    library is missing.
    """

    def __init__(self, key: SrtpKey) -> None:
        self.key = key
        self._rtp = Transform(key, RTP_LABELS, key.tag_size)
        self._rtcp = Transform(key, RTCP_LABELS, RTCP_TAG_SIZE)
        self._streams: dict[int, Rollover] = {}
        self._rtcp_index = 0
        self._lock = threading.Lock()

    def protect(self, train: PacketTrain) -> PacketTrain:
        """Return the train with each packet encrypted and signed; equal sizes stay equal.

        Raises ``MalformedPacketError`` for what is no RTP packet.
        """
        with self._lock:
            view = train.data.data
            bodies = [self._plan(view[start:end], start) for start, end in zip(*train.spans(), strict=True)]
            packets, train = _crossed(self._rtp, train.data, bodies, self._rtp.tag_size)
            for packet, body in zip(packets, bodies, strict=True):
                end = len(packet) - self._rtp.tag_size
                packet[end:] = self._rtp.finish(self._rtp.begin(packet[:end]), body.place[1] >> 16)
            return train

    def _plan(self, packet: memoryview, start: int) -> Body:
        payload = payload_offset(packet, len(packet))
        if payload is None:
            raise MalformedPacketError("RTP packet", f"{len(packet)} bytes", "a whole RTP header")
        _, _, sequence_number, ssrc = _RTP.unpack_from(packet)
        stream = self._streams.get(ssrc)
        index = sequence_number if stream is None else stream.guess(sequence_number)
        if stream is None:
            # Never forgotten: one that came back would begin its key stream anew.
            self._streams[ssrc] = Rollover(index)
        else:
            stream.take(index)
        return Body(start, start + payload, start + len(packet), (ssrc, index))

    def protect_rtcp(self, datagram: bytes) -> bytes:
        """Return a compound RTCP packet encrypted and signed. Raises ``MalformedPacketError``."""
        if len(datagram) < RTCP_HEADER_SIZE:
            raise MalformedPacketError("RTCP packet", f"{len(datagram)} bytes", "8 or more")
        with self._lock:
            index = self._rtcp_index
            self._rtcp_index += 1
            signed = _rtcp_crossed(self._rtcp, datagram, index) + _U32.pack(ENCRYPTED | index)
            return signed + self._rtcp.tag(signed)


class Unprotector:
    """Checks and decrypts what comes to one receiver; threads may share it.

    Raises ``TransportError`` where the library is missing.
    """

    def __init__(self, key: SrtpKey) -> None:
        self.rejected = 0
        """Packets that do not fit the key, or are not whole."""
        self.repeated = 0
        """Packets that had come before, or so late that nobody can tell."""
        self._rtp = Transform(key, RTP_LABELS, key.tag_size)
        self._rtcp = Transform(key, RTCP_LABELS, RTCP_TAG_SIZE)
        self._streams: dict[int, Rollover] = {}
        self._rtcp_windows: dict[int, Window] = {}
        self._late = LateJoin(self._rtp)
        self._lock = threading.Lock()

    def unprotect(self, train: PacketTrain) -> PacketTrain:
        """Return those packets of a train that fit the key, decrypted; RTCP among them too (RFC 5761)."""
        with self._lock:
            self._late.tries = WARM_TRIES if self._streams else COLD_TRIES
            if holds_rtcp(train):
                return PacketTrain.from_packets(self._sorted(train))
            view, spans = train.data.data, zip(*train.spans(), strict=True)
            bodies = [body for start, end in spans if (body := self._check(view[start:end], start))]
            return _crossed(self._rtp, train.data, bodies, 0)[1]

    def unprotect_rtcp(self, datagram: bytes) -> bytes | None:
        """Return a compound RTCP packet decrypted; None where it does not fit the key or has come before."""
        with self._lock:
            return self._open_rtcp(datagram)

    def _sorted(self, train: PacketTrain) -> Sequence[bytes]:
        """Return the packets of a train with RTCP in it, each in its way."""
        found = []
        for packet in train:
            if is_rtcp(packet):
                found.append(self._open_rtcp(packet))
            elif body := self._check(memoryview(packet), 0):
                found.append(_crossed(self._rtp, np.frombuffer(packet, np.uint8), [body], 0)[1][0])
        return [packet for packet in found if packet is not None]

    def _check(self, packet: memoryview, start: int) -> Body | None:
        """Return where a packet stands that fits the key and is new, and note it; else count it."""
        end = len(packet) - self._rtp.tag_size
        payload = payload_offset(packet, end)
        if payload is None:
            self.rejected += 1
            return None
        _, _, sequence_number, ssrc = _RTP.unpack_from(packet)
        stream = self._streams.get(ssrc)
        index = sequence_number if stream is None else stream.guess(sequence_number)
        if stream is not None and stream.is_seen(index):
            self.repeated += 1
            return None
        begun, tag = self._rtp.begin(packet[:end]), packet[end:].tobytes()
        if not hmac.compare_digest(self._rtp.finish(begun, index >> 16), tag):
            first = 0 if stream is None else stream.highest >> 16
            found = self._late.find(begun, tag, ssrc, sequence_number, first)
            if found is None:
                self.rejected += 1
                return None
            index = found
        if not _note(self._streams, ssrc, Rollover, index):
            self.repeated += 1
            return None
        return Body(start, start + payload, start + end, (ssrc, index))

    def _open_rtcp(self, datagram: bytes) -> bytes | None:
        signed, tag = datagram[:-RTCP_TAG_SIZE], datagram[-RTCP_TAG_SIZE:]
        whole = len(datagram) >= RTCP_HEADER_SIZE + RTCP_TRAILER_SIZE
        if not whole or not hmac.compare_digest(self._rtcp.tag(signed), tag):
            self.rejected += 1
            return None
        flag_and_index = _U32.unpack_from(signed, len(signed) - 4)[0]
        # RFC 4568, section 6.3.2: unless something else is agreed, the E bit is set in every packet.
        if not flag_and_index & ENCRYPTED:
            self.rejected += 1
            return None
        index = flag_and_index ^ ENCRYPTED
        if not _note(self._rtcp_windows, _U32.unpack_from(datagram, 4)[0], Window, index):
            self.repeated += 1
            return None
        return _rtcp_crossed(self._rtcp, signed[:-4], index)


def payload_offset(packet: memoryview, end: int) -> int | None:
    """Return where the payload of an RTP packet begins; None where its header is not whole before ``end``."""
    if end < HEADER_SIZE or packet[0] >> 6 != 2:
        return None
    size = HEADER_SIZE + 4 * (packet[0] & 15)
    if packet[0] & 0x10:  # a header extension, in words of 32 bits behind its own header
        size += 4 + 4 * int.from_bytes(packet[size + 2 : size + 4], "big")
    return size if size <= end else None


def _crossed(
    transform: Transform, data: Bytes, bodies: Sequence[Body], room: int
) -> tuple[list[memoryview], PacketTrain]:
    """Return copies of packets, with ``room`` bytes behind each, as views and as a train.

    Their payloads are crossed with the key stream, which encrypts and decrypts: packets and key stream are
    laid out alike, and crossed all at once.
    """
    lengths = np.fromiter((body.end - body.start + room for body in bodies), np.int64, len(bodies))
    buffer = bytearray(int(lengths.sum()))
    pad = bytearray(len(buffer))
    longest = max((body.end - body.payload for body in bodies), default=0)
    stream = transform.keystream([body.place for body in bodies], longest)
    width, source, key = stream.shape[1], data.data, stream.reshape(-1).data
    view, pad_view, packets, at, row = memoryview(buffer), memoryview(pad), [], 0, 0
    for start, payload, end, _ in bodies:
        behind = at + end - start
        view[at:behind] = source[start:end]
        pad_view[at + payload - start : behind] = key[row : row + end - payload]
        packets.append(view[at : behind + room])
        at, row = behind + room, row + width
    out = np.frombuffer(buffer, np.uint8)
    np.bitwise_xor(out, np.frombuffer(pad, np.uint8), out=out)
    return packets, PacketTrain.from_buffer(buffer, lengths)


def _rtcp_crossed(transform: Transform, datagram: bytes, index: int) -> bytes:
    """Return an RTCP packet with all but its first eight bytes crossed with the key stream."""
    ssrc, size = _U32.unpack_from(datagram, 4)[0], len(datagram) - RTCP_HEADER_SIZE
    stream = transform.keystream([(ssrc, index)], size)[0, :size]
    body = np.frombuffer(datagram, np.uint8)[RTCP_HEADER_SIZE:] ^ stream
    return datagram[:RTCP_HEADER_SIZE] + body.tobytes()


def _note(states: dict[int, State], ssrc: int, make: type[State], index: int) -> bool:
    """Note an index of an SSRC whose tag was right; False where it is not new (RFC 3711 section 3.3.2)."""
    state = states.get(ssrc)
    if state is None:
        while len(states) >= MOST_SOURCES:
            del states[next(iter(states))]
        states[ssrc] = make(index)
        return True
    if state.is_seen(index) or state.is_old(index):
        return False
    state.take(index)
    return True
