"""Contracts and readings in a real InfluxDB, and what `update` and `recompute` make of them.

| fault | test |
|---|---|
| a price, a band, a tax or a sum is another than by hand | test_a_day_is_priced_as_by_hand, test_a_month_is_the_sum_of_its_days |
| what is the same is written again each quarter of an hour | test_a_second_update_writes_nothing |
| readings that came late are never priced, or their neighbours stay as they were | test_readings_that_came_late_are_priced |
| ... or only when somebody asks, if they are old | test_readings_of_months_ago_are_priced_within_a_day |
| what was used in a gap counts on the day on which it was seen, or not at all | test_a_gap_of_days_is_spread_over_them |
| a price by the meter's register is that of another | test_a_price_by_register_is_that_of_the_register_that_counted |
| a contract that has ended goes on to owe | test_an_ended_contract_owes_nothing_more |
| days in which nobody read the meter owe nothing | test_days_without_readings_owe_what_is_fixed |
| a corrected tariff leaves what it had before | test_a_corrected_tariff_leaves_nothing_of_the_old_one |
| ... prices history anew unasked, or nobody learns that it stands otherwise | test_a_changed_contract_prices_this_month_and_tells_of_the_rest |
| ... tells of it where nothing of the past is otherwise | test_a_new_version_is_no_news_of_the_past |
| the price of the coming hours is not known | test_prices_of_today_and_tomorrow_are_there |
| a price that an exchange tells late is never used, or nothing counts as its price until then | test_a_price_that_comes_late_is_found |
| an export is not priced, or by what was consumed | test_an_export_contract_prices_what_was_given |
| a misspelt meter ends as if all were well, each time | test_a_meter_that_there_is_not_is_told_with_those_that_there_are |
| a meter that is read is said not to be | test_a_meter_whose_first_day_is_not_summed_up_is_told_to_be_read |
| two meters at the grid are added up | test_several_meters_of_the_role_are_told |
| a broken file stops the others, or a fault of wattline's own in one of them | test_a_broken_contract_stops_no_other, test_a_bug_in_one_contract_stops_no_other |
| the token of the set-up is not enough | test_the_token_of_the_set_up_is_enough |
| the change of the clocks costs or gives an hour | test_days_of_23_and_25_hours |
| the lost memory doubles or loses anything | test_a_lost_memory_costs_nothing_but_time |
| the power fails between two of the writes, and what the later one would have written is never written | test_a_run_that_was_interrupted_is_done_again |
"""

from datetime import date
from pathlib import Path

import pytest

from cost.priced_house import DAY_S, FLAT, QUARTER_S, TWO_BANDS, House, midnight
from database import line
from stack.conftest import Stack
from wattline_cost.errors import CostError
from wattline_cost.store import work
from wattline_cost.store.stored import Change, Stored

pytestmark = [pytest.mark.chain, pytest.mark.timeout(120)]

TODAY = date(2026, 3, 12)
# A quarter of an hour after noon of the third day.
NOW = midnight(TODAY) + 49 * QUARTER_S
BEGIN = midnight(date(2026, 3, 10))


@pytest.fixture
def house(stack: Stack, tmp_path: Path) -> House:
    return House(stack, tmp_path)


def near(**fields: float) -> object:
    return pytest.approx(fields, abs=1e-7)


