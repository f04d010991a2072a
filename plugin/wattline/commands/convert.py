"""``wattline convert``: line protocol out of another system's history."""

import argparse
import itertools
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, nullcontext
from importlib.util import find_spec
from typing import Protocol

from wattline.convert.energy_monitor import FIELDS, MEASUREMENT, EnergyMonitor, Settings
from wattline.convert.export import read_export
from wattline.convert.header import TIME_NAMES
from wattline.convert.mapping import WORDS, parse_maps
from wattline.convert.numbers import MARKS, plain_number
from wattline.convert.progress import Lines
from wattline.convert.raven import Form as RavenForm
from wattline.convert.raven import Raven, read_raven
from wattline.convert.sample import Sample
from wattline.convert.source import STANDARD_INPUT, Source, Watcher, open_sources
from wattline.convert.table import SEPARATORS, Form, Table, read_table
from wattline.convert.tally import Tally, grouped, shortfall, summary
from wattline.convert.times import Stamps
from wattline.errors import HistoryError, WordError
from wattline.fields import ELECTRICITY, ROLES
from wattline.line import to_line
from wattline.options import nearest, one_of
from wattline.reading import Point
from wattline.words import NAME
from wattline.zones import zone_of

SUMMARY = "turns another system's history into line protocol"
EXAMPLE = "wattline convert energy-monitor --meter house --meter-shows 2063.25 energy.csv"
ERROR_PREFIX = "wattline: "

FORMATS = ("energy-monitor", "raven", "csv")
# 100 A at 230 V.
METER_CARRIES_W = 23_000
PIECE_LINES = 4096

_DESCRIPTION = f"""\
{SUMMARY}

energy-monitor: its measurement `energy`, as annotated CSV (`influx query --raw`)
or as line protocol (`influxd inspect export-lp`), packed by gzip or not. The low
register that it took for the energy is made a counter again.

raven: python-raven's table `instantaneous_demand`, as CSV or TSV with or without a
header, or as a dump of SQL (mysqldump, phpMyAdmin, sqlite3). --timezone says whose
clock its times are, unless they are a dump's in UTC.

csv: any table with a header; --map says which column is which field.

The lines go to standard output, for `influx write`; what could not be used, and
a summary, to standard error. The same history gives the same lines, so that it
can be written twice without harm.
"""


class Conversion(Protocol):
    """Takes samples, gives lines."""

    def take(self, sample: Sample, source: Source) -> str:
        """The line that ``sample`` completes, or nothing."""

    def rest(self) -> Iterable[str]:
        """The lines that are left at the end."""


class Teller(Watcher, Protocol):
    """Shows how far it is, and says something."""

    def say(self, sentence: str) -> None:
        """Say it."""


