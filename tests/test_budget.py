"""What is promised of a line before anything was measured on it. What ``wattline plan`` tells is in ``test_plan_command.py``.

| fault                                                            | test                                              |
|------------------------------------------------------------------|---------------------------------------------------|
| the slow reads of a slow meter grow too long for what is left    | test_a_slow_meter_has_short_slow_reads_all_the_same |
| the patience with a lost reply is left out, or counted twice     | test_a_lost_reply_costs_what_is_waited_beyond_the_usual |
| a meter that is read every ten seconds counts as ten             | test_a_meter_that_is_read_rarely_takes_its_share  |
| what is learnt makes a round longer than what is proven          | test_no_bus_is_read_more_rarely_for_what_was_learnt |
| more meters are said to fit than have turns of one slot          | test_as_many_meters_fit_as_are_read_in_every_slot |
"""

import random

import pytest

from wattline.budget import Budget, budget_of, line_of
from wattline.bus.latency import patience_s
from wattline.meters import Model, load_models

MODELS = load_models()
MODEL = MODELS["orno-we515"]


WERE_RARER = [
    ["schneider-iem2150", "chint-dtsu666", "orno-we516", "eastron-sdm630"],
    ["orno-we517", "noark-ex9em", "eastron-sdm120", "carlo-gavazzi-em111"],
    ["siemens-pac2200", "orno-we517", "lovato-dmg610", "garo-gnm3d"],
    ["eastron-sdm72-v2", "carlo-gavazzi-em24", "orno-we516"],
]


def budget(turnaround_s: float = 0.02, *, proven: bool = False) -> Budget:
    return budget_of(MODEL, MODEL.settings, turnaround_s, proven=proven)


@pytest.mark.parametrize("turnaround_s", [0.005, 0.02, 0.2])
def test_a_slow_meter_has_short_slow_reads_all_the_same(turnaround_s: float) -> None:
    """Each has to fit beside what moves: a turnaround that is saved is no reason for twenty registers that nobody wants."""
    slow = [read.span.count for read in budget(turnaround_s).reads if read.is_slow]
    fast = [read.span.count for read in budget(turnaround_s).reads if not read.is_slow]
    assert (slow, fast) == ([10, 10], [41])


@pytest.mark.parametrize("turnaround_s", [0.005, 0.02, 0.2])
def test_a_lost_reply_costs_what_is_waited_beyond_the_usual(turnaround_s: float) -> None:
    assert budget(turnaround_s).spare_s == pytest.approx(patience_s(turnaround_s) - turnaround_s)
    assert budget(turnaround_s).load.spare_s == budget(turnaround_s).spare_s
    assert budget(0.02).spare_s == pytest.approx(0.04)


@pytest.mark.parametrize(
    ("number", "interval_s", "fits"), [(6, 1, True), (7, 1, False), (25, 10, True), (40, 10, False)]
)
def test_a_meter_that_is_read_rarely_takes_its_share(number: int, interval_s: int, *, fits: bool) -> None:
    """Of what moves, a tenth if it is read every ten seconds; the energies are read as often all the same."""
    one = budget()
    line = line_of([one] * number, [interval_s] * number, 1)
    assert line.fits is fits
    assert line.costs_s[0] == pytest.approx(one.fast_s / interval_s + one.slow_s / 10)


@pytest.mark.parametrize("model", MODELS.values(), ids=lambda model: model.name)
@pytest.mark.parametrize("proven", [True, False], ids=["proven", "all"])
def test_as_many_meters_fit_as_are_read_in_every_slot(model: Model, *, proven: bool) -> None:
    one = budget_of(model, model.settings, 0.02, proven=proven)
    number = one.fits(1)
    most, more = (line_of([one] * meters, [1] * meters, 1) for meters in (number, number + 1))
    assert most.round_s == 1
    assert most.fits or not number
    assert not more.fits


def test_no_bus_is_read_more_rarely_for_what_was_learnt() -> None:
    """Of 100 by chance, and of those that once were: a long slow read is cut, or it would have to be left room for."""
    dice = random.Random(1)
    buses = [dice.sample(sorted(MODELS), dice.choice((2, 3, 4))) for _ in range(100)] + WERE_RARER
    for names in buses:
        lines = [
            line_of(
                [budget_of(MODELS[name], MODELS[name].settings, 0.02, proven=proven) for name in names],
                [1] * len(names),
                1,
            )
            for proven in (False, True)
        ]
        assert lines[0].round_s <= lines[1].round_s, names
