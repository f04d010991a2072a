"""Replies that a gateway sends twice: on a virtual line, the second up to a quarter of a second later.

| fault | test |
|---|---|
| a copy is taken for the answer to the next question | test_a_copy_is_nobodys_answer |
| ... or keeps what is sound from being asked | the same |
| values that are equal are waited for, or not believed | test_equal_values_of_a_meter_that_is_read_row_by_row_come_every_second |
"""

import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from virtual import Ask, Replies, Seen, Street

Live = Callable[..., dict[str, Seen]]


def twice(seed: int, share: float) -> Callable[[Ask], Replies]:
    dice = random.Random(seed)

    def behaves(ask: Ask) -> Replies:
        turnaround_s, reply = dice.uniform(0.02, 0.04), ask.reply()
        copies = [(turnaround_s + dice.uniform(0.02, 0.25), reply)] if dice.random() < share else []
        return [(turnaround_s, reply), *copies]

    return behaves


@pytest.mark.parametrize("share", [0.02, 0.1, 0.3])
@pytest.mark.parametrize(
    "words",
    [["m=ddm18sd@1"], ["a=orno-we515@1", "s=eastron-sdm120@2,baud=9600,parity=E", "d=hiking-dds238-2@3,parity=E"]],
    ids=["row by row", "three makes"],
)
def test_a_copy_is_nobodys_answer(live: Live, words: list[str], share: float) -> None:
    street = Street(*words)
    for number, mate in enumerate(street.meters.values()):
        mate.behaves = twice(number, share)
    for name, seen in live(street, 140).items():
        assert seen.wrong == [], name
        assert len(seen.slots(1, 140)) >= 135, name


def test_equal_values_of_a_meter_that_is_read_row_by_row_come_every_second(live: Live) -> None:
    """All of its eight rows say the same, for ever."""
    street = Street("m=ddm18sd@1")
    (mate,) = street.meters.values()
    rows = mate.meter.model.rows
    whole = {register: 0x4270 if register % 2 == 0 else 0 for row in rows for register in range(row.address, row.end)}
    mate.behaves = lambda ask: [(0.03, replace(ask, image=lambda _second: whole).reply())]
    seen = live(street, 60)["m"]
    assert seen.health["timeouts"] == 0
    assert seen.health["round_trip_ms"] < 60
