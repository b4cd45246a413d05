"""Names, ports, interfaces, and the addresses that datagrams come from."""

from __future__ import annotations

import socket
import struct

import pytest

from rtpjpeg.errors import TransportError
from rtpjpeg.net import address
from rtpjpeg.net.address import (
    REMEMBERED_SOURCES,
    Endpoint,
    Sources,
    interface_index,
    is_address,
    is_local,
    membership,
    multicast_interface,
    plain,
    readable,
    resolve,
    scoped,
)

LOOPBACK = socket.if_nametoindex("lo")


def sockaddr_in(host: str, port: int) -> bytes:
    return struct.pack("=H", socket.AF_INET) + struct.pack("!H4s8x", port, socket.inet_aton(host)) + bytes(16)


def sockaddr_in6(host: str, port: int, scope: int = 0) -> bytes:
    packed = socket.inet_pton(socket.AF_INET6, host)
    return (
        struct.pack("=H", socket.AF_INET6) + struct.pack("!H4x16s", port, packed) + struct.pack("=I", scope)
    )


@pytest.mark.parametrize(
    ("host", "local"),
    [("127.0.0.1", True), ("127.3.2.1", True), ("::1", True), ("192.0.2.1", False), ("2001:db8::1", False)],
)
def test_an_address_of_this_machine_is_known(host: str, local: bool) -> None:
    assert is_local(host) == local


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (sockaddr_in("192.0.2.7", 5004), ("192.0.2.7", 5004)),
        (sockaddr_in6("2001:db8::1", 65535), ("2001:db8::1", 65535)),
        (sockaddr_in6("::ffff:192.0.2.7", 1), ("192.0.2.7", 1)),
        (sockaddr_in6("fe80::1", 1, LOOPBACK), ("fe80::1%lo", 1)),
        (sockaddr_in6("fe80::1", 1, 0x7FFFFFFF), ("fe80::1%2147483647", 1)),
    ],
)
def test_a_raw_source_is_read(raw: bytes, expected: tuple[str, int]) -> None:
    assert readable(raw) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (("192.0.2.7", 5004), ("192.0.2.7", 5004)),
        (("2001:db8::1", 5004, 0, 0), ("2001:db8::1", 5004)),
        (("::ffff:192.0.2.7", 5004, 0, 0), ("192.0.2.7", 5004)),
        (("::ffff:1", 5004, 0, 0), ("::ffff:1", 5004)),
    ],
)
def test_a_source_is_named_alike_however_it_was_read(
    given: tuple[str, int, int, int], expected: tuple[str, int]
) -> None:
    assert plain(given) == expected


def test_sources_are_remembered_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bytes] = []

    def count(raw: bytes) -> tuple[str, int]:
        asked.append(raw)
        return readable(raw)

    monkeypatch.setattr(address, "readable", count)
    sources = Sources()
    raws = [sockaddr_in("192.0.2.7", port) for port in range(1, REMEMBERED_SOURCES + 2)]
    assert [sources.name(raw)[1] for raw in raws * 2] == list(range(1, REMEMBERED_SOURCES + 2)) * 2
    assert len(sources._known) <= REMEMBERED_SOURCES
    asked.clear()
    assert sources.name(raws[-1]) == ("192.0.2.7", REMEMBERED_SOURCES + 1)
    assert asked == []


def found(*hosts: str) -> list[tuple[int, int, int, str, tuple[str, int]]]:
    return [
        (socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM, 17, "", (host, 5000))
        for host in hosts
    ]


def test_of_two_kinds_of_address_a_name_means_the_ipv4_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found("2001:db8::1", "192.0.2.7"))
    endpoint = resolve("camera.example", 5000)
    assert (endpoint.family, endpoint.ip, str(endpoint)) == (
        socket.AF_INET,
        "192.0.2.7",
        "camera.example:5000",
    )
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found("2001:db8::1"))
    assert resolve("camera.example", 5000).ip == "2001:db8::1"


def test_an_unknown_name_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(TransportError) as caught:
        resolve("nosuch.example", 5004)
    assert str(caught.value) == "host 'nosuch.example' (port 5004) is not known: Name or service not known"


def test_what_cannot_be_a_name_is_one_sentence() -> None:
    with pytest.raises(TransportError, match="port 5004.* is not known: not a host name"):
        resolve("x" * 70 + ".example", 5004)


@pytest.mark.parametrize(
    ("host", "text", "multicast"),
    [
        ("127.0.0.1", "127.0.0.1:5000", False),
        ("::1", "[::1]:5000", False),
        ("239.1.2.3", "239.1.2.3:5000", True),
        ("ff02::1%lo", "[ff02::1%lo]:5000", True),
    ],
)
def test_an_endpoint_knows_what_it_is(host: str, text: str, multicast: bool) -> None:
    endpoint = resolve(host, 5000)
    assert (str(endpoint), endpoint.multicast) == (text, multicast)


def test_an_interface_that_is_not_there_is_one_sentence() -> None:
    assert interface_index("lo") == LOOPBACK
    with pytest.raises(TransportError, match="^interface 'wlan9' is not there: expected one of .*lo"):
        interface_index("wlan9")


def test_what_the_options_of_multicast_take() -> None:
    index = struct.pack("@I", LOOPBACK)
    v4, v6 = resolve("239.1.2.3", 5000), resolve("ff02::5", 5000)
    group4, group6 = bytes([239, 1, 2, 3]), socket.inet_pton(socket.AF_INET6, "ff02::5")
    assert multicast_interface(socket.AF_INET, None) == bytes(4)
    assert multicast_interface(socket.AF_INET, "127.0.0.1") == bytes([127, 0, 0, 1])
    assert multicast_interface(socket.AF_INET, "lo") == bytes(8) + index
    assert multicast_interface(socket.AF_INET6, None) == bytes(4)
    assert multicast_interface(socket.AF_INET6, "lo") == index
    assert membership(v4, None) == group4 + bytes(4)
    assert membership(v4, "127.0.0.1") == group4 + bytes([127, 0, 0, 1])
    assert membership(v4, "lo") == group4 + bytes(4) + index
    assert membership(v6, None) == group6 + bytes(4)
    assert membership(v6, "lo") == group6 + index


def test_an_ipv6_address_is_scoped_by_the_interface() -> None:
    assert scoped(resolve("fe80::1", 5000), "lo") == ("fe80::1", 5000, 0, LOOPBACK)
    assert scoped(resolve("fe80::1", 5000), None) == ("fe80::1", 5000, 0, 0)
    assert scoped(resolve("fe80::1", 5000), "fe80::2") == ("fe80::1", 5000, 0, 0)
    assert scoped(resolve("192.0.2.1", 5000), "lo") == ("192.0.2.1", 5000)


def test_addresses_and_names_are_told_apart() -> None:
    assert is_address("192.0.2.7") and is_address("fe80::1%lo")
    assert not is_address("wlan0") and not is_address("")


def test_an_endpoint_of_all_addresses() -> None:
    assert not Endpoint("", 5000, socket.AF_INET, ("0.0.0.0", 5000)).multicast
