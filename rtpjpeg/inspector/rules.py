"""The rules that a capture is held against, as ``rules.toml`` lists them."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

ERROR, WARNING, INFO = "error", "warning", "info"
SEVERITIES = (ERROR, WARNING, INFO)


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that can be wrong with a stream."""

    id: str
    """As in docs/conformance.md where the rule stands there: J RTP/JPEG, T RTP and RTCP; N the network."""
    name: str
    severity: str
    """``error``, ``warning`` or ``info``."""
    rfc: str
    """Document and section."""
    expected: str
    """What the source asks for; a message says "found ..., expected " and this."""
    hint: str
    """What to change in the sender, or on the path."""
    wireshark: str = ""
    """Display filter without the SSRC; empty where Wireshark has no field for it."""


@cache
def load_rules() -> dict[str, Rule]:
    """Return all rules by id, in the order of the file."""
    text = files(__package__).joinpath("rules.toml").read_text("utf-8")
    return {name: Rule(name, **fields) for name, fields in tomllib.loads(text).items()}
