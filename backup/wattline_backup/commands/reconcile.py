"""``wattline-backup reconcile``: write what InfluxDB lacks of the journal."""

import argparse
import json
import time
from datetime import UTC, datetime, tzinfo

from wattline.errors import WattlineError, WordError
from wattline.influxdb.flux import instant
from wattline.keys import WHOLE_TIMES, seconds_of
from wattline.paragraphs import filled
from wattline_backup import outcome
from wattline_backup.patience import wait_for
from wattline_backup.reconcile.work import Result, Work, desk_of
from wattline_backup.settings import Settings, settings

SUMMARY = "writes what InfluxDB lacks of the journal that `wattline run --journal` keeps, and counts what was metered and stored"
EXAMPLE = "wattline-backup reconcile"
ERROR_PREFIX = "wattline-backup: "


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the words of this command."""
    parser.add_argument(
        "--leave",
        nargs=2,
        metavar=("START", "STOP"),
        help="from now on fill nothing in this range, since it was deleted on purpose: days such as 2026-03-01, or instants "
        "such as 2026-03-01T06:30:00Z; write nothing now",
    )
    parser.add_argument(
        "--wait",
        default=0,
        metavar="TIME",
        type=_parse_wait,
        help="where InfluxDB is away, wait for it so long, 0s to 1h (default: 0s), and begin as soon as it answers",
    )
    parser.add_argument("--quiet", action="store_true", help="say nothing where nothing was missing")
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")


def execute(arguments: argparse.Namespace) -> int:
    """Do it, and tell what came of it; returns 0, or 1 where InfluxDB refused lines or rollups were not made anew.

    Raises:
        BackupError: there is no journal, InfluxDB is away, or another run is at it.
        WordError: a range is none.
    """
    chosen = settings()
    if arguments.leave:
        print(_leave(chosen, *arguments.leave))
        return 0
    began_s = time.monotonic()
    server = chosen.server()
    # Nothing is held meanwhile: whoever runs it by hand, and the backup, are in nobody's way.
    wait_for(server.url, arguments.wait)
    try:
        result = Work(chosen, server).run()
    except WattlineError:
        outcome.record(chosen.outcome, "reconcile", {"success": 0.0, "duration_s": time.monotonic() - began_s})
        raise
    finally:
        server.close()
    fields = {"success": float(result.is_done), "duration_s": result.seconds, "filled": float(result.filled)}
    outcome.record(chosen.outcome, "reconcile", fields)
    if arguments.json:
        print(json.dumps(_as_json(result), indent=2))
    elif result.filled or result.missing or result.remarks or not arguments.quiet:
        print("\n".join([_as_text(result), *result.remarks]))
    return 0 if result.is_done else 1


def _parse_wait(text: str) -> int:
    seconds = seconds_of(text)
    if not seconds and text != "0s":
        raise WordError(f"The wait {text!r} must be 0s to 1h {WHOLE_TIMES}, for example 30s or 13m.")
    return seconds


def second_of(text: str, zone: tzinfo | None) -> int:
    """The second since 1970 of a day of the household, which is its midnight, or of an instant.

    Raises:
        WordError: it is neither.
    """
    try:
        if text.endswith("Z"):
            return int(datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp())
        day = datetime.strptime(text, "%Y-%m-%d")
        return int((day.replace(tzinfo=zone) if zone else day.astimezone()).timestamp())
    except ValueError as error:
        raise WordError(f"{text} is no day like 2026-03-01 and no instant like 2026-03-01T06:30:00Z.") from error


def _leave(chosen: Settings, start: str, stop: str) -> str:
    left = (second_of(start, chosen.zone), second_of(stop, chosen.zone))
    if left[0] >= left[1]:
        raise WordError(f"There is nothing between {start} and {stop}: START is before STOP.")
    with desk_of(chosen).alone() as memory:
        memory.left = sorted({*memory.left, left})
    return f"From {instant(left[0])} to {instant(left[1])} nothing is filled any more."


def _as_text(result: Result) -> str:
    if not result.filled and not result.missing:
        return f"Nothing was missing; {result.seconds:.1f} s."
    still = f"; {result.missing} are missing still" if result.missing else ""
    return filled(
        f"{result.filled} values were missing and are there now{still}: {result.lines} lines were written, in "
        f"{result.seconds:.1f} s."
    )


def _as_json(result: Result) -> dict[str, object]:
    return {
        "filled": result.filled,
        "missing": result.missing,
        "lines": result.lines,
        "days": result.days,
        "seconds": round(result.seconds, 3),
        "remarks": result.remarks,
    }
