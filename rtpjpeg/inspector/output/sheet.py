"""Lines for a terminal or a pipe: laid out here, coloured by rich where there are colours.

A line is a list of spans, each a text and a style of rich. Prose is wrapped at the width of the sheet; what
somebody copies, such as a display filter, keeps its line however long it is.
"""

from __future__ import annotations

import io
import os
import shutil
import sys
import textwrap
from collections.abc import Iterable
from typing import Any, TextIO

from .words import clean

Span = tuple[str, str]
"""Text and style."""
Line = list[Span]

INDENT, LABEL = 2, 11
NARROWEST, WIDEST = 60, 110
IN_A_PIPE = 100
"""Columns where nobody says how wide it is."""
DIM = "dim"


class Sheet:
    """Lines that are added one by one; ``width`` in columns."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.lines: list[Line] = []

    def add(self, *spans: Span) -> None:
        """Add a line as it is."""
        self.lines.append([(clean(text), style) for text, style in spans])

    def blank(self) -> None:
        """Add an empty line, but not two of them."""
        if self.lines and self.lines[-1]:
            self.lines.append([])

    def labelled(
        self, label: str, text: str, style: str = "", wrap: bool = True, indent: int = INDENT
    ) -> None:
        """Add a label and a text behind it, wrapped in a column of its own."""
        room = self.width - indent - LABEL
        pieces = _wrapped(clean(text), room) if wrap else [clean(text)]
        for number, piece in enumerate(pieces):
            front = " " * indent + (clean(label) if number == 0 else "").ljust(LABEL - 1) + " "
            self.lines.append([(front, DIM), (piece, style)])

    def prose(self, text: str, style: str = "") -> None:
        """Add a text, wrapped."""
        self.lines += [[(piece, style)] for piece in _wrapped(clean(text), self.width)]

    def text(self) -> str:
        """Return all lines without styles."""
        return "".join("".join(text for text, _ in line).rstrip() + "\n" for line in self.lines)


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False) or [""]


def width_of(file: TextIO) -> int:
    """Return the columns to write for: those of the terminal, within reason; in a pipe 100, or COLUMNS."""
    if not file.isatty() and "COLUMNS" not in os.environ:
        return IN_A_PIPE
    return min(max(shutil.get_terminal_size((80, 24)).columns, NARROWEST), WIDEST)


def print_lines(lines: Iterable[Line], file: TextIO | None = None) -> None:
    """Write lines to ``file``, by default stdout; without rich, or where there are no colours, plain."""
    out = file or sys.stdout
    encoding = getattr(out, "encoding", None) or "utf-8"
    written = [[(_writable(text, encoding), style) for text, style in line] for line in lines]
    out.write(_coloured(written, out) or "".join(_plain(line) for line in written))


def _plain(line: Line) -> str:
    return "".join(text for text, _ in line).rstrip() + "\n"


def _coloured(lines: Iterable[Line], out: TextIO) -> str | None:
    """Return lines with the colours that a file can show, None without rich.

    rich writes into memory, for where a pipe is closed at its other end it would end the process.
    """
    try:
        from rich.console import Console
        from rich.text import Text
    except ImportError:
        return None
    asked, memory = Console(file=out), io.StringIO()
    colours: Any = asked.color_system
    console = Console(
        file=memory,
        force_terminal=asked.is_terminal,
        color_system=colours,
        no_color=asked.no_color,
        highlight=False,
    )
    for line in lines:
        console.print(Text.assemble(*line), soft_wrap=True)
    return memory.getvalue()


def _writable(text: str, encoding: str) -> str:
    """Return text that the encoding of a file can hold; a name may have any character."""
    return text.encode(encoding, "backslashreplace").decode(encoding)
