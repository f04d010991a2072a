"""Which version, band and price holds at a moment, and why.

| fault | test |
|---|---|
| a percentage is of what is paid anyway, or of a percentage not | test_a_percentage_is_of_energy_and_of_percentages |
| a price that is not known counts as zero | test_a_price_that_is_not_known_is_not_zero |
| a register, or a step, is guessed | test_a_register_is_not_guessed, test_a_step_is_not_guessed |
| a version holds a quarter-hour too long or too short | test_a_version_holds_from_its_quarter_hour_on |
| ... or the wrong one of the hour that is there twice | test_a_version_may_change_within_the_hour_that_is_there_twice |
| a moment outside of the contract gets a price | test_outside_of_the_contract_there_is_no_price |
| the day of a rule across midnight is told wrong | test_what_began_on_the_day_before_is_told |
"""

from datetime import datetime
from decimal import Decimal

import pytest

from cost.tariff_texts import ENERGY, TOP, TWO_BANDS, VERSION, contract
from wattline.errors import WordError
from wattline_cost.tariff.explain import Explanation, explain
from wattline_cost.tariff.model import Contract

D = Decimal


def component(**keys: str) -> str:
    return "[[version.component]]\n" + "".join(f"{key.rstrip('_')} = {value}\n" for key, value in keys.items())


def at(told: Contract, text: str, price: str | None = None, register: int | None = None) -> Explanation:
    moment = datetime.fromisoformat(text)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=told.zone)
    return explain(told, int(moment.timestamp()), lambda *_asked: None if price is None else D(price), register)


def test_a_percentage_is_of_energy_and_of_percentages() -> None:
    """Energy 0.2, duty 5 % of energy and the day's charge: 0.01; tax 10 % of energy and duty: 0.021; together 0.231."""
    told = contract(
        TOP
        + VERSION
        + component(name="'Energy'", per="'kWh'", price="0.2")
        + component(name="'Standing'", per="'day'", price="1")
        + component(name="'Duty'", percent="5", of="['Energy', 'Standing']")
        + component(name="'Tax'", percent="10", of="['Energy', 'Duty']")
        + component(name="'Tax of standing'", percent="10", of="'Standing'")
    )
    found = at(told, "2026-02-01T12:07")
    assert [(part.name, part.per_kwh) for part in found.parts] == [
        ("Energy", D("0.2")),
        ("Duty", D("0.01")),
        ("Tax", D("0.021")),
    ]
    assert found.per_kwh == D("0.231")
    assert [charge.name for charge in found.fixed] == ["Standing"]
    assert f"{found.start:%H:%M}" == "12:00"


SOURCE = "[source.x]\nkind = 'gme'\nfolder = 'x'\nminutes = 60\n"


def test_a_price_of_a_source_is_told_with_what_is_added() -> None:
    """1.1 x 0.1 + 0.02 = 0.13."""
    told = contract(
        TOP + VERSION + component(name="'E'", per="'kWh'", source="'x'", factor="1.1", plus="0.02") + SOURCE
    )
    (part,) = at(told, "2026-02-01", "0.1").parts
    assert (part.per_kwh, part.why) == (D("0.13"), "1.1 times 0.1 of 'x' plus 0.02")


def test_a_price_that_is_not_known_is_not_zero() -> None:
    told = contract(
        TOP
        + VERSION
        + component(name="'E'", per="'kWh'", source="'x'")
        + component(name="'Grid'", per="'kWh'", price="0.05")
        + component(name="'Tax'", percent="10", of="'all above'")
        + component(name="'Tax of grid'", percent="10", of="'Grid'")
        + SOURCE
    )
    found = at(told, "2026-02-01")
    assert found.per_kwh is None
    assert {part.name: part.per_kwh for part in found.parts} == {
        "E": None,
        "Grid": D("0.05"),
        "Tax": None,
        "Tax of grid": D("0.005"),
    }
    assert found.parts[0].why == "no price known: 'x' has none of this time"
    # A price may be nothing, and less.
    assert at(told, "2026-02-01", "-0.05").per_kwh == D("0.005")


