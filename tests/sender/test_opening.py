"""Cameras and their sockets being opened: one that hangs holds nobody up, and nothing stays open."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from receiver.feeding import free_ports
from rtpjpeg import TransportError
from rtpjpeg.net.impairment import Impairment
from rtpjpeg.net.udp import UdpSender
from rtpjpeg.sender import camera_source, opening
from rtpjpeg.sender.opening import Attempt, Opener
from rtpjpeg.sender.outlets import Outlets
from sender.doubles import LiveCamera, configured


class Hanging:
    """Opens a camera when it is let."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.camera = LiveCamera([])
        self.let, self.over = threading.Event(), threading.Event()
        monkeypatch.setattr(camera_source, "open_camera", self._open)
        self.attempt = Attempt(configured(), self.over.set)

    def _open(self, *words: Any, **options: Any) -> LiveCamera:
        assert self.let.wait(60)
        return self.camera

    def finish(self) -> Attempt:
        self.let.set()
        assert self.over.wait(60)
        return self.attempt


def test_an_attempt_ends_with_a_camera(monkeypatch: pytest.MonkeyPatch) -> None:
    hanging = Hanging(monkeypatch)
    assert not hanging.attempt.over
    attempt = hanging.finish()
    assert (attempt.over, attempt.camera, attempt.fault) == (True, hanging.camera, None)
    attempt.give_up(12)
    assert attempt.camera is hanging.camera


def test_a_camera_that_opens_when_nobody_waits_any_more_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    hanging = Hanging(monkeypatch)
    hanging.attempt.give_up(12)
    attempt = hanging.finish()
    assert (attempt.camera, str(attempt.fault)) == (None, "it does not answer; it was asked for 12 s")
    assert hanging.camera.closed == 1


def test_sockets_that_cannot_all_be_opened_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[UdpSender] = []

    class Kept(UdpSender):
        def __init__(self, *words: Any, **options: Any) -> None:
            super().__init__(*words, **options)
            opened.append(self)

    monkeypatch.setattr(opening, "UdpSender", Kept)
    opener = Opener(None)
    (first,) = opener.senders(configured())
    with pytest.raises(TransportError):
        opener.senders(configured(destinations="127.0.0.1:5000,no-such-host.invalid:5000"))
    assert [sender._closed for sender in opened] == [False, True]
    opener.close()
    assert first._closed  # type: ignore[union-attr]


def test_each_destination_has_its_own_interface() -> None:
    """Two paths to one place: the packets leave from two addresses (RFC 7198 section 3.2)."""
    opener = Opener(Impairment(seed=1))
    senders = opener.senders(
        configured(destinations="127.0.0.1:5000@127.0.0.2,127.0.0.1:5000@127.0.0.3,127.0.0.1:5002")
    )
    outlets = Outlets(senders)
    places = ["127.0.0.1:5000@127.0.0.2", "127.0.0.1:5000@127.0.0.3", "127.0.0.1:5002"]
    assert outlets.places == places
    assert [sender.local_address[0] for sender in senders] == ["127.0.0.2", "127.0.0.3", "127.0.0.1"]
    opener.close()


def test_a_camera_keeps_its_local_port_when_it_is_sent_elsewhere() -> None:
    one, two, local = free_ports(3)
    opener = Opener(None)
    (old,) = opener.senders(configured(destinations=f"127.0.0.1:{one}", local_port=local))
    (new,) = opener.senders(configured(destinations=f"127.0.0.1:{two}", local_port=local))
    assert old.local_address[1] == new.local_address[1] == local
    with pytest.raises(TransportError, match=f"local port {local} cannot be opened: it is taken"):
        Opener(None).senders(configured(local_port=local))
    old.close()
    opener.close()
