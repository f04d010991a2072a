"""What came of the backups, from the file that `wattline-backup` leaves to the bucket `host`, by the real Telegraf.

| fault | test |
|---|---|
| an outcome does not arrive, or at another time, or in another bucket | test_each_outcome_arrives_once_in_the_bucket_host |
| the same line, read again, is another point | test_each_outcome_arrives_once_in_the_bucket_host |
| an old line is written each minute, into a shard that was at rest | test_an_old_outcome_is_not_written_again |
| a machine without backups fills its log | test_a_machine_without_backups_is_read_without_a_complaint |
"""

import time
from pathlib import Path
from typing import Any

import pytest

from wattline_backup import outcome

pytestmark = [pytest.mark.chain, pytest.mark.timeout(120)]

CONF = Path(__file__).parents[2] / "telegraf" / "telegraf.d" / "30-backup.conf"
FILE = "/var/lib/wattline-backup/outcome.lp"
NS = 1_000_000_000


def start(chain: Any, site: str, file: Path) -> Any:
    """Telegraf, with another place of the file, and read each second."""
    text = CONF.read_text()
    assert text.count(f'"{FILE}"') == text.count('interval = "60s"') == 1
    text = text.replace(FILE, str(file)).replace('interval = "60s"', 'interval = "1s"')
    return chain.start_telegraf(site, chain.folder / "no-port", {CONF.name: text})


def points(chain: Any, site: str) -> dict[str, dict[int, dict[str, float]]]:
    """By kind."""
    series = chain.influxdb.series("host", site, "wattline_backup")
    return {tags[0].removeprefix("kind="): found for tags, found in series.items()}


def test_each_outcome_arrives_once_in_the_bucket_host(chain: Any) -> None:
    file, now = chain.folder / "outcome.lp", int(time.time())
    outcome.record(file, "run", {"success": 1.0, "bytes": 7.5e9, "duration_s": 2.25}, at_s=now - 7200)
    outcome.record(file, "verify", {"success": 1.0, "duration_s": 700.0}, at_s=now - 3600)
    start(chain, "outcomes", file)
    chain.wait_until("both are there", lambda: len(points(chain, "outcomes")) == 2, 40)
    outcome.record(file, "run", {"success": 0.0, "duration_s": 0.5}, at_s=now)
    chain.wait_until("the next is there", lambda: len(points(chain, "outcomes")["run"]) == 2, 40)
    assert points(chain, "outcomes") == {
        "run": {
            (now - 7200) * NS: {"success": 1.0, "bytes": 7.5e9, "duration_s": 2.25},
            now * NS: {"success": 0.0, "duration_s": 0.5},
        },
        "verify": {(now - 3600) * NS: {"success": 1.0, "duration_s": 700.0}},
    }
    assert chain.influxdb.series("energy", "outcomes", "wattline_backup") == {}


def test_an_old_outcome_is_not_written_again(chain: Any) -> None:
    file, now = chain.folder / "old.lp", int(time.time())
    outcome.record(file, "verify", {"success": 1.0}, at_s=now - 25 * 3600)
    outcome.record(file, "offsite", {"success": 1.0}, at_s=now - 23 * 3600)
    start(chain, "old", file)
    chain.wait_until("the younger is there", lambda: points(chain, "old"), 40)
    assert set(points(chain, "old")) == {"offsite"}


def test_a_machine_without_backups_is_read_without_a_complaint(chain: Any) -> None:
    telegraf = start(chain, "none", chain.folder / "no-outcome.lp")
    chain.wait_until("it has written", lambda: chain.influxdb.series("host", "none", "mem"), 40)
    complaints = [line for line in telegraf.log.splitlines() if " E! " in line or " W! " in line]
    assert [line for line in complaints if "inputs.exec]" in line] == []
    assert points(chain, "none") == {}
