"""The main header as a receiver takes it (RFC 2435 sections 2, 3.1 to 3.1.6, 4.1, 4.2)."""

from __future__ import annotations

import pytest

import rtpjpeg
from conformance.builders import fragment, main, restart, rtp
from conformance.pictures import SOF0, eight_bit, filler, jpeg, pixels, same_pixels, scan_of, take_apart
from conformance.running import receive
from rtpjpeg import MalformedPacketError
from rtpjpeg.receiver.decode import Image, decode
from rtpjpeg.receiver.painter import Painter


def plain(seed: int = 1, **options: object) -> list[bytes]:
    """A frame of type 1, Q 75, in several packets."""
    return fragment(scan_of(jpeg(seed=seed)), **options)


@pytest.mark.rule("J-008")
@pytest.mark.parametrize("byte", [12, 16, 17, 18, 19], ids=["type-specific", "type", "Q", "width", "height"])
@pytest.mark.parametrize("index", [1, -1])
def test_another_main_header_inside_a_frame_does_not_corrupt_it(byte, index):
    packets = plain()
    assert len(packets) > 2
    changed = bytearray(packets[index])
    changed[byte] += 1
    packets[index] = bytes(changed)
    outcome = receive([*packets, *plain(seed=2, sequence=100, timestamp=12600)])
    assert same_pixels(outcome.jpegs[-1], jpeg(seed=2)), "the next frame is not touched"
    for frame in outcome.frames[:-1]:
        assert same_pixels(frame.jpeg, jpeg()) and frame.findings
    assert len(outcome.frames) + len(outcome.dropped) == 2
    assert outcome.findings


@pytest.mark.rule("J-010")
@pytest.mark.parametrize("size", range(8))
def test_a_payload_shorter_than_the_header_is_refused(size):
    packets = plain()
    short = rtp(main(0)[:size], sequence=0, timestamp=9000)
    outcome = receive([short, *packets])
    assert len(outcome.rejected) == 1
    assert "header" in str(outcome.rejected[0].error)
    assert same_pixels(outcome.jpegs[0], jpeg())
    with pytest.raises(MalformedPacketError):
        rtpjpeg.JpegPayload.parse(main(0)[:size])


@pytest.mark.rule("J-012")
@pytest.mark.parametrize("value", [0x04, 0x80, 0xFC])
@pytest.mark.parametrize("type", [0, 1, 64, 65])
def test_upper_six_bits_of_type_specific_are_ignored(type, value):
    # "If no interpretation is specified, this field MUST be zeroed on transmission and ignored on
    # reception." Types 0 and 1 use two bits of it.
    file = jpeg(type)
    packets = fragment(scan_of(file), type=type, interval=4, type_specific=value)
    outcome = receive(packets)
    assert outcome.jpegs == receive(fragment(scan_of(file), type=type, interval=4)).jpegs
    assert outcome.frames[0].type_specific & 3 == 0


@pytest.mark.rule("J-014", "J-122")
@pytest.mark.parametrize("timestamps", [(9000, 9000), (9000, 10500)])
def test_two_fields_are_two_frames(timestamps):
    # "When encoding interlaced video, this is the height of a video field, since fields are
    # individually JPEG encoded."
    odd = plain(type_specific=1, timestamp=timestamps[0])
    even = plain(seed=2, type_specific=2, timestamp=timestamps[1], sequence=1 + len(odd))
    outcome = receive([*odd, *even])
    assert [frame.type_specific for frame in outcome.frames] == [1, 2]
    assert [frame.height for frame in outcome.frames] == [48, 48]
    assert same_pixels(outcome.jpegs[0], jpeg()) and same_pixels(outcome.jpegs[1], jpeg(seed=2))


@pytest.mark.rule("J-122")
def test_fields_of_one_timestamp_are_told_apart_without_the_first_marker():
    odd = plain(type_specific=1)
    odd[-1] = odd[-1][:1] + bytes([odd[-1][1] & 0x7F]) + odd[-1][2:]
    outcome = receive([*odd, *plain(seed=2, type_specific=2, sequence=1 + len(odd))])
    assert same_pixels(outcome.jpegs[-1], jpeg(seed=2))
    assert all(frame.type_specific == 1 and same_pixels(frame.jpeg, jpeg()) for frame in outcome.frames[:-1])
    assert len(outcome.frames) + len(outcome.dropped) == 2