def test_a_day_is_priced_as_by_hand(house: House) -> None:
    """2026-03-11: 96 quarter-hours of 0.25 kWh are 24 kWh, half of them from 8 to 20.

    12 kWh x 0.20 + 12 kWh x 0.10 = 3.60; 3.10 / 31 days = 0.10; a tenth of 3.70 is 0.37, 0.36 of it on the energy.
    """
    house.contract(TWO_BANDS)
    house.read(BEGIN, NOW)
    (result,) = house.update(NOW)
    assert (house.faults, result.days) == ([], 3)
    day = midnight(date(2026, 3, 11))
    whole = near(
        cost=4.07, energy_cost=3.96, energy_kwh=24, estimated_kwh=0, unpriced_kwh=0, readings=86400, metered_kwh=24
    )
    assert house.stored("cost_1d")[day] == {"": whole}
    assert house.stored("cost_by_component_1d")[day] == {
        "Energy": near(cost=3.6, energy_kwh=24),
        "Standing charge": near(cost=0.1, energy_kwh=0),
        "Tax": near(cost=0.37, energy_kwh=0),
    }
    assert house.stored("cost_by_band_1d")[day] == {
        "day": near(cost=2.64, energy_kwh=12, unpriced_kwh=0),
        "night": near(cost=1.32, energy_kwh=12, unpriced_kwh=0),
    }
    quarters = house.stored("cost_15m")
    assert quarters[day] == {"night": near(energy_kwh=0.25, cost=0.0275, price_per_kwh=0.11, is_estimated=0)}
    assert quarters[day + 32 * QUARTER_S] == {
        "day": near(energy_kwh=0.25, cost=0.055, price_per_kwh=0.22, is_estimated=0)
    }
    assert len([second for second in quarters if day <= second < day + DAY_S]) == 96


def test_a_month_is_the_sum_of_its_days(house: House) -> None:
    """February whole; and March so far: two days and 49 quarter-hours, 8 hours of them by night."""
    house.contract(TWO_BANDS.replace('currency = "EUR"', 'currency = "EUR"\nbudget = 90'))
    house.read(midnight(date(2026, 2, 1)), NOW)
    house.update(NOW)
    assert house.faults == []
    february, march = (midnight(date(2026, month, 1)) for month in (2, 3))
    months = house.stored("cost_1mo")
    # 28 days x 3.60 = 100.80, and 3.10; a tenth more: 114.29. A charge for a month is all of it, whatever its length.
    assert months[february][""] == near(
        cost=114.29, energy_cost=110.88, energy_kwh=672, estimated_kwh=0, unpriced_kwh=0, budget=90, end_days=28
    )
    # Eleven whole days, and 8 h x 1 kW x 0.10 + 4.25 h x 1 kW x 0.20 = 1.65: 41.25; 12 days x 0.10 = 1.20.
    assert months[march][""]["cost"] == pytest.approx((41.25 + 1.2) * 1.1, abs=1e-9)
    assert house.stored("cost_by_component_1mo")[february]["Standing charge"]["cost"] == 3.1
    for measurement in ("cost_1{}", "cost_by_component_1{}", "cost_by_band_1{}"):
        days, sums = house.stored(measurement.format("d")), house.stored(measurement.format("mo"))
        for begin, end in ((february, march), (march, NOW)):
            for which in sums[begin]:
                costs = [day[which]["cost"] for second, day in days.items() if begin <= second < end and which in day]
                assert sums[begin][which]["cost"] == pytest.approx(sum(costs), abs=1e-9)


def test_a_second_update_writes_nothing(house: House) -> None:
    house.contract(TWO_BANDS)
    house.read(BEGIN, NOW)
    house.update(NOW)
    before = house.all_stored()
    assert [(result.days, result.change) for result in house.update(NOW)] == [(2, Change(0, 0))]
    assert house.all_stored() == before


def test_readings_that_came_late_are_priced(house: House) -> None:
    """Eight hours in which InfluxDB was away, of the day before yesterday and until yesterday's morning."""
    house.contract(TWO_BANDS)
    gap = range(midnight(date(2026, 3, 9)) - 16 * QUARTER_S, midnight(date(2026, 3, 9)) + 16 * QUARTER_S, QUARTER_S)
    begin = midnight(date(2026, 3, 1))
    house.read(begin, NOW, but=gap)
    house.update(NOW)
    assert house.stored("cost_1d")[midnight(date(2026, 3, 8))][""]["estimated_kwh"] == pytest.approx(4, abs=0.3)
    house.read(begin, NOW)
    (result,) = house.update(NOW)
    assert result.days == 6, "two have changed, the neighbours, yesterday and today"
    fields = house.stored("cost_1d")[midnight(date(2026, 3, 8))][""]
    assert fields["estimated_kwh"] == 0
    assert fields["cost"] == pytest.approx(4.07, abs=1e-9)


