"""Values as they stand in TOML: for a configuration that is printed, and for what a sentence found."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_BARE_KEY = re.compile("[A-Za-z0-9_-]+")


def dump(values: Mapping[str, Any]) -> str:
    """Return values by their paths as TOML tables; what is not set becomes a comment."""
    tables: dict[str, list[str]] = {}
    for key, value in values.items():
        table, _, name = key.rpartition(".")
        lines = tables.setdefault(table, [])
        if isinstance(value, dict):
            tables[key] = [f"{_key(item)} = {toml(value[item])}" for item in value]
        else:
            lines.append(f"# {name} is not set" if value is None else f"{name} = {toml(value)}")
    return "\n".join("\n".join([f"[{table}]", *lines, ""]) for table, lines in tables.items())


def toml(value: Any, depth: int = 4) -> str:
    """Return a value as it stands in TOML; deeper than ``depth`` only dots, for no key goes that far."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        # The escapes of JSON are TOML's too; only DEL it leaves as it is.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, list | dict) and not depth:
        return "..."
    if isinstance(value, list):
        return f"[{', '.join(toml(item, depth - 1) for item in value)}]"
    if isinstance(value, dict):
        items = (f"{_key(key)} = {toml(item, depth - 1)}" for key, item in value.items())
        return f"{{ {', '.join(items)} }}"
    return str(value)


def _key(name: str) -> str:
    return name if _BARE_KEY.fullmatch(name) else toml(name)
