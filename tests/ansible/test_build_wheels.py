"""The wheels that the controller builds for a Pi, with a pip that is played: what is built when, and what is said.

That real wheels make a plugin that runs is held in tests/test_install.py.

| fault | test |
|---|---|
| what was built once is built again, or needs the network again | test_what_was_built_is_not_built_again |
| sources that changed are not built anew | test_other_sources_are_other_wheels |
| ... or what is no source counts as one | test_a_cache_is_no_source |
| old wheels stay for ever, or a file of somebody's is removed | test_other_sources_are_other_wheels |
| what a Pi cannot run is copied to it | test_a_wheel_that_is_not_for_every_pi_is_refused |
| what is chosen is for the Python of the controller | test_what_is_fetched_is_for_the_python_of_every_pi |
| pip's failure is a riddle, or leaves half a folder that passes for whole | test_a_pip_that_fails_is_told_in_its_own_words |
| ... in so many words that nobody reads them | test_of_what_pip_says_the_error_is_told |
| an Ansible without pip cannot build | test_a_python_without_pip_gets_one |
| ... or ends in a traceback where it can have none | test_a_python_without_pip_and_venv_is_told |
"""

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[2] / "ansible" / "roles" / "plugin" / "files" / "build_wheels.py"

# It notes what it was asked for beside itself, and reads there what it is to answer.
FAKE_PIP = """#!/bin/sh
echo "$*" >>"$0.asked"
[ ! -e "$0.fails" ] || { cat "$0.fails" >&2; exit 1; }
for word; do case "$word" in --wheel-dir=*|--dest=*) folder=${word#*=} ;; esac; done
mkdir -p "$folder"
case "$1" in
wheel) touch "$folder/wattline-0.1.0-py3-none-any.whl" ;;
download) for name in $(cat "$0.answers"); do touch "$folder/$name"; done ;;
esac
"""

Build = Callable[[], int]


@pytest.fixture
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_wheels", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "a checkout"
    for name in (
        "plugin/wattline/__init__.py",
        "backup/wattline_backup/__init__.py",
        "cost/wattline_cost/__init__.py",
        "pyproject.toml",
        "README.md",
        "LICENSE",
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


@pytest.fixture
def pip(tmp_path: Path) -> Path:
    program = tmp_path / "pip"
    program.write_text(FAKE_PIP)
    program.chmod(0o755)
    program.with_name("pip.answers").write_text("rich-15.0.0-py3-none-any.whl pyserial-3.5-py2.py3-none-any.whl")
    return program


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / ".wheels"


@pytest.fixture
def build(script: ModuleType, checkout: Path, pip: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Build:
    monkeypatch.setattr(script, "pip_of", lambda _scratch: [str(pip)])
    monkeypatch.setattr(sys, "argv", ["build_wheels.py", str(checkout), str(folder)])
    return script.main  # type: ignore[no-any-return]


def asked(pip: Path) -> list[str]:
    return pip.with_name("pip.asked").read_text().splitlines()


def test_what_was_built_is_not_built_again(
    build: Build, pip: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert build() == 0
    built = Path(capsys.readouterr().out.strip())
    assert sorted(wheel.name for wheel in built.iterdir()) == [
        "pyserial-3.5-py2.py3-none-any.whl",
        "rich-15.0.0-py3-none-any.whl",
        "wattline-0.1.0-py3-none-any.whl",
    ]
    assert list(folder.iterdir()) == [built]
    pip.with_name("pip.fails").touch()
    assert build() == 0
    assert capsys.readouterr() == (f"{built}\n", "")


def test_other_sources_are_other_wheels(
    build: Build, checkout: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    build()
    (folder / "notes").touch()
    for name in ("plugin/wattline/new.py", "pyproject.toml", "README.md"):
        (checkout / name).write_text("changed")
        before = capsys.readouterr().out
        build()
        built = capsys.readouterr().out
        assert built != before
        assert sorted(folder.iterdir()) == sorted([Path(built.strip()), folder / "notes"])


def test_a_cache_is_no_source(build: Build, checkout: Path, pip: Path) -> None:
    build()
    cache = checkout / "plugin" / "wattline" / "__pycache__"
    cache.mkdir()
    (cache / "x.cpython-311.pyc").touch()
    build()
    assert len(asked(pip)) == 2


def test_what_is_fetched_is_for_the_python_of_every_pi(build: Build, pip: Path) -> None:
    """Of bookworm's Python, the oldest; with the extras that a Pi has."""
    build()
    _, download = asked(pip)
    for word in ("--python-version=3.11", "--only-binary=:all:", "--platform=any", "--abi=none", "--implementation=py"):
        assert word in download.split()
    assert download.endswith("/wattline-0.1.0-py3-none-any.whl[backup,cost,mqtt,tui]")


def test_a_wheel_that_is_not_for_every_pi_is_refused(
    build: Build, pip: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pip.with_name("pip.answers").write_text("rich-15.0.0-py3-none-any.whl fast-1.0-cp313-cp313-linux_x86_64.whl")
    assert build() == 1
    said, complaint = capsys.readouterr()
    assert said == ""
    assert complaint.startswith("Not every Raspberry Pi can run fast-1.0-cp313-cp313-linux_x86_64.whl: ")
    assert list(folder.iterdir()) == []


def test_a_pip_that_fails_is_told_in_its_own_words(
    build: Build, pip: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pip.with_name("pip.fails").write_text("".join(f"line {number}\n" for number in range(50)))
    assert build() == 1
    complaint = capsys.readouterr().err
    assert complaint.startswith(
        "The wheels of the plugin could not be built on this machine, the one that Ansible runs on."
    )
    assert complaint.endswith("pip said:\nline 45\nline 46\nline 47\nline 48\nline 49\n")
    assert list(folder.iterdir()) == []


def test_of_what_pip_says_the_error_is_told(build: Build, pip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And not what a pip within that pip says about it."""
    noise = "".join(f"line {number}\n" for number in range(50))
    pip.with_name("pip.fails").write_text(f"{noise}  ERROR: No matching distribution found for hatchling\n{noise}")
    assert build() == 1
    assert capsys.readouterr().err.endswith("pip said:\nERROR: No matching distribution found for hatchling\n")


def python(tmp_path: Path, answers: str) -> str:
    program = tmp_path / "python3"
    program.write_text(f"#!/bin/sh\n{answers}\n")
    program.chmod(0o755)
    return str(program)


def test_a_python_without_pip_gets_one(script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", python(tmp_path, '[ "$2" != pip ]'))
    assert script.pip_of(tmp_path)[:3] == [f"{tmp_path}/venv/bin/python", "-m", "pip"]
    monkeypatch.setattr(sys, "executable", python(tmp_path, "exit 0"))
    assert script.pip_of(tmp_path)[:3] == [f"{tmp_path}/python3", "-m", "pip"]


def test_a_python_without_pip_and_venv_is_told(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", python(tmp_path, "exit 1"))
    with pytest.raises(script.WheelError, match="has neither pip nor the means to make a virtual environment"):
        script.pip_of(tmp_path)
