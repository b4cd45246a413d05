"""Trains in a capture: cut where they are trains, left alone where they are not."""

from __future__ import annotations

import random
import socket
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.reading.seen import Row, read
from net.captures import DESTINATION, SOURCE, SOURCE6, ipv4_fragments, pcap
from peers import missing
from rtpjpeg import Packetizer, depacketize
from rtpjpeg.inspector.reading.trains import segment_size
from rtpjpeg.net.pcap import ip_packet, read_datagrams
from rtpjpeg.net.udp import UdpSender

FIXTURES = Path(__file__).parents[3] / "fixtures"

SO_RCVBUFFORCE, SOL_PACKET, PACKET_IGNORE_OUTGOING = 33, 263, 23


@pytest.fixture(scope="module")
def picture() -> bytes:
    """A JPEG file of 4:2:0."""
    payloads = [row[3] for row in read_datagrams(FIXTURES / "captures" / "own-type1-q85-1280x720.pcap")]
    return next(iter(depacketize(payloads))).jpeg


def rtp(number: int, size: int, chance: random.Random, timestamp: int = 9, ssrc: int = 0x1234ABCD) -> bytes:
    return struct.pack("!BBHII", 0x80, 26, number & 0xFFFF, timestamp, ssrc) + chance.randbytes(size - 12)


def packets_of(sizes: list[int], chance: random.Random, first: int = 65530) -> list[bytes]:
    return [rtp(first + place, size, chance) for place, size in enumerate(sizes)]


def captured(folder: Path, *payloads: bytes, source: tuple[str, int] = SOURCE) -> list[Row]:
    destination = DESTINATION if source is SOURCE else ("2001:db8::2", 5004)
    packets = [ip_packet(source, destination, payload) for payload in payloads]
    path = folder / "made.pcap"
    path.write_bytes(pcap(101, *packets))
    return read(path)


@pytest.mark.parametrize("source", [SOURCE, SOURCE6], ids=["ipv4", "ipv6"])
@pytest.mark.parametrize("sizes", [[1352] * 36 + [200], [1352] * 48, [800, 800], [1000, 12 + 461], [21] * 90])
def test_a_train_becomes_its_packets(
    tmp_path: Path, source: tuple[str, int], sizes: list[int], seed: int
) -> None:
    packets = packets_of(sizes, random.Random(seed))
    got = captured(tmp_path, b"before", b"".join(packets), b"behind", source=source)
    headers = 28 if source is SOURCE else 48
    assert [row.payload for row in got] == [b"before", *packets, b"behind"]
    assert [row.number for row in got] == [1, *[2] * len(packets), 3]
    assert [row.from_train for row in got] == [False, *[True] * len(packets), False]
    assert [row.ip_size for row in got] == [headers + len(row.payload) for row in got]
    assert len({row.time for row in got[1:-1]}) == 1


