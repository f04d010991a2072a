"""The repository keeps its own rules.

| fault | test |
|---|---|
| a make target that `make help` does not tell of | test_make_help_tells_of_every_target |
| `make` alone does something | test_make_alone_shows_the_help |
| an interpreter that is missing, too old or without venv ends in a traceback | test_an_unfit_python_is_answered_with_one_sentence |
| a slip in VENV empties somebody's folder | test_a_venv_that_is_none_is_left_alone |
| version or date forgotten in the changelog | test_the_changelog_begins_with_this_release |
| a script that cannot be run, or not be parsed | test_a_shell_script_is_executable_and_parses |
| a function or a module outgrows its size | test_functions_stay_short, test_modules_stay_short |
| an error is swallowed | test_only_the_handler_of_last_resort_catches_everything |
| the plugin needs on the Pi what an extra brings | test_run_loads_the_core_alone, test_run_can_never_import_more_than_the_core |
| a table or the type marker is left out of the wheel | test_the_wheel_holds_the_whole_package |
"""

import ast
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import wattline

CHECKOUT = Path(__file__).parents[1]
PACKAGE = CHECKOUT / "plugin" / "wattline"
MODULES = sorted(path for folder in ("plugin", "cost") for path in (CHECKOUT / folder).rglob("*.py"))
CORE = sys.stdlib_module_names | {"wattline", "serial", "minimalmodbus"}

FUNCTION_LINES, MODULE_LINES = 40, 300


def make(*words: str) -> subprocess.CompletedProcess[str]:
    """Runs make as a person would in the checkout, not as a child of the make that runs these tests."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(
        ["make", *words], cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False, timeout=15
    )


def targets() -> list[str]:
    (phony,) = re.findall(r"^\.PHONY: (help .*)$", (CHECKOUT / "Makefile").read_text(), re.MULTILINE)
    return str(phony).split()


def shell_scripts() -> Iterator[tuple[Path, str]]:
    """Every file of the checkout that begins with a shell's name, and that shell."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    )
    for path in sorted(CHECKOUT / name for name in listed.stdout.split("\0") if name):
        if path.is_file() and (shebang := re.match(rb"#!.*[/ ]((?:ba|da)?sh)\s", path.read_bytes()[:80])):
            yield path, shebang[1].decode()


def relative(path: Path) -> str:
    return str(path.relative_to(CHECKOUT))


def test_make_help_tells_of_every_target() -> None:
    told = re.findall(r"^  make ([\w-]+) +\w", make("help").stdout, re.MULTILINE)

    assert {"demo", "test", "check", "servers", "bench", "bench-backup", "bench-journal", "install", "clean"} < set(
        targets()
    )
    assert told == targets()


def test_make_alone_shows_the_help() -> None:
    assert make("help").stdout == make().stdout


@pytest.mark.parametrize(
    ("answers", "hint"),
    [
        ("exit 127", "does not run here"),
        ('case "$2" in *version_info*) exit 1 ;; esac; [ "$1" != -V ] || echo Python 3.9.2', "is Python 3.9.2, and"),
        ('case "$2" in *ensurepip*) exit 1 ;; esac', "cannot make virtual environments"),
    ],
)
@pytest.mark.parametrize("target", ["demo", "test", "check", "install"])
def test_an_unfit_python_is_answered_with_one_sentence(target: str, answers: str, hint: str, tmp_path: Path) -> None:
    python = tmp_path / "python3"
    python.write_text(f"#!/bin/sh\n{answers}\n")
    python.chmod(0o755)

    result = make(target, f"PYTHON={python}", f"VENV={tmp_path}/venv", f"PREFIX={tmp_path}/prefix")

    sentence, *rest = result.stderr.splitlines()
    assert hint in sentence
    assert "apt-get install" in sentence
    assert "PYTHON=" in sentence
    assert all(line.startswith("make: ***") for line in rest)
    assert result.returncode != 0
    assert not (tmp_path / "prefix").exists()


@pytest.mark.parametrize("target", ["demo", "test", "check", "bench", "bench-backup", "clean"])
def test_a_venv_that_is_none_is_left_alone(target: str, tmp_path: Path) -> None:
    (tmp_path / "precious").touch()

    result = make(target, f"PYTHON={sys.executable}", f"VENV={tmp_path}")

    assert "is not a virtual environment and is left alone" in result.stderr
    assert [entry.name for entry in tmp_path.iterdir()] == ["precious"]


def test_the_changelog_begins_with_this_release() -> None:
    entries = re.findall(r"^## \[(.+)\] - (\S+)$", (CHECKOUT / "CHANGELOG.md").read_text(), re.MULTILINE)

    assert entries[0] == (wattline.__version__, wattline.RELEASED_ON)


