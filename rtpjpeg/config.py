"""The configuration: the text of a config.toml, RTPJPEG_* variables and a command line become cameras.

Each overrules the one before it. All faults come at once, each with the path of its key, what was found
and what was expected. Nothing here reads a file or the environment: text and mappings come in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from . import ports
from .errors import ConfigError
from .framing import Framing, Region
from .layers import FOR_ALL, Layers, unknown
from .overrides import CAMERAS
from .settings import KEYS, Settings, Typed, interface_of
from .srtpkey import TAG_SIZES
from .tomltext import dump, toml

SMALLEST_SIDE = 8
"""Pixels of a picture's side, at least (RFC 2435 section 3.1.5)."""


SHARED = ("mtu", "dscp", "profile", "no_signal", "pacing", "fill", "retransmit", "adaptive", "rtcp_mux")
"""Keys of [mjpeg-rtp] that hold for each camera."""


@dataclass(frozen=True, slots=True)
class CameraConfig:
    """One camera that runs: what it takes, and where that is sent."""

    name: str
    """camera1 or camera2."""
    source: str
    """auto, synthetic, picamera2, v4l2, opencv or replay:PATH."""
    device: str | None
    """Which device, in the words of the source; None for the nth."""
    width: int
    """Pixels."""
    height: int
    flip_method: str
    crop: Region | None
    """In pixels of width x height; None is the whole picture."""
    target_size: tuple[int, int] | None
    """Size after scaling and before turning; None is that of the crop."""
    fps: float | None
    """Frames a second; None is 30, or a file's own rate; 0 is a file as fast as it goes."""
    quality: int
    """1 to 100."""
    transcode: bool
    """Encode pictures again that the profile cannot carry."""
    controls: Mapping[str, Any]
    """Camera controls by name."""
    destinations: tuple[tuple[str, int], ...]
    """Hosts and ports, one or more."""
    interfaces: tuple[str | None, ...]
    """What stands behind each of them: an interface or a local address; None for that of the camera."""
    local_port: int
    """0 for any."""
    ssrc: int | None
    """None for a random one."""
    ttl: int | None
    interface: str | None
    mtu: int
    """Bytes of an IP packet."""
    dscp: int
    profile: str
    """resilient or compatible."""
    no_signal: bool
    """Send a picture that says so while the camera gives none."""
    pacing: float
    """Share of the frame interval over which a frame is spread, 0 to 0.8."""
    fill: bool
    """True where resilient packets are filled to one size."""
    srtp_key: str | None
    """Path of the file with the key of SRTP; None for plain RTP."""
    retransmit: bool
    """True where packets go out again that a receiver asks for."""
    adaptive: bool
    """True where the quality follows the network."""
    rtcp_mux: bool
    """True where RTCP shares the port of RTP (RFC 5761)."""
    rtcp: bool
    """False where RTCP finds no port of its own."""

    @property
    def clear_mtu(self) -> int:
        """Bytes of an IP packet before SRTP adds its tag; 10 are set aside, though one suite adds 4."""
        return self.mtu - (max(TAG_SIZES.values()) if self.srtp_key else 0)

    def interface_to(self, number: int) -> str | None:
        """Return the interface or local address that packets to a destination leave from."""
        own = self.interfaces[number : number + 1]
        return own[0] if own and own[0] else self.interface

    @property
    def framing(self) -> Framing:
        """What is sent of the picture that the camera takes."""
        return Framing(self.width, self.height, self.crop, self.target_size, self.flip_method)


@dataclass(frozen=True, slots=True)
class Config:
    """A configuration without faults."""

    cameras: tuple[CameraConfig, ...]
    """Those that run, one or more."""
    stats_interval_seconds: float
    """0 for never."""
    notices: tuple[str, ...]
    """Sentences to say once."""
    values: Mapping[str, Any]
    """Every key by its path with the value that counts; None where a key is not set."""

    def dump(self) -> str:
        """Return TOML that gives the same cameras again."""
        return dump(self.values)


