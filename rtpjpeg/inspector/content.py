"""What is inside a frame: the rules about its scan, and its picture.

A frame goes the way that it goes in a receiver. Only where that finds something, or the picture does not
decode, it is looked at closer. Each wrong thing is told once, by the rule that says most.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from .. import quirks
from ..assembler import FrameAssembler
from ..frame import Frame
from ..parameters import (
    LARGEST_DIMENSION,
    LARGEST_PICTURE,
    FrameRefused,
    ParameterReader,
    Parameters,
)
from ..scan import EOI, PlacedScan, walk_scan
from .findings import Findings
from .inside.case import Case, FramePackets, open_case
from .inside.diagnosis import explain, interval_of
from .inside.markers import judge_markers, marker_left_behind, miscounted
from .inside.mend import TableStore
from .inside.partial import losses, partial_picture
from .inside.trial import NO_DECODER, can_try, decoding_fault
from .inside.verdict import Verdict, said_again
from .inside.wholefile import begins_with_file, read_file
from .rules import load_rules

__all__ = ["Examined", "Examiner", "FramePackets"]

CLOSE_LOOKS = 50
"""Frames of a stream that are looked at closer; what is wrong with the others is taken to be the same."""
INCOMPLETE = "incomplete"
PADDING = "extraneous bytes before marker 0xd9"
"""What libjpeg says of bytes behind the last MCU, which harm nobody (RFC 2435 section 3.1.9)."""
MARKS = {
    "J-022": "wrong-type",
    "J-023": "no-restart-markers",
    "J-029": "tables-repeated",
    "J-033": "wrong-size",
    "J-074": "whole-file",
    "J-078": "wrong-interval",
    "J-079": "markers-out-of-order",
    "J-082": "unexpected-markers",
    "J-084": "foreign-marker",
    "J-088": "undecodable",
    "J-123": "markers-left-behind",
}
"""What stands in the name of a file for the rule that its frame breaks."""

_PLAIN = frozenset({quirks.MARKERS_MISSING, quirks.MARKERS_UNEXPECTED})
"""What a receiver says of the scan of a frame that it shows all the same."""


@dataclass(slots=True)
class Examined:
    """What came of a frame."""

    jpeg: bytes | None
    """The picture as a JPEG file, as good as it can be had; None where there is none."""
    flaws: list[str] = field(default_factory=list)
    """A sentence for each thing that is wrong."""
    mark: str = ""
    """The first of them in a word or two, joined by hyphens; empty without one."""

    def add(self, mark: str, flaw: str) -> None:
        """Add something that is wrong."""
        self.mark = self.mark or mark
        self.flaws.append(flaw)


class Examiner:
    """Examines frames of one stream; ``tables`` are those of Q 128 to 254 and may grow meanwhile."""

    def __init__(self, findings: Findings, tables: Mapping[int, bytes]) -> None:
        self.notices: list[str] = []
        """Sentences about what could not be examined."""
        self._findings = findings
        self._tables = tables
        self._store = TableStore(tables)
        self._close_looks = CLOSE_LOOKS
        self._last: Verdict | None = None
        """What the last close look found."""

    def examine(self, frame: FramePackets, decode: bool) -> Examined:
        """Judge what is inside a frame, and return its picture; ``decode`` False saves the time for it."""
        decode = decode and self._can_decode()
        case = open_case(frame)
        if case is None or not case.numbers or not case.fragments.offsets:
            return Examined(None, ["no packet of the frame can be read"], INCOMPLETE)
        made = Examined(None)
        if begins_with_file(case):
            self._file(frame, case, made, decode)
            return made
        self._repeated_tables(frame, case, made)
        mended = self._store.mend(case)
        if mended:
            made.add("tables", mended)
        if case.whole:
            self._whole(frame, case, made, decode)
        else:
            made.jpeg, flaw = partial_picture(case, self._tables, decode)
            made.flaws.append(flaw)
            made.mark = INCOMPLETE
        return made

    def _can_decode(self) -> bool:
        if not can_try() and not self.notices:
            self.notices.append(NO_DECODER)
        return can_try()

    def _tell(self, frame: FramePackets, number: int, verdict: Verdict, made: Examined) -> None:
        self._findings.add(verdict.rule, frame.ssrc, number, verdict.found)
        made.add(MARKS[verdict.rule], f"{load_rules()[verdict.rule].name}: {verdict.found}")

    def _repeated_tables(self, frame: FramePackets, case: Case, made: Examined) -> None:
        number = case.take_repeated_tables()
        if number:
            self._tell(frame, number, Verdict("J-029", "the table header again in a later packet"), made)

    def _file(self, frame: FramePackets, case: Case, made: Examined, decode: bool) -> None:
        """Judge a JPEG file as payload; the picture is that file."""
        file = read_file(case)
        made.jpeg = file.jpeg
        for verdict in file.verdicts:
            self._tell(frame, case.first, verdict, made)
        if not case.whole:
            made.flaws.append(f"{losses(case)}, the picture ends at the hole")
            made.mark = INCOMPLETE
            return
        small = (
            max(file.width, file.height) <= LARGEST_DIMENSION and file.width * file.height <= LARGEST_PICTURE
        )
        fault = decoding_fault(file.jpeg) if decode and small else ""
        if fault:
            made.flaws.append(f"does not decode: {fault}")

    def _whole(self, frame: FramePackets, case: Case, made: Examined, decode: bool) -> None:
        """Judge a frame of which every packet came."""
        left = marker_left_behind(case.fragments)
        if left:
            verdict = Verdict("J-123", "a chunk whose RST marker ends the packet before")
            self._tell(frame, case.numbers[left], verdict, made)
        if not case.line_up():
            made.add("offsets", "the data was joined in the order of the packets")
        picture, said = self._assembled(case)
        if picture is not None:
            made.jpeg = picture.jpeg
            said = decoding_fault(picture.jpeg) if decode else ""
            if not said and _PLAIN.isdisjoint(picture.findings):
                return
        try:
            parameters = ParameterReader(True, None, self._tables).read(case.fragments)
        except FrameRefused as reason:
            made.add("no-picture", str(reason))
            return
        self._closer(frame, case, made, parameters, said)

    def _assembled(self, case: Case) -> tuple[Frame | None, str]:
        """Return the frame as a receiver makes it, or None and why it makes none."""
        try:
            return FrameAssembler(False, True, None, self._tables).assemble(case.fragments, True), ""
        except FrameRefused as reason:
            return None, str(reason)

    def _closer(
        self, frame: FramePackets, case: Case, made: Examined, parameters: Parameters, said: str
    ) -> None:
        """Look for what a receiver or a decoder stumbled over, ``said`` by it."""
        data = b"".join(case.pieces)
        scan = walk_scan(np.frombuffer(data, np.uint8))
        verdict = self._verdict(case, parameters, data, scan, said) if case.trusted else None
        made.jpeg = self._picture(case, parameters, data, scan, verdict) or made.jpeg
        if verdict is not None:
            self._tell(frame, case.number_at(verdict.place), verdict, made)
        elif said and PADDING not in said:
            made.add("undecodable", f"does not decode: {said}")

    def _verdict(
        self, case: Case, parameters: Parameters, data: bytes, scan: PlacedScan, said: str
    ) -> Verdict | None:
        verdict = judge_markers(parameters, data, scan, case)
        if verdict is not None or not (said or miscounted(parameters, scan)):
            return verdict
        if not self._close_looks:
            return said_again(self._last, parameters) if self._last else None
        self._close_looks -= 1
        self._last = explain(parameters, data, scan, said, case.tables_known)
        return self._last

    def _picture(
        self, case: Case, parameters: Parameters, data: bytes, scan: PlacedScan, verdict: Verdict | None
    ) -> bytes | None:
        """Return the picture with what the headers should have said; None where a receiver's is as good."""
        rule, end = (verdict.rule if verdict else ""), scan.end
        if rule == "J-123":
            return self._spliced(case)
        if rule == "J-023":
            parameters = replace(parameters, restart_interval=0)
        elif rule == "J-082":
            parameters = replace(parameters, restart_interval=interval_of(parameters, data, scan))
        elif rule == "J-084":
            end = scan.foreign
        elif verdict and verdict.better:
            parameters = verdict.better
        return b"".join([parameters.header(parameters.restart_interval), data[:end], EOI])

    def _spliced(self, case: Case) -> bytes | None:
        """Return the restart intervals with the markers that their packets lack."""
        try:
            return FrameAssembler(True, True, None, self._tables).assemble(case.fragments, True).jpeg
        except FrameRefused:
            return None
