"""What the commands have in common: exit codes, one line for each fault, signals, simple values.

Parser modules import this file, so it needs the standard library alone.
"""

from __future__ import annotations

import argparse
import logging
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from ..errors import ConfigError, RtpJpegError

if TYPE_CHECKING:
    from ..net.impairment import Impairment

DONE, FAULT, WRONG_USAGE, MISSING = 0, 1, 2, 3
"""Exit codes: the job is done, it found fault, the command was wrong, a resource is missing."""

EXIT_CODES = (
    "Exit codes: 0 done, also when stopped by SIGINT or SIGTERM; 1 the job ran and no frame came of it;"
    " 2 wrong usage or configuration; 3 a resource is missing: a port, a camera, a file, a permission."
)
LOG_LEVELS = ("debug", "info", "warning", "error")
# Half a millisecond: a thread that waits for the interpreter while another one computes gets it after
# this time. The usual 5 ms would be most of the latency of a picture.
SWITCH_INTERVAL = 0.0005

ECHO = 0.3
"""Seconds after a signal in which another one is its echo."""

_log = logging.getLogger(__name__)


class Parser(argparse.ArgumentParser):
    """An argument parser that says a fault in one line, and several in one line each."""

    def error(self, message: str) -> NoReturn:
        lines = message.replace("\n", f"\n{self.prog}: ")
        self.exit(WRONG_USAGE, f"{self.prog}: {lines} (see {self.prog} --help)\n")


def positive_integer(text: str) -> int:
    """Return a whole number above 0 (for argparse)."""
    value = int(text) if text.isdecimal() else 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a whole number above 0")
    return value


def positive_number(text: str) -> float:
    """Return a finite number above 0 (for argparse)."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a number above 0")
    return value


def impairment(text: str) -> Impairment:
    """Return what a SPEC says of a network (for argparse)."""
    from ..net.impairment import Impairment  # Only who asks for a bad network waits for its parser.

    with faults_of("--impair"):
        return Impairment.parse(text)


@contextmanager
def faults_of(option: str) -> Iterator[None]:
    """Let argparse say each fault of an option's value in a line of its own."""
    try:
        yield
    except ConfigError as error:
        raise argparse.ArgumentTypeError(f"\nargument {option}: ".join(error.faults)) from None


def add_impair(parser: argparse.ArgumentParser) -> None:
    """Add the option of all commands that puts a bad network between them and the real one."""
    parser.add_argument(
        "--impair",
        type=impairment,
        metavar="SPEC",
        help="put a bad network in between, for example loss=5%%,burst=3,delay=20ms,seed=1. Keys: loss,"
        " reorder, duplicate, corrupt (shares); burst, depth (packets); delay, jitter, queue (times);"
        " rate (8mbit); blackout (2s+500ms, may be given again); seed, which does the same once more",
    )


def add_srtp_key(parser: argparse.ArgumentParser, what: str) -> None:
    """Add the option of all commands that names the file with the key of SRTP."""
    parser.add_argument(
        "--srtp-key",
        metavar="FILE",
        help=f"{what} (needs rtpjpeg[srtp]). FILE holds one line, 30 bytes of Base64 or what stands behind"
        " a=crypto, and only its owner may read it: openssl rand -base64 30 > FILE; chmod 600 FILE",
    )


def add_end(parser: argparse.ArgumentParser) -> None:
    """Add the options of all commands that say when a command ends."""
    end = parser.add_mutually_exclusive_group()
    end.add_argument("--frames", type=positive_integer, metavar="N", help="end after N frames of each camera")
    end.add_argument("--duration", type=positive_number, metavar="S", help="end after S seconds")


def add_reports(parser: argparse.ArgumentParser) -> None:
    """Add the options of all commands that say what a command prints."""
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    parser.add_argument(
        "--log-level",
        choices=LOG_LEVELS,
        default="info",
        metavar="L",
        help=", ".join(LOG_LEVELS) + " (default: info)",
    )


