"""What comes late is rolled up, once or again: by the tasks as they run, and by `remake` over any range.

| fault | test |
|---|---|
| the tasks as InfluxDB runs them do other than their text does | test_the_tasks_of_influxdb_write_what_their_text_writes |
| readings that Telegraf held for hours are not rolled up | test_readings_that_come_hours_late_are_rolled_up_within_the_hour |
| ... or their energy stays in the quarter-hour after the gap | likewise |
| a second run changes something | test_a_second_run_changes_nothing |
| what is rolled up already is written again and again | test_nothing_is_written_again_when_nothing_came_late |
| a range that is made anew differs from what the tasks have made | test_a_range_made_anew_is_what_the_tasks_have_made |
| ... or cuts what lies on its borders | test_remake_finishes_what_a_border_cuts |
| ... or destroys minutes whose seconds are gone | test_remake_keeps_minutes_whose_seconds_are_gone |
| wrong words are taken for a range | test_remake_refuses_words_that_are_no_range |
| a server that says no is overheard | test_remake_says_where_it_stopped |
| ... or what it says to start again with leaves out what was not made | test_remake_says_where_it_stopped, test_remake_says_how_it_goes_on_in_the_last_bucket |
| days are cut in another zone than that of .env | test_remake_takes_the_zone_of_the_file_beside_it |
| the stack's own token lies there, and is not used | test_remake_finds_the_token_of_the_stack |
| another server's token is refused without a word of it | test_remake_names_the_token_that_is_not_known |
"""

import random
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from database import instant, line
from stack.conftest import INFLUXDB

pytestmark = [pytest.mark.chain, pytest.mark.timeout(300)]

# Whole hours of local days: 22:00 UTC is midnight in Rome.
START = int(datetime(2026, 5, 12, 22, tzinfo=UTC).timestamp())
MINUTE_S, QUARTER_S, HOUR_S, DAY_S = 60, 900, 3600, 86_400
BUCKETS = ("energy_1m", "energy_15m", "energy_1d")
# The oldest run that matters: quarter-hours look 37 hours back, days two days.
RUNS = {"energy_1m": MINUTE_S, "energy_15m": 5 * MINUTE_S, "energy_1d": QUARTER_S}


def house(start: int, stop: int, seed: int = 1) -> list[str]:
    """A meter read every ten seconds and one, by another name, every minute; their counters rise all the time."""
    dice = random.Random(seed)
    lines = []
    for second in range(start, stop, 10):
        steps = (second - START) // 10
        fields = {"power_w": dice.randrange(100, 3000), "energy_import_kwh": 50 + steps / 256}
        lines.append(line(second, fields | {"energy_export_kwh": 9 + steps / 1024}))
        if second % 60 == 0:
            lines.append(line(second, {"energy_total_kwh": 70 + steps / 128}, meter="pump", role="load"))
    return lines


def everything(stack) -> dict[str, object]:
    return {bucket: stack.all_points(bucket) for bucket in BUCKETS}


def run_tasks(stack, start: int, stop: int) -> None:
    """Every run that the three tasks have in a stretch of time, in its order."""
    for now in range(start + MINUTE_S, stop + 1, MINUTE_S):
        for name, every in RUNS.items():
            if now % every == 0:
                stack.run_at(name, now)


def test_the_tasks_of_influxdb_write_what_their_text_writes(stack) -> None:
    now = START + 2 * HOUR_S
    stack.write(house(now - 240, now))
    for name in BUCKETS:
        stack.run_as_task(name, now)
    by_tasks = everything(stack)
    stack.empty()
    stack.write(house(now - 240, now))
    for name in BUCKETS:
        stack.run_at(name, now)
    assert by_tasks == everything(stack)
    assert all(by_tasks.values())


def test_readings_that_come_hours_late_are_rolled_up_within_the_hour(stack) -> None:
    """InfluxDB is away from the second hour to the tenth; at noon all comes at once."""
    begin, away, back = START, START + HOUR_S, START + 12 * HOUR_S
    stack.write(house(begin, away))
    stack.roll_up(begin, away)
    stack.write(house(back, back + 2 * HOUR_S, seed=2))
    stack.run_over("energy_1m", back, back + HOUR_S)
    stack.run_at("energy_15m", back + HOUR_S)
    gap_kwh = stack.points("energy_15m", meter="house")[back]["consumption_kwh"]
    assert gap_kwh == (11 * 360 + 90) / 256
    stack.write(house(away, back, seed=3))
    run_tasks(stack, back + HOUR_S, back + 2 * HOUR_S)
    by_tasks = everything(stack)
    stack.roll_up(begin, back + 2 * HOUR_S)
    assert by_tasks == everything(stack)
    quarters = stack.points("energy_15m", meter="house")
    # The first begins with the last reading of its first minute, the sixth.
    assert [quarters[at]["consumption_kwh"] for at in sorted(quarters)] == [84 / 256, *55 * [90 / 256]]


