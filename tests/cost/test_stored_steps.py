"""Prices that depend on how much was used in the month, in a real InfluxDB: 24 kWh each day, in quarter-hours of 0.25.

| fault | test |
|---|---|
| days, quarter-hours or the coming ones are in another step than by hand | test_a_month_is_priced_in_the_order_of_time |
| what was priced day by day is another thing than what was priced at once | test_day_by_day_is_as_at_once |
| what is the same is written again each quarter of an hour | the same |
| readings that came late change their own day alone | test_readings_that_came_late_price_the_rest_of_the_month |
| ... or when somebody prices anew to a day before the month's end | test_a_recompute_goes_on_to_the_end_of_the_month |
| ... or each run prices the month whole, or a month without steps to its end | test_no_more_is_priced_than_has_to_be |
| a contract that begins within the month counts what the one before it had | test_a_contract_counts_from_its_own_begin_on |
| a bill of the days so far has other steps than they | test_the_bill_is_that_of_what_is_stored |
"""

from datetime import date
from pathlib import Path

import pytest

from cost.priced_house import DAY_S, FLAT, QUARTER_S, STEPPED, House, midnight
from stack.conftest import Stack
from wattline_cost.money import total
from wattline_cost.pricing.bill import bill_of
from wattline_cost.store.account import Account
from wattline_cost.store.memory import Known
from wattline_cost.store.stored import Change
from wattline_cost.tariff.file import parse_contract

pytestmark = [pytest.mark.chain, pytest.mark.timeout(120)]

FIRST, TODAY = date(2026, 3, 1), date(2026, 3, 12)
NOW = midnight(TODAY) + 49 * QUARTER_S


def march(day: int) -> int:
    return midnight(date(2026, 3, day))


@pytest.fixture
def house(stack: Stack, tmp_path: Path) -> House:
    house = House(stack, tmp_path)
    house.contract(STEPPED)
    return house


def at_once(house: House, first: int, now: int) -> dict[object, dict[str, float]]:
    """What is stored by a run that knows nothing, of readings since ``first``."""
    house.stack.empty()
    (house.chosen.state / "memory.json").unlink()
    house.read(first, now)
    house.update(now)
    assert house.faults == []
    return house.all_stored()


def test_a_month_is_priced_in_the_order_of_time(house: House) -> None:
    """Read since 20 February, whose 216 kWh are another month's. Four days of March are 96 kWh, and at four o'clock of the 5th it
    is 100: 4 x 0.10 + 20 x 0.30. Eight days are 192 kWh: of the 9th 8.1 x 0.30 + 15.9 x 0.05."""
    house.read(midnight(date(2026, 2, 20)), NOW)
    house.update(NOW)
    assert house.faults == []
    days = {day: house.stored("cost_1d")[march(day)][""] for day in (1, 4, 5, 6, 9, 10)}
    costs = {1: 2.40, 4: 2.40, 5: 6.40, 6: 7.20, 9: 3.225, 10: 1.20}
    assert {day: fields["cost"] for day, fields in days.items()} == pytest.approx(costs, abs=1e-9)
    quarters = house.stored("cost_15m")
    prices = {march(5) + n * QUARTER_S: quarters[march(5) + n * QUARTER_S]["all"]["price_per_kwh"] for n in (15, 16)}
    assert list(prices.values()) == [0.10, 0.30]
    # 200.1 kWh are 8.1 of the 9th, in its 33rd quarter-hour: 0.1 x 0.30 + 0.15 x 0.05.
    crossing = quarters[march(9) + 32 * QUARTER_S]["all"]
    assert (crossing["cost"], crossing["price_per_kwh"]) == (pytest.approx(0.0375, abs=1e-9), 0.30)
    assert quarters[NOW + QUARTER_S] == {"all": {"price_per_kwh": 0.05}}
    for day, cost in costs.items():
        own = [fields["all"]["cost"] for second, fields in quarters.items() if march(day) <= second < march(day + 1)]
        assert sum(own) == pytest.approx(cost, abs=1e-9)
    # 100 x 0.10 + 100.1 x 0.30 + 76.15 x 0.05, of 276.25 kWh.
    month = house.stored("cost_1mo")[march(1)][""]
    assert (month["cost"], month["energy_kwh"]) == (pytest.approx(43.8375, abs=1e-9), 276.25)


