"""``wattline-backup completeness``: of the seconds that were due, how many were metered, and how many are stored."""

import argparse
import json
from collections.abc import Iterable
from datetime import datetime, tzinfo
from typing import Any

from wattline import fields
from wattline.errors import WordError
from wattline.influxdb.flux import bucket_of, instant, rows
from wattline.paragraphs import filled
from wattline_backup.reconcile.routes import COMPLETENESS_BUCKET
from wattline_backup.server import Server
from wattline_backup.settings import settings

SUMMARY = "tells of the seconds of a month how many were metered, and that none of those is missing, as `reconcile` counts them"
EXAMPLE = "wattline-backup completeness --month 2026-03"
ERROR_PREFIX = "wattline-backup: "

REASONS = ("silent", "unbelieved", "busy", "port", "clock", "lost", "off")
_FLUX = """from(bucketID: "{bucket}") |> range(start: {start}, stop: {stop})
|> filter(fn: (r) => r._measurement == "{measurement}")"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the words of this command."""
    parser.add_argument("--month", metavar="YYYY-MM", help="the month; this one unless given")
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")


def execute(arguments: argparse.Namespace) -> int:
    """Print it; returns 0.

    Raises:
        BackupError: InfluxDB is away.
        WordError: the month is none.
    """
    chosen = settings()
    start, stop = month_of(arguments.month, chosen.zone)
    server = chosen.server()
    try:
        days = _days(server, start, stop, chosen.zone)
    finally:
        server.close()
    print(json.dumps(days, indent=2) if arguments.json else as_text(days))
    return 0


def month_of(text: str | None, zone: tzinfo | None) -> tuple[int, int]:
    """The first second of a month in the household's time, since 1970, and that of the next.

    Raises:
        WordError: it is none.
    """
    try:
        first = datetime.strptime(text, "%Y-%m") if text else datetime.now(zone).replace(tzinfo=None)
    except ValueError as error:
        raise WordError(f"--month is {text!r}, but has to be a month such as 2026-03.") from error
    first = first.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    after = first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
    begin, end = (each.replace(tzinfo=zone) if zone else each.astimezone() for each in (first, after))
    return int(begin.timestamp()), int(end.timestamp())


def _days(server: Server, start: int, stop: int, zone: tzinfo | None) -> list[dict[str, Any]]:
    """One document for each meter and day, in their order."""
    bucket = bucket_of(server, COMPLETENESS_BUCKET)
    flux = _FLUX.format(bucket=bucket.id, start=instant(start), stop=instant(stop), measurement=fields.COMPLETENESS)
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for row in rows(server, bucket.organisation, flux):
        day = datetime.fromisoformat(row["_time"].replace("Z", "+00:00")).astimezone(zone).date().isoformat()
        key = (row.get("site", ""), row["meter"], day)
        document = found.setdefault(key, {"site": key[0], "meter": key[1], "day": day})
        document[row["_field"]] = int(float(row["_value"]))
    return [found[key] for key in sorted(found)]


def as_text(days: Iterable[dict[str, Any]]) -> str:
    """A table, and the sentence."""
    days = list(days)
    if not days:
        return (
            "Nothing is known of this month: `wattline-backup reconcile` counts, where `wattline run` keeps a journal."
        )
    width = max(5, *(len(day["meter"]) for day in days))
    lines = [f"{'day':10}  {'meter':{width}}  {'due':>6}  {'metered':>7}  {'stored':>6}  not metered, since"]
    for day in days:
        why = ", ".join(f"{reason} {day[reason]}" for reason in REASONS if day.get(reason))
        start = f"{day['day']}  {day['meter']:{width}}  {day['due']:6}  {day['metered']:7}  {day['stored']:6}"
        lines.append(f"{start}  {why}".rstrip())
    due, metered, stored = (sum(day[name] for day in days) for name in ("due", "metered", "stored"))
    missing = sum(max(0, day["metered"] - day["stored"]) for day in days)
    told = (
        f"Of {_grouped(due)} seconds in which a reading was due, {_grouped(metered)} were metered and {_grouped(stored)} of "
        f"them are stored: {'none is' if not missing else f'{_grouped(missing)} are'} missing."
    )
    return "\n".join([*lines, "", filled(told)])


def _grouped(number: int) -> str:
    return f"{number:,}".replace(",", " ")
