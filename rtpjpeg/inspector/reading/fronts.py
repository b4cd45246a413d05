"""Which of the datagrams that a capture cut short hold all headers of an RTP/JPEG packet.

Of such a packet the number, the time, the place of its data in the frame and its length are known, and the
data is not.

    UDP  RTP(12)  CSRC(4 each)  extension(4 + 4 a word)  JPEG(8)  restart(4)  table header(4) | cut
"""

from __future__ import annotations

import numpy as np

from ...payload import MAIN_SIZE, RESTART_SIZE, TABLE_HEADER_SIZE
from ...rtp import HEADER_SIZE, gather
from ...train import Bytes, Column, Flags
from .trains import LARGEST_PACKET

JPEG_HEADERS = MAIN_SIZE + RESTART_SIZE + TABLE_HEADER_SIZE
RTCP = (192, 223)
"""Second byte (RFC 5761 section 4): of a report nothing is known before its end."""


def hold_headers(data: Bytes, starts: Column, lengths: Column, held: Column) -> Flags:
    """Tell which payloads of UDP begin with headers that are all there.

    ``lengths`` are the bytes that they had, ``held`` those that the capture holds. A packet with padding is
    none of them, for the last byte says how much; nor is a train, of which the cuts are not known.
    """
    fronts = gather(data, starts, 2)
    first, second = fronts[:, 0], fronts[:, 1]
    contributors = (first & 0x0F).astype(np.int64) * 4
    behind = gather(data, starts + HEADER_SIZE + contributors + 2, 2).view(">u2")[:, 0].astype(np.int64)
    extension = np.where(first & 0x10, 4 + 4 * behind, 0)
    rtp = (first >> 6 == 2) & (first & 0x20 == 0) & ((second < RTCP[0]) | (second > RTCP[1]))
    whole = HEADER_SIZE + contributors + extension + JPEG_HEADERS <= held
    fitting: Flags = rtp & whole & (held <= lengths) & (lengths <= LARGEST_PACKET)
    return fitting
