"""Alerts on what is to come: the household's meter trips, the month exceeds its budget. The answers are worked out by hand.

A meter bears 110 % of 3000 W for ever, up to 133.4 % for 180 minutes, more for two (`overload.yaml`); it is told when 60 and
when 15 of them are left. Each line below is drawn up to now, the last five minutes of it by the second.

| fault | test |
|---|---|
| a flat threshold: told where nothing comes of it, or not where it does | test_the_minutes_that_are_left_decide |
| what was drawn before is forgotten, or never forgiven | the same |
| a minute that is metered by the second counts twice, or not at all, when its rollup is there | the same |
| other rates of reading | test_a_meter_that_is_read_seldom_has_the_same_minutes_left |
| the other meter's power | test_each_meter_has_its_own_minutes |
| a number in the message that is not what is left | test_the_message_says_how_many_minutes_are_left |
| told of a month too late, too early, never, or of another one | TestBudget |
"""

from collections.abc import Callable

import pytest

from stack.alert_rules import Labels, load_rules
from stack.household import Household, by_meter
from stack.priced_month import PricedMonth
from stack.test_alerts import OVER_3000, TRIPS, Database, database, firing, labels

__all__ = ["database", "firing"]

pytestmark = [pytest.mark.chain, pytest.mark.timeout(180)]

Firing = Callable[[Household | None], dict[str, set[Labels]]]
Before = tuple[tuple[int, int, float], ...]
WITHIN_THE_HOUR = {"WattlineMeterTrips": {OVER_3000}}
LEFT = next(rule for rule in load_rules() if rule.title == "WattlineMeterTrips").queries["query"]


def drawing(now_w: float, before: Before = (), **of: float) -> Household:
    """A house that draws so much in the last five minutes, and that before them."""
    return Household(power_w=by_meter(house=now_w), drawn_before=before, **of)


@pytest.mark.parametrize(
    ("household", "expected"),
    [
        # 3600 W are 120 %, borne for 180 minutes. Five of them are over: 175 are left.
        pytest.param(drawing(3600), {}, id="just begun"),
        # 115 + 5 = 120 minutes: 60 left, and a few seconds of the last reading.
        pytest.param(drawing(3600, ((118, 5, 3600),)), {}, id="a little more than an hour left"),
        pytest.param(drawing(3600, ((125, 5, 3600),)), WITHIN_THE_HOUR, id="55 minutes left"),
        pytest.param(drawing(3600, ((160, 5, 3600),)), WITHIN_THE_HOUR, id="20 minutes left"),
        pytest.param(drawing(3600, ((170, 5, 3600),)), TRIPS, id="10 minutes left"),
        # An oven's pause: 100 minutes in all, and again five; 75 are left. With 30 more, 45.
        pytest.param(drawing(3600, ((170, 70, 3600),)), {}, id="a hundred minutes, a pause, and five"),
        pytest.param(drawing(3600, ((170, 70, 3600), (35, 5, 3600))), WITHIN_THE_HOUR, id="a hundred, a pause, and 35"),
        pytest.param(drawing(3600, ((360, 185, 3600),)), {}, id="three hours of it, which are forgiven"),
        pytest.param(drawing(420, ((175, 5, 3600),)), {}, id="nearly all used up, and all is off"),
        pytest.param(drawing(3300, ((175, 5, 3600),)), {}, id="nearly all used up, and 110 % are drawn"),
        # One minute at 140 % is half of its two; half of 180 is left for 120 %.
        pytest.param(drawing(3600, ((60, 59, 4200),)), {}, id="a minute of much, and five of less: 85 left"),
        pytest.param(drawing(3600, ((60, 59, 4200), (45, 5, 3600))), WITHIN_THE_HOUR, id="... and 45: 45 left"),
        pytest.param(drawing(4200, before_s=30), TRIPS, id="half a minute of two"),
    ],
)  # fmt: skip
def test_the_minutes_that_are_left_decide(
    firing: Firing, household: Household, expected: dict[str, set[Labels]]
) -> None:
    assert firing(household) == expected


@pytest.mark.parametrize("pace_s", [1, 10, 60, 100])
def test_a_meter_that_is_read_seldom_has_the_same_minutes_left(firing: Firing, pace_s: int) -> None:
    assert firing(drawing(3600, ((112, 5, 3600),), pace_s=pace_s)) == {}
    assert firing(drawing(3600, ((128, 5, 3600),), pace_s=pace_s)) == WITHIN_THE_HOUR


def test_each_meter_has_its_own_minutes(firing: Firing) -> None:
    """The house has used up its own; the flat has begun."""
    household = Household(power_w=by_meter(house=3600, flat=3600), drawn_before=((170, 5, 3600),))
    assert firing(household) == TRIPS
    assert firing(Household(power_w=by_meter(house=3000, flat=4200))) == {
        title: {labels(meter="flat", contract_w="3000")} for title in TRIPS
    }


@pytest.mark.parametrize(("contract_w", "left"), [(3000.0, 10.0), (3300.0, 1_000_000.0)])
def test_the_message_says_how_many_minutes_are_left(database: Database, contract_w: float, left: float) -> None:
    """170 of 180 are used up; 3600 W of 3300 W are 109 %."""
    organisation = f"left-{contract_w:.0f}"
    database.move_in(organisation, drawing(3600, ((170, 5, 3600),), contract_power_w=contract_w))
    found = database.query_as_grafana(organisation)(LEFT)
    database.move_out(organisation)

    assert found[labels(meter="house", contract_w=f"{contract_w:.0f}")] == pytest.approx(left, abs=1.1)


