"""Lines for a terminal or a pipe: laid out here, coloured by rich where there are colours.

A line is a list of spans, each a text and a style of rich. Prose is wrapped at the width of the sheet; what
somebody copies, such as a display filter, keeps its line however long it is.
"""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Iterable
from typing import TextIO

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
    try:
        from rich.console import Console
        from rich.text import Text
    except ImportError:
        out.writelines("".join(text for text, _ in line).rstrip() + "\n" for line in written)
        return
    console = Console(file=out, highlight=False)
    # Captured, so that it is us who write: rich ends the process when a pipe is closed at its other end.
    with console.capture() as capture:
        for line in written:
            console.print(Text.assemble(*line), soft_wrap=True)
    out.write(capture.get())


def _writable(text: str, encoding: str) -> str:
    """Return text that the encoding of a file can hold; a name may have any character."""
    return text.encode(encoding, "backslashreplace").decode(encoding)
