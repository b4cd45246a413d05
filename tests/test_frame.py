"""A frame is a value; pixels come from the decoder that its maker put in."""

from __future__ import annotations

from dataclasses import fields

import pytest

from rtpjpeg import RtpJpegError
from rtpjpeg.frame import Frame


def test_a_captured_frame_needs_only_picture_and_size():
    frame = Frame(b"jpeg", 640, 480)
    assert (frame.jpeg, frame.width, frame.height) == (b"jpeg", 640, 480)
    assert (frame.captured_at, frame.received_at, frame.completed_at) == (None, None, None)
    assert (frame.concealed, frame.findings, frame.decoder) == (False, (), None)
    numbers = "timestamp ssrc sequence_number packets type type_specific q restart_interval"
    assert {getattr(frame, name) for name in numbers.split()} == {0}


def test_without_decoder_the_sentence_names_the_extras():
    with pytest.raises(RtpJpegError, match=r"install rtpjpeg\[send\] or rtpjpeg\[view\]"):
        Frame(b"jpeg", 640, 480).image  # noqa: B018


def test_an_image_is_decoded_once_and_only_when_asked_for():
    asked = []

    def decoder(frame):
        asked.append(frame.jpeg)
        return ["pixels"]

    frame = Frame(b"jpeg", 640, 480, decoder=decoder)
    assert asked == []
    assert frame.image is frame.image
    assert frame.image == ["pixels"]
    assert asked == [b"jpeg"]


def test_frames_are_equal_by_what_was_sent_not_by_how_it_is_decoded():
    first, second = Frame(b"jpeg", 640, 480, decoder=lambda frame: 4), Frame(b"jpeg", 640, 480, decoder=id)
    assert first.image == 4
    assert first == second
    assert first != Frame(b"jpeg", 640, 480, concealed=True)
    assert "decoder" not in repr(first)


def test_a_frame_has_no_room_for_names_that_are_not_its_own():
    frame = Frame(b"", 0, 0)
    with pytest.raises(AttributeError):
        frame.widht = 640
    assert {field.name for field in fields(Frame) if not field.init} == {"_image"}
