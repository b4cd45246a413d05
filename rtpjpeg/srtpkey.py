"""The key of an SRTP stream as text: what stands in a key file and in a session description (RFC 4568).

   a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj|2^48|1:4 WSH=64
            | |                              |                                        |    |   session
          tag suite                          master key, then salt, 30 bytes   lifetime  MKI   parameters

What was read is never in a sentence about it, for sentences are logged.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from typing import NoReturn

from .errors import ConfigError

KEY_SIZE, SALT_SIZE = 16, 14
TAG_SIZES = {"AES_CM_128_HMAC_SHA1_80": 10, "AES_CM_128_HMAC_SHA1_32": 4}
"""Bytes that each suite adds to an RTP packet (RFC 4568 section 6.2)."""
USUAL_SUITE = "AES_CM_128_HMAC_SHA1_80"
_LINE = re.compile(
    r"(?:(?:a=)?crypto:)?(?:[0-9]{1,9} +)?"
    r"(?P<suite>[A-Za-z0-9_]{1,40}) +(?P<params>inline:\S+)(?P<session>( .*)?)"
)
_LIFETIME = re.compile(r"(2\^)?[0-9]{1,15}")
_IGNORED = re.compile(r"WSH=[0-9]+|-.*")
"""RFC 4568, section 6.3.6: the window is a hint. Section 6.3.7: what begins with a dash may be ignored."""


@dataclass(frozen=True, slots=True)
class SrtpKey:
    """Master key and salt of one stream, and the suite they are for; ``repr`` does not tell them.

    Raises ``ConfigError`` for another suite or other sizes than 16 and 14 bytes.
    """

    key: bytes = field(repr=False)
    salt: bytes = field(repr=False)
    suite: str = USUAL_SUITE

    def __post_init__(self) -> None:
        if self.suite not in TAG_SIZES:
            _refuse(f"suite {self.suite}", " or ".join(TAG_SIZES), "6.2")
        if (len(self.key), len(self.salt)) != (KEY_SIZE, SALT_SIZE):
            found = f"{len(self.key) + len(self.salt)} bytes"
            _refuse(found, f"{KEY_SIZE} of key and {SALT_SIZE} of salt, in Base64", "6.2")

    @classmethod
    def parse(cls, text: str) -> SrtpKey:
        """Read 30 bytes of Base64, or a whole line of a=crypto; raises ``ConfigError``.

        Base64 alone is a key of ``AES_CM_128_HMAC_SHA1_80``.
        """
        line = text.strip()
        if "inline:" not in line:
            return _decode(line, USUAL_SUITE)
        found = _LINE.fullmatch(line)
        if not found:
            _refuse("another line", "<suite> inline:<key and salt>, one key", "9.1")
        for parameter in found["session"].split():
            if not _IGNORED.fullmatch(parameter):
                _refuse("session parameters", "none but WSH", "6.3")
        key, *extras = found["params"].removeprefix("inline:").split("|")
        _check_extras(extras)
        return _decode(key, found["suite"])

    def serialize(self) -> str:
        """Return suite and key as they stand behind the tag of a=crypto. This is the secret."""
        return f"{self.suite} inline:{b64encode(self.key + self.salt).decode()}"

    @property
    def tag_size(self) -> int:
        """Bytes that an RTP packet grows by."""
        return TAG_SIZES[self.suite]


def _decode(text: str, suite: str) -> SrtpKey:
    try:
        found = b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        _refuse("text that is no Base64", f"{KEY_SIZE + SALT_SIZE} bytes, which are 40 characters", "6.1")
    return SrtpKey(found[:KEY_SIZE], found[KEY_SIZE:], suite)


def _check_extras(extras: list[str]) -> None:
    """Refuse what limits a key, or is one of several: neither is offered here."""
    for extra in extras:
        if _LIFETIME.fullmatch(extra):
            # RFC 3711, section 9.2: 2^48 packets is how long every key holds.
            if extra != "2^48":
                _refuse(f"a lifetime of {extra}", "none, for keys are not changed while a stream runs", "6.1")
        else:
            _refuse("an MKI or another part behind the key", "one key without an MKI", "6.1")


def _refuse(found: str, expected: str, section: str) -> NoReturn:
    raise ConfigError(f"SRTP key: found {found}, expected {expected} (RFC 4568 section {section})")
