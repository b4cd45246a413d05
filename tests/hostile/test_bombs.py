"""Frames that would cost too much: offsets, overlaps, sizes. What is refused here never meets a decoder."""

from __future__ import annotations

import random
import struct

import pytest

import rtpjpeg.receiver.decode as decoder_room
from conformance.builders import SSRC, fragment, main, rtp
from conformance.pictures import jpeg, pixels, scan_of, with_scan
from conformance.running import Viewer, receive
from hostile.stage import EOI, PACE, camera, file, grouped, numbers, play
from rtpjpeg import Depacketizer, PacketTrain, UnsupportedJpegError
from rtpjpeg.depacketizer import FRAME_LIMIT
from rtpjpeg.events import QUEUE_LIMIT, FrameReceived
from rtpjpeg.fragments import PACKET_COST, TRAIN_COST
from rtpjpeg.frame import Frame
from rtpjpeg.parameters import LARGEST_DIMENSION, LARGEST_PICTURE
from rtpjpeg.receiver.decode import LARGEST_SIDE, decode
from rtpjpeg.receiver.painter import Painter

TYPES = [1, 65]


def held(machine: Depacketizer, packets: list[bytes], at_once: int) -> int:
    """Push packets in trains of so many; return the most memory that was held between two of them."""
    most = 0
    for first in range(0, len(packets), at_once):
        machine.push(PacketTrain.from_packets(packets[first : first + at_once]))
        most = max(most, machine.bytes_held)
    return most


@pytest.mark.rule("J-020", "J-104")
@pytest.mark.parametrize("offset", [0xFFFFFF, 0xFFFFF0, 0x800000])
def test_a_far_offset_takes_no_room(offset):
    """Offset 0xFFFFFF: nothing is made in its size, and the frames around it are shown."""
    viewer, frames = Viewer(), camera(count=12)
    for number, frame in enumerate(frames):
        far = rtp(main(offset, type=65) + bytes(400), timestamp=7, sequence=30_000 + 9 * number, ssrc=SSRC)
        play(viewer, [grouped(frame, True)])
        viewer.take([far], source=("192.0.2.1", 4000))
        assert viewer.session._depacketizer.bytes_held < 10_000
    assert len(viewer.outcome.frames) == 12


@pytest.mark.rule("J-103")
@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize("shift", [-100, -1, 1, 100])
def test_fragments_that_overlap_are_never_shown(type, shift):
    """A fragment that reaches into another, or leaves a gap, costs its frame; the next one is whole."""
    scans = [scan_of(file(type, number)) for number in range(2)]
    first = fragment(scans[0], type=type, interval=2, size=150)
    second = fragment(scans[1], type=type, interval=2, size=150, timestamp=12_000, sequence=1 + len(first))
    for place in range(1, len(first)):
        wrong = list(first)
        offset = int.from_bytes(wrong[place][13:16], "big") + shift
        wrong[place] = wrong[place][:13] + offset.to_bytes(3, "big") + wrong[place][16:]
        outcome = receive([*wrong, *second])
        assert [scan_of(frame.jpeg) for frame in outcome.frames] == [scans[1]]
        assert len(outcome.dropped) == 1


