"""Contracts that are changed after something was priced by them: what `update` and `recompute` make of it.

| fault | test |
|---|---|
| what is not owed any more stays stored for ever | test_a_later_begin_removes_what_is_before_it, test_an_earlier_end_removes_what_is_behind_it |
| ... and is published as today's cost | test_a_supplier_that_took_over_is_alone |
| days and months of another time zone stay beside the new ones | test_another_time_zone_leaves_no_point_of_the_old_one |
| a mistake that was taken back after a month stays, and nobody is told | test_a_mistake_that_was_taken_back_is_told |
| what a run priced anew beyond the days that were asked for is said to be otherwise | test_a_month_with_steps_is_priced_anew_to_its_end |
| a month that was priced anew in part counts as priced by the terms of before, or by the new ones | test_a_month_that_was_priced_anew_in_part_is_told |
| ... also where the terms of its parts are the same | test_a_part_that_was_priced_by_the_same_terms_is_no_news |
| a month before any reading is said to be priced by other terms, since `recompute` went over it | test_a_month_that_was_never_priced_has_no_other_terms |
| ... or keeps, for readings that come late, terms that it was never priced by | the same |
| another meter prices history anew unasked | test_another_meter_prices_no_history_unasked |
| a lost memory and a changed contract make a month of two prices | test_a_lost_memory_prices_the_month_whole |
| ... or late readings make one of a month that is over, which is told no more | test_a_lost_memory_mixes_no_prices |
| ... or one of which nothing tells is priced anew unasked | test_a_lost_memory_leaves_a_month_of_which_nothing_tells |
| ... or what the contract does not owe is told no more | test_a_lost_memory_tells_what_is_not_owed |
| ... or a month that is as it should be stays without its late readings | test_a_lost_memory_finds_out_which_months_are_alike |
| what is written otherwise, and says the same, counts as a change | test_the_same_terms_have_the_same_mark |
| ... or a change does not | test_other_terms_have_another_mark, test_other_steps_have_another_mark |
| a run that priced by a mistake was cut off, the mistake taken back, and what it stored stays, untold | test_a_mistake_of_which_a_run_was_cut_off_is_no_secret |
| ... or all of it was stored, and not remembered | test_a_mistake_that_was_stored_and_not_remembered_is_no_secret |
| ... or that by hand was cut off, and nothing taken back | test_what_was_priced_anew_by_half_is_told |
| a run that changes nothing wears the card | test_what_is_remembered_already_is_not_written_again |
| a contract that is priced whole is none while others are priced | test_a_contract_is_remembered_before_the_next_is_priced |
| a damaged memory ends in a bug | test_a_damaged_memory_is_none |
"""

import json
from collections.abc import Collection
from datetime import date
from pathlib import Path

import pytest

from cost.priced_house import DAY_S, FLAT, QUARTER_S, STEPPED, TWO_BANDS, House, midnight
from stack.conftest import Stack
from wattline_cost.errors import CostError
from wattline_cost.local_days import day_start_s
from wattline_cost.store.account import Account
from wattline_cost.store.memory import FORM, Known, Memory
from wattline_cost.store.stored import Change, Stored
from wattline_cost.store.terms import mark
from wattline_cost.tariff.file import parse_contract

TODAY = date(2026, 3, 5)
NOW = midnight(TODAY) + 49 * QUARTER_S
FEBRUARY, MARCH = date(2026, 2, 1), date(2026, 3, 1)
# Of its morning some readings come late.
LATE = midnight(date(2026, 2, 22))
TWICE = FLAT.replace("0.30", "0.60")
chain = [pytest.mark.chain, pytest.mark.timeout(120)]


@pytest.fixture
def house(stack: Stack, tmp_path: Path) -> House:
    """It was read, and priced, since 20 February."""
    house = House(stack, tmp_path)
    house.read(midnight(date(2026, 2, 20)), NOW)
    house.contract(FLAT)
    house.update(NOW)
    return house


