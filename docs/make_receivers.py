#!/usr/bin/env python3
"""Make docs/receivers.md from rtpjpeg/inspector/verdicts.toml and rules.toml.

    python docs/make_receivers.py            write the page
    python docs/make_receivers.py --check    only tell whether it is out of date

Exit code 1 when the page is out of date. Needs nothing but Python.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pages import ROOT, main, write_or_check

PAGE = Path("docs/receivers.md")
FOLDER = Path("rtpjpeg/inspector")
RECEIVERS = ("GStreamer", "FFmpeg", "VLC", "MediaMTX", "go2rtc")
OPENING = """\
<!-- Made by docs/make_receivers.py from rtpjpeg/inspector/verdicts.toml and rules.toml: do not edit. -->

# Which receiver plays what

What five receivers in use make of a stream that breaks a rule, as `rtpjpeg-inspect` says it. An empty cell:
the receiver plays the stream. **damaged**: a picture comes, and it is wrong or incomplete. **no**: no picture
comes, or the first one at most. Words alone are a remark. A verdict is for the frames that break the rule;
where a stream breaks several rules, the worst counts.

- **GStreamer** 1.22 (`udpsrc ! rtpjitterbuffer ! rtpjpegdepay ! jpegdec`) and **FFmpeg** 5.1 and 9, with an
  SDP file, are sent the captures of `fixtures/inspector` by `tests/interop/test_verdicts.py`.
- **VLC** 3 stands for live555, as videolan.org builds it; live555 of June 2026 was read, built, and sent the
  captures. The VLC of Debian, Ubuntu and Raspberry Pi OS is built without and reads through FFmpeg: there the
  column of FFmpeg counts.
- **MediaMTX** decodes all that it passes on, with gortsplib of August 2026: read, and its decoder built and
  given the packets.
- **go2rtc** of March 2026: the same; where it decodes, to MJPEG and to pictures, not from RTSP to RTSP.
"""
HEALED = """\
A whole JPEG file as payload (J-074) has its own headers. Where the decoder finds it and the frame is not
lost, it plays, and what these rules damage does not count:"""


def read(name: str) -> dict[str, Any]:
    return tomllib.loads((ROOT / FOLDER / name).read_text("utf-8"))


def write_page() -> str:
    """Return the page."""
    table, rules = read("verdicts.toml"), read("rules.toml")
    harmless, facts, healed = (table.pop(key) for key in ("harmless", "facts", "healed_by_a_whole_file"))
    names = {name: fact.pop("about") for name, fact in facts.items()}
    parts = [OPENING, "## What breaks no rule\n", *_rows(facts, names)]
    parts += ["\n## What breaks a rule\n", *_rows(table, {name: rules[name]["name"] for name in table})]
    parts += [f"\n{HEALED}\n\n{', '.join(healed)}."]
    parts += ["\n## What no receiver minds\n", *(f"- {name}: {rules[name]['name']}" for name in harmless)]
    return "\n".join(parts) + "\n"


def _rows(table: dict[str, dict[str, str]], names: dict[str, str]) -> Iterator[str]:
    yield "| | " + " | ".join(RECEIVERS) + " |"
    yield "|---" * (len(RECEIVERS) + 1) + "|"
    for name, effects in table.items():
        shown = f"{name}: {names[name]}" if name[1] == "-" else names[name]
        cells = (_cell(effects.get(receiver, effects.get("all", ""))) for receiver in RECEIVERS)
        yield f"| {shown} | " + " | ".join(cells) + " |"


def _cell(text: str) -> str:
    plays, _, why = text.partition(": ")
    return why if plays in ("yes", "") else f"**{plays}**: {why}"


def run(root: Path, check: bool) -> list[str]:
    """Make or check the page below ``root``; return one sentence for each fault."""
    return write_or_check(root / PAGE, write_page(), check, "make_receivers.py")


if __name__ == "__main__":
    sys.exit(main(run, "make_receivers.py"))