@pytest.mark.rule("J-020", "J-104")
@pytest.mark.parametrize("at_once", [1, 64])
@pytest.mark.parametrize("size", [1, 100, 1300])
def test_a_frame_without_end_is_cut_off_at_the_limit(size, at_once):
    """At most 4 MiB and one train are held, however long it goes on: here 8 MiB of packets, or 20 000."""
    count = min(20_000, (8 << 20) // size)
    packets = [rtp(main(n * size) + b"\x12" * size, sequence=n, timestamp=5) for n in range(count)]
    machine = Depacketizer()
    train = at_once * (len(packets[0]) + PACKET_COST) + TRAIN_COST
    assert FRAME_LIMIT / 2 < held(machine, packets, at_once) + train
    assert held(Depacketizer(), packets, at_once) <= FRAME_LIMIT + train
    machine.flush()
    assert "frame size: found" in machine.next_event().reason


@pytest.mark.rule("J-104")
@pytest.mark.parametrize("at_once", [1, 64])
def test_at_most_two_frames_are_in_progress(at_once):
    """One that waits for its end, others behind a hole: together at most 4 MiB and one train."""
    packets = []
    for number in range(6):
        for place in range(2000):
            payload = main(place * 1000) + b"\x12" * 1000
            packets.append(rtp(payload, sequence=len(packets), timestamp=3000 * number))
    del packets[1000]
    machine = Depacketizer(window=1 << 15)
    train = at_once * (len(packets[0]) + PACKET_COST) + TRAIN_COST
    assert held(machine, packets, at_once) <= FRAME_LIMIT + train


@pytest.mark.rule("J-107")
def test_the_largest_picture_of_rtp_is_a_small_one_for_a_decoder():
    """2040x2040 is the most that the header can say; it is decoded, 12 MiB of pixels."""
    made = jpeg(1, width=2040, height=2040, quality=20)
    packets = fragment(scan_of(made), q=20, width=2040, height=2040, size=1300)
    (frame,) = receive(packets).frames
    assert pixels(frame.jpeg).shape == (2040, 2040, 3)


# size told outside the packets, whether it may be
TOLD = [
    ((4096, 8), True),
    ((4096, 3904), True),
    ((4097, 8), False),
    ((8, 4097), False),
    ((4096, 4000), False),
    ((30_000, 30_000), False),
    ((65_535, 65_535), False),
]


@pytest.mark.rule("J-107")
@pytest.mark.parametrize(("size", "allowed"), TOLD)
def test_a_size_told_in_the_sdp_is_bounded(size, allowed):
    """x-dimensions: 4096 a side and 16 Mpixel; a larger one is refused before anything is decoded."""
    scan = b"\x28\xa2\x8a\x00" * (-(-size[0] // 16) * -(-size[1] // 16)) if allowed else bytes(10_000)
    packets = fragment(scan + EOI, width=0, height=0, size=60_000)
    outcome = receive(packets, dimensions=size)
    assert [(frame.width, frame.height) for frame in outcome.frames] == ([size] if allowed else [])
    assert allowed or outcome.complaints.startswith(f"size: found {size[0]}x{size[1]}, expected at most")
    assert (LARGEST_DIMENSION, LARGEST_PICTURE) == (4096, 16_000_000)


def bomb(width: int, height: int) -> bytes:
    """A grey picture of one MCU that says it is a large one."""
    made = with_scan(jpeg(1, width=16, height=16), b"\x28\xa2\x8a\x00" + EOI)
    at = made.index(b"\xff\xc0") + 5
    return made[:at] + struct.pack(">HH", height, width) + made[at + 4 :]


@pytest.mark.rule("J-107")
@pytest.mark.parametrize("size", [(30_000, 30_000), (65_500, 65_500), (65_000, 8), (8, 65_000), (4097, 4097)])
def test_a_small_file_that_says_it_is_huge_never_reaches_a_decoder(size, monkeypatch):
    """A 629-byte JPEG that says 30000x30000: refused as a payload, and by whoever is handed the file."""
    monkeypatch.setattr(decoder_room, "_decoder", lambda: pytest.fail("a decoder was asked"))
    made = bomb(*size)
    assert len(made) == 629
    outcome = receive([rtp(main(0) + made, marker=True)])
    assert not outcome.frames and "damaged or too large" in outcome.complaints
    with pytest.raises(UnsupportedJpegError, match=f"picture size: found {size[0]}x{size[1]}"):
        decode(made)
    with pytest.raises(UnsupportedJpegError):
        Painter()(Frame(made, *size))
    assert LARGEST_SIDE == 4096


@pytest.mark.rule("J-107")
@pytest.mark.parametrize("type", TYPES)
def test_a_header_that_says_more_than_the_scan_holds_costs_nothing(type):
    """A packet of 50 bytes that says 2040x2040: no picture, and no memory in its size."""
    payload = (
        main(0, type=type, width=2040, height=2040) + (b"\0\4\xff\xff" if type & 64 else b"") + bytes(20)
    )
    outcome = receive([rtp(payload, marker=True)], conceal=True)
    assert not outcome.frames and "expected at least" in outcome.complaints


def small_chunks(count: int) -> list[bytes]:
    """Frames of one packet each, one interval of the largest picture in it."""
    chunk = struct.pack(">HH", 4, 0xC000) + b"\x77" * 9
    payload = main(0, type=65, width=2040, height=2040) + chunk
    return [rtp(payload, sequence=n, timestamp=3000 * n, marker=True) for n in range(count)]


@pytest.mark.rule("J-104", "J-106")
@pytest.mark.parametrize("at_once", [1, 200])
def test_small_packets_cannot_make_pictures_without_end(at_once):
    """Each makes a picture of 100 kB: 4 MiB of them wait to be taken, the others are dropped."""
    machine, packets = Depacketizer(), small_chunks(400)
    held(machine, packets, at_once)
    events = []
    while (event := machine.next_event()) is not None:
        events.append(event)
    frames = [event.frame for event in events if isinstance(event, FrameReceived)]
    assert len(events) == len(packets)
    room = QUEUE_LIMIT + sum(map(len, packets[:at_once]))
    states = sum(len(frame.interval_states) for frame in frames)
    assert room / 2 < sum(len(frame.jpeg) for frame in frames) + states <= room
    assert "frames that nobody took" in events[-1].reason
    assert machine.statistics.frames_received == len(frames)


def test_frames_that_are_taken_make_room():
    machine, shown = Depacketizer(), 0
    for packet in small_chunks(100):
        machine.push(packet)
        shown += isinstance(machine.next_event(), FrameReceived)
    assert shown == 100


@pytest.mark.rule("J-104")
def test_a_huge_frame_between_two_others_costs_only_itself(seed):
    """A frame beyond the limit is dropped; of the 120 around it none is."""
    viewer, chance = Viewer(frame_limit=200_000), random.Random(seed)
    place, sequence = chance.randrange(10, 110), 65_500
    for number in range(120):
        if number == place:
            evil = fragment(bytes(300_000), size=1300, sequence=sequence, timestamp=77)
            sequence += len(evil)
            play(viewer, [grouped(evil, False)], pace=PACE / 2)
        (frame,) = camera(count=1, first=number, sequence=sequence)
        sequence += len(frame)
        play(viewer, [grouped(frame, False)])
    assert numbers(viewer) == list(range(120))
    assert [event.timestamp for event in viewer.outcome.dropped] == [77]
