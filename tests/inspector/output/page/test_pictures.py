"""Pictures in the page: as they came where they are small, smaller where not, none where none can be."""

from __future__ import annotations

import base64

import numpy as np
import pytest

from inspector.output.reports import LARGE, PHOTOGRAPH
from rtpjpeg.capture.encode import JpegEncoder
from rtpjpeg.inspector.output.page.pictures import MOST, ROOM, NotShownError, data_uri, room_for, shrink
from rtpjpeg.jpeg import read_size

START = "data:image/jpeg;base64,"


def bytes_of(uri: str) -> bytes:
    assert uri.startswith(START)
    return base64.b64decode(uri.removeprefix(START), validate=True)


def test_a_small_picture_is_shown_as_it_came() -> None:
    assert bytes_of(data_uri(PHOTOGRAPH, len(PHOTOGRAPH))) == PHOTOGRAPH


def test_a_large_picture_is_made_smaller(seed: int) -> None:
    noise = np.random.default_rng(seed).integers(0, 256, (1072, 1920, 3)).astype(np.uint8)
    jpeg = JpegEncoder(95).encode_bgr(noise)
    shown = bytes_of(data_uri(jpeg, MOST))
    assert len(jpeg) > 10 * MOST and len(shown) <= MOST
    assert read_size(shown) == (640, 357)
    assert read_size(bytes_of(data_uri(jpeg, 20_000)))[0] < 640


def test_all_pictures_share_the_room() -> None:
    assert room_for(0) == room_for(2) == MOST
    assert room_for(100) * 100 <= ROOM


@pytest.mark.parametrize("shape", [(3, 5), (480, 640), (1, 2000), (2000, 1)])
@pytest.mark.parametrize("factor", [1, 2, 7, 640])
def test_shrinking_takes_means(shape: tuple[int, int], factor: int) -> None:
    image = np.full((*shape, 3), 77, np.uint8)
    small = shrink(image, factor)
    assert small.shape == (max(shape[0] // factor, 1), max(shape[1] // factor, 1), 3)
    assert small.dtype == np.uint8 and np.all(small == 77)


@pytest.mark.parametrize("jpeg", [b"", b"\xff\xd8\xff\xd9", b"<svg onload=alert(1)>"])
def test_what_is_no_picture_is_not_shown(jpeg: bytes) -> None:
    with pytest.raises(NotShownError, match="not shown: "):
        data_uri(jpeg, MOST)


def test_a_size_that_would_take_gigabytes_is_not_shown() -> None:
    place = PHOTOGRAPH.index(b"\xff\xc0") + 5
    bomb = PHOTOGRAPH[:place] + b"\x75\x30\x75\x30" + PHOTOGRAPH[place + 4 :]
    with pytest.raises(NotShownError, match="not shown: 30000x30000 pixels"):
        data_uri(bomb, MOST)


def test_a_picture_that_fits_nowhere_is_not_shown() -> None:
    with pytest.raises(NotShownError, match=r"not shown: [0-9.]+ kB"):
        data_uri(LARGE, 100)


def test_a_large_picture_that_cannot_be_decoded_is_not_shown() -> None:
    precision = PHOTOGRAPH.index(b"\xff\xc0") + 4
    odd = PHOTOGRAPH[:precision] + b"\x63" + PHOTOGRAPH[precision + 1 :]
    with pytest.raises(NotShownError, match="not shown: a picture cannot be decoded"):
        data_uri(odd, 1000)
