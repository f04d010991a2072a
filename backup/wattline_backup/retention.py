"""Which sets are kept. A function of the sets and of the time, which touches nothing.

The newest few are always kept. Beyond them, each rule keeps the last set of each of so many hours, days, weeks, months and
years, as the household's calendar has them. Only hours, days and so on that have a set are counted, so that a machine which
was off for a year has lost nothing when it is switched on. Who is kept by the day is there to be kept by the week, and so on.

A set that cannot be read, or whose stamp is still to come, counts in no rule, and stays: it would take the place of a good
one. It follows that a clock which is behind removes nothing that the right time would have kept.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields
from datetime import datetime, tzinfo

NEWEST, VERIFIED, OFFSITE, FUTURE, DAMAGED = "newest", "verified", "off-site", "of the future", "damaged"
UNDOES, MAY_UNDO = "ends a restore that was cut off", "may end a restore that is no longer known"
ALL = "all"


@dataclass(frozen=True, slots=True)
class Policy:
    """How many are kept by each rule; None is all.

    Attributes:
        newest: whatever their time.
        hourly: hours of which the last set is kept.
        daily: days.
        weekly: weeks, from Monday to Sunday.
        monthly: months.
        yearly: years.
    """

    newest: int | None = 10
    hourly: int | None = 24
    daily: int | None = 14
    weekly: int | None = 8
    monthly: int | None = 12
    yearly: int | None = None


RULES = tuple(each.name for each in fields(Policy))

# The label of the hour, the day and so on in which a local time is.
CALENDAR: dict[str, Callable[[datetime], object]] = {
    # The hour that comes twice in autumn is two hours.
    "hourly": lambda local: (local.date(), local.hour, local.utcoffset()),
    "daily": lambda local: local.date(),
    "weekly": lambda local: local.isocalendar()[:2],
    "monthly": lambda local: (local.year, local.month),
    "yearly": lambda local: local.year,
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """What has to be known of a set.

    Attributes:
        stamp: its name.
        at: when it was begun.
        verified: how it was proven; empty where it was not.
        is_offsite: whether it is elsewhere too.
        is_damaged: whether it cannot be read.
        undoes: whether it ends a restore that did not come to its end: it was being restored, or has what was live before.
        may_undo: whether it may do so, as nobody knows any more what did not come to its end.
    """

    stamp: str
    at: datetime
    verified: str = ""
    is_offsite: bool = False
    is_damaged: bool = False
    undoes: bool = False
    may_undo: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a set.

    Attributes:
        stamp: its name.
        reasons: the rules that keep it; it goes where there is none.
    """

    stamp: str
    reasons: tuple[str, ...] = field(default=())

    @property
    def is_kept(self) -> bool:
        """Whether it stays."""
        return bool(self.reasons)


def judge(candidates: Iterable[Candidate], policy: Policy, now: datetime, zone: tzinfo | None = None) -> list[Verdict]:
    """What becomes of each set, newest first.

    Args:
        candidates: all sets, in any order.
        policy: how many are kept.
        now: the time, with a zone.
        zone: whose calendar holds; None is the system's.
    """
    newest_first = sorted(candidates, key=lambda each: (each.at, each.stamp), reverse=True)
    reasons: dict[str, list[str]] = {each.stamp: [] for each in newest_first}
    counted = []
    for each in newest_first:
        if each.is_damaged:
            reasons[each.stamp].append(DAMAGED)
        elif each.at > now:
            reasons[each.stamp].append(FUTURE)
        else:
            counted.append(each)
    for each in counted[: policy.newest]:
        reasons[each.stamp].append(NEWEST)
    for rule, label in CALENDAR.items():
        lasts: dict[object, Candidate] = {}
        for each in counted:
            lasts.setdefault(label(each.at.astimezone(zone)), each)
        for each in list(lasts.values())[: getattr(policy, rule)]:
            reasons[each.stamp].append(rule)
    for last, why in _irreplaceable(counted):
        reasons[last.stamp].append(why)
    return [Verdict(stamp, tuple(rules)) for stamp, rules in reasons.items()]


def _irreplaceable(newest_first: Iterable[Candidate]) -> Iterable[tuple[Candidate, str]]:
    """The last set that was proven, in each way in which one was, the last one that is off-site, and what a restore that was cut off still needs."""
    ways = set()
    is_offsite_known = False
    for each in newest_first:
        if each.verified and each.verified not in ways:
            ways.add(each.verified)
            yield each, VERIFIED
        if each.is_offsite and not is_offsite_known:
            is_offsite_known = True
            yield each, OFFSITE
        if each.undoes:
            yield each, UNDOES
        if each.may_undo:
            yield each, MAY_UNDO
