"""The file of an SRTP key: its owner's alone, one line, and every fault is said in one."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

import pytest

from rtpjpeg import ConfigError, TransportError
from rtpjpeg.net.keyfile import read_key
from rtpjpeg.srtpkey import SrtpKey

TEXT = b64encode(bytes(range(30))).decode()


def key_file(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "srtp.key"
    path.write_text(text)
    path.chmod(mode)
    return path


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700])
@pytest.mark.parametrize("text", [TEXT, f"\n{TEXT}\n\n", f"1 AES_CM_128_HMAC_SHA1_32 inline:{TEXT}\r\n"])
def test_a_key_that_is_its_owners_alone(tmp_path: Path, text: str, mode: int) -> None:
    assert read_key(key_file(tmp_path, text, mode)) == SrtpKey.parse(text)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620, 0o601, 0o666])
def test_a_key_that_others_may_touch_is_refused(tmp_path: Path, mode: int) -> None:
    path = key_file(tmp_path, TEXT, mode)
    with pytest.raises(ConfigError) as refused:
        read_key(path)
    assert str(refused.value) == (
        f"SRTP key file {path}: found mode {mode:04o}, expected 0600, so that nobody else reads it:"
        f" chmod 600 {path}"
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "found 0 lines, expected one with the key"),
        (f"{TEXT}\n{TEXT}\n", "found 2 lines, expected one with the key"),
        (TEXT[:-4], "SRTP key: found 27 bytes, expected 16 of key"),
        ("\0\xff", "SRTP key: found text that is no Base64"),
    ],
)
def test_a_line_that_is_no_key(tmp_path: Path, text: str, sentence: str) -> None:
    path = key_file(tmp_path, text)
    with pytest.raises(ConfigError) as refused:
        read_key(path)
    assert str(refused.value).startswith(f"SRTP key file {path}: {sentence}")


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(TransportError, match="none cannot be read: No such file or directory$"):
        read_key(tmp_path / "none")
    with pytest.raises(TransportError, match="cannot be read: Is a directory$"):
        read_key(str(tmp_path))
