"""Where a stream goes: nothing is lost, and nothing forgotten, when it goes somewhere else."""

from __future__ import annotations

import threading

from rtpjpeg import PacketTrain
from rtpjpeg.sender.outlets import Outlets
from sender.doubles import ListedSender

TRAIN = PacketTrain.from_packets([b"one", b"four"])


def outlets(*senders: ListedSender) -> Outlets:
    return Outlets(senders)  # type: ignore[arg-type]


def test_what_went_to_other_places_before_is_counted() -> None:
    one, two = ListedSender(), ListedSender()
    places = outlets(one)
    one.send_errors = 3
    places.send(TRAIN)
    places.replace([two, two])  # type: ignore[list-item]
    places.send(TRAIN)
    assert (one.closed, two.closed) == (1, 0)
    assert places.count() == {"packets_sent": 2 + 2 * 4, "bytes_sent": 7 + 2 * 14, "send_errors": 3}


def test_a_train_on_its_way_leaves_before_its_socket_is_closed() -> None:
    one, two = ListedSender(), ListedSender()
    places = outlets(one, two)
    closed: list[int] = []
    changing = threading.Thread(target=places.replace, args=([ListedSender()],))

    def change() -> None:
        if not one.trains[1:]:
            changing.start()
            closed.append(two.closed)

    one.gate = change
    two.gate = lambda: closed.append(two.closed)
    places.send(TRAIN)
    changing.join(60)
    assert (closed, two.packets_sent, two.closed) == ([0, 0], 2, 1)


def test_the_narrowest_route_counts() -> None:
    one, two = ListedSender(), ListedSender()
    places = outlets(one, two)
    assert places.path_mtu is None
    one.path_mtu, two.path_mtu = 900, 700
    assert places.path_mtu == 700


def test_each_notice_is_taken_once() -> None:
    one, two = ListedSender(), ListedSender()
    one.notices, two.notices = ["a", "b"], ["c"]
    places = outlets(one, two)
    assert (places.take_notices(), places.take_notices()) == (["a", "b", "c"], [])
