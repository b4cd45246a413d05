"""AES in counter mode and HMAC-SHA1 as SRTP uses them (RFC 3711 sections 4.1, 4.2 and 4.3).

The library encrypts and hashes; what stands here says what. The key stream of a whole train comes of one
call: the counters of all its packets are laid side by side and encrypted block by block.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import TransportError
from ..srtpkey import KEY_SIZE, SALT_SIZE, SrtpKey
from ..train import Bytes

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

BLOCK = 16
AUTH_KEY_SIZE = 20
HASH_BLOCK = 64
RTP_LABELS, RTCP_LABELS = (0, 1, 2), (3, 4, 5)
"""Labels of encryption key, authentication key and salt (RFC 3711 sections 4.3.1 and 4.3.2)."""


class Transform:
    """Session keys of SRTP or of SRTCP, derived once (the key derivation rate is 0), and what they do.

    ``labels`` are ``RTP_LABELS`` or ``RTCP_LABELS``. Raises ``TransportError`` where the library is missing.
    """

    def __init__(self, key: SrtpKey, labels: tuple[int, int, int], tag_size: int) -> None:
        cipher_key, auth_key, salt = derive(key, labels)
        self.tag_size = tag_size
        self._encryptor = _encryptor(cipher_key)
        self._salt = int.from_bytes(salt, "big") << 16
        # RFC 2104: both hashes have taken in their key, and are copied for each packet. The objects of the
        # module hmac do the same in Python, and cost twice as much.
        padded = auth_key.ljust(HASH_BLOCK, b"\0")
        self._inner = hashlib.sha1(bytes(byte ^ 0x36 for byte in padded))
        self._outer = hashlib.sha1(bytes(byte ^ 0x5C for byte in padded))

    def keystream(self, places: Sequence[tuple[int, int]], size: int) -> Bytes:
        """Return a row of ``size`` bytes or a few more for each packet, a pair of SSRC and index."""
        # RFC 3711, section 4.1.1: IV = (k_s * 2^16) XOR (SSRC * 2^64) XOR (i * 2^16)
        ivs = [self._salt ^ ssrc << 64 ^ index << 16 for ssrc, index in places]
        return encrypt_counters(self._encryptor, ivs, -(-size // BLOCK))

    def begin(self, signed: memoryview | bytes) -> Hash:
        """Return the hash of what is signed, for ``finish``."""
        begun = self._inner.copy()
        begun.update(signed)
        return begun

    def finish(self, begun: Hash, rollovers: int) -> bytes:
        """Return the tag of an RTP packet, which covers its rollover counter too (RFC 3711 section 4.2)."""
        inner = begun.copy()
        inner.update(rollovers.to_bytes(4, "big"))
        return self._end(inner)

    def tag(self, signed: memoryview | bytes) -> bytes:
        """Return the tag of an RTCP packet and its index."""
        return self._end(self.begin(signed))

    def _end(self, inner: Hash) -> bytes:
        outer = self._outer.copy()
        outer.update(inner.digest())
        return outer.digest()[: self.tag_size]


def derive(key: SrtpKey, labels: tuple[int, int, int]) -> tuple[bytes, bytes, bytes]:
    """Return session key, authentication key and salt (RFC 3711 section 4.3.1)."""
    encryptor, salt = _encryptor(key.key), int.from_bytes(key.salt, "big")
    sizes = (KEY_SIZE, AUTH_KEY_SIZE, SALT_SIZE)
    found = []
    for label, size in zip(labels, sizes, strict=True):
        # Key id and salt are right aligned: the label is the 7th byte from the right, behind it 6 of index.
        row = encrypt_counters(encryptor, [(salt ^ label << 48) << 16], -(-size // BLOCK))
        found.append(row.tobytes()[:size])
    return found[0], found[1], found[2]


def encrypt_counters(encryptor: Any, ivs: Sequence[int], blocks: int) -> Bytes:
    """Return a row of so many blocks of key stream for each IV; the counter is its last 16 bits."""
    counters = np.empty((len(ivs), blocks, BLOCK), np.uint8)
    joined = b"".join(iv.to_bytes(BLOCK, "big") for iv in ivs)
    counters[:] = np.frombuffer(joined, np.uint8).reshape(-1, 1, BLOCK)
    counters[:, :, -2:] = np.arange(blocks, dtype=">u2").view(np.uint8).reshape(-1, 2)
    out = np.empty(counters.size + BLOCK - 1, np.uint8)  # the library wants room for one more block
    if counters.size:
        encryptor.update_into(counters.reshape(-1), out)
    return out[: counters.size].reshape(len(ivs), blocks * BLOCK)


def require_library() -> None:
    """Raise ``TransportError`` where the library is missing."""
    _encryptor(bytes(KEY_SIZE))


def _encryptor(key: bytes) -> Any:
    """Return what encrypts blocks with a key, one by one."""
    try:
        from cryptography.hazmat.primitives.ciphers import Cipher, modes
        from cryptography.hazmat.primitives.ciphers.algorithms import AES
    except ImportError:
        raise TransportError("SRTP needs the library cryptography: install rtpjpeg[srtp]") from None
    return Cipher(AES(key), modes.ECB()).encryptor()