def test_a_second_run_changes_nothing(stack) -> None:
    stack.write(house(START, START + HOUR_S))
    stack.roll_up(START, START + HOUR_S)
    once = everything(stack)
    stack.roll_up(START, START + HOUR_S)
    assert once == everything(stack)


def test_nothing_is_written_again_when_nothing_came_late(stack) -> None:
    """A mark in an old minute and an old quarter-hour is still there after all runs of an hour."""
    now = START + 30 * HOUR_S
    stack.write(house(START, now))
    stack.roll_up(START, now)
    old = START + 25 * HOUR_S
    stack.write([line(old, {"power_w": -1})], "energy_1m")
    stack.write([line(old, {"power_w": -1})], "energy_15m")
    run_tasks(stack, now, now + HOUR_S)
    assert stack.points("energy_1m", meter="house")[old]["power_w"] == -1
    assert stack.points("energy_15m", meter="house")[old]["power_w"] == -1


def test_a_range_made_anew_is_what_the_tasks_have_made(stack) -> None:
    stop = START + 3 * HOUR_S
    gap = range(START + HOUR_S + 100, START + HOUR_S + 1500)
    stack.write(text for text in house(START, stop) if int(text.rsplit(" ", 1)[1]) not in gap)
    run_tasks(stack, START, stop)
    by_tasks = everything(stack)
    for bucket in BUCKETS:
        stack.ask("POST", f"delete?org=home&bucket={bucket}", {"start": instant(0), "stop": instant(stop + DAY_S)})
    assert not any(everything(stack).values())
    result = stack.remake("2026-05-13", instant(stop))
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert by_tasks == everything(stack)


def test_remake_finishes_what_a_border_cuts(stack) -> None:
    """A range of two seconds makes a whole quarter-hour and a whole day."""
    stack.write(house(START, START + DAY_S))
    stack.roll_up(START, START + DAY_S)
    whole = everything(stack)
    stack.write([line(START + HOUR_S, {"power_w": -1, "consumption_kwh": -1})], "energy_15m")
    stack.write([line(START, {"consumption_kwh": -1})], "energy_1d")
    result = stack.remake(instant(START + HOUR_S + 61), instant(START + HOUR_S + 63))
    assert (result.returncode, result.stderr) == (0, "")
    assert whole == everything(stack)


def test_remake_keeps_minutes_whose_seconds_are_gone(stack) -> None:
    stack.write(house(START, START + HOUR_S))
    stack.roll_up(START, START + HOUR_S)
    whole = everything(stack)
    for bucket in ("energy", "energy_15m", "energy_1d"):
        stack.ask("POST", f"delete?org=home&bucket={bucket}", {"start": instant(0), "stop": instant(START + DAY_S)})
    assert stack.remake("2026-05-13", "2026-05-14").returncode == 0
    assert whole == everything(stack)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "give a START"),
        (["2026-05-13", "2026-05-14", "2026-05-15"], "give a START"),
        (["yesterday"], "yesterday is no day"),
        (["2026-13-01"], "2026-13-01 is no day"),
        (["2026-05-14", "2026-05-13"], "there is nothing between"),
        (["2126-05-14"], "there is nothing between"),
    ],
)
def test_remake_refuses_words_that_are_no_range(stack, words: list[str], sentence: str) -> None:
    result = stack.remake(*words)
    assert result.returncode == 2
    assert result.stderr.startswith(f"remake: {sentence}")
    assert result.stderr.count("\n") == 1


def test_days_are_made_anew_when_the_household_has_another_zone(stack) -> None:
    """Each once, though another zone's are there; what is not electricity stays."""
    first = int(datetime(2026, 5, 12, tzinfo=UTC).timestamp())
    quarters = range(first - 86_400, first + 5 * 86_400, 900)
    stack.write((line(at, {"consumption_kwh": 0.25, "readings": 900}) for at in quarters), "energy_15m")
    stack.write([f"household contract_power_w=3000 {first}"], "energy_1d")
    stack.run_over("energy_1d", first - 86_400, first + 5 * 86_400, "Europe/Rome")
    result = stack.remake("--days", zone="America/New_York")
    assert (result.returncode, result.stderr) == (0, "")
    rows = stack.query(
        'from(bucket: "energy_1d") |> range(start: 0) |> filter(fn: (r) => r._field == "consumption_kwh")'
    )
    found = {int(datetime.fromisoformat(row["_time"]).timestamp()): float(row["_value"]) for row in rows}
    new_york = [int(datetime(2026, 5, day, 4, tzinfo=UTC).timestamp()) for day in range(10, 17)]
    assert sorted(found) == new_york
    refused = stack.remake("--days", zone="America/New_York", INFLUX_TOKEN="another")  # noqa: S106 - it is none
    assert refused.returncode == 1
    assert "Start it again with: remake --days" in refused.stderr
    assert all(found[at] == 24.0 for at in new_york[1:-1])
    household = stack.query(
        'from(bucket: "energy_1d") |> range(start: 0) |> filter(fn: (r) => r._measurement == "household")'
    )
    assert len(household) == 1


