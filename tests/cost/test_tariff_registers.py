"""Energy by the tariff registers of the meter: T1 to T4.

| fault                                                          | test                                                   |
|----------------------------------------------------------------|--------------------------------------------------------|
| the registers do not add up to the energy of a quarter-hour    | test_the_registers_add_up_to_the_energy                |
| a register has what another one counted, or energy of none     | test_a_register_has_what_was_used_while_it_counted     |
| the registers of another meter swallow a day                   | test_registers_of_another_meter_are_no_energy          |
"""

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given

from cost.metered import FEWER, QUARTER_S, ROME, Meter, at, months, row
from wattline_cost.energy.quarter import Quarter, Rolled
from wattline_cost.energy.shaping import shape
from wattline_cost.tariff.model import Direction

IN = Direction.IMPORT
MIDNIGHT = at("2026-05-04 00:00")


def total(quarters: list[Quarter]) -> int:
    return sum(quarter.energy_mwh for quarter in quarters)


@pytest.mark.parametrize("stands", [(4000.00, 205.00), (299.00, 205.00), (4000.00, 150.00)])
def test_registers_of_another_meter_are_no_energy(stands: tuple[float, float]) -> None:
    """Register 2 counts all day; at noon a meter takes over of which one register stands 3700 kWh higher, or one lower."""
    rows = [row(MIDNIGHT - QUARTER_S, 500.00, 0.0, 400.0, registers={1: 300.00, 2: 200.00})]
    for n in range(96):
        level = (5000.00, *stands) if n >= 48 else (500.10, 300.00, 200.10)
        total_kwh, first, second = (
            round(kwh + (n % 48) * 0.1 * (kwh not in (300.0, 299.0, 4000.0)), 2) for kwh in level
        )
        gained = 0.0 if n == 48 else 0.1
        rows.append(row(MIDNIGHT + n * QUARTER_S, total_kwh, gained, 400.0, registers={1: first, 2: second}))
    quarters = list(shape(rows, IN, ROME, (MIDNIGHT, MIDNIGHT + 86400)))
    assert total(quarters) == 9_500_000
    assert all(quarter.registers_mwh == {2: quarter.energy_mwh} for quarter in quarters if quarter.energy_mwh)


@FEWER
@given(months())
def test_the_registers_add_up_to_the_energy(house: tuple[list[Rolled], ZoneInfo]) -> None:
    rows, zone = house
    for quarter in shape(rows, IN, zone):
        assert sum(quarter.registers_mwh.values()) in (quarter.energy_mwh, 0)
        assert all(part > 0 for part in quarter.registers_mwh.values())


def test_a_register_has_what_was_used_while_it_counted() -> None:
    """From 07:00 to 19:00 register 1 counts 300 W, else register 2 counts 100 W: 3.6 and 1.2 kWh, and no more than a step of
    each is on the other side of a switch."""
    rows = list(
        Meter(counter_mwh=50_004_000, registers_mwh={1: 20_007_000, 2: 30_001_000}).rows(
            MIDNIGHT - QUARTER_S, [100.0] * 29 + [300.0] * 48 + [100.0] * 20, registers=[2] * 29 + [1] * 48 + [2] * 20
        )
    )
    quarters = list(shape(rows, IN, ROME, (MIDNIGHT, MIDNIGHT + 86400)))
    sums = {number: sum(quarter.registers_mwh.get(number, 0) for quarter in quarters) for number in (1, 2)}
    assert sums == {1: pytest.approx(3_600_000, abs=10_000), 2: pytest.approx(1_200_000, abs=10_000)}
    assert sum(sums.values()) == total(quarters)
    day = quarters[29:75]
    assert all(quarter.registers_mwh == {1: quarter.energy_mwh} for quarter in day)
    night = [*quarters[:27], *quarters[77:]]
    assert all(quarter.registers_mwh == {2: quarter.energy_mwh} for quarter in night)
