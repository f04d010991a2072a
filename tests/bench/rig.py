"""Readers side by side, each on a simulated line of its own, and what became of them."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from bench.measure import Measured, Sweep, Use, exchanges_of, readings_of, sweeps_of, used
from bench.readers import ORNO, WATTLINE, Reader, meter_words
from wattline.meters import load_models

# From here the plain reader is found.
HERE = Path(__file__).parents[1]
# A reader that gives nothing for so long is not measured but mended.
FIRST_READING_S = 30
# What wattline says when a meter has shown that it answers a wider read. Learning is over when it was said of each meter
# and nothing has been said for so long, in which the turns of the meters follow; it is not waited for longer than that.
LEARNT = "are read at once from now on"
QUIET_S, SETTLED_S = 11, 150
LOOK_S = 0.25
# What a child gets to end by itself.
LEAVE_S = 5


class BenchError(Exception):
    """The benchmark cannot go on; one sentence says why."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One reader at work on its own line, with its files.

    Attributes:
        reader: who.
        folder: where its files are.
        process, simulator: its process, and that of its meters.
    """

    reader: Reader
    folder: Path
    process: subprocess.Popen[bytes]
    simulator: subprocess.Popen[bytes]

    @property
    def log(self) -> Path:
        """What the reader says on stderr."""
        return self.folder / "log"

    @property
    def readings(self) -> Path:
        """What it says on stdout."""
        return self.folder / "readings"

    @property
    def truth(self) -> Path:
        """What its meters were asked."""
        return self.folder / "truth"

    def check(self) -> None:
        """Raise a BenchError when the reader or its meters have ended."""
        who = {self.reader.name: self.process, f"The simulated line of {self.reader.name}": self.simulator}
        for name, process in who.items():
            if process.poll() is not None:
                raise BenchError(f"{name} ended with code {process.returncode}; its last words: {self.last_words}")

    @property
    def last_words(self) -> str:
        """The last line of the log."""
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return lines[-1].strip() if lines else "none."


class Rig:
    """Readers side by side; all that is started ends with the block.

    Args:
        folder: a new folder for their files.
        readers: who is measured.
        model, meters: what is on each line, and how many of it.
        turnaround_ms: how long each meter thinks; exactly so long, that the wire's minimum is known.
    """

    def __init__(
        self, folder: Path, readers: Sequence[Reader], turnaround_ms: int, *, model: str = ORNO, meters: int = 1
    ) -> None:
        self._folder = folder
        self._readers = readers
        self._words = meter_words(model, meters)
        (self._power,) = [row.address for row in load_models()[model].rows if row.field == "power_w"]
        self._turnaround_ms = turnaround_ms
        self._stack = ExitStack()
        self.lanes: list[Lane] = []

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            for number, reader in enumerate(self._readers):
                self.lanes.append(self._start(stack, reader, self._folder / str(number)))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _start(self, stack: ExitStack, reader: Reader, folder: Path) -> Lane:
        folder.mkdir()
        port, configuration = folder / "port", folder / "configuration"
        simulator = stack.enter_context(
            _running(self._simulate(reader, folder), folder / "simulator", folder / "simulator")
        )
        _wait_for_port(simulator, port, folder / "simulator")
        configuration.write_text(reader.configuration.replace("{port}", str(port)))
        command = [word.format(port=port, configuration=configuration) for word in reader.command]
        process = stack.enter_context(_running(command, folder / "readings", folder / "log"))
        return Lane(reader, folder, process, simulator)

    def _simulate(self, reader: Reader, folder: Path) -> list[str]:
        files = ["--link", str(folder / "port"), "--truth", str(folder / "truth")]
        line = ["--line", "wire", "--turnaround", str(self._turnaround_ms), "--jitter", "0", "--gaps", reader.gaps]
        return [*WATTLINE, "simulate", *files, *line, *self._words]

    def wait(self, seconds: float) -> None:
        """Let the readers read.

        Raises:
            BenchError: one of them has ended.
        """
        until_s = time.monotonic() + seconds
        while (left_s := until_s - time.monotonic()) > 0:
            for lane in self.lanes:
                lane.check()
            time.sleep(min(LOOK_S, left_s))  # the measured time itself

    def settle(self) -> None:
        """Return when every reader reads, and those that learn have learnt, or have had the time for it.

        Raises:
            BenchError: one of them has ended, or reads nothing.
        """
        began_s = time.monotonic()
        while time.monotonic() - began_s < SETTLED_S:
            self.wait(1)
            silent = [lane for lane in self.lanes if not readings_of(lane.readings)]
            if silent and time.monotonic() - began_s > FIRST_READING_S:
                raise BenchError(
                    f"{silent[0].reader.name} has read nothing in {FIRST_READING_S} s; its last words: {silent[0].last_words}"
                )
            if not silent and all(self._has_learnt(lane) for lane in self.lanes if lane.reader.learns):
                return
        print(f"Not all has been learnt in {SETTLED_S} s; measured all the same.", file=sys.stderr, flush=True)

    def _has_learnt(self, lane: Lane) -> bool:
        is_quiet = time.time() - lane.log.stat().st_mtime > QUIET_S
        return is_quiet and lane.log.read_text(errors="replace").count(LEARNT) >= len(self._words)

    def measure(self, seconds: int) -> list[Measured]:
        """Watch the readers for so long, from a whole second on; one result for each of them, in their order.

        Raises:
            BenchError: one of them has ended.
        """
        from_s = int(time.time()) + 1
        self.wait(from_s - time.time())
        before = self._uses()
        self.wait(from_s + seconds - time.time())
        after = self._uses()
        # A sweep that began in the last second may still be on the wire, and Telegraf writes once a second.
        self.wait(2.5)
        return [
            Measured(
                name=lane.reader.name,
                meters=len(self._words),
                seconds=seconds,
                turnaround_s=self._turnaround_ms / 1000,
                sweeps=[s for s in self._sweeps(lane) if from_s <= s.began_s < from_s + seconds],
                readings=sum(from_s <= stamp_s < from_s + seconds for stamp_s in readings_of(lane.readings)),
                cpu_ms=1000 * (end.cpu_s - begin.cpu_s) / seconds,
                resident_mb=end.resident_mb,
            )
            for lane, begin, end in zip(self.lanes, before, after, strict=True)
        ]

    def _sweeps(self, lane: Lane) -> list[Sweep]:
        return sweeps_of(exchanges_of(lane.truth), self._power)

    def _uses(self) -> list[Use]:
        return [used(lane.process.pid) for lane in self.lanes]


@contextmanager
def _running(words: Sequence[str], out: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A child whose stdin stays open; ended with the block."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, [str(HERE), os.environ.get("PYTHONPATH")]))}
    with out.open("wb") as out_file, log.open("ab") as log_file:
        process = subprocess.Popen(words, env=environment, stdin=subprocess.PIPE, stdout=out_file, stderr=log_file)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.communicate(timeout=LEAVE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def _wait_for_port(simulator: subprocess.Popen[bytes], port: Path, log: Path) -> None:
    until_s = time.monotonic() + FIRST_READING_S
    while not port.exists():
        if simulator.poll() is not None or time.monotonic() > until_s:
            raise BenchError(f"A simulated line did not start: {log.read_text(errors='replace').strip()}")
        time.sleep(0.05)  # between two looks: another process has no event for us
