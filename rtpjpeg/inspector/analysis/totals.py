"""What a stream is as a whole: packets, bytes, payload type, and the rules that need no frame."""

from __future__ import annotations

from functools import partial

from ...errors import MalformedPacketError
from ...payload import LARGEST_SCAN, JpegPayload
from ...rtp import PAYLOAD_TYPE_JPEG, RtpPacket
from ...train import Column, Flags
from ..findings import Findings
from .selection import Read
from .timing import BURST, Arrivals, Clock

CONSTANTS = frozenset(
    (0x12345678, 0x12345679, 0x12341234, 0xDEADBEEF, 0xCAFEBABE, 0xDEADC0DE, 0x11223344, 0x01020304)
)
"""SSRCs that people write into programs."""
DYNAMIC = range(96, 128)


class Totals:
    """Counts the packets of one stream, broken ones too."""

    def __init__(self, findings: Findings, ssrc: int) -> None:
        self.packets = self.bytes = self.octets = 0
        """``octets`` are payload alone, as sender reports count (RFC 3550 section 6.4.1)."""
        self.payload_type = -1
        self.first_packet = self.last_packet = 0
        self.began_at = self.ended_at = 0
        """Nanoseconds since 1970."""
        self.timestamp = 0
        """Of the newest packet."""
        self.largest_packet = 0
        self._findings = findings
        self._ssrc = ssrc

    @property
    def duration(self) -> float:
        """Seconds from the first packet to the last."""
        return (self.ended_at - self.began_at) / 10**9

    def add(self, read: Read, found: Column) -> Flags:
        """Count packets; return which of them can be read as RTP/JPEG of this stream."""
        batch, rtp = read.batch, read.rtp
        if not self.packets:
            self._begin(read, int(found[0]))
        self.packets += len(found)
        self.bytes += int(batch.lengths[found].sum())
        self.last_packet, self.ended_at = int(batch.numbers[found[-1]]), int(batch.times[found].max())
        self.largest_packet = max(self.largest_packet, int(batch.ip_sizes[found].max()))
        self._findings.add("N-009", self._ssrc, batch.numbers[found[batch.from_train[found]]], _TRAIN)
        whole = rtp.valid[found]
        self.octets += self.octets_of(read, found)
        self._check_types(read, found[whole])
        of_type = rtp.payload_type[found] == self.payload_type
        usable: Flags = whole & read.jpeg.valid[found] & of_type
        self._tell_broken(read, found[~whole], found[whole & of_type & ~read.jpeg.valid[found]])
        if usable.any():
            self.timestamp = int(rtp.timestamp[found[usable][-1]])
        return usable

    def octets_of(self, read: Read, found: Column) -> int:
        """Return the bytes of payload in packets whose RTP header can be read."""
        rtp = read.rtp
        return int((rtp.ends - rtp.starts)[found[rtp.valid[found]]].sum())

    def _begin(self, read: Read, place: int) -> None:
        batch, rtp, add = read.batch, read.rtp, self._findings.add
        number = self.first_packet = int(batch.numbers[place])
        self.began_at = int(batch.times[place])
        self.payload_type = int(rtp.payload_type[place])
        if rtp.sequence_number[place] == 0:
            add("T-003", self._ssrc, number, "sequence number 0 in the first packet")
        if rtp.timestamp[place] == 0:
            add("T-005", self._ssrc, number, "timestamp 0 in the first packet")
        if self._ssrc < 256 or self._ssrc in CONSTANTS:
            add("T-008", self._ssrc, number, f"SSRC {self._ssrc:#x}")

    def _check_types(self, read: Read, found: Column) -> None:
        types = read.rtp.payload_type[found]
        others = found[types != self.payload_type]
        if others.size:
            words = f"payload type {read.rtp.payload_type[others[0]]} in a stream of {self.payload_type}"
            self._findings.add("T-014", self._ssrc, read.batch.numbers[others], words)
        if self.payload_type == PAYLOAD_TYPE_JPEG:
            return
        rule = "T-041" if self.payload_type in DYNAMIC else "T-040"
        of_stream = found[types == self.payload_type]
        words = f"JPEG under payload type {self.payload_type}"
        self._findings.add(rule, self._ssrc, read.batch.numbers[of_stream], words)

    def _tell_broken(self, read: Read, rtp: Column, payload: Column) -> None:
        """Tell of packets that contradict themselves; what they say of it is the codec's sentence."""
        for rule, places in (("T-011", rtp), ("J-006", payload[~_too_far(read, payload)])):
            for place in places.tolist():
                words = partial(_fault, read, place)
                self._findings.add(rule, self._ssrc, int(read.batch.numbers[place]), words)
        far = payload[_too_far(read, payload)]
        self._findings.add("J-019", self._ssrc, read.batch.numbers[far], "an offset that ends beyond 2^24")

    def finish(self, clock: Clock, arrivals: Arrivals) -> None:
        """Judge what needs the whole stream."""
        words = clock.other_clock()
        if words:
            self._findings.add("J-001", self._ssrc, self.first_packet, words)
        elif clock.fps and clock.jitter_max > 500 / clock.fps:
            apart = 1000 / clock.fps
            words = f"frames {apart:.1f} ms apart with a jitter of {clock.jitter_max:.1f} ms"
            self._findings.add("N-004", self._ssrc, clock.jitter_packet, words)
        words = f"{arrivals.longest_burst} packets within a millisecond"
        if arrivals.longest_burst > BURST:
            self._findings.add("N-005", self._ssrc, arrivals.bursts, words)


_TRAIN = "several RTP packets in one captured datagram"


def _too_far(read: Read, places: Column) -> Flags:
    """Tell which payloads end beyond the 24 bits of the offset."""
    jpeg, ends = read.jpeg, read.rtp.ends
    length = (ends - jpeg.data_starts)[places]
    too_far: Flags = (length >= 0) & (jpeg.fragment_offset[places] + length > LARGEST_SCAN)
    return too_far


def _fault(read: Read, place: int) -> str:
    """Return what is wrong with a packet: field and value."""
    start = int(read.batch.starts[place])
    packet = read.batch.data[start : start + int(read.batch.lengths[place])].tobytes()
    try:
        JpegPayload.parse(RtpPacket.parse(packet).payload)
    except MalformedPacketError as error:
        return f"{error.field} {error.found}"
    return "a packet that cannot be read"