def test_readings_of_months_ago_are_priced_within_a_day(house: House) -> None:
    """As of a history that was moved in: not at once, since a look at all days costs, but with the next day's first."""
    house.contract(TWO_BANDS)
    house.read(BEGIN, NOW)
    house.update(NOW)
    house.read(midnight(date(2026, 1, 10)), NOW)
    assert house.update(NOW)[0].days == 8, "from 5 March on"
    assert house.update(NOW + DAY_S)[0].days == 57, "from 10 January to 5 March, yesterday and today"
    assert set(house.stored("cost_1mo")) == {midnight(date(2026, month, 1)) for month in (1, 2, 3)}


def test_days_without_readings_owe_what_is_fixed(house: House) -> None:
    """The house is dark from 10 March on."""
    house.contract(TWO_BANDS)
    house.read(midnight(date(2026, 3, 8)), BEGIN)
    house.update(NOW)
    fields = house.stored("cost_1d")[midnight(date(2026, 3, 11))][""]
    assert (fields["cost"], fields["energy_kwh"]) == (pytest.approx(0.11, abs=1e-9), 0)


def test_a_gap_of_days_is_spread_over_them(house: House) -> None:
    """From 3 to 8 March nobody read the meter; the counter then shows what was used, and so the sum is what it was."""
    house.contract(FLAT)
    begin, gap = midnight(date(2026, 3, 1)), range(midnight(date(2026, 3, 3)), midnight(date(2026, 3, 8)), QUARTER_S)
    house.read(begin, NOW, but=gap)
    house.update(NOW)
    days = house.stored("cost_1d")
    for day in (4, 5, 6):
        fields = days[midnight(date(2026, 3, day))][""]
        assert fields["cost"] == pytest.approx(24 * 0.3, abs=0.01)
        assert fields["estimated_kwh"] == fields["energy_kwh"]
    assert sum(day[""]["energy_kwh"] for day in days.values()) == pytest.approx((NOW - begin) / 3600, abs=0.25)


def test_a_price_by_register_is_that_of_the_register_that_counted(house: House) -> None:
    """T1 from 8 to 20, T2 otherwise, as the meter itself says: 12 kWh x 0.20 + 12 kWh x 0.10."""
    house.contract(FLAT.replace("price = 0.30", "registers = { T1 = 0.20, T2 = 0.10 }"))
    counts, rows = {1: 500.0, 2: 500.0}, []
    for number, second in enumerate(range(BEGIN, NOW, QUARTER_S)):
        register = 1 if 32 <= number % 96 < 80 else 2
        counts[register] += 0.25
        counter = 1000.25 + number * 0.25
        values = {"readings": 900, "power_w": 1000, "consumption_counter_kwh": counter, "consumption_kwh": 0.25}
        values |= {"energy_total_kwh": counter} | {f"energy_total_t{n}_kwh": value for n, value in counts.items()}
        rows.append(line(second, values, site="home"))
    house.read(BEGIN, NOW)
    house.stack.write(rows, "energy_15m")
    house.update(NOW)
    assert house.faults == []
    day = midnight(date(2026, 3, 11))
    assert house.stored("cost_1d")[day][""]["cost"] == pytest.approx(3.6, abs=1e-7)
    quarters = house.stored("cost_15m")
    assert quarters[day + 40 * QUARTER_S]["all"]["cost"] == pytest.approx(0.05, abs=1e-7)
    assert quarters[day + 4 * QUARTER_S]["all"]["cost"] == pytest.approx(0.025, abs=1e-7)


def test_an_ended_contract_owes_nothing_more(house: House) -> None:
    """From 10 March on another supplier's holds."""
    house.contract(TWO_BANDS.replace("from = 2026-01-01", "from = 2026-01-01\nto = 2026-03-10"), "old")
    house.contract(TWO_BANDS.replace("from = 2026-01-01", "from = 2026-03-10"), "new")
    house.read(midnight(date(2026, 3, 1)), NOW)
    results = house.update(NOW)
    assert house.faults == []
    assert {result.contract.name: result.today is None for result in results} == {"new": False, "old": True}
    old, new = (house.stored("cost_1d", name) for name in ("old", "new"))
    assert (max(old), min(new)) == (midnight(date(2026, 3, 9)), BEGIN)
    later = NOW + 20 * DAY_S
    house.update(later)
    assert max(house.stored("cost_1d", "old")) == midnight(date(2026, 3, 9))


