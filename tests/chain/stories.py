"""What befalls a house that shall lose nothing, in two parts; between them InfluxDB goes away, and all houses wait for each other.

| house | InfluxDB is there | InfluxDB is away |
|---|---|---|
| away | nothing | for longer than its Telegraf can hold, which is twenty points here |
| telegraf | Telegraf is killed five times | nothing |
| both, two meters on one bus | nothing | Telegraf is started again before the plugin of the one that was killed has ended, and is killed five times more |
| plugin | the plugin is killed twice | likewise |
| disk | the journal's disk takes nothing, until it does again | |
| power | at the end of it the power is cut: plugin, Telegraf and InfluxDB are gone in one moment, and half a record stands in the journal | and again, and the journal ends with the last whole record |
| clock | it is set back by an hour, before the plugin began | the seconds of the first part come again, and then Telegraf is killed |

A story is told up to its first part's end, and then to the end of the second.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from chain import torn
from chain.lane import Lane
from chain.sums import NS

HOUR_S = 3600
# How long it is metered from kill to kill: within a group of ten seconds, and over the end of one.
BETWEEN_KILLS_S = (3, 12, 7, 5, 14)

Story = Iterator[None]


def away(lane: Lane) -> Story:
    lane.is_metering()
    yield
    lane.meter(45)


def telegraf(lane: Lane) -> Story:
    kill_telegraf_five_times(lane)
    yield


def both(lane: Lane) -> Story:
    lane.is_metering()
    yield
    lane.kill_telegraf(waits=False)
    lane.start()
    kill_telegraf_five_times(lane)


def plugin(lane: Lane) -> Story:
    for seconds in (14, 8):
        lane.meter(seconds)
        lane.kill_plugin()
    lane.is_metering()
    yield
    for seconds in (12, 16):
        lane.meter(seconds)
        lane.kill_plugin()
    lane.is_metering()


def disk(lane: Lane) -> Story:
    """It is tried again after a minute."""
    lane.meter(12)
    lane.limit_files(512)
    lane.says("is off: File too large")
    lane.meter(3)
    lane.limit_files(-1)
    yield
    lane.says("is on again", within_s=180)
    lane.meter(3)


def power(lane: Lane) -> Story:
    lane.meter(24)
    yield
    torn.tear(lane.journal)
    lane.start()
    lane.meter(26)
    lane.cut_power()
    torn.truncate(lane.journal)
    lane.start()
    lane.meter(3)


def clock(lane: Lane) -> Story:
    lane.meter(20)
    began_s = min(entry.heard_wall_ns for entry in lane.truth()) / NS
    lane.set_clock(-HOUR_S)
    lane.meter(12)
    yield
    lane.set_clock(int(began_s - time.time()) + 2)
    lane.meter(14)
    lane.kill_telegraf()
    lane.start()
    lane.is_metering()


def kill_telegraf_five_times(lane: Lane) -> None:
    for seconds in BETWEEN_KILLS_S:
        lane.meter(seconds)
        lane.kill_telegraf()
        lane.start()
    lane.is_metering()


STORIES: Mapping[Callable[[Lane], Story], Mapping[str, Any]] = {
    away: {"buffer": 20},
    telegraf: {},
    both: {"meters": ("house=orno-we515@1", "roof=orno-we515@2,role=solar")},
    plugin: {},
    disk: {},
    power: {},
    clock: {},
}
