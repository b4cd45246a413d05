"""The bar: on a terminal only, and gone afterwards."""

from __future__ import annotations

import io
import sys

import pytest

from peers import need_module
from rtpjpeg.inspector.output.progress import progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("total", "shown"), [(1000, "0.8/1.0 kB"), (None, "750/? bytes")])
def test_a_terminal_sees_how_far_it_is(total: int | None, shown: str) -> None:
    file = io.StringIO()
    console = need_module("rich.console").Console(file=file, force_terminal=True, width=100)
    with progress(total, "[red]reading[/red]", console) as advance:
        advance(250)
        advance(500)
    said = file.getvalue()
    assert "[red]reading[/red]" in said
    assert shown in said


def test_a_pipe_sees_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    stderr = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stderr)
    with progress(1000) as advance:
        advance(1000)
    assert stderr.getvalue() == ""


def test_a_terminal_is_left_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    need_module("rich")
    stderr = Terminal()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", stderr)
    with pytest.raises(ValueError, match="half way"), progress(1000) as advance:
        advance(500)
        raise ValueError("half way")
    assert "reading" in stderr.getvalue()
    assert stderr.getvalue().endswith("\x1b[2K"), "the line of the bar is cleared"


def test_without_rich_nothing_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "rich"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "rich", None)
    stderr = Terminal()
    monkeypatch.setattr(sys, "stderr", stderr)
    with progress(1000) as advance:
        advance(1)
    assert stderr.getvalue() == ""
