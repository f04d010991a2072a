"""A minute and a half in which InfluxDB is away and Telegraf and the plugin are killed, and what the journal brings back.

| second | what happens | what of it only the journal has |
|---|---|---|
| 0 | a house is metered with a journal | |
| 10 | InfluxDB stops | |
| 20 | Telegraf is killed, with all that it has not written; the plugin ends by itself | what was metered since 10 |
| 25 | Telegraf is started again, and meters while InfluxDB is away | |
| 37 | the plugin is killed, with up to ten seconds that are not in the journal yet; Telegraf has them | nothing |
| 50 | InfluxDB is back, and Telegraf writes what it has; then it is stopped, and `reconcile` runs | |

| fault | test |
|---|---|
| nothing was lost to begin with, so that nothing is proven | test_telegraf_alone_loses_what_it_held |
| a metered second is not in the database in the end | test_each_metered_second_is_in_the_database |
| a value is another one, a point is there twice or beside its second | test_what_was_brought_is_what_the_meter_showed |
| the number does not say so | test_the_number_says_that_nothing_is_missing |
| a second run writes again | test_a_second_run_has_nothing_to_do |
"""

import os
import signal
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from wattline.journal.reader import files_in, folders_in, read, stamps_ns
from wattline.simulate import Scenario, Served, Simulator
from wattline.words import parse_meters
from wattline_backup.reconcile.work import UNDER_WAY_S, Result, Work
from wattline_backup.settings import Settings, settings

pytestmark = [pytest.mark.chain, pytest.mark.timeout(240)]

NS = 1_000_000_000
SITE = "nothing-lost"
CONF = Path(__file__).parents[2] / "telegraf" / "telegraf.d" / "10-meters.conf"

Points = dict[int, dict[str, float]]


@dataclass(slots=True)
class Story:
    """What happened, in seconds since 1970, and what was where when all was over."""

    database_away: float = 0.0
    telegraf_killed: float = 0.0
    plugin_killed: float = 0.0
    ended: float = 0.0
    journal: set[int] = field(default_factory=set)
    before: Points = field(default_factory=dict)
    after: dict[tuple[str, ...], Points] = field(default_factory=dict)
    numbers: Counter[str] = field(default_factory=Counter)
    first: Result = field(default_factory=Result)
    second: Result = field(default_factory=Result)
    truth: list[Served] = field(default_factory=list)


@pytest.fixture(scope="module")
def story(chain: Any) -> Story:
    """Lived once for all tests of this module."""
    story, link, journal = Story(), chain.folder / "ttyMeter", chain.folder / "journal"
    conf = CONF.read_text().replace('"run", "$', f'"run", "--journal", "{journal}", "$')
    with Simulator(parse_meters(["house=orno-we515@1"]), Scenario(load="random"), link=link) as simulator:
        telegraf = chain.start_telegraf(SITE, link, {CONF.name: conf})
        chain.wait_until("readings arrive", lambda: len(readings(chain)) > 5, 40)
        lose_what_telegraf_holds(chain, telegraf, story)
        telegraf.start(chain.influxdb, link, {CONF.name: conf})
        kill_the_plugin(chain, telegraf, simulator, story)
        chain.influxdb.start()
        back = time.time()
        chain.wait_until("Telegraf has caught up", lambda: max(readings(chain), default=0) / NS > back, 40)
        telegraf.stop()
        story.ended, story.truth = time.time(), simulator.truth
    reconcile(chain, journal, story)
    return story


def readings(chain: Any) -> Points:
    """The one series of readings, as far as it is stored."""
    (points,) = chain.influxdb.series("energy", SITE, "electricity").values() or [{}]
    return dict(points)


def lose_what_telegraf_holds(chain: Any, telegraf: Any, story: Story) -> None:
    chain.influxdb.stop()
    story.database_away = time.time()
    chain.sleep_until(story.database_away + 10)
    plugins = telegraf.plugins
    telegraf.process.kill()
    story.telegraf_killed = time.time()
    telegraf.process.wait()
    chain.wait_until(
        "the plugin has ended by itself",
        lambda: not any(b"wattline" in chain.command_line(pid) for pid in plugins),
        10,
    )
    chain.sleep_until(story.telegraf_killed + 5)


