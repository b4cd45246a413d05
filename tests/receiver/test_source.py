"""SOURCE: what it may be, and the one line that says what it may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from rtpjpeg import ConfigError, TransportError
from rtpjpeg.receiver.source import DEFAULT_SOURCES, read_sources

SDP = """v=0
o=- 1 1 IN IP4 192.0.2.1
s=front
t=0 0
m=video 5004 RTP/AVP 26
c=IN IP4 {first}
m=video 5006 RTP/AVP 97
c=IN IP4 192.0.2.9
a=rtpmap:97 JPEG/90000
a=x-dimensions:2592,1944
"""


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("rtp://:5000", "", 5000),
        ("rtp://@:5000", "", 5000),
        ("rtp://:5000/", "", 5000),
        ("rtp://239.1.2.3:5002", "239.1.2.3", 5002),
        ("rtp://[ff15::1]:5004", "ff15::1", 5004),
        ("rtp://127.0.0.1:65535", "127.0.0.1", 65535),
    ],
)
def test_addresses(text: str, host: str, port: int) -> None:
    (source,) = read_sources([text])
    assert (source.label, source.host, source.port) == (text, host, port)


@pytest.mark.rule("T-037")
@pytest.mark.parametrize(("port", "rtcp"), [(5001, "RTCP on 5002"), (65535, "no RTCP")])
def test_an_odd_port_that_is_given_alone_is_said(
    port: int, rtcp: str, caplog: pytest.LogCaptureFixture
) -> None:
    read_sources([f"rtp://:{port}", "rtp://:5004"])
    said = [record.message for record in caplog.records]
    assert said == [f"rtp://:{port}: port {port} is odd: RTP is taken on {port} and {rtcp}"]


def test_of_an_odd_port_in_a_description_nothing_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "camera.sdp"
    path.write_text(SDP.format(first="192.0.2.1").replace("5004", "5005"))
    assert read_sources([str(path)])[0].port == 5005 and not caplog.records


def test_the_defaults_are_the_two_cameras() -> None:
    assert [source.port for source in read_sources(list(DEFAULT_SOURCES))] == [5000, 5002]


@pytest.mark.parametrize(
    "text",
    [
        "rtp://",
        "rtp://:",
        "rtp://:0",
        "rtp://:65536",
        "rtp://:-1",
        "rtp://:50a",
        "rtp://host",
        "rtp://ff15::1:5000",
    ]
    + ["rtsp://host/", "5000", "", "picture.jpg", "http://host:80/"],
)
def test_what_is_no_source_is_said_in_one_line(text: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read_sources([text])
    (fault,) = refused.value.faults
    assert fault.startswith(f"{text}: ")
    assert "expected" in fault


def test_all_faults_are_said_at_once() -> None:
    with pytest.raises(ConfigError) as refused:
        read_sources(["rtp://:0", "rtp://:5000", "nonsense"])
    assert len(refused.value.faults) == 2


@pytest.mark.parametrize(("first", "host"), [("192.0.2.1", ""), ("233.252.0.1/16", "233.252.0.1")])
def test_a_description_says_port_payload_type_size_and_group(tmp_path: Path, first: str, host: str) -> None:
    path = tmp_path / "cameras.sdp"
    path.write_text(SDP.format(first=first))
    one, two = read_sources([str(path)])
    assert (one.label, one.host, one.port) == (f"{path}#5004", host, 5004)
    assert (two.label, two.host, two.port) == (f"{path}#5006", "", 5006)
    assert one.title == "front"
    assert two.description is not None
    assert (two.description.payload_type, two.description.width, two.description.height) == (97, 2592, 1944)


def test_a_source_filter_is_obeyed(tmp_path: Path) -> None:
    path = tmp_path / "camera.sdp"
    text = SDP.format(first="192.0.2.1").partition("m=video 5006")[0]
    path.write_text(text + "a=source-filter: incl IN IP4 192.0.2.1 198.51.100.7\n")
    (source,) = read_sources([str(path)])
    assert source.label == str(path)
    assert source.accepts(("198.51.100.7", 4000))
    assert not source.accepts(("198.51.100.8", 4000))


def test_without_a_description_everyone_is_accepted() -> None:
    (source,) = read_sources(["rtp://:5000"])
    assert source.accepts(("198.51.100.8", 4000))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_only_the_senders_that_are_named_are_accepted(host: str) -> None:
    (source,) = read_sources(["rtp://:5000"], ["192.0.2.7", host])
    assert source.accepts(("127.0.0.1", 4000)) and source.accepts(("192.0.2.7", 1))
    assert not source.accepts(("192.0.2.8", 4000))


def test_a_link_local_sender_is_known_without_its_scope() -> None:
    (source,) = read_sources(["rtp://:5000"], ["fe80::1"])
    assert source.accepts(("fe80::1%eth0", 4000))


def test_a_sender_that_nobody_knows_is_a_missing_resource() -> None:
    with pytest.raises(TransportError, match="host 'no such host' is not known"):
        read_sources(["rtp://:5000"], ["no such host"])


@pytest.mark.parametrize("name", ["missing.sdp", "missing.pcap", "missing.pcapng"])
def test_a_file_that_is_not_there_is_a_missing_resource(tmp_path: Path, name: str) -> None:
    with pytest.raises(TransportError, match=f"{name} cannot be read: No such file"):
        read_sources([str(tmp_path / name)])


def test_a_description_without_a_jpeg_stream_is_wrong_usage(tmp_path: Path) -> None:
    path = tmp_path / "sound.sdp"
    path.write_text("v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\nt=0 0\nm=audio 5004 RTP/AVP 0\nc=IN IP4 192.0.2.1\n")
    with pytest.raises(ConfigError, match="sound.sdp"):
        read_sources([str(path)])
