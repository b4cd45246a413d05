"""What the kernel dropped is said apart from what the network lost, and not too often."""

from __future__ import annotations

from types import SimpleNamespace

from rtpjpeg.receiver.drops import KernelDrops


def socket(drops: int, granted: int = 4096) -> SimpleNamespace:
    return SimpleNamespace(kernel_drops=drops, granted_buffer=granted, asked_buffer=4096)


def test_it_is_said_at_once_and_then_every_ten_seconds_at_most() -> None:
    notices = KernelDrops()
    said = {
        now: text for now in range(32) if (text := notices.notice(socket(3 * now if now < 25 else 72), now))
    }
    assert [*said] == [1, 11, 21, 31]
    assert said[1].startswith("the kernel dropped 3 packets, 3 in all: this machine was too slow")
    assert said[11].startswith("the kernel dropped 30 packets, 33 in all: ")
    assert said[31].startswith("the kernel dropped 9 packets, 72 in all: ")


def test_a_buffer_that_is_too_small_is_named_with_what_to_set() -> None:
    text = KernelDrops().notice(socket(1, granted=1024), 0.0)
    assert "buffer of 1024 bytes was full; raise it with: sysctl -w net.core.rmem_max=4096" in text


def test_nothing_dropped_is_nothing_to_say() -> None:
    notices = KernelDrops()
    assert [notices.notice(socket(0), now) for now in range(5)] == [""] * 5


def test_the_kernel_is_asked_once_a_second() -> None:
    class Counting:
        asked = 0
        granted_buffer = asked_buffer = 4096

        @property
        def kernel_drops(self) -> int:
            self.asked += 1
            return 0

    notices, counting = KernelDrops(), Counting()
    for hundredth in range(501):
        notices.notice(counting, hundredth / 100)
    assert 5 <= counting.asked <= 6