def kill_the_plugin(chain: Any, telegraf: Any, simulator: Simulator, story: Story) -> None:
    """Twelve seconds after it has begun anew; and let it meter again."""
    chain.wait_until("it is there", lambda: telegraf.plugins, 10)
    chain.sleep_until(time.time() + 12)
    (plugin,) = telegraf.plugins
    os.kill(plugin, signal.SIGKILL)
    story.plugin_killed = time.time()
    asked = len(simulator.truth)
    chain.wait_until("the meter is asked again", lambda: len(simulator.truth) > asked + 20, 20)


def reconcile(chain: Any, journal: Path, story: Story) -> None:
    """Two minutes later by its clock, and the second in which all ended is over: when nothing is under way any more."""
    (token := chain.folder / "token").write_text(chain.influxdb.token)
    chosen: Settings = settings(
        {
            "INFLUX_HOST": chain.influxdb.url,
            "WATTLINE_BACKUP_FOLDER": str(chain.folder / "sets"),
            "WATTLINE_BACKUP_TOKEN_FILE": str(token),
            "WATTLINE_BACKUP_JOURNAL": str(journal),
            "WATTLINE_SITE": SITE,
            "WATTLINE_TIMEZONE": "UTC",
        }
    )
    lines = [
        line
        for folder in folders_in(journal)
        for path in files_in(folder)
        for each in read(path)
        for line in each.lines
    ]
    story.journal = {stamp // NS for stamp in stamps_ns(line for line in lines if line.startswith("electricity"))}
    story.before = readings(chain)
    server = chosen.server()
    story.first, story.second = (Work(chosen, server, lambda: story.ended + 1 + UNDER_WAY_S).run() for _ in range(2))
    server.close()
    story.after = chain.influxdb.series("energy", SITE, "electricity")
    (days,) = chain.influxdb.series("host", SITE, "wattline_completeness").values()
    for numbers in days.values():
        story.numbers.update({name: int(number) for name, number in numbers.items()})


def seconds(points: Points) -> set[int]:
    return {stamp // NS for stamp in points}


def test_telegraf_alone_loses_what_it_held(story: Story) -> None:
    """The journal has those seconds, to the last but one before the end."""
    away = set(range(int(story.database_away) + 1, int(story.telegraf_killed)))
    assert len(away) >= 9
    assert away & seconds(story.before) == set()
    assert away - story.journal == set()


def test_each_metered_second_is_in_the_database(story: Story) -> None:
    """What the journal has, and what it lacks since the plugin was killed, which Telegraf had."""
    (points,) = story.after.values()
    assert seconds(points) == story.journal | seconds(story.before)
    killed = int(story.plugin_killed)
    assert set(range(killed - 8, killed)) - seconds(points) == set()
    # A sweep that a kill or an end interrupts makes no reading.
    swept = {each.heard_wall_ns // NS for each in story.truth if each.heard_wall_ns / NS < story.ended - 1}
    assert len(swept - seconds(points)) <= 3


def test_what_was_brought_is_what_the_meter_showed(chain: Any, story: Story) -> None:
    assert list(story.after) == [("meter=house", "role=grid", f"site={SITE}")]
    (points,) = story.after.values()
    assert [stamp for stamp in points if stamp % NS] == []
    assert chain.compare(points, story.truth) == []


def test_the_number_says_that_nothing_is_missing(story: Story) -> None:
    (points,) = story.after.values()
    numbers = story.numbers
    assert numbers["metered"] == numbers["stored"] == len(points)
    reasons = ("silent", "unbelieved", "busy", "port", "clock", "lost", "off")
    assert numbers["due"] == numbers["metered"] + sum(numbers[name] for name in reasons)
    # From the kill of Telegraf to its next start, and from that of the plugin to the end of its restart_delay.
    assert 8 <= numbers["off"] <= 20
    assert story.first.missing == 0


def test_a_second_run_has_nothing_to_do(story: Story) -> None:
    assert story.first.filled > 9 * 7
    assert (story.second.filled, story.second.missing, story.second.lines) == (0, 0, 0)
