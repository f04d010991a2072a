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
from wattline_backup.reconcile.ranges import Range, joined, without
from wattline_backup.reconcile.work import Result, Work, desk_of
from wattline_backup.settings import Settings, settings

SUMMARY = "writes what InfluxDB lacks of the journal that `wattline run --journal` keeps, and counts what was metered and stored"
EXAMPLE = "wattline-backup reconcile"
ERROR_PREFIX = "wattline-backup: "


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the words of this command."""
    ranges = parser.add_mutually_exclusive_group()
    ranges.add_argument(
        "--leave",
        nargs=2,
        metavar=("START", "STOP"),
        help="from now on fill nothing in this range, since it was deleted on purpose: days such as 2026-03-01, or instants "
        "such as 2026-03-01T06:30:00Z, of which STOP is the first that is filled again; write nothing now",
    )
    ranges.add_argument(
        "--fill", nargs=2, metavar=("START", "STOP"), help="take back --leave for this range; write nothing now"
    )
    ranges.add_argument("--left", action="store_true", help="list the ranges in which nothing is filled")
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
    if arguments.leave or arguments.fill or arguments.left:
        print(_of_ranges(chosen, arguments))
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
        print("\n".join([_as_text(result), *_ended(result), *result.remarks]))
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


def _of_ranges(chosen: Settings, arguments: argparse.Namespace) -> str:
    if arguments.leave:
        return _leave(chosen, *arguments.leave)
    if arguments.fill:
        return _fill(chosen, *arguments.fill)
    left = desk_of(chosen).read().left
    if arguments.json:
        return json.dumps([{"start": instant(start), "stop": instant(stop)} for start, stop in left], indent=2)
    return "\n".join(map(_told, left)) or "No range is set aside: whatever InfluxDB lacks is filled."


def _leave(chosen: Settings, start: str, stop: str) -> str:
    left, now_s = _range(chosen, start, stop), int(time.time())
    if left[1] > now_s:
        # Nobody would remember it when those readings are missed.
        raise WordError(
            f"STOP is {stop}, which is still to come; an instant goes too, now at the latest: {instant(now_s)}."
        )
    with desk_of(chosen).alone() as memory:
        memory.left = joined([*memory.left, left])
        memory.seen.clear()
    return _told(left)


def _fill(chosen: Settings, start: str, stop: str) -> str:
    again = _range(chosen, start, stop)
    with desk_of(chosen).alone() as memory:
        rest = without(memory.left, [again])
        if rest == memory.left:
            return f"Nothing from {instant(again[0])} to {instant(again[1])} was set aside; `reconcile --left` lists what is."
        memory.left = rest
        memory.seen.clear()
    return f"From {instant(again[0])} to {instant(again[1])} is filled again what the journal has and InfluxDB lacks."


def _range(chosen: Settings, start: str, stop: str) -> Range:
    found = (second_of(start, chosen.zone), second_of(stop, chosen.zone))
    if found[0] >= found[1]:
        raise WordError(f"There is nothing between {start} and {stop}: START is before STOP.")
    return found


def _told(left: Range) -> str:
    return f"From {instant(left[0])} to {instant(left[1])} nothing is filled any more."


def _as_text(result: Result) -> str:
    took = f"{result.seconds:.1f} s"
    if result.missing and not result.lines:
        why = "InfluxDB did not take them within the last day, after which they are tried again"
        return filled(f"{result.missing} values are missing still: {why}; {took}.")
    if result.filled or result.missing:
        still = f"; {result.missing} are missing still" if result.missing else ""
        there = f"{result.filled} values were missing and are there now{still}"
        return filled(f"{there}: {result.lines} lines were written, in {took}.")
    if result.until_s is None:
        why = "all that the journal has is set aside, or younger than two minutes and may be under way"
        return filled(f"Nothing was compared: {why}; {took}.")
    return filled(f"Nothing was missing of what the journal has up to {instant(result.until_s)}; {took}.")


def _ended(result: Result) -> list[str]:
    """Of journals to which nothing is written any more: what was metered since is in none, and nobody could bring it."""
    look = (
        "look whether `wattline run` still has --journal, and what it says of its journal in Telegraf's log; or delete that "
        "folder, if there is no such port any more"
    )
    return [filled(f"{folder} has nothing since {instant(last)}: {look}.") for folder, last in result.ended.items()]


def _as_json(result: Result) -> dict[str, object]:
    return {
        "filled": result.filled,
        "missing": result.missing,
        "lines": result.lines,
        "days": result.days,
        "until": None if result.until_s is None else instant(result.until_s),
        "ended": {folder.name: instant(last) for folder, last in result.ended.items()},
        "seconds": round(result.seconds, 3),
        "remarks": result.remarks,
    }
