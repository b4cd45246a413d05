"""PNG files: the same pixels come back, with or without OpenCV."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from peers import need_module
from rtpjpeg.receiver.png import write_png


@pytest.mark.parametrize("hidden", [(), ("cv2",)], ids=["any", "zlib"])
def test_pixels_survive(
    hidden: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    for name in hidden:
        monkeypatch.setitem(sys.modules, name, None)
    image = np.random.default_rng(seed).integers(0, 256, (37, 53, 3), np.uint8)
    write_png(tmp_path / "picture.png", image)
    with need_module("PIL.Image").open(tmp_path / "picture.png") as opened:
        assert opened.format == "PNG"
        assert (np.asarray(opened.convert("RGB"))[:, :, ::-1] == image).all()


def test_a_folder_that_is_not_there_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(OSError):
        write_png(tmp_path / "missing" / "picture.png", np.zeros((8, 8, 3), np.uint8))
