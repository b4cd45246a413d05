"""What a report comes to: its last line, findings in groups, receivers that say the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from ..model import Finding, Report, StreamReport, Verdict
from ..rules import ERROR, SEVERITIES, WARNING
from .words import plural, ssrc_text

HEADINGS = {"error": "Errors", "warning": "Warnings", "info": "Good to know"}
NAMED = 3
"""Streams that a sentence names; more are counted."""
PLAYS = ("yes", "damaged", "no")

TRY_FILTER = (
    "If you know the port or the SSRC of the stream, say it, for example --filter 5000 or"
    " --filter 0x1a2b3c4d: what comes there is then taken for RTP/JPEG, whatever it looks like."
)
NO_UDP = (
    "The capture holds no UDP. RTP over TCP, as RTSP may carry it, cannot be looked at. Capture a stream that"
    " comes by UDP, at the receiver, and all of it: {again}"
)
CUT_SHORT = (
    "Of {cut} the capture holds only a part, so that no stream can be seen in them. Capture whole packets:"
    " {again}"
)
AGAIN = "tcpdump -i any -s 0 -w capture.pcap udp"


def to_try(report: Report) -> str:
    """Return what to try where no stream was found."""
    cut = _cut_short(report)
    advice = CUT_SHORT if cut else TRY_FILTER if report.datagrams else NO_UDP
    return advice.format(cut=plural(cut, "packet"), again=AGAIN)


def datagrams_text(report: Report, written: Callable[[int], str] = str) -> str:
    """Return how many datagrams there are, and how many are missing because the capture cut them short."""
    cut = _cut_short(report)
    return f"{written(report.datagrams)} of UDP" + (f", {written(cut)} cut short" if cut else "")


def _cut_short(report: Report) -> int:
    return sum(finding.count for finding in report.findings if finding.rule.id == "N-008")


def by_severity(report: Report) -> Iterator[tuple[str, list[list[Finding]]]]:
    """Yield each severity that there is with its findings, those of one rule together."""
    for severity in SEVERITIES:
        groups: dict[str, list[Finding]] = {}
        for finding in report.findings:
            if finding.rule.severity == severity:
                groups.setdefault(finding.rule.id, []).append(finding)
        if groups:
            yield severity, list(groups.values())


def needs_names(report: Report) -> bool:
    """Tell whether a finding has to say which stream it is about."""
    about = {stream.ssrc for stream in report.streams} | {finding.ssrc for finding in report.findings}
    return len(about) > 1


def where_text(finding: Finding) -> str:
    """Return which stream a finding is about."""
    return "the capture" if finding.ssrc is None else f"stream {ssrc_text(finding.ssrc)}"


def times_text(finding: Finding) -> str:
    """Return how often and where: ``300 times, packets 1 to 900``."""
    if finding.count == 1:
        return f"once, packet {finding.first_packet}"
    if finding.first_packet == finding.last_packet:
        return f"{finding.count} times, packet {finding.first_packet}"
    return f"{finding.count} times, packets {finding.first_packet} to {finding.last_packet}"


def verdict_groups(verdicts: Iterable[Verdict]) -> list[tuple[str, str, str]]:
    """Return (plays, receivers, why), receivers that say the same together: yes, damaged, no."""
    groups: dict[tuple[str, str], list[str]] = {}
    for verdict in verdicts:
        groups.setdefault((verdict.plays, verdict.why), []).append(verdict.receiver)
    order = {plays: place for place, plays in enumerate(PLAYS)}
    return [
        (plays, ", ".join(names), why)
        for (plays, why), names in sorted(groups.items(), key=lambda item: order.get(item[0][0], len(PLAYS)))
    ]


def summary(report: Report) -> str:
    """Return the whole report in one line."""
    counts = _counts(report)
    if not report.streams:
        return f"no RTP/JPEG stream found{f'; {counts}' if report.findings else ''}"
    playing = _playing(report.streams)
    return f"{counts}: {playing}" if playing else counts


def _counts(report: Report) -> str:
    severities = [finding.rule.severity for finding in report.findings]
    errors, warnings = severities.count(ERROR), severities.count(WARNING)
    parts = [plural(errors, "error") if errors else "no errors"]
    return ", ".join(parts + ([plural(warnings, "warning")] if warnings else []))


def _playing(streams: list[StreamReport]) -> str:
    """Return in which receivers the streams do not play, else in which they do."""
    groups: dict[tuple[str, ...], list[StreamReport]] = {}
    for stream in streams:
        groups.setdefault(_judged(stream), []).append(stream)
    bad = {judged: found for judged, found in groups.items() if judged[0] or judged[1]}
    parts = [_sentence(judged, found, len(streams)) for judged, found in (bad or groups).items()]
    return "; ".join(part for part in parts if part)


def _judged(stream: StreamReport) -> tuple[str, ...]:
    """Return the receivers that do not play a stream, play it damaged, play it, and how far that is known."""
    named = [
        ", ".join(verdict.receiver for verdict in stream.receivers if verdict.plays == plays)
        for plays in PLAYS
    ]
    return named[2], named[1], named[0], ", as far as headers tell," if stream.unseen else ""


def _sentence(judged: tuple[str, ...], streams: list[StreamReport], of: int) -> str:
    no, damaged, yes, known = judged
    many = len(streams) > 1
    play = "play" if many else "plays"
    parts = [f"{'do' if many else 'does'} not play in {no}"] if no else []
    parts += [f"{play} damaged in {damaged}"] if damaged else []
    parts += [f"{play}{known} in {yes}"] if yes and not parts else []
    return f"{_who(streams, of)} {' and '.join(parts)}" if parts else ""


def _who(streams: list[StreamReport], of: int) -> str:
    if len(streams) == of:
        return "this stream" if of == 1 else f"all {of} streams"
    if len(streams) > NAMED:
        return f"{len(streams)} of {of} streams"
    word = "stream" if len(streams) == 1 else "streams"
    return f"{word} {', '.join(ssrc_text(stream.ssrc) for stream in streams)}"
