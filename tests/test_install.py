"""`plugin/install` may be run while Telegraf is metering.

Telegraf gives up for ever on a plugin whose program is missing at the moment of a restart. The faults:

| fault | test |
|---|---|
| the link is missing for a moment while it is switched | test_the_program_is_there_at_every_moment_of_an_upgrade |
| the version in use is written over | test_an_upgrade_leaves_the_version_before_untouched |
| a second run builds anew, or breaks what is there | test_running_it_again_changes_nothing |
| same version, other sources: the folder in use is written over | test_the_same_version_from_other_sources_gets_a_folder_of_its_own |
| what an interrupted run left is taken for whole | test_what_an_interrupted_run_left_is_built_again |
| the system's Python was replaced, and the finished folder runs no more | test_a_finished_version_that_runs_no_more_is_built_anew_beside_it |
| ... or runs on, without what belongs to the new one | test_another_python_is_another_version |
| a build that does not run is put to use | test_a_build_that_does_not_run_is_not_put_to_use |
| going back is not possible | test_the_command_that_it_prints_goes_back |
| old versions fill the card | test_the_version_before_stays_and_older_ones_go |
| ... with what interrupted runs left | the same |
| ... or the one before goes in a run that changes nothing | the same |
| a version from which a plugin still runs is taken away under it | test_a_version_from_which_something_runs_stays |
| somebody's own folder is emptied or removed | test_a_folder_that_is_none_of_ours_is_not_touched |
| wheels: a checkout or the network is needed all the same | test_wheels_are_installed_without_a_checkout |
| ... other wheels, and nothing is built | test_other_wheels_are_another_version |
| ... a folder with none or two of wattline ends in a riddle | test_a_folder_without_one_wheel_of_wattline_is_named |
| ... other extras, and nothing is built | test_other_extras_are_another_version |
| a program of another origin is written over | test_a_program_of_another_origin_is_left_alone |
| a Python that Telegraf's user may not start is put to use | test_a_python_in_somebodys_home_is_refused |
| what is needed cannot be fetched, and half a version stays | test_a_failed_fetch_is_explained_and_leaves_nothing |
| a folder that cannot be written ends in a riddle | test_a_folder_that_cannot_be_written_is_named |
| ... so does a folder that is not said | test_a_folder_that_is_not_said_is_asked_for |

The interpreter is played by a script, so that nothing is fetched: it makes a "virtual environment" whose pip copies
a program. That the real pip makes a plugin of real wheels is held in test_real_wheels_make_a_plugin_that_runs.
"""

import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest

import wattline

CHECKOUT = Path(__file__).parents[1]

FAKE_PYTHON = """#!/bin/sh
case "$1" in
-c) cat "$0.version" ;;
-m)
    # python -m venv FOLDER
    mkdir -p "$3/bin"
    cp "$FAKE_PIP" "$3/bin/python"
    ;;
esac
"""

# A wheel is a program here, and the others that are needed are known by their names.
FAKE_PIP = """#!/bin/sh
# python -m pip install ... [--no-index --find-links WHEELS] CHECKOUT-OR-WHEEL[EXTRAS]
for word; do :; done
what="${word%\\[${EXTRAS:-backup,cost,tui}]}"
case "$what" in
*.whl)
    case "$*" in *--no-index\\ --find-links*) ;; *) exit 3 ;; esac
    [ -e "$(dirname "$what")/pyserial-3.5-py2.py3-none-any.whl" ] || exit 4
    program=$what
    ;;
*) program=$what/plugin/wattline/program ;;
esac
cp "$program" "$(dirname "$0")/wattline"
cp "$program" "$(dirname "$0")/wattline-backup"
cp "$program" "$(dirname "$0")/wattline-cost"
"""


def executable(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o755)
    return path


