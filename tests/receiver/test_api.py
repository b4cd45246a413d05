"""rtpjpeg.open: what a program gets from sockets and files, and what becomes of it when it goes away."""

from __future__ import annotations

import builtins
import gc
import signal
import socket
import threading
import warnings
from collections.abc import Iterator
from itertools import islice, pairwise
from pathlib import Path
from types import FrameType

import pytest

import rtpjpeg
from receiver.feeding import Feeder, free_ports, train, write_capture
from receiver.test_cli import KEYS
from rtpjpeg import CaptureError, ConfigError, Packetizer, RtpJpegError, TransportError
from rtpjpeg.net.udp import UdpReceiver, UdpSender
from rtpjpeg.receiver.source import EXPECTED


@pytest.fixture
def port() -> int:
    return free_ports(1)[0]


def source(port: int) -> str:
    return f"rtp://127.0.0.1:{port}"


def test_frames_come_in_order_with_their_pictures(port: int) -> None:
    with rtpjpeg.open(source(port)) as stream, Feeder(port):
        frames = list(islice(stream, 5))
        (found,) = stream.statistics()
    assert all(before.number < after.number for before, after in pairwise(frames))
    assert {frame.source for frame in frames} == {source(port)} == set(stream.sources)
    assert KEYS - {"frames_recorded", "frames_unrecorded", "recording", "state"} <= set(found)
    assert all(frame.image.shape == (240, 320, 3) and frame.image.flags.writeable for frame in frames)
    assert found["frames_received"] >= found["frames_shown"] == 5
    assert (found["width"], found["height"], found["latency_ms"]) == (320, 240, None)


def test_several_sources_are_one_iterator(tmp_path: Path) -> None:
    ports = free_ports(2)
    path = tmp_path / "one.pcap"
    write_capture(path, frames=3)
    with rtpjpeg.open(*map(source, ports), path) as stream, Feeder(*ports):
        seen: set[str] = set()
        while len(seen) < 3:
            seen.add(next(stream).source)
    assert seen == {*map(source, ports), f"{path}#192.0.2.2:5000"} == set(stream.sources)


def test_reading_ends_after_its_time(port: int) -> None:
    with rtpjpeg.open(source(port)) as stream:
        assert stream.read(timeout=0.01) is None
        assert not stream.over
        with UdpSender(("127.0.0.1", port)) as sender:
            packetizer = Packetizer()
            for number in range(2):  # the first one proves the source
                sender.send(train(number, packetizer))
        frame = stream.read()
        assert frame is not None and frame.width == 320


def test_a_frame_is_there_though_nobody_asked_when_it_came(port: int) -> None:
    with rtpjpeg.open(source(port)) as stream, Feeder(port) as feeder:
        for _ in range(20):
            assert stream.read() is not None
        assert feeder.packetizers


def test_after_close_iteration_ends(port: int) -> None:
    stream = rtpjpeg.open(source(port))
    stream.close()
    stream.close()
    assert stream.closed and stream.over
    assert stream.read() is None
    assert list(stream) == []
    assert stream.statistics()[0]["packets_received"] == 0
    rtpjpeg.open(source(port)).close()  # The port is free again.


def test_closing_lets_a_program_go_that_waits(port: int) -> None:
    stream = rtpjpeg.open(source(port))
    got: list[object] = []
    reader = threading.Thread(target=lambda: got.append(stream.read()))
    reader.start()
    stream.close()
    reader.join()
    assert got == [None]


