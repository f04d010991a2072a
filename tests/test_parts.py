"""What is read of one meter at once, and what becomes of it when a part is cut.

| fault                                                          | test                                          |
|----------------------------------------------------------------|-----------------------------------------------|
| a row is lost, or read twice, when a part is cut               | test_cutting_loses_no_row                     |
| a cut part is asked for on                                     | test_pieces_take_the_place_of_what_was_cut    |
| ... or its pieces in the lengths of the whole                  | the same                                      |
| energies are read every second once their part was cut         | test_pieces_of_what_can_wait_can_wait         |
| ... or what moves waits, since its neighbour can               | the same                                      |
"""

from dataclasses import replace

import pytest

from wattline.bus.parts import Parts
from wattline.meters import Block, Model, load_models
from wattline.plan import Span

MODELS = load_models()
SDM120 = MODELS["eastron-sdm120"]


def rows(parts: Parts, model: Model) -> list[str]:
    return sorted(row.field for part in parts.values() for row in model.rows_of(part))


@pytest.mark.parametrize("model", MODELS.values(), ids=lambda model: model.name)
def test_cutting_loses_no_row(model: Model) -> None:
    """Down to single rows; each is carried by the part that lies there."""
    parts = Parts(model)
    every = rows(parts, model)
    while cuttable := [part for part in parts.values() if parts.halves(part)]:
        pieces = parts.cut(cuttable[0])
        assert [parts[piece.address] for piece in pieces] == list(pieces)
        assert rows(parts, model) == every
    assert all(len(parts.fields(part)) == 1 for part in parts.values())
    assert parts.lengths.keys() >= parts.keys()


def test_pieces_take_the_place_of_what_was_cut() -> None:
    parts = Parts(SDM120)
    whole = max(parts.values(), key=lambda part: part.count)
    one, other = parts.cut(whole)
    assert whole not in parts.values()
    assert parts.within(Span(whole.address, whole.count)) == [one, other]
    assert [parts.lengths[piece.address].usable[0] <= piece.count for piece in (one, other)] == [True, True]


def test_pieces_of_what_can_wait_can_wait() -> None:
    """And what moves does not, whatever it was read with."""
    fast, slow = SDM120.rows[0], replace(SDM120.rows[0], pace="slow")
    fields = ["voltage_v", "energy_import_kwh", "energy_export_kwh", "current_a", "power_w"]
    paces = [fast, slow, slow, fast, fast]
    table = tuple(
        replace(row, field=field, address=2 * number)
        for number, (field, row) in enumerate(zip(fields, paces, strict=True))
    )
    counters = tuple(
        replace(slow, field=field, address=100 + 2 * number)
        for number, field in enumerate(["energy_total_kwh", "reactive_energy_total_kvarh"])
    )
    parts = Parts(replace(SDM120, rows=table + counters, blocks=(Block(0, 10), Block(100, 4))))
    while cuttable := [part for part in parts.values() if parts.halves(part)]:
        parts.cut(cuttable[0])
    can_wait = {parts.fields(part)[0] for part in parts.values() if parts.can_wait(part)}
    assert can_wait == {
        "energy_import_kwh",
        "energy_export_kwh",
        "energy_total_kwh",
        "reactive_energy_total_kvarh",
    }
