"""The commands as processes of their own: what they say, what they count, how they end."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from interop.kernel import wait_until
from receiver.feeding import last_json

PATIENCE = 60.0
"""Seconds for a process to do its next step on a busy machine; no test that passes waits for it."""

TESTS = Path(__file__).resolve().parent.parent


def command(module: str) -> list[str]:
    """Return how a command of the package is started, without its script."""
    return [sys.executable, "-c", f"import sys; from {module} import main; sys.exit(main())"]


SEND = command("rtpjpeg.sender.cli")
VIEW = command("rtpjpeg.receiver.cli")
WATCH = [sys.executable, str(TESTS / "live" / "watcher.py")]
FEED = [sys.executable, str(TESTS / "live" / "feeder.py")]
SMALL = "--source synthetic --size 160x120 --json".split()
"""A camera that costs little."""


class Running:
    """A process while the block runs; it is killed when the block is left before it has ended.

    It has no display, unless one is named.
    """

    def __init__(
        self, command: Sequence[str], *words: str, display: str = "", folder: Path | None = None
    ) -> None:
        path = [str(TESTS), *filter(None, [os.environ.get("PYTHONPATH")])]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path)}
        for name in ("DISPLAY", "WAYLAND_DISPLAY"):
            environment.pop(name, None)
        environment |= {"DISPLAY": display} if display else {}
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            [*command, *words], stdout=pipe, stderr=pipe, text=True, env=environment, cwd=folder
        )
        self.out: list[str] = []
        self.err: list[str] = []
        assert self.process.stdout is not None and self.process.stderr is not None
        self._readers = [
            threading.Thread(target=gather, args=(self.process.stdout, self.out)),
            threading.Thread(target=gather, args=(self.process.stderr, self.err)),
        ]
        for reader in self._readers:
            reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def kill(self) -> None:
        """End the process at once, as ``kill -9`` does."""
        self.process.kill()
        self._join()

    def await_(self, condition: Callable[[Self], object], what: str) -> None:
        """Wait until the process has said something."""
        came = wait_until(lambda: bool(condition(self)) or not self.alive, PATIENCE)
        assert came and condition(self), f"{what} did not come: {self.out} {self.err}"

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def says(self, text: str) -> bool:
        """Tell whether a line of stderr has this in it."""
        return any(text in line for line in list(self.err))

    def end(self, number: int | None = None) -> Any:
        """Wait for the end, after a signal where one is named; return the object in the last line."""
        if number is not None:
            self.process.send_signal(number)
        code = self.process.wait(PATIENCE)
        self._join()
        assert code == 0, f"exit code {code}: {self.err}"
        return last_json("".join(self.out))

    def _join(self) -> None:
        self.process.wait()
        for reader in self._readers:
            reader.join()
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()


def gather(stream: IO[str], lines: list[str]) -> None:
    for line in stream:
        lines.append(line)
