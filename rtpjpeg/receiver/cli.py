"""rtpjpeg-view: the command line. Standard library only, so that help and man page need nothing else."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .. import __version__
from ..sender.console import (
    EXIT_CODES,
    Mailbox,
    Parser,
    add_end,
    add_impair,
    add_reports,
    add_srtp_key,
    faults_of,
    positive_number,
    run,
)
from .window.keys import IN_SHORT

if TYPE_CHECKING:
    from .recording.rotation import Rotation
    from .recording.target import Target

DESCRIPTION = (
    "Receive cameras that send JPEG over RTP (RFC 2435) and show them side by side. Without a display the"
    " statistics are shown instead."
)

_EXIT_CODES = f"{EXIT_CODES} Where the disk is full, recording stops and viewing goes on; the exit code is 1."


def build_parser() -> Parser:
    """Return the parser of rtpjpeg-view; man page and completions are made from it."""
    parser = Parser(prog="rtpjpeg-view", description=DESCRIPTION, epilog=f"{IN_SHORT} {_EXIT_CODES}")
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    parser.add_argument(
        "source",
        nargs="*",
        metavar="SOURCE",
        help="rtp://:PORT, rtp://GROUP:PORT for multicast, a .sdp file or a .pcap file"
        " (default: rtp://:5000 and rtp://:5002)",
    )
    _add_end(parser)
    _add_stream(parser)
    _add_output(parser)
    _add_recording(parser)
    return parser


def _add_end(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--demo",
        action="store_true",
        help="show two synthetic cameras, sent through real sockets of this machine, for 10 seconds;"
        " writes demo.png into the current folder",
    )
    add_end(parser)


def _add_stream(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--source",
        dest="senders",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="take packets from this address or host name only; may be given again (default: the first"
        " sender that proves itself, and nobody else while it lives)",
    )
    parser.add_argument(
        "--latency",
        type=positive_number,
        default=50.0,
        metavar="MS",
        help="milliseconds after its first packet at which a frame is shown or given up (default: 50)",
    )
    parser.add_argument(
        "--conceal",
        choices=("on", "off"),
        default="on",
        help="fill lost parts of a picture from the one before, or drop such pictures (default: on)",
    )
    add_srtp_key(parser, "show SRTP only, with the key in this file; that of a .sdp file needs no option")


def _add_output(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--headless", action="store_true", help="open no window, show statistics only")
    parser.add_argument(
        "--snapshot",
        metavar="DIR",
        help="write the newest picture of each camera into this folder at the end, and at the key s those in"
        " the window",
    )
    add_impair(parser)
    add_reports(parser)


def _add_recording(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--record",
        type=_target,
        metavar="FILE",
        help="write every frame as it came, not encoded again: .mkv, .mp4, .mov (these need rtpjpeg[record]),"
        " .mjpeg or .mjpg (JPEG after JPEG), .pcap (the packets themselves, which SOURCE plays again), or a"
        " folder for JPEG files. A file for each camera; none is ever overwritten. Concealed frames are"
        " named in FILE.frames.csv",
    )
    parser.add_argument(
        "--rotate",
        type=_rotation,
        metavar="SPEC",
        help="begin the next file of --record, numbered, after a size such as 500MB, a time such as 10min,"
        " or both with a comma between",
    )


def _target(text: str) -> Target:
    """Return what a FILE means (for argparse)."""
    from .recording.target import Target  # Only who records waits for it.

    with faults_of("--record"):
        return Target.parse(text)


def _rotation(text: str) -> Rotation:
    """Return what a SPEC of --rotate means (for argparse)."""
    from .recording.rotation import Rotation

    with faults_of("--rotate"):
        return Rotation.parse(text)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    parser = build_parser()
    return run(parser, _work, argv, _check)


def _check(arguments: argparse.Namespace) -> str | None:
    """Return what is wrong with options that are right one by one."""
    if arguments.demo and arguments.source:
        return "argument --demo: not allowed with SOURCE, it has its own cameras"
    if arguments.demo and arguments.srtp_key:
        return "argument --srtp-key: not allowed with --demo, whose cameras have no key"
    if arguments.rotate is not None and arguments.record is None:
        return "argument --rotate: not allowed without --record FILE"
    return None


def _work(arguments: argparse.Namespace, mailbox: Mailbox) -> int:
    from .command import view

    return view(arguments, mailbox)


if __name__ == "__main__":
    sys.exit(main())
