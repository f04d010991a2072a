"""``wattline-backup completeness``: of the seconds that were due, how many were metered, and how many are stored."""

import argparse
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

from wattline import fields
from wattline.errors import WordError
from wattline.influxdb.flux import bucket_of, instant, rows, second_of
from wattline.paragraphs import filled
from wattline_backup.reconcile.due import LONGEST_HOLE_S
from wattline_backup.reconcile.memory import Memory, key_of
from wattline_backup.reconcile.ranges import Range, within, without
from wattline_backup.reconcile.routes import COMPLETENESS_BUCKET
from wattline_backup.reconcile.told import PARTS, UNTIL
from wattline_backup.reconcile.work import desk_of
from wattline_backup.server import Server
from wattline_backup.settings import settings

SUMMARY = "tells of the seconds of a month how many were metered, and that none of those is missing, as `reconcile` counts them"
EXAMPLE = "wattline-backup completeness --month 2026-03"
ERROR_PREFIX = "wattline-backup: "

# Meters that are read in turn, or each minute, are told up to seconds and minutes that differ.
_BEHIND_S = 3600
_HALF_A_DAY_S = 43_200
# Stands in a number while lines are broken, which no number is to be.
_NO_BREAK = "\u00a0"
_FLUX = """from(bucketID: "{bucket}") |> range(start: {start}, stop: {stop})
|> filter(fn: (r) => r._measurement == "{measurement}")"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the words of this command."""
    width = max(map(len, fields.NOT_METERED)) + 4
    meanings = [(reason, fields.COMPLETENESS_FIELDS[reason].meaning) for reason in fields.NOT_METERED]
    reasons = "\n".join(filled(f"  {reason:{width - 2}}{meaning}", width) for reason, meaning in meanings)
    parser.epilog = f"why seconds were not metered:\n{reasons}\n\n{parser.epilog}"
    parser.add_argument("--month", metavar="YYYY-MM", help="the month; this one unless given")
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")


def execute(arguments: argparse.Namespace) -> int:
    """Print it; returns 0.

    Raises:
        BackupError: InfluxDB is away, or what `reconcile` remembers cannot be read.
        WordError: the month is none.
    """
    chosen = settings()
    start, stop = month_of(arguments.month, chosen.zone)
    server = chosen.server()
    try:
        days = _days(server, start, stop, chosen.zone)
    finally:
        server.close()
    if arguments.json:
        print(json.dumps(days, indent=2))
    else:
        memory = desk_of(chosen).read()
        text = as_text(days, chosen.zone) if days else _nothing_known(chosen.journal)
        aside = _set_aside(days, memory, (start, stop), chosen.zone) if days else []
        print("\n".join([text, *_holes(memory, (start, stop), chosen.zone), *aside]))
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
    # A day that was told in another time zone begins some hours before that of its date or behind it.
    span = {"start": instant(start - _HALF_A_DAY_S), "stop": instant(stop - _HALF_A_DAY_S)}
    flux = _FLUX.format(bucket=bucket.id, measurement=fields.COMPLETENESS, **span)
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for row in rows(server, bucket.organisation, flux):
        begin_s = second_of(row["_time"])
        day = _date(begin_s, zone)
        key = (row.get("site", ""), row["meter"], day)
        document = found.setdefault(key, {"site": key[0], "meter": key[1], "day": day})
        document["begin_s"] = min(document.get("begin_s", begin_s), begin_s)
        name = row["_field"]
        if name == PARTS:
            continue
        number = int(float(row["_value"]))
        # Where the time zone was changed, the days of both begin on one date, and tell of different times.
        document[name] = max(document.get(name, 0), number) if name == UNTIL else document.get(name, 0) + number
    return [found[key] for key in sorted(found)]


def _date(begin_s: int, zone: tzinfo | None) -> str:
    """That of a day's noon, since in another time zone it begins at another hour."""
    return datetime.fromtimestamp(begin_s + _HALF_A_DAY_S, UTC).astimezone(zone).date().isoformat()


def as_text(days: Iterable[dict[str, Any]], zone: tzinfo | None) -> str:
    """A table, and for each site what it comes to, in sentences.

    Args:
        days: one document for each meter and day; at least one.
        zone: the household's; None is the system's.
    """
    days = list(days)
    sites = sorted({day["site"] for day in days})
    lines = _table(days, ["day", "site", "meter"] if len(sites) > 1 else ["day", "meter"])
    for site in sites:
        own = [day for day in days if day["site"] == site]
        told = " ".join([_sentence(own, zone), *_not_metered(own), *_not_counted(own, zone)])
        lines += ["", filled(f"{site}: {told}" if len(sites) > 1 else told)]
    return "\n".join(lines).replace(_NO_BREAK, " ")


def _table(days: Sequence[dict[str, Any]], names: Sequence[str]) -> list[str]:
    widths = [max(len(name), *(len(day[name]) for day in days)) for name in names]

    def line(words: Iterable[str], due: object, metered: object, stored: object, why: Iterable[str]) -> str:
        begin = "  ".join(f"{word:{width}}" for word, width in zip(words, widths, strict=True))
        begin = f"{begin}  {due:>6}  {metered:>7}  {stored:>6}  "
        # No reason is parted from its number.
        return filled(begin + ", ".join(each.replace(" ", _NO_BREAK) for each in why), len(begin)).rstrip()

    lines = [line(names, "due", "metered", "stored", ["missing", "not metered by reason"])]
    for day in days:
        numbers = {"missing": day["metered"] - day["stored"], **day}
        why = [f"{word} {numbers[word]}" for word in ("missing", *fields.NOT_METERED) if numbers.get(word, 0) > 0]
        lines.append(line([day[name] for name in names], day["due"], day["metered"], day["stored"], why))
    return lines


