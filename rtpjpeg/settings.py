"""The tables and keys of config.toml: their names, what each may be, and what it is by itself.

Tables and keys of the project that this one succeeds keep their names and meaning. Values from a file
have the types of TOML and are taken as they are. Values that were typed, as an environment variable
or on the command line, are ``Typed`` text and become what their key needs.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from .sdplines import address_text

SOURCES = ("auto", "synthetic", "picamera2", "v4l2", "opencv")
FLIP_METHODS = ("none", "vertical-flip", "horizontal-flip", "rotate-180", "rotate-90", "rotate-270")
_BOOLEANS = {
    "true": True,
    "yes": True,
    "on": True,
    "1": True,
    "false": False,
    "no": False,
    "off": False,
    "0": False,
}
_DESTINATION = re.compile(
    r"(?:\[([0-9A-Fa-f:.]+(?:%[\w.-]+)?)\]|([^\s:/\[\]%@]+)):([0-9]{1,5})(?:@([^\s/,\[\]@]+))?"
)
_HOST = re.compile(r"[^\s/,\[\]]+")


class Typed(str):
    """Text that a person typed: ``50`` is a number where the key wants one."""


def destination(text: str) -> tuple[str, int]:
    """Return host and port of ``HOST:PORT[@INTERFACE]``, IPv6 in brackets; raises ``ValueError``."""
    found = _DESTINATION.fullmatch(text.strip())
    if not found or not 1 <= int(found[3]) <= 65535:
        raise ValueError(text)
    return found[1] or found[2], int(found[3])


def interface_of(text: str) -> str | None:
    """Return the interface or local address that a destination is to be reached from; None without one."""
    return text.strip().rpartition("@")[2] if "@" in text else None


def _number(expected: str, low: float, high: float, kind: type[int] | type[float] = int) -> BeforeValidator:
    """Check a number; ``expected`` is what the sentence about a wrong one says."""

    def check(value: Any) -> Any:
        if isinstance(value, Typed):
            value = _typed_number(value, kind)
        if type(value) not in (int, kind) or not low <= value <= high:
            raise ValueError(expected)
        return kind(value)

    return BeforeValidator(check)


def _typed_number(text: str, kind: type[int] | type[float]) -> float | None:
    try:
        return int(text, 16) if text.lower().startswith("0x") else kind(text)
    except ValueError:
        return None


def _text(expected: str, right: Callable[[str], object] = lambda text: True) -> BeforeValidator:
    def check(value: Any) -> str:
        if not isinstance(value, str) or not _printable(value) or not right(value):
            raise ValueError(expected)
        return str(value)

    return BeforeValidator(check)


def _printable(text: str) -> bool:
    """No control characters, and no bytes that were no UTF-8: such text can neither be shown nor dumped."""
    return not re.search("[\x00-\x1f\x7f\ud800-\udfff]", text)


def _word(*words: str) -> BeforeValidator:
    return _text(" or ".join(words), words.__contains__)


def _boolean(value: Any) -> bool:
    if isinstance(value, Typed):
        value = _BOOLEANS.get(value.lower())
    if not isinstance(value, bool):
        raise ValueError("true or false")
    return value


def _source(text: str) -> bool:
    return text in SOURCES or (text.startswith("replay:") and text != "replay:")


def _destinations(value: Any) -> list[str]:
    listed = value.split(",") if isinstance(value, str) else value
    try:
        places = [(*destination(text), interface_of(text)) for text in listed]
    except (AttributeError, TypeError, ValueError):
        raise ValueError("HOST:PORT or a list of them, an IPv6 address in brackets") from None
    if len(set(places)) < len(places):
        raise ValueError("each destination once")
    return [_place(*place) for place in places]


def _place(host: str, port: int, interface: str | None) -> str:
    text = address_text(host, port)
    return f"{text}@{interface}" if interface else text


def _controls(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("a table")
    controls = {name: _typed_value(item) for name, item in value.items()}
    if not all(map(_is_control, controls.values())) or not all(map(_printable, controls)):
        raise ValueError("numbers, true or false, words, and lists of these")
    return controls


def _typed_value(value: Any) -> Any:
    """Return what typed text means in TOML; the text itself where it means nothing there."""
    if not isinstance(value, Typed):
        return value
    try:
        return tomllib.loads(f"value = {value}")["value"]
    except (ValueError, RecursionError):
        return str(value)


def _is_control(value: Any, depth: int = 2) -> bool:
    if isinstance(value, list) and depth:
        return all(_is_control(item, depth - 1) for item in value)
    return isinstance(value, bool | int | float) or (isinstance(value, str) and _printable(value))


_SIZE = "a whole number of pixels, 8 to 2040 (RFC 2435 section 3.1.5)"
_RATE = "frames a second, 0 to 1000, 0 for a file as fast as it goes"

Boolean = Annotated[bool, BeforeValidator(_boolean)]
Chosen = Annotated[bool | None, BeforeValidator(_boolean)]
Text = Annotated[str | None, _text("text of one line")]
Size = Annotated[int, _number(_SIZE, 8, 2040)]
OtherSize = Annotated[int | None, _number(_SIZE, 8, 2040)]
Pixels = Annotated[int, _number("a whole number of pixels", 0, 65535)]
OtherPixels = Annotated[int | None, _number("a whole number of pixels", 1, 65535)]
Rate = Annotated[float | None, _number(_RATE, 0, 1000, float)]
Flip = Annotated[str, _word(*FLIP_METHODS)]
OtherFlip = Annotated[str | None, _word(*FLIP_METHODS)]
Host = Annotated[str, _text("a host name or an IP address", _HOST.fullmatch)]
Port = Annotated[int, _number("a port, 1 to 65535", 1, 65535)]
KeyFile = Annotated[str | None, _text("the path of a file", str.strip)]
Quality = Annotated[int, _number("a whole number, 1 to 100", 1, 100)]


class Table(BaseModel):
    """A table of the file; a key that is not here is a fault."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Crop(Table):
    """[cameraN.crop], in pixels of width x height; unset, or all of these, is the whole picture."""

    x: Pixels = 0
    y: Pixels = 0
    width: OtherPixels = None
    height: OtherPixels = None


