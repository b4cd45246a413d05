"""docs/deploy.md: its configuration is one, its commands are understood, and its files are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rtpjpeg.config import load
from rtpjpeg.sender.cli import build_parser

TREE = Path(__file__).resolve().parents[2]
TEXT = (TREE / "docs" / "deploy.md").read_text("utf-8")
COMMANDS = re.findall(r"^/opt/rtpjpeg/bin/rtpjpeg-send (.+)$", TEXT, re.MULTILINE)


def test_the_configuration_is_right() -> None:
    (text,) = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    cameras = load(text, {}, {}).cameras
    assert [camera.destinations for camera in cameras] == [
        (("192.168.1.20", 5000),),
        (("192.168.1.20", 5002),),
    ]
    assert {camera.source for camera in cameras} == {"picamera2"}


@pytest.mark.parametrize("words", COMMANDS)
def test_each_command_is_understood(words: str) -> None:
    assert build_parser().parse_args(words.split()).config == "/etc/rtpjpeg/config.toml"


def test_the_files_that_are_copied_are_there() -> None:
    names = re.findall(r"share/rtpjpeg/([\w@.-]+\.\w+)", TEXT)
    assert len(names) == 3
    assert all((TREE / "service" / name).exists() or (TREE / name).exists() for name in names)
    assert len(COMMANDS) == 4
