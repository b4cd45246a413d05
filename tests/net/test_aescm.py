"""The vectors of RFC 3711 appendix B, and a library that is missing."""

from __future__ import annotations

import sys

import pytest

from peers import need_module
from rtpjpeg import TransportError
from rtpjpeg.net import aescm
from rtpjpeg.srtpkey import SrtpKey

MASTER = SrtpKey(
    bytes.fromhex("E1F97A0D3E018BE0D64FA32C06DE4139"), bytes.fromhex("0EC675AD498AFEEBB6960B3AABE6")
)
SESSION_KEY = bytes.fromhex("2B7E151628AED2A6ABF7158809CF4F3C")
SESSION_SALT = bytes.fromhex("F0F1F2F3F4F5F6F7F8F9FAFBFCFD")
KEY_STREAM = {
    0x0000: "E03EAD0935C95E80E166B16DD92B4EB4",
    0x0001: "D23513162B02D0F72A43A2FE4A5F97AB",
    0x0002: "41E95B3BB0A2E8DD477901E4FCA894C0",
    0xFEFF: "EC8CDF7398607CB0F2D21675EA9EA1E4",
    0xFF00: "362B7C3C6773516318A077D7FC5073AE",
    0xFF01: "6A2CC3787889374FBEB4C81B17BA6C44",
}


@pytest.fixture(autouse=True)
def library() -> None:
    need_module("cryptography")


def test_keys_are_derived_as_in_appendix_b_3() -> None:
    cipher_key, auth_key, salt = aescm.derive(MASTER, aescm.RTP_LABELS)
    assert cipher_key.hex().upper() == "C61E7A93744F39EE10734AFE3FF7A087"
    assert salt.hex().upper() == "30CBBC08863D8C85D49DB34A9AE1"
    assert auth_key.hex().upper() == "CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4"  # 20 bytes of its 94


def test_the_key_stream_is_that_of_appendix_b_2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aescm, "derive", lambda key, labels: (SESSION_KEY, bytes(20), SESSION_SALT))
    transform = aescm.Transform(MASTER, aescm.RTP_LABELS, 10)
    (row,) = transform.keystream([(0, 0)], 0xFF02 * 16)
    found = {block: row[16 * block : 16 * block + 16].tobytes().hex().upper() for block in KEY_STREAM}
    assert found == KEY_STREAM


def test_each_packet_has_a_key_stream_of_its_own() -> None:
    transform = aescm.Transform(MASTER, aescm.RTP_LABELS, 10)
    places = [(1, 0), (2, 0), (1, 1), (1, 1 << 16)]
    rows = transform.keystream(places, 40)
    assert rows.shape == (4, 48) and len({row.tobytes() for row in rows}) == 4
    for row, place in zip(rows, places, strict=True):
        assert (transform.keystream([place], 48)[0] == row).all()
    assert transform.keystream([], 0).size == transform.keystream([(1, 0)], 0).size == 0


def test_a_missing_library_is_one_sentence_that_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.ciphers", None)
    with pytest.raises(TransportError) as missing:
        aescm.require_library()
    assert str(missing.value) == "SRTP needs the library cryptography: install rtpjpeg[srtp]"
