"""The version of a moment; that dates neither gap nor overlap."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from wattline_cost.tariff.model import Version


@dataclass(frozen=True, slots=True)
class Dates:
    """From when and until when a version holds, as the file says.

    Attributes:
        start: the first moment.
        stop: the first moment at which it holds no more; None: not told.
    """

    start: datetime
    stop: datetime | None


class Versions:
    """Finds the version of a moment.

    Args:
        versions: of a contract, in their order.
    """

    def __init__(self, versions: Sequence[Version]) -> None:
        # Python compares times of one zone by their clock, which is wrong in the hour that is there twice: seconds are not.
        self._starts_s = [int(version.start.timestamp()) for version in versions]
        stop = versions[-1].stop if versions else None
        self._stop_s = None if stop is None else int(stop.timestamp())

    def at(self, start_s: int) -> int | None:
        """The place of the version in force ``start_s`` seconds after 1970; None before the first and after the last."""
        if self._stop_s is not None and start_s >= self._stop_s:
            return None
        place = bisect_right(self._starts_s, start_s) - 1
        return None if place < 0 else place


def local_moment(said: date | datetime, zone: ZoneInfo) -> datetime | None:
    """The moment that a date (its first moment) or a time of the clock means; None of a time that the clock leaves out.

    Of an hour that is there twice the first is meant, unless ``said`` has an offset.
    """
    if isinstance(said, datetime):
        if said.tzinfo is not None:
            return said.astimezone(zone)
        moment = said.replace(tzinfo=zone)
        exists = moment.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == said
        return moment if exists else None
    # Where the clock leaves out midnight, the day begins when it goes on, and that moment is this one in UTC.
    return datetime.combine(said, time.min, zone).astimezone(UTC).astimezone(zone)


def trouble(dates: Sequence[Dates]) -> tuple[int, str] | None:
    """The first place at which the dates of versions do not follow each other, and what is wrong with it; None: nothing."""
    for place, this in enumerate(dates):
        start_s = this.start.timestamp()
        if this.stop is not None and this.stop.timestamp() <= start_s:
            return place, "it ends before it begins: 'to' must be later than 'from'"
        if place == 0:
            continue
        before = dates[place - 1]
        if start_s <= before.start.timestamp():
            return (
                place,
                f"it must begin after version {place}, which begins {told(before.start)}: order them by their dates",
            )
        if before.stop is None or before.stop.timestamp() == start_s:
            continue
        kind = "leaves a gap before" if before.stop.timestamp() < start_s else "overlaps"
        return place, (
            f"version {place} {kind} it, since that one's 'to' says {told(before.stop)}, the first moment that does not "
            f"belong to it; say {told(this.start)} there, or leave 'to' out"
        )
    return None


def told(moment: datetime) -> str:
    """A moment as a file says it: a date where that is its first moment, and with its offset where the clock shows it twice."""
    zone = moment.tzinfo
    first = local_moment(moment.date(), zone) if isinstance(zone, ZoneInfo) else None
    if first is not None and first.timestamp() == moment.timestamp():
        return moment.date().isoformat()
    is_twice = moment.utcoffset() != moment.replace(fold=1 - moment.fold).utcoffset()
    return moment.isoformat(timespec="minutes") if is_twice else f"{moment:%Y-%m-%dT%H:%M}"
