"""A process that a test starts, and that does not outlive it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any


@contextmanager
def child(command: Sequence[str], **options: Any) -> Iterator[subprocess.Popen[Any]]:
    """Run a process while the block runs, with the options of ``Popen``; what has not ended then is killed.

    ``Popen`` itself would wait for it: where a test fails, or runs out of time, that may be for ever.
    """
    with subprocess.Popen(command, **options) as process:
        try:
            yield process
        finally:
            process.kill()
