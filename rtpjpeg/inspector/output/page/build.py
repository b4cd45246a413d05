"""The whole page: the sum, what to change, each stream. It loads nothing and runs no scripts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from .... import __version__
from ...model import Finding, Report, StreamReport
from ...rules import ERROR, WARNING
from .. import outcome, words
from ..files import check_place, write_whole
from .figures import stream_section
from .markup import Html, join, pairs, tag, text
from .pictures import room_for
from .style import STYLE
from .svg import load_matplotlib

DRAWN_STREAMS = 8
"""Streams with plots and pictures, those with the most packets; the others have their figures."""
LISTED_FINDINGS = 20
"""Streams that are listed under one rule."""
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def check_html(path: str | Path) -> None:
    """Raise when a page could not be written to ``path``; to be asked before a capture is read.

    ``RtpJpegError`` without matplotlib, ``TransportError`` without such a directory, or a permission.
    """
    load_matplotlib()
    check_place(path)


def write_html(report: Report, path: str | Path) -> None:
    """Write a report as one file of HTML, whole or not at all. Raises as ``check_html`` does."""
    write_whole(path, page(report))


def page(report: Report) -> str:
    """Return a report as HTML. Raises ``RtpJpegError`` without matplotlib."""
    body = join([_head(report), _findings(report), _streams(report), _notices(report), _foot()])
    title = words.clean(Path(report.name).name or report.name)
    return f"""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
<title>{text(title)}: rtpjpeg-inspect</title>
<style>{STYLE}</style>
</head>
<body>
{body}
</body>
</html>
"""


def _head(report: Report) -> Html:
    parts = [f"{words.grouped(report.packets)} packets", outcome.datagrams_text(report, words.grouped)]
    parts += [words.plural(len(report.streams), "RTP/JPEG stream")]
    parts += [words.seconds_text(report.duration)] if report.duration > 0 else []
    parts += _began(report.streams)
    return join(
        [
            tag("p", "rtpjpeg-inspect", class_="faint small"),
            tag("h1", report.name),
            tag("p", ", ".join(parts), class_="faint"),
            tag("p", outcome.summary(report), class_=f"sum {_mood(report)}"),
        ]
    )


def _began(streams: Iterable[StreamReport]) -> list[str]:
    """Return when the first stream began, where its capture says so."""
    times = [stream.began_at for stream in streams if stream.began_at > 0]
    if not times:
        return []
    began = datetime.fromtimestamp(min(times) // 10**9, UTC)
    return [f"from {began:%Y-%m-%d %H:%M:%S} UTC"]


def _mood(report: Report) -> str:
    if report.failed:
        return ERROR
    doubtful = not report.streams or any(finding.rule.severity == WARNING for finding in report.findings)
    return WARNING if doubtful else "good"


def _findings(report: Report) -> Html:
    named = outcome.needs_names(report)
    parts: list[str] = []
    for severity, groups in outcome.by_severity(report):
        parts += [tag("h2", outcome.HEADINGS[severity]), *[_finding(group, named) for group in groups]]
    return join(parts)


def _finding(group: list[Finding], named: bool) -> Html:
    rule, shown = group[0].rule, group[:LISTED_FINDINGS]
    head = [tag("span", rule.severity, class_="badge"), tag("h3", f"{rule.id} {rule.name}")]
    head += [tag("span", rule.rfc, class_="faint small")] if rule.rfc else []
    entries: list[tuple[str, str]] = [("Found", _seen(finding, named)) for finding in shown]
    entries += [("Found", f"and {len(group) - len(shown)} more")] if len(group) > len(shown) else []
    change = "To change" if rule.severity == ERROR else "Advice"
    entries += [("Expected", rule.expected), (change, tag("strong", rule.hint))]
    filters = dict.fromkeys(finding.wireshark for finding in shown)
    entries += [("Wireshark", tag("code", display_filter)) for display_filter in filters]
    content = (tag("header", *head), tag("dl", pairs(entries)))
    return tag("article", *content, class_=f"card finding {rule.severity}")


def _seen(finding: Finding, named: bool) -> Html:
    where = f" in {outcome.where_text(finding)}" if named else ""
    times = tag("span", f"({outcome.times_text(finding)}{where})", class_="faint")
    return text(f"{finding.found} ") + times


def _streams(report: Report) -> Html:
    if not report.streams:
        return join([tag("h2", "What to try"), tag("p", outcome.to_try(report), class_="card")])
    by_packets = sorted(range(len(report.streams)), key=lambda place: -report.streams[place].packets)
    drawn = set(by_packets[:DRAWN_STREAMS])
    room = room_for(sum(len(report.streams[place].pictures) for place in drawn))
    sections = [
        stream_section(stream, f"stream-{place + 1}", room if place in drawn else 0)
        for place, stream in enumerate(report.streams)
    ]
    return join(sections)


def _notices(report: Report) -> Html:
    if not report.notices:
        return Html()
    return join(
        [
            tag("h2", "About the capture"),
            tag("ul", *[tag("li", notice) for notice in report.notices], class_="card notes"),
        ]
    )


def _foot() -> Html:
    return tag("footer", f"Made by rtpjpeg {__version__}. This file needs no network and no other file.")
