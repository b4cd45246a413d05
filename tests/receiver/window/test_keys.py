"""What a key code of OpenCV means, of Qt and of GTK."""

from __future__ import annotations

import pytest

from rtpjpeg.receiver.window.keys import (
    ALL,
    FREEZE,
    FULL_SCREEN,
    HELP,
    IN_SHORT,
    KEYS,
    OVERLAY,
    QUIT,
    RECORD,
    SNAPSHOT,
    action_of,
)

NUM_LOCK, SHIFT, CONTROL, ALT = (bit << 16 for bit in (16, 1, 4, 8))


@pytest.mark.parametrize(
    ("character", "action"),
    [
        ("q", QUIT),
        ("\x1b", QUIT),
        ("s", SNAPSHOT),
        ("r", RECORD),
        ("o", OVERLAY),
        ("f", FULL_SCREEN),
        (" ", FREEZE),
        ("0", ALL),
        ("h", HELP),
        ("1", "1"),
        ("9", "9"),
    ],
)
def test_keys(character: str, action: str) -> None:
    code = ord(character)
    assert action_of(code) == action_of(code | NUM_LOCK) == action
    assert action_of(ord(character.upper()) | SHIFT) == action
    assert action_of(code | CONTROL) == action_of(code | ALT) == ""


@pytest.mark.parametrize(
    "code", [-1, 0, ord("x"), ord("Z"), 0xFF51, 0xFF52, 0xFF53, 0xFF63, 0xFFBE, 0xE4, 0x110000]
)
def test_other_keys_mean_nothing(code: int) -> None:
    # Of an arrow, Insert or F1 the lowest byte is a letter: 0xFF51, the left arrow, ends in Q.
    assert action_of(code) == ""


def test_the_keypad_and_the_symbol_of_escape() -> None:
    assert [action_of(0xFFB0 + digit) for digit in (0, 1, 9)] == [ALL, "1", "9"]
    assert action_of(0xFF1B) == QUIT


def test_every_key_is_in_the_help_of_the_command() -> None:
    for key in KEYS:
        assert key.label.replace("q, Esc", "q or Escape") in IN_SHORT