def load(
    text: str | bytes | None,
    environment: Mapping[str, str],
    overrides: Mapping[str, Any],
    faults: Sequence[str] = (),
) -> Config:
    """Return the configuration of a file's text (None without a file), variables and a command line.

    ``overrides`` maps dotted paths to values; ``camera1.KEY`` also means a key of ``mjpeg-rtp.camera1``,
    and ``camera*.KEY`` that of every camera. Raises ``ConfigError`` for all faults at once, with those
    that are given in front.
    """
    try:
        layers = Layers(text)
    except ConfigError as error:
        raise ConfigError(*faults, *error.faults) from None
    layers.lay_environment(environment)
    layers.lay_overrides(overrides)
    values = _validate(layers)
    running = _running(values, layers)
    found = [*faults, *layers.faults, *_conflicts(values, running, layers)]
    if found:
        raise ConfigError(*found)
    silent = {} if values["mjpeg-rtp.rtcp_mux"] else ports.without_reports(ports.places(values, running))
    cameras = tuple(_camera(values, name, name not in silent) for name in running)
    notices = (*layers.notices, *silent.values(), *_notices(cameras, layers))
    return Config(cameras, values["mjpeg-rtp.stats_interval_seconds"], notices, values)


def _validate(layers: Layers) -> dict[str, Any]:
    """Return every key's value; what is wrong becomes a fault and counts as not set."""
    try:
        settings = Settings.model_validate(layers.tables)
    except ValidationError as error:
        for problem in error.errors():
            sentence = _fault(problem, layers)
            # What the command line says of every camera is wrong once, not once for each.
            if f"({FOR_ALL})" not in sentence or sentence.replace("camera2", "camera1") not in layers.faults:
                layers.faults.append(sentence)
            _remove(layers.tables, problem["loc"])
        settings = Settings.model_validate(layers.tables)
    tables = settings.model_dump(by_alias=True)
    return {key: _value(tables, key) for key in KEYS}


def _fault(problem: Mapping[str, Any], layers: Layers) -> str:
    key = ".".join(map(str, problem["loc"]))
    if problem["type"] == "extra_forbidden":
        return unknown(key)
    # What a key may be is said by its own check; all else that can be wrong is a table that is none.
    expected = str(problem["ctx"]["error"]) if problem["type"] == "value_error" else "a table"
    return _sentence(key, problem["input"], expected, layers)


def _sentence(key: str, found: Any, expected: str, layers: Layers) -> str:
    shown = str(found) if isinstance(found, Typed) and found and found.isprintable() else toml(found)
    short = shown if len(shown) <= 60 else shown[:57] + "..."
    origin = layers.origins.get(key)
    return f"{key}: found {short}, expected {expected}" + (f" ({origin})" if origin else "")


def _remove(tables: Any, path: Sequence[str | int]) -> None:
    for name in path[:-1]:
        tables = tables[name]
    tables.pop(path[-1], None)


def _value(tables: Any, key: str) -> Any:
    for name in key.split("."):
        tables = tables[name]
    return tables


def _running(values: dict[str, Any], layers: Layers) -> list[str]:
    """Return the cameras that run, and write it into the values.

    Where nothing is said, those that have an [mjpeg-rtp.cameraN] in the file; without any, all.
    """
    for name in CAMERAS:
        key = f"mjpeg-rtp.{name}.enabled"
        if values[key] is None:
            values[key] = name in layers.streams or not layers.streams
    return [name for name in CAMERAS if values[f"mjpeg-rtp.{name}.enabled"]]


def _conflicts(values: Mapping[str, Any], running: Sequence[str], layers: Layers) -> Iterator[str]:
    """Yield what is wrong with values that are right by themselves."""
    if not values["mjpeg-rtp.enabled"]:
        yield _sentence("mjpeg-rtp.enabled", False, "true, or nothing is sent", layers)
    if not running:
        keys = " and ".join(f"mjpeg-rtp.{name}.enabled" for name in CAMERAS)
        yield f"{keys}: found false, expected true for one of them, or nothing is sent"
    for name in running:
        yield from _rate_conflict(values, name, layers)
        yield from _crop_conflict(values, name, layers)
        yield from _ssrc_conflict(values, name, layers)
    for key in ("ssrc", "local_port"):
        found = [values[f"mjpeg-rtp.{name}.{key}"] for name in running]
        if len(found) == 2 and found[0] == found[1] and found[0] not in (None, 0):
            yield _sentence(f"mjpeg-rtp.camera2.{key}", found[1], "another one than camera1 has", layers)
    yield from _group_conflicts(values, running, layers)


def _group_conflicts(values: Mapping[str, Any], running: Sequence[str], layers: Layers) -> Iterator[str]:
    key = "mjpeg-rtp.rtcp_mux"
    for name, host in ports.groups(ports.places(values, running)):
        if values[key]:
            expected = f"false, since {name} goes to the group {host} (RFC 5761 section 5.2)"
            yield _sentence(key, True, expected, layers)


