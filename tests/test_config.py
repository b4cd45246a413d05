"""The configuration: layers, faults, and the cameras that come out."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtpjpeg.config import CameraConfig, load
from rtpjpeg.errors import ConfigError
from rtpjpeg.framing import Region
from rtpjpeg.layers import VARIABLES
from rtpjpeg.settings import KEYS

ROOT = Path(__file__).resolve().parent.parent
CONFIGS = ROOT / "fixtures" / "configs"
DEFAULTS = load(None, {}, {})


def one(
    text: str | None = None, environment: Mapping[str, str] | None = None, **overrides: Any
) -> CameraConfig:
    """The first camera that runs."""
    return load(text, environment or {}, overrides).cameras[0]


def faults(
    text: str | bytes | None,
    environment: Mapping[str, str] | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(text, environment or {}, overrides or {})
    assert not any("\n" in fault for fault in caught.value.faults), "one line for each fault"
    return list(caught.value.faults)


# -- what there is without a word ---------------------------------------------------------------------


def test_defaults() -> None:
    first, second = DEFAULTS.cameras
    assert first == CameraConfig(
        name="camera1",
        source="auto",
        device=None,
        width=640,
        height=480,
        flip_method="none",
        crop=None,
        target_size=None,
        fps=None,
        quality=85,
        transcode=False,
        controls={},
        destinations=(("127.0.0.1", 5000),),
        interfaces=(),
        rtcp=True,
        local_port=0,
        ssrc=None,
        ttl=None,
        interface=None,
        mtu=1400,
        dscp=0,
        profile="resilient",
        no_signal=False,
        pacing=0.0,
        fill=False,
        srtp_key=None,
        retransmit=True,
        adaptive=False,
        rtcp_mux=False,
    )
    assert (second.name, second.destinations) == ("camera2", (("127.0.0.1", 5002),))
    assert (DEFAULTS.stats_interval_seconds, DEFAULTS.notices) == (10, ())


def test_an_empty_file_is_as_good_as_none() -> None:
    assert load("", {}, {}) == load(b"\xef\xbb\xbf# nothing\r\n", {}, {}) == DEFAULTS


def test_config_toml_says_what_holds_without_it() -> None:
    assert load((ROOT / "config.toml").read_bytes(), {}, {}) == DEFAULTS


def test_config_toml_shows_every_key_and_every_line_can_be_used() -> None:
    text = (ROOT / "config.toml").read_text("utf-8")
    used = re.sub(r"^# ([a-z_-]+ = )", r"\1", text, flags=re.MULTILINE)
    shown = tomllib.loads(used)
    for key in KEYS:
        table: Any = shown
        for name in key.split("."):
            assert name in table, f"{key} is not in config.toml"
            table = table[name]
    assert load(re.sub("(?m)^srtp_key.*", "", used), {}, {}).cameras[1].ttl == 16
    assert load(re.sub("(?m)^ssrc.*", "", used), {}, {}).cameras[1].srtp_key == "/etc/rtpjpeg/camera2.key"


# -- the key of SRTP -----------------------------------------------------------------------------------


SHARED_KEY = '[mjpeg-rtp]\nsrtp_key = "all.key"\n'


def test_a_key_is_for_all_cameras_or_for_one() -> None:
    own = SHARED_KEY + '[mjpeg-rtp.camera1]\n[mjpeg-rtp.camera2]\nsrtp_key = "two.key"\n'
    assert [camera.srtp_key for camera in load(own, {}, {}).cameras] == ["all.key", "two.key"]
    assert [camera.srtp_key for camera in DEFAULTS.cameras] == [None, None]


def test_a_key_of_a_higher_layer_wins_over_those_of_cameras_too() -> None:
    own = '[mjpeg-rtp.camera1]\nsrtp_key = "one.key"\n'
    assert one(own, {"RTPJPEG_MJPEG_RTP_SRTP_KEY": "env.key"}).srtp_key == "env.key"
    variables = {"RTPJPEG_MJPEG_RTP_SRTP_KEY": "all.env", "RTPJPEG_MJPEG_RTP_CAMERA1_SRTP_KEY": "one.env"}
    assert [camera.srtp_key for camera in load(own, variables, {}).cameras] == ["one.env"]
    assert load(own, {}, {"camera*.srtp_key": "typed.key"}).cameras[0].srtp_key == "typed.key"


def test_a_key_is_a_path_and_not_the_key_itself_nor_nothing() -> None:
    assert faults('[mjpeg-rtp]\nsrtp_key = " "\n') == [
        'mjpeg-rtp.srtp_key: found " ", expected the path of a file'
    ]


def test_an_ssrc_that_stays_is_refused_with_a_key() -> None:
    text = SHARED_KEY + "[mjpeg-rtp.camera1]\nssrc = 7\n"
    assert faults(text) == [
        "mjpeg-rtp.camera1.ssrc: found 7, expected no ssrc with srtp_key, so that each start has another one"
        " (RFC 3711 section 9.1)"
    ]


def test_a_key_takes_the_size_of_its_tag_from_the_packets() -> None:
    assert (one(SHARED_KEY).mtu, one(SHARED_KEY).clear_mtu, one().clear_mtu) == (1400, 1390, 1400)


# -- the original's files -----------------------------------------------------------------------------


def test_a_file_of_the_go_sender() -> None:
    config = load((CONFIGS / "go.toml").read_bytes(), {}, {})
    first, second = config.cameras
    assert (first.width, first.height, first.fps, first.quality) == (1280, 720, 25, 80)
    assert (second.width, second.height, second.fps, second.quality) == (640, 480, 30, 85)
    assert (first.ssrc, second.ssrc) == (0x12345678, 0x12345679)
    assert first.destinations == (("192.168.1.100", 5000),)
    assert (first.mtu, first.dscp, config.stats_interval_seconds) == (1300, 46, 5)
    assert str(first.device).endswith("imx219@10")


def test_what_is_known_and_ignored_is_named_once() -> None:
    (notice,) = load((CONFIGS / "go.toml").read_bytes(), {}, {}).notices
    for name in ("app", "zeromq", "server", "webrtc", "video", "encoding", "buffers", "timeouts", "logging"):
        assert f"[{name}]" in notice
    for name in (
        "[limits]",
        "[debug]",
        "[lidar-tof050c]",
        "[imu-1]",
        "camera2.webrtc_port",
        "camera1.scaling_enabled",
    ):
        assert name in notice
    assert "camera1.crop" not in notice


def test_a_file_of_the_rust_sender() -> None:
    (camera,) = load((CONFIGS / "rust.toml").read_text("utf-8"), {}, {}).cameras
    assert (camera.device, camera.width, camera.height, camera.fps) == ("0", 1920, 1080, 30)
    assert (camera.quality, camera.ssrc, camera.dscp) == (95, 0xDEADBEEF, 34)


def test_a_file_that_scales_crops_and_turns() -> None:
    text = (CONFIGS / "go-scaled.toml").read_text("utf-8")
    assert faults(text) == ["mjpeg-rtp.enabled: found false, expected true, or nothing is sent"]
    first, second = load(text, {}, {"mjpeg-rtp.enabled": True}).cameras
    assert (first.crop, first.target_size, first.flip_method) == (None, (960, 540), "vertical-flip")
    assert first.framing.sent_size == (960, 540)
    assert (second.crop, second.target_size) == ((0, 120, 640, 360), (640, 480))
    assert second.framing.flips == (True, True)


@pytest.mark.parametrize(
    ("text", "crop", "sent"),
    [
        ("crop = { x = 40 }", (40, 0, 600, 480), (600, 480)),
        ("crop = { y = 80, height = 320 }", (0, 80, 640, 320), (640, 320)),
        ("crop = { width = 640, height = 480 }\nflip_method = 'rotate-90'", None, (480, 640)),
        ("crop = { width = 320, height = 240 }\ntarget-width = 640", (0, 0, 320, 240), (640, 240)),
        ("target-height = 240\nflip_method = 'rotate-270'", None, (240, 640)),
        ("target-width = 640", None, (640, 480)),
    ],
)
def test_crop_and_target_size(text: str, crop: Region | None, sent: tuple[int, int]) -> None:
    camera = one(f"[camera1]\n{text}\n")
    assert (camera.crop, camera.framing.sent_size) == (crop, sent)


def test_what_the_stream_says_of_the_picture_wins() -> None:
    text = "[camera1]\nflip_method = 'rotate-90'\ncrop = { x = 100 }\n"
    camera = one(f"{text}[mjpeg-rtp.camera1]\nflip_method = 'none'\nwidth = 320\n")
    assert (camera.flip_method, camera.crop) == ("none", (100, 0, 220, 480))


def test_a_crop_that_is_not_in_the_picture() -> None:
    text = "[camera1]\ncrop = { x = 600, width = 80, y = 475 }\n[mjpeg-rtp.camera1]\n"
    expected = "expected 8 or more pixels from {} on, within the {} of the picture"
    assert faults(text) == [
        f"camera1.crop.width: found 80, {expected.format('x = 600', 640)}",
        f"camera1.crop.y: found 475, {expected.format('y = 475', 480)}",
    ]
    (fault,) = faults("[camera1]\ncrop = { width = 7 }\n[mjpeg-rtp.camera1]\n")
    assert fault.startswith("camera1.crop.width: found 7, expected 8 or more")


def test_the_whole_picture_stays_whole_at_another_size() -> None:
    text = "[camera1]\nwidth = 800\nheight = 600\ntarget-width = 800\ncrop = { width = 800, height = 600 }\n"
    assert one(text, **{"camera1.width": "320"}).width == 320


@pytest.mark.parametrize(
    ("key", "usual"), [("fill", False), ("retransmit", True), ("adaptive", False), ("rtcp_mux", False)]
)
def test_what_is_said_of_all_streams_is_for_each_camera(key: str, usual: bool) -> None:
    for value in (True, False):
        text = f"[mjpeg-rtp]\n{key} = {str(value).lower()}\n"
        assert [getattr(camera, key) for camera in load(text, {}, {}).cameras] == [value, value]
    assert [getattr(camera, key) for camera in load(None, {}, {}).cameras] == [usual, usual]


# -- layers -------------------------------------------------------------------------------------------


def test_file_then_environment_then_command_line() -> None:
    text = "[mjpeg-rtp.camera1]\nquality = 10\nlocal_port = 7000\nttl = 3\n"
    environment = {"RTPJPEG_MJPEG_RTP_CAMERA1_QUALITY": "20", "RTPJPEG_MJPEG_RTP_CAMERA1_LOCAL_PORT": "8000"}
    camera = one(text, environment, **{"mjpeg-rtp.camera1.quality": "30"})
    assert (camera.quality, camera.local_port, camera.ttl) == (30, 8000, 3)


def test_every_key_has_a_variable() -> None:
    assert len(VARIABLES) == len(KEYS)
    assert VARIABLES["RTPJPEG_CAMERA1_TARGET_WIDTH"] == "camera1.target-width"
    assert VARIABLES["RTPJPEG_MJPEG_RTP_STATS_INTERVAL_SECONDS"] == "mjpeg-rtp.stats_interval_seconds"


@pytest.mark.parametrize(
    ("variable", "text", "name", "expected"),
    [
        ("MJPEG_RTP_CAMERA1_SSRC", "0xDEADBEEF", "ssrc", 0xDEADBEEF),
        ("MJPEG_RTP_CAMERA1_SSRC", "7", "ssrc", 7),
        (
            "MJPEG_RTP_CAMERA1_DESTINATIONS",
            "a.example:1, [::1]:2",
            "destinations",
            (("a.example", 1), ("::1", 2)),
        ),
        ("MJPEG_RTP_CAMERA1_DEVICE", "0", "device", "0"),
        ("MJPEG_RTP_CAMERA1_INTERFACE", "eth0", "interface", "eth0"),
        ("MJPEG_RTP_PACING", "0.5", "pacing", 0.5),
        ("CAMERA1_FPS", "29.97", "fps", 29.97),
        ("CAMERA1_DEVICE", "", "device", None),
    ],
)
def test_variables_become_what_their_key_needs(variable: str, text: str, name: str, expected: object) -> None:
    assert getattr(one(None, {f"RTPJPEG_{variable}": text}), name) == expected


@pytest.mark.parametrize(
    ("text", "running"),
    [("true", 2), ("YES", 2), ("on", 2), ("1", 2), ("false", 1), ("no", 1), ("Off", 1), ("0", 1)],
)
def test_yes_and_no(text: str, running: int) -> None:
    assert len(load(None, {"RTPJPEG_MJPEG_RTP_CAMERA2_ENABLED": text}, {}).cameras) == running


def test_other_variables_are_left_alone() -> None:
    environment = {"PATH": "/bin", "RTPJPEG_CONFIG": "a.toml", "RTPJPEGX": "1"}
    assert load(None, environment, {}) == DEFAULTS


def test_an_unknown_variable_is_a_fault() -> None:
    assert faults(None, {"RTPJPEG_MJPEG_RTP_CAMERA1_QUALITI": "1"}) == [
        "RTPJPEG_MJPEG_RTP_CAMERA1_QUALITI: unknown variable; did you mean RTPJPEG_MJPEG_RTP_CAMERA1_QUALITY?"
    ]


def test_the_last_layer_wins_whichever_table_it_names() -> None:
    text = "[camera1]\nwidth = 100\n[mjpeg-rtp.camera1]\nwidth = 200\n"
    assert one(text).width == 200
    assert one(text, {"RTPJPEG_CAMERA1_WIDTH": "300"}).width == 300
    both = {"RTPJPEG_CAMERA1_WIDTH": "300", "RTPJPEG_MJPEG_RTP_CAMERA1_WIDTH": "400"}
    assert one(text, both).width == 400
    assert one(text, both, **{"camera*.width": 500}).width == 500
    assert one(text, both, **{"camera*.width": 500, "camera1.width": 600}).width == 600


def test_a_destination_may_name_its_interface() -> None:
    text = 'mjpeg-rtp.camera1 = {{ destinations = ["10.0.0.5:5000@eth0", "10.0.0.5:5000@wlan0", {}]{} }}'
    (camera,) = load(text.format('"[fd00::5]:6000"', ', interface = "usb0"'), {}, {}).cameras
    assert camera.destinations == (("10.0.0.5", 5000), ("10.0.0.5", 5000), ("fd00::5", 6000))
    assert [camera.interface_to(number) for number in range(4)] == ["eth0", "wlan0", "usb0", "usb0"]
    (again,) = load(text.format('"[fd00::5]:6000@192.0.2.7"', ""), {}, {}).cameras
    assert again.interfaces == ("eth0", "wlan0", "192.0.2.7")
    assert load(load(text.format('"h:1"', ""), {}, {}).dump(), {}, {}).cameras[0].interfaces[:2] == (
        "eth0",
        "wlan0",
    )


def test_destinations_win_over_host_and_port_of_the_same_layer() -> None:
    text = "[mjpeg-rtp.camera1]\ndest_host = 'a.example'\ndestinations = ['b.example:6000', '[::1]:6002']\n"
    assert one(text).destinations == (("b.example", 6000), ("::1", 6002))
    assert one(text, {"RTPJPEG_MJPEG_RTP_CAMERA1_DEST_PORT": "7000"}).destinations == (("a.example", 7000),)
    assert one(text, **{"camera1.destinations": "c.example:1"}).destinations == (("c.example", 1),)


def test_controls() -> None:
    text = "[camera1.controls]\nExposureTime = 5000\nAfWindows = [[0, 0, 10, 10]]\n'odd name' = 'x'\n"
    variables = {"RTPJPEG_CAMERA1_CONTROLS_EXPOSURETIME": "900", "RTPJPEG_CAMERA1_CONTROLS_AeEnable": "true"}
    words = {"camera1.controls.AwbMode": "Indoor", "camera1.controls.Gains": "[1.5, 2]"}
    assert one(text, variables, **words).controls == {
        "ExposureTime": 900,
        "AfWindows": [[0, 0, 10, 10]],
        "odd name": "x",
        "AeEnable": True,
        "AwbMode": "Indoor",
        "Gains": [1.5, 2],
    }


# -- who runs -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "running"),
    [
        ("[mjpeg-rtp]\nmtu = 1300\n", ["camera1", "camera2"]),
        ("[camera1]\nwidth = 64\n", ["camera1", "camera2"]),
        ("[mjpeg-rtp.camera1]\nquality = 50\n", ["camera1"]),
        ("[camera1]\n[camera2]\n[mjpeg-rtp.camera2]\nenabled = true\n", ["camera2"]),
        ("[mjpeg-rtp.camera1]\nenabled = false\n[mjpeg-rtp.camera2]\n", ["camera2"]),
    ],
)
def test_those_run_that_the_file_enables(text: str, running: list[str]) -> None:
    assert [camera.name for camera in load(text, {}, {}).cameras] == running
    assert [camera.name for camera in load(load(text, {}, {}).dump(), {}, {}).cameras] == running


def test_nothing_enabled_is_a_fault() -> None:
    text = "[mjpeg-rtp.camera1]\nenabled = false\n[mjpeg-rtp.camera2]\nenabled = false\n"
    assert faults(text) == [
        "mjpeg-rtp.camera1.enabled and mjpeg-rtp.camera2.enabled: found false, expected true for one of them,"
        " or nothing is sent"
    ]
    assert len(faults("mjpeg-rtp.enabled = false\n" + text)) == 2


# -- faults -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("camera1.width", "2041", "found 2041, expected a whole number of pixels, 8 to 2040 (RFC 2435"),
        ("camera1.width", "7", "found 7, expected"),
        ("camera1.height", "640.0", "found 640.0, expected"),
        ("camera1.height", "'480'", 'found "480", expected'),
        ("camera1.height", "true", "found true, expected"),
        ("camera1.fps", "-1", "found -1, expected frames a second, 0 to 1000"),
        ("camera1.fps", "nan", "found nan, expected frames a second"),
        ("camera1.fps", "inf", "found inf, expected frames a second"),
        ("camera1.flip_method", "'upside-down'", 'found "upside-down", expected none or vertical-flip or'),
        ("camera1.device", "0", "found 0, expected text of one line"),
        ("camera1.device", "'''a\nb'''", 'found "a\\nb", expected text of one line'),
        ("camera1.crop", "[0, 0]", "found [0, 0], expected a table"),
        ("camera1.crop.x", "-1", "found -1, expected a whole number of pixels"),
        ("camera1.crop.width", "0", "found 0, expected a whole number of pixels"),
        ("camera1.controls", "5", "found 5, expected a table"),
        (
            "camera1.controls",
            "{ At = 1979-05-27 }",
            "found { At = 1979-05-27 }, expected numbers, true or false",
        ),
        ("camera1.controls", "{ A = [[[1]]] }", "expected numbers, true or false, words, and lists of these"),
        (
            "camera1.controls",
            "{ A = { B.C.D.E.F = 1 } }",
            "found { A = { B = { C = { D = ... } } } }, expected",
        ),
        ("mjpeg-rtp.mtu", "499", "found 499, expected a whole number of bytes, 500 to 9000"),
        ("mjpeg-rtp.mtu", "9001", "found 9001, expected"),
        ("mjpeg-rtp.dscp", "64", "found 64, expected a whole number, 0 to 63 (RFC 2474)"),
        ("mjpeg-rtp.stats_interval_seconds", "-1", "found -1, expected seconds, 0 to 86400, 0 for never"),
        ("mjpeg-rtp.profile", "'fast'", 'found "fast", expected resilient or compatible'),
        ("mjpeg-rtp.pacing", "0.81", "found 0.81, expected a share of the frame interval, 0 to 0.8"),
        ("mjpeg-rtp.fill", "'yes'", 'found "yes", expected true or false'),
        ("mjpeg-rtp.camera1.enabled", "1", "found 1, expected true or false"),
        ("mjpeg-rtp.camera1.quality", "0", "found 0, expected a whole number, 1 to 100"),
        ("mjpeg-rtp.camera1.quality", "101", "found 101, expected"),
        ("mjpeg-rtp.camera1.dest_host", "''", 'found "", expected a host name or an IP address'),
        ("mjpeg-rtp.camera1.dest_host", "'a b'", 'found "a b", expected'),
        ("mjpeg-rtp.camera1.dest_port", "0", "found 0, expected a port, 1 to 65535"),
        ("mjpeg-rtp.camera1.local_port", "65536", "found 65536, expected a port, or 0 for any"),
        ("mjpeg-rtp.camera1.ssrc", "0x100000000", "found 4294967296, expected a whole number of 32 bits"),
        ("mjpeg-rtp.camera1.ttl", "256", "found 256, expected a whole number, 0 to 255"),
        ("mjpeg-rtp.camera1.interface", "''", "expected a network interface or its address"),
        ("mjpeg-rtp.camera1.source", "'webcam'", 'found "webcam", expected auto or synthetic or picamera2'),
        ("mjpeg-rtp.camera1.source", "'replay:'", 'found "replay:", expected'),
        (
            "mjpeg-rtp.camera1.destinations",
            "['::1:5000']",
            'found ["::1:5000"], expected HOST:PORT or a list',
        ),
        ("mjpeg-rtp.camera1.destinations", "['a.example']", "expected HOST:PORT or a list of them"),
        ("mjpeg-rtp.camera1.destinations", "['a.example:70000']", "expected HOST:PORT or a list of them"),
        ("mjpeg-rtp.camera1.destinations", "[5000]", "found [5000], expected HOST:PORT or a list of them"),
        ("mjpeg-rtp.camera1.destinations", "5000", "found 5000, expected HOST:PORT or a list of them"),
        ("mjpeg-rtp.camera1.destinations", "'a.example:1,a.example:1'", "expected each destination once"),
        ("mjpeg-rtp.camera1.destinations", "'a.example:1@e,a.example:1@e'", "expected each destination once"),
        ("mjpeg-rtp.camera1.destinations", "'a.example:1@'", "expected HOST:PORT or a list of them"),
        ("mjpeg-rtp.camera1.destinations", "'a.example:1@e@f'", "expected HOST:PORT or a list of them"),
    ],
)
def test_a_wrong_value_is_named_with_what_belongs_there(key: str, value: str, sentence: str) -> None:
    (fault,) = faults(f"{key} = {value}\n")
    assert fault.startswith(f"{key}: ") and sentence in fault


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        ("camera1.widht = 5", "camera1.widht: unknown name; did you mean camera1.width?"),
        ("camera2.quality = 5", "camera2.quality: unknown name; did you mean mjpeg-rtp.camera2.quality?"),
        (
            "camera1.target_width = 5",
            "camera1.target_width: unknown name; did you mean camera1.target-width?",
        ),
        ("mjpeg-rtp.camera1.profile = 'x'", "unknown name; did you mean mjpeg-rtp.profile?"),
        ("mjpeg-rtp.camera3.quality = 5", "mjpeg-rtp.camera3: unknown name; did you mean mjpeg-rtp.camera1?"),
        ("[camera_1]\nwidth = 5", "camera_1: unknown name; did you mean camera1?"),
        ("[mjpeg_rtp]", "mjpeg_rtp: unknown name; did you mean mjpeg-rtp?"),
        ("lidar = 1", "lidar: unknown name; did you mean"),
        ("'a\\nb' = 1", "a\\nb"),
        ('"a\\nb" = 1', "'a\\nb': unknown name; did you mean"),
    ],
)
def test_an_unknown_name_is_told_with_the_nearest(text: str, nearest: str) -> None:
    (fault,) = faults(text)
    assert nearest in fault


def test_an_unknown_word_of_the_command_line() -> None:
    words = {"camera1.qualty": "5", "camera*.with": 5, "camera1.camera1.width": "5"}
    assert faults(None, overrides=words) == [
        "camera*.with: unknown name; did you mean camera1.width? (command line)",
        "camera1.camera1.width: unknown name; did you mean camera1.crop.width? (command line)",
        "camera1.qualty: unknown name; did you mean mjpeg-rtp.camera1.quality? (command line)",
    ]


def test_all_faults_at_once_with_where_they_come_from() -> None:
    text = "camera1.width = 5\nlidr = 1\n[mjpeg-rtp.camera1]\nquality = 0\ntranscode = 1\n"
    text += "[mjpeg-rtp.camera2]\n"
    environment = {"RTPJPEG_MJPEG_RTP_MTU": "big", "RTPJPEG_MTU": "5"}
    overrides = {"camera*.fps": 0, "camera2.dest_port": "", "camera2.ssrc": "a\nb"}
    assert faults(text, environment, overrides) == [
        "RTPJPEG_MTU: unknown variable; did you mean RTPJPEG_MJPEG_RTP_MTU?",
        "camera1.width: found 5, expected a whole number of pixels, 8 to 2040 (RFC 2435 section 3.1.5)",
        "mjpeg-rtp.mtu: found big, expected a whole number of bytes, 500 to 9000 (RTPJPEG_MJPEG_RTP_MTU)",
        "mjpeg-rtp.camera1.quality: found 0, expected a whole number, 1 to 100",
        "mjpeg-rtp.camera1.transcode: found 1, expected true or false",
        'mjpeg-rtp.camera2.dest_port: found "", expected a port, 1 to 65535 (command line)',
        'mjpeg-rtp.camera2.ssrc: found "a\\nb", expected a whole number of 32 bits (command line)',
        "lidr: unknown name; did you mean camera1.width?",
        "camera1.fps: found 0, expected a rate above 0 for source auto (command line, every camera)",
        "camera2.fps: found 0, expected a rate above 0 for source auto (command line, every camera)",
    ]


def test_a_long_value_is_shortened() -> None:
    (fault,) = faults(f"camera1.width = '{'x' * 200}'")
    assert fault.startswith('camera1.width: found "xxx') and "xxx..., expected" in fault and len(fault) < 160


def test_a_value_where_a_table_belongs() -> None:
    text = "camera1 = 5\nmjpeg-rtp.camera2 = 'x'\n"
    assert faults(text, overrides={"camera1.width": "64", "camera2.quality": "50"}) == [
        "camera1: found 5, expected a table",
        'mjpeg-rtp.camera2: found "x", expected a table',
    ]
    assert faults("mjpeg-rtp = []\n", {"RTPJPEG_CAMERA1_WIDTH": "64"}) == [
        "mjpeg-rtp: found [], expected a table"
    ]


def test_an_unknown_source_is_not_told_twice() -> None:
    (fault,) = faults(None, overrides={"camera1.source": "repaly:x", "camera1.fps": "0"})
    assert fault.startswith("mjpeg-rtp.camera1.source: found repaly:x, expected auto or")


@pytest.mark.parametrize("key", ["camera1.fps", "mjpeg-rtp.camera1.fps"])
def test_rate_0_is_for_files(key: str) -> None:
    assert faults(f"{key} = 0\n") == [f"{key}: found 0, expected a rate above 0 for source auto"]
    assert one(f"{key} = 0\nmjpeg-rtp.camera1.source = 'replay:x'\n").fps == 0


@pytest.mark.parametrize(("key", "value"), [("ssrc", 5), ("local_port", 6000)])
def test_what_both_cameras_cannot_have(key: str, value: int) -> None:
    text = f"[mjpeg-rtp.camera1]\n{key} = {value}\n[mjpeg-rtp.camera2]\n{key} = {value}\n"
    assert faults(text) == [f"mjpeg-rtp.camera2.{key}: found {value}, expected another one than camera1 has"]
    assert len(load(text + "enabled = false\n", {}, {}).cameras) == 1


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[camera1]\nwidth = \n", "line 2, column 9"),
        ("[camera1]\nwidth = 5\nwidth = 6\n", "line 3, column"),
        ("[camera1\nwidth = 5\n", "line 1, column 9"),
        ("[camera1]\nwidth = 5\nheight = [1,\n", "line 3, its end"),
        ("camera1.width = " + "9" * 5000, "somewhere in 1 lines"),
        ("camera1.width = " + "[" * 5000, "line 1"),
        (b"# caf\xe9\n", "somewhere in 1 lines: 'utf-8' codec"),
    ],
)
def test_broken_toml_is_one_line_with_its_place(text: str | bytes, place: str) -> None:
    if text == "camera1.width = " + "[" * 5000:
        place = ""  # by the version of Python: too deep to read, or not closed
    (fault,) = faults(text)
    assert fault.startswith("configuration file: broken TOML at ") and place in fault


def test_broken_toml_comes_with_the_faults_of_the_words() -> None:
    with pytest.raises(ConfigError) as caught:
        load("=", {}, {}, ["--dest: found 3, expected at most 2"])
    assert [fault.split(":")[0] for fault in caught.value.faults] == ["--dest", "configuration file"]


ADVICE = "no reports, and nothing is sent again; name another port, or set rtcp_mux = true"
SHARED_PORTS = [
    (
        {"camera1.destinations": "a.example:5000", "camera2.destinations": "b.example:5001,a.example:5001"},
        f"camera1: port 5001 of a.example, which is that of RTCP, takes the packets of camera2: {ADVICE}",
    ),
    (
        {"camera2.dest_port": 5001},
        f"camera1: port 5001 of 127.0.0.1, which is that of RTCP, takes the packets of camera2: {ADVICE}",
    ),
    (
        {"camera1.dest_port": 65535},
        f"camera1: port 65535 of 127.0.0.1 leaves none for RTCP: {ADVICE}",
    ),
]


@pytest.mark.rule("T-058")
@pytest.mark.parametrize(("words", "said"), SHARED_PORTS)
def test_rtp_and_rtcp_share_no_port_without_an_agreement(words: dict[str, Any], said: str) -> None:
    both = {"camera1.enabled": True, "camera2.enabled": True}
    found = load(None, {}, both | words)
    assert found.notices[0] == said
    assert [camera.rtcp for camera in found.cameras] == [False, True]
    agreed = load(None, {}, {**both, **words, "mjpeg-rtp.rtcp_mux": True})
    assert all(camera.rtcp and camera.rtcp_mux for camera in agreed.cameras) and agreed.notices == ()


@pytest.mark.rule("D-023")
@pytest.mark.parametrize("group", ["233.252.0.1", "[ff15::7%eth0]"])
def test_rtcp_shares_no_port_of_a_group(group: str) -> None:
    words = {"camera1.destinations": f"192.0.2.1:5000,{group}:5000", "mjpeg-rtp.rtcp_mux": True}
    assert faults(None, None, words) == [
        f"mjpeg-rtp.rtcp_mux: found true, expected false, since camera1 goes to the group {group.strip('[]')}"
        " (RFC 5761 section 5.2) (command line)"
    ]


# -- notices ------------------------------------------------------------------------------------------


def notices(overrides: Mapping[str, Any]) -> tuple[str, ...]:
    return load(None, {}, overrides).notices


@pytest.mark.rule("T-037")
def test_an_odd_port_is_said() -> None:
    assert notices({"camera1.destinations": "a.example:5001,b.example:5002"}) == (
        "camera1: port 5001 of a.example is odd; it is used, with 5002 for RTCP",
    )
    assert notices({"camera1.destinations": "a.example:5001", "mjpeg-rtp.rtcp_mux": True}) == ()


def test_a_size_that_is_rounded_up_is_said() -> None:
    sentence = "camera2: 641x480 is no multiple of 8; viewers without its SDP see it rounded up"
    assert notices({"camera2.width": 641}) == (sentence,)
    assert notices({"camera2.width": 641, "camera2.source": "replay:x"}) == (), "a file has its own size"
    assert notices({"camera2.width": 641, "camera2.target-width": 640}) == ()


def test_words_for_a_camera_that_does_not_run_are_said() -> None:
    words = {"camera1.enabled": True, "camera2.enabled": False, "camera2.quality": "5", "camera*.fps": 5}
    assert notices(words) == (
        "camera2: named on the command line, but it does not run; --only camera2 runs it",
    )


@pytest.mark.parametrize("value", ["true", "yes", "1"])
def test_transcode_belongs_to_one_camera(value: str) -> None:
    first, second = load(None, {}, {"camera1.transcode": value}).cameras
    assert (first.transcode, second.transcode) == (True, False)
    assert one("[mjpeg-rtp.camera1]\ntranscode = true\n").transcode


# -- as TOML ------------------------------------------------------------------------------------------


def test_dump_gives_the_same_cameras_again() -> None:
    text = "[camera1.controls]\nA = [1, 2.5, true, 'x']\n'odd \\u007f \"name\"' = 'y'\n"
    words = {
        "camera1.ssrc": "0xDEADBEEF",
        "camera1.destinations": "[::1]:5000,b.example:1",
        "camera1.device": 'a"\\b',
    }
    config = load(text, {}, words)
    again = load(config.dump(), {}, {})
    assert (again.cameras, again.values) == (config.cameras, config.values)
    assert again.dump() == config.dump()


def test_dump_shows_every_key() -> None:
    text = DEFAULTS.dump()
    for key in KEYS:
        assert re.search(
            rf"^(# )?{re.escape(key.rpartition('.')[2])}( =|\]| is not set)|{key}\]", text, re.MULTILINE
        )
    assert "[mjpeg-rtp.camera1]\nenabled = true\n" in text


TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8)
CONTROLS = st.dictionaries(
    TEXT, st.integers() | st.booleans() | st.floats(allow_nan=False) | TEXT | st.lists(st.integers())
)


@given(TEXT, st.integers(0, 2**32 - 1), st.floats(0, 0.8), CONTROLS)
def test_whatever_is_dumped_loads(device: str, ssrc: int, pacing: float, controls: dict[str, Any]) -> None:
    overrides = {
        "camera1.device": device,
        "camera1.ssrc": ssrc,
        "mjpeg-rtp.pacing": pacing,
        "camera1.controls": controls,
    }
    config = load(None, {}, overrides)
    again = load(config.dump(), {}, {})
    assert (again.cameras, again.values) == (config.cameras, config.values)
    assert config.cameras[0].device == (device or None)


KEY = st.sampled_from([*KEYS, "camera1", "mjpeg-rtp", "camera1.crop", "app", "x", "camera1.controls.A"])
SCALARS = st.sampled_from(
    ["1", "-5", "0.5", "true", "'x'", "[1]", "{ a = 1 }", "nan", "1979-05-27", "", '"\\u0007"']
)
NAMES = st.sampled_from(
    [*VARIABLES, "RTPJPEG_", "RTPJPEG_CAMERA1_CONTROLS_A", "RTPJPEG_CAMERA1_CONTROLS_", "HOME"]
)


@given(
    st.lists(st.tuples(KEY, SCALARS).map(" = ".join) | st.text(max_size=5), max_size=5).map("\n".join),
    st.dictionaries(NAMES, st.text(max_size=5), max_size=3),
    st.dictionaries(KEY, st.text(max_size=3) | st.integers() | st.none(), max_size=3),
)
def test_anything_is_a_configuration_or_faults_of_one_line(
    text: str, environment: dict[str, str], overrides: dict[str, Any]
) -> None:
    try:
        config = load(text, environment, overrides)
    except ConfigError as error:
        assert error.faults and not any("\n" in fault for fault in error.faults)
    else:
        assert load(config.dump(), {}, {}).cameras == config.cameras


def test_the_package_is_imported_without_pydantic() -> None:
    code = "import sys, rtpjpeg, rtpjpeg.sdp, rtpjpeg.overrides; sys.exit('pydantic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0
