"""rtpjpeg-inspect: the options stand, the inspector itself is still to come."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from .. import __version__
from ..sender.console import WRONG_USAGE, Parser, complain

NOT_YET = (
    f"rtpjpeg {__version__} has no inspector yet; until one comes, Wireshark reads such a capture with"
    " Decode As RTP"
)


def build_parser() -> Parser:
    """Return the parser of rtpjpeg-inspect; man page and completions are made from it."""
    parser = Parser(
        prog="rtpjpeg-inspect",
        description="Say what is in a capture of JPEG over RTP, which rule of which RFC it breaks, and what"
        " to change. This version only has the options; the inspector itself is still to come.",
        epilog="Exit codes: 0 no findings of severity error, 1 at least one, 2 wrong usage, 3 the file or the"
        " interface cannot be read.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    source = parser.add_mutually_exclusive_group()
    source.add_argument("file", nargs="?", metavar="FILE", help="a pcap or pcapng file")
    source.add_argument("--live", metavar="IFACE", help="capture from this network interface")
    _add_output(parser)
    parser.add_argument("--filter", metavar="PORT/SSRC", help="only the streams to this port or of this SSRC")
    parser.add_argument("--deep", action="store_true", help="decode every frame, not only the first ones")
    parser.add_argument("--rules", action="store_true", help="list the rules that are checked, and end")
    return parser


def _add_output(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    parser.add_argument("--html", metavar="FILE", help="write the report as a web page")
    parser.add_argument("--extract", metavar="DIR", help="write each frame as a JPEG file")
    parser.add_argument("--packets", action="store_true", help="print a line for each packet")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code. In this version that is 2, with one line that says why."""
    parser = build_parser()
    parser.parse_args(argv)
    return complain(parser.prog, NOT_YET, WRONG_USAGE)


if __name__ == "__main__":
    sys.exit(main())
