"""One camera on its way out: what is sent, what is counted, what ends it."""

from __future__ import annotations

import threading
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from rtpjpeg import CaptureError, RtpPacket, SenderSession
from rtpjpeg.capture.synthetic import SyntheticCamera
from rtpjpeg.sender import stream as stream_room
from rtpjpeg.sender import supervisor
from rtpjpeg.sender.pacer import Pacer
from rtpjpeg.sender.stream import CameraStream, Limits
from sender.doubles import (
    FileCamera,
    ListedCamera,
    ListedSender,
    ListedSource,
    LiveCamera,
    configured,
    picture,
    received,
)

GRAYSCALE = bytes.fromhex("ffd8 ffc0000b 08 0010 0010 01 011100 ffda0008 01 0100 003f00 00 ffd9")


class Run:
    """A stream of a camera, run to its end."""

    def __init__(self, camera: ListedCamera | None, *senders: ListedSender, **options: Any) -> None:
        self.senders = senders or (ListedSender(),)
        self.ended = threading.Event()
        limits = Limits(options.pop("frames", None), options.pop("duration", None))
        self.source = options.pop("source", None) or ListedSource()
        self.session = SenderSession(mtu=1000, **options)
        self.stream = CameraStream(
            self.source,
            camera,
            self.session,
            self.senders,
            None,
            self.ended.set,
            limits,  # type: ignore[arg-type]
        )

    def finish(self) -> CameraStream:
        self.stream.start()
        assert self.ended.wait(60)
        assert self.stream.join(60)
        return self.stream


def test_a_file_is_sent_whole_and_in_order() -> None:
    pictures = [picture(seed) for seed in range(5)]
    run = Run(FileCamera(pictures))
    stream = run.finish()
    frames = received(run.senders[0].packets)
    assert [frame.jpeg[-2000:] for frame in frames] == [jpeg[-2000:] for jpeg in pictures]
    found = stream.statistics()
    assert (found["frames_captured"], found["frames_sent"], found["frames_dropped"]) == (5, 5, 0)
    assert found["packets_sent"] == len(run.senders[0].packets)
    assert found["encode_ms"] is None
    assert set(found["send_ms"]) == {"p50", "p95", "p99", "max"}
    assert stream.fault is None


def test_timestamps_are_those_of_the_capture() -> None:
    run = Run(FileCamera([picture()] * 3), timestamp_offset=0)
    run.finish()
    stamps = [RtpPacket.parse(train[0]).timestamp for train in run.senders[0].trains]
    assert stamps == [3000, 6000, 9000]


def test_every_destination_gets_every_packet() -> None:
    one, two = ListedSender(), ListedSender()
    found = Run(FileCamera([picture()] * 3), one, two).finish().statistics()
    assert one.packets == two.packets
    assert found["packets_sent"] == 2 * len(one.packets)
    assert found["destinations"] == ["192.0.2.9:5000"] * 2


def test_frames_ends_a_stream_and_reads_no_further() -> None:
    camera = FileCamera([picture()] * 9)
    assert Run(camera, frames=4).finish().session.statistics.frames_sent == 4
    assert camera.reads == 4


@pytest.mark.parametrize("kind", [FileCamera, LiveCamera])
def test_duration_ends_a_stream(kind: type[ListedCamera]) -> None:
    def endless() -> Any:
        while True:
            yield picture()

    assert Run(kind(endless()), duration=0.05).finish().fault is None


def test_a_live_camera_that_is_faster_than_the_network_loses_the_older_pictures() -> None:
    sender = ListedSender()
    captured_all = threading.Event()
    camera = LiveCamera([picture(seed) for seed in range(6)])

    def before(number: int) -> None:
        if number == 1:
            assert sender.came.wait(60)  # the first picture is on its way
        if number == 6:
            captured_all.set()

    camera.before_each(before)
    sender.gate = lambda: captured_all.wait(60)
    stream = Run(camera, sender, frames=2).finish()
    frames = received(sender.packets)
    assert [frame.jpeg[-2000:] for frame in frames] == [picture(seed)[-2000:] for seed in (0, 5)]
    found = stream.statistics()
    assert (found["frames_captured"], found["frames_sent"], found["frames_dropped"]) == (6, 2, 4)


