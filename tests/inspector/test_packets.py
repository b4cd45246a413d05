"""A line a packet: what each says, that columns stand below each other, and that nothing stops it."""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from conformance.builders import main, restart, rtp, table_header
from fuzz.mutations import mutated_streams
from inspector.making import batch_of, batches_of
from peers import need
from rtpjpeg import CaptureError
from rtpjpeg.inspector.batch import Batch
from rtpjpeg.inspector.packets import packet_lines
from rtpjpeg.net.address import Address

ROOT = Path(__file__).parents[2]
CAPTURES = sorted((ROOT / "fixtures" / "captures").glob("*.pcap"))
HERE, THERE = ("192.0.2.1", 40000), ("192.0.2.2", 5000)
TABLES = bytes(range(1, 129))
FRONT = "0x1234abcd  seq     1  ts       9000    "
MUTATED = 20_000


def batch(payloads: Iterable[bytes], source: Address = HERE, destination: Address = THERE) -> Batch:
    return batch_of((1.0, source, destination, payload) for payload in payloads)


def text(payload: bytes, payload_types: tuple[int, ...] = (26,), port: int = 5000) -> str:
    """What stands behind number, time and addresses."""
    (line,) = packet_lines(batch([payload], destination=("192.0.2.2", port)), 10**9, payload_types)
    front = f"     1    0.000000  192.0.2.1:40000 -> 192.0.2.2:{port}  "
    assert line.startswith(front)
    return line.removeprefix(front)


SENTENCES = {
    "plain": (
        rtp(main(1400) + b"scan"),
        f"JPEG  {FRONT} type   1  Q  75      64x48  offset    1400  data     4",
    ),
    "marker": (
        rtp(main(1400), marker=True, sequence=65535, timestamp=0xFFFFFFFF, ssrc=7),
        "JPEG  0x00000007  seq 65535  ts 4294967295  M  type   1  Q  75      64x48"
        "  offset    1400  data     0",
    ),
    "the first packet, all headers": (
        rtp(
            main(type=65, q=255, width=1280, height=720)
            + restart(40, (1, 0, 7))
            + table_header(TABLES)
            + b"s"
        ),
        f"JPEG  {FRONT} type  65  Q 255   1280x720  offset       0  data     1"
        "  restart    40 F-     7  tables 128",
    ),
    "restart header of a later packet": (
        rtp(main(900, type=64) + restart(9, (0, 1, 0x3FFF)) + b"scan"),
        f"JPEG  {FRONT} type  64  Q  75      64x48  offset     900  data     4  restart     9 -L 16383",
    ),
    "16-bit tables": (
        rtp(main(q=255) + table_header(bytes(256), precision=3)),
        f"JPEG  {FRONT} type   1  Q 255      64x48  offset       0  data     0  tables 256 precision 3",
    ),
    "padding, extension and CSRC list": (
        rtp(main(900) + b"scan", padding=8, extension=bytes(8), csrcs=(1, 2)),
        f"JPEG  {FRONT} type   1  Q  75      64x48  offset     900  data     4",
    ),
    "an extension that scapy gives up on": (
        rtp(main(900) + b"scan", extension=bytes(800)),
        f"JPEG  {FRONT} type   1  Q  75      64x48  offset     900  data     4",
    ),
    "padding that looks like a restart header's": (
        rtp(main(900, type=65) + restart(4, (0, 0, 1)), padding=4),
        f"JPEG  {FRONT} type  65  Q  75      64x48  offset     900  data     0  restart     4 --     1",
    ),
    "no main header": (
        rtp(bytes(7)),
        f"JPEG  {FRONT} malformed: main JPEG header: found 7 bytes, expected 8 bytes or more"
        " (RFC 2435 section 3.1)",
    ),
    "no restart header": (
        rtp(main(900, type=65) + bytes(3)),
        f"JPEG  {FRONT} malformed: restart marker header: found 3 bytes, expected 4 bytes or more"
        " (RFC 2435 section 3.1.7)",
    ),
    "table length": (
        rtp(main(q=255) + table_header(TABLES, length=129)),
        f"JPEG  {FRONT} malformed: quantization table length: found 129, expected at most 128 bytes here"
        " (RFC 2435 section 3.1.8)",
    ),
    "offset": (
        rtp(main(0xFFFFFF) + b"scan"),
        f"JPEG  {FRONT} malformed: fragment offset plus data length: found 16777219, expected at most"
        " 16777216 (RFC 2435 section 3.1.2)",
    ),
    "CSRC count": (
        b"\x8f" + rtp(b"abcd")[1:],
        f"JPEG  {FRONT} malformed: CSRC count: found 15, expected at most 1 here (RFC 3550 section A.1)",
    ),
    "another payload type": (rtp(b"abcd", payload_type=97), f"RTP   {FRONT} payload type 97  16 bytes"),
    "RTCP": (bytes.fromhex("81CB0001 1234ABCD"), "RTCP  BYE 0x1234abcd"),
    "broken RTCP": (
        bytes.fromhex("81C80001 1234ABCD"),
        "RTCP  malformed: RTCP report length: found 8, expected 28 bytes or more (RFC 3550 section 6.4)",
    ),
    "version 1": (rtp(main(), version=1), "UDP   20 bytes"),
    "too short": (rtp(b"")[:11], "UDP   11 bytes"),
    "nothing": (b"", "UDP   0 bytes"),
}


