"""The house keeps its shape: imports climb down only, the root is pure, rooms stay rooms.

Imports inside functions count too. Only the TYPE_CHECKING block of ``rtpjpeg/__init__.py`` is left
out: it tells the type checker which names ``__getattr__`` hands out.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "rtpjpeg"

# A root file imports floors below its own and, on its own floor, only what stands left of it.
FLOORS = (
    ("errors", "serial", "tables", "stats", "train", "frame", "framing"),
    ("rtp", "extensions", "payload", "scan", "jpeg", "interchange", "srtpkey", "reportpackets", "rtcp")
    + ("mux", "feedback", "sdplines", "sdp", "settings", "overrides", "layers", "tomltext", "ports")
    + ("config",),
    (
        "clock",
        "events",
        "chunks",
        "packetizer",
        "quirks",
        "alike",
        "packets",
        "fragments",
        "patience",
        "reorder",
        "lock",
        "secondpath",
        "concealment",
        "history",
        "membership",
        "schedule",
        "reports",
        "asking",
    ),
    ("parameters", "assembler", "frames", "missing", "depacketizer"),
    ("sendercontrol", "receivercontrol", "sending", "receiving", "session"),
    ("__init__",),
)
HEIGHT = {name: place for place, name in enumerate(name for floor in FLOORS for name in floor)}

# A wing imports the root and the wings left of it.
WINGS = ("net", "capture", "sender", "receiver", "inspector")

# What has a socket, a clock, a thread, chance of its own, a log or a file in it.
WORLDLY = frozenset(
    "asyncio concurrent ctypes datetime fcntl io logging mmap multiprocessing os pathlib queue random sched "
    "select selectors shutil signal socket socketserver ssl subprocess tempfile threading time urllib".split()
)
WORLDLY_CALLS = frozenset({"breakpoint", "input", "open", "print"})
ROOT_LIBRARIES = {"config": {"pydantic"}, "settings": {"pydantic"}}
LONGEST_ROOM = 330


@dataclass(frozen=True)
class Import:
    """One import statement's module; ``ours`` is the path below the package, None for a stranger."""

    line: int
    module: str
    ours: tuple[str, ...] | None


def rooms() -> dict[tuple[str, ...], Path]:
    """Every module of the package by its path below it: ("rtp",), ("net", "udp"), ("__init__",)."""
    paths = sorted(PACKAGE.rglob("*.py"))
    return {path.relative_to(PACKAGE).with_suffix("").parts: path for path in paths}


ROOMS = rooms()
ROOT_ROOMS = [room for room in ROOMS if len(room) == 1]
WING_ROOMS = [room for room in ROOMS if len(room) > 1]


def room_name(room: tuple[str, ...]) -> str:
    return "/".join(room)


