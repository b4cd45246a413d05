"""Receiver verdicts: no rule forgotten, no clause empty, the worst reason counts and all are said."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rtpjpeg.inspector.analysis import inspect_file
from rtpjpeg.inspector.model import StreamReport, Verdict
from rtpjpeg.inspector.rules import load_rules
from rtpjpeg.inspector.verdicts import PLAYS, RECEIVERS, facts_of, load_table, verdicts

TABLE = load_table()
CLEAN: set[str] = set()


def stream(**changes: Any) -> StreamReport:
    wire: dict[str, Any] = dict(type=1, q=255, width=640, height=480, restart_interval=0)
    counts = dict(packets=9, lost=0, reordered=0, duplicated=0, frames=3, frames_complete=3)
    rates = dict(fps=30.0, bitrate=1, jitter_ms=0.0)
    names = dict(ssrc=7, source="192.0.2.1:4", destination="192.0.2.2:5", payload_type=26)
    return StreamReport(**{**names, **counts, **wire, **rates, **changes})


def plays(made: list[Verdict]) -> list[str]:
    assert [verdict.receiver for verdict in made] == list(RECEIVERS)
    return [verdict.plays for verdict in made]


def test_every_rule_has_an_effect_or_is_said_to_be_harmless() -> None:
    with_effect = TABLE.effects.keys() - TABLE.facts.keys()
    assert with_effect | TABLE.harmless == load_rules().keys()
    assert not with_effect & TABLE.harmless


@pytest.mark.parametrize("cause", TABLE.effects)
def test_every_effect_names_known_receivers_and_says_something(cause: str) -> None:
    effects = TABLE.effects[cause]
    assert effects and effects.keys() <= set(RECEIVERS)
    for effect in effects.values():
        assert effect.plays in PLAYS
        assert effect.why.strip() == effect.why != ""
        assert not effect.why.endswith(".") and ";" not in effect.why


@pytest.mark.parametrize("cause", TABLE.facts)
def test_every_fact_is_described(cause: str) -> None:
    assert TABLE.facts[cause]


@pytest.mark.parametrize("type_", [0, 1])
@pytest.mark.parametrize("q", [1, 50, 99, 128, 255])
def test_a_clean_stream_without_restart_markers_plays_everywhere(type_: int, q: int) -> None:
    made = verdicts(stream(type=type_, q=q), CLEAN)
    assert plays(made) == ["yes"] * 5
    assert not any(verdict.why for verdict in made)


@pytest.mark.parametrize("rule", sorted(TABLE.harmless))
def test_a_harmless_rule_changes_nothing(rule: str) -> None:
    assert verdicts(stream(), {rule}) == verdicts(stream(), CLEAN)


@pytest.mark.parametrize("type_", [64, 65])
def test_restart_types_play_but_in_mediamtx_and_go2rtc(type_: int) -> None:
    made = verdicts(stream(type=type_, restart_interval=10), CLEAN)
    assert plays(made) == ["yes", "yes", "yes", "no", "damaged"]
    assert made[3].why == "refuses restart types (64 to 127)"
    assert "restart" in made[4].why


@pytest.mark.parametrize("rule", ["J-023", "J-039"])
def test_go2rtc_plays_a_restart_type_whose_scan_has_no_markers(rule: str) -> None:
    made = verdicts(stream(type=65), {rule})
    assert (made[3].plays, made[4].plays, made[4].why) == ("no", "yes", "")


@pytest.mark.parametrize("type_", [63, 128])
def test_types_beside_the_restart_types_are_none(type_: int) -> None:
    assert list(facts_of(stream(type=type_), CLEAN)) == []


def test_tables_that_come_once_are_kept_by_ffmpeg_alone() -> None:
    made = verdicts(stream(q=128, tables_once=True), CLEAN)
    assert plays(made) == ["no", "yes", "damaged", "no", "damaged"]


def test_the_worst_reason_decides_and_all_are_said_worst_first() -> None:
    made = verdicts(stream(), {"J-022", "J-052"})
    assert plays(made) == ["no", "no", "damaged", "no", "damaged"]
    assert made[0].why == (
        "takes scan data for a table header, and loses the frame; believes the type, not the picture: garbled"
    )
    assert made[2].why.count("; ") == 1


def test_a_decoder_that_finds_a_whole_file_needs_no_right_header() -> None:
    """Seen: live555 hands the frames of the original Go sender on whole, and libavcodec shows them right."""
    made = verdicts(stream(type=0, q=128), {"J-022", "J-052", "J-074", "T-008"})
    assert plays(made) == ["no", "no", "yes", "no", "damaged"]
    assert made[2].why == TABLE.effects["J-074"]["VLC"].why
    assert "finds the JPEG file" not in made[1].why
    assert plays(verdicts(stream(), {"J-074", "J-005"}))[2] == "damaged"


def test_what_a_whole_file_heals_is_damage() -> None:
    assert TABLE.healed <= TABLE.effects.keys()
    assert all(
        {effect.plays for effect in TABLE.effects[rule].values()} & {"damaged"} for rule in TABLE.healed
    )


def test_a_reason_is_said_once() -> None:
    (first, *_) = verdicts(stream(), {"J-056", "J-069"})
    assert first.why == "has no tables, and loses the frame"


def test_loss_is_a_remark_but_for_go2rtc() -> None:
    made = verdicts(stream(lost=1), {"N-001"})
    assert plays(made) == ["yes"] * 4 + ["damaged"]
    assert all(verdict.why for verdict in made)


def test_a_remark_is_said_of_a_stream_that_plays() -> None:
    assert verdicts(stream(), {"N-002"})[0].why.startswith("with rtpjitterbuffer")
    assert "rtpjitterbuffer" not in verdicts(stream(), {"N-002", "J-022"})[0].why


def test_the_page_of_receivers_is_made_from_the_table() -> None:
    program = Path(__file__).parents[2] / "docs" / "make_receivers.py"
    done = subprocess.run([sys.executable, str(program), "--check"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_inspector_tells_tables_that_came_once_from_those_in_every_frame() -> None:
    folder = Path(__file__).parents[2] / "fixtures" / "inspector"
    (once,) = inspect_file(folder / "clean-tables-once.pcap").streams
    (always,) = inspect_file(folder / "clean-rtp.pcap").streams
    assert (once.tables_once, plays(once.receivers)) == (True, ["no", "yes", "damaged", "no", "damaged"])
    assert (always.tables_once, plays(always.receivers)) == (False, ["yes"] * 5)