@pytest.mark.parametrize("duration", [None, 60.0])
@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (CaptureError("the file is broken"), "the file is broken"),
        (ZeroDivisionError("by nothing"), "ZeroDivisionError: by nothing"),
    ],
)
def test_a_file_that_fails_ends_its_stream_in_one_line(
    duration: float | None, failure: Exception, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    camera = FileCamera([failure])
    stream = Run(camera, duration=duration).finish()
    assert stream.fault == said
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == [
        f"camera1: {said}"
    ]
    assert camera.closed == 1


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for a second here."""
    monkeypatch.setattr(supervisor, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(supervisor, "LOOK", 0.01)
    monkeypatch.setattr(stream_room, "NO_SIGNAL_EVERY", 0.01)


@pytest.mark.usefixtures("quick")
def test_a_live_camera_that_fails_is_opened_again_and_its_stream_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    gone = threading.Event()
    first = LiveCamera([picture(1), CaptureError("the camera was unplugged")])
    first.before_each(lambda number: number == 1 and gone.wait(60))
    second, sender = LiveCamera([picture(2)]), ListedSender()
    sender.gate = gone.set
    run = Run(first, sender, source=ListedSource(CaptureError("not yet"), second), frames=2)
    found = run.finish().statistics()
    assert (found["frames_sent"], found["restarts"], run.stream.fault) == (2, 1, None)
    numbers = [RtpPacket.parse(packet).sequence_number for packet in sender.packets]
    assert numbers == [(numbers[0] + index) & 0xFFFF for index in range(len(numbers))], "one stream"
    assert (first.closed, run.source.opened) == (1, 2)
    said = [record.message for record in caplog.records]
    assert said[0].startswith("camera1: the camera was unplugged; tried again in")
    assert said[1].startswith("camera1: not yet; tried again in")


@pytest.mark.usefixtures("quick")
def test_a_lost_camera_says_so_once_a_second_where_that_is_wanted() -> None:
    for wanted in (True, False):
        sender = ListedSender()
        back = threading.Event()
        source = ListedSource(*[CaptureError("gone")] * 3, LiveCamera([picture(2)]), no_signal=wanted)
        source.present = back.is_set
        run = Run(LiveCamera([CaptureError("gone")]), sender, source=source, frames=1)
        run.stream.start()
        if wanted:
            assert sender.came.wait(60)
        back.set()
        assert run.ended.wait(60)
        frames = received(sender.packets)
        assert frames[-1].jpeg[-2000:] == picture(2)[-2000:]
        assert (len(frames) > 1) is wanted
        assert all((frame.width, frame.height) == (320, 240) for frame in frames)


def test_a_picture_that_cannot_be_sent_is_counted_and_each_cause_said_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stream = Run(FileCamera([GRAYSCALE, picture(), GRAYSCALE, b"GIF89a", GRAYSCALE])).finish()
    found = stream.statistics()
    assert (found["frames_sent"], found["frames_dropped"]) == (1, 4)
    said = [record.message for record in caplog.records if "cannot be sent" in record.message]
    assert len(said) == 2
    assert "grayscale" in said[0] and said[0].endswith("(RFC 2435 section 4.1), or set transcode = true")
    assert "GIF" not in said[1] and "transcode" not in said[1]


def test_transcode_is_not_named_where_it_is_on(caplog: pytest.LogCaptureFixture) -> None:
    run = Run(FileCamera([GRAYSCALE]))
    run.stream.source.config = replace(run.stream.source.config, transcode=True)
    run.finish()
    assert "grayscale" in caplog.text and "transcode" not in caplog.text


def test_refused_pictures_count_for_the_end() -> None:
    assert Run(FileCamera([GRAYSCALE] * 9), frames=3).finish().frames_captured == 3


def test_a_smaller_route_makes_packets_smaller_from_the_next_frame_on() -> None:
    sender = ListedSender()
    camera = FileCamera([picture()] * 2)
    camera.before_each(lambda number: setattr(sender, "path_mtu", 600))
    run = Run(camera, sender)
    run.finish()
    first, second = sender.trains
    assert max(map(len, first)) == 1000 - 48
    assert max(map(len, second)) == 600 - 48


def test_a_larger_route_changes_nothing() -> None:
    sender = ListedSender()
    sender.path_mtu = 9000
    run = Run(FileCamera([picture()] * 2), sender)
    run.finish()
    assert run.session.mtu == 1000


def test_notices_of_camera_and_socket_are_said(caplog: pytest.LogCaptureFixture) -> None:
    sender = ListedSender()
    sender.notices.append("nobody listens")
    camera = FileCamera([picture()])
    camera.notices.append("camera1: the light is off")
    Run(camera, sender).finish()
    said = [record.message for record in caplog.records]
    assert said == ["camera1: the light is off", "camera1: nobody listens"]


def test_with_a_pacer_large_frames_leave_in_bursts() -> None:
    sender = ListedSender()
    stream = CameraStream(
        ListedSource(),  # type: ignore[arg-type]
        FileCamera([picture(1, 640, 480)]),
        SenderSession(mtu=500),
        [sender],  # type: ignore[list-item]
        Pacer(),
        lambda: None,
    )
    stream.start()
    assert stream.join(60)
    assert len(sender.packets) > 64
    assert [len(train) for train in sender.trains[:2]] == [32, 32]
    assert len(received(sender.packets)) == 1


@pytest.mark.rule("T-047")
def test_a_reload_changes_quality_rate_and_destinations_while_it_runs() -> None:
    """Another socket, and the same SSRC: RFC 3550 section 8.2 lets a source that moves keep it."""
    camera, one, two = SyntheticCamera("camera1", 320, 240, 1000.0), ListedSender(), ListedSender()
    camera.open()
    run = Run(camera, one)
    before = run.stream.format
    run.stream.start()
    assert one.came.wait(60)
    some = threading.Event()
    two.gate = lambda: len(two.trains) > 5 and some.set()
    run.stream.reload(configured(quality=40, fps=500.0), [two])  # type: ignore[list-item]
    assert some.wait(60)
    run.stream.stop()
    assert run.stream.join(60)
    assert (before, run.stream.format) == ((320, 240, 1000.0), (320, 240, 500.0))
    parsed = [RtpPacket.parse(packet) for packet in one.packets + two.packets]
    numbers = [packet.sequence_number for packet in parsed]
    assert {packet.ssrc for packet in parsed} == {run.stream.session.ssrc}
    assert all((b - a) & 0xFFFF == 1 for a, b in pairwise(numbers)), "without a gap"
    assert received(two.packets)[-1].q == 40


def test_a_reload_changes_the_pacing_alone() -> None:
    camera, sender = LiveCamera([]), ListedSender()
    stream = CameraStream(
        ListedSource(),  # type: ignore[arg-type]
        camera,
        SenderSession(),
        [sender],  # type: ignore[list-item]
        Pacer(1 / 30),
        lambda: None,
    )
    assert stream.reload(configured(pacing=0.6), None) == set()
    assert stream._pacer is not None and stream._pacer._window == pytest.approx(0.6 / 30)
    assert stream.reload(configured(fps=5.0), None) == {"fps"}, "this camera keeps its rate"
    assert stream._pacer._window == 0


def test_before_a_camera_is_open_its_format_is_as_configured() -> None:
    assert Run(None, source=ListedSource(width=800, height=600)).stream.format == (800, 600, 30.0)


def test_a_stream_sends_for_ten_seconds_after_its_last_picture() -> None:
    run = Run(FileCamera([picture()]))
    assert not run.stream.sends(0.0)
    last = run.finish().last_sent_at
    assert last is not None and run.stream.sends(last + 9.9) and not run.stream.sends(last + 10.0)


def test_stopping_ends_a_live_stream() -> None:
    release = threading.Event()
    camera = LiveCamera([picture()] * 2)
    camera.before_each(lambda number: number and release.wait(60))
    run = Run(camera)
    run.stream.start()
    run.stream.stop()
    assert run.ended.wait(60)
    assert not run.stream.join(0)  # the camera does not answer
    release.set()
    assert run.stream.join(60)
