"""A meter that renews its values every ten seconds, so that nothing of it is read oftener, on a virtual clock.

| fault | test |
|---|---|
| beside another meter it says nothing for half a minute after the start | test_it_is_read_from_the_first_second_on |
| ... or after it was away | test_it_is_read_as_soon_as_it_is_back |
| once something of it was cut, it is asked for its shortest row in every second for good | test_what_it_takes_in_pieces_is_read_every_ten_seconds |
| the plan reckons with a sweep of 0 ms in every second | test_plan_command.py: test_a_meter_of_which_nothing_moves_takes_no_sweep |
| `run` tells of one that takes 0 s | test_rota.py: test_a_slow_read_that_fills_a_second_is_told |
"""

from collections import Counter

import pytest

from test_many_meters import Live, after
from virtual import Street


@pytest.fixture
def street() -> Street:
    street = Street("sbc=sbc-ale3@1", "ws=bg-etech-ws100@2", is_wire=True)
    for mate in street.meters.values():
        mate.behaves = after(0.05)
    return street


def test_it_is_read_from_the_first_second_on(live: Live, street: Street) -> None:
    seen = live(street, 61)
    assert seen["ws"].slots() == list(range(1, 62))
    powers = [slot for slot in seen["sbc"].slots() if "power_w" in seen["sbc"].fields[slot]]
    assert powers[0] <= 2
    assert len(powers) >= 6


def test_it_is_read_as_soon_as_it_is_back(live: Live, street: Street) -> None:
    def before(slot: int) -> None:
        street["sbc"].is_on = not 20 <= slot < 40

    assert [slot for slot in live(street, 80, before)["sbc"].slots() if 40 <= slot <= 70]
    assert len(street["sbc"].heard) < 40


def test_what_it_takes_in_pieces_is_read_every_ten_seconds(live: Live, street: Street) -> None:
    """A variant that is silent to more than ten registers."""
    street["sbc"].behaves = lambda ask: [(0.05, ask.reply())] if ask.count <= 10 else []
    seen = live(street, 120)["sbc"]
    given = Counter(field for slot in seen.slots(60, 119) for field in seen.fields[slot])
    assert set(given) == {row.field for row in street["sbc"].meter.model.rows}
    assert min(given.values()) >= 5
    assert len([ask for ask in street["sbc"].heard if ask.slot >= 60]) <= 40
