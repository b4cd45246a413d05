"""What the commands share: every error becomes lines and an exit code, signals become words."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading

import pytest

from rtpjpeg import CaptureError, ConfigError, RtpJpegError, TransportError
from rtpjpeg.sender.console import ECHO, Mailbox, Parser, log_to_stderr, run, signals_to


def raising(error: BaseException) -> int:
    def work(arguments: argparse.Namespace, mailbox: Mailbox) -> int:
        raise error

    return run(Parser(prog="command"), work, [])


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (ConfigError("one", "two"), 2, "command: one\ncommand: two\n"),
        (CaptureError("no camera"), 3, "command: no camera\n"),
        (TransportError("no port"), 3, "command: no port\n"),
        (RtpJpegError("something else"), 3, "command: something else\n"),
        (PermissionError(13, "Permission denied"), 3, "command: [Errno 13] Permission denied\n"),
        (KeyboardInterrupt(), 0, ""),
        (
            ZeroDivisionError("a\nb"),
            1,
            "command: internal error: ZeroDivisionError: a b (--log-level debug shows where)\n",
        ),
    ],
)
def test_an_error_is_its_lines_and_its_code(
    error: BaseException, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert raising(error) == code
    assert capsys.readouterr().err == said


def test_several_faults_of_one_argument_are_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        Parser(prog="command").error("one\ntwo")
    assert refused.value.code == 2
    assert capsys.readouterr().err == "command: one\ncommand: two (see command --help)\n"


def test_the_switch_interval_is_set_for_the_command_alone() -> None:
    before = sys.getswitchinterval()
    during: list[float] = []

    def work(arguments: argparse.Namespace, mailbox: Mailbox) -> int:
        during.append(sys.getswitchinterval())
        return 0

    assert run(Parser(prog="command"), work, []) == 0
    assert during == [pytest.approx(0.0005)]
    assert sys.getswitchinterval() == before


def test_arguments_that_do_not_go_together_are_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        run(Parser(prog="command"), lambda arguments, mailbox: 0, [], lambda arguments: "not together")
    assert refused.value.code == 2
    assert capsys.readouterr().err == "command: not together (see command --help)\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_is_a_word_and_the_second_one_an_end(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    mailbox = Mailbox()
    now = 100.0
    with pytest.raises(KeyboardInterrupt), signals_to(mailbox, lambda: now):
        signal.raise_signal(number)
        assert mailbox.wait(0) == Mailbox.STOP
        now += ECHO
        signal.raise_signal(number)  # as timeout(1) does, which tells the process and then its group
        assert mailbox.wait(0) is None
        now += 0.001
        signal.raise_signal(number)
    assert signal.getsignal(number) is before


def test_another_thread_leaves_signals_alone() -> None:
    before = signal.getsignal(signal.SIGTERM)
    seen: list[object] = []

    def enter() -> None:
        with signals_to(Mailbox()):
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert seen == [before]


def test_each_record_is_one_line_with_the_name_of_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    log_to_stderr("command", "warning")
    log_to_stderr("command", "warning")
    logging.getLogger("rtpjpeg.sender").warning("careful")
    logging.getLogger("rtpjpeg.sender").info("quiet")
    assert capsys.readouterr().err == "command: careful\n"


def test_nothing_is_printed_into_a_closed_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w") as out:
        monkeypatch.setattr(sys, "stdout", out)

        def work(arguments: argparse.Namespace, mailbox: Mailbox) -> int:
            print("much")
            return 7

        assert run(Parser(prog="command"), work, []) == 0
