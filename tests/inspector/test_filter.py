"""--filter: a port, an SSRC, both, and everything that is neither."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtpjpeg.errors import ConfigError
from rtpjpeg.inspector.filter import Filter

READ = [
    ("5000", 5000, None),
    ("5000/", 5000, None),
    ("0x1388", 5000, None),
    ("5000/0x1234", 5000, 0x1234),
    ("/0xABCD", None, 0xABCD),
    ("/4660", None, 4660),
    (" 1/0 ", 1, 0),
    ("65535/0xffffffff", 65535, 0xFFFFFFFF),
    ("5000/4294967295", 5000, 0xFFFFFFFF),
]


@pytest.mark.parametrize(("text", "port", "ssrc"), READ)
def test_what_is_written_is_read(text: str, port: int | None, ssrc: int | None) -> None:
    assert Filter.parse(text) == Filter(port, ssrc)
    assert Filter.parse(str(Filter(port, ssrc))) == Filter(port, ssrc)


EXPECTED = ", expected PORT, PORT/SSRC or /SSRC, such as 5000, 5000/0x1234abcd or /305441741"
WRONG = [
    *((text, f"found {text!r}{EXPECTED}") for text in ("", "/", " ", "five", "1/2/3", "5000/0x", "0x/1")),
    *(
        (text, f"found {text!r}{EXPECTED}")
        for text in ("-5", "+5", "5 000", "1_0", "5000/abcd", "٥", "/0x-1")
    ),
    ("0", "found the port 0, expected 1 to 65535"),
    ("65536/1", "found the port 65536, expected 1 to 65535"),
    ("/0x100000000", "found the SSRC 0x100000000, expected 0 to 4294967295"),
]


@pytest.mark.parametrize(("text", "sentence"), WRONG)
def test_what_is_none_is_one_sentence(text: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Filter.parse(text)
    assert str(caught.value) == sentence


@given(st.text(alphabet="0123456789xabcdef/ -_+٥", max_size=12))
def test_any_text_is_a_filter_or_a_sentence(text: str) -> None:
    try:
        found = Filter.parse(text)
    except ConfigError as error:
        assert len(error.faults) == 1 and "\n" not in str(error)
    else:
        assert Filter.parse(str(found)) == found


def test_a_filter_allows_a_datagram_by_either_port_and_a_stream_by_its_ssrc() -> None:
    port = Filter.parse("5000")
    assert port.allows(40000, 5000) and port.allows(5000, 40000) and not port.allows(5001)
    assert port.allows_ssrc(7)
    ssrc = Filter.parse("/7")
    assert ssrc.allows(1) and ssrc.allows_ssrc(7) and not ssrc.allows_ssrc(8)
    assert Filter().allows(1) and Filter().allows_ssrc(1)
