"""The report as one JSON object in one line; docs/inspect.schema.json describes every key.

Keys may be added, never renamed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any

from ... import __version__
from ..model import Finding, Report, StreamReport, Verdict
from ..rules import Rule

COUNTS = (
    "packets",
    "lost",
    "reordered",
    "duplicated",
    "frames",
    "frames_complete",
    "bytes",
    "first_packet",
    "last_packet",
    "largest_packet",
    "longest_burst",
)


def report_object(report: Report) -> dict[str, Any]:
    """Return the report as an object of plain values."""
    return {
        "version": __version__,
        "file": report.name,
        "packets": report.packets,
        "datagrams": report.datagrams,
        "duration": _number(report.duration, 6),
        "failed": report.failed,
        "streams": [_stream(stream) for stream in report.streams],
        "findings": [_finding(finding) for finding in report.findings],
        "notices": list(report.notices),
    }


def rules_object(rules: Iterable[Rule]) -> dict[str, Any]:
    """Return the rules as an object of plain values."""
    return {"version": __version__, "rules": [_rule(rule) for rule in rules]}


def json_line(value: dict[str, Any]) -> str:
    """Return an object as one line of ASCII, without its end."""
    return json.dumps(value, default=_plain, allow_nan=False)


def _stream(stream: StreamReport) -> dict[str, Any]:
    return {
        "ssrc": stream.ssrc,
        "source": stream.source,
        "destination": stream.destination,
        "payload_type": stream.payload_type,
        **_counts(stream),
        "type": stream.type,
        "q": stream.q,
        "width": stream.width,
        "height": stream.height,
        "restart_interval": stream.restart_interval,
        "fps": _number(stream.fps, 3),
        "bitrate": stream.bitrate,
        "jitter_ms": _number(stream.jitter_ms, 3),
        "jitter_max_ms": _number(stream.jitter_max_ms, 3),
        "duration": _number(stream.duration, 6),
        "began_at": round(int(stream.began_at) / 1e9, 6),
        "receivers": [_verdict(verdict) for verdict in stream.receivers],
    }


def _counts(stream: StreamReport) -> dict[str, Any]:
    return {name: getattr(stream, name) for name in COUNTS}


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {"receiver": verdict.receiver, "plays": verdict.plays, "why": verdict.why}


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule.id,
        "name": finding.rule.name,
        "severity": finding.rule.severity,
        "rfc": finding.rule.rfc,
        "ssrc": finding.ssrc,
        "packet": finding.first_packet,
        "count": finding.count,
        "first_packet": finding.first_packet,
        "last_packet": finding.last_packet,
        "packets": list(finding.packets),
        "message": finding.message,
        "hint": finding.rule.hint,
        "wireshark": finding.wireshark,
    }


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "rule": rule.id,
        "name": rule.name,
        "severity": rule.severity,
        "rfc": rule.rfc,
        "expected": rule.expected,
        "hint": rule.hint,
        "wireshark": rule.wireshark,
    }


def _number(value: float, digits: int) -> float:
    """Return a number that JSON can write; one that nobody could reckon is 0, as the model has it."""
    return round(float(value), digits) if math.isfinite(value) else 0.0


def _plain(value: Any) -> Any:
    """Return the Python number in a number of numpy."""
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"{type(value).__name__} has no place in the report")