def test_a_day_that_begins_at_one_is_a_day(stack) -> None:
    """In Cairo the clocks jump at midnight."""
    stack.write(line(int(datetime(2026, 4, 24, 6, tzinfo=UTC).timestamp()) + n, {"power_w": 100}) for n in range(60))
    result = stack.remake("2026-04-24", "2026-04-25", zone="Africa/Cairo")
    assert (result.returncode, result.stderr) == (0, "")
    assert len(stack.points("energy_1d")) == 1


def test_remake_refuses_a_zone_that_is_none(stack) -> None:
    result = stack.remake("2026-05-13", zone="Europe/Roma")
    assert (result.returncode, "WATTLINE_TIMEZONE=Europe/Roma" in result.stderr) == (2, True)


def without(stack, name: str) -> None:
    (bucket,) = stack.ask("GET", f"buckets?name={name}")["buckets"]
    stack.ask("DELETE", f"buckets/{bucket['id']}")


def test_remake_says_where_it_stopped(stack) -> None:
    """Days are made of all quarter-hours of the range, so it has to begin again where it began."""
    without(stack, "energy_15m")
    result = stack.remake("2026-05-13", "2026-05-14")
    assert result.returncode == 1
    assert "energy_15m is not done from 2026-05-12T22:00:00Z on" in result.stderr
    assert result.stderr.endswith(" Start it again with: remake 2026-05-13 2026-05-14\n")


def test_remake_says_how_it_goes_on_in_the_last_bucket(stack) -> None:
    without(stack, "energy_1d")
    result = stack.remake("2026-05-13", "2026-05-14")
    assert result.stderr.endswith(" Start it again with: remake 2026-05-12T22:00:00Z 2026-05-14\n")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder `compose` of its own."""
    shutil.copytree(INFLUXDB, tmp_path / "compose" / "influxdb")
    return tmp_path / "compose"


@pytest.mark.parametrize(
    "text",
    [
        "WATTLINE_TIMEZONE=Australia/Adelaide",
        "  WATTLINE_TIMEZONE = 'Australia/Adelaide'  # ours\r",
        '# WATTLINE_TIMEZONE=Asia/Tokyo\nWATTLINE_TIMEZONE=Asia/Tokyo\nWATTLINE_TIMEZONE="Australia/Adelaide"',
        "WATTLINE_GRAFANA_ADDRESS=$(touch run)\nWATTLINE_TIMEZONE=Australia/Adelaide",
    ],
)
def test_remake_takes_the_zone_of_the_file_beside_it(stack, checkout: Path, text: str) -> None:
    """2026-05-13 begins in Adelaide at 14:30 of the day before, by universal time: 7:30 hours before it does in Rome."""
    midnight = START - 7 * HOUR_S - 1800
    (checkout / ".env").write_text(f"{text}\n")
    stack.write(house(midnight, midnight + HOUR_S))
    result = stack.remake("2026-05-13", "2026-05-14", zone="", folder=checkout / "influxdb")
    assert (result.returncode, result.stderr) == (0, "")
    assert list(stack.points("energy_1d", meter="house")) == [midnight]
    assert not list(checkout.rglob("run"))


@pytest.mark.parametrize(
    ("text", "zone"), [("", ""), ("WATTLINE_TIMEZONE=", ""), ("WATTLINE_TIMEZONE=UTC", "Europe/Rome")]
)
def test_without_a_zone_in_the_file_it_is_that_of_the_environment_or_rome(
    stack, checkout: Path, text: str, zone: str
) -> None:
    (checkout / ".env").write_text(text)
    stack.write(house(START, START + HOUR_S))
    assert stack.remake("2026-05-13", "2026-05-14", zone=zone, folder=checkout / "influxdb").returncode == 0
    assert list(stack.points("energy_1d", meter="house")) == [START]


def test_remake_finds_the_token_of_the_stack(stack, checkout: Path) -> None:
    (checkout / "secrets").mkdir()
    (checkout / "secrets" / "influxdb_operator_token").write_text(stack.token)
    stack.write(house(START, START + HOUR_S))
    result = stack.remake("2026-05-13", "2026-05-14", folder=checkout / "influxdb", INFLUX_TOKEN="")
    assert (result.returncode, result.stderr) == (0, "")
    assert list(stack.points("energy_1d", meter="house")) == [START]


def test_remake_names_the_token_that_is_not_known(stack) -> None:
    result = stack.remake("2026-05-13", "2026-05-14", INFLUX_TOKEN="of-the-old-server")  # noqa: S106 - it is none
    assert result.returncode == 1
    assert "remake: InfluxDB does not know the token of INFLUX_TOKEN (401); is it another server's?\n" in result.stderr
    assert "of-the-old-server" not in result.stderr