class TestBudget:
    """The month comes to 89.80.

    So far: nine days of 2.90, 0.50 for today and 1.20 for its energy, 27.80. The 21 days to come owe 10.50, and their energy
    with that of the eleven hours that are left of today comes to (21 + 11/24) x 2.40 = 51.50.
    """

    @staticmethod
    def over(budget: str) -> dict[str, set[Labels]]:
        return {"WattlineOverBudget": {labels(contract="home", currency="EUR", budget=budget)}}

    @pytest.mark.parametrize("budget", [89.0, 89.75])
    def test_a_month_that_heads_over_its_budget_is_told(self, firing: Firing, budget: float) -> None:
        assert firing(PricedMonth(budget=budget)) == self.over(f"{budget:g}")

    @pytest.mark.parametrize("budget", [None, 89.85, 90.0])
    def test_one_that_does_not_is_not(self, firing: Firing, budget: float | None) -> None:
        assert firing(PricedMonth(budget=budget)) == {}

    def test_a_day_that_was_read_in_part_alone_is_no_usual_one(self, firing: Firing) -> None:
        """The one whole day before that of the last reading is the second of the twenty; without it there is none."""
        silent_h = 24 * 16 + 20
        assert firing(PricedMonth(budget=50.0, silent_h=silent_h)) == self.over("50")
        assert firing(PricedMonth(budget=50.0, silent_h=silent_h, first_read_h=1)) == self.over("50")
        assert firing(PricedMonth(budget=50.0, silent_h=silent_h + 24)) == self.over("50")
        assert firing(PricedMonth(budget=50.0, silent_h=silent_h + 24, first_read_h=1)) == {}

    @pytest.mark.parametrize(("silent_h", "first_read_h"), [(24 * 60, 0), (24 * 17 + 20, 1)])
    def test_without_a_usual_day_it_is_judged_by_what_it_came_to(
        self, firing: Firing, silent_h: int, first_read_h: int
    ) -> None:
        """5.00 that is fixed; nobody read the meter in the six weeks that are looked back on, or not for a whole day."""
        of = {"silent_h": silent_h, "first_read_h": first_read_h}
        assert firing(PricedMonth(budget=4.9, **of)) == self.over("4.9")
        assert firing(PricedMonth(budget=5.1, **of)) == {}

    @pytest.mark.parametrize("silent_h", [1, 61, 73, 24 * 8 + 13, 24 * 10])
    def test_days_that_nobody_read_do_not_silence_it(self, firing: Firing, silent_h: int) -> None:
        """What is not read is taken to be as usual, 2.40 a day: the nine days so, and today with 0.50 and 1.30, 89.90.

        (If an hour of today is not read, 1.20 of thirteen hours become 1.11, and 0.10: 89.81.)
        """
        assert firing(PricedMonth(budget=89.8, silent_h=silent_h)) == self.over("89.8")
        assert firing(PricedMonth(budget=89.95, silent_h=silent_h)) == {}

    @pytest.mark.parametrize(
        ("end_days", "under", "over"),
        # 27.80 so far, and 11/24 of 2.40 of today: 28.90. Nine and a half days more owe 4.75 and 22.80: 56.45.
        # Of today alone six hours less: 28.30. Or all that are left: 27.80.
        [(10.0, 28.85, 28.95), (19.5, 56.4, 56.5), (9.75, 28.25, 28.35), (9 + 13 / 24, 27.75, 27.85)],
    )
    def test_a_month_is_judged_to_the_end_of_the_contract(
        self, firing: Firing, end_days: float, under: float, over: float
    ) -> None:
        assert firing(PricedMonth(budget=under, end_days=end_days)) == self.over(f"{under:g}")
        assert firing(PricedMonth(budget=over, end_days=end_days)) == {}

    def test_a_contract_that_ended_is_judged_by_what_it_came_to(self, firing: Firing) -> None:
        """A day ago, by noon and an hour: 27.80."""
        ended = {"end_days": 9 + 13 / 24, "last_priced_h": 24}
        assert firing(PricedMonth(budget=27.7, **ended)) == self.over("27.7")
        assert firing(PricedMonth(budget=27.9, **ended)) == {}

    def test_two_days_say_nothing_of_thirty(self, firing: Firing) -> None:
        """Nor one and none. On the third day it is told, and whatever the budget is."""
        for days in (0, 1):
            assert firing(PricedMonth(budget=1.0, days_over=days)) == {}
        assert firing(PricedMonth(budget=1.0, days_over=2)) == self.over("1")

    def test_what_is_priced_no_more_is_not_told(self, firing: Firing) -> None:
        """That the timer does not run is another fault."""
        assert firing(PricedMonth(budget=10.0, last_priced_h=48)) == {}

    def test_the_budget_of_the_month_before_is_gone(self, firing: Firing) -> None:
        assert firing(PricedMonth(earlier_budget=10.0)) == {}

    def test_an_income_has_no_budget(self, firing: Firing) -> None:
        assert firing(PricedMonth(budget=10.0, direction="export")) == {}
