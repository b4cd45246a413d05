"""Statistics for people."""

from __future__ import annotations

import io
import sys
from typing import Any

import pytest

from peers import need_module
from rtpjpeg.receiver.figures import Recent
from rtpjpeg.receiver.table import PlainTable, RichTable, choose_live_table, rows, text_line, text_table

STREAM: dict[str, Any] = {
    "source": "rtp://:5000",
    "state": "live",
    "ssrc": 1,
    "width": 640,
    "height": 480,
    "packets_received": 360,
    "packets_lost": 2,
    "packets_duplicated": 0,
    "packets_reordered": 4,
    "packets_rejected": 1,
    "kernel_drops": 0,
    "frames_received": 10,
    "frames_concealed": 1,
    "concealed_share": 0.0123,
    "frames_dropped": 0,
    "frames_shown": 9,
    "fps": 29.97,
    "bitrate": 4_210_000,
    "jitter_ms": 0.21,
    "same_clock": True,
    "clock_offset_ms": 0.0,
    "latency_ms": {"p50": 3.0, "p95": 4.0, "p99": 5.0, "max": 6.0},
    "stages_ms": {
        "decode": {"p50": 1.0, "p95": 1.2, "p99": 1.5, "max": 2.0},
        "encode": {"p50": 4.0, "p95": 4.2, "p99": 4.5, "max": 5.0},
    },
}
SILENT = {
    **dict.fromkeys(STREAM, 0),
    **dict.fromkeys(("same_clock", "clock_offset_ms")),
    **dict.fromkeys(("width", "fps", "bitrate", "jitter_ms", "latency_ms", "stages_ms")),
    **{"source": "rtp://:5002", "state": "waiting for a stream on rtp://:5002"},
}


def test_the_offset_of_two_clocks_is_said_with_the_latency() -> None:
    other = {**STREAM, "same_clock": False, "clock_offset_ms": 12.34}
    table = dict(rows([STREAM, other]))
    assert table["clocks"] == ["", "two clocks, ours ahead by 12.3 ms at most"]
    assert "clocks" not in dict(rows([STREAM]))
    unknown = dict(rows([{**other, "clock_offset_ms": None}]))
    assert unknown["clocks"] == ["two clocks, their offset is not known"]
    assert "clocks" not in dict(rows([{**other, "latency_ms": None}]))


def test_a_column_for_each_stream() -> None:
    table = dict(rows([STREAM, SILENT]))
    assert table["source"] == ["rtp://:5000", "rtp://:5002"]
    assert table["state"] == ["live", "waiting for a stream on rtp://:5002"]
    assert table["picture"] == ["640x480, 30.0 fps, 4.2 Mbit/s", "none yet"]
    assert table["packets"] == ["360 received, 2 (0.6 %) lost", "0 received, 0 lost"]
    assert table["latency"] == ["p50 3.0 ms, p95 4.0 ms", "unknown"]
    assert "p99 5.0 ms, max 6.0 ms" in text_table([STREAM])
    assert table["jitter"] == ["0.21 ms", "unknown"]
    assert table["  encode"] == ["p50 4.0 ms, p99 4.5 ms", ""]
    assert [name.strip() for name in table][-2:] == ["encode", "decode"], "as a picture goes through them"


def test_a_living_table_tells_of_the_last_seconds() -> None:
    recent = Recent(fps=24.5, bitrate=900_000, packets_lost=3, lost_share=0.02, concealed_share=0.011)
    table = dict(rows([{**STREAM, "recent": recent}]))
    assert table["picture"] == ["640x480, 24.5 fps, 900 kbit/s"]
    assert table["lately"] == ["3 (2.0 %) lost, 1.1 % concealed"]


def test_plain_text_has_straight_columns() -> None:
    lines = text_table([STREAM, SILENT]).splitlines()
    assert lines[0].index("rtp://:5002") == lines[2].index("none yet")
    assert all(line == line.rstrip() for line in lines)


def test_no_stream_is_no_text() -> None:
    assert text_table([]) == ""


def test_one_line_for_a_pipe() -> None:
    said: list[str] = []
    table = PlainTable(said.append)
    table.update([STREAM, SILENT])
    table.close()
    assert said[0] == text_line(STREAM)
    assert "latency 3.0 ms, p99 5.0" in said[0]
    assert said[1] == "rtp://:5002: waiting for a stream on rtp://:5002, 0 frames, 0 packets lost"


def test_a_line_says_no_signal_and_what_the_kernel_dropped() -> None:
    line = text_line({**STREAM, "state": "no signal for 3 s", "kernel_drops": 7})
    assert line.startswith("rtp://:5000: no signal for 3 s, 640x480, 30.0 fps, 4.2 Mbit/s, 10 frames, ")
    assert "2 (0.6 %) packets lost, 7 dropped by the kernel, 1.2 % concealed, latency 3.0 ms" in line


def test_a_pipe_gets_plain_lines_and_so_does_a_terminal_without_rich(monkeypatch: pytest.MonkeyPatch) -> None:
    assert choose_live_table(terminal=False) is PlainTable
    for name in [name for name in sys.modules if name.partition(".")[0] == "rich"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "rich", None)
    assert choose_live_table(terminal=True) is PlainTable


def test_a_terminal_gets_a_table_that_is_drawn_over_itself() -> None:
    out = io.StringIO()
    table = RichTable(need_module("rich.console").Console(file=out, force_terminal=True, width=120))
    table.update([])
    table.update([STREAM, SILENT])
    table.close()
    assert "rtp://:5002" in out.getvalue()
    assert "640x480, 30.0 fps, 4.2 Mbit/s" in out.getvalue()


def test_a_terminal_with_rich_gets_that_table() -> None:
    need_module("rich")
    assert choose_live_table(terminal=True) is RichTable


def test_what_is_recorded_has_a_row_where_anything_is() -> None:
    recorded = {**STREAM, "recording": "a.mkv", "frames_recorded": 30, "frames_unrecorded": 2}
    nothing = {**STREAM, "recording": None, "frames_recorded": 0, "frames_unrecorded": 0}
    assert ("recorded", ["0 frames", "30 frames, 2 not"]) in rows([nothing, recorded])
    assert "recorded" not in [name for name, _ in rows([nothing])]
