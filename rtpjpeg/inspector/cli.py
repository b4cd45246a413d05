"""rtpjpeg-inspect: the command line. Standard library only, so that help and man page need nothing else."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .. import __version__
from ..sender.console import Mailbox, Parser, add_reports, faults_of, positive_number, run

if TYPE_CHECKING:
    from .filter import Filter

DESCRIPTION = (
    "Say what is in a capture of JPEG over RTP (RFC 2435): which streams, which rule of which RFC they break,"
    " which receivers will show them, and what to change in the sender."
)
_EXIT_CODES = (
    "Exit codes: 0 no findings of severity error; 1 at least one, or no RTP/JPEG stream; 2 wrong usage;"
    " 3 the file or the interface cannot be read, or a report cannot be written."
)


def build_parser() -> Parser:
    """Return the parser of rtpjpeg-inspect; man page and completions are made from it."""
    parser = Parser(prog="rtpjpeg-inspect", description=DESCRIPTION, epilog=_EXIT_CODES)
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "file", nargs="?", metavar="FILE", help="a pcap or pcapng file, .gz too; - reads from a pipe"
    )
    source.add_argument(
        "--live", metavar="IFACE", help="capture from this network interface until Ctrl-C; needs the right to"
    )
    source.add_argument("--rules", action="store_true", help="list the rules that are checked, and end")
    parser.add_argument(
        "--duration", type=positive_number, metavar="S", help="with --live: end after S seconds"
    )
    _add_choice(parser)
    _add_output(parser)
    return parser


def _add_choice(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--filter",
        type=_filter,
        metavar="PORT/SSRC",
        help="only the streams of this UDP port, of this SSRC, or of both: 5000, 5000/0x1234abcd, /305441741;"
        " what is chosen is taken for RTP/JPEG whatever it looks like",
    )
    parser.add_argument(
        "--deep",
        action="store_true",
        help="decode every frame, not only the first 50 of a stream and those with another finding",
    )


def _add_output(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--html", metavar="FILE", help="write the report as one web page with plots, which needs nothing else"
    )
    parser.add_argument(
        "--extract",
        metavar="DIR",
        help="write each frame as a JPEG file into this folder, and the flaws of each in frames.csv",
    )
    parser.add_argument(
        "--packets", action="store_true", help="print a line for each packet instead of the report"
    )
    add_reports(parser)


def _filter(text: str) -> Filter:
    """Return what a PORT/SSRC lets through (for argparse)."""
    from .filter import Filter  # Only who filters waits for it.

    with faults_of("--filter"):
        return Filter.parse(text)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    return run(build_parser(), _work, argv, _check)


def _check(arguments: argparse.Namespace) -> str | None:
    """Return what is wrong with options that are right one by one."""
    if not (arguments.file or arguments.live or arguments.rules):
        return "found nothing to inspect, expected a capture FILE, --live IFACE or --rules"
    if arguments.duration is not None and not arguments.live:
        return "argument --duration: not allowed without --live IFACE"
    return None


def _work(arguments: argparse.Namespace, mailbox: Mailbox) -> int:
    from .command import inspect_command

    return inspect_command(arguments, mailbox)


if __name__ == "__main__":
    sys.exit(main())
