"""The public names: there, loaded late, and told to the type checker as they are."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import rtpjpeg

COMMANDS = {
    "rtpjpeg-send": "rtpjpeg.sender.cli",
    "rtpjpeg-view": "rtpjpeg.receiver.cli",
    "rtpjpeg-inspect": "rtpjpeg.inspector.cli",
}
# What a command may not need before it knows what to do. None in sys.modules makes the import fail.
HEAVY = "av cv2 matplotlib numpy picamera2 pydantic rich scapy simplejpeg".split()


def python(code: str) -> subprocess.CompletedProcess[str]:
    """Run code in an interpreter of its own, with warnings as errors."""
    return subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True)


@pytest.mark.parametrize("name", rtpjpeg.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(rtpjpeg, name) is getattr(rtpjpeg, name)
    assert name in dir(rtpjpeg)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'rtpjpeg' has no attribute 'Packetiser'"):
        rtpjpeg.Packetiser  # noqa: B018


def test_the_type_checker_is_told_the_same_names() -> None:
    tree = ast.parse(Path(rtpjpeg.__file__).read_text("utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    lines = [line for line in block.body if isinstance(line, ast.ImportFrom)]
    told = {alias.name: line.module for line in lines for alias in line.names}
    assert told == rtpjpeg._ROOM_OF


def test_all_is_sorted_and_complete() -> None:
    eager = {name for name, value in vars(rtpjpeg.errors).items() if isinstance(value, type)}
    eager = {name for name in eager if not name.startswith("_")}
    assert rtpjpeg.__all__ == sorted({*rtpjpeg._ROOM_OF, *eager, "__version__"})


def test_import_loads_neither_numpy_nor_pydantic() -> None:
    done = python(f"import sys, rtpjpeg; print([name for name in {HEAVY} if name in sys.modules])")
    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")


@pytest.mark.parametrize("command", COMMANDS)
def test_help_needs_no_dependency(command: str) -> None:
    done = python(
        f"import sys; sys.modules.update(dict.fromkeys({HEAVY})); sys.argv[0] = {command!r}\n"
        f"from {COMMANDS[command]} import main; sys.exit(main(['--help']))"
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"usage: {command} ")


@pytest.mark.parametrize("command", COMMANDS)
def test_version_is_the_package_version(command: str) -> None:
    done = python(f"import sys; from {COMMANDS[command]} import main; sys.exit(main(['--version']))")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{command} {rtpjpeg.__version__}\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_a_wrong_option_is_wrong_usage(command: str) -> None:
    done = python(f"import sys; from {COMMANDS[command]} import main; sys.exit(main(['--no-such-option']))")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1 and "--no-such-option" in done.stderr
