"""How much a line loses by chance.

| fault                                        | test                                              |
|----------------------------------------------|---------------------------------------------------|
| a single loss makes a bad line               | test_a_single_loss_makes_no_bad_line              |
| what a meter never answers counts as lost    | test_what_was_answered_in_the_end_was_lost_before |
| a bad hour counts for ever                   | test_what_was_long_ago_is_forgotten               |
"""

import pytest

from wattline.bus.losses import FEWEST, LOOKED_AT, Losses


def after(*in_vain: int) -> Losses:
    losses = Losses()
    for times in in_vain:
        losses.answered(times)
    return losses


def test_a_single_loss_makes_no_bad_line() -> None:
    assert after().share == 0
    assert after(1).share == 1 / FEWEST == 0.05


@pytest.mark.parametrize(
    ("in_vain", "share"), [([0] * 40, 0), ([1] * 40, 0.5), ([0, 0, 1] * 10, 0.25), ([2] * 20, 2 / 3)]
)
def test_what_was_answered_in_the_end_was_lost_before(in_vain: list[int], share: float) -> None:
    assert after(*in_vain).share == pytest.approx(share, abs=0.02)


def test_what_was_long_ago_is_forgotten() -> None:
    assert after(*[1] * LOOKED_AT, *[0] * LOOKED_AT).share == 0
