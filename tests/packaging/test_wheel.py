"""The distribution: what stands in it, and that it works where nothing else is installed.

Built as a stranger would: the sdist from the tree, the wheel from the sdist, in an environment that
has neither numpy nor pydantic. The wheel is then installed without its dependencies.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from zipfile import ZipFile

import pytest
import virtualenv

from peers import need

TREE = Path(__file__).resolve().parents[2]
DATA = {"rtpjpeg/py.typed", "rtpjpeg/inspector/rules.toml", "rtpjpeg/inspector/verdicts.toml"}
COMMANDS = ("rtpjpeg-send", "rtpjpeg-view", "rtpjpeg-inspect")
# Not worth more than a look: argparse-manpage writes long lines and escapes the date.
MANDOC_ALLOWS = ("STYLE: input text line longer than 80 bytes", "cannot parse date, using it verbatim")


def run(*command: str | Path) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist and the wheel; the tree itself is left as it is."""
    source = tmp_path_factory.mktemp("tree") / "rtpjpeg"
    made = shutil.ignore_patterns(".*", "build", "dist", "*.egg-info", "__pycache__")
    shutil.copytree(TREE, source, ignore=made)
    stale = source / "build" / "lib" / "rtpjpeg" / "deleted_long_ago.py"
    stale.parent.mkdir(parents=True)
    stale.touch()
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--outdir", folder, source)
    run(sys.executable, "-m", "build", "--wheel", "--outdir", folder / "from-tree", source)
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    return next(built.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that holds the wheel and nothing else."""
    folder = tmp_path_factory.mktemp("installed") / "venv"
    virtualenv.cli_run([str(folder)])
    run(folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--no-deps", wheel)
    return folder


def test_the_wheel_holds_every_module_and_nothing_that_is_gone(built: Path) -> None:
    modules = {path.relative_to(TREE).as_posix() for path in (TREE / "rtpjpeg").rglob("*.py")}
    for wheel in (next(built.glob("*.whl")), next((built / "from-tree").glob("*.whl"))):
        inside = {name for name in ZipFile(wheel).namelist() if name.startswith("rtpjpeg/")}
        assert inside == modules | DATA


def test_the_sdist_holds_what_its_tests_need(built: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    assert {"_build/rtpjpeg_build.py", "docs/make_conformance.py", "tox.ini"} <= inside
    assert {"tests/conftest.py", "tests/conformance/rules.toml"} <= inside
    assert {"service/rtpjpeg-send.service", "docs/recipes.md"} <= inside


@pytest.mark.parametrize("command", COMMANDS)
def test_the_man_page_is_installed_and_clean(command: str, installed: Path) -> None:
    page = installed / "share" / "man" / "man1" / f"{command}.1"
    mandoc = need("mandoc")
    said = subprocess.run([mandoc, "-T", "lint", page], capture_output=True, text=True).stdout.splitlines()
    assert [line for line in said if not any(allowed in line for allowed in MANDOC_ALLOWS)] == []
    text = re.sub(".\b", "", run(mandoc, "-T", "ascii", page))  # bold is written twice
    assert f"{command} - " in text and "OPTIONS" in text


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("shell", "place"),
    [("bash", "share/bash-completion/completions/{}"), ("zsh", "share/zsh/site-functions/_{}")],
)
def test_the_completions_are_installed_and_parse(
    command: str, shell: str, place: str, installed: Path
) -> None:
    script = installed / place.format(command)
    run(need(shell), "-n", script)
    assert "--help" in script.read_text("utf-8")


@pytest.mark.parametrize(
    "path", ["service/rtpjpeg-send.service", "service/rtpjpeg-send@.service", "config.toml"]
)
def test_units_and_the_configuration_are_installed_as_they_are(path: str, installed: Path) -> None:
    shipped = installed / "share" / "rtpjpeg" / Path(path).name
    assert shipped.read_bytes() == (TREE / path).read_bytes()


@pytest.mark.parametrize("command", COMMANDS)
def test_the_command_helps_where_no_dependency_is_installed(command: str, installed: Path) -> None:
    assert run(installed / "bin" / command, "--help").startswith(f"usage: {command} ")


def test_the_installed_package_tells_its_types(installed: Path) -> None:
    where = run(installed / "bin" / "python", "-c", "import rtpjpeg; print(rtpjpeg.__file__)")
    assert Path(where.strip()).with_name("py.typed").exists()