def shown(packets: list[bytes]) -> list[Image]:
    """Return the pictures that a viewer shows, one for each frame."""
    painter = Painter()
    return [painter(frame) for frame in receive(packets).frames]


@pytest.mark.rule("J-015")
@pytest.mark.parametrize("timestamps", [(9000, 9000), (9000, 10800), (2**32 - 900, 900)])
def test_lines_of_the_even_field_stand_just_above_those_of_the_odd_one(timestamps):
    # "Corresponding lines from the even field should appear just above those same lines of the odd field."
    odd = plain(type_specific=1, timestamp=timestamps[0])
    even = plain(seed=2, type_specific=2, timestamp=timestamps[1], sequence=1 + len(odd))
    _, woven = shown([*odd, *even])
    assert woven.shape == (96, 64, 3)
    assert (woven[0::2] == decode(jpeg(seed=2))).all() and (woven[1::2] == decode(jpeg())).all()


@pytest.mark.rule("J-014", "J-015")
def test_a_field_without_its_partner_has_its_lines_doubled():
    odd = plain(type_specific=1, timestamp=9000)
    lost = plain(seed=2, type_specific=2, timestamp=10800, sequence=1 + len(odd))
    late = plain(seed=3, type_specific=2, timestamp=14400, sequence=1 + len(odd) + len(lost))
    for picture, seed in zip(shown([*odd, *late]), (1, 3), strict=True):
        assert picture.shape == (96, 64, 3)
        assert (picture[0::2] == decode(jpeg(seed=seed))).all() and (picture[1::2] == picture[0::2]).all()


@pytest.mark.rule("J-016")
def test_a_single_field_is_shown_with_each_line_twice():
    # "... each line in the image should be displayed twice, doubling the height of the image."
    packets = plain(type_specific=3, timestamp=9000)
    packets += plain(seed=2, type_specific=2, timestamp=10800, sequence=1 + len(packets))
    for picture, seed in zip(shown(packets), (1, 2), strict=True):
        assert (picture == decode(jpeg(seed=seed)).repeat(2, axis=0)).all()


@pytest.mark.rule("J-020")
def test_a_fragment_beyond_two_to_the_24_is_refused():
    # "The Fragment Offset plus the length of the payload data in the packet MUST NOT exceed 2^24 bytes."
    packets = plain()
    beyond = rtp(main(0xFFFFFF) + bytes(10), sequence=len(packets), timestamp=9000)
    outcome = receive([*packets[:-1], beyond])
    assert len(outcome.rejected) == 1
    assert "offset" in str(outcome.rejected[0].error)
    assert not outcome.frames


@pytest.mark.rule("J-020", "J-104")
def test_a_frame_beyond_the_limit_is_refused():
    packets = plain()
    far = rtp(main(0xFFFF00) + bytes(10), sequence=1 + len(packets), timestamp=12600, marker=True)
    outcome = receive([*packets, far], frame_limit=100_000)
    assert len(outcome.frames) == 1
    assert len(outcome.dropped) == 1
    large = fragment(filler(50_000), width=640, height=480)
    assert not receive(large, frame_limit=20_000).frames
    assert len(receive(large, frame_limit=200_000).frames) == 1


@pytest.mark.rule("J-025", "J-026")
@pytest.mark.parametrize("restart_header", [False, True])
def test_other_types_are_refused_by_name(restart_header):
    # "Types 128-255 are free to be dynamically defined by a session setup protocol"; none is spoken here.
    scan = scan_of(jpeg())
    for type in range(256):
        if type in (0, 1, 64, 65):
            continue
        packets = fragment(scan, type=type, interval=4)
        if restart_header and not 64 <= type < 128:
            packets = [packet[:20] + restart(4) + packet[20:] for packet in packets]
        outcome = receive(packets)
        assert not outcome.frames, type
        assert f"found {type}" in outcome.complaints, type
        assert "type" in outcome.complaints


@pytest.mark.rule("J-026")
@pytest.mark.parametrize("type", [128, 192, 193, 255])
def test_types_from_128_on_have_no_restart_header(type):
    payload = rtpjpeg.JpegPayload.parse(main(8, type=type) + b"\x00\x04\xff\xffdata")
    assert payload.restart is None
    assert payload.data == b"\x00\x04\xff\xffdata"


