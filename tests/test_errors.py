"""Errors: one tree, and one sentence each that says field, value, expectation and source."""

from __future__ import annotations

import pickle

import pytest

from rtpjpeg import errors

FAULTS = [errors.MalformedPacketError, errors.UnsupportedJpegError]
PUBLIC = [
    errors.MalformedPacketError,
    errors.UnsupportedJpegError,
    errors.ConfigError,
    errors.CaptureError,
    errors.TransportError,
]


@pytest.mark.parametrize("kind", PUBLIC)
def test_one_base_class_catches_all(kind):
    assert issubclass(kind, errors.RtpJpegError)


@pytest.mark.parametrize("kind", [*FAULTS, errors.ConfigError])
def test_wrong_values_are_value_errors(kind):
    assert issubclass(kind, ValueError)


@pytest.mark.parametrize("kind", [errors.CaptureError, errors.TransportError])
def test_the_world_is_no_value_error(kind):
    assert not issubclass(kind, ValueError)
    assert str(kind("no camera")) == "no camera"


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_speaks_a_sentence(kind):
    error = kind("Q", 127, "1 to 99", "RFC 2435 section 4.2")
    assert str(error) == "Q: found 127, expected 1 to 99 (RFC 2435 section 4.2)"
    assert (error.field, error.found, error.expected) == ("Q", 127, "1 to 99")
    assert error.source == "RFC 2435 section 4.2"


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_without_a_source_has_no_brackets(kind):
    assert str(kind("width", 0, "8 or more")) == "width: found 0, expected 8 or more"


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_crosses_processes(kind):
    error = kind("Q", 127, "1 to 99", "RFC 2435 section 4.2")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), vars(again)) == (kind, str(error), vars(error))


def test_a_configuration_names_all_its_faults():
    error = errors.ConfigError("mtu: found 20", "quality: found 0")
    assert error.faults == ("mtu: found 20", "quality: found 0")
    assert str(error) == "mtu: found 20\nquality: found 0"
