"""What a CNAME tells about its owner (RFC 7022)."""

from __future__ import annotations

import ipaddress
import re

_UUID = re.compile(r"\{?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\}?", re.IGNORECASE)
_BASE64 = re.compile(r"[0-9A-Za-z+/]{16,}={0,2}")
_BASE64_OF_URLS = re.compile(r"(?=.*[0-9])(?=.*[A-Z])(?=.*[a-z])[0-9A-Za-z_-]{16,}={0,2}")
# GStreamer's, which names nobody: 64 random bits in the form of user@host.
_GSTREAMER = re.compile(r"user[0-9]+@host-[0-9a-f]+")
_RANDOM = (_UUID, _BASE64, _BASE64_OF_URLS, _GSTREAMER)


def named_by(cname: str) -> str | None:
    """Return what a CNAME names, with the article; None where it is a random one.

    A word of 16 letters or more cannot be told from 96 bits in Base64, and counts as random.
    """
    if any(form.fullmatch(cname) for form in _RANDOM):
        return None
    user, at, host = cname.rpartition("@")
    if at and _UUID.fullmatch(host):
        return None  # section 4.2 lets an opaque token stand in front
    what = "an address" if _is_address(host) else "a host"
    return f"a user and {what}" if user else what


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
