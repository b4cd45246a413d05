"""Pictures made ahead: never for a program that wants none, never twice, never an old one first."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

from receiver.feeding import picture
from rtpjpeg import Frame, RtpJpegError
from rtpjpeg.receiver import painter as painter_room
from rtpjpeg.receiver.painter import Once
from rtpjpeg.receiver.program.ahead import AheadDecoder

BROKEN = b"\xff"


class Workshop:
    """Takes the place of the decoder; says which frames were decoded, and by which thread."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.decoded: list[int] = []
        self.threads: list[threading.Thread] = []
        self.changed = threading.Condition()
        self.stopped = False
        monkeypatch.setattr(painter_room, "decode", self._decode)

    def _decode(self, jpeg: bytes) -> Any:
        with self.changed:
            self.decoded.append(jpeg[0])
            self.threads.append(threading.current_thread())
            self.changed.notify_all()
            assert self.changed.wait_for(lambda: not self.stopped, 60)
        if jpeg == BROKEN:
            raise RtpJpegError("a picture cannot be decoded: it is damaged")
        return np.full((8, 8, 3), jpeg[0], np.uint8)

    def wait_for(self, number: int) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: number in self.decoded, 60)

    def stop(self, stopped: bool) -> None:
        with self.changed:
            self.stopped = stopped
            self.changed.notify_all()


@pytest.fixture
def workshop(monkeypatch: pytest.MonkeyPatch) -> Workshop:
    return Workshop(monkeypatch)


def make(decoder: AheadDecoder, count: int) -> list[Frame]:
    return [Frame(bytes([number]), 8, 8, number=number, decoder=Once(decoder)) for number in range(count)]


def test_a_program_that_never_asks_pays_nothing(workshop: Workshop) -> None:
    decoder = AheadDecoder("camera", live=True)
    before = threading.active_count()
    for frame in make(decoder, 5):
        decoder.offer(frame)
    assert (workshop.decoded, threading.active_count()) == ([], before)
    decoder.close()
    decoder.join()


def test_behind_the_first_picture_frames_are_decoded_by_a_thread_and_once(workshop: Workshop) -> None:
    decoder = AheadDecoder("camera", live=True)
    first, second = make(decoder, 2)
    assert first.image[0, 0, 0] == 0
    decoder.offer(second)
    workshop.wait_for(1)
    assert second.image[0, 0, 0] == 1
    decoder.close()
    decoder.join()
    assert workshop.decoded == [0, 1]
    assert workshop.threads[0] is threading.current_thread() is not workshop.threads[1]


def test_a_program_waits_for_the_frame_that_is_being_decoded_and_not_for_the_next(workshop: Workshop) -> None:
    decoder = AheadDecoder("camera", live=True)
    first, second, third = make(decoder, 3)
    assert first.image is first.image
    workshop.stop(True)
    decoder.offer(second)
    workshop.wait_for(1)
    decoder.offer(third)
    threading.Thread(target=workshop.stop, args=(False,)).start()
    assert second.image[0, 0, 0] == 1
    workshop.wait_for(2)
    decoder.close()
    decoder.join()
    assert workshop.decoded == [0, 1, 2]


def test_of_frames_that_come_while_one_is_decoded_the_newest_is_next(workshop: Workshop) -> None:
    decoder = AheadDecoder("camera", live=True)
    frames = make(decoder, 6)
    assert frames[0].image is not None
    workshop.stop(True)
    decoder.offer(frames[1])
    workshop.wait_for(1)
    for frame in frames[2:]:
        decoder.offer(frame)
    workshop.stop(False)
    workshop.wait_for(5)
    decoder.close()
    decoder.join()
    assert workshop.decoded == [0, 1, 5]


def test_frames_of_a_file_are_decoded_when_they_are_asked_for(workshop: Workshop) -> None:
    decoder = AheadDecoder("file", live=False)
    frames = make(decoder, 4)
    assert frames[0].image is not None
    for frame in frames:
        decoder.offer(frame)
    assert frames[2].image is not None
    decoder.close()
    decoder.join()
    assert workshop.decoded == [0, 2]


def test_a_closed_decoder_still_decodes_and_starts_no_thread(workshop: Workshop) -> None:
    decoder = AheadDecoder("camera", live=True)
    decoder.close()
    before = threading.active_count()
    assert make(decoder, 1)[0].image is not None
    assert threading.active_count() == before


def test_what_cannot_be_decoded_is_counted_once_and_ends_no_thread(workshop: Workshop) -> None:
    decoder = AheadDecoder("camera", live=True)
    first, _, broken, last = make(decoder, 4)
    broken.jpeg = BROKEN
    assert first.image is not None
    for frame in (broken, last):
        decoder.offer(frame)
        workshop.wait_for(frame.jpeg[0])
    with pytest.raises(RtpJpegError, match="it is damaged"):
        broken.image  # noqa: B018
    assert last.image is not None
    decoder.close()
    decoder.join()
    assert len(workshop.decoded) == 3
    assert decoder.statistics()["frames_undecodable"] == 1


@pytest.mark.parametrize(("live", "captured_at", "count"), [(True, 1.0, 1), (True, None, 0), (False, 1.0, 0)])
def test_the_latency_is_known_where_the_time_of_capture_is(
    live: bool, captured_at: float | None, count: int
) -> None:
    """A file was not captured now, and nobody reads strips for a program that takes pictures."""
    decoder = AheadDecoder("camera", live)
    frame = Frame(picture(), 320, 240, captured_at=captured_at, completed_at=1.0, decoder=Once(decoder))
    assert frame.image is not None
    assert len(decoder.latency.stages["decode"]) == count
    decoder.close()
    decoder.join()
