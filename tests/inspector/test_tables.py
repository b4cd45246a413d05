"""The rules about quantisation tables: one for each broken thing, and none for what is in order."""

from __future__ import annotations

import random
import struct

import pytest

from conformance.builders import main, restart, table_header
from conformance.pictures import eight_bit, jpeg
from rtpjpeg import Depacketizer
from rtpjpeg.inspector.findings import Findings
from rtpjpeg.inspector.tables import TableRules, in_one_width, is_table_header

OWN = eight_bit(jpeg(quality=92, chroma_quality=60))
OTHER = eight_bit(jpeg(quality=50))
SCAN = b"\xf4\x91\x82\x73" * 300
SSRC = 0x1234ABCD


def wide(tables: bytes) -> bytes:
    return struct.pack(f">{len(tables)}H", *tables)


LARGE = struct.pack(">64H", *range(250, 314))
"""A table with values beyond 8 bits."""


def payload(front: bytes, q: int = 255, type: int = 1) -> bytes:
    return main(type=type, q=q) + (restart(4) if type & 64 else b"") + front + SCAN


def judged(*payloads: bytes, tables: dict[int, bytes] | None = None) -> dict[str, tuple[int, str]]:
    """Count and words of each rule, for one payload after the other."""
    findings = Findings()
    rules = TableRules(findings, SSRC)
    for number, data in enumerate(payloads, 1):
        rules.check(data, number)
    if tables is not None:
        tables.update(rules.tables)
    assert all(finding.ssrc == SSRC for finding in findings.listed())
    return {finding.rule.id: (finding.count, finding.found) for finding in findings.listed()}


@pytest.mark.parametrize("type", [0, 1, 64, 65])
@pytest.mark.parametrize("q", [128, 254, 255])
def test_tables_in_order_give_nothing(q: int, type: int) -> None:
    frame = payload(table_header(OWN), q, type)
    assert judged(frame, frame, frame) == {}


def test_tables_that_may_be_left_out_give_nothing() -> None:
    first, later = payload(table_header(OWN), 130), payload(table_header(b""), 130)
    assert judged(first, later, later, first, payload(table_header(OTHER), 131), first) == {}


def test_other_tables_in_each_frame_are_right_with_255() -> None:
    assert judged(payload(table_header(OWN)), payload(table_header(OTHER))) == {}


def test_precision_bits_beyond_the_tables_are_not_looked_at() -> None:
    assert judged(payload(table_header(OWN, precision=0xF0))) == {}


NO_HEADER = {
    "a file": jpeg(),
    "a scan": SCAN,
    "nothing": b"",
    "a length beyond the packet": b"\xfd\x0a\xff\xfe",
    "a length of no table": b"\xfd\x02\x00\x21" + bytes(40),
}


@pytest.mark.parametrize("front", NO_HEADER.values(), ids=NO_HEADER)
def test_no_table_header(front: bytes) -> None:
    data = main(q=128) + front
    assert list(judged(data, data)) == ["J-052"]
    assert judged(data, data)["J-052"][0] == 2


def test_the_stream_of_the_original_project_is_named_by_its_first_bytes() -> None:
    assert judged(payload(jpeg(), 128))["J-052"][1] == "Q 128, then FF D8 FF E0"


def test_mbz_alone_is_told() -> None:
    frame = payload(table_header(OWN, mbz=7))
    assert judged(frame, frame) == {"J-053": (2, "MBZ 7")}


@pytest.mark.parametrize(
    "front",
    [
        table_header(b"\0" + OWN[:64] + b"\1" + OWN[64:]),
        table_header(b"\0" + OWN[:64]),
        table_header(OWN[:100]),
        table_header(OWN, length=0x8000),  # the bytes of the length in the wrong order
        table_header(OWN, precision=1),
        table_header(OWN, precision=3),
        table_header(wide(OWN)),
        table_header(OWN * 5),
    ],
    ids=["130", "65", "100", "32768", "128 wide luma", "128 wide both", "256 of 16 bits", "640"],
)
def test_length_wrong(front: bytes) -> None:
    assert list(judged(payload(front))) == ["J-055"]


def test_the_bytes_of_a_dqt_segment_are_named() -> None:
    found = judged(payload(table_header(b"\0" + OWN[:64] + b"\1" + OWN[64:])))["J-055"][1]
    assert found == "length 130 at precision 0, the Pq/Tq bytes of the DQT segment among them"


def test_tables_never_sent() -> None:
    missing, there = payload(table_header(b""), 200), payload(table_header(OWN), 200)
    assert judged(missing, missing, there, missing)["J-056"] == (
        2,
        "Q 200 with length 0, and no tables of this Q before",
    )


