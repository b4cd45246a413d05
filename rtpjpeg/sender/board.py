"""What the doctor asks of the board: is it cool, fed, fast and on time?"""

from __future__ import annotations

import ctypes
import platform
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from .machine import FAULT, OK, WARNING, Finding, Machine

if TYPE_CHECKING:
    from ..config import CameraConfig

HOT = 80.0
"""Degrees Celsius at which a Raspberry Pi begins to slow down."""
LITTLE_MEMORY, TOO_LITTLE_MEMORY = 192, 64
"""MiB available: two cameras of 640x480 take about 100, libcamera's buffers not counted."""
UNSYNCHRONISED = 5
"""TIME_ERROR of adjtimex(2)."""
# Bits of get_throttled, now; the same 16 higher: since the machine was started.
UNDER_VOLTAGE = 0
_THROTTLED = {
    UNDER_VOLTAGE: "the voltage is too low",
    1: "the clock rate is capped",
    2: "the processor is throttled",
    3: "the soft temperature limit is reached",
}
_ANSWER = re.compile("throttled=0x([0-9a-fA-F]+)")
# In these drivers the governor of this name follows the load all the same.
_SELF_WILLED = ("intel_pstate", "amd-pstate", "amd-pstate-epp", "intel_cpufreq")


def board(machine: Machine, cameras: Sequence[CameraConfig]) -> Iterator[Finding]:
    """Say which machine this is."""
    yield Finding("board", OK, machine.model or f"{platform.machine()}, {platform.system()}")


def power(machine: Machine, cameras: Sequence[CameraConfig]) -> Iterator[Finding]:
    """Ask the firmware of a Raspberry Pi whether it had to hold the processor back."""
    said = _ANSWER.fullmatch(machine.run(["vcgencmd", "get_throttled"]) or "")
    if said is not None:
        yield _power(int(said[1], 16))
    elif machine.is_pi:
        yield Finding("power", WARNING, "vcgencmd does not answer", "sudo apt install raspi-utils")


def _power(bits: int) -> Finding:
    now = [text for bit, text in _THROTTLED.items() if bits >> bit & 1]
    before = [text for bit, text in _THROTTLED.items() if bits >> bit + 16 & 1]
    starved = bits & (1 << UNDER_VOLTAGE | 1 << UNDER_VOLTAGE + 16)
    advice = "take the power supply that is made for this board, and a short cable" if starved else "cool it"
    if now:
        return Finding("power", FAULT if bits >> UNDER_VOLTAGE & 1 else WARNING, ", ".join(now), advice)
    if before:
        return Finding("power", WARNING, f"since the start: {', '.join(before)}", advice)
    return Finding("power", OK, "never too low, never throttled")


def temperature(machine: Machine, cameras: Sequence[CameraConfig]) -> Iterator[Finding]:
    """Look at the hottest zone."""
    zones = [machine.number(path) for path in machine.paths("sys/class/thermal/thermal_zone*/temp")]
    degrees = [zone / 1000 for zone in zones if zone is not None]
    if degrees:
        hot = max(degrees) >= HOT
        advice = "a heat sink or a fan; a Raspberry Pi slows down from 80 degrees on" if hot else ""
        yield Finding("temperature", WARNING if hot else OK, f"{max(degrees):.0f} degrees Celsius", advice)


def governor(machine: Machine, cameras: Sequence[CameraConfig]) -> Iterator[Finding]:
    """Look for a processor that is held at its lowest clock rate."""
    found = set()
    for path in machine.paths("sys/devices/system/cpu/cpufreq/policy*/scaling_governor"):
        driver = machine.read(path.replace("scaling_governor", "scaling_driver"))
        name = machine.read(path) or "unknown"
        found.add(name if name != "powersave" or driver not in _SELF_WILLED else f"{name} of {driver}")
    if "powersave" in found:
        command = "echo schedutil | sudo tee /sys/devices/system/cpu/cpufreq/policy*/scaling_governor"
        yield Finding("governor", WARNING, "powersave: the lowest clock rate, always", command)
    elif found:
        yield Finding("governor", OK, ", ".join(sorted(found)))


def memory(machine: Machine, cameras: Sequence[CameraConfig]) -> Iterator[Finding]:
    """Look at what memory is available."""
    lines = (machine.read("proc/meminfo") or "").splitlines()
    rows = {name: rest.split() for name, _, rest in (line.partition(":") for line in lines)}
    if "MemAvailable" not in rows:
        return
    free, total = (int(rows.get(name, ["0"])[0]) // 1024 for name in ("MemAvailable", "MemTotal"))
    verdict = FAULT if free < TOO_LITTLE_MEMORY else WARNING if free < LITTLE_MEMORY else OK
    advice = "" if verdict == OK else "end other programs, or boot without a desktop: sudo raspi-config"
    yield Finding("memory", verdict, f"{free} of {total} MiB available", advice)


def clock(machine: Machine, cameras: Sequence[CameraConfig]) -> Iterator[Finding]:
    """Ask whether the clock follows a time server: viewers compare capture times with their own clock."""
    said = machine.run(["timedatectl", "show", "--property=NTPSynchronized", "--value"])
    synchronised = said == "yes" if said in ("yes", "no") else _kernel_is_synchronised()
    if synchronised:
        yield Finding("clock", OK, "follows a time server")
    else:
        advice = "sudo timedatectl set-ntp true; until then a viewer shows wrong latencies"
        yield Finding("clock", WARNING, "follows no time server", advice)


def _kernel_is_synchronised() -> bool:
    """Ask the kernel itself, as timedatectl does (adjtimex(2)); False where it cannot be asked."""
    adjtimex = getattr(ctypes.CDLL(None), "adjtimex", None)
    # struct timex begins with its modes; 0 asks and sets nothing. It is 208 bytes long.
    return adjtimex is not None and adjtimex(ctypes.create_string_buffer(512)) not in (-1, UNSYNCHRONISED)


def systemd(machine: Machine, cameras: Sequence[CameraConfig]) -> Iterator[Finding]:
    """Say whether systemd waits for word of this process."""
    from .service import Notifier

    notifier = Notifier(machine.environment)
    interval = notifier.watchdog_interval
    if not notifier.listening:
        yield Finding("systemd", OK, "did not start this process, so nothing is told")
    elif interval is None:
        advice = "WatchdogSec=30 in the unit restarts a camera stack that hangs"
        yield Finding("systemd", WARNING, "waits for READY and has no watchdog", advice)
    else:
        yield Finding("systemd", OK, f"waits for READY, and for the watchdog every {interval * 2:g} s")


CHECKS = (board, power, temperature, governor, memory, clock, systemd)
