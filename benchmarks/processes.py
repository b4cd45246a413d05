"""CPU time of whole processes, ours and those of strangers, told by the kernel in the same way for all."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType


def cpu_of_run(command: Sequence[str]) -> float:
    """Run a command to its end; return its CPU seconds, user and system, all threads.

    Raises ``SystemExit`` with what it printed when it fails.
    """
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        output = process.stdout.read() if process.stdout else b""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command[0]} failed: {output.decode(errors='replace')[-500:]}")
    return usage.ru_utime + usage.ru_stime


class Server:
    """A process that waits on a UDP port: started, asked for its CPU time, killed."""

    def __init__(self, command: Sequence[str], port: int) -> None:
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        wait_until(lambda: bound(port), f"{command[0]} to bind port {port}")

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()

    def cpu(self) -> float:
        """Return the seconds that its threads have run so far, to the nanosecond."""
        threads = Path(f"/proc/{self._process.pid}/task").iterdir()
        return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e9


def bound(port: int) -> bool:
    """Tell whether a process has a UDP socket on this port."""
    lines = Path("/proc/net/udp").read_text().splitlines()[1:]
    return any(int(line.split()[1].rpartition(":")[2], 16) == port for line in lines)


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 20.0) -> None:
    """Wait for a condition; ``SystemExit`` says what did not come."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise SystemExit(f"waited {seconds:.0f} s for {what}")
        time.sleep(0.02)
