"""What was found in a capture, gathered while it is read: one finding for each rule and stream."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from .model import LISTED, Finding
from .rules import SEVERITIES, Rule, load_rules


class Findings:
    """Counts what was found, and keeps the first ten packets of each finding."""

    def __init__(self) -> None:
        self._rules = load_rules()
        self._found: dict[tuple[str, int | None], Finding] = {}

    def add(
        self,
        rule: str,
        ssrc: int | None,
        numbers: int | Iterable[int],
        found: str | Callable[[], str],
        count: int | None = None,
    ) -> None:
        """Count one occurrence for each of ``numbers``, packets of the capture; none is fine.

        ``found`` says what was found the first time, without "found"; a callable is asked only then.
        ``count`` is how often, where it is not once a packet. Raises KeyError for a rule that is not in the
        list.
        """
        listed = [numbers] if isinstance(numbers, int) else sorted(map(int, numbers))
        if not listed:
            return
        count = len(listed) if count is None else count
        finding = self._found.get((rule, ssrc))
        if finding is None:
            words = found if isinstance(found, str) else found()
            self._found[rule, ssrc] = _new(self._rules[rule], ssrc, words, listed, count)
            return
        finding.count += count
        finding.first_packet = min(finding.first_packet, listed[0])
        finding.last_packet = max(finding.last_packet, listed[-1])
        finding.packets += listed[: LISTED - len(finding.packets)]

    def of(self, ssrc: int | None) -> set[str]:
        """Return the ids of the rules that a stream breaks."""
        return {rule for rule, stream in self._found if stream == ssrc}

    def listed(self) -> list[Finding]:
        """Return all findings: errors first, then warnings, then infos, each by first packet."""
        return sorted(
            self._found.values(),
            key=lambda finding: (
                SEVERITIES.index(finding.rule.severity),
                finding.first_packet,
                finding.rule.id,
            ),
        )


def _new(rule: Rule, ssrc: int | None, found: str, numbers: list[int], count: int) -> Finding:
    return Finding(rule, ssrc, found, count, numbers[0], numbers[-1], numbers[:LISTED])
