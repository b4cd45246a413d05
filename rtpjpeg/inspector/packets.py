"""``--packets``: a line for each datagram of a capture, as tshark prints them.

The headers of RTP and RTP/JPEG are those that scapy shows, through ``layers``; numpy says for a whole batch
what each datagram is, and the codec speaks the sentence about a malformed one. scapy gets the headers without
the scan, which would be one more layer, and each costs it 10 to 20 microseconds. RTCP is read by our codec
alone: ``scapy.contrib.rtcp`` reads items of more than 127 bytes wrong, and version 2.5 loses report blocks.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from ..errors import CaptureError, MalformedPacketError
from ..net.address import address_text
from ..payload import JpegPayload, parse_columns
from ..rtp import HEADER_SIZE, PAYLOAD_TYPE_JPEG, RtpPacket, gather, parse_train
from ..train import Column, Flags
from .batch import Batch
from .output.words import ssrc_text
from .rtcptext import compound_text

UDP, RTCP, RTP, JPEG = range(4)
"""What a datagram is taken for."""
PRIVILEGED = 1024
"""Neither RTP nor RTCP runs from or to ports below; much of what does, such as DNS, can look like them."""


def packet_lines(
    batch: Batch, origin_ns: int, payload_types: Collection[int] = (PAYLOAD_TYPE_JPEG,)
) -> Iterator[str]:
    """Return a line for each datagram of a batch: number, seconds since ``origin_ns``, from, to, what it is.

    ``origin_ns`` is in nanoseconds since 1970; ``payload_types`` are those to read as JPEG. Raises
    ``CaptureError`` at once where scapy is not installed.
    """
    return _lines(_Writer(_load_layers()), batch, origin_ns, list(payload_types))


def _load_layers() -> ModuleType:
    try:
        from . import layers
    except ImportError as error:
        if (error.name or "").partition(".")[0] != "scapy":
            raise
        raise CaptureError("--packets needs scapy: pip install rtpjpeg[inspect]") from None
    return layers


def _lines(writer: _Writer, batch: Batch, origin_ns: int, payload_types: list[int]) -> Iterator[str]:
    flows = _flow_texts(batch)
    fronts = zip(
        batch.numbers.tolist(),
        ((batch.times - origin_ns) / 1e9).tolist(),
        batch.flows.tolist(),
        batch.pieces.tolist(),
        batch.cut_short.tolist(),
        _rows(batch, payload_types),
        strict=True,
    )
    view = batch.data.data
    for number, seconds, flow, pieces, cut, row in fronts:
        remark = "  cut short" if cut else f"  in {pieces} IP fragments" if pieces > 1 else ""
        text = writer.text(bytes(view[row.start : row.end]), row)
        yield f"{number:>6} {seconds:>11.6f}  {flows[flow]}  {text}{remark}"


def _flow_texts(batch: Batch) -> dict[int, str]:
    """Return "from -> to" of each flow in the batch, all of one width."""
    ends = {index: batch.table[index] for index in np.unique(batch.flows).tolist()}
    texts = {index: [address_text(*address) for address in flow] for index, flow in ends.items()}
    first, second = (max((len(pair[end]) for pair in texts.values()), default=0) for end in (0, 1))
    return {index: f"{pair[0]:<{first}} -> {pair[1]:<{second}}" for index, pair in texts.items()}


class _Row(NamedTuple):
    """Where a datagram and its parts stand."""

    kind: int
    """``UDP`` to ``JPEG``."""
    start: int
    end: int
    payload: int
    """First byte of the RTP payload, from the start of the datagram; so are the next two."""
    data: int
    """First byte behind main and restart header."""
    data_end: int
    """Behind the last byte of payload, padding left out."""
    plain: bool
    """No first packet of a frame, and nothing wrong with it: there is no table header to look for."""


def _rows(batch: Batch, payload_types: list[int]) -> Iterator[_Row]:
    train = batch.train()
    rtp = parse_train(train)
    jpeg = parse_columns(rtp)
    columns = (
        _kinds(batch, payload_types),
        batch.starts,
        batch.starts + batch.lengths,
        rtp.starts - batch.starts,
        jpeg.data_starts - batch.starts,
        rtp.ends - batch.starts,
        jpeg.valid & (jpeg.fragment_offset > 0),
    )
    return map(_Row._make, zip(*(column.tolist() for column in columns), strict=True))


def _kinds(batch: Batch, payload_types: list[int]) -> Column:
    """Say of each datagram what it looks like (RFC 5761 section 4)."""
    fronts = gather(batch.data, batch.starts, 2)
    second = fronts[:, 1].astype(np.int64)
    two = fronts[:, 0] >> 6 == 2
    public = two & _unprivileged(batch)[batch.flows]
    whole = batch.lengths >= HEADER_SIZE
    kinds = np.zeros(len(batch), np.int64)
    kinds[public & whole] = RTP
    kinds[two & whole & np.isin(second & 0x7F, payload_types)] = JPEG
    kinds[public & (batch.lengths >= 4) & (second >= 192) & (second <= 223)] = RTCP
    return kinds


def _unprivileged(batch: Batch) -> Flags:
    """Say of each flow in the batch whether no port is one of the system; other flows are False."""
    flags = np.zeros(len(batch.table), np.bool_)
    for index in np.unique(batch.flows).tolist():
        flags[index] = min(port for _, port in batch.table[index]) >= PRIVILEGED
    return flags


class _Writer:
    """Writes what stands behind the addresses."""

    def __init__(self, layers: ModuleType) -> None:
        self._layers = layers

    def text(self, packet: bytes, row: _Row) -> str:
        """Say what a datagram is."""
        if row.kind == UDP:
            return f"UDP   {len(packet)} bytes"
        if row.kind == RTCP:
            return f"RTCP  {compound_text(packet)}"
        # Asked by attribute, scapy looks for each field in every layer.
        fields = self._layers.RTP(packet[:HEADER_SIZE]).fields
        front = (
            f"{ssrc_text(fields['sourcesync'])}  seq {fields['sequence']:>5}  ts {fields['timestamp']:>10}"
            f"  {'M' if fields['marker'] else ' '}"
        )
        if row.kind == RTP:
            return f"RTP   {front}  payload type {fields['payload_type']}  {len(packet)} bytes"
        return f"JPEG  {front}  {self._jpeg_text(packet, row)}"

    def _jpeg_text(self, packet: bytes, row: _Row) -> str:
        if row.plain:
            header = self._layers.RTPJPEG(packet[row.payload : row.data])
            return self._headers_text(header, row.data_end - row.data)
        try:
            payload = RtpPacket.parse(packet).payload
            size = len(JpegPayload.parse(payload).data)
        except MalformedPacketError as error:
            return f"malformed: {error}"
        return self._headers_text(self._layers.RTPJPEG(payload), size)

    def _headers_text(self, main: Any, size: int) -> str:
        """Write the layers that scapy has found; ``size`` is what is left to the scan."""
        fields = main.fields
        picture = f"{fields['width']}x{fields['height']}"
        words = (
            f"type {fields['type']:>3}  Q {fields['q']:>3}  {picture:>9}"
            f"  offset {fields['fragment_offset']:>7}  data {size:>5}"
        )
        above = main.payload
        if isinstance(above, self._layers.RTPJPEGRestart):
            words += _restart_text(above.fields)
            above = above.payload
        if isinstance(above, self._layers.RTPJPEGQuantization):
            words += f"  tables {len(above.tables)}" + f" precision {above.precision}" * bool(above.precision)
        return words


def _restart_text(fields: dict[str, int]) -> str:
    flags = ("F" if fields["first"] else "-") + ("L" if fields["last"] else "-")
    return f"  restart {fields['restart_interval']:>5} {flags} {fields['restart_count']:>5}"