def test_a_corrected_tariff_leaves_nothing_of_the_old_one(house: House) -> None:
    house.contract(TWO_BANDS)
    house.read(midnight(date(2026, 2, 20)), NOW)
    house.update(NOW)
    house.contract(FLAT)
    house.update(NOW)
    assert house.recompute(NOW, date(2026, 1, 1))[0].change.removed > 0
    corrected = house.all_stored()
    # As if it had never been otherwise.
    house.stack.empty()
    house.read(midnight(date(2026, 2, 20)), NOW)
    (house.chosen.state / "memory.json").unlink()
    house.update(NOW)
    assert corrected == house.all_stored()


def test_a_changed_contract_prices_this_month_and_tells_of_the_rest(house: House) -> None:
    house.contract(TWO_BANDS)
    house.read(midnight(date(2026, 2, 20)), NOW)
    house.update(NOW)
    february = midnight(date(2026, 2, 25))
    before = house.stored("cost_1d")[february]
    house.contract(TWO_BANDS.replace("day = 0.20", "day = 0.40"))
    (result,) = house.update(NOW)
    (remark,) = result.remarks
    assert remark.startswith(
        "house.toml has other terms for what was owed before 2026-03-01; that stays as it is until "
    )
    assert "`wattline-cost recompute --contract house --from 2026-02-01`" in remark
    # 12 x 0.40 + 12 x 0.10 + 0.10 = 6.10, and a tenth.
    assert house.stored("cost_1d")[midnight(date(2026, 3, 3))][""]["cost"] == pytest.approx(6.71, abs=1e-9)
    assert house.stored("cost_1d")[february] == before
    assert house.update(NOW)[0].remarks == [], "once is enough"
    house.recompute(NOW, date(2026, 2, 20))
    assert house.stored("cost_1d")[february][""]["cost"] == pytest.approx((6 + 3.1 / 28) * 1.1, abs=1e-8), (
        "a charge for a month is shared by 28 days"
    )


def test_a_new_version_is_no_news_of_the_past(house: House) -> None:
    house.contract(TWO_BANDS)
    house.read(midnight(date(2026, 2, 20)), NOW)
    house.update(NOW)
    house.contract(
        TWO_BANDS + FLAT.partition("[[version]]")[2].replace("\nfrom = 2026-01-01", "[[version]]\nfrom = 2026-03-05")
    )
    (result,) = house.update(NOW)
    assert result.remarks == []
    assert house.stored("cost_1d")[midnight(date(2026, 3, 5))][""]["cost"] == pytest.approx(24 * 0.3, abs=1e-9)


def test_prices_of_today_and_tomorrow_are_there(house: House) -> None:
    house.contract(TWO_BANDS)
    house.read(BEGIN, NOW)
    house.update(NOW)
    quarters = house.stored("cost_15m")
    assert max(quarters) == midnight(date(2026, 3, 14)) - QUARTER_S
    assert quarters[NOW + QUARTER_S] == {"day": near(price_per_kwh=0.22)}
    assert quarters[max(quarters)] == {"night": near(price_per_kwh=0.11)}
    # What has come since has its energy in the place of the bare price, and there is no point twice.
    house.read(BEGIN, NOW + 2 * QUARTER_S)
    house.update(NOW + 2 * QUARTER_S)
    assert house.stored("cost_15m")[NOW + QUARTER_S]["day"]["energy_kwh"] == 0.25


