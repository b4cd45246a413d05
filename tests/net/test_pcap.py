"""Capture files: what is written is read back, by us and by tshark; what is broken is said."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest

from net.captures import (
    DESTINATION,
    DESTINATION6,
    FOUND4,
    IPV4,
    PAYLOAD,
    SOURCE,
    SOURCE6,
    ethernet,
    interface,
    ipv4_fragments,
    pcap,
    section,
    simple,
)
from peers import need
from rtpjpeg.errors import CaptureError
from rtpjpeg.net.pcap import Datagram, DatagramWriter, ip_packet, read_datagrams, write_datagrams

TIMES = [1_700_000_000.000001, 1_700_000_000.5, 1_700_000_001.999999]


def mixture(seed: int) -> list[Datagram]:
    chance = random.Random(seed)
    sizes = [0, 1, 2, 7, 1352, 1353, 65507] + [chance.randrange(1500) for _ in range(200)]
    datagrams: list[Datagram] = []
    for number, size in enumerate(sizes):
        source, destination = chance.choice([(SOURCE, DESTINATION), (SOURCE6, DESTINATION6)])
        time = 1_700_000_000 + number + chance.randrange(10**6) / 10**6
        datagrams.append((time, source, destination, chance.randbytes(size)))
    return datagrams


def test_what_is_written_is_read_back(tmp_path: Path, seed: int) -> None:
    datagrams = mixture(seed)
    assert write_datagrams(tmp_path / "all.pcap", iter(datagrams)) == len(datagrams)
    reader = read_datagrams(tmp_path / "all.pcap")
    got = list(reader)
    assert [row[1:] for row in got] == [row[1:] for row in datagrams]
    assert [round(row[0] * 10**6) for row in got] == [round(row[0] * 10**6) for row in datagrams]
    assert (reader.notices, reader.skipped.total()) == ([], 0)


def test_a_writer_writes_one_by_one_what_all_at_once_are(tmp_path: Path, seed: int) -> None:
    datagrams = mixture(seed)
    write_datagrams(tmp_path / "all.pcap", datagrams)
    with open(tmp_path / "each.pcap", "wb", buffering=0) as stream:
        writer = DatagramWriter(stream)
        for number, datagram in enumerate(datagrams):
            assert writer.count == number
            writer.write(*datagram)
            with pytest.raises(CaptureError, match=f"^datagram {number + 2} from"):
                writer.write(1.0, ("nobody", 1), DESTINATION, b"")
            if number == 20:
                assert len(list(read_datagrams(tmp_path / "each.pcap"))) == 21
        writer.close()
        assert stream.closed
    assert (tmp_path / "each.pcap").read_bytes() == (tmp_path / "all.pcap").read_bytes()


def test_an_empty_capture_is_written_and_read(tmp_path: Path) -> None:
    assert write_datagrams(tmp_path / "none.pcap", []) == 0
    assert list(read_datagrams(tmp_path / "none.pcap")) == []


@pytest.mark.parametrize("time", TIMES)
def test_times_keep_their_microseconds(tmp_path: Path, time: float) -> None:
    write_datagrams(tmp_path / "one.pcap", [(time, SOURCE, DESTINATION, b"x")])
    [(read, _, _, _)] = read_datagrams(tmp_path / "one.pcap")
    assert f"{read:.6f}" == f"{time:.6f}"


def test_a_scope_is_not_written(tmp_path: Path) -> None:
    row = (1.0, ("fe80::1%eth0", 1), ("ff02::1%eth0", 2), b"x")
    write_datagrams(tmp_path / "one.pcap", [row])
    assert list(read_datagrams(tmp_path / "one.pcap")) == [(1.0, ("fe80::1", 1), ("ff02::1", 2), b"x")]


def ones_complement_sum(data: bytes) -> int:
    """RFC 1071 word by word, as the receiver of a packet adds it up."""
    total = 0
    for place in range(0, len(data) + len(data) % 2, 2):
        total += int.from_bytes(data[place : place + 2].ljust(2, b"\0"), "big")
        total = (total & 0xFFFF) + (total >> 16)
    return total


def test_checksums_are_those_of_the_rfcs(seed: int) -> None:
    chance = random.Random(seed)
    for size in [*range(40), 1351, 1352]:
        payload = chance.randbytes(size)
        packet = ip_packet(SOURCE, DESTINATION, payload, chance.randrange(1 << 20))
        assert ones_complement_sum(packet[:20]) == 0xFFFF
        length = (8 + size).to_bytes(4, "big")
        assert ones_complement_sum(packet[12:20] + length + b"\0\0\0\x11" + packet[20:]) == 0xFFFF
        packet = ip_packet(SOURCE6, DESTINATION6, payload)
        assert ones_complement_sum(packet[8:40] + length + b"\0\0\0\x11" + packet[40:]) == 0xFFFF


def test_a_udp_checksum_of_zero_is_written_as_ffff() -> None:
    """RFC 768: zero would mean that there is none."""
    plain = ip_packet(SOURCE, DESTINATION, b"\0\0")
    payload = plain[26:28]  # adds up to all ones with the rest
    assert ip_packet(SOURCE, DESTINATION, payload)[26:28] == b"\xff\xff"


@pytest.mark.interop
def test_tshark_reads_what_is_written_and_finds_no_wrong_checksum(tmp_path: Path, seed: int) -> None:
    datagrams = mixture(seed)
    write_datagrams(tmp_path / "all.pcap", datagrams)
    fields = "frame.time_epoch ip.src ipv6.src udp.srcport ip.dst ipv6.dst udp.dstport udp.payload"
    command = [need("tshark"), "-n", "-r", str(tmp_path / "all.pcap"), "-T", "fields"]
    for option in ("udp.check_checksum:TRUE", "ip.check_checksum:TRUE"):
        command += ["-o", option]
    for field in [*fields.split(), "ip.checksum.status", "udp.checksum.status"]:
        command += ["-e", field]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    assert len(lines) == len(datagrams)
    for line, (time, source, destination, payload) in zip(lines, datagrams, strict=True):
        epoch, src4, src6, sport, dst4, dst6, dport, data, ip_status, udp_status = line
        assert f"{float(epoch):.6f}" == f"{time:.6f}"
        assert (src4 or src6, int(sport)) == source
        assert (dst4 or dst6, int(dport)) == destination
        assert data == payload.hex()
        assert (ip_status, udp_status) == ("1" if src4 else "", "1")


@pytest.mark.interop
@pytest.mark.parametrize("kind", ["pcapng", "nsecpcap", "pcap"])
def test_captures_rewritten_by_wireshark_are_read(tmp_path: Path, kind: str, seed: int) -> None:
    datagrams = mixture(seed)
    write_datagrams(tmp_path / "in.pcap", datagrams)
    files = [str(tmp_path / "in.pcap"), str(tmp_path / "out")]
    subprocess.run([need("editcap"), "-F", kind, *files], check=True, capture_output=True)
    assert [row[1:] for row in read_datagrams(files[1])] == [row[1:] for row in datagrams]


@pytest.mark.interop
def test_a_capture_cut_short_by_its_snaplen_is_said(tmp_path: Path) -> None:
    write_datagrams(
        tmp_path / "in.pcap", [(1.0, SOURCE, DESTINATION, bytes(size)) for size in (10, 1000, 900)]
    )
    files = [str(tmp_path / "in.pcap"), str(tmp_path / "out.pcap")]
    subprocess.run([need("editcap"), "-s", "100", *files], check=True, capture_output=True)
    reader = read_datagrams(files[1])
    assert [len(row[3]) for row in reader] == [10]
    assert reader.notices == [
        f"{files[1]}: 2 packets are left out because the capture cut them short: capture with snaplen 0"
    ]


def write(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "made.pcap"
    path.write_bytes(data)
    return path


def test_a_cut_off_last_record_ends_the_reading_with_a_notice(tmp_path: Path) -> None:
    path = write(tmp_path, pcap(1, ethernet(IPV4), ethernet(IPV4))[:-1])
    reader = read_datagrams(path)
    assert [row[1:] for row in reader] == [FOUND4]
    assert reader.notices == [f"{path} ends in the middle of a record; what stands before it was read"]
    assert list(reader) == []


def test_an_unknown_link_type_is_said_once_and_the_others_are_read(tmp_path: Path) -> None:
    data = section() + interface(220) + interface(1) + simple(b"usb") + simple(b"usb")
    path = write(tmp_path, data)
    reader = read_datagrams(path)
    assert list(reader) == []
    [notice] = reader.notices
    assert notice.startswith(f"{path}: found link type 220, expected one of 0, 1, 12, ")
    assert dict(+reader.skipped) == {"link type 220": 2}


def test_missing_fragments_are_said(tmp_path: Path) -> None:
    fragments = ipv4_fragments(ip_packet(SOURCE, DESTINATION, PAYLOAD * 300), 1480)
    path = write(tmp_path, pcap(101, *fragments[:-1], IPV4))
    reader = read_datagrams(path)
    assert [row[1:] for row in reader] == [FOUND4]
    assert reader.notices == [f"{path}: 1 datagrams are left out because fragments of them are missing"]


def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    missing = tmp_path / "missing.pcap"
    for path, reason in ((missing, "No such file or directory"), (tmp_path, "Is a directory")):
        with pytest.raises(CaptureError) as caught:
            list(read_datagrams(path))
        assert str(caught.value) == f"{path} cannot be read: {reason}"


def test_a_broken_file_is_one_sentence(tmp_path: Path) -> None:
    path = write(tmp_path, b"\xff\xd8\xff\xe0")
    with pytest.raises(
        CaptureError, match=f"^{path}: found the bytes ff d8 ff e0 at its start, expected a pcap"
    ):
        next(read_datagrams(path))


def test_a_reader_may_be_closed_before_the_end(tmp_path: Path) -> None:
    reader = read_datagrams(write(tmp_path, pcap(101, IPV4, IPV4)))
    assert next(reader)[1:] == FOUND4
    reader.close()
    assert list(reader) == []


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ((1.0, ("not an address", 1), DESTINATION, b""), "does not appear to be an IPv4 or IPv6 address"),
        ((1.0, SOURCE, DESTINATION6, b""), "found IPv4 and IPv6, expected both addresses of one kind"),
        ((1.0, SOURCE, DESTINATION, bytes(65508)), "found 65508 bytes, expected at most 65507"),
        ((1.0, ("192.0.2.1", 65536), DESTINATION, b""), "datagram 2"),
        ((-1.0, SOURCE, DESTINATION, b""), "at -1.0"),
        ((2.0**33, SOURCE, DESTINATION, b""), "at 8589934592.0"),
    ],
)
def test_what_is_no_datagram_is_not_written(tmp_path: Path, row: Datagram, words: str) -> None:
    with pytest.raises(CaptureError, match=words):
        write_datagrams(tmp_path / "out.pcap", [(1.0, SOURCE, DESTINATION, b"good"), row])


def test_a_file_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "no such folder" / "out.pcap"
    with pytest.raises(CaptureError) as caught:
        write_datagrams(path, [])
    assert str(caught.value) == f"{path} cannot be written: No such file or directory"
