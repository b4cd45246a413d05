"""The least of RTSP (RFC 2326) that makes FFmpeg report to a sender.

With an SDP file FFmpeg opens its sockets for reading alone, and its reports never leave. RTSP tells it the
sender's ports too. Only the introduction is made here: packets and reports go straight between the two.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO

from inthread import InThread
from rtpjpeg import SessionDescription

HERE = "127.0.0.1"
PATIENCE = 60.0


class Introduction(InThread):
    """Answers one player while the block runs; the camera will send from ``local_port`` and the next."""

    def __init__(self, local_port: int) -> None:
        super().__init__()
        self._local_port = local_port
        self._listener = socket.create_server((HERE, 0))
        self._listener.settimeout(PATIENCE)
        self.url = f"rtsp://{HERE}:{self._listener.getsockname()[1]}/camera"
        self.playing = threading.Event()
        """Set when the player wants packets."""

    def _wake(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # closing alone wakes nobody who waits in accept

    def _release(self) -> None:
        self._listener.close()

    def _run(self) -> None:
        # Nobody may come, and a player that has what it wants does not wait for our answer.
        with suppress(OSError):
            player, _ = self._listener.accept()
            player.settimeout(PATIENCE)
            with player, player.makefile("rb") as lines:
                while request := lines.readline():
                    method, fields = request.split()[0].decode(), dict(_fields(lines))
                    player.sendall(self._answer(method, fields))
                    if method == "PLAY":
                        self.playing.set()

    def _answer(self, method: str, fields: dict[str, str]) -> bytes:
        said, body = {"CSeq": fields["CSeq"]}, ""
        if method == "OPTIONS":
            said["Public"] = "DESCRIBE, SETUP, PLAY, TEARDOWN"
        elif method == "DESCRIBE":
            body = SessionDescription(HERE, self._local_port, framerate=30).serialize()
            said |= {"Content-Type": "application/sdp", "Content-Length": str(len(body))}
        else:
            said["Session"] = "1"
        if method == "SETUP":
            ports = f"{self._local_port}-{self._local_port + 1}"
            said["Transport"] = f"{fields['Transport']};server_port={ports}"
        head = "".join(f"{name}: {value}\r\n" for name, value in said.items())
        return f"RTSP/1.0 200 OK\r\n{head}\r\n{body}".encode()


def _fields(lines: BinaryIO) -> Iterator[tuple[str, str]]:
    """Yield the fields of a request, to the empty line behind them."""
    while line := lines.readline().decode().strip():
        name, _, value = line.partition(": ")
        yield name, value
