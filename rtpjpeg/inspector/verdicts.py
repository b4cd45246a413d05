"""Will the receivers in use show a stream, and if not, why: the rules that it breaks, looked up."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Set
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from .model import StreamReport, Verdict

RECEIVERS = ("GStreamer", "FFmpeg", "VLC", "MediaMTX", "go2rtc")
YES, DAMAGED, NO = "yes", "damaged", "no"
PLAYS = (YES, DAMAGED, NO)
"""From best to worst."""

_ALL = "all"
_WHOLE_FILE = "J-074"
_NO_MARKERS = {"J-023", "J-039"}
"""Rules that a stream of restart types breaks when its scan has no restart markers."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What a rule that a stream breaks, or a fact about the stream, does to one receiver."""

    plays: str
    """As in ``Verdict``."""
    why: str
    """A clause without a full stop."""


@dataclass(frozen=True, slots=True)
class Table:
    """What ``verdicts.toml`` says."""

    harmless: frozenset[str]
    """Rules that no receiver minds."""
    effects: dict[str, dict[str, Effect]]
    """By rule or fact, then by receiver; a receiver that is not named plays the stream."""
    facts: dict[str, str]
    """What no rule forbids, each with a description."""
    healed: frozenset[str]
    """Rules whose damage a whole JPEG file undoes where a decoder finds it in the scan."""


@cache
def load_table() -> Table:
    """Return the table of effects."""
    text = files(__package__).joinpath("verdicts.toml").read_text("utf-8")
    read = tomllib.loads(text)
    harmless, facts, healed = read.pop("harmless"), read.pop("facts"), read.pop("healed_by_a_whole_file")
    about = {name: entry.pop("about") for name, entry in facts.items()}
    effects = {name: _effects(entry) for name, entry in (facts | read).items()}
    return Table(frozenset(harmless), effects, about, frozenset(healed))


def _effects(entry: dict[str, str]) -> dict[str, Effect]:
    """Return the effects of one rule by receiver, in their order; ``all`` stands for every one."""
    named = dict.fromkeys(RECEIVERS, entry[_ALL]) if _ALL in entry else entry
    parted = {receiver: text.partition(": ") for receiver, text in named.items()}
    return {receiver: Effect(plays, why) for receiver, (plays, _, why) in parted.items()}


def verdicts(stream: StreamReport, rules: Set[str]) -> list[Verdict]:
    """Return what each receiver makes of a stream that breaks these rules, in the order of RECEIVERS.

    The worst reason decides; all reasons are said, the worst first. Remarks are said where a stream plays.
    """
    causes = [*facts_of(stream, rules), *sorted(rules)]
    return [_verdict(receiver, list(_reasons(receiver, causes))) for receiver in RECEIVERS]


def _reasons(receiver: str, causes: list[str]) -> Iterator[Effect]:
    """Yield what these rules and facts do to a receiver, but for damage that a whole file heals."""
    table = load_table()
    told = {cause: table.effects.get(cause, {}).get(receiver) for cause in causes}
    file = told.get(_WHOLE_FILE)
    healed = table.healed if file is not None and file.plays == YES else frozenset()
    for cause, effect in told.items():
        if effect is not None and not (effect.plays == DAMAGED and cause in healed):
            yield effect


def _verdict(receiver: str, effects: list[Effect]) -> Verdict:
    worst_first = sorted(effects, key=lambda effect: -PLAYS.index(effect.plays))
    plays = worst_first[0].plays if worst_first else YES
    said = [effect.why for effect in worst_first if effect.plays != YES or plays == YES]
    return Verdict(receiver, plays, "; ".join(dict.fromkeys(said)))


def facts_of(stream: StreamReport, rules: Set[str]) -> Iterator[str]:
    """Yield what is true of a stream, breaks no rule, and is not taken by every receiver."""
    if 64 <= stream.type <= 127:
        yield "restart-types"
        if not rules & _NO_MARKERS:
            yield "restart-markers"
    if stream.tables_once:
        yield "tables-once"
    if stream.unseen:
        yield "unseen"
