"""``wattline probe``: what one meter answers and how fast, as a report to paste into a bug report."""

import argparse
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from wattline.bus.device import open_by_hand
from wattline.bus.modbus import Modbus
from wattline.bus.once import advice
from wattline.bus.port import Port
from wattline.errors import ReadError, WattlineError, WordError
from wattline.ports import check_port
from wattline.probe.findings import Findings
from wattline.probe.measure import Probe, Progress
from wattline.probe.questions import Questions
from wattline.probe.report import report
from wattline.stop import Stop, Stopped
from wattline.watch.show import parse_seconds
from wattline.words import Meter, add_port_and_meters, meters_of

SUMMARY = "measures one meter and writes a report to paste into a bug report"
EXAMPLE = "wattline probe /dev/ttyUSB0 house=orno-we515@1"
ERROR_PREFIX = "wattline: "

SECONDS, SLOW_SECONDS, SLOW_BAUD = 60, 120, 9600


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the words of this command."""
    add_port_and_meters(parser)
    parser.add_argument("--output", metavar="FILE", type=Path, help="write the report into this file as well")
    parser.add_argument(
        "--seconds",
        metavar="N",
        type=parse_seconds,
        help=f"how long it may take (default: {SECONDS}, below {SLOW_BAUD} baud {SLOW_SECONDS})",
    )


def execute(arguments: argparse.Namespace) -> int:
    """Measure and print; returns 0, or 1 when it was asked to end before the end.

    Raises:
        WordError: the words are wrong.
        PortError: the port cannot be opened, or was lost.
        ReadError: nothing whole was heard of the meter.
        WattlineError: the report cannot be written into the file.
    """
    meter = _only(meters_of(arguments))
    check_port(arguments.port)
    if arguments.output and not arguments.output.absolute().parent.is_dir():
        raise WordError(
            f"There is no folder {str(arguments.output.parent)!r} for the report; make it, or name another."
        )
    stop = Stop()
    signal.signal(signal.SIGINT, lambda *_: stop.set())
    port = Port(arguments.port, stop, open_by_hand)
    findings, questions = Findings(meter, arguments.port), Questions(meter, Modbus(port))
    seconds = arguments.seconds or (SECONDS if meter.settings.baud >= SLOW_BAUD else SLOW_SECONDS)
    is_whole = True
    try:
        # Before anything is said to be measured, since the port may be in use.
        port.open()
        with _progress() as progress:
            is_heard = Probe(questions, findings, seconds, progress).run()
    except Stopped:
        is_heard, is_whole = questions.heard, False
    finally:
        port.close()
    if is_whole and not is_heard:
        raise ReadError(advice({meter.name: questions.counts}, arguments.port))
    if is_heard:
        _hand_out(report(findings, time.strftime("%Y-%m-%d %H:%M:%S %z")), arguments.output)
    return 0 if is_whole else 1


def _only(meters: list[Meter]) -> Meter:
    if len(meters) > 1:
        names = ", ".join(meter.name for meter in meters)
        raise WordError(f"`wattline probe` measures one meter at a time, and {names} were given; leave one.")
    return meters[0]


def _hand_out(text: str, output: Path | None) -> None:
    print(text, end="")
    if output:
        try:
            output.write_text(text)
        except OSError as error:
            raise WattlineError(
                f"The report cannot be written into {output} ({error.strerror}); it stands above."
            ) from error


@contextmanager
def _progress() -> Iterator[Progress]:
    """Shows on stderr how far it is: a bar where rich is there and somebody looks, else a line for each measure."""
    if not (sys.stderr.isatty() and find_spec("rich")):
        yield _Lines().tell
        return
    # Drawn with rich, which only the extra `tui` brings.
    from rich.console import Console  # noqa: PLC0415 (rich is an extra)
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415 (rich is an extra)
    from rich.progress import Progress as Bar  # noqa: PLC0415 (rich is an extra)

    columns = (TextColumn("{task.description:24}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=1.0)
        yield lambda what, share: bar.update(task, description=what, completed=share)


class _Lines:
    """A line for each measure when it begins."""

    def __init__(self) -> None:
        self._last = ""

    def tell(self, what: str, _share: float) -> None:
        if what != self._last:
            print(f"measuring {what}", file=sys.stderr, flush=True)
        self._last = what
