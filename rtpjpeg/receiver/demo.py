"""The demo: two synthetic cameras, sent by rtpjpeg-send in a process of its own, received by this one.

It is what a user would type into two terminals, on free ports of this machine. Two processes, so
that drawing the pictures does not delay the threads that receive them.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from ..errors import TransportError
from ..sender.console import DONE, FAULT, MISSING, complain
from .job import COMMAND, OVER, Job
from .livestream import JOIN_SECONDS
from .png import write_png
from .sheet import compose
from .source import Source

HOST = "127.0.0.1"
SECONDS = 10.0
PICTURE = Path("demo.png")
GRACE = 0.2
"""Seconds from the end of the sender to ours, so that its last packets are read."""

_log = logging.getLogger(__name__)


class Demo:
    """Opens two ports in a job and sends to them while the block runs, for so many seconds."""

    def __init__(self, job: Job, duration: float | None) -> None:
        self._job = job
        self._duration = duration or SECONDS
        self._ended = threading.Event()
        self._sender: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._job.open([Source("", HOST, 0, f"camera {number}") for number in (1, 2)])
        try:
            self._sender = subprocess.Popen(
                self._command(), env=_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
            )
        except OSError as error:
            self._job.stop()
            raise TransportError(f"rtpjpeg-send cannot be started: {error.strerror}") from None
        threading.Thread(target=self._watch, args=(self._sender,), name="demo", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        if self._sender is None:
            return
        self._sender.terminate()
        try:
            self._sender.wait(JOIN_SECONDS)
        except subprocess.TimeoutExpired:
            self._sender.kill()
            self._sender.wait()

    def _command(self) -> list[str]:
        frames = self._job.options.frames
        end = ["--frames", str(frames)] if frames else ["--duration", str(self._duration)]
        command = [
            sys.executable,
            "-P",
            "-m",
            "rtpjpeg.sender.cli",
            "--source",
            "synthetic",
            "--log-level",
            "error",
        ]
        for port in self._job.ports:
            command += ["--dest", f"{HOST}:{port}"]
        return command + end

    def _watch(self, sender: subprocess.Popen[bytes]) -> None:
        """End the job when the sender has ended."""
        sender.wait()
        self._ended.wait(GRACE)
        self._job.mailbox.put(OVER)

    def save(self) -> None:
        """Write both newest pictures side by side. Raises ``TransportError`` when that is not possible."""
        cards = [view.card(time.monotonic()) for view in self._job.views]
        if all(card.image is None for card in cards):
            return
        try:
            write_png(PICTURE, compose(cards))
        except OSError as error:
            raise TransportError(f"{PICTURE} cannot be written: {error.strerror}") from None
        _log.info("%s shows the newest picture of both cameras", PICTURE)

    def judge(self, complete: bool) -> int:
        """Return the exit code, and say what went wrong; ``complete`` is what ``Job.run`` returned."""
        if not complete:
            return DONE
        code = self._sender.poll() if self._sender is not None else None
        if code:
            return complain(COMMAND, f"the demo's sender ended with exit code {code}", MISSING)
        silent = [view.stream.label for view in self._job.views if not view.stream.frames_received]
        for label in silent:
            complain(COMMAND, f"{label}: no frame came")
        return FAULT if silent else DONE


def _environment() -> dict[str, str]:
    """Return the environment in which a child finds this package and no configuration of the user."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("RTPJPEG_")}
    package = str(Path(__file__).resolve().parents[2])
    paths = [package, *filter(None, [clean.get("PYTHONPATH")])]
    return {**clean, "PYTHONPATH": os.pathsep.join(paths)}
