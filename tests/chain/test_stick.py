"""Half a minute of a Rainforest stick, by the real Telegraf into the real InfluxDB, beside a meter on RS485.

| fault | test |
|---|---|
| a reading that the stick told is not in the database, or another one is | test_what_is_stored_is_what_the_stick_told |
| its time is not the meter's own | the same |
| a measurement or a text is refused on the way | test_all_that_a_stick_tells_arrives |
| Telegraf complains of a line | test_nobody_complains |
| it has a journal, and no number says that InfluxDB has what it told | test_the_number_counts_what_the_stick_told |
| the stick costs the meter on RS485 a second | test_the_meter_beside_it_is_read_every_second |
"""

import json
import sys
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pytest

from database import Program, lines_of
from wattline.fields import CLOCK, LINK, PRICE, RUN_INFO, STICK_HEALTH, STICK_INFO
from wattline_backup.reconcile.work import Work
from wattline_backup.settings import settings

pytestmark = [pytest.mark.chain, pytest.mark.timeout(150)]

NS = 1_000_000_000
SITE = "a-stick"
SECONDS = 30
STICK = """
[[inputs.execd]]
  alias = "stick"
  command = ["/opt/wattline/bin/wattline", "run", "--journal", "{journal}", "--run", "winter", "{port}", "grid=rainforest-emu2"]
  signal = "none"
  data_format = "influx"
"""


@dataclass(frozen=True, slots=True)
class Story:
    """What the stick told, and what was stored of it."""

    told: list[dict[str, Any]]
    electricity: dict[tuple[str, ...], dict[int, dict[str, float]]]
    texts: dict[tuple[str, str], str]
    measurements: set[str]
    log: str
    numbers: dict[str, float]


@pytest.fixture(scope="module")
def story(chain: Any, pytestconfig: pytest.Config) -> Story:
    """Lived once for all tests of this module."""
    link, truth = chain.folder / "ttyStick", chain.folder / "stick.truth"
    meter, _ = chain.start_simulator("beside")
    simulator = chain.stack.enter_context(Program("simulate-stick", chain.folder, pytestconfig))
    words = [
        "simulate",
        "--link",
        str(link),
        "--truth",
        str(truth),
        "--load",
        "solar",
        "--speed",
        "4",
        "rainforest-emu2",
    ]
    simulator.run([sys.executable, "-m", "wattline", *words])
    chain.wait_until("the stick is there", link.exists, 10)
    telegraf = chain.start_telegraf(
        SITE, meter, {"11-stick.conf": STICK.format(port=link, journal=chain.folder / "stick-journal")}
    )
    chain.sleep_until(time.time() + SECONDS)
    assert telegraf.stop() == 0
    where = f'filter(fn: (r) => r.site == "{SITE}" and r._measurement =~ /^(run_info|wattline_(link|stick_info))$/)'
    rows = chain.influxdb.query(f'from(bucket: "host") |> range(start: 0) |> {where} |> last()')
    return Story(
        [json.loads(line) for line in truth.read_text().splitlines()],
        chain.influxdb.series("energy", SITE, "electricity"),
        {(row["_measurement"], row["_field"]): row["_value"] for row in rows},
        chain.influxdb.measurements("host") | chain.influxdb.measurements("energy"),
        telegraf.log,
        counted(chain),
    )


def counted(chain: Any) -> dict[str, float]:
    """What `reconcile` counts of the stick when its hour is over."""
    (token := chain.folder / "stick-token").write_text(chain.influxdb.token)
    chosen = settings(
        {
            "INFLUX_HOST": chain.influxdb.url,
            "WATTLINE_BACKUP_FOLDER": str(chain.folder / "stick-sets"),
            "WATTLINE_BACKUP_TOKEN_FILE": str(token),
            "WATTLINE_BACKUP_JOURNAL": str(chain.folder / "stick-journal"),
            "WATTLINE_BACKUP_REMAKE": "/bin/true",
            "WATTLINE_SITE": SITE,
            "WATTLINE_TIMEZONE": "UTC",
        }
    )
    with closing(chosen.server()) as server:
        Work(chosen, server, lambda: time.time() + 3600).run()
    numbers: Counter[str] = Counter()
    for days in chain.influxdb.series("energy_1d", SITE, "wattline_completeness").values():
        for day in days.values():
            numbers.update({field: int(number) for field, number in day.items()})
    return dict(numbers)


def test_what_is_stored_is_what_the_stick_told(story: Story) -> None:
    powers = {(told["utc_s"], told["raw"]["demand_w"]) for told in story.told}
    energies = {(told["utc_s"], told["raw"]["delivered_wh"]) for told in story.told}
    (points,) = (series for tags, series in story.electricity.items() if "meter=grid" in tags)
    stored = [(stamp // NS, values) for stamp, values in points.items()]

    assert len([values for _, values in stored if "power_w" in values]) >= 8
    assert any("energy_import_kwh" in values for _, values in stored)
    for second, values in stored:
        assert "power_w" not in values or (second, values["power_w"]) in powers
        if "energy_import_kwh" in values:
            assert (second, round(1000 * values["energy_import_kwh"])) in energies


def test_all_that_a_stick_tells_arrives(story: Story) -> None:
    assert {PRICE, LINK, CLOCK, STICK_HEALTH, STICK_INFO, RUN_INFO} <= story.measurements
    assert story.texts[RUN_INFO, "name"] == "winter"
    assert story.texts[LINK, "status"] == "Connected"
    assert story.texts[STICK_INFO, "manufacturer"] == "Rainforest Automation, Inc."


def test_the_number_counts_what_the_stick_told(story: Story) -> None:
    (points,) = (series for tags, series in story.electricity.items() if "meter=grid" in tags)
    assert story.numbers["due"] == story.numbers["metered"] == story.numbers["stored"] == len(points)


def test_nobody_complains(story: Story) -> None:
    about = [line for line in lines_of(story.log) if "inputs.execd::stick" in line or "parse" in line]

    assert [line for line in about if " I! " not in line] == []


def test_the_meter_beside_it_is_read_every_second(story: Story) -> None:
    (points,) = (series for tags, series in story.electricity.items() if "meter=house" in tags)

    assert len(points) >= SECONDS - 4
