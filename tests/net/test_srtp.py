"""SRTP over trains: libsrtp agrees byte by byte, and nothing is taken that does not fit the key."""

from __future__ import annotations

import random
import struct
import tracemalloc
from collections.abc import Sequence

import pytest

from peers import need_module
from rtpjpeg import MalformedPacketError, PacketTrain
from rtpjpeg.net import latejoin
from rtpjpeg.net.rollover import WINDOW, Rollover
from rtpjpeg.net.srtp import MOST_SOURCES, Protector, Unprotector
from rtpjpeg.srtpkey import TAG_SIZES, SrtpKey

KEYS = [SrtpKey(bytes(range(16)), bytes(range(14)), suite) for suite in TAG_SIZES]
KEY = KEYS[0]
OTHER = SrtpKey(bytes(16), bytes(14))


@pytest.fixture(autouse=True)
def library() -> None:
    need_module("cryptography")


def rtp(number: int, ssrc: int = 7, size: int = 100, first: int = 0x80, behind: bytes = b"") -> bytes:
    """Return a packet; ``behind`` stands behind the fixed header."""
    header = struct.pack("!BBHII", first, 26, number & 0xFFFF, number, ssrc) + behind
    return header + bytes((number + place) & 0xFF for place in range(size))


def rtcp(ssrc: int = 7, size: int = 40) -> bytes:
    return struct.pack("!BBHI", 0x81, 201, size // 4 + 1, ssrc) + bytes(size)


def train(*packets: bytes) -> PacketTrain:
    return PacketTrain.from_packets(packets)


def protected(numbers: Sequence[int], key: SrtpKey = KEY, protector: Protector | None = None) -> list[bytes]:
    """Return each packet, encrypted in the order of the numbers."""
    return list((protector or Protector(key)).protect(train(*map(rtp, numbers))))


def numbers(packets: PacketTrain) -> list[int]:
    return [int.from_bytes(packet[4:8], "big") for packet in packets]


ODD_HEADERS = [
    rtp(1),
    rtp(2, size=0),
    rtp(3, size=1),
    rtp(4, first=0x83, behind=bytes(12)),
    rtp(5, first=0x90, behind=b"\xbe\xde\0\2" + bytes(8)),
    rtp(6, first=0x92, behind=bytes(8) + b"\x10\0\0\1" + bytes(4)),
    rtp(7, size=1340),
]


class TestTrains:
    @pytest.mark.parametrize("key", KEYS, ids=TAG_SIZES)
    def test_what_was_protected_is_unprotected(self, key: SrtpKey) -> None:
        sent = train(*ODD_HEADERS)
        secret = Protector(key).protect(sent)
        assert [len(packet) for packet in secret] == [len(packet) + key.tag_size for packet in ODD_HEADERS]
        assert [a[:12] for a in secret] == [a[:12] for a in ODD_HEADERS]
        assert list(Unprotector(key).unprotect(secret)) == ODD_HEADERS

    @pytest.mark.parametrize("key", KEYS, ids=TAG_SIZES)
    def test_a_train_that_the_kernel_can_cut_stays_one(self, key: SrtpKey) -> None:
        sent = train(*(rtp(number, size=1300 if number < 9 else 44) for number in range(10)))
        secret = Protector(key).protect(sent)
        assert (sent.segment_size, secret.segment_size) == (1312, 1312 + key.tag_size)
        assert list(Unprotector(key).unprotect(secret)) == list(sent)

    def test_packets_may_stand_apart(self) -> None:
        """As the slots of recvmmsg do."""
        whole = protected(range(4))
        joined = train(*(packet + bytes(50) for packet in whole))
        slots = PacketTrain(joined.data, joined.starts, joined.lengths - 50)
        assert numbers(Unprotector(KEY).unprotect(slots)) == [0, 1, 2, 3]

    def test_an_empty_train(self) -> None:
        assert len(Protector(KEY).protect(train())) == len(Unprotector(KEY).unprotect(train())) == 0

    @pytest.mark.parametrize("packet", [b"", b"\x80" * 11, b"\0" + bytes(30), rtp(1, first=0x9F, size=0)])
    def test_what_is_no_rtp_is_not_protected(self, packet: bytes) -> None:
        with pytest.raises(MalformedPacketError):
            Protector(KEY).protect(train(packet))


class TestLibsrtp:
    """pylibsrtp binds the library that GStreamer and browsers have."""

    @pytest.mark.parametrize("key", KEYS, ids=TAG_SIZES)
    def test_rtp_is_the_same_byte_by_byte(self, key: SrtpKey) -> None:
        theirs, ours = self.session(key, "outbound"), Protector(key)
        for number in (*range(60_000, 70_000, 97), *range(70_000, 70_050)):
            packet = rtp(number, size=number % 60)
            assert ours.protect(train(packet))[0] == theirs.protect(packet)

    @pytest.mark.parametrize("key", KEYS, ids=TAG_SIZES)
    def test_rtcp_goes_both_ways(self, key: SrtpKey) -> None:
        theirs, ours = self.session(key, "inbound"), Protector(key)
        sent = [rtcp(ssrc, size) for ssrc in (7, 8) for size in (0, 24, 100)]
        assert [theirs.unprotect_rtcp(ours.protect_rtcp(datagram)) for datagram in sent] == sent
        theirs, receiver = self.session(key, "outbound"), Unprotector(key)
        assert [receiver.unprotect_rtcp(theirs.protect_rtcp(datagram)) for datagram in sent] == sent

    @staticmethod
    def session(key: SrtpKey, direction: str):  # type: ignore[no-untyped-def]
        module = need_module("pylibsrtp")
        policy = module.Policy
        kind = getattr(policy, f"SSRC_ANY_{direction.upper()}")
        profile = getattr(policy, f"SRTP_PROFILE_AES128_CM_SHA1_{key.suite[-2:]}")
        return module.Session(policy(key=key.key + key.salt, ssrc_type=kind, srtp_profile=profile))


class TestIndex:
    def test_the_sequence_number_wraps_again_and_again(self) -> None:
        protector, receiver = Protector(KEY), Unprotector(KEY)
        for start in range(30_000, 400_000, 1000):
            secret = protected(range(start, start + 3), protector=protector)
            assert numbers(receiver.unprotect(train(*secret))) == [start, start + 1, start + 2]
        assert receiver.rejected == receiver.repeated == 0

    def test_loss_and_reordering_around_a_wrap(self, seed: int) -> None:
        chance = random.Random(seed)
        secret = protected(range(65_000, 66_000))
        kept = [packet for packet in secret if chance.random() > 0.2]
        order = sorted(range(len(kept)), key=lambda place: place + chance.uniform(0, 40))
        receiver = Unprotector(KEY)
        opened = [number for place in order for number in numbers(receiver.unprotect(train(kept[place])))]
        assert len(opened) == len(kept) and set(opened) <= set(range(65_000, 66_000))
        assert receiver.rejected == receiver.repeated == 0

    def test_what_came_before_is_refused(self) -> None:
        secret, receiver = train(*protected(range(50))), Unprotector(KEY)
        assert len(receiver.unprotect(secret)) == 50
        assert len(receiver.unprotect(secret)) == 0
        assert (receiver.repeated, receiver.rejected) == (50, 0)

    def test_what_is_behind_the_window_is_refused(self) -> None:
        secret, receiver = protected(range(WINDOW + 100)), Unprotector(KEY)
        receiver.unprotect(train(*secret[60:]))
        assert numbers(receiver.unprotect(train(secret[59], secret[99], secret[5]))) == []
        assert (receiver.repeated, receiver.rejected) == (3, 0)

    def test_a_packet_sent_again_is_the_same_again(self) -> None:
        protector = Protector(KEY)
        before = protected(range(65_530, 65_545), protector=protector)
        assert protected((65_531, 65_540), protector=protector) == [before[1], before[10]]

    def test_a_sender_never_begins_a_key_stream_anew(self) -> None:
        """Two packets with one key stream would give both away (RFC 3711 section 9.1)."""
        protector = Protector(KEY)
        before = protected((65_535, 65_536), protector=protector)
        for ssrc in range(100, 100 + 2 * MOST_SOURCES):
            protector.protect(train(rtp(1, ssrc)))
        assert protected((65_536,), protector=protector) == before[1:]

    def test_several_streams_have_indices_of_their_own(self) -> None:
        protector, receiver = Protector(KEY), Unprotector(KEY)
        for number in (40_000, 65_000, 90_000, 120_000, 140_000):
            mixed = train(rtp(number, 1), rtp(number + 9, 2))
            assert numbers(receiver.unprotect(protector.protect(mixed))) == [number, number + 9]


def late(protector: Protector, rollovers: int, numbers: Sequence[int]) -> list[bytes]:
    """Return packets of a stream that has been rolling over for long."""
    protector._streams[7] = Rollover(rollovers << 16)
    return protected([(rollovers << 16) + number for number in numbers], protector=protector)


class TestLateJoin:
    @pytest.mark.parametrize("key", KEYS, ids=TAG_SIZES)
    @pytest.mark.parametrize("rollovers", [1, 2, 1300, 5000])
    def test_a_stream_that_has_rolled_over_is_joined(self, rollovers: int, key: SrtpKey) -> None:
        receiver, secret = Unprotector(key), late(Protector(key), rollovers, range(1, 40))
        opened = [number for packet in secret for number in numbers(receiver.unprotect(train(packet)))]
        assert len(opened) == 38 - rollovers // latejoin.COLD_TRIES
        assert opened[-1] == (rollovers << 16) + 39

    @pytest.mark.parametrize("places", [(-5, 2), (1, -1), (-2, -1), (-2, 1, -1)])
    def test_it_is_joined_while_it_rolls_over(self, places: tuple[int, ...]) -> None:
        """Just where one train's tries end, and late packets among them."""
        protector, receiver = Protector(KEY), Unprotector(KEY)
        wrap = latejoin.COLD_TRIES << 16
        protector._streams[7] = Rollover(wrap - 10)
        secret = protected([wrap + place for place in (*places, *range(10, 19))], protector=protector)
        opened = [number for packet in secret for number in numbers(receiver.unprotect(train(packet)))]
        assert opened[-1] == wrap + 18 and len(opened) >= 8

    @pytest.mark.parametrize("away", [40_000, 65_536, 1_000_000])
    def test_a_stream_that_was_away_for_long_is_found_again(self, away: int) -> None:
        protector, receiver = Protector(KEY), Unprotector(KEY)
        receiver.unprotect(protector.protect(train(rtp(5))))
        for number in range(5, away, 20_000):
            protector.protect(train(rtp(number)))
        secret = protected(range(away, away + 4), protector=protector)
        assert numbers(receiver.unprotect(train(*secret)))[-1:] == [away + 3]

    def test_one_lucky_packet_changes_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A short tag fits by chance once in 2^32 tries: only a second packet makes it true."""
        receiver, forged = Unprotector(KEY), [rtp(number, size=60) for number in range(latejoin.PATIENCE + 1)]
        fits = latejoin.LateJoin._fits
        monkeypatch.setattr(latejoin.LateJoin, "_fits", lambda self, begun, tag, rollovers: rollovers == 9)
        assert len(receiver.unprotect(train(forged[0]))) == 0
        monkeypatch.setattr(latejoin.LateJoin, "_fits", fits)
        assert len(receiver.unprotect(train(*forged[1:]))) == 0
        assert receiver.rejected == len(forged) and not receiver._streams
        secret = late(Protector(KEY), 3, range(200, 210))
        assert (3 << 16) + 209 in numbers(receiver.unprotect(train(*secret)))

    def test_tries_are_counted(self) -> None:
        receiver, forged = Unprotector(KEY), [rtp(number, size=60) for number in range(200)]
        tried: list[int] = []
        finish = receiver._rtp.finish
        receiver._rtp.finish = lambda begun, rollovers: tried.append(rollovers) or finish(begun, rollovers)  # type: ignore[method-assign,func-returns-value]
        receiver.unprotect(train(*forged))
        assert len(tried) == len(forged) + latejoin.COLD_TRIES
        receiver.unprotect(train(*protected([1])))
        tried.clear()
        receiver.unprotect(train(*forged[2:]))
        assert len(tried) == len(forged) - 2 + latejoin.WARM_TRIES

    def test_a_search_begins_anew_at_its_end(self) -> None:
        late = latejoin.LateJoin(Unprotector(KEY)._rtp)
        for _ in range(latejoin.MOST_ROLLOVERS // 65_536 + 3):
            late.tries = 0
            late._searches.setdefault(7, latejoin.Search(0, 0)).next += 65_536
            late.tries = 1
            late.find(late._transform.begin(b"nothing"), bytes(10), 7, 1, 0)
        assert late._searches[7].next < latejoin.MOST_ROLLOVERS


class TestHostile:
    @pytest.mark.parametrize("key", KEYS, ids=TAG_SIZES)
    def test_20_000_mutated_packets_are_all_refused(self, seed: int, key: SrtpKey) -> None:
        chance = random.Random(seed)
        protector, receiver = Protector(key), Unprotector(key)
        whole = [*protector.protect(train(*ODD_HEADERS)), protector.protect_rtcp(rtcp())]
        receiver.unprotect(protector.protect(train(rtp(1, ssrc=9))))
        for _ in range(10_000):
            packet = mutated(chance.choice(whole), chance)
            assert packet in whole or len(receiver.unprotect(train(packet))) == 0
            assert packet in whole or receiver.unprotect_rtcp(packet) is None
        assert len(receiver.unprotect(train(*whole))) == len(whole), "and nothing of it left a trace"

    @pytest.mark.parametrize("key", KEYS, ids=TAG_SIZES)
    def test_every_truncation_is_refused(self, key: SrtpKey) -> None:
        protector, receiver = Protector(key), Unprotector(key)
        for packet in protector.protect(train(*ODD_HEADERS[:6])):
            cut = train(*(packet[:size] for size in range(len(packet))))
            assert len(receiver.unprotect(cut)) == 0
        datagram = protector.protect_rtcp(rtcp())
        assert not any(receiver.unprotect_rtcp(datagram[:size]) for size in range(len(datagram)))

    def test_another_key_fits_nothing(self) -> None:
        receiver = Unprotector(OTHER)
        assert len(receiver.unprotect(train(*protected(range(100))))) == 0
        assert receiver.unprotect_rtcp(Protector(KEY).protect_rtcp(rtcp())) is None
        assert (receiver.rejected, receiver.repeated) == (101, 0)

    def test_plain_packets_fit_nothing(self) -> None:
        receiver = Unprotector(KEY)
        assert len(receiver.unprotect(train(*map(rtp, range(100)), rtcp()))) == 0
        assert receiver.rejected == 101

    def test_a_flood_of_sources_takes_no_memory(self, seed: int) -> None:
        chance, receiver = random.Random(seed), Unprotector(KEY)
        floods = [train(*(rtp(1, chance.getrandbits(32), 40) for _ in range(500))) for _ in range(40)]
        for flood in floods[:2]:
            receiver.unprotect(flood)
        tracemalloc.start()
        try:
            before = tracemalloc.get_traced_memory()[0]
            for flood in floods[2:]:
                receiver.unprotect(flood)
            assert tracemalloc.get_traced_memory()[0] - before < 65_536
        finally:
            tracemalloc.stop()
        assert not receiver._streams and len(receiver._late._searches) <= latejoin.MOST_SEARCHES
        assert numbers(receiver.unprotect(train(*protected([1, 2])))) == [1, 2]

    def test_who_has_the_key_cannot_fill_the_memory_either(self) -> None:
        protector, receiver = Protector(KEY), Unprotector(KEY)
        for ssrc in range(3 * MOST_SOURCES):
            assert len(receiver.unprotect(protector.protect(train(rtp(ssrc, ssrc))))) == 1
            assert receiver.unprotect_rtcp(protector.protect_rtcp(rtcp(ssrc))) == rtcp(ssrc)
        assert len(receiver._streams) == len(receiver._rtcp_windows) == MOST_SOURCES


class TestRtcp:
    def test_it_may_come_on_the_port_of_rtp(self) -> None:
        protector, receiver = Protector(KEY), Unprotector(KEY)
        first, second = protector.protect(train(rtp(1), rtp(2)))
        report = protector.protect_rtcp(rtcp())
        assert list(receiver.unprotect(train(first, report, second))) == [rtp(1), rtcp(), rtp(2)]
        assert list(receiver.unprotect(train(report))) == []
        assert (receiver.rejected, receiver.repeated) == (0, 1)

    def test_what_came_before_is_refused(self) -> None:
        protector, receiver = Protector(KEY), Unprotector(KEY)
        one, two = protector.protect_rtcp(rtcp()), protector.protect_rtcp(rtcp())
        assert receiver.unprotect_rtcp(two) == receiver.unprotect_rtcp(one) == rtcp()
        assert receiver.unprotect_rtcp(one) is None
        assert receiver.repeated == 1

    def test_one_that_is_signed_and_not_encrypted_is_refused(self) -> None:
        receiver = Unprotector(KEY)
        signed = rtcp() + struct.pack("!I", 5)
        assert receiver.unprotect_rtcp(signed + receiver._rtcp.tag(signed)) is None
        assert receiver.rejected == 1

    def test_one_without_a_header_is_not_protected(self) -> None:
        with pytest.raises(MalformedPacketError):
            Protector(KEY).protect_rtcp(bytes(7))


def mutated(packet: bytes, chance: random.Random) -> bytes:
    """Return a packet with bits turned, cut, grown or another one's parts in it."""
    changed = bytearray(packet)
    for _ in range(chance.randrange(1, 4)):
        kind = chance.randrange(4)
        if kind == 0 and changed:
            changed[chance.randrange(min(len(changed), 24 if chance.random() < 0.5 else 9999))] ^= (
                1 << chance.randrange(8)
            )
        elif kind == 1:
            del changed[chance.randrange(len(changed) + 1) :]
        elif kind == 2:
            changed += chance.randbytes(chance.randrange(1, 20))
        elif len(changed) > 4:
            place = chance.randrange(len(changed) - 3)
            changed[place : place + 4] = chance.randbytes(4)
    return bytes(changed)
