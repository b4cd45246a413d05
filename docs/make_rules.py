#!/usr/bin/env python3
"""Write the rules of the inspector, from rtpjpeg/inspector/rules.toml, into docs/inspect.md.

The table stands between two comments; what is around it is written by hand. Nothing needs to be installed.

    python docs/make_rules.py            write the table
    python docs/make_rules.py --check    only tell whether it is out of date

Exit code 1 when the page is out of date, or has no place for the table.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

from pages import main, table_row, write_or_check

PAGE = Path("docs/inspect.md")
RULES = Path("rtpjpeg/inspector/rules.toml")
BEGIN = "<!-- rules: made by docs/make_rules.py, do not edit -->"
END = "<!-- end of the rules -->"
SECTIONS = {
    "J": "The JPEG payload",
    "T": "RTP and RTCP",
    "N": "What the network did",
}
COLUMNS = ("id", "severity", "what is wrong", "expected", "what to change", "source")


def write_table(rules: dict[str, dict[str, str]]) -> str:
    """Return the tables of all rules, one for each section."""
    lines: list[str] = []
    for letter, title in SECTIONS.items():
        chosen = {name: rule for name, rule in rules.items() if name[0] == letter}
        lines += [f"### {title}", "", table_row(*COLUMNS), "|---" * len(COLUMNS) + "|"]
        lines += [_rule_row(name, rule) for name, rule in chosen.items()]
        lines += [""]
    return "\n".join(lines)


def _rule_row(name: str, rule: dict[str, str]) -> str:
    return table_row(name, rule["severity"], rule["name"], rule["expected"], rule["hint"], rule["rfc"])


def run(root: Path, check: bool) -> list[str]:
    """Make or check the page below ``root``; return one sentence for each fault."""
    rules = tomllib.loads((root / RULES).read_text("utf-8"))
    faults = [f"{name} is in no section of {PAGE}" for name in rules if name[0] not in SECTIONS]
    text = (root / PAGE).read_text("utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        return [*faults, f"{PAGE} has no place for the rules: {BEGIN} and {END}"]
    page = f"{before}{BEGIN}\n\n{write_table(rules)}\n{END}{after}"
    return faults + write_or_check(root / PAGE, page, check, "make_rules.py")


if __name__ == "__main__":
    sys.exit(main(run, "make_rules.py"))
