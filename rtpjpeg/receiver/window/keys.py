"""The keys of the window, for the window itself, its help, and the help of the command.

The parser imports this file, so it needs the standard library alone.
"""

from __future__ import annotations

from typing import NamedTuple

QUIT, SNAPSHOT, RECORD, OVERLAY, FULL_SCREEN, FREEZE, ALL, HELP = (
    "quit",
    "snapshot",
    "record",
    "overlay",
    "full screen",
    "freeze",
    "all",
    "help",
)
ESCAPE = 27
_ESCAPE_SYMBOL = 0xFF1B
_KEYPAD = 0xFFB0
"""X11's symbol of the digit 0 on the keypad; the other digits follow."""
_COMMANDS = 0x000C0000
"""Control and Alt, as GTK's event state stands above the key."""


class Key(NamedTuple):
    """A key that does something."""

    label: str
    """As it is named for people."""
    characters: str
    action: str
    text: str
    """What it does."""


KEYS = (
    Key("q, Esc", "q\x1b", QUIT, "quit"),
    Key("s", "s", SNAPSHOT, "save the pictures as they came, as JPEG"),
    Key("r", "r", RECORD, "begin or end a recording"),
    Key("space", " ", FREEZE, "let the pictures stand still, or go on"),
    Key("1 to 9", "", "", "one camera alone; again: all"),
    Key("0", "0", ALL, "all cameras"),
    Key("o", "o", OVERLAY, "show or hide the figures"),
    Key("f", "f", FULL_SCREEN, "full screen"),
    Key("h", "h", HELP, "show or hide this list"),
)
IN_SHORT = (
    "Keys of the window: q or Escape ends; s saves the pictures as JPEG, into the folder of --snapshot or the"
    " current one; r begins and ends a recording; space lets the pictures stand still; 1 to 9 show one camera"
    " alone, 0 all; o hides the figures; f is full screen; h lists the keys."
)

_ACTIONS: dict[str, str] = {character: key.action for key in KEYS for character in key.characters}


def action_of(code: int) -> str:
    """Return what a key code of OpenCV asks for: an action above, a digit 1 to 9, or "" for nothing."""
    symbol = code & 0xFFFF
    if code < 0 or code & _COMMANDS:
        return ""
    if symbol == _ESCAPE_SYMBOL:
        symbol = ESCAPE
    if _KEYPAD <= symbol <= _KEYPAD + 9:
        symbol += ord("0") - _KEYPAD
    character = chr(symbol).lower() if symbol < 128 else ""
    return character if character in set("123456789") else _ACTIONS.get(character, "")
