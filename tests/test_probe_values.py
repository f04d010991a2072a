"""Whether values obey the documentation of their registers: what a probe checks, as functions of values.

| fault                                                | test                                                     |
|------------------------------------------------------|----------------------------------------------------------|
| a sum that does not hold is called right             | test_a_wrong_value_is_found                              |
| a product, a sign or a range is not looked at        | test_a_wrong_value_is_found                              |
| values that are right are called wrong               | test_values_of_one_load_obey_all, by rounding as well    |
| what was not read is counted as zero                 | test_what_was_not_read_is_not_checked                    |
| one reading in the middle of a change decides        | test_what_most_readings_say_holds                        |
| a meter that gives no sign is not told               | test_the_sign_is_checked_where_there_is_one              |
"""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattline.meters import load_models
from wattline.probe.values import check
from wattline.registers import Decoded

MODELS = load_models()
THREE, ONE = MODELS["eastron-sdm630"], MODELS["orno-we515"]
LINES = ("l1", "l2", "l3")


def three_phases(volts: float, amperes: float, factor: float) -> dict[str, float]:
    """What a meter with three lines of one load each shows."""
    watts, voltamperes = volts * amperes * factor, volts * amperes
    reactive = math.sqrt(max(0.0, voltamperes**2 - watts**2))
    values = {}
    for line in LINES:
        values |= {
            f"voltage_{line}_v": volts,
            f"current_{line}_a": amperes,
            f"power_{line}_w": watts,
            f"apparent_power_{line}_va": voltamperes,
            f"reactive_power_{line}_var": reactive,
            f"power_factor_{line}": factor,
        }
    return values | {
        "voltage_v": volts,
        "current_a": 3 * amperes,
        "power_w": 3 * watts,
        "apparent_power_va": 3 * voltamperes,
        "reactive_power_var": 3 * reactive,
        "power_factor": factor,
        "energy_import_kwh": 900.5,
        "energy_export_kwh": 99.5,
        "energy_total_kwh": 1000.0,
    }


def rounded(model, values):
    decimals = {row.field: row.decimals for row in model.rows}
    return {name: round(value, decimals[name]) for name, value in values.items() if name in decimals}


def wrong(model, *readings) -> list[str]:
    """The claims that do not hold."""
    decoded = [{0: Decoded(rounded(model, values), {})} for values in readings]
    return [found.claim for found in check(model, decoded) if not found.holds]


@given(st.floats(90, 290), st.floats(0, 90), st.floats(-1, 1))
def test_values_of_one_load_obey_all(volts, amperes, factor):
    assert wrong(THREE, three_phases(volts, amperes, factor)) == []


@pytest.mark.parametrize(
    ("name", "value", "claim"),
    [
        ("power_w", 1500, "`power_w` = `power_l1_w` + `power_l2_w` + `power_l3_w`"),
        ("current_a", 1.0, "`current_a` = `current_l1_a` + `current_l2_a` + `current_l3_a`"),
        ("voltage_v", 690, "`voltage_v` = (`voltage_l1_v` + `voltage_l2_v` + `voltage_l3_v`) / 3"),
        ("power_factor", 0.5, "|`power_w`| = |`apparent_power_va` · `power_factor`|"),
        ("power_factor_l2", 0.5, "|`power_l2_w`| = |`voltage_l2_v` · `current_l2_a` · `power_factor_l2`|"),
        ("apparent_power_l3_va", 900, "`apparent_power_l3_va` = √(`power_l3_w`² + `reactive_power_l3_var`²)"),
        ("power_factor_l1", -0.9, "`power_factor_l1` has the sign of `power_l1_w`"),
        ("energy_total_kwh", 801.0, "`energy_total_kwh` = `energy_import_kwh` + `energy_export_kwh`"),
        ("energy_total_kwh", 1000.02, "`energy_total_kwh` = `energy_import_kwh` + `energy_export_kwh`"),
    ],
)
def test_a_wrong_value_is_found(name, value, claim):
    right = three_phases(230, 2, 0.9)

    assert wrong(THREE, right) == []
    assert claim in wrong(THREE, right | {name: value})


def test_tariffs_are_summed():
    values = {"energy_total_kwh": 10.0} | {f"energy_total_t{n}_kwh": n for n in (1, 2, 3, 4)}

    assert wrong(ONE, values) == []
    assert len(wrong(ONE, values | {"energy_total_kwh": 9.0})) == 1


def test_a_value_out_of_range_is_found():
    (found,) = check(ONE, [{0: Decoded({"voltage_v": 230.0}, {"frequency_hz": 0.0})}])

    assert (found.holds, found.detail) == (False, "`frequency_hz` = 0 Hz")


@pytest.mark.parametrize("missing", ["power_l2_w", "energy_export_kwh", "voltage_l1_v"])
def test_what_was_not_read_is_not_checked(missing):
    values = three_phases(230, 2, 0.9)
    del values[missing]

    decoded = [{0: Decoded(rounded(THREE, values), {})}]
    assert all(found.holds for found in check(THREE, decoded))
    assert not any(f"`{missing}`" in found.claim for found in check(THREE, decoded))


def test_nothing_read_is_nothing_checked():
    assert check(ONE, []) == []
    assert check(ONE, [{}]) == []


def test_what_most_readings_say_holds():
    right = three_phases(230, 2, 0.9)
    between = right | {"power_w": 3000.0}

    assert wrong(THREE, right, between, right) == []
    assert len(wrong(THREE, between, right, between)) == 2


def test_the_sign_is_checked_where_there_is_one():
    giving = three_phases(230, 2, -0.9)
    claims = [found.claim for found in check(THREE, [{0: Decoded(rounded(THREE, giving), {})}])]

    assert "Power is negative while energy is given" in claims
    assert not any(
        claim.startswith("Power is")
        for claim in [
            found.claim for found in check(THREE, [{0: Decoded(rounded(THREE, three_phases(230, 2, 0.9)), {})}])
        ]
    )
    unsigned = next(model for model in MODELS.values() if model.sign == "unsigned" and model.phases == 1)
    assert wrong(unsigned, {"power_w": -100.0}) == ["Power is never negative"]