def test_day_by_day_is_as_at_once(house: House) -> None:
    """Over the end of February too, up to yesterday at noon and in the evening; and what is there is not written again."""
    begin = midnight(date(2026, 2, 24))
    for noon in range(begin + DAY_S // 2, NOW - DAY_S, DAY_S):
        for now in (noon, noon + DAY_S // 3):
            house.read(begin, now)
            house.update(now)
    house.read(begin, NOW)
    house.update(NOW)
    before = house.all_stored()
    assert [result.change for result in house.update(NOW)] == [Change(0, 0)]
    assert before == at_once(house, begin, NOW)


def test_readings_that_came_late_price_the_rest_of_the_month(house: House) -> None:
    """Of the first two days of March: 48 kWh more before the third."""
    house.read(march(3), NOW)
    house.update(NOW)
    house.read(march(1), NOW + DAY_S)
    house.update(NOW + DAY_S)
    assert house.stored("cost_1d")[march(5)][""]["cost"] == pytest.approx(6.40, abs=1e-9)
    assert house.all_stored() == at_once(house, march(1), NOW + DAY_S)


def test_a_recompute_goes_on_to_the_end_of_the_month(house: House) -> None:
    house.read(march(3), NOW)
    house.update(NOW)
    house.read(march(1), NOW)
    (result,) = house.recompute(NOW, date(2026, 3, 1), date(2026, 3, 2))
    assert result.days == 12
    assert house.all_stored() == at_once(house, march(1), NOW)


def test_no_more_is_priced_than_has_to_be(house: House) -> None:
    """Yesterday and today; and of February, which had a flat price, the two days that were asked for."""
    flat = FLAT.partition("[[version]]")[2].replace("\nfrom = 2026-01-01", "[[version]]\nfrom = 2026-01-01")
    house.contract(STEPPED.replace("[[version]]\nfrom = 2026-01-01", f"{flat}[[version]]\nfrom = 2026-03-01"))
    house.read(midnight(date(2026, 2, 10)), NOW)
    house.update(NOW)
    assert house.faults == []
    assert [result.days for result in house.update(NOW)] == [2]
    assert [result.days for result in house.recompute(NOW, date(2026, 2, 11), date(2026, 2, 12))] == [2]


def test_a_contract_counts_from_its_own_begin_on(house: House) -> None:
    """From the 6th: its 100 kWh are used at four o'clock of the 10th."""
    house.contract(STEPPED.replace("2026-01-01", "2026-03-06"))
    house.read(march(1), NOW)
    house.update(NOW)
    days = house.stored("cost_1d")
    assert min(days) == march(6)
    assert days[march(10)][""]["cost"] == pytest.approx(6.40, abs=1e-9)
    assert house.update(NOW)[0].change == Change(0, 0)


@pytest.mark.parametrize(("zone", "last_kwh"), [("Europe/Rome", "28.15"), ("America/New_York", "22.15")])
def test_the_bill_is_that_of_what_is_stored(house: House, zone: str, last_kwh: str) -> None:
    """First read at Rome's midnight of the 3rd. New York's 3rd begins six hours later, and what was used before is not owed, nor
    counted."""
    text = STEPPED.replace("Europe/Rome", zone)
    house.contract(text)
    house.read(march(3), NOW)
    house.update(NOW)
    server = house.chosen.server()
    account = Account(parse_contract(Path("house"), text), house.chosen, server, Known(), NOW)
    begin = account.begin()
    assert begin == date(2026, 3, 3)
    lines = account.lines(account.quarters(begin, TODAY), begin, TODAY)
    server.close()
    found = bill_of(account.contract, lines, FIRST, TODAY)
    assert [f"{line.part}: {line.quantity}" for line in found.lines] == [
        "up to 100 kWh: 100",
        "100 to 200.1 kWh: 100.1",
        f"above 200.1 kWh: {last_kwh}",
    ]
    (month,) = house.stored("cost_1mo").values()
    assert month[""]["cost"] == pytest.approx(float(total(line.amount for line in lines)), abs=1e-9)
