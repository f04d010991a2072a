"""Current transformers and turned-round meters: a change of the table, and nothing but that.

| fault | test |
|---|---|
| a value of the current's is not multiplied, or one that is not the current's is | test_a_ratio_multiplies_what_depends_on_current_and_nothing_else |
| the ratio comes in through floats, and values are a little off | test_a_multiplied_value_is_exact |
| a ratio invents digits, or takes some away | test_the_decimals_follow_the_ratio |
| what the meter can measure is thrown away behind transformers | test_what_was_plausible_still_is |
| a ratio of one changes the table | test_a_ratio_of_one_changes_nothing |
| a turned meter keeps a sign, or loses one that it must keep | test_turning_changes_these_signs_and_no_others |
| what was imported stays imported | test_turning_exchanges_the_directions |
| a meter that is turned twice is another meter | test_turning_twice_is_turning_never |
| a plausible value is left out when it is turned | test_a_turned_value_is_as_plausible_as_before |
| blocks, identity or name change with it | test_nothing_but_the_rows_changes |
"""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import assume, given, reject
from hypothesis import strategies as st

from wattline.fields import ELECTRICITY_FIELDS
from wattline.installation import behind_transformers, turned_round
from wattline.meters import load_models
from wattline.registers import Encoding, Row, decode

MODELS = load_models()
MODEL = MODELS["orno-we515"]
ROWS = [(name, number) for name, model in MODELS.items() for number in range(len(model.rows))]
RATIOS = st.sampled_from([0.5, 1.5, 2, 12.5, 20, 40, 100, 33.333333, 200 / 3, 1000])
OF_CURRENT = ("current_a", "power_w", "reactive_power_var", "apparent_power_va")
OF_CURRENT += tuple(f"current_l{n}_a" for n in (1, 2, 3))


def row_of(model, field):
    return next(row for row in model.rows if row.field == field)


def said(row: Row, raw: float) -> float | None:
    """What a meter means by ``raw`` in ``row``; None when that is implausible."""
    return decode([row], row.address, row.encoding.pack(raw)).values.get(row.field)


@st.composite
def plausible(draw):
    """A model, the number of one of its rows, and a raw number that it takes for possible."""
    name, number = draw(st.sampled_from(ROWS))
    row = MODELS[name].rows[number]
    value = draw(st.floats(row.low, row.high))
    try:
        # As the registers hold it: a float of 32 bits is not the one that it was.
        raw = row.encoding.unpack(row.encoding.pack(row.raw(value)))
    except OverflowError:
        reject()
    assume(said(row, raw) is not None)
    return MODELS[name], number, raw


# Current transformers.


def test_a_ratio_multiplies_what_depends_on_current_and_nothing_else():
    """By hand: 200 A to 5 A is 40."""
    scales = {row.field: row.scale for row in behind_transformers(MODEL, 40).rows}

    assert scales["frequency_hz"] == scales["voltage_v"] == 0.01
    assert scales["power_factor"] == 0.001
    assert scales["current_a"] == 0.04
    assert (scales["power_w"], scales["reactive_power_var"], scales["apparent_power_va"]) == (40, 40, 40)
    energies = [scale for field, scale in scales.items() if "energy" in field]
    assert energies == [0.4] * 10


@pytest.mark.parametrize("name", MODELS)
def test_every_model_is_multiplied_by_unit(name):
    ranges = zip(MODELS[name].rows, behind_transformers(MODELS[name], 40).rows, strict=True)
    for before, after in ranges:
        if ELECTRICITY_FIELDS[before.field].unit in {"A", "W", "var", "VA", "kWh", "kvarh"}:
            assert (after.low, after.high) == (40 * before.low, pytest.approx(40 * before.high, rel=1e-12))
            assert Fraction(str(after.scale)) == 40 * Fraction(str(before.scale))
        else:
            assert after == before


@pytest.mark.parametrize(
    ("ratio", "raw", "field", "value"),
    [
        # 1.234 A x 40, and 40 x 0.1 kWh: binary floats would give 49.36000000000001 and 0.4000000000000001.
        (40, 1234, "current_a", 49.36),
        (12, 3, "current_a", 0.036),
        # 3 W x 0.1 is 0.3 W, where 3 * 0.1 is 0.30000000000000004.
        (0.1, 3, "power_w", 0.3),
        (33.3333, 100, "power_w", 3333.33),
        (40, 123456, "energy_total_kwh", 49382.4),
    ],
)
def test_a_multiplied_value_is_exact(ratio, raw, field, value):
    row = row_of(behind_transformers(MODEL, ratio), field)
    assert round(said(row, raw), row.decimals) == value


