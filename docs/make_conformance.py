#!/usr/bin/env python3
"""Make docs/conformance.md from tests/conformance/rules.toml and from the tests that name the rules.

A test names the rules it proves with ``@pytest.mark.rule("J-001", "J-002")``. A test module may say
``WAITING = {"J-051": "what the rule, or the rest of it, waits for"}``. The tests are read, not run:
the page can be made where nothing is installed.

    python docs/make_conformance.py            write the page, tell what is wrong
    python docs/make_conformance.py --check    only tell; also whether the page is out of date

Exit code 1 when a rule has no test, a test names an unknown rule, or the page is out of date.
"""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pages import main, table_row, write_or_check

PAGE = Path("docs/conformance.md")
RULES = Path("tests/conformance/rules.toml")
SECTIONS = {
    "J": "RTP payload format for JPEG (RFC 2435)",
    "T": "RTP and RTCP (RFC 3550, 3551, 5761, 7022, 8108)",
    "D": "SDP (RFC 8866, 3605, 4570, 5576)",
    "R": "RTSP and RTP over TCP (RFC 2326, 7826, 4571)",
    "O": "ONVIF JPEG extension",
}
STATUSES = ("tested", "tested in part", "waiting", "not offered", "untested")
COLUMNS = ("id", "who", "level", "rule", "source", "test")
OPENING = """\
<!-- Made by docs/make_conformance.py from tests/conformance/rules.toml and the tests: do not edit. -->

# Conformance

Every rule of the standards that a JPEG stream over RTP has to keep, and the test that proves it.

**Who**: S sender, R receiver. **Level**: MUST, SHOULD, MAY as the source says it (RECOMMENDED counts as
SHOULD); *rule* is stated there without a keyword; *ours* is not in the source and follows from it. A level
in brackets belongs to the words in front of it.
"""


@dataclass
class Rule:
    """One row of rules.toml, and what the tests say of it."""

    id: str
    who: str
    level: str
    rule: str
    source: str = ""
    test: str = ""
    waits: str = ""
    refused: str = ""
    tests: list[str] = field(default_factory=list)

    @property
    def status(self) -> str:
        """One of STATUSES."""
        if self.tests:
            return "tested in part" if self.waits else "tested"
        return "waiting" if self.waits else "not offered" if self.refused else "untested"

    @property
    def cells(self) -> tuple[str, ...]:
        """What stands in the columns of the table."""
        return self.id, self.who, self.level, self.rule, self.source, self.proof

    @property
    def proof(self) -> str:
        """What the last column says."""
        parts = list(self.tests)
        if self.waits:
            parts.append(f"waiting for {self.waits}")
        elif not self.tests:
            parts.append(self.refused or "**no test yet**")
        return "<br>".join(parts)


def read_rules(root: Path) -> dict[str, Rule]:
    rows = tomllib.loads((root / RULES).read_text("utf-8"))
    return {name: Rule(name, **row) for name, row in rows.items()}


def collect(root: Path, rules: dict[str, Rule]) -> Iterator[str]:
    """Put the tests into the rules; give one sentence for each mark that cannot be taken."""
    for path in sorted((root / "tests").rglob("test_*.py")):
        name = path.relative_to(root).as_posix()
        tree = ast.parse(path.read_text("utf-8"), name)
        for test, rule in [*_marks(tree), *((None, rule) for rule in _waiting(tree))]:
            if rule not in rules:
                yield f"{name}: {test or 'WAITING'} names {rule}, which is not in {RULES}"
            elif test is not None:
                _add(rules[rule].tests, f"[{test}](../{name})")
        for rule, reason in _waiting(tree).items():
            if rule in rules:
                rules[rule].waits = reason


def _add(tests: list[str], link: str) -> None:
    if link not in tests:
        tests.append(link)


def _marks(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield (test, rule id) for every mark: of a test, of a test class, of a whole module."""
    yield from _marks_below(tree, "every test")


def _marks_below(node: ast.AST, owner: str) -> Iterator[tuple[str, str]]:
    for child in ast.iter_child_nodes(node):
        inner = child.name if isinstance(child, ast.FunctionDef | ast.ClassDef) else owner
        if isinstance(child, ast.Call) and ast.unparse(child.func).endswith("mark.rule"):
            yield from ((owner, _text(argument)) for argument in child.args)
        yield from _marks_below(child, inner)


def _text(argument: ast.expr) -> str:
    """Return a literal as it is, and what is no literal as it is written: no rule has such an id."""
    return str(argument.value) if isinstance(argument, ast.Constant) else ast.unparse(argument)


def _waiting(tree: ast.Module) -> dict[str, str]:
    """Return the module's WAITING, rule id to reason; empty where there is none."""
    for statement in tree.body:
        if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            if any(isinstance(target, ast.Name) and target.id == "WAITING" for target in targets):
                return dict(ast.literal_eval(statement.value))
    return {}


def write_page(rules: dict[str, Rule]) -> str:
    everything = list(rules.values())
    groups = {title: [rule for rule in everything if rule.id[0] == key] for key, title in SECTIONS.items()}
    lines = [OPENING, table_row("", "rules", *STATUSES), "|---" + "|---:" * (1 + len(STATUSES)) + "|"]
    lines += [_count_row(title, group) for title, group in (groups | {"all": everything}).items()]
    for title, group in groups.items():
        lines += ["", f"## {title}", "", table_row(*COLUMNS), "|---" * len(COLUMNS) + "|"]
        lines += [table_row(*rule.cells) for rule in group]
    return "\n".join(lines) + "\n"


def _count_row(title: str, group: list[Rule]) -> str:
    found = [rule.status for rule in group]
    return table_row(title, str(len(group)), *(str(found.count(status)) for status in STATUSES))


def run(root: Path, check: bool) -> list[str]:
    """Make or check the page below ``root``; return one sentence for each fault."""
    rules = read_rules(root)
    faults = list(collect(root, rules))
    faults += [f"{rule.id} has no test: {rule.rule}" for rule in rules.values() if rule.status == "untested"]
    page = write_page(rules)
    return faults + write_or_check(root / PAGE, page, check, "make_conformance.py")


if __name__ == "__main__":
    sys.exit(main(run, "make_conformance.py"))
