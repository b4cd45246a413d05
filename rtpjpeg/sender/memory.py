"""What a start leaves behind in memory, given back: a sender runs for months and starts once.

glibc gives each thread a heap of its own, and what was freed there stays. Pictures that are drawn, read or
tried while cameras open are large, so for that time large blocks come from the system and go back to it.
Afterwards they come from one heap again, for that is quicker. Another C library is left as it is.
"""

from __future__ import annotations

import ctypes
import gc
import sys

# mallopt(3), malloc.h.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
_LARGE = 128 << 10
_LARGEST = 32 << 20
"""Bytes; more is not allowed."""


def begin() -> None:
    """Call it before any thread is started."""
    _set({_ARENA_MAX: 1, _MMAP_THRESHOLD: _LARGE})


def settle() -> None:
    """Call it when all is loaded and open.

    What has been loaded also leaves the garbage collector's rounds, which would walk it again and again: a
    full round over all modules lasts longer than a picture is on its way.
    """
    gc.collect()
    gc.freeze()
    _set({_MMAP_THRESHOLD: _LARGEST, _TRIM_THRESHOLD: 2 * _LARGEST})


def _set(options: dict[int, int]) -> None:
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    if mallopt is not None:
        for option, value in options.items():
            mallopt(option, value)
