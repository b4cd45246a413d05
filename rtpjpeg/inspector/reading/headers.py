"""The headers of all packets of a piece at once: which are plain UDP, and which have to be looked at singly.

Plain is IPv4 without options and IPv6 without extension headers, whole, not a fragment, behind any link
layer and up to four VLAN tags. ``rtpjpeg.net.headers`` reads one packet at a time, and all of them; the two
say the same wherever both say something.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...net import headers as single
from ...net.piece import Records, rows_at
from ...train import Bytes, Column, Flags
from .fronts import hold_headers

MOST_TAGS = 4
HEADERS = 48
"""Bytes of an IPv6 header and a UDP header."""
_TAGS = np.array(sorted(single.VLAN_TAGS))
_IP = np.array(sorted(single.IP_ETHERTYPES))
_FAMILIES = np.array(sorted(single.FAMILIES))
_WALKED = np.array(sorted({single.UDP, single.IPV6_FRAGMENT, *single.IPV6_EXTENSIONS}))
"""Next headers of IPv6 behind which UDP may come."""


@dataclass(frozen=True, slots=True)
class Headers:
    """One entry a packet in each column; a packet is one of plain, cut and other at most."""

    plain: Flags
    """UDP datagrams that the other columns describe."""
    cut: Flags
    """UDP datagrams that the capture cut short."""
    fronts: Flags
    """Of these, RTP packets of which all headers are there; the other columns describe them too."""
    other: Flags
    """Certainly no UDP. What is none of the three has to be looked at singly."""
    six: Flags
    """IPv6."""
    rows: Bytes
    """HEADERS bytes from the IP header on."""
    starts: Column
    """Position of the UDP payload."""
    lengths: Column
    """Bytes of the UDP payload."""
    ip_sizes: Column


def read_headers(records: Records) -> Headers:
    """Read the headers of all packets of a piece."""
    ends = records.starts + records.lengths
    places, is_ip, undecided = _ip_headers(records)
    # Headers that are not all there are read from what stands behind; then the lengths tell.
    rows = rows_at(records.data, np.minimum(places, ends), HEADERS)
    held = ends - places
    versions = rows[:, 0] >> 4
    plain4, cut4, other4, size4 = _ipv4(rows, held)
    plain6, cut6, other6, size6 = _ipv6(rows, held)
    four, six = is_ip & (versions == 4), is_ip & (versions == 6)
    other = ~is_ip & ~undecided | four & other4 | six & other6 | is_ip & (versions != 4) & (versions != 6)
    udp = np.where(six, 40, 20)
    lengths = np.where(six, _u16(rows, 44), _u16(rows, 24)) - 8
    sizes = np.where(six, size6, size4)
    fits = (lengths >= 0) & (udp + 8 + lengths <= sizes)
    plain, short = (four & plain4 | six & plain6) & fits, four & cut4 | six & cut6
    starts = places + udp + 8
    fronts = _fronts(records, rows, six, short & fits, starts, lengths)
    return Headers(plain, short, fronts, other, six, rows, starts, lengths, sizes)


def _fronts(
    records: Records, rows: Bytes, six: Flags, short: Flags, starts: Column, lengths: Column
) -> Flags:
    """Return which of the datagrams that are cut short, and are no fragments, hold all headers."""
    fronts: Flags = short & (six | (_u16(rows, 6) & 0x3FFF == 0))
    places = np.flatnonzero(fronts)
    if places.size:
        held = (records.starts + records.lengths - starts)[places]
        fronts[places] = hold_headers(records.data, starts[places], lengths[places], held)
    return fronts


def _ipv4(rows: Bytes, held: Column) -> tuple[Flags, Flags, Flags, Column]:
    """Return which are plain, cut and no UDP, and the size of each packet (RFC 791 section 3.1)."""
    sizes, fragments, protocol = _u16(rows, 2), _u16(rows, 6) & 0x3FFF, rows[:, 9]
    udp = (protocol == single.UDP) & (held >= 20) & (sizes >= 20) & (rows[:, 0] == 0x45)
    whole = sizes <= held
    plain = udp & whole & (fragments == 0) & (sizes >= 28)
    return plain, udp & ~whole, (protocol != single.UDP) & (held >= 20), sizes


def _ipv6(rows: Bytes, held: Column) -> tuple[Flags, Flags, Flags, Column]:
    """Return the same for IPv6 (RFC 8200 section 3)."""
    following = rows[:, 6]
    sizes = 40 + _u16(rows, 4)
    udp = (following == single.UDP) & (held >= 40) & (sizes > 40)
    whole = sizes <= held
    return udp & whole & (sizes >= 48), udp & ~whole, (held >= 40) & ~np.isin(following, _WALKED), sizes


def _ip_headers(records: Records) -> tuple[Column, Flags, Flags]:
    """Return where IP begins, in which frames it does, and in which that is still open."""
    links = np.unique(records.link_types).tolist()
    if len(links) == 1:
        return _behind_link(records.data, records.starts, links[0])
    places, is_ip = records.starts.copy(), np.zeros(len(records), np.bool_)
    undecided = is_ip.copy()
    for link in links:
        own = np.flatnonzero(records.link_types == link)
        places[own], is_ip[own], undecided[own] = _behind_link(records.data, records.starts[own], link)
    return places, is_ip, undecided


def _behind_link(data: Bytes, starts: Column, link: int) -> tuple[Column, Flags, Flags]:
    none = np.zeros(len(starts), np.bool_)
    if link in single.ETHERTYPE_PLACE:
        return _behind_tags(data, starts + single.ETHERTYPE_PLACE[link])
    if link == single.LINUX_SLL2:
        return starts + 20, np.isin(_u16(rows_at(data, starts, 2), 0), _IP), none
    if link in (single.NULL, single.LOOP):
        family = rows_at(data, starts, 4)
        is_ip = np.isin(family.view("<u4")[:, 0], _FAMILIES) | np.isin(family.view(">u4")[:, 0], _FAMILIES)
        return starts + 4, is_ip, none
    return starts, ~none if link in single.LINK_TYPES else none, none


def _behind_tags(data: Bytes, places: Column) -> tuple[Column, Flags, Flags]:
    """Pass over the VLAN tags in front of the Ethertype; with more than MOST_TAGS it stays open."""
    kinds = _u16(rows_at(data, places, 2), 0)
    for _ in range(MOST_TAGS):
        tagged = np.isin(kinds, _TAGS)
        if not tagged.any():
            break
        places = places + 4 * tagged
        kinds = _u16(rows_at(data, places, 2), 0)
    return places + 2, np.isin(kinds, _IP), np.isin(kinds, _TAGS)


def _u16(rows: Bytes, place: int) -> Column:
    return rows[:, place].astype(np.int64) << 8 | rows[:, place + 1]
