"""What a configuration is made of, one layer over the other: file, environment, command line.

A value is put where its key stands in the file, whoever said it; ``origins`` remembers who did.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from .errors import ConfigError
from .overrides import CAMERAS, EVERY_CAMERA
from .settings import KEYS, Typed

Tables = dict[str, Any]

VARIABLES = {"RTPJPEG_" + re.sub("[.-]", "_", key).upper(): key for key in KEYS}
"""Every environment variable that sets a key."""
FILE_VARIABLE = "RTPJPEG_CONFIG"
"""Names the file; it is no key."""
FOR_ALL = "command line, every camera"
"""Origin of a value that was not said of one camera."""
_NAMES = sorted({*KEYS, *(key[: dot.start()] for key in KEYS for dot in re.finditer(r"\.", key))})
"""Every key and every table."""
_CONTROL = re.compile(r"camera[12]\.controls\.[^.]+")
_CONTROL_VARIABLE = re.compile("RTPJPEG_(CAMERA[12])_CONTROLS_(.+)")
_SHARED = ("device", "width", "height", "fps", "flip_method")
"""Keys of [cameraN] that win when they stand in [mjpeg-rtp.cameraN]."""
_IGNORED_TABLES = re.compile(
    r"app|zeromq|server|webrtc|video|encoding|buffers|timeouts|logging|limits|debug|lidar-[\w-]+|imu-[\w-]+"
)
_IGNORED_KEYS = ("webrtc_port", "scaling_enabled")
_PLACE = re.compile(r"(.*) \(at (line \d+, column \d+|end of document)\)", re.DOTALL)


class Layers:
    """The tables of a configuration while its layers are laid on each other."""

    def __init__(self, text: str | bytes | None) -> None:
        """Take the text of a file, None without one; raises ``ConfigError`` with one line for broken TOML."""
        self.tables = _parse(text)
        self.origins: dict[str, str] = {}
        """Path of a key to the variable or the words that set it, for keys that the file did not set."""
        self.faults: list[str] = []
        self.notices: list[str] = []
        self.addressed: set[str] = set()
        """Cameras that the command line names."""
        self.streams = {name for name in CAMERAS if name in _table(self.tables, "mjpeg-rtp")}
        """Cameras whose [mjpeg-rtp.cameraN] is in the file."""
        self._drop_what_is_ignored()
        for name in CAMERAS:
            _drop_whole_picture(_table(self.tables, name))

    def lay_environment(self, environment: Mapping[str, str]) -> None:
        """Lay the RTPJPEG_* variables over the file; all others are left alone."""
        found = []
        for variable in sorted(environment):
            if variable.startswith("RTPJPEG_") and variable != FILE_VARIABLE:
                key = VARIABLES.get(variable) or self._control(variable)
                if key:
                    found.append((key, variable))
                else:
                    near = difflib.get_close_matches(variable, VARIABLES, 1, 0)[0]
                    self.faults.append(f"{variable}: unknown variable; did you mean {near}?")
        # What holds for all cameras first: it takes away what a lower layer said of one.
        for key, variable in sorted(found, key=lambda pair: (pair[0].count("."), pair)):
            self._set(key, Typed(environment[variable]), variable)

    def lay_overrides(self, overrides: Mapping[str, Any]) -> None:
        """Lay the command line over everything; what is said of one camera overrules what is said of all."""
        for key in sorted(overrides, key=lambda key: (EVERY_CAMERA not in key, key)):
            value = Typed(overrides[key]) if isinstance(overrides[key], str) else overrides[key]
            for_all = EVERY_CAMERA in key
            keys = [
                _full_key(key.replace(EVERY_CAMERA, name)) for name in (CAMERAS if for_all else CAMERAS[:1])
            ]
            for full in filter(None, keys):
                self._set(full, value, FOR_ALL if for_all else "command line")
            if None in keys:
                self.faults.append(f"{unknown(key)} (command line)")
            elif not for_all and not key.endswith(".enabled"):
                self.addressed |= {name for name in CAMERAS if name in key.split(".")}

    def _set(self, key: str, value: Any, origin: str) -> None:
        """Put a value into its table, and take away what a lower layer said in its stead."""
        *tables, name = key.split(".")
        table = self.tables
        for step in tables:
            table = table.setdefault(step, {})
            if not isinstance(table, dict):
                return  # the file has something else there, which is told as a fault of its own
        table[name] = value
        self.origins[key] = origin
        for rival in _rivals(tables, name):
            _table(self.tables, "mjpeg-rtp", tables[-1]).pop(rival, None)
        if key == "mjpeg-rtp.srtp_key":
            for camera in CAMERAS:
                _table(self.tables, "mjpeg-rtp", camera).pop(name, None)

    def _control(self, variable: str) -> str | None:
        """Return the key of a camera control; its capitals are those of the file, where it is there."""
        found = _CONTROL_VARIABLE.fullmatch(variable)
        if not found:
            return None
        camera = found[1].lower()
        known = {name.upper(): name for name in _table(self.tables, camera, "controls")}
        return f"{camera}.controls.{known.get(found[2].upper(), found[2])}"

    def _drop_what_is_ignored(self) -> None:
        dropped = [f"[{name}]" for name in self.tables if _IGNORED_TABLES.fullmatch(name)]
        for name in dropped:
            del self.tables[name[1:-1]]
        for camera in CAMERAS:
            table = _table(self.tables, camera)
            dropped += [f"{camera}.{key}" for key in _IGNORED_KEYS if table.pop(key, None) is not None]
        if dropped:
            self.notices.append(f"known and ignored, they do nothing here: {', '.join(dropped)}")


def unknown(name: str) -> str:
    """Return the sentence about a table or key that does not exist, with the nearest one that does."""

    def likeness(known: str) -> tuple[float, float]:
        ends = name.rpartition(".")[2], known.rpartition(".")[2]
        return difflib.SequenceMatcher(None, *ends).ratio(), difflib.SequenceMatcher(
            None, name, known
        ).ratio()

    shown = name if name.isprintable() else repr(name)
    return f"{shown}: unknown name; did you mean {max(_NAMES, key=likeness)}?"


def _parse(text: str | bytes | None) -> Tables:
    try:
        decoded = text.decode() if isinstance(text, bytes) else text or ""
        return tomllib.loads(decoded.removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        lines = len((text or "").splitlines())
        found = _PLACE.fullmatch(str(error)) or [None, str(error), f"somewhere in {lines} lines"]
        place = f"line {lines}, its end" if found[2] == "end of document" else found[2]
        raise ConfigError(f"configuration file: broken TOML at {place}: {found[1]}") from None


def _table(tables: Tables, *path: str) -> Tables:
    """Return a table, an empty one where there is none."""
    found: Any = tables
    for name in path:
        found = found.get(name, {}) if isinstance(found, dict) else {}
    return found if isinstance(found, dict) else {}


def _full_key(key: str) -> str | None:
    """Return the key as it stands in the file; ``camera1.quality`` is ``mjpeg-rtp.camera1.quality``."""
    if key in KEYS or _CONTROL.fullmatch(key):
        return key
    return f"mjpeg-rtp.{key}" if f"mjpeg-rtp.{key}" in KEYS else None


def _rivals(tables: list[str], name: str) -> Iterator[str]:
    """Yield the keys of [mjpeg-rtp.cameraN] that would win over the one that is set."""
    if tables[0] in CAMERAS and len(tables) == 1 and name in _SHARED:
        yield name
    if name in ("dest_host", "dest_port"):
        yield "destinations"


def _drop_whole_picture(camera: Tables) -> None:
    """Take away a crop, and a target size, that are the whole picture: they ask for nothing."""
    size = {"width": camera.get("width", 640), "height": camera.get("height", 480)}
    whole = {"x": 0, "y": 0} | size
    if isinstance(camera.get("crop"), dict) and whole | camera["crop"] == whole:
        del camera["crop"]
    for key, value in size.items():
        # With a crop it asks for something: the crop, as large as the whole picture was.
        if camera.get(f"target-{key}") == value and "crop" not in camera:
            del camera[f"target-{key}"]
