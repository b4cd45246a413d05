"""rtpjpeg-send --doctor: what of this machine is right, what is not, and what to do about it."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from ..errors import ConfigError
from . import board, network, software
from .console import DONE, MISSING
from .machine import FAULT, OK, WARNING, Check, Finding, Machine

if TYPE_CHECKING:
    from ..config import CameraConfig

CHECKS: tuple[Check, ...] = (*software.CHECKS, *network.CHECKS, *board.CHECKS)


def doctor(arguments: argparse.Namespace, machine: Machine | None = None) -> int:
    """Examine the machine for the cameras of the configuration, print it, and return the exit code."""
    machine = machine or Machine()
    cameras, findings = configured(arguments, machine)
    findings += examine(machine, cameras)
    counted = Counter(finding.verdict for finding in findings)
    if arguments.json:
        checks = [asdict(finding) for finding in findings]
        print(json.dumps({"checks": checks, "warnings": counted[WARNING], "faults": counted[FAULT]}))
    else:
        print("\n".join(lines(findings)))
        print(f"{len(findings)} looked at: {counted[WARNING]} warnings, {counted[FAULT]} faults")
    return MISSING if counted[FAULT] else DONE


def configured(
    arguments: argparse.Namespace, machine: Machine
) -> tuple[Sequence[CameraConfig], list[Finding]]:
    """Return the cameras that would run; without a right configuration none, and its faults."""
    try:
        from .command import configure
    except (ImportError, ValueError):  # numpy or pydantic, which has a finding of its own
        return (), []
    try:
        config = configure(arguments, machine.environment)
    except ConfigError as error:
        return (), [Finding("configuration", FAULT, fault) for fault in error.faults]
    names = " and ".join(camera.name for camera in config.cameras)
    right = Finding("configuration", OK, f"{names} would run")
    return config.cameras, [right, *(Finding("configuration", WARNING, text) for text in config.notices)]


def examine(
    machine: Machine, cameras: Sequence[CameraConfig], checks: Sequence[Check] = CHECKS
) -> list[Finding]:
    """Return all findings; a check that fails itself is one of them and stops no other."""
    findings: list[Finding] = []
    for check in checks:
        try:
            findings += check(machine, cameras)
        except Exception as error:
            found = f"could not be looked at: {type(error).__name__}: {error}"
            findings.append(Finding(check.__name__.replace("_", " "), WARNING, " ".join(found.split())))
    return findings


def lines(findings: Sequence[Finding]) -> Iterator[str]:
    """Yield the findings as a table, what to do below what was found."""
    width = max((len(finding.name) for finding in findings), default=0)
    for finding in findings:
        yield f"{finding.verdict:7}  {finding.name:{width}}  {finding.found}"
        if finding.advice:
            yield f"{'':7}  {'':{width}}  -> {finding.advice}"
