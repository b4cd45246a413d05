"""What rtpjpeg-send does with its arguments."""

from __future__ import annotations

import argparse
import json
import logging
import os
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from ..config import CameraConfig, Config, load
from ..errors import ConfigError
from ..layers import FILE_VARIABLE
from ..overrides import command_line_overrides
from . import memory
from .console import DONE, Mailbox, hangups_to, log_to_stderr, say_impairment
from .keys import protectors
from .listing import list_cameras
from .manager import Manager
from .stream import Limits
from .table import text_table

COMMAND = "rtpjpeg-send"
LARGEST_FILE = 1 << 20

_log = logging.getLogger(__name__)


def send(arguments: argparse.Namespace, mailbox: Mailbox) -> int:
    """Send the cameras, or say the configuration; return the exit code. Raises ``RtpJpegError``."""
    log_to_stderr(COMMAND, arguments.log_level)
    if arguments.list_cameras or arguments.list_controls:
        return list_cameras(arguments.list_controls, arguments.json)
    config = configure(arguments, os.environ)
    for notice in config.notices:
        _log.warning("%s", notice)
    if arguments.print_config:
        print(config.dump(), end="")
        return DONE
    if arguments.check_config:
        protectors(config.cameras)
        print(
            f"the configuration is right: {' and '.join(camera.name for camera in config.cameras)} would run"
        )
        return DONE
    return _send(config, arguments, mailbox)


def configure(arguments: argparse.Namespace, environment: Mapping[str, str]) -> Config:
    """Return the configuration: file, then environment, then command line. Raises ``ConfigError``."""
    text = _read_file(arguments.config or environment.get(FILE_VARIABLE))
    overrides, faults = command_line_overrides(
        sources=arguments.source,
        destinations=arguments.dest,
        cameras={"camera1": arguments.camera1, "camera2": arguments.camera2},
        size=arguments.size,
        fps=arguments.fps,
        quality=arguments.quality,
        profile=arguments.profile,
        srtp_key=arguments.srtp_key,
        only=arguments.only or (),
        has_file=text is not None,
    )
    return load(text, environment, overrides, faults)


def _read_file(path: str | None) -> bytes | None:
    if not path:
        return None
    try:
        with open(path, "rb") as file:
            return file.read(LARGEST_FILE)
    except OSError as error:
        raise ConfigError(f"configuration file {path} cannot be read: {error.strerror}") from None


def _read_again(arguments: argparse.Namespace) -> Sequence[CameraConfig] | None:
    """Return the cameras as they are configured now; a configuration with faults changes nothing."""
    try:
        return configure(arguments, os.environ).cameras
    except ConfigError as error:
        for fault in error.faults:
            _log.error("not reloaded: %s", fault)
        return None


def _send(config: Config, arguments: argparse.Namespace, mailbox: Mailbox) -> int:
    memory.begin()
    limits = Limits(arguments.frames, arguments.duration)
    say_impairment(arguments.impair)
    manager = Manager(config.cameras, limits, mailbox, arguments.impair)
    try:
        with hangups_to(mailbox):
            complete = manager.open() and _run(manager, config, arguments)
    finally:
        manager.stop()
    cameras = manager.statistics()
    print(json.dumps({"cameras": cameras}) if arguments.json else text_table(cameras))
    return manager.judge(complete)


def _run(manager: Manager, config: Config, arguments: argparse.Namespace) -> bool:
    if arguments.sdp:
        manager.write_descriptions(Path(arguments.sdp))
    memory.settle()
    return manager.run(config.stats_interval_seconds, partial(_read_again, arguments))
