"""The sum of a lane: what its meters said, what the plugin told of it, what is stored, and what was done to it meanwhile.

What the meters said is the simulator's word. What was metered of it stands in the lines that the plugin gave out, which are
overheard: a reply that comes too late on a busy machine is said, and makes no reading. Each value in them must have been said
from the begin of its second on, and before it was given out; and each line must be stored as it stands.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from wattline.journal.pace import GROUP_S
from wattline.meters import load_models
from wattline.simulate import Served

NS = 1_000_000_000
DECIMALS = {row.field: row.decimals for row in load_models()["orno-we515"].rows}
# What a whole reading has.
FAST = {"voltage_v", "current_a", "power_w", "reactive_power_var", "apparent_power_va", "power_factor", "frequency_hz"}
# Two flushes of a Telegraf, and time for InfluxDB to answer the second.
DELIVERED_S = 25

Points = Mapping[int, Mapping[str, float]]
"""Nanosecond to field to value."""


class Event(NamedTuple):
    """What was done.

    Attributes:
        kind: one of those below.
        began_s: seconds since 1970.
        ended_s: likewise, when what it was done to was gone, or back.
    """

    kind: str
    began_s: float
    ended_s: float

    @property
    def seconds(self) -> range:
        """Those that it touched."""
        return range(int(self.began_s), int(self.ended_s) + 1)


PLUGIN_KILLED, PLUGIN_STOPPED = "plugin killed", "plugin stopped"
TELEGRAF_KILLED, TELEGRAF_STOPPED, TELEGRAF_ENDED = "Telegraf killed", "Telegraf stopped", "Telegraf ended"
INFLUXDB_AWAY, POWER_CUT = "InfluxDB away", "power cut"
CLOCK_SET, DISK_FULL = "clock set", "disk full"
# In these a sweep may have been cut short, so that what the meter said became no reading.
CUTS_SHORT = {PLUGIN_KILLED, PLUGIN_STOPPED, TELEGRAF_KILLED, TELEGRAF_ENDED, POWER_CUT, CLOCK_SET}


class Told(NamedTuple):
    """A reading that the plugin gave out.

    Attributes:
        at_ns: when, nanoseconds since 1970 by the machine's clock.
        ahead_s: how far the plugin's clock was ahead of that.
        meter: its name.
        stamp: nanoseconds since 1970 by the plugin's clock.
        fields: the values.
    """

    at_ns: int
    ahead_s: int
    meter: str
    stamp: int
    fields: Mapping[str, float]


@dataclass
class Sum:
    """Of a meter.

    Attributes:
        metered: seconds of which the plugin gave out a reading; without those that a kill cut short.
        cut_short: seconds of which it gave out a reading that is not stored, since it was killed in that moment.
        stored: seconds that are stored.
        unread: seconds in which the meter gave sound replies, and of which there is no reading: they came too late.
        allowed: seconds that were metered and lost, and may be: the last ten before a power cut.
        missing: seconds that were metered and lost.
        wrong: a sentence about each value that the meter did not say in its second, or that is stored as another.
    """

    metered: int = 0
    cut_short: int = 0
    stored: int = 0
    unread: int = 0
    allowed: set[int] = field(default_factory=set)
    missing: set[int] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)


def sum_up(meter: str, truth: Iterable[Served], told: Iterable[Told], points: Points, events: Sequence[Event]) -> Sum:
    """Compare what a meter said with what the plugin told of it, and that with what is stored.

    Args:
        meter: its name.
        truth: what all meters said.
        told: what the plugin gave out, in its order.
        points: what is stored of this one.
        events: what was done.
    """
    said = sorted(
        (entry for entry in truth if entry.meter == meter and entry.sent_monotonic_ns and not entry.faults),
        key=lambda entry: entry.heard_wall_ns,
    )
    own = [each for each in told if each.meter == meter]
    seconds, stored = {each.stamp // NS for each in own}, {stamp // NS for stamp in points}
    touched = {
        second + ahead_s
        for event in events
        if event.kind in CUTS_SHORT
        for second in event.seconds
        for ahead_s in {each.ahead_s for each in own}
    }
    lost, may = seconds - stored, allowed(events)
    found = Sum(cut_short=len(lost & touched), stored=len(stored))
    found.metered = len(seconds) - found.cut_short
    found.unread = len({entry.heard_wall_ns // NS for entry in said} - {each.at_ns // NS for each in own})
    found.allowed, found.missing = (lost - touched) & may, lost - touched - may
    found.wrong = [*_unsaid(own, said, touched), *_changed(own, points)]
    return found


def _unsaid(told: Sequence[Told], said: Sequence[Served], touched: set[int]) -> Iterator[str]:
    """A sentence about each value that the meter did not say between the begin of its second and when it was given out."""
    heard_ns = [entry.heard_wall_ns for entry in said]
    for each in told:
        began_ns = each.stamp - each.ahead_s * NS
        if each.stamp % NS or (began_ns > each.at_ns and each.stamp // NS not in touched):
            yield f"{each.stamp} was given out at {each.at_ns}"
        elif began_ns <= each.at_ns:
            answers = said[bisect_left(heard_ns, began_ns) : bisect_right(heard_ns, each.at_ns)]
            for name, value in each.fields.items():
                believable = {answer.values[name] for answer in answers if name in answer.values}
                if round(value, DECIMALS[name]) not in believable:
                    yield f"{each.stamp} {name} = {value}, and it said {sorted(believable)}"


def _changed(told: Sequence[Told], points: Points) -> Iterator[str]:
    """A sentence about each point that is not as it was given out; of a second that came twice the later values stand."""
    whole: dict[int, dict[str, float]] = {}
    for each in told:
        whole.setdefault(each.stamp, {}).update(each.fields)
    for stamp, fields in points.items():
        if fields != whole.get(stamp):
            yield f"{stamp} is stored as {fields}, and was given out as {whole.get(stamp)}"


def allowed(events: Sequence[Event]) -> set[int]:
    """The seconds that may be lost: those that no journal had when the power was cut.

    A plugin that was killed has left them to Telegraf; when that dies before InfluxDB has them, it is the same.
    """
    found: set[int] = set()
    for event in events:
        if event.kind == POWER_CUT or (event.kind == PLUGIN_KILLED and _dies_with_it(event.began_s, events)):
            found.update(range(int(event.began_s - GROUP_S) - 1, int(event.began_s) + 1))
    return found


def _dies_with_it(moment_s: float, events: Sequence[Event]) -> bool:
    """Whether Telegraf was killed after that moment before it can have delivered what it then had."""
    deaths = [e.began_s for e in events if e.kind in {TELEGRAF_KILLED, POWER_CUT} and e.began_s > moment_s - 1]
    if not deaths:
        return False
    first_s = min(deaths)
    hindered = [e for e in events if e.kind in {INFLUXDB_AWAY, TELEGRAF_STOPPED}]
    away_s = sum(max(0.0, min(e.ended_s, first_s) - max(e.began_s, moment_s)) for e in hindered)
    return first_s - moment_s - away_s < DELIVERED_S
