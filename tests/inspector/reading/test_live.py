"""Live captures: what passes an interface, and what is said when none can be made."""

from __future__ import annotations

import errno
import socket
import struct
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from inspector.reading.seen import Row, rows_of
from net.captures import FOUND4, FOUND6, IPV4, IPV6, ethernet, ipv4_fragments
from peers import missing, need_module
from rtpjpeg import PacketTrain
from rtpjpeg.errors import CaptureError, TransportError
from rtpjpeg.inspector.reading import live, live_capture
from rtpjpeg.net.pcap import ip_packet
from rtpjpeg.net.udp import UdpSender


class Listening:
    """Stands in for a socket of scapy: gives frames, then an error or nothing any more."""

    def __init__(self, frames: list[tuple[str, bytes, float | None]], end: OSError | None = None) -> None:
        self.frames = frames
        self.end = end
        self.closed = 0
        self.waited = threading.Event()

    def select(self, sockets: list[Listening], remain: float) -> list[Listening]:
        if self.frames or self.end:
            return sockets
        self.waited.set()
        return []

    def recv_raw(self, size: int) -> tuple[type, bytes, float | None]:
        assert size >= 65535 + 14
        if not self.frames:
            raise self.end or AssertionError
        name, frame, time = self.frames.pop(0)
        return type(name, (), {}), frame, time

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def listening(monkeypatch: pytest.MonkeyPatch) -> Iterator[Listening]:
    stand_in = Listening([])
    monkeypatch.setattr(live, "_listen", lambda name: stand_in)
    yield stand_in
    assert stand_in.closed == 1


def test_frames_of_every_kind_become_batches(listening: Listening) -> None:
    listening.frames = [
        ("Ether", ethernet(IPV4), 1.5),
        ("IP", IPV6, 1_700_000_000.25),
        ("Ether", b"", None),
        ("Ether", ethernet(IPV4)[:40], 2.5),
        ("CookedLinux", bytes(14) + b"\x08\x00" + IPV4, 3.0),
    ]
    size = sum(len(frame) for _, frame, _ in listening.frames)
    with live_capture("lo") as capture:
        rows = rows_of(next(capture))
        assert [(row.number, row.time, *row[2:5]) for row in rows] == [
            (1, 1_500_000_000, *FOUND4),
            (2, 1_700_000_000_250_000_000, *FOUND6),
            (4, 3_000_000_000, *FOUND4),
        ]
        assert (capture.packets, capture.cut_short, capture.size) == (4, [3], None)
        assert (capture.bytes_read, capture.name) == (size, "lo")


def test_a_batch_comes_also_when_nothing_came(listening: Listening) -> None:
    with live_capture("lo") as capture:
        assert len(next(capture)) == 0
        assert listening.waited.is_set()


def test_a_batch_does_not_wait_for_more_than_its_bytes(
    listening: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "MOST_BYTES", 200)
    monkeypatch.setattr(live, "PERIOD", 1e9)
    listening.frames = [("IP", IPV4, 1.0)] * 8
    with live_capture("lo") as capture:
        assert [len(next(capture)), len(next(capture))] == [4, 4]


def test_it_stops_where_it_is_told_to(listening: Listening) -> None:
    stop = threading.Event()
    capture = live_capture("lo", stop)
    next(capture)
    stop.set()
    assert list(capture) == [] and capture.notices == []
    assert listening.closed == 1


def test_an_interface_that_goes_away_ends_it_with_what_came(listening: Listening) -> None:
    listening.frames, listening.end = [("IP", IPV4, 1.0)], OSError(errno.ENETDOWN, "Network is down")
    with live_capture("lo") as capture:
        batches = list(capture)
    assert [len(batch) for batch in batches] == [1]
    assert capture.notices == ["capturing on lo has ended: Network is down"]


def test_frames_that_are_not_known_are_one_sentence(listening: Listening) -> None:
    listening.frames = [("Dot11", b"x", 1.0)]
    with pytest.raises(CaptureError, match="^capturing on lo: found Dot11 frames, expected Ether, "):
        next(live_capture("lo"))