@pytest.mark.parametrize(("payload", "expected"), SENTENCES.values(), ids=SENTENCES)
def test_what_a_line_says(payload: bytes, expected: str) -> None:
    assert text(payload) == expected


@pytest.mark.parametrize("extension", [None, bytes(8)])
def test_other_payload_types_are_read_as_jpeg_where_asked(extension: bytes | None) -> None:
    payload = rtp(main(900) + b"scan", payload_type=97, extension=extension)
    assert text(payload, (26, 97)).startswith("JPEG  0x1234abcd")
    assert text(payload, (26,)).startswith("RTP   0x1234abcd")


@pytest.mark.parametrize("payload", [rtp(b"abcd", payload_type=97), bytes.fromhex("81CB0001 1234ABCD")])
def test_a_port_of_the_system_carries_no_rtp(payload: bytes) -> None:
    assert text(payload, port=53) == f"UDP   {len(payload)} bytes"


def test_columns_stand_below_each_other() -> None:
    ends: list[tuple[Address, Address]] = [(HERE, THERE), (("2001:db8::1", 1), ("192.0.2.2", 65535))]
    rows = [(1.0, *end, rtp(main(900) + b"scan")) for end in ends]
    rows += [(12345.678901, *ends[0], b"abc")]
    lines = list(packet_lines(batch_of(rows, first=99_999), 10**9))
    assert lines[0].startswith(" 99999    0.000000  192.0.2.1:40000 -> 192.0.2.2:5000   JPEG  0x")
    assert lines[1].startswith("100000    0.000000  [2001:db8::1]:1 -> 192.0.2.2:65535  JPEG  0x")
    assert lines[2] == "100001 12344.678901  192.0.2.1:40000 -> 192.0.2.2:5000   UDP   3 bytes"


def test_a_time_before_the_first_is_negative() -> None:
    (line,) = packet_lines(batch([b"abc"]), 10**9 + 1500)
    assert line.startswith("     1   -0.000001  ") or line.startswith("     1   -0.000002  ")


def test_fragments_are_told() -> None:
    one = batch([rtp(main(900) + b"scan"), b"abc"])
    one.pieces[:] = [3, 1]
    first, second = packet_lines(one, 10**9)
    assert first.endswith("data     4  in 3 IP fragments")
    assert second.endswith("UDP   3 bytes")


def test_an_empty_batch_has_no_lines() -> None:
    assert list(packet_lines(batch([]), 0)) == []


def test_a_batch_reads_only_its_own_bytes() -> None:
    payloads = [rtp(main(900, type=65) + restart(4))[:-2], rtp(main(900) + b"scan"), rtp(b"")]
    together = [line.split("  ", 3)[-1] for line in packet_lines(batch(payloads), 10**9)]
    alone = [line.split("  ", 3)[-1] for one in payloads for line in packet_lines(batch([one]), 10**9)]
    assert together == alone