@pytest.mark.rule("J-028", "J-112")
@pytest.mark.parametrize("q", [0, 100, 101, 126, 127])
def test_reserved_q_is_refused_by_name(q):
    # "Other values less than 128 are reserved." The code of Appendix A clamps them to 1..99.
    outcome = receive(plain(q=q))
    assert not outcome.frames
    assert f"Q: found {q}" in outcome.complaints
    assert outcome.findings


@pytest.mark.rule("J-028", "J-112")
@pytest.mark.parametrize(("q", "quality"), [(0, 1), (100, 99), (127, 99)])
def test_reserved_q_is_shown_on_request_only(q, quality):
    file = jpeg(quality=quality)
    outcome = receive(fragment(scan_of(file), q=q), lenient=True)
    assert same_pixels(outcome.jpegs[0], file)
    assert outcome.findings and outcome.frames[0].findings


@pytest.mark.rule("J-034")
@pytest.mark.parametrize(("width", "height"), [(0, 0), (0, 48), (64, 0)])
def test_size_zero_takes_the_size_that_is_told(width, height):
    packets = plain(width=width, height=height)
    refused = receive(packets)
    assert not refused.frames
    assert "size" in refused.complaints and refused.findings
    (frame,) = receive(packets, dimensions=(64, 48)).frames
    assert (frame.width, frame.height) == (64, 48)
    assert same_pixels(frame.jpeg, jpeg())


@pytest.mark.rule("J-033", "J-034")
def test_size_that_is_told_crops_the_rounded_one():
    file = jpeg(width=150, height=100)
    packets = fragment(scan_of(file), width=152, height=104)
    (frame,) = receive(packets, dimensions=(150, 100)).frames
    assert (frame.width, frame.height) == (150, 100)
    assert same_pixels(frame.jpeg, file)
    (rounded,) = receive(packets).frames
    assert (rounded.width, rounded.height) == (152, 104)
    # Chroma is smoothed across the border, so the last column and row of the smaller one may differ.
    assert (pixels(rounded.jpeg)[:99, :149] == pixels(file)[:99, :149]).all()


@pytest.mark.rule("J-034")
def test_a_picture_larger_than_2040_travels_with_size_zero():
    file = jpeg(width=2048, height=64, quality=30)
    outcome = receive(fragment(scan_of(file), width=0, height=0, q=30), dimensions=(2048, 64))
    assert same_pixels(outcome.jpegs[0], file)


@pytest.mark.rule("J-035")
@pytest.mark.parametrize("conceal", [True, False])
def test_every_frame_may_change_size_tables_and_type(conceal):
    # "... other parameters should be allowed to vary, notably the quantization tables and image size"
    files = [
        (jpeg(width=320, height=240), {"width": 320, "height": 240}),
        (jpeg(width=640, height=480), {"width": 640, "height": 480}),
        (jpeg(width=640, height=480, quality=40), {"width": 640, "height": 480, "q": 40}),
        (jpeg(0, width=640, height=480), {"width": 640, "height": 480, "type": 0}),
        (jpeg(65, width=320, height=240), {"width": 320, "height": 240, "type": 65, "interval": 4}),
        (
            jpeg(quality=90, chroma_quality=50),
            {"q": 255, "tables": eight_bit(jpeg(quality=90, chroma_quality=50))},
        ),
        (jpeg(width=8, height=8), {"width": 8, "height": 8}),
    ]
    packets: list[bytes] = []
    for index, (file, options) in enumerate(files):
        packets += fragment(
            scan_of(file), sequence=len(packets), timestamp=3000 * index, size=1200, **options
        )
    outcome = receive(packets, conceal=conceal)
    assert len(outcome.frames) == len(files)
    for made, (file, _) in zip(outcome.jpegs, files, strict=True):
        assert same_pixels(made, file)
        assert take_apart(made).contents(SOF0)[0][1:5] == take_apart(file).contents(SOF0)[0][1:5]


@pytest.mark.rule("J-122")
def test_type_specific_three_is_told():
    # "3 : Image is a single field from an interlaced video signal"
    assert receive(plain(type_specific=3)).frames[0].type_specific == 3
