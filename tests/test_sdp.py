"""Reading and writing session descriptions; the rules by number are in conformance/test_sdp_rules.py."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rtpjpeg
from peers import need
from rtpjpeg.errors import ConfigError
from rtpjpeg.sdp import SessionDescription, SourceFilter, parse_all, serialize_all
from rtpjpeg.srtpkey import SrtpKey

CAMERA = SessionDescription("192.0.2.7", 5000)
KEY = SrtpKey(bytes(range(16)), bytes(range(14)), "AES_CM_128_HMAC_SHA1_32")
MEDIA = "m=video 5000 RTP/AVP 26\nc=IN IP4 192.0.2.7\n"

SAMPLES = {
    "by hand, as in many guides": (
        "m=video 5000 RTP/AVP 26\nc=IN IP4 127.0.0.1\na=rtpmap:26 JPEG/90000\n",
        SessionDescription("127.0.0.1", 5000, direction="sendrecv"),
    ),
    "a media server": (
        "v=0\r\no=- 1188340656180883 1 IN IP4 192.0.2.1\r\ns=Session streamed by camera\r\n"
        "i=live\r\nt=0 0\r\n"
        "a=tool:Streaming Media v2024.06.26\r\na=type:broadcast\r\na=control:*\r\na=range:npt=now-\r\n"
        "m=audio 0 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\n"
        "m=video 8888 RTP/AVP 26\r\nc=IN IP4 232.248.88.236/255\r\nb=AS:5000\r\n"
        "a=x-dimensions:1280,960\r\na=control:track2\r\n",
        SessionDescription(
            "232.248.88.236",
            8888,
            ttl=255,
            width=1280,
            height=960,
            bandwidth=5000,
            direction="sendrecv",
            session_name="Session streamed by camera",
            session_id=1188340656180883,
            session_version=1,
            origin_address="192.0.2.1",
        ),
    ),
    "several layers, feedback profile, an origin that is none": (
        "v=0 \no=The King <Elvis@example.com>\ns=\nt=0 0\nb=AS:800\nm=video 49170/2 RTP/AVPF 98 26\n"
        "c=IN IP6 ff15::101/3\na=rtpmap:98\na=rtpmap:26 jpeg/90000\na=rtcp:53020 IN IP6 2001:db8::9\n"
        "a=ssrc:x\na=ssrc:99999999999 cname:y\na=ssrc:7 cname:z\n",
        SessionDescription(
            "ff15::101",
            49170,
            protocol="RTP/AVPF",
            rtcp_port=53020,
            bandwidth=800,
            ssrc=7,
            cname="z",
            direction="sendrecv",
        ),
    ),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_descriptions_as_they_are_found(name: str) -> None:
    text, expected = SAMPLES[name]
    assert SessionDescription.parse(text) == expected
    assert SessionDescription.parse(b"\xef\xbb\xbf" + text.encode()) == expected


def test_header_extensions_are_mapped() -> None:
    ntp, offset = "urn:ietf:params:rtp-hdrext:ntp-64", "urn:ietf:params:rtp-hdrext:toffset"
    lines = f"a=extmap:1 {ntp}\na=extmap:2/sendonly {offset} and more\n"
    lines += "a=extmap:0 a:b\na=extmap:300 c:d\na=extmap\n"
    assert SessionDescription.parse(MEDIA + lines).extmap == ((1, ntp), (2, offset))
    assert SessionDescription.parse(f"a=extmap:5 {ntp}\n" + MEDIA + f"a=extmap:6 {ntp}\n").extmap == (
        (6, ntp),
    )


@pytest.mark.parametrize("extmap", [((0, "a:b"),), ((256, "a:b"),), ((1, "a b"),), ((1, "a:b"), (1, "c:d"))])
def test_a_mapping_that_cannot_be_is_refused(extmap: tuple[tuple[int, str], ...]) -> None:
    with pytest.raises(ConfigError, match="SDP extmap: found .* expected IDs of 1 to 255"):
        replace(CAMERA, extmap=extmap).serialize()


def test_a_key_of_srtp_is_written_and_read() -> None:
    stream = replace(CAMERA, protocol="RTP/SAVP", crypto=KEY)
    text = stream.serialize()
    assert f"a=crypto:1 {KEY.serialize()}\r\n" in text and "m=video 5000 RTP/SAVP 26\r\n" in text
    assert SessionDescription.parse(text) == stream
    assert KEY.serialize().partition(":")[2] not in repr(stream)
    with pytest.raises(ConfigError, match="^SDP protocol: found 'RTP/AVP', expected RTP/SAVP or RTP/SAVPF"):
        replace(CAMERA, crypto=KEY).serialize()


def test_the_first_key_that_can_be_used_counts() -> None:
    other = "a=crypto:1 AES_256_CM_HMAC_SHA1_80 inline:" + "A" * 60 + "\n"
    secure = MEDIA.replace("AVP", "SAVPF")
    found = SessionDescription.parse(f"{secure}{other}a=crypto:2 {KEY.serialize()}\n")
    assert (found.crypto, found.protocol) == (KEY, "RTP/SAVPF")
    assert SessionDescription.parse(secure).crypto is None
    with pytest.raises(ConfigError, match="^SDP a=crypto: SRTP key: found suite AES_256_CM_HMAC_SHA1_80"):
        SessionDescription.parse(secure + other)


def test_ffmpeg_names_a_key_under_rtp_avp_and_means_it() -> None:
    assert SessionDescription.parse(f"{MEDIA}a=crypto:1 {KEY.serialize()}\n").crypto == KEY
    assert SessionDescription.parse(f"{MEDIA}a=crypto:1 nothing\n").crypto is None


def test_the_public_name() -> None:
    assert rtpjpeg.SessionDescription is SessionDescription


def test_all_streams_of_a_description() -> None:
    streams = [CAMERA, replace(CAMERA, port=5002, payload_type=96)]
    text = serialize_all(streams) + "m=audio 5004 RTP/AVP 0\r\nc=IN IP4 192.0.2.7\r\n"
    assert parse_all(text) == streams
    assert SessionDescription.parse(text) == CAMERA


def test_a_broken_stream_spoils_only_those_who_want_it() -> None:
    text = MEDIA + "m=video 70000 RTP/AVP 26\nc=IN IP4 192.0.2.7\n"
    assert SessionDescription.parse(text).port == 5000
    with pytest.raises(ConfigError, match="port in m=: found '70000'"):
        parse_all(text)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "SDP m=: found none, expected a video stream over RTP/AVP with format 26"),
        ("m=\n", "SDP m=: found '',"),
        ("m=video 5000 UDP/TLS/RTP/SAVPF 26\n", "found 'video 5000 UDP/TLS/RTP/SAVPF 26'"),
        ("m=audio 5000 RTP/AVP 26\n", "found 'audio 5000 RTP/AVP 26'"),
        ("m=video 5000 RTP/AVP 26\na=rtpmap:26 JPEG/48000\n", "found 'video 5000 RTP/AVP 26' JPEG/48000"),
        ("m=video 5000 RTP/AVP 96\na=rtpmap:96 H264/90000\n", "found 'video 5000 RTP/AVP 96' H264/90000"),
        ("m=video 5000 RTP/AVP 200\na=rtpmap:200 JPEG/90000\n", "found 'video 5000 RTP/AVP 200' JPEG/90000"),
        ("m=video 5000 RTP/AVP\n", "found 'video 5000 RTP/AVP'"),
        ("v=1\n" + MEDIA, "SDP v=: found '1', expected 0 (RFC 8866 section 5.1)"),
        ("m=video 0 RTP/AVP 26\nc=IN IP4 192.0.2.7\n", "port in m=: found '0', expected 1 to 65535"),
        ("m=video x RTP/AVP 26\nc=IN IP4 192.0.2.7\n", "port in m=: found 'x'"),
        (MEDIA + "a=rtcp:0\n", "a=rtcp: found '0', expected a port, 1 to 65535 (RFC 3605 section 2.1)"),
        (MEDIA + "a=rtcp\n", "a=rtcp: found '', expected a port"),
        ("m=video 5000 RTP/AVP 26\nc=IN IP4 233.252.0.1/256\n", "c=: found 'IN IP4 233.252.0.1/256'"),
        ("m=video 5000 RTP/AVP 26\nc=IN IP4 2001:db8::1\n", "c=: found 'IN IP4 2001:db8::1'"),
        ("m=video 5000 RTP/AVP 26\nc=ATM NSAP 47\n", "c=: found 'ATM NSAP 47'"),
        ("m=video 5000 RTP/AVP 26\nc=\n", "c=: found none"),
        (MEDIA + "a=source-filter: incl IN IP4 *\n", "a=source-filter: found ' incl IN IP4 *'"),
        (MEDIA + "a=source-filter: only IN IP4 * 192.0.2.1\n", "expected incl or excl"),
        (MEDIA + "oh " + "n" * 100, "line 3: found 'oh " + "n" * 54 + "...', expected <type>=<value>"),
    ],
)
def test_what_cannot_be_played_is_refused_in_one_line(text: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        SessionDescription.parse(text)
    assert len(caught.value.faults) == 1
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_all_faults_of_a_stream_at_once() -> None:
    text = "m=video 0 RTP/AVP 26\na=rtcp:x\na=source-filter: incl\n"
    with pytest.raises(ConfigError) as caught:
        SessionDescription.parse(text)
    assert [fault.split(":")[0] for fault in caught.value.faults] == [
        "SDP port in m=",
        "SDP a=rtcp",
        "SDP c=",
        "SDP a=source-filter",
    ]
    with pytest.raises(ConfigError) as caught:
        SessionDescription.parse("v=2\nx=1\ny=1\n")
    assert len(caught.value.faults) == 3


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("address", ""),
        ("address", "pi 4"),
        ("address", "käse.example"),
        ("origin_address", "pi 4"),
        ("port", 0),
        ("port", 65536),
        ("port", 65535),  # RTCP would be 65536
        ("rtcp_port", 0),
        ("rtcp_port", 5000),
        ("protocol", "UDP/TLS/RTP/SAVPF"),
        ("width", 640),  # without a height
        ("height", 480),
        ("bandwidth", -1),
        ("ssrc", 1 << 32),
        ("cname", "a\nb"),
        ("direction", "up"),
        ("source_filter", SourceFilter("only", ("192.0.2.1",))),
        ("source_filter", SourceFilter("incl", ())),
        ("source_filter", SourceFilter("incl", ("192.0.2.1", "a b"))),
    ],
)
def test_what_must_not_be_written_is_refused(field: str, value: object) -> None:
    description = replace(CAMERA, **{field: value})  # type: ignore[arg-type]
    with pytest.raises(ConfigError) as caught:
        description.serialize()
    assert all(fault.startswith("SDP ") and "RFC " in fault for fault in caught.value.faults)
    assert any(repr(value) in fault for fault in caught.value.faults)


def test_all_faults_that_must_not_be_written_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        serialize_all([replace(CAMERA, port=70000, username=""), replace(CAMERA, framerate=-1.0)])
    found = [fault.split(":")[0] for fault in caught.value.faults]
    assert found == ["SDP port", "SDP rtcp_port", "SDP username", "SDP framerate"]


@pytest.mark.parametrize(
    ("description", "control_port"),
    [
        (CAMERA, 5001),
        (replace(CAMERA, port=5001), 5002),
        (replace(CAMERA, rtcp_port=6000), 6000),
        (replace(CAMERA, rtcp_port=6000, rtcp_mux=True), 5000),
    ],
)
def test_control_port(description: SessionDescription, control_port: int) -> None:
    assert description.control_port == control_port


def test_rtcp_mux_on_an_odd_port_names_the_port() -> None:
    assert "a=rtcp:5001\r\na=rtcp-mux\r\n" in replace(CAMERA, port=5001, rtcp_mux=True).serialize()


@pytest.mark.parametrize(
    ("address", "multicast"),
    [("233.252.0.1", True), ("ff15::1", True), ("192.0.2.7", False), ("a.example", False)],
)
def test_multicast(address: str, multicast: bool) -> None:
    assert replace(CAMERA, address=address).multicast is multicast


def test_without_a_filter_everybody_is_accepted() -> None:
    assert CAMERA.accepts("192.0.2.99")
    named = SourceFilter("incl", ("camera.example",))
    assert named.accepts("camera.example"), "who looks a name up may ask for the name"
    assert not named.accepts("192.0.2.99")


def test_what_ffmpeg_writes_is_read(tmp_path: Path) -> None:
    path = tmp_path / "ffmpeg.sdp"
    command = [
        need("ffmpeg"),
        "-v",
        "error",
        "-f",
        "lavfi",
        "-i",
        "testsrc=size=64x64:rate=25",
        "-frames:v",
        "1",
    ]
    command += ["-pix_fmt", "yuvj420p", "-c:v", "mjpeg", "-huffman", "0", "-sdp_file", str(path), "-f", "rtp"]
    done = subprocess.run([*command, "rtp://127.0.0.1:45678"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    found = SessionDescription.parse(path.read_bytes())
    assert (found.address, found.port, found.payload_type) == ("127.0.0.1", 45678, 26)


ADDRESSES = st.one_of(st.ip_addresses().map(str), st.just("camera.example"))
OPTIONAL_PORT = st.none() | st.integers(1, 65535)


@given(
    st.builds(
        SessionDescription,
        address=ADDRESSES,
        port=st.integers(1, 65535),
        payload_type=st.just(26) | st.integers(96, 127),
        rtcp_port=OPTIONAL_PORT,
        rtcp_mux=st.booleans(),
        ttl=st.none() | st.integers(0, 255),
        framerate=st.none() | st.floats(0.01, 1000).map(lambda rate: round(rate, 3)),
        bandwidth=st.none() | st.integers(0, 10**6),
        source_filter=st.none()
        | st.builds(SourceFilter, st.sampled_from(["incl", "excl"]), st.tuples(ADDRESSES)),
        direction=st.sampled_from(["recvonly", "sendrecv", "sendonly", "inactive"]),
        session_id=st.integers(0, 10**12),
    )
)
def test_what_is_written_is_read_the_same(description: SessionDescription) -> None:
    try:
        text = description.serialize()
    except ConfigError:
        return
    found = SessionDescription.parse(text)
    assert found.serialize() == text
    same = {"rtcp_port": description.rtcp_port, "ttl": description.ttl}
    assert replace(found, **same) == description  # type: ignore[arg-type]


PIECES = st.sampled_from(
    "m=video |m=audio 1 |5000 |RTP/AVP |26| 96|c=IN IP4 |c=IN IP6 |224.0.0.1|::1|/|a=rtpmap:|"
    "96 JPEG/90000|a=rtcp:|a=source-filter: incl IN IP4 * |v=0|o=- 1 1 IN IP4 x|"
    "\n|\r\n|a=framerate:|a=x-dimensions:|9999999999999999|"
    "a=framesize:26 |b=AS:|a=ssrc:| cname:|,|\u00b2".split("|")
)


@given(st.lists(PIECES | st.text(max_size=5), max_size=40).map("".join) | st.binary(max_size=200))
def test_any_text_is_a_description_or_a_config_error(text: str | bytes) -> None:
    try:
        found = parse_all(text)
    except ConfigError as error:
        assert error.faults and all(error.faults)
    else:
        assert all(1 <= stream.port <= 65535 for stream in found)
