"""Which of the datagrams that a capture cut short hold all headers of an RTP/JPEG packet.

Of such a packet the number, the time, the place of its data in the frame and its length are known, and the
data is not.

    UDP  RTP(12)  CSRC(4 each)  extension(4 + 4 a word)  JPEG(8)  restart(4)  table header(4) | cut
"""

from __future__ import annotations

import numpy as np

from ...payload import MAIN_SIZE, RESTART_SIZE, TABLE_HEADER_SIZE
from ...rtp import gather, parse_train
from ...train import Bytes, Column, Flags, PacketTrain
from .trains import LARGEST_PACKET

JPEG_HEADERS = MAIN_SIZE + RESTART_SIZE + TABLE_HEADER_SIZE
RTCP = range(64, 96)
"""What stands for a payload type, behind a marker (RFC 5761 section 4): a report is known by its end only."""


def hold_headers(data: Bytes, starts: Column, lengths: Column, held: Column) -> Flags:
    """Tell which payloads of UDP begin with headers that are all there.

    ``lengths`` are the bytes that they had, ``held`` those that the capture holds. A packet with padding is
    none of them, for the last byte says how much; nor is a train, of which the cuts are not known.
    """
    rtp = parse_train(PacketTrain(data, starts, held))
    padded = gather(data, starts, 1)[:, 0] & 0x20 != 0
    report = rtp.marker & np.isin(rtp.payload_type, RTCP)
    whole = rtp.valid & (rtp.starts + JPEG_HEADERS <= starts + held)
    fitting: Flags = whole & ~padded & ~report & (held <= lengths) & (lengths <= LARGEST_PACKET)
    return fitting