@given(plausible(), RATIOS)
def test_what_was_plausible_still_is(case, ratio):
    model, number, raw = case
    before, after = model.rows[number], behind_transformers(model, ratio).rows[number]
    value = said(after, raw)

    assert value is not None
    is_of_current = ELECTRICITY_FIELDS[before.field].unit in {"A", "W", "var", "VA", "kWh", "kvarh"}
    exact = Fraction(raw) * Fraction(str(before.scale)) * (Fraction(str(ratio)) if is_of_current else 1)
    assert abs(Fraction(value) - exact) <= Fraction(1, 10**after.decimals) + abs(exact) / 10**12


@pytest.mark.parametrize(
    ("ratio", "decimals"),
    # 0.001 A and 0.01 kWh: as many as the product has, two more at most.
    [(1, (3, 2)), (40, (2, 1)), (100, (1, 0)), (1000, (0, 0)), (1.5, (4, 3)), (33.333333, (5, 4)), (0.5, (4, 3))],
)
def test_the_decimals_follow_the_ratio(ratio, decimals):
    model = behind_transformers(MODEL, ratio)
    assert (row_of(model, "current_a").decimals, row_of(model, "energy_total_kwh").decimals) == decimals


def test_a_float_keeps_its_decimals():
    model = MODELS["eastron-sdm630"]
    for before, after in zip(model.rows, behind_transformers(model, 33.3).rows, strict=True):
        assert after.decimals == before.decimals


@pytest.mark.parametrize("name", MODELS)
def test_a_ratio_of_one_changes_nothing(name):
    assert behind_transformers(MODELS[name], 1) == MODELS[name]


# Turned round.


def test_turning_changes_these_signs_and_no_others():
    turned = {row.field: row for row in turned_round(MODEL).rows}

    for row in MODEL.rows:
        is_turned = row.field in {"power_w", "reactive_power_var", "power_factor"}
        assert turned[row.field].scale == (-row.scale if is_turned else row.scale)
    assert (said(turned["power_w"], 1500), said(turned["power_w"], -1500)) == (-1500, 1500)
    assert said(turned["apparent_power_va"], 1500) == 1500
    assert said(turned["current_a"], 1500) == 1.5


def test_a_current_with_a_sign_is_turned_too():
    signed = Row(0, Encoding.I32, 0.001, "current_l1_a", -100, 100)
    model = replace(MODEL, rows=(signed, Row(2, Encoding.U32, 0.001, "current_l2_a", 0, 100)))

    assert [row.scale for row in turned_round(model).rows] == [-0.001, 0.001]


def test_turning_exchanges_the_directions():
    model = MODELS["eastron-sdm120"]
    before = {row.address: row.field for row in model.rows}
    after = {row.address: row.field for row in turned_round(model).rows}

    changed = {before[address]: after[address] for address in before if before[address] != after[address]}
    assert changed["energy_import_kwh"] == "energy_export_kwh"
    assert changed["energy_export_kwh"] == "energy_import_kwh"
    assert changed["reactive_energy_import_kvarh"] == "reactive_energy_export_kvarh"
    assert "energy_total_kwh" not in changed


@pytest.mark.parametrize("name", MODELS)
def test_turning_twice_is_turning_never(name):
    assert turned_round(turned_round(MODELS[name])) == MODELS[name]


@pytest.mark.parametrize("name", MODELS)
def test_nothing_but_the_rows_changes(name):
    model = MODELS[name]
    for changed in (turned_round(model), behind_transformers(model, 40)):
        assert replace(changed, rows=model.rows, ratio=1.0) == model
        assert [(row.address, row.encoding, row.pace) for row in changed.rows] == [
            (row.address, row.encoding, row.pace) for row in model.rows
        ]
        assert len({row.field for row in changed.rows}) == len(changed.rows)
        assert {row.field for row in changed.rows} <= ELECTRICITY_FIELDS.keys()


@given(plausible())
def test_a_turned_value_is_as_plausible_as_before(case):
    model, number, raw = case
    before, after = model.rows[number], turned_round(model).rows[number]

    value = said(after, raw)
    assert value in {said(before, raw), -said(before, raw)}
    assert (value == said(before, raw)) == (after.scale == before.scale or value == 0)


@given(plausible(), RATIOS)
def test_a_meter_behind_transformers_can_be_turned_in_either_order(case, ratio):
    model, number, raw = case
    one = behind_transformers(turned_round(model), ratio).rows[number]
    other = turned_round(behind_transformers(model, ratio)).rows[number]

    assert one == other
    assert said(one, raw) == said(other, raw)
