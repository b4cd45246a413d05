"""What rtpjpeg-inspect does with its arguments."""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from ..rtp import PAYLOAD_TYPE_JPEG
from ..sender.console import DONE, FAULT, Mailbox, log_to_stderr
from .analysis.inspection import EVERYTHING, Inspection
from .analysis.looks import Looked
from .analysis.selection import chosen
from .batch import Batch
from .extract import Extractor
from .model import Report
from .output.jsonreport import json_line, report_object
from .output.listing import print_rules
from .output.outcome import summary
from .output.page.build import check_html, write_html
from .output.progress import progress
from .output.terminal import print_report
from .reading import Capture, live_capture, read_capture

COMMAND = "rtpjpeg-inspect"

_log = logging.getLogger(__name__)


def inspect_command(arguments: argparse.Namespace, mailbox: Mailbox) -> int:
    """Inspect a capture and print what was found; return the exit code. Raises ``RtpJpegError``."""
    log_to_stderr(COMMAND, arguments.log_level)
    if arguments.rules:
        print_rules(arguments.json)
        return DONE
    if arguments.html:
        check_html(arguments.html)
    with ExitStack() as cleanup:
        capture = cleanup.enter_context(_open(arguments))
        deliver = cleanup.enter_context(_extracting(arguments.extract)) if arguments.extract else None
        name = arguments.file or arguments.live
        inspection = Inspection(name, arguments.filter or EVERYTHING, arguments.deep, deliver)
        _read(capture, inspection, arguments, mailbox)
        report = inspection.finish(capture.packets, capture.notices)
    _tell(report, arguments)
    return FAULT if report.failed or not report.streams else DONE


def _open(arguments: argparse.Namespace) -> Capture:
    """Return what is to be inspected."""
    if arguments.live:
        _log.info("capturing on %s until Ctrl-C", arguments.live)
        return live_capture(arguments.live)
    return read_capture(arguments.file)


def _read(capture: Capture, inspection: Inspection, arguments: argparse.Namespace, mailbox: Mailbox) -> None:
    """Read to the end, or until a signal comes or the time is over."""
    end = time.monotonic() + arguments.duration if arguments.duration else float("inf")
    show = _packet_printer(arguments, inspection) if arguments.packets else None
    # Lines for packets and a bar would write over each other.
    total = None if arguments.packets else capture.size
    with progress(total) if total else _silence() as advance:
        read = 0
        for batch in capture:
            inspection.add(batch, capture.cut_short)
            if show is not None:
                show(batch)
            advance(capture.bytes_read - read)
            read = capture.bytes_read
            if mailbox.wait(0) is not None or time.monotonic() > end:
                return


@contextmanager
def _silence() -> Iterator[Callable[[int], None]]:
    yield lambda count: None


def _packet_printer(arguments: argparse.Namespace, inspection: Inspection) -> Callable[[Batch], None]:
    """Return what prints a line for each packet of a batch that was inspected."""
    from .packets import packet_lines

    wanted = arguments.filter or EVERYTHING
    origin: list[int] = []

    def show(batch: Batch) -> None:
        if len(batch):
            origin.append(int(batch.times[0]))
            types = {PAYLOAD_TYPE_JPEG, *inspection.payload_types}
            for line in packet_lines(chosen(batch, wanted), origin[0], sorted(types)):
                print(line)

    return show


@contextmanager
def _extracting(directory: str) -> Iterator[Callable[[Looked], None]]:
    """Yield what writes the picture of a frame into a folder."""
    extractor = Extractor(directory)

    def write(looked: Looked) -> None:
        extractor.write(
            looked.ssrc, looked.number, looked.timestamp, looked.time, looked.packet, looked.examined
        )

    try:
        yield write
    finally:
        extractor.close()
        _log.info("%d pictures in %s", extractor.written, directory)


def _tell(report: Report, arguments: argparse.Namespace) -> None:
    """Print and write the report in the forms that are asked for."""
    if arguments.html:
        write_html(report, arguments.html)
        _log.info("report written to %s", arguments.html)
    if arguments.json:
        print(json_line(report_object(report)))
    elif arguments.packets:
        _log.info("%s", summary(report))
    else:
        print_report(report, sys.stdout)
