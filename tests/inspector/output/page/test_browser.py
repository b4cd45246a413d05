"""The page in a browser: no error, nothing asked from elsewhere, and something to see.

Every name is unknown to this Chromium, so that nothing it wants reaches anybody. What the browser asks for
itself (updates, dictionaries) has no origin in its log; what a page asks for has one.
"""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from inspector.output.reports import OTHER, faulty, measured
from peers import need, need_module
from rtpjpeg.inspector.output.page.build import write_html

OPTIONS = (
    "--headless --no-sandbox --disable-gpu --disable-dev-shm-usage --hide-scrollbars --no-first-run"
    " --disable-background-networking --disable-component-update --enable-logging=stderr --v=0"
).split()
WIDTH, HEIGHT = 1200, 3000
BROWSER_ITSELF = "not an origin"
WHITE, NIGHT = (255, 255, 255), (27, 33, 37)
GREEN, RED, BLUE = (37, 122, 80), (191, 58, 50), (47, 109, 179)


@dataclass
class Seen:
    """What a browser showed, said and asked for."""

    size: tuple[int, int]
    colours: Counter[tuple[int, int, int]]
    console: list[str]
    asked: list[str]


def look(page: Path, folder: Path, *options: str) -> Seen:
    """Open a page and return what happens. The picture stays in ``folder`` as seen.png."""
    shot, log = folder / "seen.png", folder / "net.json"
    command = [need("chromium"), *OPTIONS, *options]
    command += [f"--user-data-dir={folder / 'profile'}", f"--window-size={WIDTH},{HEIGHT}"]
    command += [f"--screenshot={shot}", f"--log-net-log={log}", "--host-resolver-rules=MAP * ~NOTFOUND"]
    done = subprocess.run([*command, page.as_uri()], capture_output=True, text=True, timeout=100)
    assert shot.exists(), done.stderr
    console = [line for line in done.stderr.splitlines() if ":CONSOLE" in line]
    with need_module("PIL.Image").open(shot) as picture:
        pixels = picture.convert("RGB")
        counted = Counter({colour: count for count, colour in pixels.getcolors(WIDTH * HEIGHT)})
        return Seen(pixels.size, counted, console, asked_for(log))


def asked_for(log: Path) -> list[str]:
    """Return the addresses that the page asked for, itself and what it carries left out."""
    record = json.loads(log.read_text("utf-8"))
    begun = record["constants"]["logEventTypes"]["URL_REQUEST_START_JOB"]
    asked = [event.get("params", {}) for event in record["events"] if event["type"] == begun]
    wanted = [
        params["url"] for params in asked if params.get("initiator") != BROWSER_ITSELF and "url" in params
    ]
    return [url for url in wanted if not url.startswith(("file:", "data:"))]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    need("chromium")
    need_module("matplotlib")
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_html(faulty(measured(18_000, 1), measured(900, 2, OTHER)), path)
    return path


def test_a_browser_shows_it_without_a_word(report: Path, tmp_path: Path) -> None:
    seen = look(report, tmp_path)
    assert seen.console == [] and seen.asked == []
    assert seen.size == (WIDTH, HEIGHT)
    assert len(seen.colours) > 1000, "photographs and plots have many colours"
    assert seen.colours[WHITE] > 1_000_000, "cards are white by day"
    assert all(seen.colours[colour] > 300 for colour in (GREEN, RED, BLUE)), "lines of plots"


def test_by_night_it_is_dark(report: Path, tmp_path: Path) -> None:
    seen = look(report, tmp_path, "--blink-settings=preferredColorScheme=0")
    assert seen.console == [] and seen.asked == []
    assert seen.colours[NIGHT] > 1_000_000 and seen.colours[WHITE] < 10_000


def test_it_would_be_seen_if_a_page_did_otherwise(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text('<img src="http://192.0.2.1/a.png"><script>console.error("oops")</script>')
    seen = look(page, tmp_path)
    assert [line for line in seen.console if '"oops"' in line]
    assert seen.asked == ["http://192.0.2.1/a.png"]


def test_the_page_itself_forbids_what_is_elsewhere(report: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    added = '<img src="http://192.0.2.1/a.png"><script>console.error("oops")</script></body>'
    page.write_text(report.read_text("utf-8").replace("</body>", added))
    seen = look(page, tmp_path)
    assert seen.asked == []
    assert not [line for line in seen.console if '"oops"' in line]
    assert [line for line in seen.console if "Content Security Policy" in line]
