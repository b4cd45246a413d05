"""The doctor's look at the board: power, heat, governor, memory, clock, systemd."""

from __future__ import annotations

from pathlib import Path

import pytest

from rtpjpeg.sender import board
from sender.machines import look, machine, verdicts

PI = {"proc/device-tree/model": "Raspberry Pi 4 Model B"}
THROTTLED = "vcgencmd get_throttled"
SYNCHRONISED = "timedatectl show --property=NTPSynchronized --value"
ZONE = "sys/class/thermal/thermal_zone{}/temp"
POLICY = "sys/devices/system/cpu/cpufreq/policy{}/scaling_{}"


def test_the_board_says_its_name(tmp_path: Path) -> None:
    assert look(board.board, machine(tmp_path, PI))["board"].found == "Raspberry Pi 4 Model B"
    assert verdicts(board.board, machine(tmp_path / "other")) == {"board": "ok"}


@pytest.mark.parametrize(
    ("bits", "verdict", "said"),
    [
        ("0x0", "ok", "never too low"),
        ("0x50005", "fault", "the voltage is too low, the processor is throttled"),
        ("0x50000", "warning", "since the start: the voltage is too low, the processor is throttled"),
        ("0xe0008", "warning", "the soft temperature limit is reached"),
        ("0x20002", "warning", "the clock rate is capped"),
    ],
)
def test_power_as_the_firmware_tells_it(bits: str, verdict: str, said: str, tmp_path: Path) -> None:
    found = look(board.power, machine(tmp_path, PI, {THROTTLED: f"throttled={bits}"}))["power"]
    assert found.verdict == verdict
    assert found.found.startswith(said)
    assert bool(found.advice) == (verdict != "ok")


def test_low_voltage_and_heat_have_advice_of_their_own(tmp_path: Path) -> None:
    starved, hot = (
        look(board.power, machine(tmp_path, PI, {THROTTLED: f"throttled={bits}"}))["power"].advice
        for bits in ("0x10000", "0x8")
    )
    assert "power supply" in starved
    assert hot == "cool it"


@pytest.mark.parametrize("answer", [{}, {THROTTLED: "error=1"}])
def test_only_a_pi_is_expected_to_tell_its_power(answer: dict[str, str], tmp_path: Path) -> None:
    assert verdicts(board.power, machine(tmp_path, None, answer)) == {}
    assert verdicts(board.power, machine(tmp_path, PI, answer)) == {"power": "warning"}


@pytest.mark.parametrize(("hottest", "verdict"), [("79999", "ok"), ("80000", "warning")])
def test_the_hottest_zone_counts(hottest: str, verdict: str, tmp_path: Path) -> None:
    files = {ZONE.format(0): "45000", ZONE.format(1): hottest, ZONE.format(2): "none"}
    assert verdicts(board.temperature, machine(tmp_path, files)) == {"temperature": verdict}


def test_without_a_thermometer_nothing_is_said(tmp_path: Path) -> None:
    assert verdicts(board.temperature, machine(tmp_path)) == {}


@pytest.mark.parametrize(
    ("names", "driver", "verdict"),
    [
        (("ondemand", "ondemand"), "cpufreq-dt", "ok"),
        (("ondemand", "powersave"), "cpufreq-dt", "warning"),
        (("powersave", "powersave"), "intel_pstate", "ok"),
    ],
)
def test_powersave_is_a_brake_but_for_drivers_that_know_better(
    names: tuple[str, ...], driver: str, verdict: str, tmp_path: Path
) -> None:
    files = {POLICY.format(number, "governor"): name for number, name in enumerate(names)}
    files |= {POLICY.format(number, "driver"): driver for number in range(len(names))}
    assert verdicts(board.governor, machine(tmp_path, files)) == {"governor": verdict}
    assert verdicts(board.governor, machine(tmp_path / "none")) == {}


@pytest.mark.parametrize(("available", "verdict"), [(4000, "ok"), (191, "warning"), (63, "fault")])
def test_memory_that_is_available(available: int, verdict: str, tmp_path: Path) -> None:
    text = f"MemTotal:  8000000 kB\nMemFree: 1 kB\nMemAvailable: {available * 1024} kB\nHugePages_Total: 0\n"
    found = look(board.memory, machine(tmp_path, {"proc/meminfo": text}))["memory"]
    assert (found.verdict, found.found) == (verdict, f"{available} of 7812 MiB available")
    assert verdicts(board.memory, machine(tmp_path / "none")) == {}


@pytest.mark.parametrize(("answer", "verdict"), [("yes", "ok"), ("no", "warning")])
def test_the_clock_follows_a_time_server(answer: str, verdict: str, tmp_path: Path) -> None:
    assert verdicts(board.clock, machine(tmp_path, None, {SYNCHRONISED: answer})) == {"clock": verdict}


@pytest.mark.parametrize(("synchronised", "verdict"), [(True, "ok"), (False, "warning")])
def test_without_timedatectl_the_kernel_is_asked(
    synchronised: bool, verdict: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert board._kernel_is_synchronised() in (True, False)  # the call itself, on this machine
    monkeypatch.setattr(board, "_kernel_is_synchronised", lambda: synchronised)
    assert verdicts(board.clock, machine(tmp_path)) == {"clock": verdict}


@pytest.mark.parametrize(
    ("environment", "verdict", "said"),
    [
        ({}, "ok", "did not start this process"),
        ({"NOTIFY_SOCKET": "/run/systemd/notify"}, "warning", "waits for READY and has no watchdog"),
        ({"NOTIFY_SOCKET": "@n", "WATCHDOG_USEC": "30000000"}, "ok", "and for the watchdog every 30 s"),
    ],
)
def test_what_systemd_waits_for(environment: dict[str, str], verdict: str, said: str, tmp_path: Path) -> None:
    found = look(board.systemd, machine(tmp_path, environment=environment))["systemd"]
    assert found.verdict == verdict
    assert said in found.found