def test_tables_of_another_q_do_not_count() -> None:
    assert list(judged(payload(table_header(OWN), 201), payload(table_header(b""), 200))) == ["J-056"]


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        (OWN[:64], "one table, 64 bytes"),
        (OWN + OWN[64:], "three tables, 192 bytes"),
        (OWN + OTHER, "four tables, 256 bytes"),
    ],
)
def test_not_two_tables(tables: bytes, words: str) -> None:
    assert judged(payload(table_header(tables))) == {"J-058": (1, words)}


@pytest.mark.parametrize(
    ("tables", "precision"), [(wide(OWN), 3), (wide(OWN[:64]) + OWN[64:], 1), (OWN[:64] + wide(OWN[64:]), 2)]
)
def test_wide_tables(tables: bytes, precision: int) -> None:
    assert judged(payload(table_header(tables, precision=precision))) == {
        "J-060": (1, f"precision {precision}")
    }


def test_each_change_of_static_tables_is_told_once() -> None:
    own, other = (payload(table_header(tables), 128) for tables in (OWN, OTHER))
    assert judged(own, own, other, other, other, own) == {"J-064": (2, "other tables under Q 128")}


def test_the_same_tables_in_another_width_are_no_change() -> None:
    own, again = payload(table_header(OWN), 128), payload(table_header(wide(OWN), precision=3), 128)
    assert list(judged(own, again)) == ["J-060"]


def test_255_without_tables() -> None:
    assert judged(payload(table_header(OWN)), payload(table_header(b""))) == {
        "J-069": (1, "Q 255 with length 0")
    }


@pytest.mark.parametrize(
    ("tables", "precision", "words"),
    [
        (b"\0" + OWN[:64] + b"\1" + OWN[64:126], 0, "0 as value 0 of table 0"),
        (OWN[:70] + b"\0" + OWN[71:], 0, "0 as value 6 of table 1"),
        (bytes(128), 0, "0 as value 0 of table 0"),
    ],
)
def test_zero_in_a_table(tables: bytes, precision: int, words: str) -> None:
    assert judged(payload(table_header(tables, precision=precision))) == {"J-073": (1, words)}


def test_a_zero_among_wide_values_is_told_and_a_zero_byte_is_not() -> None:
    values = bytearray(wide(OWN))
    assert list(judged(payload(table_header(bytes(values), precision=3)))) == ["J-060"]
    values[128 + 10 : 128 + 12] = b"\0\0"
    found = judged(payload(table_header(bytes(values), precision=3)))
    assert found["J-073"] == (1, "0 as value 5 of table 1")


def test_tables_are_kept_as_a_depacketizer_takes_them() -> None:
    tables: dict[int, bytes] = {}
    judged(
        payload(table_header(OWN), 128),
        payload(table_header(wide(OWN[:64]) + OWN[64:], precision=1), 129),
        payload(table_header(LARGE + OWN[64:], precision=1), 133),
        payload(table_header(OWN[:64]), 130),
        payload(table_header(OWN + OTHER), 131),
        payload(table_header(bytes(128)), 132),
        payload(table_header(OWN), 255),
        tables=tables,
    )
    assert tables == {128: OWN, 129: OWN, 133: LARGE + wide(OWN[64:]), 130: OWN[:64] * 2, 131: OWN}
    Depacketizer(tables=tables)


def test_widths_are_made_one() -> None:
    assert in_one_width(OWN, 0) == OWN
    assert in_one_width(wide(OWN[:64]) + OWN[64:], 1) == OWN
    assert in_one_width(LARGE + OWN[64:], 1) == LARGE + wide(OWN[64:])
    with pytest.raises(ValueError, match="expected 64 or 128"):
        in_one_width(OWN[:100], 0)


def test_what_can_be_a_table_header() -> None:
    assert is_table_header(table_header(OWN)) and is_table_header(table_header(b""))
    assert not is_table_header(SCAN) and not is_table_header(b"\0\0\0")


def test_nothing_that_comes_raises(seed: int) -> None:
    chance, findings = random.Random(seed), Findings()
    rules = TableRules(findings, SSRC)
    fronts = [table_header(OWN), table_header(wide(OWN), precision=3), table_header(b""), jpeg()]
    for number in range(1, 5001):
        data = bytearray(payload(chance.choice(fronts), chance.randrange(128, 256), chance.choice((1, 65))))
        for _ in range(chance.randrange(4)):
            data[chance.randrange(6, 30)] = chance.randrange(256)
        data[5] |= 128
        rules.check(bytes(data[: chance.choice((8, 10, 12, 14, 200, 2000))]), number)
    Depacketizer(tables={q: tables for q, tables in rules.tables.items() if q < 255})
    assert findings.of(SSRC) <= set("J-052 J-053 J-055 J-056 J-058 J-060 J-064 J-069 J-073".split())
