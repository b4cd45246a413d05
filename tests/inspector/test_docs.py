"""docs/inspect.md says what the command does: its options, its rules, an example that its schema knows."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from peers import need_module
from rtpjpeg.inspector.cli import build_parser
from rtpjpeg.inspector.rules import load_rules

TREE = Path(__file__).resolve().parents[2]
PAGE = (TREE / "docs" / "inspect.md").read_text("utf-8")


def make_rules(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    script = root / "docs" / "make_rules.py"
    return subprocess.run([sys.executable, script, *arguments], capture_output=True, text=True)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the page, the rules, and what makes the one of the other."""
    for name in ("docs/pages.py", "docs/make_rules.py", "docs/inspect.md", "rtpjpeg/inspector/rules.toml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(TREE / name, tmp_path / name)
    return tmp_path


def test_every_option_is_described() -> None:
    options = re.findall(r"--[a-z][a-z-]*", build_parser().format_help())
    table = PAGE[PAGE.index("## Options") : PAGE.index("## The report")]
    assert set(options) == set(re.findall(r"--[a-z][a-z-]*", table))


def test_the_rules_are_those_of_the_command() -> None:
    assert make_rules(TREE, "--check").stderr == ""
    rows = re.findall(r"^\| ([JTN]-\d{3}) \| (\w+) \|", PAGE, re.MULTILINE)
    assert sorted(rows) == sorted((rule.id, rule.severity) for rule in load_rules().values())


def test_the_example_is_what_the_schema_describes() -> None:
    schema = json.loads((TREE / "docs" / "inspect.schema.json").read_text("utf-8"))
    (example,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    need_module("jsonschema").validate(json.loads(example), schema)


def test_a_stale_table_is_told_and_made_anew(tree: Path) -> None:
    rules = tree / "rtpjpeg" / "inspector" / "rules.toml"
    rules.write_text(rules.read_text("utf-8").replace("packets lost", "packets | gone"), "utf-8")
    told = make_rules(tree, "--check")
    assert told.returncode == 1 and "is out of date: run python docs/make_rules.py" in told.stderr
    assert make_rules(tree).returncode == 0
    assert "| N-001 | warning | packets \\| gone |" in (tree / "docs" / "inspect.md").read_text("utf-8")
    assert make_rules(tree, "--check").returncode == 0


def test_a_page_without_a_place_and_a_rule_without_a_section_are_told(tree: Path) -> None:
    (tree / "docs" / "inspect.md").write_text("nothing")
    rules = tree / "rtpjpeg" / "inspector" / "rules.toml"
    rules.write_text(rules.read_text("utf-8").replace("[N-001]", "[X-001]"), "utf-8")
    told = make_rules(tree)
    assert told.returncode == 1
    assert "X-001 is in no section" in told.stderr and "has no place for the rules" in told.stderr
    assert make_rules(tree, "--wrong").returncode == 2
