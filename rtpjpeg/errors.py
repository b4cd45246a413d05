"""Every error that leaves this package, and the sentence each one speaks.

RtpJpegError
+-- MalformedPacketError   bytes from the network break a rule of the RFC (also a ValueError)
+-- UnsupportedJpegError   a picture that RFC 2435 cannot carry as it is (also a ValueError)
+-- ConfigError            a configuration or an argument that cannot be used (also a ValueError)
+-- CaptureError           a camera or a file gives no picture
+-- TransportError         a socket cannot be opened or used

The first three say the field, the value found, what was expected, and where that is written.
This file imports nothing, so nothing needs an import at the bottom of a file.
"""


class RtpJpegError(Exception):
    """Base class: catch this one to catch every documented error of the package."""


class _Fault(RtpJpegError, ValueError):
    """An error about one field: what was found there and what belongs there."""

    def __init__(self, field: str, found: object, expected: str, source: str = "") -> None:
        self.field = field
        self.found = found
        self.expected = expected
        self.source = source
        super().__init__(field, found, expected, source)

    def __str__(self) -> str:
        where = f" ({self.source})" if self.source else ""
        return f"{self.field}: found {self.found}, expected {self.expected}{where}"


class MalformedPacketError(_Fault):
    """A packet that breaks a rule of RFC 3550 or RFC 2435. It never stops a stream."""


class UnsupportedJpegError(_Fault):
    """A JPEG that RFC 2435 cannot carry; ``expected`` names what to set instead."""


class ConfigError(RtpJpegError, ValueError):
    """A configuration with at least one fault; ``faults`` holds one sentence for each."""

    def __init__(self, *faults: str) -> None:
        self.faults = faults
        super().__init__(*faults)

    def __str__(self) -> str:
        return "\n".join(self.faults)


class CaptureError(RtpJpegError):
    """A camera or a picture source that cannot be opened, or has stopped giving pictures."""


class TransportError(RtpJpegError):
    """A socket that cannot be opened or used: a port that is taken, a name that is unknown."""
