"""GStreamer's rtpbin as a process, and what its session says of each source that it knows.

``gst-launch-1.0 -v`` prints the property ``stats`` of rtpsession whenever it changes; the CNAME of a source
stands in the log of rtpbin alone.
"""

from __future__ import annotations

import re
import signal

from interop.receivers import RTP_CAPS
from live.commands import PATIENCE, Running

HERE = "127.0.0.1"
INTERVAL = "rtpsession0::rtcp-min-interval=300000000"
"""Nanoseconds. Five seconds, the usual minimum, only make the test longer."""
LAUNCH = ["env", "GST_DEBUG=rtpbin:5", "GST_DEBUG_NO_COLOR=1", "gst-launch-1.0", "-v"]

_SOURCE = re.compile(r'"application/x-rtp-source-stats, (.*?);"')
_FIELD = re.compile(r"([a-z-]+)=\(\w+\)([^,;]*)")
_NAMED = re.compile(r"association of SSRC ([0-9a-f]{8}) with client \S+ with CNAME (\S+)")

Stats = dict[str, str]
"""One source, under the names that GStreamer gives."""


class Rtpbin(Running):
    """A pipeline with one rtpbin."""

    def __init__(self, pipeline: str) -> None:
        super().__init__([*LAUNCH, *pipeline.split()])

    def answered(self) -> list[Stats]:
        """Return what was said of sources whose sender report rtpbin has answered."""
        found = [source for source in self._sources() if source.get("sent-rb") == "true"]
        return [source for source in found if source["sent-rb-lsr"] != "0"]

    def answers(self, ssrc: int) -> list[Stats]:
        """Return what was said of those who answered a sender report of a source."""
        found = [source for source in self._sources() if source.get("have-rb") == "true"]
        return [source for source in found if source["rb-ssrc"] == str(ssrc) and source["rb-lsr"] != "0"]

    def _sources(self) -> list[Stats]:
        lines = [line.replace("\\", "") for line in list(self.out) if "stats = " in line]
        return [dict(_FIELD.findall(source)) for line in lines for source in _SOURCE.findall(line)]

    def names(self) -> dict[int, set[str]]:
        """Return the CNAMEs by SSRC."""
        found: dict[int, set[str]] = {}
        for ssrc, name in _NAMED.findall("".join(list(self.err))):
            found.setdefault(int(ssrc, 16), set()).add(name)
        return found

    def interrupt(self) -> int:
        """End the pipeline as Ctrl-C does; return its exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(PATIENCE)


def receiving(port: int, reports_to: int, location: str) -> str:
    """Return a pipeline that receives on a port and the next, and reports to another one."""
    rtp = f"udpsrc address={HERE} port={port} caps={RTP_CAPS} ! r.recv_rtp_sink_0"
    rtcp = f"udpsrc address={HERE} port={port + 1} ! r.recv_rtcp_sink_0"
    back = f"r.send_rtcp_src_0 ! udpsink host={HERE} port={reports_to} sync=false async=false"
    files = f"r. ! rtpjpegdepay ! multifilesink location={location}"
    return f"rtpbin name=r {INTERVAL} {rtp} {rtcp} {back} {files}"


def sending(port: int) -> str:
    """Return a pipeline that sends to a port, and its reports to the next.

    rtpsink is an rtpbin and its sockets: reports leave from the port where others are waited for.
    """
    camera = "videotestsrc is-live=true ! video/x-raw,format=I420,width=160,height=120,framerate=30/1"
    return f"{camera} ! jpegenc ! rtpjpegpay ! rtpsink uri=rtp://{HERE}:{port} rtp_send_rtpbin0::{INTERVAL}"