Reader = Callable[[Source], Iterator[Sample]]


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the words of this command."""
    parser.description = _DESCRIPTION
    parser.usage = "wattline convert FORMAT [options] [FILE ...]"
    parser.add_argument("format", metavar="FORMAT", type=_format, help=f"one of {', '.join(FORMATS)}")
    files = parser.add_argument(
        "files", metavar="FILE", nargs="+", default=[STANDARD_INPUT], help="the history; standard input unless given"
    )
    # With "*" an option between FORMAT and FILE would end the list of files before it begins.
    files.required = False
    parser.add_argument(
        "--meter", metavar="NAME", type=_name, default="house", help="the tag meter (default: %(default)s)"
    )
    parser.add_argument(
        "--role", type=one_of(ROLES), default="grid", help=f"the tag role: {', '.join(ROLES)} (default: %(default)s)"
    )
    parser.add_argument(
        "--site", metavar="NAME", type=_name, default="home", help="the tag site, as Telegraf's (default: %(default)s)"
    )
    own = parser.add_argument_group("options of energy-monitor")
    own.add_argument(
        "--meter-shows",
        metavar="KWH",
        type=_quantity,
        help="the total on the meter's display, at the end of the history or now: how often the counter had turned "
        "before the history began follows from it",
    )
    own.add_argument(
        "--most-power",
        metavar="W",
        type=_quantity,
        default=METER_CARRIES_W,
        help="what the house can draw: a counter that fell farther than that explains was reset (default: %(default)s)",
    )
    raven = parser.add_argument_group("options of raven")
    raven.add_argument(
        "--run-tags", action="store_true", help="the name and the hash of each run as the tags run and run_id"
    )
    _configure_csv(parser.add_argument_group("options of csv, --timezone and --separator those of raven too"))


def _configure_csv(own: argparse._ArgumentGroup) -> None:
    own.add_argument(
        "--map",
        metavar="COLUMN=FIELD[,UNIT]",
        action="append",
        default=[],
        help="which field a column is, such as 'Power (kW)=power_w,kW'; or a TOML file; may be given several times",
    )
    own.add_argument(
        "--time", metavar="COLUMN", help=f"the column of the time; unless given the one of {', '.join(TIME_NAMES)}"
    )
    own.add_argument("--time-format", metavar="PATTERN", help="how the time is written, such as '%%d.%%m.%%Y %%H:%%M'")
    own.add_argument("--timezone", metavar="ZONE", help="of times that name none, such as Europe/Rome")
    own.add_argument(
        "--separator", type=one_of(SEPARATORS), help=f"of the columns: {', '.join(SEPARATORS)}; seen unless given"
    )
    own.add_argument("--decimal", type=one_of(MARKS), help=f"the decimal mark: {', '.join(MARKS)}; seen unless given")


def _format(text: str) -> str:
    """One of ``FORMATS``. That it was forgotten is seen here, since a file then stands in its place."""
    if "." in text or "/" in text:
        raise WordError(
            f"The format comes before the file: {text!r} is none, which must be one of {', '.join(FORMATS)}; "
            "see `wattline convert --help`."
        )
    return one_of(FORMATS)(text)


def execute(arguments: argparse.Namespace) -> int:
    """Convert and sum up; returns 0 when nothing is missing that another run could bring.

    Raises:
        WordError: the words are wrong, or do not fit the table.
        HistoryError: nothing could be converted, the history breaks off or is ambiguous, or the lines cannot be written.
    """
    if arguments.files == [STANDARD_INPUT] and (sys.stdin is None or sys.stdin.isatty()):
        raise WordError("No history was given: name its FILE, or pipe it into `wattline convert`.")
    with ExitStack() as stack:
        watcher = stack.enter_context(_watcher())
        tally = Tally(watcher.say)
        conversion, reader = _conversion(arguments, tally)
        sources = open_sources(arguments.files, tally, watcher, stack)
        started_s = time.monotonic()
        _write(_lines(conversion, reader, sources))
        took_s = time.monotonic() - started_s
    for line in summary(tally):
        _say(line)
    _say(f"That took {took_s:.1f} s, {grouped(round(tally.lines / max(took_s, 0.001)))} lines a second.")
    if missing := shortfall(tally):
        raise HistoryError(missing)
    return 0


def _lines(conversion: Conversion, reader: Reader, sources: Iterable[Source]) -> Iterator[str]:
    for source in sources:
        for sample in reader(source):
            if line := conversion.take(sample, source):
                yield line
    yield from conversion.rest()


def _write(lines: Iterator[str]) -> None:
    try:
        while piece := "".join(itertools.islice(lines, PIECE_LINES)):
            sys.stdout.write(piece)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise HistoryError(f"Lines cannot be written to standard output: {error.strerror}.") from error


def _conversion(arguments: argparse.Namespace, tally: Tally) -> tuple[Conversion, Reader]:
    """What converts, and what reads for it."""
    _refuse_foreign(arguments)
    head = _head(arguments)
    if arguments.format == "energy-monitor":
        settings = Settings(head, arguments.most_power, arguments.meter_shows)
        return EnergyMonitor(settings, tally), lambda source: read_export(source, MEASUREMENT, FIELDS, tally)
    if arguments.format == "raven":
        return _raven(arguments, tally)
    form = _form(arguments)
    return Table(form, head, tally), lambda source: read_table(source, form, tally)


def _raven(arguments: argparse.Namespace, tally: Tally) -> tuple[Conversion, Reader]:
    zone = zone_of(arguments.timezone) if arguments.timezone else None
    form = RavenForm(zone, SEPARATORS.get(arguments.separator, ""))
    raven = Raven(_point(arguments), tally, has_run_tags=arguments.run_tags)
    return raven, lambda source: read_raven(source, form, tally)


def _form(arguments: argparse.Namespace) -> Form:
    """How the table is written, by the words and by the file of --map; the words win."""
    mapped = parse_maps(arguments.map)
    said = {word: getattr(arguments, word) or mapped.words.get(word, "") for word in WORDS}
    for word, choices in (("separator", SEPARATORS), ("decimal", MARKS)):
        if said[word] and said[word] not in choices:
            raise WordError(
                f"{word} = {said[word]!r} must be one of {', '.join(choices)}{nearest(said[word], choices)}."
            )
    stamps = Stamps(zone_of(said["timezone"]) if said["timezone"] else None, said["time_format"])
    separator, mark = SEPARATORS.get(said["separator"], ""), MARKS.get(said["decimal"], "")
    return Form(mapped.columns, stamps, said["time"], separator, mark)


def _refuse_foreign(arguments: argparse.Namespace) -> None:
    """Words of another format, which would be without effect."""
    table = {"map", *WORDS}
    foreign = {
        "energy-monitor": table | {"run_tags"},
        "raven": table - {"timezone", "separator"} | {"meter_shows"},
        "csv": {"meter_shows", "run_tags"},
    }[arguments.format]
    for word in sorted(foreign):
        if getattr(arguments, word):
            raise WordError(
                f"--{word.replace('_', '-')} is no word of `wattline convert {arguments.format}`; leave it away."
            )


def _point(arguments: argparse.Namespace) -> Point:
    """Measurement and tags of each line."""
    return Point(ELECTRICITY, {"meter": arguments.meter, "role": arguments.role, "site": arguments.site}, {"": 0.0}, 0)


def _head(arguments: argparse.Namespace) -> str:
    """The same, as each line begins."""
    return to_line(_point(arguments)).removesuffix(" =0 0")


def _name(text: str) -> str:
    """A name as that of a meter on the command line of ``wattline run``: another would stand apart from what is metered."""
    if not NAME.fullmatch(text):
        raise argparse.ArgumentTypeError(
            f"{text!r} must have 1 to 64 letters, digits, dots, underscores and hyphens, and begin with a letter or digit"
        )
    return text


def _quantity(text: str) -> float:
    try:
        value = plain_number(text)
    except ValueError:
        value = -1.0
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text!r} must be a number that is not below zero, with a decimal point")
    return value


def _watcher() -> AbstractContextManager[Teller]:
    is_terminal = sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb"
    if is_terminal and find_spec("rich") is not None:
        # Drawn with rich, which only the extra `tui` brings.
        from wattline.convert.bar import Bar  # noqa: PLC0415 (rich is an extra)

        return Bar()
    return nullcontext(Lines(_say))


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