def test_short_trains_are_cut_where_long_ones_come_from(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    short, long = packets_of([300, 300, 40], chance), packets_of([700, 700, 700], chance, 3)
    assert len(captured(tmp_path, b"".join(short))) == 1
    got = captured(tmp_path, b"".join(short), b"".join(long), b"", rtp(9, 700, chance), b"".join(short))
    assert [len(row.payload) for row in got] == [300, 300, 40, 700, 700, 700, 0, 700, 300, 300, 40]
    assert [row.from_train for row in got] == [True] * 6 + [False] * 2 + [True] * 3


def test_a_train_that_a_receiver_joined_may_lack_packets_and_hold_two_frames(seed: int) -> None:
    chance = random.Random(seed)
    numbers = [5, 6, 8, 9, 7, 12]
    train = b"".join(rtp(number, 1000, chance, timestamp=number // 8) for number in numbers)
    assert segment_size(train) == 1000


NOT_TRAINS = {
    "other SSRC": {"ssrc": 1},
    "far sequence number": {"number": 2000},
}


@pytest.mark.parametrize("name", NOT_TRAINS)
@pytest.mark.parametrize("place", [1, 2, 5])
def test_one_header_that_does_not_fit_leaves_it_whole(name: str, place: int, seed: int) -> None:
    chance = random.Random(seed)
    packets = packets_of([1000] * 6, chance, 7)
    assert segment_size(b"".join(packets)) == 1000
    packets[place] = rtp(**{"number": 7 + place, "size": 1000, "chance": chance} | NOT_TRAINS[name])
    assert segment_size(b"".join(packets)) == 0


@pytest.mark.parametrize("rest", [1, 11])
def test_a_rest_that_is_no_packet_leaves_it_whole(rest: int, seed: int) -> None:
    train = b"".join(packets_of([1000] * 3, random.Random(seed)))
    assert segment_size(train + bytes(rest)) == 0
    assert segment_size(b"\x40" + train[1:]) == 0


def test_jumbo_frames_stay_whole(tmp_path: Path, seed: int) -> None:
    """One RTP packet of 9000 bytes, also where its SSRC stands in the data again and again."""
    chance = random.Random(seed)
    plain = [rtp(number, 8972, chance) for number in range(20)]
    repeated = struct.pack("!BBHII", 0x80, 26, 1, 0, 0) + bytes(8960)
    echo = rtp(1, 4000, chance) + struct.pack("!I", 0x1234ABCD) * 1000
    got = captured(tmp_path, *plain, repeated, echo)
    assert [row.payload for row in got] == [*plain, repeated, echo]
    assert not any(row.from_train for row in got)


def test_real_jumbo_packets_of_our_sender_stay_whole(tmp_path: Path, picture: bytes) -> None:
    packets = list(Packetizer(mtu=9000, profile="compatible").packetize(picture, 0))
    assert max(map(len, packets)) > 8000
    assert [row.payload for row in captured(tmp_path, *packets)] == packets


def test_a_train_in_fragments_is_a_large_datagram(tmp_path: Path, seed: int) -> None:
    train = b"".join(packets_of([1000] * 3, random.Random(seed)))
    path = tmp_path / "made.pcap"
    path.write_bytes(pcap(101, *ipv4_fragments(ip_packet(SOURCE, DESTINATION, train), 1480)))
    [row] = read(path)
    assert (row.pieces, row.payload, row.from_train) == (3, train, False)


@given(st.binary(max_size=400), st.binary(min_size=12, max_size=60))
def test_any_bytes_have_a_segment_size_that_cuts_them(data: bytes, piece: bytes) -> None:
    for payload in (data, piece * 7, b"\x80\x1a" + data + data):
        size = segment_size(payload)
        assert size == 0 or 20 <= size < len(payload)


class Tap:
    """A packet socket on loopback that sees the datagrams to one port."""

    def __init__(self, port: int) -> None:
        try:
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        except (AttributeError, PermissionError):
            missing("the right to capture on loopback")
        self._socket.bind(("lo", 0))
        # The kernel has room for few trains, and shows what leaves on loopback a second time as it comes.
        self._socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 22)
        self._socket.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
        self._socket.settimeout(10)
        self._port = struct.pack("!H", port)

    def take(self, payload_bytes: int) -> list[bytes]:
        """Return the frames that hold so many bytes of payload."""
        frames: list[bytes] = []
        while payload_bytes > 0:
            frame = self._socket.recv(1 << 17)
            if frame[36:38] == self._port and frame[23] == 17:
                frames.append(frame)
                payload_bytes -= len(frame) - 42
        return frames

    def close(self) -> None:
        self._socket.close()


def test_a_capture_of_our_sender_on_its_own_machine_gives_the_packets_that_it_sent(
    tmp_path: Path, picture: bytes
) -> None:
    packetizer = Packetizer(profile="compatible", mtu=1400)
    trains = [packetizer.packetize(picture, 3000 * number) for number in range(5)]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        port = receiver.getsockname()[1]
        tap = Tap(port)
        with UdpSender(("127.0.0.1", port)) as sender:
            taken = []
            for train in trains:
                assert sender.send(train) == len(train)
                taken += tap.take(train.nbytes)
        tap.close()
    path = tmp_path / "loopback.pcap"
    path.write_bytes(pcap(1, *taken))
    sent = [packet for train in trains for packet in train]
    assert len(taken) < len(sent) / 10, "the kernel has cut the trains before they were captured"
    got = read(path)
    assert [row.payload for row in got] == sent
    assert all(row.ip_size == 28 + len(row.payload) for row in got)
    assert sum(row.from_train for row in got) > 0.9 * len(got)  # the last of a frame may go alone
