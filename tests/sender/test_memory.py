"""What the C library is asked for, where it can be asked."""

from __future__ import annotations

import ctypes
import gc
import sys
from types import SimpleNamespace

import pytest

from rtpjpeg.sender import memory


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """What mallopt is called with; the collector is as it was afterwards."""
    calls: list[tuple[int, int]] = []
    library = SimpleNamespace(mallopt=lambda *words: calls.append(words))
    monkeypatch.setattr(ctypes, "CDLL", lambda name: library)
    monkeypatch.setattr(gc, "freeze", lambda: None)
    return calls


def test_one_heap_and_large_blocks_from_the_system_only_at_the_start(asked: list[tuple[int, int]]) -> None:
    memory.begin()
    assert asked == [(-8, 1), (-3, 128 * 1024)]
    memory.settle()
    assert asked[2:] == [(-3, 32 << 20), (-1, 64 << 20)]


def test_another_system_is_left_as_it_is(
    asked: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    memory.begin()
    memory.settle()
    assert asked == []


def test_another_c_library_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda name: SimpleNamespace())
    memory.begin()


def test_the_real_one_takes_it_and_takes_it_again() -> None:
    for _ in range(2):
        memory.begin()
        memory.settle()