def test_a_price_that_comes_late_is_found(house: House) -> None:
    """Of an exchange whose file of 8 March is put into the folder on the 12th: 24 kWh at 0.50, and until then at 0.10 for the
    grid alone, 2.40 in the day, its bands and its quarter-hours."""
    prices = house.chosen.state.parent / "prices"
    prices.mkdir()
    source = f'[source.exchange]\nkind = "table"\nfolder = "{prices}"\nminutes = 60\nunit = "kWh"\n'
    grid = '[[version.component]]\nname = "Grid"\nper = "kWh"\nprice = 0.10\n'
    house.contract(FLAT.replace("price = 0.30", 'source = "exchange"') + grid + source)
    house.read(midnight(date(2026, 3, 7)), NOW)
    house.update(NOW)
    assert house.faults == []
    day = midnight(date(2026, 3, 8))
    fields = house.stored("cost_1d")[day][""]
    known = near(cost=2.4, energy_kwh=24, unpriced_kwh=24)
    assert {name: fields[name] for name in ("cost", "energy_kwh", "unpriced_kwh")} == known
    assert house.stored("cost_by_band_1d")[day]["all"] == known
    assert house.stored("cost_15m")[day]["all"] == near(cost=0.025, energy_kwh=0.25, is_estimated=0)
    rows = "".join(f"2026-03-08T{hour:02}:00,0.50\n" for hour in range(24))
    (prices / "march.csv").write_text(f"start,price\n{rows}")
    house.update(NOW)
    fields = house.stored("cost_1d")[day][""]
    assert (fields["cost"], fields["unpriced_kwh"]) == (pytest.approx(14.4, abs=1e-7), 0)


def test_an_export_contract_prices_what_was_given(house: House) -> None:
    """Half of what the counter counts, 12 kWh a day, at 0.30."""
    house.contract(FLAT)
    house.contract(f'direction = "export"\n{FLAT}', "solar")
    house.read(BEGIN, NOW)
    house.update(NOW)
    assert house.faults == []
    day = midnight(date(2026, 3, 11))
    assert house.stored("cost_1d", "solar")[day][""]["cost"] == pytest.approx(3.6, abs=1e-9)
    assert house.stored("cost_1d", "house")[day][""]["cost"] == pytest.approx(7.2, abs=1e-9)


def test_several_meters_of_the_role_are_told(house: House) -> None:
    house.contract(FLAT)
    house.contract(f'meter = "stick"\n{FLAT}', "other")
    house.read(BEGIN, NOW)
    house.read(BEGIN, NOW, meter="stick")
    results = house.update(NOW)
    (fault,) = house.faults
    assert str(fault).startswith(
        "house: Several meters have the role grid: house, stick; write the one that the contract counts by"
    )
    assert [result.contract.name for result in results] == ["other"]


def test_a_broken_contract_stops_no_other(house: House) -> None:
    house.contract(FLAT)
    (house.tariffs / "a.toml").write_text('currency = "EUR"')
    (house.tariffs / "notes.txt").write_text("not a contract")
    house.read(BEGIN, NOW)
    assert [result.contract.name for result in house.update(NOW)] == ["house"]
    assert len(house.faults) == 1
    assert "a.toml" in str(house.faults[0])


