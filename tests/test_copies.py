"""Replies that a gateway sends twice: on a virtual line, the second up to a quarter of a second later.

| fault | test |
|---|---|
| a copy is taken for the answer to the next question | test_a_copy_is_nobodys_answer |
| ... or keeps what is sound from being asked | the same |
| ... or is believed since the answer itself is lost | test_a_copy_is_nobodys_answer_though_the_answer_is_lost |
| ... or is late | test_late_lost_and_doubled_replies_at_once_give_no_wrong_value |
| values that are equal are waited for, or not believed | test_equal_values_of_a_meter_that_is_read_row_by_row_come_every_second |
"""

import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from virtual import Ask, Replies, Seen, Street, unaccounted
from wattline.bus.learning import Trying

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
    assert seen.health["doubtful_replies"] > 0, "those that are the same as one just before"
    assert unaccounted(seen.health) == 0


@pytest.mark.parametrize("word", ["m=ddm18sd@1", "m=orno-we515@1"])
def test_a_copy_is_nobodys_answer_though_the_answer_is_lost(live: Live, word: str) -> None:
    """Five times a reply of two registers comes twice, and that to the next question not at all."""
    street = Street(word)
    (mate,) = street.meters.values()
    copied: set[int] = set()
    lost: set[int] = set()

    def behaves(ask: Ask) -> Replies:
        if ask.slot in copied - lost:
            lost.add(ask.slot)
            return []
        if ask.slot in {20, 40, 60, 80, 100} - copied and ask.count == 2:
            copied.add(ask.slot)
            return [(0.03, ask.reply()), (0.08, ask.reply())]
        return [(0.03, ask.reply())]

    mate.behaves = behaves
    seen = live(street, 120, trying=Trying.NOTHING)["m"]
    assert copied == lost == {20, 40, 60, 80, 100}
    assert seen.wrong == []
    assert len(seen.slots(1, 120)) >= 105


@pytest.mark.timeout(60)
@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("trying", [Trying.ALL, Trying.NOTHING], ids=["all", "proven"])
def test_late_lost_and_doubled_replies_at_once_give_no_wrong_value(live: Live, seed: int, trying: Trying) -> None:
    """Two meters of one address and speed, that a parity tells apart."""
    street = Street("a=orno-we515@1", "b=orno-we515@1,parity=N")
    for number, mate in enumerate(street.meters.values()):
        dice = random.Random(10 * seed + number)

        def behaves(ask: Ask, dice: random.Random = dice) -> Replies:
            chance, turnaround_s = dice.random(), dice.uniform(0.02, 0.05)
            turnaround_s = dice.uniform(0.3, 1.5) if chance < 0.03 else turnaround_s
            copies = [(turnaround_s + dice.uniform(0.03, 0.4), ask.reply())] if dice.random() < 0.1 else []
            return [] if chance > 0.97 else [(turnaround_s, ask.reply()), *copies]

        mate.behaves = behaves
    for name, seen in live(street, 140, trying=trying).items():
        assert [said for said in seen.wrong if "energy" not in said] == [], name
        assert len(seen.slots(1, 140)) >= 70, name