def test_what_the_kernel_dropped_is_said(listening: Listening) -> None:
    class Raw:
        def getsockopt(self, *arguments: int) -> bytes:
            assert arguments == (263, 6, 8)
            return struct.pack("II", 100, 7)

    listening.ins = Raw()  # type: ignore[attr-defined]
    capture = live_capture("lo")
    next(capture)
    capture.close()
    capture._source.close()  # a second time does nothing
    assert capture.notices == ["lo: the kernel dropped 7 packets of this capture, which look lost"]


def test_an_interface_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(TransportError, match="^interface 'nowhere' is not there: expected one of .*lo"):
        live_capture("nowhere")


def test_without_scapy_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "scapy"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "scapy", None)
    with pytest.raises(CaptureError) as caught:
        live_capture("lo")
    assert str(caught.value) == "capturing needs scapy: pip install rtpjpeg[inspect]"


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (
            PermissionError(1, "Operation not permitted"),
            "needs the right to: run with sudo, or setcap cap_net_raw",
        ),
        (OSError(19, "No such device"), r"failed: \[Errno 19\] No such device"),
    ],
)
def test_why_no_socket_can_be_had(fault: OSError, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    conf = need_module("scapy.config").conf
    asked = []

    def refuse(iface: str, filter: str | None) -> None:
        asked.append(filter)
        raise fault

    need_module("scapy.arch")
    monkeypatch.setattr(conf, "L2listen", refuse)
    with pytest.raises(CaptureError, match=f"^capturing on lo {words}"):
        live_capture("lo")
    assert asked == ([live.FILTER] if isinstance(fault, PermissionError) else [live.FILTER, None])


def test_a_socket_that_is_none_of_linux_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    conf = need_module("scapy.config").conf
    need_module("scapy.arch")
    stand_in = Listening([("IP", IPV4, 1.0)])
    monkeypatch.setattr(conf, "L2listen", lambda iface, filter: stand_in)
    with live_capture("lo") as capture:
        assert len(next(capture)) == 1
    assert stand_in.closed == 1 and capture.notices == []


def real() -> bool:
    need_module("scapy")
    try:
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0).close()
    except (AttributeError, PermissionError):
        missing("the right to capture on loopback")
    return True


def rows_until(capture: Iterator, port: int, count: int) -> list[Row]:
    """Take batches until so many datagrams to a port have come."""
    rows: list[Row] = []
    for batch in capture:
        rows += [row for row in rows_of(batch) if row.destination[1] == port]
        if len(rows) >= count:
            break
    return rows


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_real_packets_on_loopback_come_once_and_whole(host: str) -> None:
    assert real()
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as receiver, live_capture("lo") as capture:
        receiver.bind((host, 0))
        port = receiver.getsockname()[1]
        packets = [struct.pack("!BBHII", 0x80, 26, number, 9, 7) + bytes(1000) for number in range(100)]
        with UdpSender((host, port)) as sender:
            assert sender.send(PacketTrain.from_packets(packets)) == 100
        rows = rows_until(capture, port, 100)
        assert [row.payload for row in rows] == packets
        assert all(row.source[0] == row.destination[0] == host for row in rows)
        assert all(row.from_train for row in rows)
        assert capture.notices == []


def test_fragments_pass_the_filter_of_the_kernel() -> None:
    """No fragment but the first has ports."""
    assert real()
    packet = ip_packet(("127.0.0.1", 40000), ("127.0.0.1", 9), bytes(5000))
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as sender:
        with live_capture("lo") as capture:
            for fragment in ipv4_fragments(packet, 1480, 77):
                sender.sendto(fragment, ("127.0.0.1", 0))
            [row] = rows_until(capture, 9, 1)
    assert (row.payload, row.pieces, row.ip_size) == (bytes(5000), 4, 1500)


def test_the_sockets_of_scapy_are_not_kept(tmp_path: Path) -> None:
    assert real()
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(3):
        with live_capture("lo") as capture:
            next(capture)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
