"""A receiver to be killed: python watcher.py PORT

Says "bound"; with the first frame, how many frames it has seen packets of, that one included.
"""

from __future__ import annotations

import json
import sys
import threading

from live.witness import LOCAL, PATIENT, Watched
from rtpjpeg import Frame
from rtpjpeg.net.udp import UdpReceiver


def main() -> None:
    """Receive until it is killed."""
    told = False

    def tell(frame: Frame) -> None:
        nonlocal told
        if not told:
            print(
                json.dumps({"seen": len(watched.receiving.frames), "concealed": frame.concealed}), flush=True
            )
        told = True

    watched = Watched(UdpReceiver(LOCAL, int(sys.argv[1])), tell, **PATIENT)
    print("bound", flush=True)
    with watched:
        threading.Event().wait()


if __name__ == "__main__":
    main()
