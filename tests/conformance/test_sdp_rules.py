"""The rules of SDP (RFC 8866, 3605, 4570, 5576, 5761), one test each."""

from __future__ import annotations

import locale
import re
import socket
import subprocess
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from child import child
from peers import need
from rtpjpeg.errors import ConfigError
from rtpjpeg.sdp import SessionDescription, SourceFilter, parse_all, serialize_all

WAITING = {
    "D-011": "a bandwidth in descriptions of our own; RTCP's 5 % are reckoned from what is sent",
    "D-014": "reports by unicast to the sender of a group, which a=rtcp-unicast would announce",
}
SESSION = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n"
CAMERA = SessionDescription("192.0.2.7", 5000)
GROUP = SessionDescription("233.252.0.1", 5000, ttl=16)
FILTER = SourceFilter("incl", ("192.0.2.10",))
FULL = SessionDescription(
    address="232.3.4.5",
    port=5001,
    payload_type=96,
    rtcp_port=5010,
    rtcp_mux=True,
    ttl=16,
    width=2048,
    height=1536,
    framerate=29.97,
    bandwidth=12000,
    ssrc=0xDEADBEEF,
    cname="r0aOaVrMqFGHJ8Qz",
    source_filter=FILTER,
    direction="sendonly",
    protocol="RTP/AVPF",
    session_name="both cameras",
    session_id=3724394400,
    session_version=3724394401,
    username="pi",
    origin_address="2001:db8::1",
)


def lines(description: SessionDescription) -> list[str]:
    return description.serialize().split("\r\n")[:-1]