READ = re.compile(
    r"JPEG  (?P<ssrc>0x\w{8})  seq +(?P<seq>\d+)  ts +(?P<ts>\d+)  (?P<marker>[M ])  type +(?P<type>\d+)"
    r"  Q +(?P<q>\d+) +(?P<width>\d+)x(?P<height>\d+)  offset +(?P<offset>\d+)  data +(?P<data>\d+)"
    r"(?:  restart +(?P<interval>\d+) (?P<f>[F-])(?P<l>[L-]) +(?P<count>\d+))?(?:  tables (?P<tables>\d+))?$"
)
FIELDS = (
    *("frame.number", "rtp.ssrc", "rtp.seq", "rtp.timestamp", "rtp.marker", "jpeg.main_hdr.type"),
    *("jpeg.main_hdr.q", "jpeg.main_hdr.width", "jpeg.main_hdr.height", "jpeg.main_hdr.offset"),
    *("jpeg.restart_hdr.interval", "jpeg.restart_hdr.f", "jpeg.restart_hdr.l", "jpeg.restart_hdr.count"),
    *("jpeg.qtable_hdr.length", "jpeg.payload"),
)


def tshark(capture: Path) -> list[list[str]]:
    """The same fields as tshark has them, the scan as its count of bytes."""
    command = [need("tshark"), "-r", str(capture), "-d", "udp.port==5000,rtp", "-T", "fields"]
    command += ["-E", "separator=|", *(word for field in FIELDS for word in ("-e", field))]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    rows = [line.split("|") for line in output.splitlines()]
    return [[*row[:-1], str(len(row[-1]) // 2)] for row in rows]


def told(line: str) -> list[str]:
    """The same fields, read from one of our lines."""
    found = READ.search(line)
    assert found, line
    words = {name: word or "" for name, word in found.groupdict().items()}
    words["marker"] = str(int(words["marker"] == "M"))
    for name in ("f", "l"):
        words[name] = {"": "", "-": "0"}.get(words[name], "1")
    data = words.pop("data")
    return [line.split()[0], *words.values(), data]


@pytest.mark.interop
@pytest.mark.parametrize("capture", CAPTURES, ids=lambda path: path.stem)
def test_lines_say_what_tshark_says(capture: Path) -> None:
    lines = [line for batch in batches_of(capture) for line in packet_lines(batch, 0)]
    assert [told(line) for line in lines] == tshark(capture)


def test_mutated_packets_have_a_line_each(seed: int) -> None:
    packets = list(itertools.islice(itertools.chain.from_iterable(mutated_streams(seed, MUTATED)), MUTATED))
    lines = list(packet_lines(batch(packets), 10**9))
    assert len(lines) == MUTATED
    assert all(line.isprintable() and line == line.rstrip() for line in lines)
    counts = {word: sum(word in line for line in lines) for word in ("  data ", "malformed: ", "UDP   ")}
    assert min(counts.values()) > 0
    assert counts["  data "] > MUTATED / 2


def test_without_scapy_one_sentence_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scapy.config", None)
    monkeypatch.delitem(sys.modules, "rtpjpeg.inspector.layers", raising=False)
    monkeypatch.delattr("rtpjpeg.inspector.layers", raising=False)
    with pytest.raises(CaptureError, match=r"^--packets needs scapy: pip install rtpjpeg\[inspect\]$"):
        packet_lines(batch([b"abc"]), 0)


def test_times_are_exact_far_from_the_origin() -> None:
    one = batch([b"abc"])
    one.times = np.array([86_400 * 10**9 + 123_456_000], np.int64)
    (line,) = packet_lines(one, 0)
    assert line.startswith("     1 86400.123456  ")


def test_scapy_is_loaded_when_it_is_needed_and_never_whole() -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); import rtpjpeg.inspector.packets\n"
        "assert 'scapy' not in sys.modules\n"
        "import rtpjpeg.inspector.layers\n"
        "assert not {'scapy.all', 'scapy.layers.all', 'scapy.layers.inet'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
