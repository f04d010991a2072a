"""What several test modules share."""

import fcntl
import gc
import os
import select
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import settings
from line_protocol_parser import parse_line

from wattline import fields
from wattline.log import LOG
from wattline.simulate import Scenario, Simulator, faults
from wattline.words import parse_meters

pytest_plugins = ["database", "screen", "simulated", "virtual"]

PROJECT = Path(__file__).parent.parent

# What an example may take says nothing on a busy machine. One that hangs dies by pytest's own limit.
settings.register_profile("wattline", deadline=None)
settings.load_profile("wattline")


def pytest_collection_finish() -> None:
    """Spare the tests themselves the collector of garbage.

    A simulated meter answers from this process. To look through all the tests took the collector 130 ms, in which a meter that
    is waited for 114 ms says nothing.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def same_width(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever terminal the tests are started in, the text for people has 100 columns."""
    monkeypatch.setenv("COLUMNS", "100")


@pytest.fixture(autouse=True)
def log_as_it_was() -> Iterator[None]:
    """A command that is called here, and not as a process, leaves the log as it was."""
    handlers, level, propagates = LOG.handlers[:], LOG.level, LOG.propagate
    yield
    LOG.handlers[:], LOG.propagate = handlers, propagates
    LOG.setLevel(level)


def built_by(script: str) -> Callable[[str], str]:
    """Finds a program that a script of tests/servers has built.

    Where it was not built the test is skipped with the command that builds it; in CI that is a failure.
    """
    words = ["sh", PROJECT / "tests" / "servers" / script, "--path"]
    folders = subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()

    def find(name: str) -> str:
        program = shutil.which(name, path=folders)
        if program is None:
            sentence = f"{name} is not built; `make servers` builds it."
            (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(sentence)
        return program

    return find


@pytest.fixture(scope="session")
def server() -> Callable[[str], str]:
    """Finds a real server's program: ``server("telegraf")``, ``server("influxd")``, ``server("influx")``."""
    return built_by("build")


@pytest.fixture(scope="session")
def sinks_server() -> Callable[[str], str]:
    """Likewise what the sinks are tried with: ``sinks_server("telegraf-sinks")``, ``sinks_server("ferretdb")``."""
    return built_by("build-sinks")


class Stream(threading.Thread):
    """Reads a pipe line by line into ``lines``, each with the monotonic second at which it came."""

    def __init__(self, descriptor: int, *, piece: int = 65536, pause_s: float = 0.0) -> None:
        super().__init__(daemon=True)
        self.lines: list[tuple[float, str]] = []
        self._descriptor, self._piece, self._pause_s = descriptor, piece, pause_s
        self._changed = threading.Condition()
        self._ended = False
        self._leaving = False

    def run(self) -> None:
        rest = b""
        while data := self._read():
            *whole, rest = (rest + data).split(b"\n")
            with self._changed:
                self.lines += [(time.monotonic(), line.decode()) for line in whole]
                self._changed.notify_all()
            threading.Event().wait(self._pause_s)
        with self._changed:
            # A line without an end is kept too, so that a test sees it.
            self.lines += [(time.monotonic(), rest.decode())] if rest else []
            self._ended = True
            self._changed.notify_all()

    def _read(self) -> bytes:
        while not select.select([self._descriptor], [], [], 0.02)[0]:
            if self._leaving:
                return b""
        return b"" if self._leaving else os.read(self._descriptor, self._piece)

    def leave(self) -> None:
        """Read no more."""
        self._leaving = True
        if self.ident:
            self.join()

    @property
    def texts(self) -> list[str]:
        with self._changed:
            return [text for _, text in self.lines]

    def wait_for(self, text: str, times: int = 1, within_s: float = 6.0) -> str:
        """The ``times``-th line that contains ``text``."""

        def found() -> list[str]:
            return [line for _, line in self.lines if text in line]

        with self._changed:
            self._changed.wait_for(lambda: len(found()) >= times or self._ended, within_s)
            assert len(found()) >= times, f"{times} x {text!r} did not come: {self.lines}"
            return found()[times - 1]

    def to_the_end(self, within_s: float = 6.0) -> list[str]:
        """All lines, once the writer has ended."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._ended, within_s), "the pipe is still open"
        return self.texts


class Program:
    """A ``wattline`` process as Telegraf has it: with pipes for stdin, stdout and stderr.

    Args:
        words: the command line.
        patch: Python that changes wattline before it begins, in the child alone.
        pipe_bytes: the size of the pipe for stdout.
        read: whether stdout is read from the start.
        stdin, stderr: descriptors in place of pipes.
    """

    def __init__(
        self,
        *words: str,
        patch: str = "",
        pipe_bytes: int = 65536,
        read: bool = True,
        stdin: int = subprocess.PIPE,
        stderr: int = subprocess.PIPE,
    ) -> None:
        code = f"import sys\n{patch}\nfrom wattline.cli import main\nsys.exit(main())"
        start = ["-c", code] if patch else ["-m", "wattline"]
        self._out, out = os.pipe()
        fcntl.fcntl(out, fcntl.F_SETPIPE_SZ, pipe_bytes)
        self.started_s = time.monotonic()
        command = [sys.executable, *start, *words]
        self.process = subprocess.Popen(command, stdin=stdin, stdout=out, stderr=stderr, bufsize=0)
        os.close(out)
        self.stdout = Stream(self._out)
        self._is_out_open = True
        if read:
            self.stdout.start()
        if self.process.stderr:
            self.stderr = Stream(self.process.stderr.fileno())
            self.stderr.start()

    def read_slowly(self, piece: int, pause_s: float) -> None:
        """Begin to read stdout, ``piece`` bytes at a time."""
        self.stdout = Stream(self._out, piece=piece, pause_s=pause_s)
        self.stdout.start()

    def leave_stdout(self) -> None:
        """Close the reading end of stdout."""
        self.stdout.leave()
        if self._is_out_open:
            os.close(self._out)
        self._is_out_open = False

    def end_stdin(self) -> None:
        self.process.stdin.close()

    def wait(self, within_s: float) -> int:
        """The exit code."""
        return self.process.wait(within_s)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self.leave_stdout()
        if self.process.stderr:
            self.stderr.leave()
            self.process.stderr.close()
        if self.process.stdin:
            self.process.stdin.close()


@pytest.fixture
def program() -> Iterator[Callable[..., Program]]:
    """Starts ``wattline`` with words as a process, and ends it with the test."""
    with ExitStack() as stack:

        def start(*words: str, **options) -> Program:
            started = Program(*words, **options)
            stack.callback(started.close)
            return started

        yield start


@pytest.fixture
def simulator() -> Iterator[Callable[..., Simulator]]:
    """Starts a simulator: ``simulator("house=orno-we515@1", link=path, faults="silence", load="fixed")``."""
    with ExitStack() as stack:

        def start(*words: str, link: Path | None = None, tcp: bool = False, **scenario) -> Simulator:
            script = faults.parse_script(scenario.pop("faults", ""))
            where = ("127.0.0.1", 0) if tcp else None
            meters = parse_meters(words or ["house=orno-we515@1"])
            return stack.enter_context(Simulator(meters, Scenario(script=script, **scenario), link=link, tcp=where))

        yield start


@pytest.fixture(scope="session")
def parsed() -> Callable[[str], dict]:
    """Parses one line with a parser that is not ours, and checks it against the vocabulary."""

    def parse(line: str) -> dict:
        point = parse_line(line)
        vocabulary = fields.VOCABULARY[point["measurement"]]
        assert point["tags"].keys() <= fields.TAGS[point["measurement"]].keys(), line
        assert point["fields"], line
        for name, value in point["fields"].items():
            assert name in vocabulary, line
            assert type(value) is (str if vocabulary[name].kind == "text" else float), line
        assert point["time"] % 1_000_000_000 == 0, line
        return point

    return parse
