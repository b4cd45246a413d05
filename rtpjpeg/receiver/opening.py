"""What it takes to receive a source: a port, a session, and a bad network in front where one is asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..clock import extension_ids
from ..errors import TransportError
from ..net.impaired import ImpairedReceiver, Receiver
from ..net.impairment import Impairment
from ..net.link import Link
from ..net.udp import UdpReceiver
from ..sending import random_cname
from ..session import ReceiverSession
from .source import Source

COALESCE = 0.0003
"""Seconds that a receiver naps when it finds a few packets: a sender's burst is still on its way. To be woken
for each packet of it costs both ends more, a millisecond of a frame of 50 packets."""


CNAME = random_cname()
"""Drawn once: the streams that one viewer receives belong together (RFC 7022 section 4.1)."""


class Opener:
    """Opens the sources of one run, all with the same wishes.

    ``deadline`` is in seconds from the first packet of a frame. With an ``impairment`` there is a link in
    front of each source, each with the next seed.
    """

    def __init__(self, deadline: float, conceal: bool, impairment: Impairment | None) -> None:
        self._deadline = deadline
        self._conceal = conceal
        self._impairment = impairment
        self._links = 0

    def port(self, source: Source) -> tuple[Source, Receiver]:
        """Take the port of a source; return the source, named by the port that was got, and the receiver.

        Raises ``TransportError``.
        """
        try:
            receiver = UdpReceiver(source.host, source.port, coalesce=COALESCE)
        except TransportError as error:
            label = source.label or f"rtp://{source.host}:{source.port}"
            hint = "; end that one, or name another port" if "taken" in str(error) else ""
            raise TransportError(f"{label}: {error}{hint}") from None
        if not source.port:
            host, port = receiver.local_address
            source = replace(source, label=f"rtp://{host}:{port}", port=port)
        link = self.link()
        return source, receiver if link is None else ImpairedReceiver(receiver, link)

    def link(self) -> Link | None:
        """Return the bad network in front of the next source, where one is asked for."""
        if self._impairment is None:
            return None
        self._links += 1
        return Link(self._impairment.derived(self._links - 1))

    def session(self, source: Source) -> ReceiverSession:
        """Return the session of a source, with what its description says.

        That of a capture asks for packets too, which nobody hears: so it waits for answers as a live one did.
        """
        said: dict[str, Any] = {"accepts": source.accepts, "rtcp": True, "cname": CNAME}
        said["authentic"] = source.key is not None
        if source.description is not None:
            width, height = source.description.width, source.description.height
            said["payload_type"] = source.description.payload_type
            said["extension_ids"] = extension_ids(source.description.extmap)
            said["dimensions"] = (width, height) if width and height else None
        return ReceiverSession(conceal=self._conceal, deadline=self._deadline, **said)


def flow_of(source: Source, label: str) -> Source:
    """Return the source of one flow in a capture file."""
    return replace(source, label=label, title=label.rpartition("#")[2], capture=None)
