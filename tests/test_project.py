"""What stands around the code: the Makefile's first steps, the conformance page, the guard of CI."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from make_conformance import read_rules, run

from peers import need

TREE = Path(__file__).resolve().parent.parent


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [need("make"), "--no-print-directory", "-C", str(TREE), *arguments]
    return subprocess.run(command, capture_output=True, text=True)


def stand_in(folder: Path, refuses: str) -> Path:
    """A Python that fails any ``-c`` code in which the given word occurs."""
    path = folder / "python3"
    path.write_text(f'#!/bin/sh\ncase "$2" in *{refuses}*) exit 1;; esac\nexec {sys.executable} "$@"\n')
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(("target", "folder"), [("demo", "VENV"), ("test", "TOX_VENV")])
def test_make_without_ensurepip_names_the_package(target: str, folder: str, tmp_path: Path) -> None:
    python = stand_in(tmp_path, "ensurepip")
    done = make(target, f"{folder}={tmp_path}/venv", f"PYTHON={python}")
    said = done.stderr.splitlines()
    assert done.returncode == 2
    assert "install its package python3-venv" in said[0]
    assert f"sudo apt install python3.{sys.version_info.minor}-venv" in said[0]
    assert len(said) == 2 and "***" in said[1]
    assert not (tmp_path / "venv").exists()


@pytest.mark.parametrize("python", ["", "false"])
def test_make_without_a_python_new_enough_says_so(python: str, tmp_path: Path) -> None:
    done = make("demo", f"VENV={tmp_path}/venv", f"PYTHON={python}")
    assert done.returncode == 2
    assert done.stderr.splitlines()[0].startswith("rtpjpeg needs Python 3.11 or newer")


def test_make_finds_a_python_that_runs(tmp_path: Path) -> None:
    broken = tmp_path / "python3"
    broken.write_text("#!/bin/sh\necho 'python3: command not found' >&2\nexit 127\n")
    (tmp_path / "python3.13").symlink_to(sys.executable)
    (tmp_path / "sh").symlink_to("/bin/sh")
    broken.chmod(0o755)
    command = [need("make"), "--dry-run", "-C", str(TREE), "docs"]
    done = subprocess.run(command, capture_output=True, text=True, env={"PATH": str(tmp_path)})
    assert "python3.13 docs/make_conformance.py" in done.stdout


RULES = """
[J-001]
who = "S"
level = "MUST"
rule = "first"
[J-002]
who = "R"
level = "MUST"
rule = "second"
[J-003]
who = "R"
level = "MUST"
rule = "third"
waits = "RTCP"
[O-001]
who = "R"
level = "MUST"
rule = "fourth"
refused = "not offered"
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "tests" / "conformance").mkdir(parents=True)
    (tmp_path / "tests" / "conformance" / "rules.toml").write_text(RULES)
    return tmp_path


def write_test(tree: Path, text: str) -> None:
    (tree / "tests" / "test_it.py").write_text(text)


BOTH = """
@pytest.mark.rule("J-001")
def test_first(): ...

class TestSecond:
    @pytest.mark.parametrize("n", [pytest.param(1, marks=pytest.mark.rule("J-002"))])
    def test_it(self, n): ...
"""


def test_the_page_names_each_rule_with_its_test(tree: Path) -> None:
    write_test(tree, BOTH)
    assert run(tree, check=False) == []
    page = (tree / "docs" / "conformance.md").read_text()
    assert "| J-001 | S | MUST | first |  | [test_first](../tests/test_it.py) |" in page
    assert "| J-002 | R | MUST | second |  | [test_it](../tests/test_it.py) |" in page
    assert "| J-003 | R | MUST | third |  | waiting for RTCP |" in page
    assert "| O-001 | R | MUST | fourth |  | not offered |" in page
    assert "| all | 4 | 2 | 0 | 1 | 1 | 0 |" in page
    assert run(tree, check=True) == []


def test_a_stale_page_is_a_fault(tree: Path) -> None:
    write_test(tree, BOTH)
    (told,) = run(tree, check=True)
    assert "is out of date" in told


def test_a_rule_without_a_test_is_a_fault(tree: Path) -> None:
    write_test(tree, '@pytest.mark.rule("J-001")\ndef test_first(): ...\n')
    assert run(tree, check=False) == ["J-002 has no test: second"]


@pytest.mark.parametrize("line", ['pytestmark = pytest.mark.rule("J-999")', 'WAITING = {"J-999": "rain"}'])
def test_an_unknown_rule_is_a_fault(tree: Path, line: str) -> None:
    write_test(tree, f"{line}\n{BOTH}")
    (told,) = run(tree, check=False)
    assert "names J-999, which is not in" in told


def test_a_rule_may_be_tested_and_wait_for_the_rest(tree: Path) -> None:
    write_test(tree, f'WAITING: dict[str, str] = {{"J-002": "the next version"}}\n{BOTH}')
    run(tree, check=False)
    page = (tree / "docs" / "conformance.md").read_text()
    assert "[test_it](../tests/test_it.py)<br>waiting for the next version |" in page


def test_the_rules_are_all_there() -> None:
    rules = read_rules(TREE)
    counts = {letter: sum(name.startswith(letter) for name in rules) for letter in "JTDRO"}
    assert counts == {"J": 130, "T": 71, "D": 27, "R": 10, "O": 17}


SKIPS = {
    "one test": "import pytest\ndef test_it(): pytest.skip('no such peer')\n",
    "a whole file": "import pytest\npytest.skip('no such peer', allow_module_level=True)\n",
}


@pytest.mark.parametrize("text", SKIPS.values(), ids=SKIPS)
@pytest.mark.parametrize("in_ci", [True, False])
def test_a_skip_fails_where_ci_is_set(text: str, in_ci: bool, tmp_path: Path) -> None:
    (tmp_path / "test_skips.py").write_text(text)
    (tmp_path / "conftest.py").write_text((TREE / "tests" / "conftest.py").read_text("utf-8"))
    environment = {name: value for name, value in os.environ.items() if name != "CI"}
    if in_ci:
        environment["CI"] = "1"
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        f"--rootdir={tmp_path}",
        str(tmp_path),
    ]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=tmp_path)
    assert "no such peer" in done.stdout or not in_ci
    assert (done.returncode in (1, 2)) == in_ci
