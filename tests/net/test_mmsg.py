"""The C structures and functions behind sendmmsg and recvmmsg."""

from __future__ import annotations

import ctypes
import errno
import sys

import numpy as np
import pytest

from rtpjpeg.net import mmsg

WORD = ctypes.sizeof(ctypes.c_void_p)


class MsgHdr(ctypes.Structure):
    """struct msghdr as a C compiler lays it out."""

    _fields_ = [
        ("name", ctypes.c_void_p),
        ("namelen", ctypes.c_uint32),
        ("iov", ctypes.c_void_p),
        ("iovlen", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("controllen", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    ]


class MMsgHdr(ctypes.Structure):
    """struct mmsghdr as a C compiler lays it out."""

    _fields_ = [("header", MsgHdr), ("length", ctypes.c_uint)]


@pytest.mark.parametrize(("ours", "theirs"), [(mmsg.MSGHDR, MsgHdr), (mmsg.MMSGHDR, MMsgHdr)])
def test_the_arrays_are_laid_out_as_c_does(ours: np.dtype[np.void], theirs: type[ctypes.Structure]) -> None:
    assert ours.itemsize == ctypes.sizeof(theirs)
    assert ours.fields is not None
    offsets = {name: field[1] for name, field in ours.fields.items()}
    assert offsets == {field[0]: getattr(theirs, field[0]).offset for field in theirs._fields_}


def test_linux_has_both_functions() -> None:
    assert sys.platform.startswith("linux")
    assert mmsg.sendmmsg is not None
    assert mmsg.recvmmsg is not None


def test_another_system_has_neither(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert mmsg._load(ctypes.CDLL, "sendmmsg") is None


def test_a_function_that_the_library_lacks_is_none() -> None:
    assert mmsg._load(ctypes.CDLL, "no_such_function") is None


def test_errors_are_raised_as_the_socket_module_raises_them() -> None:
    with pytest.raises(OSError) as caught:
        mmsg.send(-1, 0, 0)
    assert caught.value.errno == errno.EBADF
    with pytest.raises(OSError) as caught:
        mmsg.receive(-1, 0, 0)
    assert caught.value.errno == errno.EBADF


def test_a_missing_function_is_an_error_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mmsg, "sendmmsg", None)
    monkeypatch.setattr(mmsg, "recvmmsg", None)
    for function in (mmsg.send, mmsg.receive):
        with pytest.raises(OSError) as caught:
            function(0, 0, 0)
        assert caught.value.errno == errno.ENOSYS
