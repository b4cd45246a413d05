"""Tables for frames that have none to be used, so that there is something to look at."""

from __future__ import annotations

from collections.abc import Mapping

from ...interchange import split_tables
from ...payload import QuantizationTableHeader
from ...tables import quantization_tables
from .case import ANY_Q, Case

_EIGHT_BITS = 64


class TableStore:
    """Sees to it that each frame has tables; keeps the newest of each Q.

    ``told`` are those of Q 128 to 254 that later frames may leave out.
    """

    def __init__(self, told: Mapping[int, bytes]) -> None:
        self._told = told
        self._newest: dict[int, QuantizationTableHeader] = {}

    def mend(self, case: Case) -> str:
        """Put tables into a frame where its own cannot be used; return what was done, or nothing."""
        mended = self._mend(case)
        case.tables_known = not mended
        return mended

    def _mend(self, case: Case) -> str:
        fragments = case.fragments
        q, header = fragments.fields.q, fragments.quantization
        if q < 128:
            return "" if case.trusted else f"no quantization table header, the tables of Q {ANY_Q} taken"
        if header is not None and header.tables:
            return self._mend_own(case, header)
        if header is None and q in self._newest:
            fragments.quantization = self._newest[q]
            return "" if q in self._told else "the quantization tables of an earlier frame taken"
        if q in self._told:
            return ""
        fragments.quantization = QuantizationTableHeader(0, quantization_tables(ANY_Q))
        return f"no quantization tables, those of Q {ANY_Q} taken"

    def _mend_own(self, case: Case, header: QuantizationTableHeader) -> str:
        try:
            luma, chroma = split_tables(header.tables, header.precision & 3)
        except ValueError:
            tables = _without_numbers(header.tables)
            if not tables:
                # How long it really is, and so where the scan begins, is not known.
                case.trusted, tables = False, quantization_tables(ANY_Q)
            case.fragments.quantization = QuantizationTableHeader(0, tables)
            return "the length of the quantization tables is wrong"
        mended = [_without_zeros(table) for table in (luma, chroma)]
        if mended == [luma, chroma]:
            self._newest[case.fragments.fields.q] = header
            return ""
        tables = b"".join(mended if len(luma) < len(header.tables) else mended[:1])
        case.fragments.quantization = QuantizationTableHeader(header.precision & 3, tables)
        return "0 in a quantization table, 1 taken"


def _without_numbers(tables: bytes) -> bytes:
    """Return two tables from between the Pq/Tq bytes of a DQT segment; nothing where it is not that."""
    if len(tables) == 130 and tables[0] == 0 and tables[65] == 1:
        return tables[1:65] + tables[66:]
    return b""


def _without_zeros(table: bytes) -> bytes:
    step = len(table) // _EIGHT_BITS
    values = (table[place : place + step] for place in range(0, len(table), step))
    return b"".join(value if any(value) else bytes(step - 1) + b"\1" for value in values)
