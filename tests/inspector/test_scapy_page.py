"""docs/scapy.md is true: its blocks run as they stand there, and say what the page says they do."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from peers import need_module

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "scapy.md").read_text("utf-8")
CAPTURE = ROOT / "fixtures" / "captures" / "own-type65-q128.pcap"
QUESTIONS = """
assert len(packets) == 228 and sizes == {(640, 480)}
assert len(first_of_frames) == len({p[RTP].timestamp for p in first_of_frames}) > 1
assert RTP(data)[RTPJPEGRestart].restart_interval == 40 and RTP(data).load == scan
"""


def blocks(language: str) -> list[str]:
    """The code blocks of one language, in order."""
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_the_blocks_of_the_page_run_in_one_session(tmp_path: Path) -> None:
    need_module("scapy")
    shutil.copy(CAPTURE, tmp_path / "camera.pcap")
    session = "\n".join([f"import sys; sys.path.insert(0, {str(ROOT)!r})", *blocks("python"), QUESTIONS])
    command = [sys.executable, "-W", "error", "-c", session]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "restart_interval= 10" in done.stdout
    assert len(blocks("python")) == 3
    (summary,) = blocks("text")
    assert summary in done.stdout
