"""What rtpjpeg-send says at the end, for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def text_table(cameras: Sequence[dict[str, Any]]) -> str:
    """Return the statistics of ``rtpjpeg-send`` as plain lines, a few for each camera."""
    return "\n".join(line for camera in cameras for line in _lines(camera))


def _lines(camera: dict[str, Any]) -> list[str]:
    frames = "{frames_sent} frames sent of {frames_captured}, {frames_dropped} dropped"
    packets = "{packets_sent} packets, {bytes_sent} bytes, {send_errors} send errors"
    lines = [f"{camera['name']}: {camera['source']} to {', '.join(camera['destinations'])}"]
    lines += [f"  {text}".format_map(camera) for text in (frames, packets)]
    for name, key in (("encoding", "encode_ms"), ("sending", "send_ms")):
        if camera[key]:
            times = ", ".join(f"{rank} {value:.2f}" for rank, value in camera[key].items())
            lines.append(f"  {name} in ms: {times}")
    return lines
