"""rtpjpeg-send on the stand-ins of a Pi's camera stack: python pi.py WORDS

At SIGUSR1 camera1 gives no picture any more, and closing it does not return.
"""

from __future__ import annotations

import signal
import sys
import threading

from rtpjpeg.sender.cli import main as send
from standins.rig import plugged_in


def main() -> int:
    """Run the command until it ends; return its exit code."""
    with plugged_in() as rig:
        rig.manager.real_time = True
        never = threading.Event()

        def hang(*_: object) -> None:
            rig.first.stop_gate = never.wait
            rig.first.stalled = True

        signal.signal(signal.SIGUSR1, hang)
        return send(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
