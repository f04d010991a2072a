"""Units of systemd as a test looks at them: systemd's own verdict, and their words."""

import configparser
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Ask = Callable[..., subprocess.CompletedProcess[str]]


def analyzer(units: Path, program: str, folder: Path) -> Ask:
    """systemd-analyze on copies of ``units`` in ``folder``, in which ``program`` is one that there is."""
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        sentence = "systemd-analyze is not here; on Debian the package systemd has it."
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(sentence)
    folder.mkdir()
    for path in units.iterdir():
        (folder / path.name).write_text(path.read_text().replace(program, "/bin/true"))

    def ask(*words: str) -> subprocess.CompletedProcess[str]:
        own = {"PATH": os.environ["PATH"], "TZ": "UTC", "SYSTEMD_UNIT_PATH": f"{folder}:"}
        return subprocess.run([analyze, *words], cwd=folder, env=own, capture_output=True, text=True, check=False)

    return ask


def unit_in(path: Path) -> configparser.ConfigParser:
    """A unit's words; of one that stands there several times the last."""
    parser = configparser.ConfigParser(strict=False, interpolation=None, delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # as its manual says
    parser.read(path)
    return parser
