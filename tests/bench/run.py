"""``make bench``: what metering costs, beside Telegraf's own ``inputs.modbus`` and a plain reader, in the same run.

Three measurements: one OR-WE-515, closely; several of them on one bus, at three turnarounds; and a whole reading of an
OR-WE-517. Each reader has a simulated line of its own, and those of one row run side by side. What was asked and when
is taken from the simulated meters' logs. On a machine that has other work the numbers mean little.
"""

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import wattline
from bench import readers, table
from bench.measure import Measured
from bench.readers import Reader
from bench.rig import BenchError, Rig
from wattline.meters import load_models

# The bus that the others are measured against: it gets the full time.
GOAL_MS, GOAL_METERS = 20, 5
BIG = "orno-we517"
# A slow quantity is read every ten seconds.
FULL_READING_S = 21


@dataclass(frozen=True, slots=True)
class Course:
    """What is measured, and for how long.

    Attributes:
        telegraf: the program.
        seconds: for the close look at one meter, and for five meters at a turnaround of 20 ms.
        cell_seconds: for every other row.
        meters, turnarounds_ms: the rows.
    """

    telegraf: str
    seconds: int
    cell_seconds: int
    meters: Sequence[int]
    turnarounds_ms: Sequence[int]


def main() -> int:
    """Measure and print; returns 0, or 1 with a sentence when it cannot be done."""
    arguments = _parser().parse_args()
    telegraf = shutil.which(arguments.telegraf) if arguments.telegraf else readers.built_telegraf()
    if telegraf is None:
        missing = f"There is no program {arguments.telegraf}" if arguments.telegraf else "Telegraf is not built"
        print(f"{missing}; `make servers` builds Telegraf.", file=sys.stderr)
        return 1
    course = _course(telegraf, arguments)
    try:
        show(course)
    except BenchError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="make bench ARGS=...", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--seconds", type=int, default=120, help="for the close looks (default: %(default)s)")
    add("--long", action="store_const", const=600, dest="seconds", help="ten minutes for them")
    add("--cell-seconds", type=int, default=12, help="for each other row (default: %(default)s)")
    add("--meters", type=_numbers, default="1,2,4,5,6", help="on one bus (default: %(default)s)")
    add("--turnarounds", type=_numbers, default=str(GOAL_MS), help="of these, in milliseconds (default: %(default)s)")
    add("--full", action="store_const", const=[5, 20, 50], dest="turnarounds", help="5, 20 and 50 ms: half an hour")
    add("--quick", action="store_true", help="20 s for the close looks, and only 1 and 5 meters on one bus")
    add("--telegraf", help="a Telegraf with inputs.modbus (default: that of `make servers`)")
    return parser


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


def _course(telegraf: str, arguments: argparse.Namespace) -> Course:
    seconds, meters = (20, [1, GOAL_METERS]) if arguments.quick else (arguments.seconds, arguments.meters)
    return Course(telegraf, seconds, arguments.cell_seconds, meters, arguments.turnarounds)


def show(course: Course) -> None:
    """Measure all, and print each table as soon as it is there.

    Raises:
        BenchError: it cannot be done.
    """
    _print(_conditions(course.telegraf), table.explained())
    one = one_meter(course)
    _print(f"One OR-WE-515, turnaround {GOAL_MS} ms, {course.seconds} s:", table.one_meter(one))
    cells = several_meters(course)
    _print(
        f"Nine quantities of each of several OR-WE-515 every second, {course.cell_seconds} s a row, and "
        f"{course.seconds} s for {GOAL_METERS} meters at {GOAL_MS} ms. Readings per second and meter, and in brackets "
        "those missed:",
        table.rates(cells),
        "One meter's sweep on these buses, without the pause on a change of meter:",
        table.sweeps(cells),
    )
    model = load_models()[BIG]
    _print(table.full_readings(full_reading(), model.title, len(model.rows)))
    _print(table.goals(one, next(iter(cells.get((GOAL_MS, GOAL_METERS), [])), None)))


def _print(*paragraphs: str) -> None:
    print(*(f"{paragraph}\n" for paragraph in paragraphs), sep="\n", flush=True)


def one_meter(course: Course) -> list[Measured]:
    """One OR-WE-515, closely; without the totals, so that all read the same every second."""
    words = readers.meter_words(readers.ORNO, 1)
    lanes = readers.wattline_readers(words) + readers.telegraf_readers(course.telegraf, 1, with_totals=False)
    return measure("one meter", lanes, GOAL_MS, course.seconds)


def several_meters(course: Course) -> dict[tuple[int, int], list[Measured]]:
    """Several OR-WE-515 on one bus, by turnaround and number: who still reads each of them every second."""
    cells: dict[tuple[int, int], list[Measured]] = {}
    for turnaround_ms in course.turnarounds_ms:
        for meters in course.meters:
            is_goal = (turnaround_ms, meters) == (GOAL_MS, GOAL_METERS)
            seconds = course.seconds if is_goal else course.cell_seconds
            title = f"{meters} on one bus, turnaround {turnaround_ms} ms"
            lanes = bus_readers(course.telegraf, meters)
            cells[turnaround_ms, meters] = measure(title, lanes, turnaround_ms, seconds, meters=meters)
    return cells


def bus_readers(telegraf: str, meters: int) -> list[Reader]:
    """All readers of so many OR-WE-515."""
    words = readers.meter_words(readers.ORNO, meters)
    others = [*readers.telegraf_readers(telegraf, meters, with_totals=True), readers.plain_reader(words)]
    return readers.wattline_readers(words) + others


def full_reading() -> list[Measured]:
    """An OR-WE-517, three phases and four tariffs: the requests for all that it has."""
    words = readers.meter_words(BIG, 1)
    lanes = [*readers.wattline_readers(words), readers.plain_reader(words)]
    return measure("one OR-WE-517", lanes, GOAL_MS, FULL_READING_S, model=BIG)


def measure(
    title: str, lanes: Sequence[Reader], turnaround_ms: int, seconds: int, *, model: str = readers.ORNO, meters: int = 1
) -> list[Measured]:
    """Run the readers side by side, let them learn, and measure them.

    Raises:
        BenchError: one of them has ended, or reads nothing.
    """
    print(f"{time.strftime('%H:%M:%S')} {title}, {seconds} s ...", file=sys.stderr, flush=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        Rig(Path(folder), lanes, turnaround_ms, model=model, meters=meters) as rig,
    ):
        rig.settle()
        return rig.measure(seconds)


def _conditions(telegraf: str) -> str:
    said = subprocess.run([telegraf, "--version"], check=False, capture_output=True, text=True).stdout
    name, _, version = said.strip().partition(" ")
    if name != "Telegraf":
        raise BenchError(f"{telegraf} is not Telegraf: asked for its version it says {said.strip()!r}.")
    return (
        f"{time.strftime('%Y-%m-%d')}: wattline {wattline.__version__}, Python {platform.python_version()}, Telegraf "
        f"{version.split()[0]}, {platform.machine()} with {os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f} at the start."
    )


if __name__ == "__main__":
    sys.exit(main())