@pytest.mark.parametrize("broken", ["parse_contract", "mark"])
def test_a_bug_in_one_contract_stops_no_other(house: House, monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    """Whatever it is, and wherever: as its file is read, or as it is priced."""
    house.contract(FLAT, "a")
    house.contract(FLAT.replace("0.30", "0.40"), "b")
    house.read(BEGIN, NOW)
    sound = getattr(work, broken)

    def breaks(first: object, second: object) -> object:
        if "0.40" in str(first) + str(second):
            raise ZeroDivisionError("the number of bugs")
        return sound(first, second)

    monkeypatch.setattr(work, broken, breaks)
    results = house.update(NOW)
    assert [result.contract.name for result in results] == ["a"]
    (fault,) = house.faults
    assert "This is a bug in wattline, please report it: ZeroDivisionError: the number of bugs" in str(fault)
    assert str(fault).startswith((f"{house.tariffs}/b.toml: ", "b: "))


def test_a_contract_without_readings_says_so(house: House) -> None:
    house.contract(FLAT)
    (result,) = house.update(NOW)
    (remark,) = result.remarks
    assert remark.startswith(
        "house: nothing is priced yet, since there is no day both of the contract and of readings of"
    )


def test_a_meter_that_there_is_not_is_told_with_those_that_there_are(house: House) -> None:
    """A misspelt one would never be priced, and each run would end as if all were well."""
    house.read(BEGIN, NOW)
    house.read(BEGIN, NOW, meter="heat", role="load")
    house.contract(f'meter = "hosue"\n{FLAT}')
    assert house.update(NOW) == []
    (fault,) = house.faults
    assert str(fault).startswith(
        "house: There are no readings of the meter 'hosue'; the nearest is 'house'; there are those of heat, house, and"
    )


def test_a_meter_whose_first_day_is_not_summed_up_is_told_to_be_read(house: House) -> None:
    """As in the first minutes of a new meter, and of a history that was written until `remake`."""
    row = line(NOW - QUARTER_S, {"readings": 900, "consumption_kwh": 0.25}, site="home", meter="house", role="grid")
    house.stack.write([row], "energy_15m")
    house.contract(FLAT)
    (result,) = house.update(NOW)
    (remark,) = result.remarks
    assert remark.startswith(
        "house: nothing is priced yet, since a meter with the role grid is read, but no day of it is"
    )


def test_the_token_of_the_set_up_is_enough(stack: Stack, tmp_path: Path) -> None:
    """With its rights, and no more: a correction deletes too."""
    ids = {bucket["name"]: bucket["id"] for bucket in stack.ask("GET", "buckets?limit=100")["buckets"]}
    rights = [("read", "energy_15m"), ("read", "energy_1d"), ("read", "cost"), ("write", "cost")]
    permissions = [
        {"action": action, "resource": {"type": "buckets", "id": ids[name], "orgID": stack.org_id}}
        for action, name in rights
    ]
    made = stack.ask("POST", "authorizations", {"orgID": stack.org_id, "permissions": permissions})
    house = House(stack, tmp_path, made["token"])
    house.contract(TWO_BANDS)
    house.read(BEGIN, NOW)
    house.update(NOW)
    house.contract(FLAT)
    (result,) = house.update(NOW)
    assert house.faults == []
    assert result.change.removed > 0


def test_days_of_23_and_25_hours(house: House) -> None:
    """29 March and 25 October 2026 in Rome: 92 and 100 quarter-hours at 0.30."""
    house.contract(FLAT)
    for day, hours in ((date(2026, 3, 29), 23), (date(2026, 10, 25), 25)):
        begin = midnight(day)
        house.stack.empty()
        house.read(begin - DAY_S, begin + 30 * 3600)
        house.update(begin + 30 * 3600)
        assert house.stored("cost_1d")[begin][""]["cost"] == pytest.approx(hours * 0.3, abs=1e-9)
        of_day = [second for second in house.stored("cost_15m") if begin <= second < begin + hours * 3600]
        assert len(of_day) == 4 * hours
        assert begin + hours * 3600 in house.stored("cost_1d"), "the next day begins then"


def test_a_lost_memory_costs_nothing_but_time(house: House) -> None:
    house.contract(TWO_BANDS)
    house.read(BEGIN, NOW)
    house.update(NOW)
    before = house.all_stored()
    (house.chosen.state / "memory.json").write_text("{")
    (result,) = house.update(NOW)
    assert result.change == Change(0, 0)
    assert house.all_stored() == before


@pytest.mark.parametrize("writes", [0, 1, 2, 3, 4])
def test_a_run_that_was_interrupted_is_done_again(house: House, monkeypatch: pytest.MonkeyPatch, writes: int) -> None:
    """Eight hours of a month that is over came late; the run that priced them ends behind some of its writes."""
    house.contract(TWO_BANDS)
    begin = midnight(date(2026, 2, 1))
    gap = range(midnight(date(2026, 2, 9)) - 16 * QUARTER_S, midnight(date(2026, 2, 9)) + 16 * QUARTER_S, QUARTER_S)
    house.read(begin, NOW, but=gap)
    house.update(NOW)
    house.read(begin, NOW)
    done = 0
    replace = Stored.replace

    def interrupted(self: Stored, *words: object) -> Change:
        nonlocal done
        if done == writes:
            raise CostError("The plug was pulled.")
        change = replace(self, *words)  # type: ignore[arg-type]  # whatever is given
        done += bool(change.written)
        return change

    tomorrow = NOW + DAY_S
    with monkeypatch.context() as broke:
        broke.setattr(Stored, "replace", interrupted)
        house.update(tomorrow)
    assert [str(fault) for fault in house.faults] == ["The plug was pulled."]
    house.update(tomorrow)
    assert [result.change for result in house.recompute(tomorrow, date(2026, 2, 1))] == [Change(0, 0)]