def test_a_register_is_not_guessed() -> None:
    told = contract(TOP + VERSION + component(name="'E'", per="'kWh'", registers="{ T1 = 0.2, T2 = 0.1 }"))
    assert at(told, "2026-02-01").per_kwh is None
    assert at(told, "2026-02-01").parts[0].why == "as the meter's register says: T1 0.2, T2 0.1"
    assert at(told, "2026-02-01", register=2).per_kwh == D("0.1")
    assert at(told, "2026-02-01", register=3).per_kwh is None


def test_a_step_is_not_guessed() -> None:
    steps = "[{ above_kwh = 0, price = 0.1 }, { above_kwh = 150, price = 0.20 }]"
    told = contract(TOP + VERSION + component(name="'E'", per="'kWh'", steps=steps))
    assert at(told, "2026-02-01").per_kwh is None
    why = "by how much was used in the month: up to 150 kWh 0.1, above 150 kWh 0.20"
    assert at(told, "2026-02-01").parts[0].why == why
    found = explain(told, int(told.versions[0].start.timestamp()), lambda *_asked: None, used_mwh=150_000_000)
    assert [(part.per_kwh, part.why) for part in found.parts] == [(D("0.2"), "above 150 kWh of the month")]


def test_a_version_holds_from_its_quarter_hour_on() -> None:
    told = contract(
        TOP + VERSION + ENERGY + VERSION.replace("2026-01-01", "2026-03-10T12:15:00") + ENERGY.replace("0.15", "0.25")
    )
    found = {text: at(told, f"2026-03-10T{text}") for text in ("12:00", "12:14", "12:15", "12:29")}
    assert {text: (one.number, one.per_kwh) for text, one in found.items()} == {
        "12:00": (1, D("0.15")),
        "12:14": (1, D("0.15")),
        "12:15": (2, D("0.25")),
        "12:29": (2, D("0.25")),
    }


def test_a_version_may_change_within_the_hour_that_is_there_twice() -> None:
    """At 02:30 for the second time: the first 02:45 is before it, though its clock is later."""
    told = contract(TOP + VERSION + ENERGY + VERSION.replace("2026-01-01", "2026-10-25T02:30:00+01:00") + ENERGY)
    asked = ("02:30+02:00", "02:45+02:00", "02:15+01:00", "02:30+01:00", "02:45+01:00")
    assert [at(told, f"2026-10-25T{text}").number for text in asked] == [1, 1, 1, 2, 2]


def test_outside_of_the_contract_there_is_no_price() -> None:
    told = contract(TOP + VERSION + "to = 2027-01-01\n" + ENERGY)
    for text in ("2025-12-31T23:59", "2027-01-01T00:00"):
        with pytest.raises(
            WordError,
            match=r"no version of the contract 'house' is in force: it begins 2026-01-01 and ends before 2027-01-01",
        ):
            at(told, text)
    assert at(told, "2026-12-31T23:59").number == 1


def test_the_rule_and_the_holiday_are_told() -> None:
    told = contract(TOP + 'holiday = [{ name = "Easter Monday", easter = 1 }]\n' + TWO_BANDS + VERSION + ENERGY)
    found = at(told, "2026-04-06T10:00")
    assert (found.band, found.holiday, found.from_day_before) == ("F23", "Easter Monday", False)
    assert found.rule == told.versions[0].rules[0]
    assert (at(told, "2026-04-07T10:00").band, at(told, "2026-04-07T10:00").holiday) == ("F1", None)


def test_what_began_on_the_day_before_is_told() -> None:
    """The night from Easter Monday to Tuesday is one of a holiday, and Tuesday none."""
    rules = 'rule = [{ band = "a" }, { band = "b", days = "holiday", hours = "22:00-06:00" }]\n'
    told = contract(TOP + 'holiday = [{ name = "Easter Monday", easter = 1 }]\n' + rules + VERSION + ENERGY)
    night, morning = at(told, "2026-04-07T05:45"), at(told, "2026-04-07T06:00")
    assert (night.band, night.from_day_before, night.holiday) == ("b", True, "Easter Monday")
    assert (morning.band, morning.from_day_before, morning.holiday) == ("a", False, None)
