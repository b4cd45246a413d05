"""A SPEC: what a user writes about a bad network, read and written."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtpjpeg.errors import ConfigError
from rtpjpeg.net.impairment import EXAMPLE, KEYS, Impairment

WHOLE = (
    "loss=5%,burst=3,reorder=2%,depth=4,duplicate=1%,corrupt=0.5%,delay=20ms,jitter=5ms,rate=8mbit,"
    "queue=50ms,blackout=2s+500ms,blackout=9s+1s,seed=1"
)
SHARES = st.floats(0, 0.5)
TIMES = st.floats(0, 10)
MOMENTS = st.floats(0, 86400)


def impairments() -> st.SearchStrategy[Impairment]:
    """Every impairment that can be said."""
    return st.builds(
        Impairment,
        loss=SHARES,
        burst=st.floats(1, 1000),
        reorder=SHARES,
        depth=st.integers(1, 1000),
        duplicate=SHARES,
        corrupt=SHARES,
        delay=TIMES,
        jitter=TIMES,
        rate=st.none() | st.floats(1e3, 1e11),
        queue=TIMES,
        blackout=st.lists(st.tuples(MOMENTS, MOMENTS.filter(bool)), max_size=3).map(tuple),
        seed=st.integers(0, 10**18 - 1),
    )


def faults(text: str) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        Impairment.parse(text)
    return list(refused.value.faults)


def test_every_key_is_read() -> None:
    found = Impairment.parse(WHOLE)
    assert found == Impairment(
        loss=0.05,
        burst=3,
        reorder=0.02,
        depth=4,
        duplicate=0.01,
        corrupt=0.005,
        delay=0.02,
        jitter=0.005,
        rate=8e6,
        queue=0.05,
        blackout=((2, 0.5), (9, 1)),
        seed=1,
    )
    assert str(found) == WHOLE
    assert tuple(known.name for known in fields(Impairment)) == KEYS


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("loss=0.05", "loss", 0.05),
        ("loss=57%", "loss", 0.57),
        ("loss=.5%", "loss", 0.005),
        ("loss=100%", "loss", 1.0),
        ("loss=0", "loss", 0.0),
        ("delay=1.5s", "delay", 1.5),
        ("delay=250us", "delay", 0.00025),
        ("delay=0ms", "delay", 0.0),
        ("rate=2.5gbit", "rate", 2.5e9),
        ("rate=64kbit", "rate", 64e3),
        ("rate=9600bit", "rate", 9600.0),
        ("rate=8Mbit", "rate", 8e6),
        ("burst=1.5", "burst", 1.5),
        ("blackout=0s+1ms", "blackout", ((0.0, 0.001),)),
        (" loss = 5% , seed = 7 ", "loss", 0.05),
    ],
)
def test_values_are_read_exactly(text: str, key: str, value: object) -> None:
    assert getattr(Impairment.parse(text), key) == value


@given(impairments())
def test_what_is_written_is_read_as_the_same(impairment: Impairment) -> None:
    assert Impairment.parse(str(impairment)) == impairment


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("loss=150%", "loss: found '150%', expected a share such as 5% or 0.05, at most 100%"),
        ("loss=5", "loss: found '5', expected a share such as 5% or 0.05, at most 100%"),
        ("loss", "loss: found '', expected a share such as 5% or 0.05, at most 100%"),
        ("loss=-1%", "loss: found '-1%', expected a share such as 5% or 0.05, at most 100%"),
        ("loss=nan", "loss: found 'nan', expected a share such as 5% or 0.05, at most 100%"),
        ("delay=20", "delay: found '20', expected a time such as 20ms, at most 10s"),
        ("jitter=20%", "jitter: found '20%', expected a time such as 20ms, at most 10s"),
        (
            "queue=" + "9" * 400 + "s",
            f"queue: found '{'9' * 400}s', expected a time such as 20ms, at most 10s",
        ),
        ("rate=8", "rate: found '8', expected bits a second such as 8mbit, from 1kbit to 100gbit"),
        ("rate=0bit", "rate: found '0bit', expected bits a second such as 8mbit, from 1kbit to 100gbit"),
        (
            "burst=0.5",
            "burst: found '0.5', expected packets lost in a row on average, a number from 1 to 1000",
        ),
        ("depth=1.5", "depth: found '1.5', expected packets that may pass, a whole number from 1 to 1000"),
        ("seed=-1", "seed: found '-1', expected a whole number of at most 18 digits"),
        ("seed=" + "1" * 5000, f"seed: found '{'1' * 5000}', expected a whole number of at most 18 digits"),
        ("blackout=2s", "blackout: found '2s', expected START+LENGTH such as 2s+500ms, each at most 86400s"),
        (
            "blackout=2s+0s",
            "blackout: found '2s+0s', expected START+LENGTH such as 2s+500ms, each at most 86400s",
        ),
        ("seed=1,seed=2", "seed: found '2' behind another value, expected one alone"),
        ("lost=5%", "lost: unknown key, found with the value '5%'; did you mean loss?"),
        ("jiter=5ms", "jiter: unknown key, found with the value '5ms'; did you mean jitter?"),
        ("los\ns=1", "'los\\ns': unknown key, found with the value '1'; did you mean loss?"),
        (
            "",
            f"SPEC: found a part without a key, expected KEY=VALUE, for example {EXAMPLE}",
        ),
        ("loss=90%,burst=3", "loss: found 90% with burst=3, expected at most 75%"),
    ],
    ids=lambda text: text[:20],
)
def test_a_fault_names_the_key_what_was_found_and_what_is_expected(text: str, said: str) -> None:
    assert faults(text) == [said]


def test_all_faults_come_at_once() -> None:
    found = faults("los=1%,loss=80%,burst=3,,delay=1h,seed=x")
    assert [fault.partition(":")[0] for fault in found] == ["los", "SPEC", "delay", "seed", "loss"]


@pytest.mark.parametrize(
    "values",
    [
        {"loss": 1.5},
        {"loss": float("nan")},
        {"delay": -1.0},
        {"depth": 0},
        {"rate": 0.0},
        {"blackout": ((0.0, 0.0),)},
        {"loss": 0.9, "burst": 2.0},
    ],
    ids=str,
)
def test_values_out_of_range_are_refused_in_python_too(values: dict[str, Any]) -> None:
    with pytest.raises(ConfigError) as refused:
        Impairment(**values)
    assert [fault.partition(":")[0] for fault in refused.value.faults] == [next(iter(values))]


@given(st.text(alphabet="los=5%,burtdelay+ms0123456789.\n\u00b2", max_size=40) | st.text(max_size=20))
def test_any_text_is_a_spec_or_a_configuration_fault(text: str) -> None:
    try:
        Impairment.parse(text)
    except ConfigError as error:
        assert all("\n" not in fault for fault in error.faults)


def test_a_seed_is_drawn_where_none_is_given_and_can_be_read() -> None:
    drawn = {Impairment.parse("loss=5%").seed for _ in range(3)}
    assert len(drawn) == 3
    assert {Impairment.parse(f"loss=5%,seed={seed}").seed for seed in drawn} == drawn
    assert str(Impairment(loss=0.05, seed=3)) == "loss=5%,seed=3"


def test_each_link_has_a_seed_of_its_own() -> None:
    found = Impairment(loss=0.05, seed=7)
    assert [str(found.derived(number)) for number in range(2)] == ["loss=5%,seed=7", "loss=5%,seed=8"]