def _rate_conflict(values: Mapping[str, Any], name: str, layers: Layers) -> Iterator[str]:
    key, source = f"mjpeg-rtp.{name}.fps", f"mjpeg-rtp.{name}.source"
    if values[key] is None:
        key = f"{name}.fps"
    told = any(fault.startswith(f"{source}:") for fault in layers.faults)
    if values[key] == 0 and not values[source].startswith("replay:") and not told:
        yield _sentence(key, 0, f"a rate above 0 for source {values[source]}", layers)


def _ssrc_conflict(values: Mapping[str, Any], name: str, layers: Layers) -> Iterator[str]:
    key = f"mjpeg-rtp.{name}.ssrc"
    if values[key] is not None and _srtp_key(values, name):
        # With one key and one SSRC a second run is encrypted with the key stream of the first.
        expected = "no ssrc with srtp_key, so that each start has another one (RFC 3711 section 9.1)"
        yield _sentence(key, values[key], expected, layers)


def _srtp_key(values: Mapping[str, Any], name: str) -> Any:
    """Return the path of a camera's key: its own, else that of all."""
    return values[f"mjpeg-rtp.{name}.srtp_key"] or values["mjpeg-rtp.srtp_key"]


def _crop_conflict(values: Mapping[str, Any], name: str, layers: Layers) -> Iterator[str]:
    for place, side in (("x", "width"), ("y", "height")):
        whole, start = _either(values, name, side), values[f"{name}.crop.{place}"]
        said = values[f"{name}.crop.{side}"]
        length = said or whole - start
        if length < SMALLEST_SIDE or start + length > whole:
            key, found = (f"{name}.crop.{side}", said) if said else (f"{name}.crop.{place}", start)
            expected = (
                f"{SMALLEST_SIDE} or more pixels from {place} = {start} on, within the {whole} of the picture"
            )
            yield _sentence(key, found, expected, layers)


def _crop(values: Mapping[str, Any], name: str) -> Region | None:
    """Return the crop, None where it is the whole picture."""
    sides = _either(values, name, "width"), _either(values, name, "height")
    x, y = values[f"{name}.crop.x"], values[f"{name}.crop.y"]
    width, height = values[f"{name}.crop.width"], values[f"{name}.crop.height"]
    crop = x, y, width or sides[0] - x, height or sides[1] - y
    return None if crop == (0, 0, *sides) else crop


def _target_size(values: Mapping[str, Any], name: str, crop: Region | None) -> tuple[int, int] | None:
    """Return the size after scaling, None where there is none; a side that is not said stays as it is."""
    sides = crop[2:] if crop else (_either(values, name, "width"), _either(values, name, "height"))
    asked = values[f"{name}.target-width"] or sides[0], values[f"{name}.target-height"] or sides[1]
    return None if asked == sides else asked


def _either(values: Mapping[str, Any], name: str, key: str) -> Any:
    """Return what counts of a key that may stand in [mjpeg-rtp.cameraN] and in [cameraN]."""
    found = values[f"mjpeg-rtp.{name}.{key}"]
    return values[f"{name}.{key}"] if found is None else found


def _camera(values: Mapping[str, Any], name: str, rtcp: bool) -> CameraConfig:
    def stream(key: str) -> Any:
        return values[f"mjpeg-rtp.{name}.{key}"]

    own = {
        key: stream(key)
        for key in ("source", "quality", "transcode", "local_port", "ssrc", "ttl", "interface")
    }
    own |= {key: _either(values, name, key) for key in ("width", "height", "fps", "flip_method")}
    own |= {key: values[f"mjpeg-rtp.{key}"] for key in SHARED}
    crop = _crop(values, name)
    return CameraConfig(
        name=name,
        device=_either(values, name, "device") or None,
        crop=crop,
        target_size=_target_size(values, name, crop),
        controls=values[f"{name}.controls"],
        destinations=ports.of_camera(values, name),
        interfaces=tuple(map(interface_of, stream("destinations"))),
        srtp_key=_srtp_key(values, name),
        rtcp=rtcp,
        **own,
    )


def _notices(cameras: Sequence[CameraConfig], layers: Layers) -> Iterator[str]:
    # RFC 3550, section 11: RTP on an even port, RTCP on the next one up.
    yield from ports.odd(
        {camera.name: camera.destinations for camera in cameras if camera.rtcp and not camera.rtcp_mux}
    )
    for camera in cameras:
        width, height = camera.framing.sent_size
        if (width % 8 or height % 8) and not camera.source.startswith("replay:"):
            size = f"{width}x{height}"
            yield f"{camera.name}: {size} is no multiple of 8; viewers without its SDP see it rounded up"
    for name in sorted(layers.addressed - {camera.name for camera in cameras}):
        yield f"{name}: named on the command line, but it does not run; --only {name} runs it"
