"""The key of SRTP: what may stand in a key file and behind a=crypto, and that nobody reads it elsewhere."""

from __future__ import annotations

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtpjpeg import ConfigError
from rtpjpeg.srtpkey import TAG_SIZES, SrtpKey

MATERIAL = bytes(range(100, 130))
TEXT = b64encode(MATERIAL).decode()
KEY = SrtpKey(MATERIAL[:16], MATERIAL[16:])
LONG, SHORT = TAG_SIZES


@pytest.mark.parametrize(
    ("text", "suite"),
    [
        (TEXT, LONG),
        (f"  {TEXT}\n", LONG),
        (f"{LONG} inline:{TEXT}", LONG),
        (f"{SHORT} inline:{TEXT}", SHORT),
        (f"a=crypto:1 {SHORT} inline:{TEXT}", SHORT),
        (f"crypto:27 {LONG}  inline:{TEXT}|2^48", LONG),
        (f"1 {LONG} inline:{TEXT} WSH=128 -odd=1", LONG),
    ],
)
def test_ways_to_write_a_key(text: str, suite: str) -> None:
    assert SrtpKey.parse(text) == SrtpKey(KEY.key, KEY.salt, suite)


@pytest.mark.parametrize("suite", TAG_SIZES)
def test_what_is_written_is_read_again(suite: str) -> None:
    key = SrtpKey(KEY.key, KEY.salt, suite)
    assert SrtpKey.parse(key.serialize()) == key
    assert key.tag_size == {LONG: 10, SHORT: 4}[suite]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "found 0 bytes, expected 16 of key and 14 of salt, in Base64 (RFC 4568 section 6.2)"),
        (TEXT[:36], "found 27 bytes, expected 16 of key"),
        (TEXT + "AAAA", "found 33 bytes, expected 16 of key"),
        (TEXT[:-1], "found text that is no Base64, expected 30 bytes, which are 40 characters"),
        (TEXT.replace("Z", "*"), "found text that is no Base64"),
        ("schlüssel", "found text that is no Base64"),
        (f"{LONG} {TEXT}", "found text that is no Base64"),
        (f"inline:{TEXT}", "found another line, expected <suite> inline:<key and salt>, one key"),
        (f"{LONG} inline:", "found another line"),
        (f"{LONG} inline:{TEXT};inline:{TEXT}", "found text that is no Base64"),
        (
            f"AES_CM_256_HMAC_SHA1_80 inline:{TEXT}",
            "found suite AES_CM_256_HMAC_SHA1_80, expected AES_CM",
        ),
        (f"{LONG} inline:{TEXT}|2^20", "found a lifetime of 2^20, expected none"),
        (f"{LONG} inline:{TEXT}|1000", "found a lifetime of 1000, expected none"),
        (
            f"{LONG} inline:{TEXT}|2^48|1:4",
            "found an MKI or another part behind the key, expected one",
        ),
        (f"{LONG} inline:{TEXT}|1:4", "found an MKI or another part behind the key"),
        (f"{LONG} inline:{TEXT} KDR=1", "found session parameters, expected none but WSH"),
        (f"{LONG} inline:{TEXT} UNENCRYPTED_SRTP", "found session parameters"),
    ],
)
def test_what_is_no_key_is_said_in_one_line_that_does_not_tell_it(text: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as refused:
        SrtpKey.parse(text)
    assert str(refused.value).startswith(f"SRTP key: {sentence}")
    assert "\n" not in str(refused.value) and TEXT[:8] not in str(refused.value)


def test_the_key_is_not_shown() -> None:
    assert repr(KEY) == f"SrtpKey(suite='{LONG}')"


@given(st.text() | st.text("aA1= :|^;inle+/").map(lambda text: f"{LONG} inline:{text}"))
def test_any_text_is_a_key_or_one_line(text: str) -> None:
    try:
        key = SrtpKey.parse(text)
    except ConfigError as error:
        assert len(error.faults) == 1 and "\n" not in error.faults[0]
    else:
        assert len(key.key + key.salt) == 30
