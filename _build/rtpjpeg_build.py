"""The build backend: setuptools, plus man pages and shell completions made from the parsers, and units.

It stands in the tree because the parser modules import this package, and setuptools' own backend
does not put the project's folder on the path. The environment that builds has neither numpy nor
pydantic, so the parser modules import only the standard library and what is as light.
"""

import importlib
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import build_manpages  # noqa: E402
import shtab  # noqa: E402
from setuptools.build_meta import *  # noqa: E402, F403

COMPLETIONS = {
    "bash": ("share/bash-completion/completions", "{command}"),
    "zsh": ("share/zsh/site-functions", "_{command}"),
}
COMMANDS = {
    "rtpjpeg-send": "rtpjpeg.sender.cli",
    "rtpjpeg-view": "rtpjpeg.receiver.cli",
    "rtpjpeg-inspect": "rtpjpeg.inspector.cli",
}


class build_py(build_manpages.build_py):
    """Build the modules, and put man pages, completions and unit files into the wheel's data."""

    def run(self):
        if self.editable_mode:  # a working copy is read in place; it carries no man pages
            self.get_build_py_class().run(self)
            return
        # What an earlier build left there would come into the wheel, deleted modules included.
        shutil.rmtree(self.build_lib, ignore_errors=True)
        super().run()
        files = list(self.distribution.data_files or [])
        files.append(("share/man/man1", [f"build/man/{command}.1" for command in COMMANDS]))
        files.extend(completions())
        files.append(("share/rtpjpeg", [*map(str, sorted(Path("service").glob("*.service"))), "config.toml"]))
        self.distribution.data_files = files

    @staticmethod
    def get_build_py_class():
        from setuptools.command.build_py import build_py as plain

        return plain


def completions():
    """Write one completion file for each command and shell; return the rows of data_files."""
    rows = []
    for shell, (folder, name) in COMPLETIONS.items():
        written = [write_completion(shell, name.format(command=command), command) for command in COMMANDS]
        rows.append((folder, written))
    return rows


def write_completion(shell, name, command):
    parser = importlib.import_module(COMMANDS[command]).build_parser()
    parser.prog = command
    path = Path("build", "completions", shell, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(shtab.complete(parser, shell=shell), encoding="utf-8")
    return str(path)