def complain(command: str, fault: object, code: int = FAULT) -> int:
    """Say each line of a fault on stderr, with the command's name in front; return the exit code."""
    for line in str(fault).splitlines():
        print(f"{command}: {line}", file=sys.stderr)
    return code


def log_to_stderr(command: str, level: str) -> None:
    """Send the package's log to stderr, each record one line with the command's name in front."""
    handler = _Stderr()
    handler.setFormatter(logging.Formatter(f"{command}: %(message)s"))
    logger = logging.getLogger("rtpjpeg")
    logger.handlers[:] = [handler]
    logger.setLevel(level.upper())


def say_impairment(impairment: Impairment | None) -> None:
    """Log what the network shall do, seed included, so that the run can be repeated."""
    if impairment is not None:
        _log.info("packets go through a bad network; once more the same with --impair %s", impairment)


class _Stderr(logging.Handler):
    """Writes to what is stderr now: a live table puts itself in between, so that lines stand above it."""

    def emit(self, record: logging.LogRecord) -> None:
        print(self.format(record), file=sys.stderr)


class Mailbox(queue.SimpleQueue[str]):
    """What the main thread waits for: word that a camera is open, a stream has ended, or a signal came.

    A signal handler runs between two instructions of the main thread, so it may use nothing that
    holds a lock there; ``SimpleQueue.put`` is made for that.
    """

    STOP = "stop"
    RELOAD = "reload"
    OPENED = "opened"

    def wait(self, timeout: float | None) -> str | None:
        """Return the next word, or None after ``timeout`` seconds."""
        try:
            return self.get(timeout=None if timeout is None else max(0.0, timeout))
        except queue.Empty:
            return None


@contextmanager
def hangups_to(mailbox: Mailbox) -> Iterator[None]:
    """Let SIGHUP put RELOAD into the mailbox while the block runs."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "SIGHUP"):
        yield
        return
    before = signal.signal(signal.SIGHUP, lambda number, frame: mailbox.put(Mailbox.RELOAD))
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


@contextmanager
def signals_to(mailbox: Mailbox, clock: Callable[[], float] = time.monotonic) -> Iterator[None]:
    """Let SIGINT and SIGTERM put STOP into the mailbox while the block runs; the second one ends it.

    What comes within ``ECHO`` of the first is the same wish: ``timeout``, for one, tells a process and
    then its group, and the statistics must not be lost by that.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # Python hands signals to the main thread only.
        return
    came: list[float] = []

    def stop(number: int, frame: FrameType | None) -> None:
        if not came:
            mailbox.put(Mailbox.STOP)
        elif clock() - came[0] > ECHO:
            raise KeyboardInterrupt
        came.append(clock())

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


Work = Callable[[argparse.Namespace, Mailbox], int]


def run(
    parser: Parser,
    work: Work,
    argv: Sequence[str] | None,
    check: Callable[[argparse.Namespace], str | None] = lambda arguments: None,
) -> int:
    """Parse the arguments, do the work, and turn every documented error into lines and an exit code.

    ``check`` returns what is wrong with the arguments together, or None. The mailbox that the work is
    given tells of signals.
    """
    arguments = parser.parse_args(argv)
    fault = check(arguments)
    if fault is not None:
        parser.error(fault)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_INTERVAL)
    mailbox = Mailbox()
    try:
        with signals_to(mailbox):
            code = work(arguments, mailbox)
            sys.stdout.flush()
            return code
    except KeyboardInterrupt:
        return DONE
    except BrokenPipeError:
        # Whoever read our output has gone (``| head``). What is left in the buffer goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except ConfigError as error:
        return complain(parser.prog, error, WRONG_USAGE)
    except (RtpJpegError, OSError) as error:
        return complain(parser.prog, error, MISSING)
    except Exception as error:
        _log.debug("where it happened", exc_info=True)
        fault = f"internal error: {type(error).__name__}: {error} (--log-level debug shows where)"
        return complain(parser.prog, " ".join(fault.split()), FAULT)
    finally:
        sys.setswitchinterval(interval)
