"""Builds the wheels that a Raspberry Pi needs of wattline, once for each state of the checkout.

    build_wheels.py CHECKOUT FOLDER

The wheels of wattline, of what it needs and of its extras `backup`, `cost`, `mqtt` and `tui` are then in FOLDER/FINGERPRINT, whose path
is printed. Those of another state are removed. Where they are finished neither pip nor the network is needed.
"""

import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

EXTRAS = "backup,cost,mqtt,tui"
# What the wheel is made of, beside this file, which says how.
SOURCES = ["plugin/wattline", "backup/wattline_backup", "cost/wattline_cost", "pyproject.toml", "README.md", "LICENSE"]
# The oldest that a Pi has, whatever Python runs here; and no wheel that is for one kind of machine.
FOR_EVERY_PI = ["--python-version=3.11", "--implementation=py", "--abi=none", "--platform=any", "--only-binary=:all:"]
PURE = "-none-any.whl"
PIP_LINES = 5


class WheelError(Exception):
    """The wheels could not be built; the message says why and what to do."""


def main() -> int:
    """Print the folder with the wheels; 1 and a sentence when they could not be built."""
    checkout, folder = (Path(word).resolve() for word in sys.argv[1:])
    finished = folder / fingerprint(checkout)
    try:
        if not finished.is_dir():
            build(checkout, finished)
    except WheelError as error:
        print(error, file=sys.stderr)
        return 1
    for other in folder.iterdir():
        if other.is_dir() and other != finished:
            shutil.rmtree(other)
    print(finished)
    return 0


def fingerprint(checkout: Path) -> str:
    """What tells one state of the sources from another."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for path in sorted(files(checkout)):
        digest.update(f"{path.relative_to(checkout)}\n{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()[:16]


def files(checkout: Path) -> Iterator[Path]:
    """The files that the wheel is made of."""
    for source in SOURCES:
        path = checkout / source
        yield from (
            (found for found in path.rglob("*") if found.is_file() and found.suffix != ".pyc")
            if path.is_dir()
            else [path]
        )


def build(checkout: Path, finished: Path) -> None:
    """Fill a folder beside ``finished``, and give it that name when it is whole.

    Raises:
        WheelError: it could not be filled.
    """
    finished.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=finished.parent) as scratch:
        wheels = Path(scratch) / "wheels"
        pip = pip_of(Path(scratch))
        run([*pip, "wheel", "--no-deps", f"--wheel-dir={wheels}", str(checkout)])
        (own,) = wheels.glob("wattline-*.whl")
        run([*pip, "download", *FOR_EVERY_PI, f"--dest={wheels}", f"{own}[{EXTRAS}]"])
        check(wheels)
        wheels.rename(finished)


def pip_of(scratch: Path) -> list[str]:
    """The words that call pip: that of this Python, or one in a virtual environment where it has none."""
    words = ["-m", "pip", "--disable-pip-version-check", "--quiet"]
    if subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0:
        return [sys.executable, *words]
    made = subprocess.run([sys.executable, "-m", "venv", scratch / "venv"], capture_output=True, text=True, check=False)
    if made.returncode:
        raise WheelError(
            f"{sys.executable}, with which Ansible runs here, has neither pip nor the means to make a virtual "
            "environment, and one of them is needed to build the plugin: install Ansible with pipx or into a virtual "
            "environment, or install python3-venv."
        )
    return [str(scratch / "venv" / "bin" / "python"), *words]


def run(words: list[str]) -> None:
    """Let pip do something.

    Raises:
        WheelError: it did not.
    """
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        said = "\n".join([line.strip() for line in lines if "ERROR" in line][:PIP_LINES] or lines[-PIP_LINES:])
        raise WheelError(
            "The wheels of the plugin could not be built on this machine, the one that Ansible runs on. It needs the "
            f"network for that, each time that wattline's sources have changed. pip said:\n{said}"
        )


def check(wheels: Path) -> None:
    """Raise WheelError when a wheel would not run on every Pi."""
    if others := [wheel.name for wheel in wheels.iterdir() if not wheel.name.endswith(PURE)]:
        raise WheelError(
            f"Not every Raspberry Pi can run {', '.join(sorted(others))}: wattline may only need wheels that are pure "
            f"Python, whose names end in {PURE}."
        )


if __name__ == "__main__":
    sys.exit(main())
