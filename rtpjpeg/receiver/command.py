"""What rtpjpeg-view does with its arguments."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ..errors import TransportError
from ..net.keyfile import read_key
from ..sender import memory
from ..sender.console import DONE, FAULT, Mailbox, log_to_stderr, say_impairment
from .demo import Demo
from .display import Display, NoDisplay, TableDisplay, WindowDisplay
from .job import COMMAND, Job, Options
from .recording.run import prepare
from .snapshots import save
from .source import DEFAULT_SOURCES, read_sources
from .table import choose_live_table, text_table
from .window.controls import Actions, Shown
from .window.probe import Probe
from .window.viewer import Window, load_toolkit

OpenDisplay = Callable[[Job], Display]

_log = logging.getLogger(__name__)


def view(arguments: argparse.Namespace, mailbox: Mailbox) -> int:
    """Receive and show the sources, or the demo; return the exit code. Raises ``RtpJpegError``."""
    log_to_stderr(COMMAND, arguments.log_level)
    options = _options(arguments)
    key = read_key(arguments.srtp_key) if arguments.srtp_key else None
    sources = read_sources(arguments.source or list(DEFAULT_SOURCES), arguments.senders, key)
    # Before a socket is open: what takes half a second would make the first pictures old.
    open_display = _prepare_display(options)
    if options.record is not None:
        # Behind OpenCV: where PyAV is loaded first, no window of OpenCV ever opens.
        prepare(options.record)
    memory.settle()
    say_impairment(options.impairment)
    if arguments.demo:
        return _demonstrate(options, mailbox, open_display)
    job = Job(options, mailbox)
    job.open(sources)
    complete = _show(job, open_display)
    job.save_snapshots()
    _report(job)
    return _judge_recording(job, job.judge(complete, each=bool(arguments.source)))


def _options(arguments: argparse.Namespace) -> Options:
    snapshot = Path(arguments.snapshot) if arguments.snapshot else None
    if snapshot is not None:
        try:
            snapshot.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise TransportError(f"folder {snapshot} cannot be made: {error.strerror}") from None
    return Options(
        frames=arguments.frames,
        duration=arguments.duration,
        deadline=arguments.latency / 1000,
        conceal=arguments.conceal == "on",
        snapshot=snapshot,
        headless=arguments.headless,
        quiet=arguments.json,
        impairment=arguments.impair,
        record=arguments.record,
        rotation=arguments.rotate,
    )


def _demonstrate(options: Options, mailbox: Mailbox, open_display: OpenDisplay) -> int:
    # The sender's time counts, not ours: it needs a moment to start.
    job = Job(replace(options, duration=None), mailbox)
    with Demo(job, options.duration) as demo:
        complete = _show(job, open_display)
        demo.save()
        _report(job)
        return _judge_recording(job, demo.judge(complete))


def _judge_recording(job: Job, code: int) -> int:
    """Return the exit code: a recording that had to stop is a fault, which was said when it did."""
    return FAULT if code == DONE and job.recording_failed else code


def _prepare_display(options: Options) -> OpenDisplay:
    """Find out what can be shown here and load what it needs; return what opens it."""
    if not options.headless:
        with Probe() as probe:
            load_toolkit()  # meanwhile: both take a while
            fault = probe.fault()
        if not fault:
            return lambda job: WindowDisplay(Window(COMMAND), _actions(job))
        _log.info("no window can be opened here, so statistics are shown instead: %s", fault)
    terminal = sys.stdout.isatty()
    if options.quiet or (options.headless and not terminal):
        return lambda job: NoDisplay()
    make_table = choose_live_table(terminal)
    return lambda job: TableDisplay(make_table(), pace=0.5 if terminal else 1.0)


def _actions(job: Job) -> Actions:
    """Return what the keys of the window do to the job."""
    return Actions(
        snapshot=lambda shown: _save_shown(shown, job.options.snapshot or Path()),
        record=job.toggle_recording,
        recording=lambda: job.recording,
    )


def _save_shown(shown: Shown, folder: Path) -> str:
    """Save the pictures that are in the window as they came; return what to say."""
    frames = [(view.stream.label, picture.frame) for view, picture in shown if picture is not None]
    names = [str(path) for path in save(frames, folder)]
    return f"saved {', '.join(names)}" if names else "there is no picture to save yet"


def _show(job: Job, open_display: OpenDisplay) -> bool:
    """Run the job with its display; True when it ended by itself."""
    display: Display = NoDisplay()
    try:
        job.start()
        display = open_display(job)
        return job.run(display)
    finally:
        display.close()
        job.stop()


def _report(job: Job) -> None:
    """Print the statistics: a table, or one JSON object as the last line of stdout."""
    streams = job.statistics()
    print(json.dumps({"streams": streams}) if job.options.quiet else text_table(streams))