@pytest.mark.parametrize(("script", "shell"), [pytest.param(*row, id=relative(row[0])) for row in shell_scripts()])
def test_a_shell_script_is_executable_and_parses(script: Path, shell: str) -> None:
    parsed = subprocess.run([shell, "-n", script], capture_output=True, text=True, check=False)

    assert (parsed.returncode, parsed.stderr) == (0, "")
    assert os.access(script, os.X_OK)


def test_the_shell_scripts_are_found() -> None:
    assert {".ci/run", "plugin/install", "tests/servers/build"} <= {relative(path) for path, _ in shell_scripts()}


def lines_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """The lines from `def` to the end, without the docstring's."""
    docstring = function.body[0] if ast.get_docstring(function) is not None else None
    inside = (docstring.end_lineno or 0) - docstring.lineno + 1 if docstring else 0
    return (function.end_lineno or 0) - function.lineno + 1 - inside


@pytest.mark.parametrize("module", MODULES, ids=relative)
def test_functions_stay_short(module: Path) -> None:
    functions = [
        node
        for node in ast.walk(ast.parse(module.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]

    assert {f.name: lines_of(f) for f in functions if lines_of(f) > FUNCTION_LINES} == {}


@pytest.mark.parametrize("module", MODULES, ids=relative)
def test_modules_stay_short(module: Path) -> None:
    assert len(module.read_text().splitlines()) <= MODULE_LINES


def catches_everything(handler: ast.ExceptHandler) -> bool:
    names = {node.id for node in ast.walk(handler.type or ast.Name("Exception")) if isinstance(node, ast.Name)}
    return not names.isdisjoint({"Exception", "BaseException"})


def test_only_the_handlers_of_last_resort_catch_everything() -> None:
    """One turns a bug into a line of Telegraf's log; the other keeps a bug in one contract from the others, and has it told at the
    end. Any more would hide bugs.
    """
    found = [
        relative(module)
        for module in MODULES
        for node in ast.walk(ast.parse(module.read_text()))
        if isinstance(node, ast.ExceptHandler) and catches_everything(node)
    ]

    assert found == ["cost/wattline_cost/errors.py", "plugin/wattline/commands/run.py"]


SOURCES = """
import sys
before = set(sys.modules)
import argparse
from wattline.commands import run
from wattline.stop import Stop
for meter in ("house=orno-we515@1", "grid=rainforest-raven"):
    system = run.system_of(argparse.Namespace(meters=[meter], meter_file=[]))
    system.source("/dev/ttyNone", run.Conditions(Stop(), interval_s=1, is_proven=False, believes=bool))
print(*set(sys.modules) - before)
"""


def loaded_by_run() -> set[str]:
    """The modules that a fresh interpreter has gained when `wattline run` has made the source of each kind of port."""
    child = subprocess.run([sys.executable, "-c", SOURCES], cwd="/", capture_output=True, text=True, check=True)
    return set(child.stdout.split())


def test_run_loads_the_core_alone() -> None:
    packages = {name.partition(".")[0] for name in loaded_by_run()}

    assert packages <= CORE
    assert {"wattline", "serial", "minimalmodbus"} <= packages


def imports_of(module: Path) -> set[str]:
    """The packages that a module names in any import, those inside functions too."""
    nodes = list(ast.walk(ast.parse(module.read_text())))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    parts = {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    return {name.partition(".")[0] for name in plain | parts}


def test_run_can_never_import_more_than_the_core() -> None:
    """Not later either: an import inside a function would meet the Pi in the middle of the night."""
    loaded = {
        PACKAGE.parent / (name.replace(".", "/") + ".py") for name in loaded_by_run() if name.startswith("wattline")
    }

    wanted = {relative(module): imports_of(module) - CORE for module in MODULES if module in loaded}

    assert "plugin/wattline/commands/run.py" in wanted
    assert {module: packages for module, packages in wanted.items() if packages} == {}


def test_the_wheel_holds_the_whole_package(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(build, cwd=CHECKOUT, capture_output=True, check=True)
    (wheel,) = tmp_path.glob(f"wattline-{wattline.__version__}-*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())

    folders = PACKAGE, CHECKOUT / "backup" / "wattline_backup", CHECKOUT / "cost" / "wattline_cost"
    modules = {str(path.relative_to(folder.parent)) for folder in folders for path in folder.rglob("*.py")}
    package = modules | {f"{folder.name}/py.typed" for folder in folders}
    assert package <= names
    assert {"wattline/meters/orno_we515.py", "wattline/meters/orno_we514.py"} <= names
    assert f"wattline-{wattline.__version__}.dist-info/licenses/LICENSE" in names
    ours = tuple(f"{folder.name}/" for folder in folders)
    assert [name for name in names if not name.startswith((*ours, "wattline-"))] == []
