"""What ``--rules`` prints: every rule, for people or for programs."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TextIO

from ..rules import SEVERITIES, Rule, load_rules
from .jsonreport import json_line, rules_object
from .sheet import DIM, Sheet, print_lines, width_of
from .terminal import STYLES
from .words import plural


def print_rules(as_json: bool = False, file: TextIO | None = None) -> None:
    """Print every rule, by default to stdout; as one JSON object in one line with ``as_json``."""
    out = file or sys.stdout
    rules = load_rules().values()
    if as_json:
        out.write(json_line(rules_object(rules)) + "\n")
    else:
        print_lines(rules_listing(rules, width_of(out)).lines, out)


def rules_listing(rules: Iterable[Rule], width: int) -> Sheet:
    """Return the rules as lines of ``width`` columns."""
    sheet, listed = Sheet(width), list(rules)
    severities = [rule.severity for rule in listed]
    counts = ", ".join(f"{severities.count(name)} {name}" for name in SEVERITIES)
    sheet.prose(f"{plural(len(listed), 'rule')}: {counts}. An error makes the exit code 1.")
    for rule in listed:
        sheet.blank()
        _rule(sheet, rule)
    return sheet


def _rule(sheet: Sheet, rule: Rule) -> None:
    source = f"  {rule.rfc}" if rule.rfc else ""
    sheet.add((f"{rule.id} ", "bold"), (rule.severity, STYLES[rule.severity]), (f" {rule.name}", "bold"))
    sheet.lines[-1].append((source, DIM))
    sheet.labelled("expected", rule.expected)
    sheet.labelled("hint", rule.hint)
    if rule.wireshark:
        sheet.labelled("Wireshark", rule.wireshark, DIM, wrap=False)
