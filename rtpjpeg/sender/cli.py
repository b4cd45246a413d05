"""rtpjpeg-send: the command line. Standard library only, so that help and man page need nothing else."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence

from .. import __version__
from .console import (
    EXIT_CODES,
    Mailbox,
    Parser,
    add_end,
    add_impair,
    add_reports,
    add_srtp_key,
    positive_integer,
    positive_number,
    run,
)

DESCRIPTION = (
    "Send cameras as JPEG over RTP (RFC 2435). Cameras that run: those enabled in the configuration file;"
    " without a file one for each --dest, else two, to 127.0.0.1 ports 5000 and 5002. The nth --source and"
    " --dest belong to camera n; a single --source serves all."
)
PRECEDENCE = "The file is overruled by RTPJPEG_* variables, and these by the command line. "
PROFILES = ("resilient", "compatible")
_SIZE = re.compile(r"([0-9]{1,5})x([0-9]{1,5})")
_KEY = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")


def build_parser() -> Parser:
    """Return the parser of rtpjpeg-send; man page and completions are made from it."""
    parser = Parser(prog="rtpjpeg-send", description=DESCRIPTION, epilog=PRECEDENCE + EXIT_CODES)
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    _add_cameras(parser)
    _add_pictures(parser)
    add_end(parser)
    _add_lists(parser)
    _add_output(parser)
    return parser


def _add_cameras(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config",
        metavar="FILE",
        help="read this config.toml (default: the file that RTPJPEG_CONFIG names, if any)",
    )
    parser.add_argument(
        "--source",
        action="append",
        default=[],
        metavar="SOURCE",
        help="auto, picamera2, synthetic, v4l2, opencv, or replay:PATH with a folder of JPEGs or a JPEG,"
        " MJPEG, AVI, Y4M or pcap file; once for all cameras or once for each (default: auto, which is"
        " picamera2 where it is installed, else synthetic)",
    )
    parser.add_argument(
        "--dest",
        action="append",
        default=[],
        metavar="HOST:PORT[@INTERFACE][,...]",
        help="where a camera is sent, and by which interface; several places of one camera are joined by"
        " commas",
    )
    for number in (1, 2):
        parser.add_argument(
            f"--camera{number}",
            action="append",
            default=[],
            type=key_and_value,
            metavar="KEY=VALUE",
            help=f"set a key of [camera{number}] or [mjpeg-rtp.camera{number}]; may be given again",
        )
    parser.add_argument(
        "--only",
        action="append",
        choices=("camera1", "camera2"),
        help="run this camera alone, whatever is enabled",
    )


def _add_pictures(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--size", type=size, metavar="WxH", help="picture size in pixels (default: 640x480)")
    parser.add_argument(
        "--fps",
        type=frame_rate,
        metavar="N",
        help="frames a second (default: 30, of a file its own rate); 0 with a file: as fast as it goes",
    )
    parser.add_argument(
        "--quality", type=positive_integer, metavar="N", help="JPEG quality, 1 to 100 (default: 85)"
    )
    parser.add_argument(
        "--profile",
        choices=PROFILES,
        help="resilient: restart markers, so that each packet can be shown alone; compatible: plain packets,"
        " which MediaMTX and go2rtc need (default: resilient)",
    )
    add_srtp_key(parser, "send SRTP, encrypted and signed with the key in this file")


def _add_lists(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--list-cameras", action="store_true", help="say which cameras are there and what they take, and end"
    )
    parser.add_argument(
        "--list-controls",
        action="store_true",
        help="say the controls of each camera with their range, for [cameraN.controls], and end",
    )


def _add_output(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--sdp",
        metavar="FILE",
        help="write a session description for ffplay, VLC, GStreamer and rtpjpeg-view; with two cameras the"
        " second one's name is added: FILE cam.sdp gives cam.sdp and cam-camera2.sdp",
    )
    parser.add_argument(
        "--print-config", action="store_true", help="print the whole configuration as TOML, and end"
    )
    parser.add_argument(
        "--check-config", action="store_true", help="say every fault of the configuration, and end"
    )
    parser.add_argument(
        "--doctor",
        action="store_true",
        help="look whether this machine has what the cameras need, say what to do where not, and end",
    )
    parser.add_argument(
        "--bench",
        action="store_true",
        help="measure what a frame of the configured size and quality costs on this machine, and end;"
        " --frames N measures each step N times (default: for half a second)",
    )
    add_impair(parser)
    add_reports(parser)


def size(text: str) -> tuple[int, int]:
    """Return width and height in pixels of a text such as 640x480 (for argparse)."""
    found = _SIZE.fullmatch(text)
    if not found:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected WIDTHxHEIGHT, for example 640x480")
    return int(found[1]), int(found[2])


def frame_rate(text: str) -> float:
    """Return a number of 0 or more (for argparse)."""
    return 0.0 if text in ("0", "0.0") else positive_number(text)


def key_and_value(text: str) -> tuple[str, str]:
    """Return the two sides of KEY=VALUE (for argparse)."""
    key, equals, value = text.partition("=")
    if not equals or not _KEY.fullmatch(key):
        raise argparse.ArgumentTypeError(f"found {text!r}, expected KEY=VALUE, for example quality=70")
    return key, value


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    return run(build_parser(), _work, argv)


def _work(arguments: argparse.Namespace, mailbox: Mailbox) -> int:
    if arguments.doctor:
        from .doctor import doctor  # It must run where numpy or pydantic is missing.

        return doctor(arguments)
    if arguments.bench:
        from .bench import bench

        return bench(arguments)
    from .command import send

    return send(arguments, mailbox)


if __name__ == "__main__":
    sys.exit(main())
