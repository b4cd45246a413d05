"""The report for people, as lines of text: what was captured, each stream, each finding, and the sum."""

from __future__ import annotations

import sys
from typing import TextIO

from ...receiver.words import bitrate_text
from ..model import Finding, Report, StreamReport
from ..rules import ERROR
from . import outcome, words
from .sheet import DIM, INDENT, Sheet, print_lines, width_of

STYLES = {"error": "bold red", "warning": "bold yellow", "info": "bold cyan"}
GOOD, BAD, DAMAGED = "green", "red", "yellow"
DEEPER = 2 * INDENT
SHOWN_STREAMS = 16
"""Streams that have a block of their own; the others are in the JSON."""
SHOWN_FINDINGS = 8
"""Streams that are listed under one rule."""
PLAYS = {"yes": ("plays in", GOOD), "damaged": ("damaged in", DAMAGED), "no": ("not in", BAD)}


def print_report(report: Report, file: TextIO | None = None) -> None:
    """Print a report, by default to stdout; in colours where that is a terminal."""
    out = file or sys.stdout
    print_lines(report_sheet(report, width_of(out)).lines, out)


def report_sheet(report: Report, width: int) -> Sheet:
    """Return a report as lines of ``width`` columns; display filters keep their own length."""
    sheet = Sheet(width)
    _head(sheet, report)
    for stream in report.streams[:SHOWN_STREAMS]:
        sheet.blank()
        _stream(sheet, stream)
    if (more := len(report.streams) - SHOWN_STREAMS) > 0:
        sheet.blank()
        sheet.prose(f"and {words.plural(more, 'more stream')}; --json lists them all", DIM)
    if not report.streams:
        _nothing(sheet, report)
    _findings(sheet, report)
    _notices(sheet, report)
    sheet.blank()
    sheet.prose(outcome.summary(report), _style_of(report))
    return sheet


def _style_of(report: Report) -> str:
    return "bold red" if report.failed else "bold yellow" if not report.streams else "bold green"


def _head(sheet: Sheet, report: Report) -> None:
    parts = [words.plural(report.packets, "packet"), outcome.datagrams_text(report)]
    parts += [words.seconds_text(report.duration)] if report.duration > 0 else []
    text = ", ".join(parts)
    if len(report.name) + len(text) + 2 <= sheet.width:
        sheet.add((report.name, "bold"), (f": {text}", ""))
    else:
        sheet.add((report.name, "bold"))
        sheet.prose(text)


def _stream(sheet: Sheet, stream: StreamReport) -> None:
    sheet.add((f"Stream {words.ssrc_text(stream.ssrc)}", "bold"))
    for label, text in facts(stream):
        sheet.labelled(label, text)
    for plays, names, why in outcome.verdict_groups(stream.receivers):
        label, style = PLAYS.get(plays, (plays, ""))
        sheet.labelled(label, f"{names}: {why}" if why else names, style)


def facts(stream: StreamReport) -> list[tuple[str, str]]:
    """Return what is to be said of a stream, each with its label."""
    markers = f", one every {stream.restart_interval} MCUs" if stream.restart_interval else ""
    lost = words.counted(stream.lost, words.sent(stream))
    reordered = words.counted(stream.reordered, stream.packets)
    duplicated = words.counted(stream.duplicated, stream.packets)
    share = words.complete_text(stream.frames_complete, stream.frames)
    kind = f"type {stream.type}: {words.type_name(stream.type)}{markers}"
    way = f"{stream.source} to {stream.destination}, {words.payload_type_text(stream.payload_type)}"
    jitter = words.milliseconds_text(stream.jitter_ms)
    return [
        ("from", way),
        ("picture", f"{words.size_text(stream)}, {kind}"),
        ("quality", f"Q {stream.q}: {words.q_name(stream.q)}"),
        (
            "rate",
            f"{words.fps_text(stream.fps)}, {bitrate_text(stream.bitrate)}, {words.amount_text(stream)}",
        ),
        ("packets", f"{stream.packets}, {lost} lost, {reordered} reordered, {duplicated} duplicated"),
        ("", f"largest {stream.largest_packet} bytes, at most {stream.longest_burst} in one burst"),
        ("frames", f"{stream.frames_complete} complete of {stream.frames} ({share})"),
        ("jitter", f"{jitter} at the end, {words.most_jitter_text(stream)} at most"),
    ]


def _nothing(sheet: Sheet, report: Report) -> None:
    """Say that there is no stream, and what to try."""
    sheet.blank()
    sheet.prose("No RTP/JPEG stream was found in this capture.", "bold")
    sheet.prose(outcome.to_try(report))


def _findings(sheet: Sheet, report: Report) -> None:
    named = outcome.needs_names(report)
    for severity, groups in outcome.by_severity(report):
        sheet.blank()
        sheet.add((outcome.HEADINGS[severity], STYLES[severity]))
        for number, group in enumerate(groups):
            if number:
                sheet.blank()
            _rule(sheet, group, named)


def _rule(sheet: Sheet, group: list[Finding], named: bool) -> None:
    """Add one rule and what each stream does to it."""
    rule, shown = group[0].rule, group[:SHOWN_FINDINGS]
    source = f"  {rule.rfc}" if rule.rfc else ""
    sheet.add((" " * INDENT, ""), (f"{rule.id} {rule.name}", STYLES[rule.severity]), (source, DIM))
    for finding in shown:
        where = f" in {outcome.where_text(finding)}" if named else ""
        sheet.labelled("found", f"{finding.found} ({outcome.times_text(finding)}{where})", indent=DEEPER)
    if more := len(group) - len(shown):
        sheet.labelled("", f"and {more} more; --json lists them all", DIM, indent=DEEPER)
    sheet.labelled("expected", rule.expected, indent=DEEPER)
    sheet.labelled("change" if rule.severity == ERROR else "advice", rule.hint, "bold", indent=DEEPER)
    for display_filter in dict.fromkeys(finding.wireshark for finding in shown):
        sheet.labelled("Wireshark", display_filter, DIM, wrap=False, indent=DEEPER)


def _notices(sheet: Sheet, report: Report) -> None:
    if report.notices:
        sheet.blank()
        sheet.add(("About the capture", "bold"))
    for notice in report.notices:
        sheet.labelled("note", notice)
