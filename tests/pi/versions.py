"""Other versions of this checkout, to be played before or after it."""

import re
import subprocess
from pathlib import Path

from pi.machine import CHECKOUT


def previous(folder: Path) -> Path:
    """The commit before this one, laid out in ``folder``, its plugin under the version 0.0.9: so it is another for certain."""
    archive = subprocess.run(["git", "archive", "HEAD~1"], cwd=CHECKOUT, check=True, stdout=subprocess.PIPE).stdout
    _unpack(archive, folder)
    return _renamed(folder, "0.0.9")


def newer(folder: Path) -> Path:
    """This checkout as it lies there, laid out in ``folder``, its plugin under the version 9.9.9."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listed, cwd=CHECKOUT, check=True, stdout=subprocess.PIPE).stdout
    pack = ["tar", "--create", "--null", "--files-from=-", "--ignore-failed-read"]
    _unpack(subprocess.run(pack, cwd=CHECKOUT, input=names, check=True, stdout=subprocess.PIPE).stdout, folder)
    return _renamed(folder, "9.9.9")


def _unpack(archive: bytes, folder: Path) -> None:
    folder.mkdir(parents=True)
    subprocess.run(["tar", "--extract", "--directory", folder], input=archive, check=True)


def _renamed(folder: Path, version: str) -> Path:
    place = folder / "plugin" / "wattline" / "__init__.py"
    text, count = re.subn(r'^__version__ = ".*"$', f'__version__ = "{version}"', place.read_text(), flags=re.MULTILINE)
    assert count == 1
    place.write_text(text)
    return folder
