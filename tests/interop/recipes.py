"""The blocks of docs/recipes.md: taken from the page, fitted to a test, run, and watched until they show.

What a test changes stands here: address and port, the programs of the tree in place of installed ones,
and, for each recipe, a sink that counts instead of a window.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import rtpjpeg
from interop.kernel import wait_until
from peers import missing, need, need_gstreamer, need_module

TREE = Path(__file__).resolve().parents[2]
PAGE = TREE / "docs" / "recipes.md"
PATIENCE = 60.0
"""Seconds in which a program must have shown its frames."""
NOBODY = ("--reuid=65534", "--regid=65534", "--clear-groups")
_BLOCK = re.compile(r"<!-- recipe: ([\w-]+) -->\n```(\w+)\n(.*?)\n```\n", re.DOTALL)
_COMMANDS = {"rtpjpeg-send": "rtpjpeg.sender.cli", "rtpjpeg-view": "rtpjpeg.receiver.cli"}
# The tests' own folder may hold the package; a program starts in another one.
OURS = ("env", f"PYTHONPATH={Path(rtpjpeg.__file__).parents[1]}", sys.executable)
IMSHOW = ('cv2.imshow("camera", image)', 'print("frame", image.shape, flush=True)')
WAITKEY = ("cv2.waitKey(1)", "None")

Edits = Sequence[tuple[str, str]]
Count = Callable[[str, Path], int]


def blocks() -> dict[str, tuple[str, str]]:
    """Return language and text of each recipe of the page, by name."""
    return {name: (language, text) for name, language, text in _BLOCK.findall(PAGE.read_text("utf-8"))}


@dataclass(frozen=True)
class Recipe:
    """What a program needs, what is different in the test, and how its frames are counted."""

    require: Callable[[], object]
    edits: Edits
    count: Count
    python: str = sys.executable
    """The interpreter of a Python block."""
    as_nobody: bool = False
    """The program refuses to be root."""


def matches(pattern: str) -> Count:
    """Count what a program prints for each frame."""
    return lambda log, folder: len(re.findall(pattern, log))


def figure(log: str, folder: Path) -> int:
    """Return the frames that the JSON of rtpjpeg-view counts."""
    found = re.findall(r'"frames_received": (\d+)', log)
    return int(found[-1]) if found else 0


def snapshots(log: str, folder: Path) -> int:
    """Count the pictures that VLC wrote, one of five frames."""
    return sum(path.stat().st_size > 0 for path in (folder / "snaps").glob("*.png"))


def system_opencv() -> None:
    """Ask for apt's OpenCV, which is built with GStreamer."""
    code = "import cv2, re; print(re.search('GStreamer: *YES', cv2.getBuildInformation()) is not None)"
    done = subprocess.run(["/usr/bin/python3", "-c", code], capture_output=True, text=True)
    if done.stdout.strip() != "True":
        missing("the package python3-opencv (built with GStreamer)")


SCENE = "--vout=vdummy --no-audio --video-filter=scene --scene-format=png --scene-ratio=5 --scene-path=snaps"

RECIPES = {
    "numbers": Recipe(lambda: None, [], figure),
    "view": Recipe(lambda: None, [("rtp://:5000", "rtp://:5000 --headless --frames 10 --json")], figure),
    "gstreamer": Recipe(
        lambda: need_gstreamer("rtpjitterbuffer", "rtpjpegdepay", "jpegdec", "videoconvert"),
        [("autovideosink", "fakesink silent=false"), ("gst-launch-1.0", "gst-launch-1.0 -v")],
        matches("last-message = chain"),
    ),
    "ffplay": Recipe(lambda: need("ffplay"), [("ffplay", "ffplay -vf showinfo")], matches(r"\bn: *\d+ pts:")),
    "record": Recipe(
        lambda: need("ffmpeg"), [("camera.mkv", "-flush_packets 1 -f framecrc -")], matches("(?m)^0,")
    ),
    "vlc": Recipe(lambda: need("cvlc"), [("vlc", f"cvlc {SCENE}")], snapshots, as_nobody=True),
    "opencv-ffmpeg": Recipe(lambda: need_module("cv2"), [IMSHOW, WAITKEY], matches(r"frame \(480, 640, 3\)")),
    "opencv-gstreamer": Recipe(
        system_opencv,
        [IMSHOW, WAITKEY],
        matches(r"frame \(480, 640, 3\)"),
        python="/usr/bin/python3",
    ),
}

HEADLESS = "--headless --frames 10 --json"
SECRET_RECIPES = {
    "view-srtp": Recipe(lambda: None, [("srtp.key", f"srtp.key {HEADLESS}")], figure),
    "view-srtp-sdp": Recipe(lambda: None, [("camera.sdp", f"camera.sdp {HEADLESS}")], figure),
    "ffplay-srtp": RECIPES["ffplay"],
    "gstreamer-srtp": replace(
        RECIPES["gstreamer"], require=lambda: need_gstreamer("srtpdec", "rtpjitterbuffer", "rtpjpegdepay")
    ),
}
"""Those that need the key, and a sender that has it."""


def fitted(name: str, port: int, edits: Edits = ()) -> str:
    """Return a recipe's text as the test runs it."""
    text = blocks()[name][1]
    for old, new in edits:
        assert old in text, f"recipe {name} has no {old!r} any more"
        text = text.replace(old, new, 1)
    text = re.sub(r"\b5000\b", str(port), text.replace("192.168.1.20", "127.0.0.1"))
    for command, module in _COMMANDS.items():
        text = text.replace(command, shlex.join([*OURS, "-m", module]))
    return text


def command(name: str, port: int, recipe: Recipe) -> list[str]:
    """Return the words that start a recipe."""
    text = fitted(name, port, recipe.edits)
    words = [recipe.python, "-c", text] if blocks()[name][0] == "python" else ["sh", "-c", text]
    if recipe.as_nobody and os.geteuid() == 0:
        return [need("setpriv"), *NOBODY, *words]
    return words


@contextmanager
def running(words: Sequence[str], folder: Path, log: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program, and all that it starts, while the block runs; what it says is in ``log``."""
    environment = {**os.environ, "HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)}
    environment |= {"SDL_VIDEODRIVER": "dummy", "SDL_AUDIODRIVER": "dummy", "PYTHONUNBUFFERED": "1"}
    with (folder / log).open("wb") as out:
        process = subprocess.Popen(
            words,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        try:
            os.killpg(process.pid, signal.SIGKILL)  # the group is its own, the shell's children are in it
        except ProcessLookupError:
            pass
        process.wait()


def shown(process: subprocess.Popen[bytes], count: Count, folder: Path, log: str, frames: int) -> int:
    """Wait until a program has shown so many frames, or is over; return how many it has."""

    def counted() -> int:
        return count((folder / log).read_text(errors="replace"), folder)

    wait_until(lambda: process.poll() is not None or counted() >= frames, PATIENCE)
    return counted()
