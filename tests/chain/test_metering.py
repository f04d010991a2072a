"""Two minutes of a house, from the meter to the database, with everything on the way failing once.

| second | what happens | what must not |
|---|---|---|
| 0 to 60 | nothing | a second missing, a second twice, a value that the meter did not show, a complaint in the log |
| 60 to 80 | InfluxDB is away | a second missing afterwards |
| about 90 | the plugin is killed | more than restart_delay + 2 s without a reading |
| about 105 | the adapter is pulled out for 4 s | Telegraf or the plugin started anew, a long wait |
| about 120 | Telegraf is stopped | a line that was written and is not in the database, an orphan |
"""

import os
import re
import signal
import time
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest

from wattline.simulate import Scenario, Served, Simulator
from wattline.words import parse_meters

pytestmark = [pytest.mark.chain, pytest.mark.timeout(240)]

NS = 1_000_000_000
SITE = "a-house"
QUIET_S, OUTAGE_S, UNPLUGGED_S = 60, 20, 4
# Replies of a first sweep: six fast spans, two slow ones.
SWEEP_REPLIES = 8
FAST = {"voltage_v", "current_a", "power_w", "reactive_power_var", "apparent_power_va", "power_factor", "frequency_hz"}

Points = dict[int, dict[str, float]]


@dataclass(slots=True)
class Story:
    """What happened, in seconds since 1970, and what was in the database when all was over."""

    began: float = 0.0
    quiet_ended: float = 0.0
    quiet_log: str = ""
    database_away: float = 0.0
    database_back: float = 0.0
    killed: float = 0.0
    restart_delay: float = 0.0
    pulled_out: float = 0.0
    plugged_in: float = 0.0
    plugin_at_the_start: list[int] = field(default_factory=list)
    plugin_after_the_kill: list[int] = field(default_factory=list)
    plugin_after_the_unplugging: list[int] = field(default_factory=list)
    seconds_to_stop: float = 0.0
    exit_code: int | None = None
    log: str = ""
    truth: list[Served] = field(default_factory=list)
    energy: dict[tuple[str, ...], Points] = field(default_factory=dict)
    host: dict[str, dict[tuple[str, ...], Points]] = field(default_factory=dict)

    @property
    def readings(self) -> Points:
        """The one series of readings."""
        (points,) = self.energy.values()
        return points

    @property
    def seconds(self) -> set[int]:
        """The seconds that have a reading."""
        return {stamp // NS for stamp in self.readings}


@pytest.fixture(scope="module")
def story(chain: Any) -> Story:
    """The two minutes, lived once for all tests of this module."""
    story, link = Story(), chain.folder / "ttyMeter"
    with Simulator(parse_meters(["house=orno-we515@1"]), Scenario(load="random"), link=link) as simulator:

        def sweep(seconds: float) -> None:
            asked = len(simulator.truth)
            chain.wait_until("the meter is asked", lambda: len(simulator.truth) >= asked + SWEEP_REPLIES, seconds)

        telegraf = chain.start_telegraf(SITE, link)
        story.restart_delay = telegraf.restart_delay_s
        sweep(10)
        story.began, story.plugin_at_the_start = time.time(), telegraf.plugins
        chain.sleep_until(story.began + QUIET_S)
        story.quiet_ended, story.quiet_log = time.time(), telegraf.log
        lose_the_database(chain, story)
        story.killed = time.time()
        os.kill(telegraf.plugins[0], signal.SIGKILL)
        sweep(story.restart_delay + 10)
        chain.sleep_until(time.time() + 3)
        story.plugin_after_the_kill = telegraf.plugins
        # At the end of a second, when the bus is idle: so the plugin finds the port gone before its first question.
        chain.sleep_until(int(time.time()) + 1.95)
        story.pulled_out = time.time()
        simulator.unplug()
        chain.sleep_until(story.pulled_out + UNPLUGGED_S)
        simulator.plug_in()
        story.plugged_in = time.time()
        sweep(40)
        chain.sleep_until(time.time() + 3)
        story.plugin_after_the_unplugging = telegraf.plugins
        stopped = time.time()
        story.exit_code = telegraf.stop()
        story.seconds_to_stop = time.time() - stopped
        story.log, story.truth = telegraf.log, simulator.truth
    story.energy = chain.influxdb.series("energy", SITE, "electricity")
    story.host = {name: chain.influxdb.series("host", SITE, name) for name in ("mem", "wattline_meter", "wattline_bus")}
    return story


def lose_the_database(chain: Any, story: Story) -> None:
    """Stop InfluxDB for a while, and wait until Telegraf has written what waited."""
    chain.influxdb.stop()
    story.database_away = time.time()
    chain.sleep_until(story.database_away + OUTAGE_S)
    chain.influxdb.start()
    story.database_back = time.time()

    def is_caught_up() -> bool:
        (points,) = chain.influxdb.series("energy", SITE, "electricity").values()
        return bool(max(points) / NS > story.database_back)

    chain.wait_until("Telegraf has written what waited", is_caught_up, 30)


def every_second(after: float, before: float) -> set[int]:
    """All whole seconds between two moments but the first and the last."""
    return set(range(int(after) + 1, int(before)))


def test_a_quiet_minute_has_every_second_with_all_fast_values(story: Story) -> None:
    minute = every_second(story.began, story.quiet_ended)
    assert len(minute) >= QUIET_S - 1
    assert minute - story.seconds == set()
    lacking = {s: FAST - set(story.readings[s * NS]) for s in minute}
    assert {s: names for s, names in lacking.items() if names} == {}


def test_no_second_is_there_twice_and_none_beside_the_whole_second(story: Story) -> None:
    """One series, so that no second can hide under other tags; a stamp is the second to the nanosecond."""
    assert list(story.energy) == [("meter=house", "role=grid", f"site={SITE}")]
    assert [stamp for stamp in story.readings if stamp % NS] == []


def test_energies_come_every_ten_seconds(story: Story) -> None:
    with_energy = sorted(
        s for s in every_second(story.began, story.quiet_ended) if "energy_total_kwh" in story.readings[s * NS]
    )
    assert len(with_energy) >= QUIET_S // 10 - 1
    gaps = [later - earlier for earlier, later in pairwise(with_energy)]
    # One may be shorter: each slow read moves to a second of its own once it is known which reads there are.
    assert max(gaps) == 10
    assert len([gap for gap in gaps if gap < 10]) <= 1


def test_every_value_is_one_that_the_meter_showed_in_that_second(chain: Any, story: Story) -> None:
    assert sum(map(len, story.readings.values())) > (QUIET_S + OUTAGE_S) * len(FAST)
    assert chain.compare(story.readings, story.truth) == []


def test_nothing_is_lost_while_the_database_is_away(story: Story) -> None:
    assert story.database_back - story.database_away >= OUTAGE_S
    assert every_second(story.began, story.killed) - story.seconds == set()


def test_a_killed_plugin_meters_again_after_the_restart_delay_and_two_seconds(story: Story) -> None:
    again = min(second for second in story.seconds if second > story.killed + 1)
    assert again <= story.killed + story.restart_delay + 2
    assert len(story.plugin_at_the_start) == len(story.plugin_after_the_kill) == 1
    assert story.plugin_at_the_start != story.plugin_after_the_kill


def test_an_adapter_that_comes_back_is_metered_without_a_restart(story: Story) -> None:
    """The pauses between the tries are 1, 2 and 4 s, so an absence of 4 s is over for the plugin after 7 s."""
    assert story.seconds & every_second(story.pulled_out + 1, story.plugged_in) == set()
    again = min(second for second in story.seconds if second > story.plugged_in)
    assert again <= story.pulled_out + 7 + 2
    assert story.plugin_after_the_unplugging == story.plugin_after_the_kill
    assert story.log.count("Starting Telegraf") == 1


def test_every_line_written_is_in_the_database_when_telegraf_stops(story: Story) -> None:
    """The plugin's last words are about its own life, which began after the kill."""
    written, dropped = map(int, re.findall(r"Stopped: (\d+) lines written, (\d+) dropped", story.log)[-1])
    (meter,), (bus,) = story.host["wattline_meter"].values(), story.host["wattline_bus"].values()
    since = [stamp for stamp in (*story.readings, *meter, *bus) if stamp / NS > story.killed + 1]
    assert dropped == 0
    assert len(since) == written


def test_telegraf_stops_at_once_and_the_plugin_is_gone(chain: Any, story: Story) -> None:
    assert story.exit_code == 0
    assert story.seconds_to_stop < 5, "execd sends SIGTERM after five seconds"
    assert [pid for pid in story.plugin_after_the_unplugging if b"wattline" in chain.command_line(pid)] == []


def test_readings_and_the_machines_health_are_in_their_buckets(chain: Any, story: Story) -> None:
    host = chain.influxdb.measurements("host")
    assert chain.influxdb.measurements("energy") == {"electricity"}
    assert host >= {"cpu", "mem", "disk", "net", "system", "processes", "swap", "internal_agent", "internal_write"}
    assert host >= {"wattline_meter", "wattline_bus"}
    assert "electricity" not in host


def test_host_metrics_come_every_thirty_seconds_on_the_thirtieth(story: Story) -> None:
    (stamps,) = (sorted(points) for points in story.host["mem"].values())
    assert {later - earlier for earlier, later in pairwise(stamps)} == {30 * NS}
    assert [stamp for stamp in stamps if stamp % (30 * NS)] == []


def test_a_quiet_minute_leaves_no_complaint_in_the_log(story: Story) -> None:
    known = ("Strict environment variable handling", "Unable to gather disk name")
    complaints = [line for line in story.quiet_log.splitlines() if " E! " in line or " W! " in line]
    assert [line for line in complaints if not any(sentence in line for sentence in known)] == []


def test_each_misfortune_is_told_once(story: Story) -> None:
    told = [line for line in story.log.splitlines() if "[inputs.execd]" in line and (" E! " in line or " W! " in line)]
    assert sum("tried again" in line for line in told) == 1
    assert story.log.count("The port is open again") == 1
