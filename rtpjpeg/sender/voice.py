"""What one stream has to say in the log: each cause once, its own name in front."""

from __future__ import annotations

import logging

from ..capture.transcode import is_curable
from ..errors import CaptureError, RtpJpegError, UnsupportedJpegError

_log = logging.getLogger(__name__)


class Voice:
    """Speaks for the stream of one camera."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._refused: set[tuple[str, str]] = set()

    def refuse(self, error: UnsupportedJpegError, transcodes: bool) -> None:
        """Say why a picture cannot be sent, each cause once."""
        cause = (error.field, error.expected)
        if cause not in self._refused:
            self._refused.add(cause)
            advice = ", or set transcode = true" if is_curable(error) and not transcodes else ""
            _log.error("%s: a picture cannot be sent: %s%s", self.name, error, advice)

    def fail(self, error: Exception) -> str:
        """Say why the stream ends, and return that."""
        known = isinstance(error, RtpJpegError | OSError)
        fault = str(error) if known else f"{type(error).__name__}: {error}"
        _log.error("%s: %s", self.name, " ".join(fault.split()))
        _log.debug("%s", self.name, exc_info=not isinstance(error, CaptureError))
        return fault

    def tell(self, notices: list[str]) -> None:
        """Say sentences that wait to be said once, and empty the list."""
        while notices:
            _log.warning("%s: %s", self.name, notices.pop(0).removeprefix(f"{self.name}: "))
