"""The headers of a train, RTP and RTP/JPEG, as the stream asks for them.

Two readers give the same answers: ``PacketColumns`` takes any train, a numpy column for each field, and
``AlikePackets`` the simple case, which ``read_packets`` looks for first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .alike import AlikePackets, FrameFields, Pieces, read_alike
from .payload import JpegColumns, parse_columns
from .rtp import RtpColumns, parse_train
from .train import Flags, PacketTrain

__all__ = ["AlikePackets", "FrameFields", "PacketColumns", "Packets", "Pieces", "read_alike", "read_packets"]


@dataclass(slots=True)
class PacketColumns:
    """Any train. Indices count the packets of the train."""

    rtp: RtpColumns
    jpeg: JpegColumns

    @property
    def view(self) -> memoryview:
        """The bytes of the train."""
        return self.rtp.data.data

    def first_ssrc(self, payload_type: int) -> int | None:
        """Return the SSRC of the first packet of this payload type, None without one."""
        wanted = self.rtp.valid & (self.rtp.payload_type == payload_type)
        return int(self.rtp.ssrc[int(wanted.argmax())]) if wanted.any() else None

    def all_usable(self, payload_type: int, ssrc: int) -> bool:
        """Tell whether every packet is whole and of this stream."""
        return bool(self.usable(payload_type, ssrc).all())

    def usable(self, payload_type: int, ssrc: int) -> Flags:
        """Tell which packets are whole and of this stream."""
        rtp = self.rtp
        usable: Flags = rtp.valid & self.jpeg.valid & (rtp.payload_type == payload_type) & (rtp.ssrc == ssrc)
        return usable

    def runs(self, first: int, stop: int) -> list[tuple[int, int]]:
        """Cut packets where the sequence number is not the next one."""
        numbers = self.rtp.sequence_number[first:stop]
        return _parts(((numbers[1:] - numbers[:-1]) & 0xFFFF) != 1, first, stop)

    def instants(self, first: int, stop: int) -> list[tuple[int, int]]:
        """Cut packets where the timestamp changes."""
        timestamps = self.rtp.timestamp[first:stop]
        return _parts(timestamps[1:] != timestamps[:-1], first, stop)

    def frames(self, first: int, stop: int) -> list[tuple[int, int]]:
        """Cut packets where a frame ends or may begin: timestamp, marker, offset 0."""
        rtp = self.rtp
        begins = rtp.timestamp[first + 1 : stop] != rtp.timestamp[first : stop - 1]
        begins |= rtp.marker[first : stop - 1]
        begins |= self.jpeg.fragment_offset[first + 1 : stop] == 0
        return _parts(begins, first, stop)

    def sequence_number(self, index: int) -> int:
        """Return the 16-bit sequence number of a packet."""
        return int(self.rtp.sequence_number[index])

    def timestamp(self, index: int) -> int:
        """Return the timestamp of a packet."""
        return int(self.rtp.timestamp[index])

    def marker(self, index: int) -> bool:
        """Return the marker bit of a packet."""
        return bool(self.rtp.marker[index])

    def fragment_offset(self, index: int) -> int:
        """Return the fragment offset of a packet."""
        return int(self.jpeg.fragment_offset[index])

    def extension(self, index: int) -> bytes:
        """Return the whole RTP header extension of a packet, empty without one."""
        return self.rtp.extension(index)

    def fields(self, index: int) -> FrameFields:
        """Return what must be equal in all packets of the frame of this one."""
        jpeg = self.jpeg
        return FrameFields(
            self.timestamp(index),
            int(jpeg.type_specific[index]),
            int(jpeg.description[index]),
            int(jpeg.restart_interval[index]),
        )

    def share(self, first: int, stop: int, fields: FrameFields) -> bool:
        """Tell whether all these packets have the main header and the restart interval of a frame."""
        main, interval = self.belonging(first, stop, fields)
        return bool(main.all()) and bool(interval.all())

    def belonging(self, first: int, stop: int, fields: FrameFields) -> tuple[Flags, Flags]:
        """Tell which packets have the main header, and which the restart interval, of a frame."""
        jpeg = self.jpeg
        main: Flags = jpeg.description[first:stop] == fields.description
        main &= jpeg.type_specific[first:stop] == fields.type_specific
        if not fields.has_restart_header:
            return main, np.ones(stop - first, np.bool_)
        return main, jpeg.restart_interval[first:stop] == fields.restart_interval

    def pieces(self, first: int, stop: int) -> Pieces:
        """Return where the data of packets stands."""
        rtp, jpeg = self.rtp, self.jpeg
        starts = jpeg.data_starts[first:stop]
        return Pieces(
            jpeg.fragment_offset[first:stop].tolist(),
            (starts - rtp.starts[first:stop]).tolist(),
            starts.tolist(),
            rtp.ends[first:stop].tolist(),
            jpeg.chunk[first:stop].tolist(),
        )


Packets = AlikePackets | PacketColumns


def read_packets(train: PacketTrain) -> Packets:
    """Read the headers of a train that is not empty."""
    alike = read_alike(train)
    if alike is not None:
        return alike
    rtp = parse_train(train)
    return PacketColumns(rtp, parse_columns(rtp))


def _parts(cuts: Flags, first: int, stop: int) -> list[tuple[int, int]]:
    """Return the ranges between cuts; entry n of ``cuts`` stands in front of packet first + n + 1."""
    places = (np.flatnonzero(cuts) + first + 1).tolist() if cuts.any() else []
    return list(zip([first, *places], [*places, stop], strict=True))