class Checkout:
    """A checkout with nothing in it but what the installer looks at."""

    def __init__(self, folder: Path) -> None:
        self.prefix = folder / "a prefix"
        self.program = self.prefix / "bin" / "wattline"
        self._installer = folder / "checkout" / "plugin" / "install"
        self._package = self._installer.with_name("wattline")
        self._package.mkdir(parents=True)
        (folder / "checkout" / "pyproject.toml").touch()
        (folder / "checkout" / "backup" / "wattline_backup").mkdir(parents=True)
        (folder / "checkout" / "cost" / "wattline_cost").mkdir(parents=True)
        shutil.copy(CHECKOUT / "plugin" / "install", self._installer)
        self.python_version = folder / "python3.version"
        self.python_version.write_text("3.11 as played")
        self._environment = {
            "PATH": "/usr/bin:/bin",
            "PYTHON": str(executable(folder / "python3", FAKE_PYTHON)),
            "FAKE_PIP": str(executable(folder / "pip", FAKE_PIP)),
        }

    def install(self, version: str, more: str = "") -> subprocess.CompletedProcess[str]:
        (self._package / "__init__.py").write_text(f'__version__ = "{version}"\n')
        executable(self._package / "program", f"#!/bin/sh\necho wattline {version}\n{more}")
        return subprocess.run(
            [self._installer, self.prefix], env=self._environment, capture_output=True, text=True, check=False
        )

    def install_wheels(self, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
        """By an installer that stands alone."""
        alone = folder.parent / "install"
        shutil.copy(self._installer, alone)
        return subprocess.run(
            [alone, self.prefix, folder],
            env=self._environment | variables,
            capture_output=True,
            text=True,
            check=False,
        )

    def versions(self) -> list[str]:
        return sorted(folder.name for folder in (self.prefix / "versions").iterdir())

    def output(self) -> str:
        return subprocess.run([self.program], capture_output=True, text=True, check=True).stdout


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_a_first_run_makes_the_version_and_the_link(checkout: Checkout) -> None:
    result = checkout.install("1.0.0")

    assert (result.returncode, result.stderr) == (0, "")
    assert checkout.output() == "wattline 1.0.0\n"
    assert checkout.program.readlink() == Path("../versions/1.0.0/bin/wattline")
    for beside in ("wattline-backup", "wattline-cost"):
        assert checkout.program.with_name(beside).readlink() == Path(f"../versions/1.0.0/bin/{beside}")
    assert "now runs 1.0.0" in result.stdout
    assert result.stdout.endswith(f"Try: {checkout.program} models\n")
    assert "go back" not in result.stdout


def test_running_it_again_changes_nothing(checkout: Checkout) -> None:
    checkout.install("1.0.0")
    before = {path: path.lstat().st_mtime_ns for path in checkout.prefix.rglob("*")}

    result = checkout.install("1.0.0")

    assert result.stdout == f"{checkout.program} runs 1.0.0 already; nothing was changed.\n"
    assert {path: path.lstat().st_mtime_ns for path in checkout.prefix.rglob("*")} == before


def test_an_upgrade_leaves_the_version_before_untouched(checkout: Checkout) -> None:
    checkout.install("1.0.0")
    old = checkout.prefix / "versions" / "1.0.0"
    before = {path: path.lstat().st_mtime_ns for path in old.rglob("*")}

    result = checkout.install("1.1.0")

    assert checkout.output() == "wattline 1.1.0\n"
    assert {path: path.lstat().st_mtime_ns for path in old.rglob("*")} == before
    assert "The version before, 1.0.0, stays" in result.stdout


def test_the_program_is_there_at_every_moment_of_an_upgrade(checkout: Checkout) -> None:
    checkout.install("1.0.0")
    seen, missing = [], []
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            (seen if checkout.program.exists() else missing).append(1)

    watcher = threading.Thread(target=look)
    watcher.start()
    for number in range(1, 6):
        checkout.install(f"1.{number}.0")
    done.set()
    watcher.join()

    assert len(seen) > 100
    assert missing == []


def test_the_same_version_from_other_sources_gets_a_folder_of_its_own(checkout: Checkout) -> None:
    checkout.install("1.0.0")
    checkout.install("1.0.0", more="# mended\n")
    checkout.install("1.0.0", more="# mended\n")

    assert checkout.versions() == ["1.0.0", "1.0.0-2"]
    assert checkout.program.readlink() == Path("../versions/1.0.0-2/bin/wattline")

    checkout.install("1.0.0")
    assert checkout.program.readlink() == Path("../versions/1.0.0/bin/wattline")
    for beside in ("wattline-backup", "wattline-cost"):
        assert checkout.program.with_name(beside).readlink() == Path(f"../versions/1.0.0/bin/{beside}")


def test_what_an_interrupted_run_left_is_built_again(checkout: Checkout) -> None:
    left = checkout.prefix / "versions" / "1.0.0" / "bin" / "wattline"
    left.parent.mkdir(parents=True)
    left.write_text("half of a progr")
    (left.parents[1] / ".unfinished").touch()

    checkout.install("1.0.0")

    assert checkout.versions() == ["1.0.0"]
    assert checkout.output() == "wattline 1.0.0\n"


def test_a_finished_version_that_runs_no_more_is_built_anew_beside_it(checkout: Checkout) -> None:
    """As after the system's Python has been replaced."""
    checkout.install("1.0.0")
    (checkout.prefix / "versions" / "1.0.0" / "bin" / "wattline").write_text("#!/nonexistent/python\n")

    checkout.install("1.0.0")

    assert checkout.output() == "wattline 1.0.0\n"
    assert checkout.versions() == ["1.0.0", "1.0.0-2"]


def test_another_python_is_another_version(checkout: Checkout) -> None:
    """As after an upgrade from bookworm to trixie."""
    checkout.install("1.0.0")
    checkout.python_version.write_text("3.13 as played")
    checkout.install("1.0.0")
    assert checkout.versions() == ["1.0.0", "1.0.0-2"]
    assert checkout.program.readlink() == Path("../versions/1.0.0-2/bin/wattline")


def test_a_build_that_does_not_run_is_not_put_to_use(checkout: Checkout) -> None:
    checkout.install("1.0.0")

    result = checkout.install("1.1.0", more="exit 1\n")

    assert result.returncode == 1
    assert "does not run; the link was left as it was" in result.stderr
    assert checkout.output() == "wattline 1.0.0\n"


def test_the_command_that_it_prints_goes_back(checkout: Checkout) -> None:
    checkout.install("1.0.0")
    (command,) = [line for line in checkout.install("1.1.0").stdout.splitlines() if line.startswith("  ln ")]

    subprocess.run(["sh", "-c", command], check=True)

    assert checkout.output() == "wattline 1.0.0\n"


def test_the_version_before_stays_and_older_ones_go(checkout: Checkout) -> None:
    interrupted = checkout.prefix / "versions" / "0.9.0"
    for number in range(3):
        checkout.install(f"1.{number}.0")
    assert checkout.versions() == ["1.1.0", "1.2.0"]

    interrupted.mkdir()
    (interrupted / ".unfinished").touch()
    checkout.install("1.2.0")
    assert checkout.versions() == ["0.9.0", "1.1.0", "1.2.0"]

    result = checkout.install("1.3.0")
    assert checkout.versions() == ["1.2.0", "1.3.0"]
    assert f"1.1.0 was removed from {checkout.prefix}/versions.\n" in result.stdout
    assert checkout.output() == "wattline 1.3.0\n"


def test_a_version_from_which_something_runs_stays(checkout: Checkout) -> None:
    """Telegraf has not started its plugin anew for two upgrades; a Python loads parts of itself late."""
    checkout.install("1.0.0", more='[ -z "$1" ] || read -r line\n')
    program = checkout.prefix / "versions" / "1.0.0" / "bin" / "wattline"
    with subprocess.Popen([program, "run"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as running:
        assert running.stdin
        checkout.install("1.1.0")
        result = checkout.install("1.2.0")
        assert checkout.versions() == ["1.0.0", "1.1.0", "1.2.0"]
        assert "1.0.0 stays in " in result.stdout
        running.stdin.close()
    checkout.install("1.3.0")
    assert checkout.versions() == ["1.2.0", "1.3.0"]


def test_a_folder_that_is_none_of_ours_is_not_touched(checkout: Checkout) -> None:
    """Not even one that is called as a version is."""
    own = [checkout.prefix / "versions" / name for name in ("1.1.0", "my own")]
    for folder in own:
        folder.mkdir(parents=True)
        (folder / "precious").touch()
    for number in range(4):
        checkout.install(f"1.{number}.0")
    assert checkout.versions() == ["1.1.0", "1.2.0", "1.3.0", "my own"]
    assert [entry.name for folder in own for entry in folder.iterdir()] == 2 * ["precious"]


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    """A folder with wheels whose wattline says 2.0.0."""
    folder = tmp_path / "some wheels"
    folder.mkdir()
    (folder / "pyserial-3.5-py2.py3-none-any.whl").touch()
    executable(folder / "wattline-2.0.0-py3-none-any.whl", "#!/bin/sh\necho wattline 2.0.0\n")
    return folder


def test_wheels_are_installed_without_a_checkout(checkout: Checkout, wheels: Path) -> None:
    """And once only."""
    result = checkout.install_wheels(wheels)
    assert (result.returncode, result.stderr) == (0, "")
    assert checkout.output() == "wattline 2.0.0\n"
    assert checkout.versions() == ["2.0.0"]
    assert checkout.install_wheels(wheels).stdout == f"{checkout.program} runs 2.0.0 already; nothing was changed.\n"


def test_other_wheels_are_another_version(checkout: Checkout, wheels: Path) -> None:
    """Of wattline itself or of what it needs."""
    checkout.install_wheels(wheels)
    (wheels / "pyserial-3.5-py2.py3-none-any.whl").write_text("mended")
    checkout.install_wheels(wheels)
    assert checkout.versions() == ["2.0.0", "2.0.0-2"]


def test_other_extras_are_another_version(checkout: Checkout, wheels: Path) -> None:
    checkout.install_wheels(wheels)
    checkout.install_wheels(wheels, EXTRAS="mqtt")
    assert checkout.versions() == ["2.0.0", "2.0.0-2"]


@pytest.mark.parametrize(
    ("prepare", "hint"),
    [
        (lambda folder: (folder / "wattline-2.0.0-py3-none-any.whl").unlink(), "holds no wheel of wattline"),
        (lambda folder: (folder / "wattline-2.1.0-py3-none-any.whl").touch(), "holds several wheels of wattline"),
        (shutil.rmtree, "There is no folder"),
    ],
    ids=["none", "two", "no folder"],
)
def test_a_folder_without_one_wheel_of_wattline_is_named(
    checkout: Checkout, wheels: Path, prepare: Callable[[Path], None], hint: str
) -> None:
    prepare(wheels)
    result = checkout.install_wheels(wheels)
    assert result.returncode == 1
    assert hint in result.stderr
    assert str(wheels) in result.stderr
    assert result.stderr.count("\n") == 1


def repacked(name: str, folder: Path) -> None:
    """The wheel of an installed distribution."""
    distribution = metadata.distribution(name)
    with zipfile.ZipFile(folder / f"{name}-{distribution.version}-py3-none-any.whl", "w") as wheel:
        for file in distribution.files or []:
            if ".." not in file.parts and file.suffix != ".pyc":
                wheel.write(file.locate(), str(file))


@pytest.mark.timeout(180)
def test_real_wheels_make_a_plugin_that_runs(tmp_path: Path) -> None:
    """By the real pip, which would stop at anything that it has to fetch; what an extra brings is there too."""
    wheels, prefix = tmp_path / "wheels", tmp_path / "prefix"
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(wheels)]
    subprocess.run(build, cwd=CHECKOUT, capture_output=True, check=True)
    for name in ("minimalmodbus", "pyserial", "urllib3", "rich", "pygments", "markdown_it_py", "mdurl"):
        repacked(name, wheels)
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_CONFIG_FILE": "/dev/null"}
    environment = {"PATH": "/usr/bin:/bin", "PYTHON": sys.executable} | nowhere
    words = [executable(tmp_path / "install", (CHECKOUT / "plugin" / "install").read_text()), prefix, wheels]

    result = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)

    assert (result.returncode, result.stderr) == (0, "")
    for program in ("wattline", "wattline-backup", "wattline-cost"):
        ran = subprocess.run([prefix / "bin" / program, "--version"], capture_output=True, text=True, check=True)
        assert ran.stdout == f"{program} {wattline.__version__}\n"
    (folder,) = (prefix / "versions").iterdir()
    extras = [folder / "bin" / "python", "-c", "import rich.live, urllib3"]
    assert subprocess.run(extras, capture_output=True, check=False).returncode == 0
    again = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
    assert again.stdout.endswith(" already; nothing was changed.\n")


def test_a_program_of_another_origin_is_left_alone(checkout: Checkout) -> None:
    checkout.program.parent.mkdir(parents=True)
    checkout.program.write_text("somebody's own")

    result = checkout.install("1.0.0")

    assert result.returncode == 1
    assert f"{checkout.program} is there and is not a link of this installer" in result.stderr
    assert checkout.program.read_text() == "somebody's own"


def test_a_folder_that_cannot_be_written_is_named(checkout: Checkout) -> None:
    checkout.prefix.write_text("a file, which root cannot write into either")

    result = checkout.install("1.0.0")

    assert result.returncode == 1
    assert result.stderr.startswith(f"{checkout.prefix} cannot be written by ")
    assert result.stderr.count("\n") == 1


def test_a_folder_that_is_not_said_is_asked_for() -> None:
    """By its name in the Makefile, since that is how it is called."""
    words = ["make", "-C", CHECKOUT, "install", "PREFIX=", f"PYTHON={sys.executable}"]
    result = subprocess.run(words, capture_output=True, text=True, check=False)

    assert result.returncode == 2
    assert result.stderr.startswith("The folder to install into is missing: make install PREFIX=/opt/wattline, or ")


def test_a_python_in_somebodys_home_is_refused(tmp_path: Path) -> None:
    """Where others may reach what is installed."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    script = CHECKOUT / "plugin" / "install"
    question = script.read_text().partition("-c 'import os, pathlib")[2].partition('\' "$1"')[0]
    judged = f"import os, pathlib{question}".replace("sys.base_prefix", repr(str(home)))
    asked = [
        subprocess.run([sys.executable, "-c", judged, place], check=False).returncode for place in ("/opt", str(home))
    ]
    assert asked == [3, 0]


def test_a_failed_fetch_is_explained_and_leaves_nothing(checkout: Checkout) -> None:
    executable(Path(checkout._environment["FAKE_PIP"]), "#!/bin/sh\nexit 1\n")
    result = checkout.install("1.0.0")
    assert result.returncode == 1
    assert "It wants the network, or a folder with wheels" in result.stderr
    assert not checkout.prefix.exists()
    checkout.prefix.mkdir()
    (checkout.prefix / "mine").touch()
    assert checkout.install("1.0.0").returncode == 1
    assert [path.name for path in checkout.prefix.iterdir()] == ["mine"]
