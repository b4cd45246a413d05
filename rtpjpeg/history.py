"""What was sent a moment ago, for whoever asks for it again.

Trains are kept as they are, without a copy, up to a number of bytes and an age. A packet goes out again once
in a round trip at most, and all of them together take a share of the rate of the stream: whoever floods a
sender with requests gets no flood back.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

from .serial import extend_sequence_number
from .train import PacketTrain

BYTES = 4 << 20
"""Bytes of packets that are kept, the least: the newest train always is."""
AGE = 0.5
"""Seconds. Older packets come too late for any picture."""
SHARE = 0.10
"""Of the rate of the stream."""
AGAIN, OF_ROUND_TRIP = 0.005, 0.8
"""Seconds after which one packet may go out once more, the least, and part of a round trip: whoever asks
again after exactly one shall not be refused."""


class History:
    """The newest packets of one stream, and the budget of those that go out again."""

    def __init__(self, share: float = SHARE) -> None:
        self.resent = 0
        """Packets that went out again."""
        self.refused = 0
        """Packets that were asked for and did not: gone, just sent again, or above the budget."""
        self._share = share
        self._trains: list[tuple[float, PacketTrain]] = []
        self._starts: list[int] = []
        """Sequence number of the first packet of each train, unwrapped."""
        self.nbytes = 0
        """Bytes that are kept."""
        self._budget = 0.0
        self._sent_again: dict[int, float] = {}

    @property
    def remembered(self) -> int:
        """Packets of which it is known when they went out again."""
        return len(self._sent_again)

    def keep(self, train: PacketTrain, now: float) -> None:
        """Take a train that goes out now."""
        number = int.from_bytes(train[0][2:4], "big")
        last = self._starts[-1] if self._starts else number
        self._starts.append(extend_sequence_number(number, last))
        self._trains.append((now, train))
        self.nbytes += train.nbytes
        gone = 0
        while gone < len(self._trains) - 1 and (self.nbytes > BYTES or now - self._trains[gone][0] > AGE):
            self.nbytes -= self._trains[gone][1].nbytes
            gone += 1
        del self._trains[:gone], self._starts[:gone]
        # What is kept is about half a second of the stream: a share of it may be saved up.
        self._budget = min(self._budget + self._share * train.nbytes, self._share * self.nbytes)
        self._forget(now)

    def take(self, numbers: Iterable[int], now: float, round_trip: float = 0.0) -> list[bytes]:
        """Return the packets of these sequence numbers that may go out again now, in their order."""
        taken: list[bytes] = []
        for number in numbers:
            packet = self._find(number, now - max(OF_ROUND_TRIP * round_trip, AGAIN))
            if packet is None or len(packet) > self._budget:
                self.refused += 1
                continue
            self._budget -= len(packet)
            self._sent_again[number] = now
            taken.append(packet)
        self.resent += len(taken)
        return taken

    def _find(self, number: int, before: float) -> bytes | None:
        """Return a packet that is here and was not sent again after ``before``."""
        if self._sent_again.get(number, before) > before:
            return None
        if not self._starts:
            return None
        place = extend_sequence_number(number, self._starts[-1])
        index = bisect_right(self._starts, place) - 1
        if index < 0 or place - self._starts[index] >= len(self._trains[index][1]):
            return None
        return self._trains[index][1][place - self._starts[index]]

    def _forget(self, now: float) -> None:
        """Forget when packets were sent again that are gone."""
        if len(self._sent_again) > 1024:
            self._sent_again = {number: at for number, at in self._sent_again.items() if now - at <= AGE}
