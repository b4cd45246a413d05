"""Arithmetic on numbers that wrap: sequence numbers (16 bits) and timestamps (32 bits).

Two such numbers have no greater and no smaller, only a shortest way from one to the other
(RFC 1982). Everything that compares them goes through these functions.
"""


def sequence_difference(later: int, earlier: int) -> int:
    """Return the shortest way from ``earlier`` to ``later``, -32768..32767 (16-bit numbers)."""
    return ((later - earlier + 0x8000) & 0xFFFF) - 0x8000


def timestamp_difference(later: int, earlier: int) -> int:
    """Return the shortest way from ``earlier`` to ``later``, -2^31..2^31-1 (32-bit numbers)."""
    return ((later - earlier + 0x8000_0000) & 0xFFFF_FFFF) - 0x8000_0000


def extend_sequence_number(sequence_number: int, reference: int) -> int:
    """Return the unwrapped number nearest to ``reference``, itself an unwrapped number.

    RFC 3550 section 6.4.1 counts cycles of 65536; the result is cycles << 16 plus the number.
    """
    return reference + sequence_difference(sequence_number, reference & 0xFFFF)
