"""The doctor's look at the network: this machine's loopback, and machines that are worse."""

from __future__ import annotations

import errno
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from net.namespaces import Network
from receiver.feeding import free_ports
from rtpjpeg.net import gso, mmsg
from rtpjpeg.sender import network
from sender.machines import cameras, look, machine, verdicts

LIMITS = "proc/sys/net/core/{}mem_max"


@pytest.mark.parametrize(
    ("receive", "send", "expected"),
    [
        ("4194304", "1048576", {"receive buffer": "ok", "send buffer": "ok"}),
        ("212992", "212992", {"receive buffer": "warning", "send buffer": "warning"}),
        ("", "", {"receive buffer": "warning", "send buffer": "warning"}),
    ],
)
def test_the_buffers_that_the_kernel_grants(
    receive: str, send: str, expected: dict[str, str], tmp_path: Path
) -> None:
    found = machine(tmp_path, {LIMITS.format("r"): receive, LIMITS.format("w"): send})
    assert verdicts(network.buffers, found) == expected


def test_a_small_buffer_comes_with_the_line_that_enlarges_it(tmp_path: Path) -> None:
    found = machine(tmp_path, {LIMITS.format("r"): "212992"})
    assert "echo net.core.rmem_max=4194304 |" in look(network.buffers, found)["receive buffer"].advice


def test_the_quick_ways_are_tried_and_work(tmp_path: Path) -> None:
    assert verdicts(network.quick_ways, machine(tmp_path)) == {"UDP_SEGMENT": "ok", "sendmmsg": "ok"}


def test_a_way_that_the_kernel_refuses_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: Any) -> int:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(gso, "send_segments", refuse)
    monkeypatch.setattr(mmsg, "sendmmsg", None)
    found = look(network.quick_ways, machine(tmp_path))
    assert [finding.verdict for finding in found.values()] == ["warning", "warning"]
    assert found["UDP_SEGMENT"].found == "does not work here (EIO)"
    assert found["sendmmsg"].found == "does not work here (ENOSYS)"


def test_packets_that_are_not_cut_do_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def uncut(sock: socket.socket, most: int, train: Any, first: int) -> int:
        sock.send(bytes(train.data))
        return 1

    monkeypatch.setattr(gso, "send_segments", uncut)
    assert look(network.quick_ways, machine(tmp_path))["UDP_SEGMENT"].found == "0 of 8 packets arrived"


def test_a_destination_that_can_be_reached(tmp_path: Path) -> None:
    found = look(
        network.destinations, machine(tmp_path), cameras(destinations=["127.0.0.1:5000", "localhost:5002"])
    )
    assert [finding.verdict for finding in found.values()] == ["ok", "ok"]
    assert found["camera1 to 127.0.0.1:5000"].found.startswith("127.0.0.1 from 127.0.0.1, packets of up to 6")


def test_a_name_that_nobody_knows_is_a_fault(tmp_path: Path) -> None:
    found = look(network.destinations, machine(tmp_path), cameras(dest_host="no-such-host.invalid"))
    (finding,) = found.values()
    assert (finding.verdict, "no-such-host.invalid" in finding.found) == ("fault", True)


def test_a_route_for_smaller_packets_is_a_warning(tmp_path: Path) -> None:
    (camera,) = cameras()
    (finding,) = look(network.destinations, machine(tmp_path), [replace(camera, mtu=70_000)]).values()
    assert finding.verdict == "warning"
    assert finding.advice.startswith("set mtu = 6")


def test_a_machine_without_a_network_has_no_way(tmp_path: Path) -> None:
    alone = Network("a")
    try:
        found = alone.inside(
            "a", lambda: look(network.destinations, machine(tmp_path), cameras(dest_host="192.0.2.1"))
        )
    finally:
        alone.close()
    (finding,) = found.values()
    assert (finding.verdict, finding.found) == ("fault", "no way there: Network is unreachable")


def test_an_interface_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    found = look(network.destinations, machine(tmp_path), cameras(interface="no-such0"))
    (finding,) = found.values()
    assert finding.verdict == "fault"
    assert "interface 'no-such0' is not there" in finding.found


def test_each_destination_is_looked_for_by_its_own_interface(tmp_path: Path) -> None:
    places = ["127.0.0.1:5000@127.0.0.2,127.0.0.1:5000@no-such0"]
    found = look(network.destinations, machine(tmp_path), cameras(destinations=places[0].split(",")))
    assert found["camera1 to 127.0.0.1:5000 by 127.0.0.2"].found.startswith("127.0.0.1 from 127.0.0.2,")
    assert found["camera1 to 127.0.0.1:5000 by no-such0"].verdict == "fault"


def test_local_ports_are_free_or_taken(tmp_path: Path) -> None:
    port = free_ports(1)[0]
    assert verdicts(network.local_ports, machine(tmp_path), cameras()) == {}
    assert verdicts(network.local_ports, machine(tmp_path), cameras(local_port=port)) == {
        "camera1 local port": "ok"
    }
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind(("", 0))
        taken = cameras(local_port=holder.getsockname()[1])
        (finding,) = look(network.local_ports, machine(tmp_path), taken).values()
    assert (finding.verdict, "taken by another program" in finding.found) == ("fault", True)


@pytest.mark.parametrize(
    ("answer", "verdict"), [("Power save: on", "warning"), ("Power save: off", "ok"), (None, "ok")]
)
def test_wifi_that_sleeps(answer: str | None, verdict: str, tmp_path: Path) -> None:
    programs = {"iw dev wlan0 get power_save": answer} if answer else {}
    found = machine(tmp_path, {"sys/class/net/wlan0/wireless/status": ""}, programs)
    assert verdicts(network.wireless, found) == {"Wi-Fi wlan0": verdict}
    assert verdicts(network.wireless, machine(tmp_path / "wired")) == {}
