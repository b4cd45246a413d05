"""Pieces of HTML in which every text is escaped."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from ..words import clean


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()

    def __add__(self, other: str) -> Html:
        return Html(str.__add__(self, text(other)))


def text(content: str) -> Html:
    """Return a text as HTML; what stands for markup in it is escaped."""
    return content if isinstance(content, Html) else Html(escape(clean(content), quote=True))


def tag(name: str, *content: str, **attributes: str) -> Html:
    """Return an element; texts are escaped, ``class_`` is the attribute ``class``."""
    named = "".join(f' {key.rstrip("_")}="{text(value)}"' for key, value in attributes.items() if value)
    return Html(f"<{name}{named}>{''.join(text(part) for part in content)}</{name}>")


def join(parts: Iterable[str]) -> Html:
    """Return pieces one behind the other, each in a line."""
    return Html("\n".join(text(part) for part in parts))


def pairs(entries: Iterable[tuple[str, str]]) -> Html:
    """Return the names and values of a description list; a name that comes again is not said again."""
    parts, before = [], ""
    for name, value in entries:
        parts.append(tag("dt", name if name != before else "") + tag("dd", value))
        before = name
    return join(parts)