def gstreamer(pipeline: str) -> AbstractContextManager[subprocess.Popen[str]]:
    """Run a pipeline until the block ends."""
    command = [need("gst-launch-1.0"), "-v", *pipeline.split()]
    return child(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def free_port() -> int:
    """An even port that nobody has, and that of RTCP above it."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.bind(("127.0.0.1", 0))
            port = int(one.getsockname()[1])
        if port % 2 == 0:
            return port


def parse(*media: str, session: str = SESSION) -> SessionDescription:
    return SessionDescription.parse(session + "".join(f"{line}\r\n" for line in media))


@pytest.mark.rule("D-001")
@pytest.mark.parametrize("description", [CAMERA, GROUP, FULL])
def test_all_lines_that_must_be_there_in_the_fixed_order(description: SessionDescription) -> None:
    text = description.serialize()
    assert text.endswith("\r\n")
    assert "\n" not in text.replace("\r\n", "") and "\r" not in text.replace("\r\n", "")
    letters = "".join(line[0] for line in lines(description))
    assert re.fullmatch("vostmcb?a+", letters), letters
    assert SessionDescription.parse(text) == description


@pytest.mark.rule("D-001")
@pytest.mark.parametrize("description", [CAMERA, GROUP, FULL])
def test_ffprobe_reads_what_is_written(description: SessionDescription, tmp_path: Path) -> None:
    path = tmp_path / "camera.sdp"
    path.write_bytes(description.serialize().encode())
    assert ffprobe(path) == ["mjpeg,video"]


@pytest.mark.rule("D-001")
def test_ffprobe_reads_two_cameras_from_one_description(tmp_path: Path) -> None:
    path = tmp_path / "cameras.sdp"
    path.write_bytes(serialize_all([CAMERA, replace(CAMERA, port=5002)]).encode())
    assert ffprobe(path) == ["mjpeg,video", "mjpeg,video"]


def ffprobe(path: Path) -> list[str]:
    """The streams of a description, as FFmpeg reads them; it does not wait for packets."""
    command = [need("ffprobe"), "-v", "error", "-protocol_whitelist", "file,udp,rtp", "-nofind_stream_info"]
    command += ["-show_entries", "stream=codec_name,codec_type", "-of", "csv=p=0", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.rule("D-002")
def test_the_media_line() -> None:
    assert "m=video 5000 RTP/AVP 26" in lines(CAMERA)
    assert sum(line.startswith("m=") for line in lines(CAMERA)) == 1


@pytest.mark.rule("D-003")
@pytest.mark.parametrize("payload_type", [26, 96, 127])
def test_the_mapping_is_always_written(payload_type: int) -> None:
    written = lines(replace(CAMERA, payload_type=payload_type))
    assert f"m=video 5000 RTP/AVP {payload_type}" in written
    assert f"a=rtpmap:{payload_type} JPEG/90000" in written


@pytest.mark.rule("D-003")
@pytest.mark.parametrize("payload_type", [-1, 0, 25, 27, 72, 95, 128])
def test_no_payload_type_that_means_something_else(payload_type: int) -> None:
    with pytest.raises(ConfigError, match="payload_type: found.*RFC 3551"):
        replace(CAMERA, payload_type=payload_type).serialize()


@pytest.mark.rule("D-004")
def test_type_26_needs_no_mapping() -> None:
    assert parse("m=video 5000 RTP/AVP 26", "c=IN IP4 192.0.2.7").payload_type == 26


@pytest.mark.rule("D-005")
@pytest.mark.parametrize(
    ("rate", "written"),
    [
        (30, "30"),
        (30.0, "30"),
        (29.97, "29.97"),
        (7.5, "7.5"),
        (30000 / 1001, "29.97003"),
        (0.5, "0.5"),
        (100, "100"),
    ],
)
def test_framerate_at_media_level(rate: float, written: str) -> None:
    found = lines(replace(CAMERA, framerate=rate))
    assert found.index(f"a=framerate:{written}") > found.index("m=video 5000 RTP/AVP 26")


@pytest.mark.rule("D-005")
def test_framerate_has_a_point_in_a_country_with_a_comma() -> None:
    before = locale.setlocale(locale.LC_NUMERIC)
    try:
        for name in ("de_DE.UTF-8", "fr_FR.UTF-8", "C"):  # the first that this machine has
            with suppress(locale.Error):
                locale.setlocale(locale.LC_NUMERIC, name)
                break
        assert "a=framerate:29.97" in lines(replace(CAMERA, framerate=29.97))
    finally:
        locale.setlocale(locale.LC_NUMERIC, before)


@pytest.mark.rule("D-005")
@pytest.mark.parametrize("rate", [0.0, -1.0, 1e-9, float("inf"), float("nan")])
def test_no_framerate_that_is_no_rate(rate: float) -> None:
    with pytest.raises(ConfigError, match="framerate: found.*RFC 8866 section 6.13"):
        replace(CAMERA, framerate=rate).serialize()


@pytest.mark.rule("D-006")
@pytest.mark.parametrize(
    ("address", "ttl", "written"),
    [
        ("233.252.0.1", 127, "c=IN IP4 233.252.0.1/127"),
        ("233.252.0.1", 0, "c=IN IP4 233.252.0.1/0"),
        ("233.252.0.1", 255, "c=IN IP4 233.252.0.1/255"),
        ("233.252.0.1", None, "c=IN IP4 233.252.0.1/1"),
        ("192.0.2.7", 64, "c=IN IP4 192.0.2.7"),
        ("ff15::101", 64, "c=IN IP6 ff15::101"),
        ("2001:db8::7", 64, "c=IN IP6 2001:db8::7"),
        ("fe80::7%eth0", None, "c=IN IP6 fe80::7"),
        ("viewer.example", 64, "c=IN IP4 viewer.example"),
    ],
)
def test_only_ipv4_groups_have_a_ttl(address: str, ttl: int | None, written: str) -> None:
    assert written in lines(replace(CAMERA, address=address, ttl=ttl))


@pytest.mark.rule("D-006")
@pytest.mark.parametrize("ttl", [-1, 256])
def test_no_ttl_beyond_255(ttl: int) -> None:
    with pytest.raises(ConfigError, match="ttl: found .*, expected 0 to 255"):
        replace(GROUP, ttl=ttl).serialize()


@pytest.mark.rule("D-007")
def test_the_connection_of_the_media_wins() -> None:
    session = SESSION + "c=IN IP4 198.51.100.1\r\n"
    assert parse("m=video 5000 RTP/AVP 26", session=session).address == "198.51.100.1"
    assert parse("m=video 5000 RTP/AVP 26", "c=IN IP6 2001:db8::2", session=session).address == "2001:db8::2"


@pytest.mark.rule("D-008")
@pytest.mark.parametrize(
    ("port", "rtcp_port", "written"),
    [(5000, None, []), (5000, 5001, []), (5000, 5010, ["a=rtcp:5010"]), (5001, None, ["a=rtcp:5002"]),
     (5001, 5002, ["a=rtcp:5002"]), (5001, 5000, ["a=rtcp:5000"])],
)  # fmt: skip
def test_rtcp_port_where_it_is_not_the_next_one(port: int, rtcp_port: int | None, written: list[str]) -> None:
    found = lines(replace(CAMERA, port=port, rtcp_port=rtcp_port))
    assert [line for line in found if line.startswith("a=rtcp:")] == written
    assert all(found.index(line) > found.index(f"m=video {port} RTP/AVP 26") for line in written)


@pytest.mark.rule("D-008")
def test_rtcp_port_at_session_level_is_not_read() -> None:
    found = parse("m=video 5000 RTP/AVP 26", session=SESSION + "c=IN IP4 192.0.2.7\r\na=rtcp:7000\r\n")
    assert found.control_port == 5001


@pytest.mark.rule("D-009")
@pytest.mark.parametrize(
    ("width", "height", "written"),
    [
        (640, 480, False),
        (2040, 2040, False),
        (2048, 1536, True),
        (640, 2048, True),
        (150, 104, True),
        (152, 100, True),
    ],
)
def test_true_size_where_the_jpeg_header_cannot_tell_it(width: int, height: int, written: bool) -> None:
    assert (
        f"a=x-dimensions:{width},{height}" in lines(replace(CAMERA, width=width, height=height))
    ) is written


@pytest.mark.rule("D-010")
@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        (["a=x-dimensions:1280,960"], (1280, 960, None)),
        (["a=x-dimensions: 2048 , 1536 ", "a=x-framerate:25"], (2048, 1536, 25.0)),
        (["a=framesize:26 1920-1080", "a=framerate:29.97"], (1920, 1080, 29.97)),
        (["a=framesize:96 1920-1080"], (None, None, None)),
        (["a=framesize:26 640-480", "a=x-dimensions:648,488"], (648, 488, None)),
        (
            ["a=x-dimensions:,", "a=x-dimensions:0,480", "a=framerate:a/b", "a=framerate:0"],
            (None, None, None),
        ),
        (["a=x-dimensions:70000,480", "a=framerate:29,97", "a=framerate:15"], (None, None, 15.0)),
    ],
)
def test_size_and_rate_are_read(
    attributes: list[str], expected: tuple[int | None, int | None, float | None]
) -> None:
    found = parse("m=video 5000 RTP/AVP 26", "c=IN IP4 192.0.2.7", *attributes)
    assert (found.width, found.height, found.framerate) == expected


@pytest.mark.rule("D-011")
def test_bandwidth_in_whole_kilobits() -> None:
    assert "b=AS:12000" in lines(replace(CAMERA, bandwidth=12000))
    assert parse("m=video 5000 RTP/AVP 26", "c=IN IP4 192.0.2.7", "b=AS:12000").bandwidth == 12000
    with pytest.raises(ConfigError, match="bandwidth: found 1.5, expected whole kbit/s"):
        replace(CAMERA, bandwidth=1.5).serialize()  # type: ignore[arg-type]


@pytest.mark.rule("D-012")
@pytest.mark.parametrize("direction", ["recvonly", "sendrecv", "sendonly", "inactive"])
def test_one_direction(direction: str) -> None:
    found = [line[2:] for line in lines(replace(CAMERA, direction=direction))]
    assert [line for line in found if line in ("recvonly", "sendrecv", "sendonly", "inactive")] == [direction]
    assert CAMERA.direction == "recvonly", "the default speaks to a viewer"


@pytest.mark.rule("D-013")
def test_ssrc_with_its_cname() -> None:
    assert "a=ssrc:3735928559 cname:r0aOaVrMqFGHJ8Qz" in lines(FULL)
    for half in ({"ssrc": 5}, {"cname": "r0aOaVrMqFGHJ8Qz"}):
        with pytest.raises(ConfigError, match="ssrc: found.*a cname with it .RFC 5576 section 4.1"):
            replace(CAMERA, **half).serialize()  # type: ignore[arg-type]


@pytest.mark.rule("D-014")
@pytest.mark.parametrize(
    ("address", "sources", "written"),
    [
        ("232.3.4.5", ("192.0.2.10",), "incl IN IP4 232.3.4.5 192.0.2.10"),
        ("ff3e::11a", ("2001:db8::1", "2001:db8::2"), "incl IN IP6 ff3e::11a 2001:db8::1 2001:db8::2"),
    ],
)
def test_source_filter_of_a_group(address: str, sources: tuple[str, ...], written: str) -> None:
    description = replace(GROUP, address=address, source_filter=SourceFilter("incl", sources))
    assert f"a=source-filter: {written}" in lines(description)


@pytest.mark.rule("D-015")
def test_lines_ended_by_newline_alone() -> None:
    text = FULL.serialize()
    assert SessionDescription.parse(text.replace("\r\n", "\n")) == FULL
    assert SessionDescription.parse(text.replace("\r\n", "\n").encode()) == FULL


@pytest.mark.rule("D-016")
def test_unknown_attributes_and_bandwidths_are_ignored() -> None:
    extra = ["i=front", "b=X-YZ:128", "b=TIAS:50780", "k=prompt", "a=fancy", "a=fancy:1 2", "a=:", "a="]
    found = parse("m=video 5000 RTP/AVP 26", "c=IN IP4 192.0.2.7", *extra, "b=AS:x")
    assert found == parse("m=video 5000 RTP/AVP 26", "c=IN IP4 192.0.2.7")


@pytest.mark.rule("D-016")
@pytest.mark.parametrize("line", ["x=1", "V=0", "nonsense", "=", " a=recvonly", "ä=1"])
def test_an_unknown_type_refuses_the_description(line: str) -> None:
    with pytest.raises(ConfigError, match="line 7: found.*RFC 8866 section 5"):
        parse("m=video 5000 RTP/AVP 26", "c=IN IP4 192.0.2.7", line)


@pytest.mark.rule("D-017")
def test_one_session_name_that_is_not_empty() -> None:
    assert [line for line in lines(CAMERA) if line.startswith("s=")] == ["s=-"]
    for name in ("", "a\nb", "a\rb", "a\0b"):
        with pytest.raises(ConfigError, match="session_name: found.*RFC 8866 section 5.3"):
            replace(CAMERA, session_name=name).serialize()


@pytest.mark.rule("D-018")
def test_origin_has_six_fields() -> None:
    first = replace(FULL, session_version=5)
    found = [line for line in lines(first) if line.startswith("o=")]
    assert found == ["o=pi 3724394400 5 IN IP6 2001:db8::1"]
    for name in ("", "p i", "p\ti"):
        with pytest.raises(ConfigError, match="username: found.*RFC 8866 section 5.2"):
            replace(FULL, username=name).serialize()
    for number in ("session_id", "session_version"):
        with pytest.raises(ConfigError, match=f"{number}: found -1"):
            replace(FULL, **{number: -1}).serialize()  # type: ignore[arg-type]


@pytest.mark.rule("D-018")
def test_the_version_can_rise_with_a_change() -> None:
    changed = replace(FULL, framerate=15, session_version=FULL.session_version + 1)
    before, after = parse_all(FULL.serialize())[0], parse_all(changed.serialize())[0]
    assert after.session_version > before.session_version
    assert after.session_id == before.session_id


@pytest.mark.rule("D-019")
def test_a_connection_for_every_stream() -> None:
    found = [line for line in serialize_all([CAMERA, GROUP]).split("\r\n") if line[:2] in ("m=", "c=")]
    assert [line[0] for line in found] == ["m", "c", "m", "c"]


@pytest.mark.rule("D-019")
def test_without_a_connection_the_description_is_refused() -> None:
    with pytest.raises(ConfigError, match="c=: found none, expected IN IP4.*RFC 8866 section 5.7"):
        parse("m=video 5000 RTP/AVP 26")


@pytest.mark.rule("D-020")
def test_an_odd_port_stays_as_it_is() -> None:
    found = parse("m=video 5001 RTP/AVP 26", "c=IN IP4 192.0.2.7", "a=rtcp:5010")
    assert (found.port, found.control_port) == (5001, 5010)
    assert "m=video 5001 RTP/AVP 26" in lines(found) and "a=rtcp:5010" in lines(found)


@pytest.mark.rule("D-021")
@pytest.mark.parametrize("name", ["jpeg/90000", "JPEG/90000", "Jpeg/90000"])
def test_encoding_name_in_any_case(name: str) -> None:
    found = parse("m=video 5000 RTP/AVP 97", "c=IN IP4 192.0.2.7", f"a=rtpmap:97 {name}")
    assert found.payload_type == 97


@pytest.mark.rule("D-022")
@pytest.mark.parametrize(
    ("formats", "maps", "expected"),
    [
        ("26 96", ["96 H264/90000"], 26),
        ("97 26", ["97 H264/90000"], 26),
        ("97 96 26", ["97 H264/90000", "96 JPEG/90000"], 96),
        ("26 96", ["26 H263/90000", "96 JPEG/90000"], 96),
    ],
)
def test_the_first_format_that_can_be_used(formats: str, maps: list[str], expected: int) -> None:
    attributes = [f"a=rtpmap:{line}" for line in maps]
    found = parse(f"m=video 5000 RTP/AVP {formats}", "c=IN IP4 192.0.2.7", *attributes)
    assert found.payload_type == expected


@pytest.mark.rule("D-023")
def test_rtcp_mux_at_media_level() -> None:
    found = lines(replace(CAMERA, rtcp_mux=True))
    assert found.index("a=rtcp-mux") > found.index("m=video 5000 RTP/AVP 26")
    mux = parse("m=video 5000 RTP/AVP 26", "c=IN IP4 192.0.2.7", "a=rtcp-mux", "a=rtcp:5010")
    assert mux.control_port == mux.port == 5000
    above = parse("m=video 5000 RTP/AVP 26", session=SESSION + "c=IN IP4 192.0.2.7\r\na=rtcp-mux\r\n")
    assert above.control_port == 5001


@pytest.mark.rule("D-023")
@pytest.mark.parametrize("source_filter", [None, SourceFilter("excl", ("192.0.2.10",))])
def test_no_rtcp_mux_for_an_any_source_group(source_filter: SourceFilter | None) -> None:
    description = replace(GROUP, rtcp_mux=True, source_filter=source_filter)
    with pytest.raises(ConfigError, match="rtcp_mux: found True.*RFC 5761 section 5.2"):
        description.serialize()
    assert "a=rtcp-mux" in lines(replace(description, source_filter=FILTER))


@pytest.mark.rule("D-024")
@pytest.mark.parametrize(
    ("mode", "source", "accepted"),
    [("incl", "192.0.2.10", True), ("incl", "192.0.2.11", False), ("incl", "::ffff:192.0.2.10", True),
     ("excl", "192.0.2.10", False), ("excl", "192.0.2.11", True), ("incl", "2001:db8::1", False)],
)  # fmt: skip
def test_source_filter_lets_sources_in_or_keeps_them_out(mode: str, source: str, accepted: bool) -> None:
    group = "c=IN IP4 232.3.4.5/127"
    line = f"a=source-filter: {mode} IN IP4 232.3.4.5 192.0.2.10"
    assert parse("m=video 5000 RTP/AVP 26", group, line).accepts(source) is accepted


@pytest.mark.rule("D-024")
def test_source_filter_at_media_level_replaces_that_of_the_session() -> None:
    above = SESSION + "c=IN IP4 232.3.4.5/127\r\na=source-filter: incl IN IP4 * 192.0.2.10\r\n"
    assert parse("m=video 5000 RTP/AVP 26", session=above).accepts("192.0.2.10")
    own = "a=source-filter: incl IN IP4 232.3.4.5 192.0.2.42"
    found = parse("m=video 5000 RTP/AVP 26", own, session=above)
    assert found.source_filter == SourceFilter("incl", ("192.0.2.42",))


@pytest.mark.rule("D-024")
def test_source_filter_of_another_destination_is_not_ours() -> None:
    line = "a=source-filter: incl IN IP4 232.9.9.9 192.0.2.10"
    assert parse("m=video 5000 RTP/AVP 26", "c=IN IP4 232.3.4.5/127", line).source_filter is None


@pytest.mark.rule("D-025")
def test_an_ssrc_line_shuts_nobody_out() -> None:
    found = parse("m=video 5000 RTP/AVP 26", "c=IN IP4 192.0.2.7", "a=ssrc:5 cname:x", "a=ssrc:6 cname:x")
    assert (found.ssrc, found.source_filter) == (5, None)
    assert found.accepts("192.0.2.99"), "only a source filter says whose packets to take"


@pytest.mark.rule("D-027")
def test_without_a_direction_sendrecv_is_taken() -> None:
    media = ["m=video 5000 RTP/AVP 26", "c=IN IP4 192.0.2.7"]
    assert parse(*media).direction == "sendrecv"
    assert parse(*media, session=SESSION + "a=inactive\r\n").direction == "inactive"
    assert parse(*media, "a=recvonly", session=SESSION + "a=inactive\r\n").direction == "recvonly"


@pytest.mark.rule("D-009")
def test_gstreamer_shows_2048_by_1536(tmp_path: Path) -> None:
    port = free_port()
    path = tmp_path / "large.sdp"
    large = replace(CAMERA, address="127.0.0.1", port=port, width=2048, height=1536, framerate=10)
    path.write_bytes(large.serialize().encode())
    picture = "video/x-raw,format=I420,width=2048,height=1536,framerate=10/1"
    sink = f"udpsink host=127.0.0.1 port={port}"
    sender = f"videotestsrc is-live=true pattern=black ! {picture} ! jpegenc ! rtpjpegpay ! {sink}"
    receiver = f"filesrc location={path} ! sdpdemux ! rtpjpegdepay ! fakesink"
    with gstreamer(receiver) as viewer, gstreamer(sender):
        assert viewer.stdout is not None
        told = next(line for line in viewer.stdout if "image/jpeg" in line or "ERROR" in line)
    assert "width=(int)2048, height=(int)1536" in told
    assert "framerate=(fraction)10/1" in told
