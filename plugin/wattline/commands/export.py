"""``wattline export``: a table for notebooks out of InfluxDB."""

import argparse
import os
import sys
import time
from contextlib import AbstractContextManager, nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from wattline.errors import WordError
from wattline.options import one_of
from wattline.zones import zone_of

if TYPE_CHECKING:
    from wattline.export.catalogue import Catalogue
    from wattline.export.conduct import Outcome
    from wattline.export.progress import Watcher
    from wattline.export.server import Server
    from wattline.export.table import Shape

SUMMARY = "writes readings out of InfluxDB as CSV or Parquet, for notebooks and spreadsheets"
EXAMPLE = "wattline export --from 2026-03-01 --to 2026-04-01 --timezone Europe/Rome march.parquet"
ERROR_PREFIX = "wattline: "

EXTRA = ("pyarrow", "urllib3")
BUCKET, ZONE = "energy", "UTC"
FORMATS = ("csv", "parquet")
LAST, INCREASE = COUNTERS = ("last", "increase")
HOUR_S, DAY_S = 3600, 86_400
_UNITS = {"s": 1, "m": 60, "h": HOUR_S, "d": DAY_S}

_DESCRIPTION = f"""\
{SUMMARY}

A row for each time and meter, a column for each field; what a meter does not have,
or was not read, is empty or has no row. Values are those of the meter's display.

INFLUX_HOST says where InfluxDB is (http://127.0.0.1:8086 unless set), INFLUX_TOKEN
or the file behind --token-file has a token that may read.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the words of this command."""
    parser.description = _DESCRIPTION
    parser.add_argument("file", metavar="FILE", help="ends in .csv or .parquet; - is standard output")
    parser.add_argument(
        "--from", dest="begin", metavar="TIME", required=True, help="a day, or a time, that belongs to it"
    )
    parser.add_argument("--to", dest="end", metavar="TIME", help="one that does not belong to it; now unless given")
    parser.add_argument(
        "--timezone", metavar="ZONE", default=ZONE, help="of days and times, such as Europe/Rome (default: %(default)s)"
    )
    parser.add_argument("--format", type=one_of(FORMATS), help="csv or parquet; as FILE ends unless given")
    parser.add_argument(
        "--bucket",
        default=BUCKET,
        help="energy (seconds), energy_1m, energy_15m or energy_1d (default: %(default)s)",
    )
    parser.add_argument("--meter", metavar="NAME", action="append", default=[], help="only this one; several times")
    parser.add_argument("--field", metavar="NAME", action="append", default=[], help="only this one; several times")
    parser.add_argument(
        "--every",
        metavar="TIME",
        type=_window,
        help="a row for each such window, such as 10s, 15m, 1h or 1d: means of gauges, the last of counters",
    )
    parser.add_argument(
        "--counters",
        type=one_of(COUNTERS),
        default=LAST,
        help="with --every: where a counter stands (last), or by how much it rose (increase) (default: %(default)s)",
    )
    parser.add_argument("--single", action="store_true", help="Parquet: gauges in single precision")
    parser.add_argument("--token-file", metavar="FILE", help="a file with the token; INFLUX_TOKEN unless given")


def execute(arguments: argparse.Namespace) -> int:
    """Export and sum up; returns 0.

    Raises:
        WordError: the words are wrong, or name what there is not.
        ExportError: InfluxDB is away, refuses or has nothing there, or the file cannot be written.
    """
    if missing := [name for name in EXTRA if find_spec(name) is None]:
        are, them = ("is", "it") if len(missing) == 1 else ("are", "them")
        raise WordError(
            f"{' and '.join(missing)} {are} not installed here; the extra export brings {them}: in a checkout of wattline "
            "`python3 -m venv .venv-export` and `.venv-export/bin/pip install '.[export]'`, then "
            "`.venv-export/bin/wattline export`."
        )
    from wattline.export import catalogue, sink  # noqa: PLC0415 - an extra
    from wattline.export.conduct import Export  # noqa: PLC0415 - likewise
    from wattline.export.moment import moment_s  # noqa: PLC0415 - likewise

    form = sink.form_of(arguments.file, arguments.format or "")
    _refuse_idle(arguments, form)
    zone = zone_of(arguments.timezone)
    begin = moment_s(arguments.begin, zone)
    end = moment_s(arguments.end, zone) if arguments.end else int(time.time())
    if begin >= end:
        raise WordError(
            f"The range begins at {arguments.begin} and ends at {arguments.end or 'now'}: --from must be before --to."
        )
    server = _server(arguments)
    there = catalogue.look(server, begin, end)
    chosen = catalogue.chosen(there, arguments.meter, arguments.field, server.bucket)
    export = Export(server, begin, end, _shape(arguments))
    started_s = time.monotonic()
    with _watcher() as watcher:
        outcome = export.write(chosen, arguments.file, form, watcher)
    _sum_up(chosen, outcome, time.monotonic() - started_s)
    return 0