def _sentence(days: Sequence[dict[str, Any]], zone: tzinfo | None) -> str:
    first, last = min(day["day"] for day in days), max(day["day"] for day in days)
    until_s = max(_until(day, zone) for day in days)
    until = f"the end of {last}" if until_s >= _end(last, zone) else _moment(until_s, zone)
    # Behind a change of the time zone a day may not have come to the noon that names it.
    first = min(first, _moment(until_s - 1, zone)[:10])
    due, metered, stored = (sum(day[name] for day in days) for name in ("due", "metered", "stored"))
    missing = sum(max(0, day["metered"] - day["stored"]) for day in days)
    return (
        f"From {first} to {until}, of {_grouped(due)} readings that were due, {_grouped(metered)} were metered "
        f"and {_grouped(stored)} of them are stored: {'none is' if not missing else f'{_grouped(missing)} are'} missing."
    )


def _not_metered(days: Sequence[dict[str, Any]]) -> list[str]:
    missed, lost = sum(day["due"] - day["metered"] for day in days), sum(day.get("lost", 0) for day in days)
    if not missed:
        return []
    known = f"; of {_grouped(lost)} of them, those that are lost, nobody knows whether they were" if lost else ""
    return [f"{_grouped(missed)} were not metered, for the reasons that stand in the table{known}."]


def _not_counted(days: Sequence[dict[str, Any]], zone: tzinfo | None) -> list[str]:
    """Where a day is told up to a time that is neither its end nor that of the others."""
    until_s = max(_until(day, zone) for day in days)
    behind = [
        f"{day['meter']} behind {_moment(_until(day, zone), zone)}"
        for day in days
        if _until(day, zone) < min(_end(day["day"], zone), until_s - _BEHIND_S) and not _is_gone_on_with(day, days)
    ]
    return [f"Not counted, since the journal had nothing of it any more: {', '.join(behind)}."] if behind else []


def _is_gone_on_with(day: dict[str, Any], days: Iterable[dict[str, Any]]) -> bool:
    """Whether the time zone was changed within a day, so that another one of the meter begins before it ends, and tells the rest."""
    own = (each for each in days if (each["site"], each["meter"]) == (day["site"], day["meter"]) and "begin_s" in day)
    return any(day["begin_s"] < each["begin_s"] <= day.get(UNTIL, 0) < each.get(UNTIL, 0) for each in own)


def _until(day: dict[str, Any], zone: tzinfo | None) -> int:
    """Up to when a day is told. An early version did not say it."""
    return int(day.get(UNTIL) or _end(day["day"], zone))


def _begin(day: str, zone: tzinfo | None, later_days: int = 0) -> int:
    begin = datetime.fromisoformat(day) + timedelta(days=later_days)
    return int((begin.replace(tzinfo=zone) if zone else begin.astimezone()).timestamp())


def _end(day: str, zone: tzinfo | None) -> int:
    return _begin(day, zone, later_days=1)


def _moment(second: int, zone: tzinfo | None) -> str:
    return f"{datetime.fromtimestamp(second, UTC).astimezone(zone):%Y-%m-%d %H:%M}"


def _holes(memory: Memory, month: Range, zone: tzinfo | None) -> list[str]:
    """The times of the month that are in no number, though meters were due before and behind."""
    told = [
        f"{meter} from {_moment(start, zone)} to {_moment(stop, zone)}"
        for meter, holes in sorted(memory.holes.items())
        for start, stop in holes
        if within([(start, stop)], month)
    ]
    days = LONGEST_HOLE_S // 86_400
    why = f"since there was nothing to count it by, and that for more than {days} days"
    return [filled(f"Not counted, {why}: {', '.join(told)}.")] if told else []


def _set_aside(days: Iterable[dict[str, Any]], memory: Memory, month: Range, zone: tzinfo | None) -> list[str]:
    """What of the month is not due, and of what the numbers stay, since the journal had it no more."""
    left = [each for each in memory.left if within([each], month)]
    stay, told = [], []
    for day in days:
        keys = [key_of(day["meter"], begin_s) for begin_s in _begins(day, memory, zone)]
        of = [each for key in keys for each in memory.told_parts(key, _until(day, zone))]
        aside = [each for key in keys for each in memory.aside.get(key, [])]
        if held := without((each for part in of for each in within(left, part)), aside):
            stay += held
            told.append(
                f"Set aside by `reconcile --leave`, but the numbers of {day['meter']} on {day['day']} had been told before and keep it: "
                f"{_listed(held)}."
            )
    if rest := without(left, stay):
        told.insert(0, f"Set aside by `reconcile --leave`, and not due: {_listed(rest)}.")
    return [filled(each) for each in told]


def _begins(day: dict[str, Any], memory: Memory, zone: tzinfo | None) -> list[int]:
    """Where a day begins, or, of one on which the time zone was changed, each of those that are told under its date."""
    told = (key.rpartition(" ") for key in memory.told)
    begins_s = [
        int(begin) for meter, _, begin in told if meter == day["meter"] and _date(int(begin), zone) == day["day"]
    ]
    return begins_s or [_begin(day["day"], zone)]


def _listed(ranges: Iterable[Range]) -> str:
    return "; ".join(f"{instant(start)} to {instant(stop)}" for start, stop in ranges)


def _nothing_known(journal: Path) -> str:
    try:
        there = "" if any(journal.iterdir()) else ", where there is none"
    except OSError as error:
        there = f", which cannot be read ({error.strerror})"
    kept = f"the journal that `wattline run --journal` keeps, in {journal}{there}"
    return filled(f"Nothing is known of this month: `wattline-backup reconcile` counts by {kept}.")


def _grouped(number: int) -> str:
    return f"{number:,}".replace(",", _NO_BREAK)
