"""The list of rules: complete sentences, known severities, and ids that docs/conformance.md knows."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from rtpjpeg.inspector.rules import SEVERITIES, Rule, load_rules

RULES = load_rules()
KNOWN = tomllib.loads((Path(__file__).parents[1] / "conformance" / "rules.toml").read_text("utf-8"))


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.id)
def test_every_rule_says_what_and_why_and_what_to_do(rule: Rule) -> None:
    assert rule.severity in SEVERITIES
    assert rule.name and rule.expected and rule.hint.endswith(".")
    assert rule.rfc or rule.id in {"N-008", "N-009"}
    assert not rule.expected.endswith(".") and rule.name[0] != " "


def test_names_are_unique() -> None:
    assert len({rule.name for rule in RULES.values()}) == len(RULES)


def test_ids_are_those_of_the_conformance_list() -> None:
    assert [name for name in RULES if name[0] != "N" and name not in KNOWN] == []