@pytest.mark.parametrize(
    ("sources", "options", "said"),
    [
        (("udp://:5000",), {}, f"udp://:5000: expected {EXPECTED}"),
        (("rtp://:0",), {}, "rtp://:0: found port '0', expected rtp://:PORT with a port of 1 to 65535"),
        ((0,), {}, f"source: found 0, expected {EXPECTED}"),
        ((), {"latency": 0}, "latency: found 0, expected seconds above 0"),
        ((), {"impair": "loss=5"}, "loss: found '5', expected a share such as 5% or 0.05, at most 100%"),
    ],
)
def test_wrong_arguments_are_one_sentence(sources: tuple[str], options: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        rtpjpeg.open(*sources, **options)  # type: ignore[arg-type]
    assert str(refused.value) == said


def test_all_wrong_sources_are_named_at_once() -> None:
    with pytest.raises(ConfigError) as refused:
        rtpjpeg.open("a", "rtp://:5000", "b")
    assert len(refused.value.faults) == 2


def test_a_port_that_is_taken_is_said_as_the_viewer_says_it_and_nothing_stays_open(port: int) -> None:
    other = free_ports(1)[0]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", port))
        with pytest.raises(TransportError, match="taken by another program; end that one, or name another"):
            rtpjpeg.open(source(other), source(port))
    rtpjpeg.open(source(other)).close()


def test_without_a_source_it_is_port_5000() -> None:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as taken:
        try:
            taken.bind(("::", 5000))
        except OSError:
            pass  # Somebody has it, which is as good.
        with pytest.raises(TransportError, match="^rtp://:5000: port 5000 cannot be opened"):
            rtpjpeg.open()


def test_only_these_senders_are_heard(port: int) -> None:
    with rtpjpeg.open(source(port), senders="192.0.2.1") as stream, Feeder(port):
        assert stream.read(0.2) is None
        (found,) = stream.statistics()
    assert found["packets_received"] == 0 < found["packets_rejected"]


def test_the_network_can_be_made_bad(port: int) -> None:
    with rtpjpeg.open(source(port), impair="loss=100%,seed=1") as stream, Feeder(port):
        assert stream.read(0.1) is None


def test_of_a_file_every_frame_comes_in_order_and_then_it_ends(tmp_path: Path) -> None:
    path = tmp_path / "two.pcap"
    write_capture(path, frames=40, ports=(5000, 5002))
    with rtpjpeg.open(path) as stream:
        frames = list(stream)
        assert stream.over and not stream.closed
        assert stream.read() is None
    for port in (5000, 5002):
        numbers = [frame.number for frame in frames if frame.source == f"{path}#192.0.2.2:{port}"]
        assert numbers == list(range(40))
    assert [found["frames_shown"] for found in stream.statistics()] == [40, 40]
    assert frames[7].image.shape == (240, 320, 3), "a frame outlives its stream"


def test_a_file_that_breaks_gives_what_stands_before_and_then_says_so(tmp_path: Path) -> None:
    path = tmp_path / "broken.pcap"
    write_capture(path, frames=10)
    path.write_bytes(path.read_bytes() + b"\xff" * 64)
    got = []
    with rtpjpeg.open(str(path)) as stream, pytest.raises(CaptureError, match=f"^{path}: found"):
        for frame in stream:
            got.append(frame.number)
    assert got and got == list(range(len(got)))


def test_a_file_that_is_closed_early_leaves_no_thread(tmp_path: Path) -> None:
    path = tmp_path / "long.pcap"
    write_capture(path, frames=60)
    with rtpjpeg.open(path) as stream:
        assert next(stream).number == 0
        (reader,) = threads_of(str(path))
    assert not reader.is_alive()


def threads_of(name: str) -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == name]


class Broken(UdpReceiver):
    """A socket that fails when it is read."""

    def receive(self, timeout: float | None = None) -> list[object]:  # type: ignore[override]
        raise TransportError("the interface is gone")


def test_a_socket_that_fails_is_told_once_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    ports = free_ports(2)
    kinds = iter((Broken, UdpReceiver))
    monkeypatch.setattr("rtpjpeg.receiver.opening.UdpReceiver", lambda *where, **wishes: next(kinds)(*where))
    with rtpjpeg.open(*map(source, ports)) as stream:
        with pytest.raises(TransportError, match=f"^{source(ports[0])}: the interface is gone$"):
            next(stream)
        with Feeder(ports[1]):
            assert next(stream).source == source(ports[1])


def test_a_stream_that_is_forgotten_ends_by_itself(port: int) -> None:
    stream = rtpjpeg.open(source(port))
    (receiving,) = threads_of(source(port))
    with Feeder(port):
        assert next(stream).image is not None
    (drawing,) = threads_of(f"{source(port)} pictures")
    with pytest.warns(ResourceWarning, match=f"{source(port)}: the stream was not closed"):
        del stream
        gc.collect()
    receiving.join()
    drawing.join()
    rtpjpeg.open(source(port)).close()


def test_a_stream_may_be_forgotten_by_the_thread_that_receives(port: int) -> None:
    """The garbage collector runs in whatever thread allocates; there it must not wait for that thread."""
    stream = rtpjpeg.open(source(port), impair="seed=1")
    (receiving,) = threads_of(source(port))
    live = stream._engine._runners[0]
    finalizer = stream._finalizer
    over = threading.Event()

    def forget(*_: object) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            finalizer()
        over.set()

    live.tap = forget  # type: ignore[union-attr]
    with Feeder(port):
        assert over.wait(60)
        receiving.join()
    assert stream.read() is None


def test_a_keyboard_interrupt_ends_the_wait(port: int) -> None:
    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with rtpjpeg.open(source(port)) as stream, pytest.raises(KeyboardInterrupt):
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            stream.read()
        assert stream.closed
    finally:
        signal.signal(signal.SIGALRM, before)


def test_the_builtin_open_stays_what_it_is() -> None:
    scope: dict[str, object] = {}
    exec("from rtpjpeg import VideoCapture; found = open", scope)
    assert scope["found"] is builtins.open is not rtpjpeg.open
    assert issubclass(rtpjpeg.FrameStream, Iterator)
    assert issubclass(ConfigError, RtpJpegError)
