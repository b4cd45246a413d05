"""What a screen shows when packets are lost: our receiver, GStreamer and FFmpeg behind the same losses.

    make lab                          all of it, three minutes; writes docs/loss.md and docs/loss.png
    make lab LAB_ARGS='--quick'       one scene and fewer rates, one minute; writes nothing

A clip is 150 frames of 640x480, quality 85, 4:2:0, 30 a second: a pan over four photographs, which follow
each other, and the synthetic scene. Each is sent with restart markers (type 65), and without (type 1) to the
others, who then read what they know best; they get the packets with markers too. The first frame passes
whole. Lost are packets at random, and in bursts of 3 on average.

At the time of each frame the picture that was shown last is compared with the source: PSNR and SSIM of luma,
mean over all frames. How late it was shown does not count. Our own receiver runs on a clock that is made up,
the others as processes in real time, GStreamer with its 200 ms of latency. Our screen draws what is missing
from the picture before, moved as far as the whole picture moved; our files, as a recorder writes them, keep
the bytes of the frame before. A pan of whole pixels is the best that can happen to the screen.

A receiver's figures are frames shown, PSNR, how much that is less than without loss, and SSIM. (65) behind a
name means that it had the same packets as ours. Of ours there is more: the share of packets that were lost in
truth, of frames with a part that an earlier frame lent, of restart intervals that came with their frame; how
old the oldest one is at the 99th percentile; and how long behind its last packet's leaving a frame was there.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median, quantiles

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "fixtures")]

import rivals  # noqa: E402
from lab.quality import Jury, Luma, luma_of  # noqa: E402
from lab.scenes import SCENES, Clip  # noqa: E402
from lab.virtual import watch  # noqa: E402
from report import FILES, OURS, WITH_MARKERS, Cell, Findings, Outcome, page  # noqa: E402
from rtpjpeg import RtpJpegError, SenderSession  # noqa: E402
from rtpjpeg.concealment import Concealer  # noqa: E402
from rtpjpeg.net.impairment import Impairment  # noqa: E402
from rtpjpeg.net.link import HEADERS  # noqa: E402
from rtpjpeg.receiver.decode import decode  # noqa: E402

RATES = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2)
QUICK_RATES = (0.01, 0.05, 0.2)
BURSTS = (1, 3)
AT_ONCE = 21
"""Receivers side by side: together about one core of two."""


def main() -> None:
    """Print the page; write it, and the plot."""
    options = parse_options()
    print(f"seed {options.seed}, {options.frames} frames a run")
    rates = QUICK_RATES if options.quick else RATES
    cells = [Cell(0, 1), *(Cell(rate, burst) for burst in BURSTS for rate in rates)]
    scenes = ["synthetic"] if options.quick else list(SCENES)
    clips = (SCENES[name](options.frames) for name in scenes)
    all_findings = [Laboratory(clip, cells, options.seed).measure() for clip in clips]
    lines = list(page(all_findings))
    print("\n".join(lines))
    if options.out:
        write(options.out, lines, all_findings, options.seed)


def parse_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, default=1, help="of all losses (1)")
    parser.add_argument("--frames", type=int, default=150, help="frames of a run (150)")
    parser.add_argument("--quick", action="store_true", help="one scene and fewer rates")
    parser.add_argument("--out", type=Path, help="folder of loss.md and loss.png (docs; none if quick)")
    options = parser.parse_args()
    if options.out is None and not options.quick:
        options.out = ROOT / "docs"
    return options


def impairment(cell: Cell, seed: int) -> Impairment:
    """Return what the link does; the same packets are lost for the same seed."""
    return Impairment(loss=cell.loss, burst=cell.burst, seed=seed)


class Laboratory:
    """One clip, and every receiver behind every link."""

    def __init__(self, clip: Clip, cells: list[Cell], seed: int) -> None:
        self._clip = clip
        self._cells = cells
        self._seed = seed
        self._jury = Jury(clip.sources)
        self._pictures = [luma_of(decode(jpeg)) for jpeg in clip.plain]
        """What a whole frame shows."""
        self._found = Findings(clip.name, len(clip.sources))

    def measure(self) -> Findings:
        """Return all that there is to say."""
        say(f"{self._clip.name}: {OURS}")
        with splice_times() as times:
            self._ours()
        self._theirs()
        self._found.notes = [*overhead(self._clip), splicing(times)]
        return self._found

    def _ours(self) -> None:
        """Our receiver, on the clock that is made up."""
        for cell in self._cells:
            seen = watch(self._clip.restart, impairment(cell, self._seed))
            for name, pictures in ((OURS, seen.shown), (FILES, seen.filed)):
                outcome = Outcome(len(seen.numbers), 0, self._jury.judge(pictures, seen.whole))
                self._found.outcomes.setdefault(name, {})[cell] = outcome
                pictures.clear()
            self._found.watched[cell] = seen

    def _theirs(self) -> None:
        """The others, with plain packets and with ours."""
        runs = self._runs(rivals.rivals())
        if not runs:
            say("neither GStreamer nor FFmpeg is installed: no one to compare with")
        waiting = list(runs.values())
        for first in range(0, len(waiting), AT_ONCE):
            last = min(first + AT_ONCE, len(waiting))
            say(f"{self._clip.name}: receivers {first + 1} to {last} of {len(waiting)}")
            rivals.run(waiting[first:last])
        for (name, cell), run in runs.items():
            self._found.outcomes.setdefault(name, {})[cell] = self._outcome(run)

    def _runs(self, installed: list[rivals.Rival]) -> dict[tuple[str, Cell], rivals.Run]:
        kinds = (("", self._clip.plain), (WITH_MARKERS, self._clip.restart))
        return {
            (rival.name + kind, cell): rivals.Run(rival, jpegs, impairment(cell, self._seed))
            for kind, jpegs in kinds
            for rival in installed
            for cell in self._cells
        }

    def _outcome(self, run: rivals.Run) -> Outcome:
        """Judge what another receiver made."""
        if run.kernel_drops:
            say(f"{run.rival.name}, {run.impairment}: the kernel dropped {run.kernel_drops} packets besides")
        shown: dict[int, Luma] = {}
        whole: set[int] = set()
        for jpeg, (number, is_known) in zip(run.frames, rivals.match(run.frames, run.jpegs), strict=True):
            picture = self._pictures[number] if is_known else decoded(jpeg, self._pictures[0])
            if picture is not None:
                shown[number] = picture
            if is_known:
                whole.add(number)
        return Outcome(len(whole), len(run.frames) - len(whole), self._jury.judge(shown, whole))


def decoded(jpeg: bytes, like: Luma) -> Luma | None:
    """Return the picture of a broken frame; None when there is none of the right size."""
    try:
        picture = luma_of(decode(jpeg))
    except RtpJpegError:
        return None
    return picture if picture.shape == like.shape else None


def overhead(clip: Clip) -> Iterator[str]:
    """Say what the resilient profile costs on the wire."""
    (plain, without), (restart, packets) = wire(clip.plain), wire(clip.restart)
    yield (
        f"On the wire {restart / plain - 1:+.2%} for restart markers every {clip.interval} MCUs: "
        f"{restart / 1000:.1f} kB in {packets:.1f} packets a frame, without them {plain / 1000:.1f} kB "
        f"in {without:.1f}, headers of IPv4 and UDP counted."
    )
    yield f"The files grow by {sum(map(len, clip.restart)) / sum(map(len, clip.plain)) - 1:.2%}."


def wire(jpegs: list[bytes]) -> tuple[float, float]:
    """Return bytes and packets of a frame."""
    session = SenderSession()
    trains = [session.send_frame(jpeg, number / 30, 0.0) for number, jpeg in enumerate(jpegs)]
    packets = sum(map(len, trains))
    return (sum(train.nbytes for train in trains) + HEADERS * packets) / len(jpegs), packets / len(jpegs)


@contextmanager
def splice_times() -> Iterator[list[int]]:
    """Collect nanoseconds of the thread for each frame that is filled, while the block lasts."""
    times: list[int] = []
    fill = Concealer.fill

    def timed(self: Concealer, *arguments: object, **named: object) -> object:
        began = time.thread_time_ns()
        splice = fill(self, *arguments, **named)
        times.append(time.thread_time_ns() - began)
        return splice

    Concealer.fill = timed
    try:
        yield times
    finally:
        Concealer.fill = fill


def splicing(times: list[int]) -> str:
    """Say what it costs to fill the holes of a frame."""
    p99 = quantiles(times, n=100)[-1]
    return f"Filling a frame: median {median(times) / 1000:.0f} µs of CPU, p99 {p99 / 1000:.0f} µs."


def write(folder: Path, lines: list[str], all_findings: list[Findings], seed: int) -> None:
    """Write the page and the plot."""
    from lossplot import draw

    folder.mkdir(parents=True, exist_ok=True)
    intro = f"`make lab` writes this page; seed {seed}, {all_findings[0].frames} frames a run.\n"
    title = ["# What a screen shows when packets are lost\n", "![The figures below as curves](loss.png)\n"]
    text = "\n".join([*title, intro, *explained(), *lines])
    (folder / "loss.md").write_text(text + "\n", encoding="utf-8")
    draw(all_findings, folder / "loss.png")
    print(f"\nwritten: {folder / 'loss.md'}, {folder / 'loss.png'}")


def explained() -> list[str]:
    """Return what this file says about itself, without its first lines."""
    return [(__doc__ or "").partition("writes nothing\n\n")[2]]


say = partial(print, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