def _refuse_idle(arguments: argparse.Namespace, form: str) -> None:
    """Words that would be without effect, or would give wrong numbers."""
    if arguments.every and arguments.bucket in {"energy_1m", "energy_15m", "energy_1d"}:
        raise WordError(
            f"--every is for the readings of {BUCKET}: {arguments.bucket} has windows already; leave one away."
        )
    if arguments.counters == INCREASE and not arguments.every:
        raise WordError("--counters increase is by window: say with --every which, such as 15m.")
    if arguments.single and form != "parquet":
        raise WordError("--single is for Parquet: a CSV has digits, and no precision; leave it away.")


def _window(text: str) -> int:
    number, unit = text[:-1], _UNITS.get(text[-1:], 0)
    seconds = int(number) * unit if number.isascii() and number.isdigit() and len(number) < 6 else 0
    if not seconds or (HOUR_S % seconds and seconds != DAY_S):
        raise argparse.ArgumentTypeError(f"{text!r} must be 1d, or what divides an hour, such as 10s, 15m or 1h")
    return seconds


def _shape(arguments: argparse.Namespace) -> "Shape":
    from wattline.export.table import Shape  # noqa: PLC0415 - an extra

    return Shape(
        arguments.timezone,
        arguments.every or 0,
        increases=arguments.counters == INCREASE,
        single=arguments.single,
        are_means=arguments.bucket != BUCKET,
    )


def _server(arguments: argparse.Namespace) -> "Server":
    from wattline.export.server import Server  # noqa: PLC0415 - an extra

    return Server(
        os.environ.get("INFLUX_HOST") or "http://127.0.0.1:8086", _token(arguments.token_file), arguments.bucket
    )


def _token(name: str | None) -> str:
    """The token, which has no place on a command line: every user of the machine can read that."""
    if name is None:
        token, place = os.environ.get("INFLUX_TOKEN", ""), "INFLUX_TOKEN"
    else:
        place = name
        try:
            token = Path(name).read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            raise WordError(f"The token cannot be read from {name}: {error}.") from None
    if not token or not token.isascii() or not token.isprintable():
        raise WordError(
            f"{place} holds no token of InfluxDB: set INFLUX_TOKEN, or name with --token-file the file that has it, "
            "as compose/secrets/influxdb_grafana_token below /opt/wattline on the Pi, or in the checkout there."
        )
    return token


def _sum_up(chosen: "Catalogue", outcome: "Outcome", took_s: float) -> None:
    from wattline.convert.tally import grouped  # noqa: PLC0415 - only where something was exported

    meters = ", ".join(sorted({meter.meter for meter in chosen.newest}))
    _say(f"{grouped(outcome.rows)} rows of {meters}; each with up to {len(chosen.fields)} values.")
    if chosen.unknown:
        _say(f"Left out, not being fields of wattline: {', '.join(chosen.unknown)}.")
    if outcome.falls:
        _say(f"Counters fell {outcome.falls} times; what was metered there is not known, and is empty.")
    _say(f"That took {took_s:.1f} s.")


def _watcher() -> "AbstractContextManager[Watcher]":
    is_terminal = sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb"
    if is_terminal and find_spec("rich") is not None:
        from wattline.export.bar import Bar  # noqa: PLC0415 (rich is an extra)

        return Bar()
    from wattline.export.progress import Lines  # noqa: PLC0415 - as the rest

    return nullcontext(Lines(_say))


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
