"""What the programs that make pages share: a row of a table, the page against its file, the command line."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def table_row(*cells: str) -> str:
    """Return a row of a Markdown table."""
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def write_or_check(target: Path, page: str, check: bool, program: str) -> list[str]:
    """Write the page, or return a sentence when its file says something else."""
    if not check:
        target.write_text(page, "utf-8")
    elif not target.exists() or target.read_text("utf-8") != page:
        return [f"docs/{target.name} is out of date: run python docs/{program}"]
    return []


def main(run: Callable[[Path, bool], list[str]], program: str) -> int:
    """Make or check the page of ``run``; tell its faults, and return the exit code."""
    arguments = sys.argv[1:]
    if arguments not in ([], ["--check"]):
        print(f"usage: {program} [--check]", file=sys.stderr)
        return 2
    faults = run(ROOT, bool(arguments))
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0