def imports_of(room: tuple[str, ...]) -> Iterator[Import]:
    tree = ast.parse(ROOMS[room].read_text("utf-8"))
    for node in walk(tree, skip_type_checking=room == ("__init__",)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield absolute(node.lineno, alias.name.split("."), None)
        elif isinstance(node, ast.ImportFrom):
            base = ["rtpjpeg", *room[: len(room) - node.level]] if node.level else []
            module = base + (node.module.split(".") if node.module else [])
            for alias in node.names:
                yield absolute(node.lineno, module, alias.name)


def walk(node: ast.AST, skip_type_checking: bool) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if skip_type_checking and isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            continue
        yield child
        yield from walk(child, skip_type_checking)


def absolute(line: int, module: list[str], name: str | None) -> Import:
    """Say which room an import statement names; ``name`` may be a module or something inside one."""
    if module[0] != "rtpjpeg":
        return Import(line, ".".join(module), None)
    path = tuple(module[1:])
    for candidate in ([(*path, name)] if name else []) + [path]:
        for room in (candidate, (*candidate, "__init__")):
            if room in ROOMS:
                return Import(line, ".".join(module), room)
    raise AssertionError(f"line {line} imports {'.'.join(module)}, which is not in the package")


@pytest.mark.parametrize("room", ROOT_ROOMS, ids=room_name)
def test_a_root_file_has_a_floor_and_imports_only_below_it(room: tuple[str, ...]) -> None:
    assert room[0] in HEIGHT, f"{room[0]}.py is new at the root: give it a place in FLOORS"
    for found in imports_of(room):
        if found.ours is not None:
            assert len(found.ours) == 1, f"line {found.line}: the root imports the wing {found.ours[0]}"
            assert HEIGHT[found.ours[0]] < HEIGHT[room[0]], f"line {found.line}: imports up, {found.ours[0]}"


@pytest.mark.parametrize("room", ROOT_ROOMS, ids=room_name)
def test_a_root_file_needs_only_numpy_and_the_standard_library(room: tuple[str, ...]) -> None:
    allowed = ROOT_LIBRARIES.get(room[0], {"numpy"})
    for found in imports_of(room):
        top = found.module.split(".")[0]
        if found.ours is None and top not in sys.stdlib_module_names:
            assert top in allowed, f"line {found.line}: {found.module}"


@pytest.mark.parametrize("room", ROOT_ROOMS, ids=room_name)
def test_a_root_file_touches_no_world(room: tuple[str, ...]) -> None:
    for found in imports_of(room):
        assert found.module.split(".")[0] not in WORLDLY, f"line {found.line}: {found.module}"
    for node in ast.walk(ast.parse(ROOMS[room].read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in WORLDLY_CALLS, f"line {node.lineno}: {node.func.id}()"


@pytest.mark.parametrize("room", WING_ROOMS, ids=room_name)
def test_a_wing_imports_the_root_and_the_wings_to_its_left(room: tuple[str, ...]) -> None:
    assert room[0] in WINGS, f"the wing {room[0]} is new: give it a place in WINGS"
    reach = WINGS[: WINGS.index(room[0]) + 1]
    for found in imports_of(room):
        if found.ours is not None and len(found.ours) > 1:
            assert found.ours[0] in reach, f"line {found.line}: {found.module}"


def test_no_imports_run_in_a_circle() -> None:
    graph = {room: {found.ours for found in imports_of(room) if found.ours is not None} for room in ROOMS}
    TopologicalSorter(graph).prepare()  # CycleError names the rooms


@pytest.mark.parametrize("room", ROOMS, ids=room_name)
def test_a_room_stays_one_room(room: tuple[str, ...]) -> None:
    assert len(ROOMS[room].read_text("utf-8").splitlines()) <= LONGEST_ROOM


def test_every_wing_is_a_package() -> None:
    found = {path.parent.name for path in PACKAGE.glob("*/*.py")}
    assert {name for name in found if not (PACKAGE / name / "__init__.py").exists()} == set()


IMPORT_LINES = [
    ("from .rtp import RtpPacket", ("session",), ("rtp",)),
    ("from . import rtp", ("session",), ("rtp",)),
    ("from . import __version__", ("session",), ("__init__",)),
    ("from ..rtp import RtpPacket", ("net", "udp"), ("rtp",)),
    ("from .. import rtp", ("net", "udp"), ("rtp",)),
    ("import rtpjpeg.rtp", ("net", "udp"), ("rtp",)),
    ("import rtpjpeg", ("net", "udp"), ("__init__",)),
    ("def f():\n    from rtpjpeg.rtp import RtpPacket", ("errors",), ("rtp",)),
    ("if TYPE_CHECKING:\n    from .rtp import RtpPacket", ("errors",), ("rtp",)),
    ("import numpy.typing as npt", ("rtp",), None),
]


@pytest.mark.parametrize(("text", "room", "ours"), IMPORT_LINES)
def test_the_reader_of_imports_reads(
    text: str,
    room: tuple[str, ...],
    ours: tuple[str, ...] | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "room.py"
    path.write_text(text)
    monkeypatch.setitem(ROOMS, room, path)
    assert [found.ours for found in imports_of(room)] == [ours]