class CameraTable(Table):
    """[cameraN]: what the camera takes."""

    device: Text = None
    width: Size = 640
    height: Size = 480
    target_width: OtherSize = Field(default=None, alias="target-width")
    target_height: OtherSize = Field(default=None, alias="target-height")
    fps: Rate = None
    flip_method: Flip = "none"
    crop: Crop = Crop()
    controls: Annotated[dict[str, Any], BeforeValidator(_controls)] = {}


class StreamTable(Table):
    """[mjpeg-rtp.cameraN]: how its pictures are sent. The last five win over those of [cameraN]."""

    enabled: Chosen = None
    source: Annotated[str, _text(" or ".join([*SOURCES, "replay:PATH"]), _source)] = "auto"
    dest_host: Host = "127.0.0.1"
    dest_port: Port = 5000
    destinations: Annotated[list[str], BeforeValidator(_destinations)] = []
    local_port: Annotated[int, _number("a port, or 0 for any", 0, 65535)] = 0
    quality: Quality = 85
    ssrc: Annotated[int | None, _number("a whole number of 32 bits", 0, 0xFFFF_FFFF)] = None
    ttl: Annotated[int | None, _number("a whole number, 0 to 255", 0, 255)] = None
    interface: Annotated[str | None, _text("a network interface or its address", _HOST.fullmatch)] = None
    transcode: Boolean = False
    srtp_key: KeyFile = None
    device: Text = None
    width: OtherSize = None
    height: OtherSize = None
    fps: Rate = None
    flip_method: OtherFlip = None


class SecondStreamTable(StreamTable):
    """[mjpeg-rtp.camera2]: the same, with a port of its own."""

    dest_port: Port = 5002


class TransportTable(Table):
    """[mjpeg-rtp]: what holds for both streams."""

    enabled: Boolean = True
    # Below 500 the headers and tables of a first packet leave little room, above 9000 no network goes.
    mtu: Annotated[int, _number("a whole number of bytes, 500 to 9000", 500, 9000)] = 1400
    dscp: Annotated[int, _number("a whole number, 0 to 63 (RFC 2474)", 0, 63)] = 0
    stats_interval_seconds: Annotated[float, _number("seconds, 0 to 86400, 0 for never", 0, 86400, float)] = (
        10.0
    )
    profile: Annotated[str, _word("resilient", "compatible")] = "resilient"
    pacing: Annotated[float, _number("a share of the frame interval, 0 to 0.8", 0, 0.8, float)] = 0.0
    fill: Boolean = False
    retransmit: Boolean = True
    rtcp_mux: Boolean = False
    adaptive: Boolean = False
    no_signal: Boolean = False
    srtp_key: KeyFile = None
    camera1: StreamTable = StreamTable()
    camera2: SecondStreamTable = SecondStreamTable()


class Settings(Table):
    """The whole file."""

    camera1: CameraTable = CameraTable()
    camera2: CameraTable = CameraTable()
    mjpeg_rtp: TransportTable = Field(default=TransportTable(), alias="mjpeg-rtp")


def key_paths(table: type[Table] = Settings, above: str = "") -> Iterator[str]:
    """Yield every key as a dotted path, as it stands in the file: ``mjpeg-rtp.camera1.quality``."""
    for name, field in table.model_fields.items():
        path = above + (field.alias or name)
        if isinstance(field.annotation, type) and issubclass(field.annotation, Table):
            yield from key_paths(field.annotation, f"{path}.")
        else:
            yield path


KEYS = tuple(key_paths())
"""Every key of the file as a dotted path."""