def days(house: House, contract: str = "house") -> list[date]:
    """The first and the last day that are stored."""
    stored = house.stored("cost_1d", contract)
    return [date.fromordinal((second + 7200) // DAY_S + 719_163) for second in (min(stored), max(stored))]


def remarks(house: House, now: int = NOW) -> str:
    (result,) = house.update(now)
    return " ".join(result.remarks)


def cut_off(monkeypatch: pytest.MonkeyPatch, writes: int) -> None:
    """Have the power fail behind so many writes."""
    sound, left = Stored.replace, writes

    def replace(self: Stored, *words: object) -> Change:
        nonlocal left
        if left == 0:
            raise CostError("The plug was pulled.")
        left -= 1
        return sound(self, *words)  # type: ignore[arg-type]  # whatever is given

    monkeypatch.setattr(Stored, "replace", replace)


def read_late(house: House, count: int) -> None:
    """Have the quarter-hours of the morning of 22 February read ``count`` times, not 900."""
    morning = range(LATE, LATE + DAY_S // 2)
    house.read(midnight(date(2026, 2, 20)), NOW, often=lambda second: count if second in morning else 900)


class TestStored:
    pytestmark = chain

    def test_a_later_begin_removes_what_is_before_it(self, house: House) -> None:
        """History by `recompute`, which is named; and the current month at once."""
        house.contract(FLAT.replace("2026-01-01", "2026-02-25"))
        assert "`wattline-cost recompute --contract house --from 2026-02-01`" in remarks(house)
        assert days(house)[0] == date(2026, 2, 20)
        house.recompute(NOW, FEBRUARY)
        assert days(house) == [date(2026, 2, 25), TODAY]
        # Four days of 24 kWh at 0.30.
        assert house.stored("cost_1mo")[midnight(FEBRUARY)][""]["cost"] == pytest.approx(4 * 7.2, abs=1e-9)
        assert min(house.stored("cost_15m")) == midnight(date(2026, 2, 25))
        house.contract(FLAT.replace("2026-01-01", "2026-03-03"))
        assert "--from 2026-02-01`" in remarks(house)
        assert sorted(house.stored("cost_1d"))[4] == midnight(date(2026, 3, 3)), "the first two of March went"
        assert house.stored("cost_1mo")[midnight(FEBRUARY)][""]["cost"] == pytest.approx(4 * 7.2, abs=1e-9)
        house.recompute(NOW, FEBRUARY)
        assert days(house) == [date(2026, 3, 3), TODAY]
        assert list(house.stored("cost_1mo")) == [midnight(MARCH)]

    def test_an_earlier_end_removes_what_is_behind_it(self, house: House) -> None:
        house.contract(FLAT.replace("from = 2026-01-01", "from = 2026-01-01\nto = 2026-03-03"))
        assert remarks(house) == ""
        assert days(house) == [date(2026, 2, 20), date(2026, 3, 2)]
        assert house.stored("cost_1mo")[midnight(MARCH)][""]["cost"] == pytest.approx(2 * 7.2, abs=1e-9)
        assert max(house.stored("cost_15m")) == midnight(date(2026, 3, 3)) - QUARTER_S
        house.contract(FLAT.replace("from = 2026-01-01", "from = 2026-01-01\nto = 2026-02-22"))
        assert "--from 2026-02-01`" in remarks(house)
        assert days(house) == [date(2026, 2, 20), date(2026, 2, 28)]
        house.recompute(NOW, FEBRUARY)
        assert days(house) == [date(2026, 2, 20), date(2026, 2, 21)]
        assert list(house.stored("cost_1mo")) == [midnight(FEBRUARY)]
        house.update(NOW + DAY_S)
        assert days(house) == [date(2026, 2, 20), date(2026, 2, 21)]

    def test_a_supplier_that_took_over_is_alone(self, house: House) -> None:
        house.contract(FLAT.replace("from = 2026-01-01", "from = 2026-01-01\nto = 2026-03-04"))
        house.contract(FLAT.replace("2026-01-01", "2026-03-04"), "new")
        today = {result.contract.name: result.today for result in house.update(NOW)}
        assert today["house"] is None
        assert today["new"] is not None
        assert (days(house)[1], days(house, "new")[0]) == (date(2026, 3, 3), date(2026, 3, 4))

    @pytest.mark.parametrize("zone", ["America/New_York", "Asia/Tokyo"])
    def test_another_time_zone_leaves_no_point_of_the_old_one(self, house: House, zone: str) -> None:
        house.contract(FLAT.replace("Europe/Rome", zone))
        contract = parse_contract(Path("house"), (house.tariffs / "house.toml").read_text())
        assert "--from 2026-02-01`" in remarks(house)
        march = day_start_s(MARCH, contract.zone)
        assert [second for second in house.stored("cost_1mo") if second > march - 5 * DAY_S] == [march]
        house.recompute(NOW, FEBRUARY)
        assert sorted(house.stored("cost_1mo")) == [day_start_s(FEBRUARY, contract.zone), march]
        assert all((second - march) % DAY_S == 0 for second in house.stored("cost_1d"))

    def test_a_mistake_that_was_taken_back_is_told(self, house: House) -> None:
        """Twice the price from 5 March to 5 April, and then what it was: March has it still."""
        house.contract(FLAT.replace("0.30", "0.60"))
        assert "--from 2026-02-01`" in remarks(house)
        april = NOW + 31 * DAY_S
        house.read(midnight(date(2026, 2, 20)), april - DAY_S)
        assert remarks(house, april - DAY_S) == ""
        house.contract(FLAT)
        assert "owed before 2026-04-01" in (remark := remarks(house, april))
        assert "--from 2026-03-01`" in remark
        house.recompute(april, MARCH)
        assert house.stored("cost_1mo")[midnight(MARCH)][""]["cost"] == pytest.approx(743 * 0.3, abs=1e-6)

    def test_a_month_with_steps_is_priced_anew_to_its_end(self, house: House) -> None:
        """Up to the 21st was asked for; nothing of February is otherwise then."""
        house.contract(STEPPED)
        assert "--from 2026-02-01`" in remarks(house)
        (result,) = house.recompute(NOW, FEBRUARY, date(2026, 2, 21))
        assert result.days == 9
        house.contract(f"# again\n{STEPPED}")
        assert remarks(house) == ""

    @pytest.mark.parametrize(("first", "last"), [(22, 25), (25, 28), (1, 25)])
    def test_a_month_that_was_priced_anew_in_part_is_told(self, house: House, first: int, last: int) -> None:
        """February at 0.30 and some of it at 0.60: neither contract made it."""
        house.contract(TWICE)
        assert "--from 2026-02-01`" in remarks(house)
        house.recompute(NOW, date(2026, 2, first), date(2026, 2, last))
        for text in (f"# again\n{TWICE}", FLAT):
            house.contract(text)
            assert "--from 2026-02-01`" in remarks(house)
        house.recompute(NOW, FEBRUARY)
        house.contract(f"# again\n{FLAT}")
        assert remarks(house) == ""

    def test_a_part_that_was_priced_by_the_same_terms_is_no_news(self, house: House) -> None:
        """As after a price of an exchange was corrected."""
        house.recompute(NOW, date(2026, 2, 22), date(2026, 2, 25))
        house.contract(f"# again\n{FLAT}")
        assert remarks(house) == ""

    def test_a_month_that_was_never_priced_has_no_other_terms(self, house: House) -> None:
        """January, in which nobody read the meter until its readings were brought: one day of 24 kWh, and then gaps."""
        house.recompute(NOW, date(2026, 1, 1))
        house.contract(TWICE)
        assert "--from 2026-02-01`" in remarks(house)
        house.recompute(NOW, date(2026, 1, 1))
        house.contract(f"# again\n{TWICE}")
        assert remarks(house) == ""
        house.contract(FLAT)
        assert "--from 2026-02-01`" in remarks(house)
        house.read(midnight(date(2026, 1, 10)), midnight(date(2026, 1, 11)))
        assert remarks(house, NOW + DAY_S) == ""
        assert house.stored("cost_1d")[midnight(date(2026, 1, 10))][""]["cost"] == pytest.approx(24 * 0.3, abs=1e-6)

    @pytest.mark.parametrize("writes", range(4))
    def test_a_mistake_of_which_a_run_was_cut_off_is_no_secret(
        self, house: House, monkeypatch: pytest.MonkeyPatch, writes: int
    ) -> None:
        """By the next run March is as before; February, which `recompute` went over, is told."""
        before = house.all_stored()
        house.contract(TWICE)
        with monkeypatch.context() as broken:
            cut_off(broken, writes)
            house.update(NOW)
        assert [str(fault) for fault in house.faults] == ["The plug was pulled."]
        house.contract(FLAT)
        assert remarks(house) == ""
        assert house.all_stored() == before
        house.contract(TWICE)
        with monkeypatch.context() as broken:
            cut_off(broken, writes)
            house.recompute(NOW, FEBRUARY)
        house.contract(FLAT)
        assert "--from 2026-02-01`" in remarks(house)
        house.recompute(NOW, FEBRUARY)
        assert house.all_stored() == before

    @pytest.mark.parametrize("is_by_hand", [False, True])
    def test_a_mistake_that_was_stored_and_not_remembered_is_no_secret(
        self, house: House, monkeypatch: pytest.MonkeyPatch, is_by_hand: bool
    ) -> None:
        """The power fails behind the last write, and what would be remembered then is not."""
        before = house.all_stored()
        house.contract(TWICE)
        priced, written, is_over = Account.price, Memory.write, False

        def price(self: Account, days: Collection[date]) -> Change:
            nonlocal is_over
            change = priced(self, days)
            is_over = True
            return change

        with monkeypatch.context() as broken:
            broken.setattr(Account, "price", price)
            broken.setattr(Memory, "write", lambda self: None if is_over else written(self))
            house.recompute(NOW, FEBRUARY) if is_by_hand else house.update(NOW)
        house.contract(FLAT)
        assert ("--from 2026-02-01`" in remarks(house)) is is_by_hand
        assert (house.all_stored() == before) is not is_by_hand
        assert house.stored("cost_1mo")[midnight(MARCH)][""]["cost"] == pytest.approx(108.25 * 0.3, abs=1e-9)

    def test_what_was_priced_anew_by_half_is_told(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        """The quarter-hours at 0.60, and the days at 0.30."""
        house.contract(TWICE)
        assert "--from 2026-02-01`" in remarks(house)
        with monkeypatch.context() as broken:
            cut_off(broken, 2)
            house.recompute(NOW, FEBRUARY)
        assert "--from 2026-02-01`" in remarks(house)

    def test_what_is_remembered_already_is_not_written_again(self, house: House) -> None:
        """Each quarter of an hour."""
        memory = house.chosen.state / "memory.json"
        before = memory.stat()
        assert remarks(house, NOW + QUARTER_S) == ""
        assert memory.stat().st_ino == before.st_ino

    def test_a_contract_is_remembered_before_the_next_is_priced(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        house.contract(FLAT, "other")
        house.update(NOW)
        house.contract(TWICE)
        priced, seen = Account.price, list[str]()

        def price(self: Account, days: Collection[date]) -> Change:
            if self.contract.name == "other":
                seen.append(Memory(house.chosen.state).seen().of("house").content)
            return priced(self, days)

        monkeypatch.setattr(Account, "price", price)
        house.update(NOW)
        assert seen == [TWICE]

    def test_another_meter_prices_no_history_unasked(self, house: House) -> None:
        house.read(
            midnight(date(2026, 2, 20)),
            NOW,
            but=range(midnight(FEBRUARY), NOW, 1800),
            meter="heat",
            role="heat",
        )
        before = house.stored("cost_1mo")[midnight(FEBRUARY)]
        house.contract(f'meter = "heat"\n{FLAT}')
        assert "--from 2026-02-01`" in remarks(house)
        assert remarks(house, NOW + DAY_S) == ""
        assert house.stored("cost_1mo")[midnight(FEBRUARY)] == before
        house.recompute(NOW + DAY_S, FEBRUARY)
        assert house.stored("cost_1mo")[midnight(FEBRUARY)][""]["estimated_kwh"] > 0

    def test_a_lost_memory_prices_the_month_whole(self, house: House) -> None:
        """Four days and 49 quarter-hours at 0.60."""
        house.contract(FLAT.replace("0.30", "0.60"))
        (house.chosen.state / "memory.json").unlink()
        house.update(NOW)
        month = house.stored("cost_1mo")[midnight(MARCH)][""]
        assert month["cost"] == pytest.approx((4 * 24 + 12.25) * 0.6, abs=1e-9)

    @pytest.mark.parametrize("is_changed_meanwhile", [False, True])
    def test_a_lost_memory_mixes_no_prices(self, house: House, is_changed_meanwhile: bool) -> None:
        """February stays at 0.30, and somebody learns that its late readings are not in it."""
        before = house.stored("cost_1mo")[midnight(FEBRUARY)]
        house.contract(TWICE)
        if not is_changed_meanwhile:
            assert "--from 2026-02-01`" in remarks(house)
        (house.chosen.state / "memory.json").unlink()
        assert "--from 2026-02-01`" in remarks(house)
        read_late(house, 800)
        assert remarks(house, NOW + DAY_S) == ""
        assert house.stored("cost_1mo")[midnight(FEBRUARY)] == before
        house.recompute(NOW + DAY_S, FEBRUARY)
        assert house.stored("cost_1mo")[midnight(FEBRUARY)][""]["cost"] == pytest.approx(9 * 24 * 0.6, abs=1e-9)

    def test_a_lost_memory_leaves_a_month_of_which_nothing_tells(self, house: House) -> None:
        """All of its days have other readings than when they were priced."""
        before = house.stored("cost_1mo")[midnight(FEBRUARY)]
        house.contract(TWICE)
        (house.chosen.state / "memory.json").unlink()
        house.read(midnight(date(2026, 2, 20)), NOW, often=lambda _: 800)
        assert "--from 2026-02-01`" in remarks(house)
        assert house.stored("cost_1mo")[midnight(FEBRUARY)] == before

    @pytest.mark.parametrize("begin", [date(2026, 2, 25), date(2026, 3, 2)])
    def test_a_lost_memory_tells_what_is_not_owed(self, house: House, begin: date) -> None:
        house.contract(FLAT.replace("2026-01-01", str(begin)))
        (house.chosen.state / "memory.json").unlink()
        assert "--from 2026-02-01`" in remarks(house)
        house.recompute(NOW, FEBRUARY)
        assert days(house) == [begin, TODAY]

    def test_a_lost_memory_finds_out_which_months_are_alike(self, house: House) -> None:
        """Late readings are found by the same run, and by a later one."""
        (house.chosen.state / "memory.json").unlink()
        for now, count in ((NOW, 800), (NOW + DAY_S, 850)):
            read_late(house, count)
            assert remarks(house, now) == ""
            assert house.stored("cost_1d")[LATE][""]["readings"] == 48 * 900 + 48 * count


@pytest.mark.parametrize(
    ("found", "replaced"),
    [
        ("0.20", "0.2000"),
        ("{ day = 0.20, night = 0.10 }", "{ night = 0.10, day = 0.20 }"),
        ("[[version]]\nfrom = 2026-01-01", "[[version]]\n# the first\nfrom = 2025-11-01"),
        ("from = 2026-01-01", "from = 2026-01-01\nto = 2026-05-01"),
        ('currency = "EUR"', 'currency = "EUR"\nbudget = 70\nholiday = [{ name = "A", date = 2026-04-05 }]'),
    ],
)
def test_the_same_terms_have_the_same_mark(found: str, replaced: str) -> None:
    """Of March."""
    text = TWO_BANDS.replace(found, replaced)
    assert text != TWO_BANDS
    assert mark(parse_contract(Path("a"), text), MARCH) == mark(parse_contract(Path("a"), TWO_BANDS), MARCH)


@pytest.mark.parametrize(
    ("found", "replaced"),
    [
        ("0.20", "0.21"),
        ("08:00", "07:00"),
        ('per = "month"', 'per = "day"'),
        ("from = 2026-01-01", "from = 2026-03-02"),
        ("from = 2026-01-01", "from = 2026-01-01\nto = 2026-03-31"),
        ("from = 2026-01-01", "from = 2026-04-01"),
        ('currency = "EUR"', 'currency = "EUR"\nholiday = [{ name = "A", date = 2026-03-05 }]'),
        ('currency = "EUR"', 'currency = "CHF"'),
        ('currency = "EUR"', 'currency = "EUR"\nmeter = "heat"'),
        ("Europe/Rome", "Europe/Paris"),
    ],
)
def test_other_terms_have_another_mark(found: str, replaced: str) -> None:
    text = TWO_BANDS.replace(found, replaced)
    assert mark(parse_contract(Path("a"), text), MARCH) != mark(parse_contract(Path("a"), TWO_BANDS), MARCH)


@pytest.mark.parametrize(
    ("found", "replaced"), [("above_kwh = 100", "above_kwh = 90"), ("price = 0.30", "price = 0.31")]
)
def test_other_steps_have_another_mark(found: str, replaced: str) -> None:
    one, other = (parse_contract(Path("a"), text) for text in (STEPPED, STEPPED.replace(found, replaced)))
    assert one != other
    assert mark(one, MARCH) != mark(other, MARCH)


@pytest.mark.parametrize("field", ["content", "priced", "decimals", "looked_at", "form"])
def test_a_damaged_memory_is_none(tmp_path: Path, field: str, caplog: pytest.LogCaptureFixture) -> None:
    with Memory(tmp_path).alone() as memory:
        memory.of("house").content = "a file"
    assert Memory(tmp_path).seen().of("house").content == "a file"
    document = json.loads((tmp_path / "memory.json").read_text())
    if field == "form":
        document["form"] = FORM - 1
    else:
        document["contracts"]["house"][field] = 7 if field in {"looked_at"} else None
    (tmp_path / "memory.json").write_text(json.dumps(document))
    if field != "content":
        assert Memory(tmp_path).seen().of("house") == Known()
