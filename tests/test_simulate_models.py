"""The simulator plays every meter that a table can describe: each field, encoding, function, hole and gap.

Tables are made by hand here, and every table of the library is played as well, so that a new one is covered.

| fault                                                     | test                                                  |
|-----------------------------------------------------------|-------------------------------------------------------|
| a field of the vocabulary is never simulated              | test_every_field_of_the_vocabulary_comes_out          |
| a table of the library cannot be played                   | test_each_part_of_each_model_is_answered_plausibly    |
| lines and whole contradict each other                     | test_the_lines_and_the_whole_agree                    |
| two lines are alike, so that one may stand for the other  | test_no_line_is_like_another                          |
| the sun gives nothing, or at night                        | test_around_noon_a_solar_house_gives                  |
| counters of a line, a tariff or a direction do not count  | test_counters_integrate_the_power_of_each_line        |
| parts of a counter do not add up on the display           | test_the_parts_of_a_counter_add_up                    |
| ... or its tariffs do not, where a model has two of them  | test_the_tariffs_that_a_model_has_add_up_to_its_whole |
| an encoding lies otherwise in registers                   | test_each_encoding_lies_in_registers_as_struct_...    |
| truth and reader read the same registers differently      | test_the_truth_is_what_the_reader_decodes             |
| no value is shown as a value                              | test_a_value_that_the_meter_has_not_is_its_sentinel   |
| a meter without a sign, or a small one, ends the thread   | test_a_meter_without_a_sign..., test_a_small_meter... |
| another function answers, or the identity is lost         | test_functions_..., test_the_identity_...             |
| a hole is read, a read is too long                        | test_a_hole_is_refused_..., test_a_read_longer_...    |
| a gap is answered otherwise than asked for                | test_a_gap_is_... one for each kind                   |
"""

import struct
from collections.abc import Callable
from dataclasses import asdict, replace
from itertools import pairwise
from math import hypot, isfinite, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymodbus.framer import FramerRTU

from wattline.fields import ELECTRICITY_FIELDS, LINES, TARIFFS
from wattline.meters import Block, Identity, Model, load_models
from wattline.plan import parts_of
from wattline.registers import Encoding, Row, decode
from wattline.simulate import roof
from wattline.simulate.bus import Bus, Clock, Scenario
from wattline.simulate.display import number, registers_of, shown
from wattline.simulate.electricity import LOADS, electricity
from wattline.simulate.frames import parse
from wattline.simulate.gaps import GAPS
from wattline.simulate.image import Answer, SimulatedMeter
from wattline.simulate.quantities import gauges
from wattline.simulate.truth import Truth
from wattline.words import Meter

DAY_S = 86_400
START_S = 20_782 * DAY_S
NOON_S = START_S + 13 * 3600
ONE_LINE = [name for name in ELECTRICITY_FIELDS if not set(name.split("_")) & LINES.keys()]
EVERY_FIELD = list(ELECTRICITY_FIELDS)
MODELS = load_models()
COUNTERS = [name for name, field in ELECTRICITY_FIELDS.items() if field.kind == "counter"]
FORMATS = {
    Encoding.U16: ">H",
    Encoding.I16: ">h",
    Encoding.U32: ">I",
    Encoding.I32: ">i",
    Encoding.U64: ">Q",
    Encoding.I64: ">q",
    Encoding.F32: ">f",
    Encoding.F64: ">d",
}


def table(*rows: Row, **changes) -> Model:
    """A meter with these rows and nothing else."""
    plain = {"blocks": (), "documented": (), "identity": None, "verified": False, "function": 4}
    return replace(load_models()["orno-we515"], name="made", title="Made by hand", rows=rows, **(plain | changes))


def floats(*fields: str, **changes) -> Model:
    """A meter that shows ``fields`` as floats of 64 bits, one after the other."""
    rows = [Row(4 * n, Encoding.F64, 1, field, -1e9, 1e9, decimals=6) for n, field in enumerate(fields)]
    return table(*rows, **changes)


def simulated(model: Model, load: str = "house", at_s: float = NOON_S, **options) -> SimulatedMeter:
    return SimulatedMeter(Meter("m", model, 1, model.settings), load, 1, options.pop("share", 0), at_s, **options)


def ask(meter: SimulatedMeter, first: int, count: int, function: int = 4, at_s: float = NOON_S) -> Answer:
    return meter.answer(parse(struct.pack(">BBHHxx", 1, function, first, count)), at_s)


def display(meter: SimulatedMeter, at_s: float = NOON_S) -> dict[str, float]:
    """All that the meter shows, from as many reads as it takes."""
    values: dict[str, float] = {}
    for row in meter.meter.model.rows:
        answer = ask(meter, row.address, row.encoding.count, meter.meter.model.function, at_s)
        values |= answer.values
    return values


# What is measured.


@pytest.mark.parametrize("load", LOADS)
@pytest.mark.parametrize("fields", [ONE_LINE, EVERY_FIELD], ids=["one line", "three lines"])
def test_every_field_of_the_vocabulary_comes_out(fields, load):
    meter = simulated(floats(*fields), load)

    assert display(meter).keys() == set(fields)
    assert all(isfinite(value) for value in display(meter).values())


@pytest.mark.parametrize("field", EVERY_FIELD)
def test_a_meter_that_shows_one_field_alone_shows_it(field):
    """Also that of one line, without any of the others."""
    assert display(simulated(floats(field), "random")).keys() == {field}


@pytest.mark.parametrize("load", LOADS)
@pytest.mark.parametrize("name", load_models())
def test_each_part_of_each_model_is_answered_plausibly(name, load):
    """At night, in the evening and at noon: each row has a value that the reader believes, and it is the truth."""
    model = load_models()[name]
    for at_s in (START_S + 3 * 3600, NOON_S, START_S + 18.9 * 3600):
        meter = simulated(model, load, at_s)
        for part in parts_of(model):
            answer = ask(meter, part.address, part.count, model.function, at_s + 60)
            decoded = decode(model.rows, part.address, answer.registers, model.absent)

            assert (answer.refusal, decoded.implausible, decoded.absent) == (0, {}, ())
            assert decoded.values.keys() >= {row.field for row in model.rows_of(part)}
            assert at_their_decimals(model, decoded.values) == answer.values


def at_their_decimals(model: Model, values: dict[str, float]) -> dict[str, float]:
    decimals = {row.field: row.decimals for row in model.rows}
    return {field: round(value, decimals[field]) for field, value in values.items()}


@pytest.mark.parametrize("name", load_models())
def test_the_identity_of_each_model_is_read_with_its_function(name):
    model = load_models()[name]
    if model.identity:
        answer = ask(simulated(model), model.identity.address, 1, model.identity.function or model.function)

        assert answer.registers[0] in model.identity.expected


@pytest.mark.parametrize("load", LOADS)
@pytest.mark.parametrize("share", [0, 1, 2, 3])
def test_the_lines_and_the_whole_agree(load, share):
    """P, Q and I add up; of each line and of the whole S^2 = P^2 + Q^2 and PF = P/S, of each line I = S/U."""
    for second in range(START_S, START_S + DAY_S, 3989):
        g = gauges([electricity(load, 3, second, share, line) for line in (1, 2, 3)])

        for whole, unit in (("power", "w"), ("reactive_power", "var"), ("current", "a")):
            parts = [g[f"{whole}_{line}_{unit}"] for line in LINES]
            assert sum(parts) == pytest.approx(g[f"{whole}_{unit}"], abs=1e-9)
        assert sum(g[f"voltage_{line}_v"] for line in LINES) / 3 == pytest.approx(g["voltage_v"])
        for part in ("", "_l1", "_l2", "_l3"):
            power_w, apparent_va = g[f"power{part}_w"], g[f"apparent_power{part}_va"]
            assert apparent_va == pytest.approx(hypot(power_w, g[f"reactive_power{part}_var"]))
            assert g[f"power_factor{part}"] * apparent_va == pytest.approx(power_w, abs=1e-9)
        for line in LINES:
            assert g[f"current_{line}_a"] * g[f"voltage_{line}_v"] == pytest.approx(g[f"apparent_power_{line}_va"])


def test_the_angle_is_that_of_power_and_reactive_power():
    """Inductive while taking is 0 to 90 degrees, and whoever gives is beyond 90."""
    taking = gauges([electricity("fixed", 1, NOON_S)])
    giving = gauges([electricity("solar", 1, NOON_S, 1)])

    assert taking["phase_angle_degrees"] == pytest.approx(18.195, abs=0.001)  # acos 0.95
    assert giving["phase_angle_degrees"] == pytest.approx(5.732 - 180, abs=0.001)  # acos 0.995


def test_no_line_is_like_another():
    for load in LOADS:
        g = gauges([electricity(load, 1, NOON_S, 0, line) for line in (1, 2, 3)])

        for whole, unit in (("power", "_w"), ("current", "_a"), ("voltage", "_v"), ("voltage_distortion", "_percent")):
            shown_values = {round(g[f"{whole}_{line}{unit}"], 3) for line in LINES}
            assert len(shown_values) == 3 or (load == "ramp" and NOON_S % 100 == 0)


@pytest.mark.parametrize("load", LOADS)
def test_three_lines_take_what_one_line_takes(load):
    if load == "random":
        return
    for second in range(START_S, START_S + DAY_S, 7001):
        three = gauges([electricity(load, 2, second, 0, line) for line in (1, 2, 3)])

        assert three["power_w"] == pytest.approx(electricity(load, 2, second).power_w)


@pytest.mark.parametrize("seed", range(1, 9))
def test_around_noon_a_solar_house_gives_and_at_night_it_takes(seed):
    noon = [electricity("solar", seed, START_S + s).power_w for s in range(12 * 3600, 14 * 3600, 60)]
    night = [electricity("solar", seed, START_S + s).power_w for s in range(0, 5 * 3600, 60)]

    assert sorted(noon)[len(noon) // 2] < -1000
    assert min(night) > 0


def test_the_panels_follow_the_sun():
    watts = [roof.power_w(1, START_S + h * 3600) for h in range(24)]

    assert watts[:7] == 7 * [0]
    assert watts[20:] == 4 * [0]
    assert 0 < watts[7] < watts[10] < max(watts) < 7000
    assert watts[19] < watts[16]


def test_a_solar_houses_meters_are_the_whole_its_panels_and_what_it_takes():
    whole, panels, taken = (electricity("solar", 1, NOON_S, share).power_w for share in (0, 1, 2))

    assert panels < -2000
    assert taken == electricity("house", 1, NOON_S).power_w
    assert panels + taken == pytest.approx(whole)


def test_giving_lifts_the_voltage():
    assert electricity("solar", 1, NOON_S).voltage_v > electricity("house", 1, NOON_S).voltage_v


# What is counted.


@pytest.mark.parametrize(("load", "share"), [("solar", 0), ("solar", 1), ("house", 0), ("random", 2)])
def test_counters_integrate_the_power_of_each_line(load, share):
    """Half an hour, second after second: what is taken into import, what is given into export, each line its own."""
    meter = simulated(floats(*EVERY_FIELD), load, share=share)
    before, after = (meter.values(NOON_S + s) for s in (0, 1800))
    lines = [[electricity(load, 1, NOON_S + s, share, line) for s in range(1800)] for line in (1, 2, 3)]
    expected = {}
    for name, seconds in zip(LINES, lines, strict=True):
        for stem, unit, powers in (
            ("energy", "kwh", [e.power_w for e in seconds]),
            ("reactive_energy", "kvarh", [e.reactive_power_var for e in seconds]),
        ):
            expected[f"{stem}_import_{name}_{unit}"] = sum(p for p in powers if p > 0) / 3.6e6
            expected[f"{stem}_export_{name}_{unit}"] = -sum(p for p in powers if p < 0) / 3.6e6
    for (field, kwh), whole in zip(expected.items(), map(ELECTRICITY_FIELDS.get, expected), strict=True):
        assert after[field] - before[field] == pytest.approx(kwh, abs=1e-5), field
        assert after[whole.part_of] - before[whole.part_of] >= kwh - 1e-5
    net_kwh = sum(e.power_w for seconds in lines for e in seconds) / 3.6e6
    grown = {field: after[field] - before[field] for field in COUNTERS}
    assert grown["energy_import_kwh"] - grown["energy_export_kwh"] == pytest.approx(net_kwh, abs=1e-5)
    assert grown["energy_export_kwh"] > 0.9 if load == "solar" else grown["energy_export_kwh"] == 0


def test_the_parts_of_a_counter_add_up_on_the_display():
    """Lines to their whole, tariffs to their whole, both directions to their total, over a change of tariff."""
    at_s = START_S + 6.9 * 3600
    fields = [name for name in COUNTERS if "energy" in name]
    rows = [Row(4 * n, Encoding.U64, 0.001, field, 0, 1e9) for n, field in enumerate(fields)]
    meter = simulated(table(*rows), "solar", at_s)
    for minutes in (0, 3, 17):
        wh = {field: round(1000 * kwh) for field, kwh in display(meter, at_s + 60 * minutes).items()}
        for whole in (name for name, field in ELECTRICITY_FIELDS.items() if name in fields and not field.part_of):
            for parts in (LINES, TARIFFS):
                assert wh[whole] == sum(wh[part_name(whole, part)] for part in parts)
        for stem, unit in (("energy", "kwh"), ("reactive_energy", "kvarh")):
            assert wh[f"{stem}_total_{unit}"] == wh[f"{stem}_import_{unit}"] + wh[f"{stem}_export_{unit}"]


def part_name(whole: str, part: str) -> str:
    stem, _, unit = whole.rpartition("_")
    return f"{stem}_{part}_{unit}"


@pytest.mark.parametrize(
    "name", [name for name, model in MODELS.items() if any("_t1_" in row.field for row in model.rows)]
)
def test_the_tariffs_that_a_model_has_add_up_to_its_whole(name):
    """Also on one that has two."""
    values = simulated(MODELS[name], at_s=NOON_S).values(NOON_S)
    rows = {row.field: row for row in MODELS[name].rows if row.field in COUNTERS}
    for whole in rows:
        parts = [part for part in (part_name(whole, tariff) for tariff in TARIFFS) if part in rows]
        if parts:
            step = 10.0 ** -min(rows[field].decimals for field in (whole, *parts))
            assert sum(values[part] for part in parts) == pytest.approx(values[whole], abs=len(parts) * step)


def test_only_the_tariff_of_the_hour_grows_in_each_direction():
    """At noon that is the second; a roof gives, and takes nothing."""
    meter = simulated(floats(*ONE_LINE), "solar", share=1)
    before, after = (meter.values(NOON_S + s) for s in (0, 3600))
    grown = {field for field in ONE_LINE if field in COUNTERS and after[field] > before[field]}

    assert grown == {
        f"{stem}_{direction}{tariff}_{unit}"
        for stem, unit in (("energy", "kwh"), ("reactive_energy", "kvarh"))
        for direction in ("total", "export")
        for tariff in ("", "_t2")
    }


def test_what_is_given_counts_into_the_total_only_where_both_directions_are_shown():
    """A single counter does not say which it is; that of the OR-WE-515 is taken to count what is taken."""
    alone = simulated(floats("energy_total_kwh"), "solar", share=1)
    beside = simulated(floats("energy_total_kwh", "energy_export_kwh"), "solar", share=1)

    def grown(meter: SimulatedMeter) -> float:
        before, after = (meter.values(NOON_S + s)["energy_total_kwh"] for s in (0, 900))
        return after - before

    assert grown(alone) == 0
    assert grown(beside) > 0.7


@pytest.mark.parametrize("scale", [1, 0.1, 0.01, 0.001])
def test_a_counter_steps_in_its_own_last_digit(scale):
    model = table(Row(0, Encoding.U32, scale, "energy_total_kwh", 0, 1e9))
    meter = simulated(model, "fixed")
    raw = [ask(meter, 0, 2, at_s=NOON_S + s).registers for s in range(0, 3601, 4)]
    steps = [number(Encoding.U32, b) - number(Encoding.U32, a) for a, b in pairwise(raw)]

    assert sum(steps) == pytest.approx(1 / scale, abs=1)  # 1 kW, one hour
    assert set(steps) <= ({0, 1} if scale > 0.001 else {1, 2})


@pytest.mark.parametrize(
    ("values", "grown"),
    [
        ({"power_w": -3000.0}, {"energy_export_kwh": 3.0, "energy_export_l2_kwh": 1.0}),
        ({"power_l2_w": 2000.0}, {"energy_import_l2_kwh": 2.0, "energy_import_kwh": 2.7}),
        ({"power_w": 3000.0, "power_l1_w": -500.0}, {"energy_import_kwh": 2.0, "energy_export_l1_kwh": 0.5}),
        ({"power_w": nan}, {"energy_import_kwh": 1.0, "energy_import_l1_kwh": 0.5}),
    ],
)
def test_a_set_power_is_counted_on_its_lines(values, grown):
    meter = simulated(floats(*EVERY_FIELD), "fixed")
    before = meter.values(NOON_S)
    meter.set_values(NOON_S, values)
    after = meter.values(NOON_S + 3600)

    assert {field: after[field] - before[field] for field in grown} == pytest.approx(grown, abs=1e-5)


# What the registers hold.


@pytest.mark.parametrize("encoding", Encoding)
def test_each_encoding_lies_in_registers_as_struct_packs_it(encoding):
    """At an odd place between two others; low first turns the order of the registers and leaves the bytes."""
    raw = -321.5 if encoding.is_float else -321 if encoding.is_signed else 54_321
    rows = (
        Row(0x0FFF, Encoding.U16, 1, "voltage_v", 0, 400),
        Row(0x1000, encoding, 0.5, "power_w", -1e6, 1e6, decimals=2),
        Row(0x1000 + encoding.count, Encoding.U16, 1, "frequency_hz", 0, 100),
    )
    meter = simulated(table(*rows), "fixed")
    meter.set_values(NOON_S, {"power_w": raw * 0.5})
    name = encoding.name.removesuffix("_LOW_FIRST")
    packed = struct.pack(FORMATS[Encoding[name]], raw)
    words = list(struct.unpack(f">{encoding.count}H", packed))
    answer = ask(meter, 0x0FFF, encoding.count + 2)

    assert list(answer.registers) == [230, *(words[::-1] if name != encoding.name else words), 50]
    assert answer.values == {"voltage_v": 230, "power_w": raw / 2, "frequency_hz": 50}


@given(
    st.sampled_from(Encoding),
    st.sampled_from([1000, 10, 1, 0.1, 0.01, 0.001, 0.0001, -0.1]),
    st.floats(-1e9, 1e9),
    st.integers(0, 4),
)
def test_the_truth_is_what_the_reader_decodes(encoding, scale, value, decimals):
    model = table(Row(7, encoding, scale, "power_w", -1e12, 1e12, decimals=decimals))
    try:
        held = registers_of(model, {"power_w": value})
    except OverflowError:
        return
    registers = [held[register] for register in sorted(held)]
    truth = shown(model, 7, registers)

    assert at_their_decimals(model, decode(model.rows, 7, registers).values) == truth
    if not encoding.is_float:
        assert truth["power_w"] == pytest.approx(value, abs=abs(scale) / 2 + 10**-decimals)


@pytest.mark.parametrize("encoding", Encoding)
def test_a_value_that_the_meter_has_not_is_its_sentinel(encoding):
    sentinel = 0x7FFF if encoding.is_signed else 0xFFFF
    absent = {} if encoding.is_float else {encoding: sentinel}
    meter = simulated(table(Row(0, encoding, 1, "voltage_l2_v", 0, 300), absent=absent), "fixed")
    meter.check_values({"voltage_l2_v": nan})
    meter.set_values(NOON_S, {"voltage_l2_v": nan})
    answer = ask(meter, 0, encoding.count)

    assert decode(meter.meter.model.rows, 0, answer.registers, absent).absent == ("voltage_l2_v",)
    assert answer.values == {}


def test_a_meter_that_cannot_say_that_it_has_no_value_is_not_made_to():
    meter = simulated(table(Row(0, Encoding.U16, 1, "voltage_v", 0, 300)))

    with pytest.raises(ValueError, match="Made by hand cannot say that it has no voltage_v"):
        meter.check_values({"voltage_v": nan})


def test_a_value_is_rounded_as_the_meter_rounds_it():
    rows = (
        Row(0, Encoding.U16, 0.1, "voltage_v", 0, 300),
        Row(1, Encoding.I32, 10, "power_w", -1e5, 1e5),
        Row(3, Encoding.F32, 1000, "apparent_power_va", 0, 1e5),
    )
    meter = simulated(table(*rows))
    meter.set_values(NOON_S, {"voltage_v": 229.97, "power_w": -1236.0, "apparent_power_va": 1236.04})

    assert ask(meter, 0, 5).registers[:3] == (2300, 0xFFFF, 0x10000 - 124)
    assert display(meter) == {"voltage_v": 230.0, "power_w": -1240.0, "apparent_power_va": 1236.0}


@pytest.mark.parametrize("sign", ["signed", "unsigned"])
def test_a_meter_without_a_sign_shows_the_size(sign):
    """Since its registers hold no sign, or since it is known never to show one; the export counter knows."""
    encoding, low = (Encoding.U32, 0) if sign == "signed" else (Encoding.I32, -1e5)
    fields = ("power_w", "power_l1_w", "power_factor_l3")
    rows = [Row(2 * n, encoding, 0.001, field, low, 1e5) for n, field in enumerate(fields)]
    energy = Row(100, Encoding.U32, 0.001, "energy_export_kwh", 0, 1e6)
    meter = simulated(table(*rows, energy, sign=sign), "solar")
    before, after = display(meter), display(meter, NOON_S + 60)

    assert all(before[field] > 0 for field in fields)
    assert after["energy_export_kwh"] > before["energy_export_kwh"] + 0.03


def test_an_angle_without_a_sign_goes_on_to_360():
    meter = simulated(table(Row(0, Encoding.U16, 0.1, "phase_angle_degrees", 0, 360)), "solar", share=1)

    assert display(meter) == {"phase_angle_degrees": 185.7}


@pytest.mark.parametrize("load", LOADS)
def test_a_small_meter_stands_behind_a_current_transformer(load):
    """One of 6 A never meets its end in a day, and what it shows still agrees."""
    rows = (
        Row(0, Encoding.I16, 0.001, "current_a", 0, 6),
        Row(1, Encoding.I16, 1, "power_w", -1500, 1500),
        Row(2, Encoding.U16, 0.1, "voltage_v", 80, 300),
        Row(3, Encoding.I16, 0.001, "power_factor", -1, 1),
    )
    for at_s in range(START_S, START_S + DAY_S, 2399):
        v = display(simulated(table(*rows), load, at_s), at_s)

        assert v["current_a"] < 6
        assert v["voltage_v"] * v["current_a"] * v["power_factor"] == pytest.approx(v["power_w"], abs=1.5)


def test_a_value_beyond_the_meters_end_is_its_end():
    meter = simulated(table(Row(0, Encoding.U16, 0.1, "voltage_v", 0, 100)), "fixed")

    assert display(meter) == {"voltage_v": 100}


# Which registers there are.

ROWS = (
    Row(0x10, Encoding.U16, 0.1, "voltage_v", 0, 300),
    Row(0x11, Encoding.U16, 0.01, "current_a", 0, 100),
    Row(0x14, Encoding.I32, 1, "power_w", -1e5, 1e5),
)
GAPPED = table(*ROWS)
"""Of 0x10 to 0x15 it does not have 0x12 and 0x13."""


def test_functions_that_the_model_does_not_say_are_refused():
    meter = simulated(GAPPED)

    assert [ask(meter, 0x10, 1, function).refusal for function in (4, 3, 1, 6, 16)] == [0, 1, 1, 1, 1]


def test_the_identity_has_a_function_of_its_own():
    """With it nothing else is there, though the address may be that of a row with the other."""
    meter = simulated(replace(GAPPED, identity=Identity(0x10, (0x0203, 0x0204), function=3)), "fixed")

    assert ask(meter, 0x10, 1, function=3).registers == (0x0203,)
    assert ask(meter, 0x10, 1, function=3).values == {}
    assert ask(meter, 0x10, 1).registers == (2300,)
    assert ask(meter, 0x11, 1, function=3).refusal == 2


def test_what_a_table_documents_or_proves_beside_its_rows_is_there_and_zero():
    documented = simulated(replace(GAPPED, documented=((0x12, 0x13), (0x30, 0x31))), "fixed")
    proven = simulated(replace(GAPPED, blocks=(Block(0x10, 2, room=6),)), "fixed")

    assert ask(documented, 0x10, 6).registers == ask(proven, 0x10, 6).registers == (2300, 458, 0, 0, 0, 1000)
    assert ask(documented, 0x30, 2).registers == (0, 0)
    assert ask(proven, 0x30, 2).refusal == 2


@pytest.mark.parametrize("gaps", GAPS)
def test_a_hole_is_refused_whatever_else_a_gap_is(gaps):
    meter = simulated(replace(GAPPED, holes=((0x13, 0x13),)), gaps=gaps)

    assert [ask(meter, 0x10, count).refusal for count in (2, 4, 6)] == [0, 2, 2]


@pytest.mark.parametrize("gaps", GAPS)
@pytest.mark.parametrize("longest", [2, 6, 125])
def test_a_read_longer_than_the_meter_takes_is_refused(gaps, longest):
    meter = simulated(replace(GAPPED, longest=longest, documented=((0, 300),)), gaps=gaps)

    assert [ask(meter, 0x10, count).refusal for count in (0, 1, longest, longest + 1, 126)] == [3, 0, 0, 3, 3]


@pytest.mark.parametrize("gaps", GAPS)
def test_no_register_comes_after_the_last(gaps):
    assert ask(simulated(GAPPED, gaps=gaps), 0xFFFF, 2).refusal == 2


def test_a_gap_is_refused():
    meter = simulated(GAPPED, "fixed")

    assert [ask(meter, first, count).refusal for first, count in ((0x10, 2), (0x10, 3), (0x12, 1))] == [0, 2, 2]


def test_a_gap_is_zero():
    meter = simulated(GAPPED, "fixed", gaps="zero")
    answer = ask(meter, 0x10, 6)

    assert answer.registers == (2300, 458, 0, 0, 0, 1000)
    assert answer.values == {"voltage_v": 230, "current_a": 4.58, "power_w": 1000}
    assert ask(meter, 0x3000, 3).registers == (0, 0, 0)


def test_a_gap_is_silence():
    meter = simulated(GAPPED, "fixed", gaps="silence")

    assert ask(meter, 0x10, 6) == Answer(is_silent=True)
    assert ask(meter, 0x10, 2).registers == (2300, 458)


def test_a_gap_is_shifted():
    """Every register is the one behind it; the truth tells of what was really sent."""
    meter = simulated(GAPPED, "fixed", gaps="shift")
    answer = ask(meter, 0x10, 6)

    assert answer.registers == (458, 0, 0, 0, 1000, 0)
    assert answer.values == {"current_a": 4.58, "power_w": 1000}
    assert decode(ROWS, 0x10, answer.registers).values["voltage_v"] == pytest.approx(45.8, abs=0.05)
    assert ask(meter, 0x14, 2).registers == (0, 1000)


@pytest.fixture
def on_a_bus() -> Callable[..., tuple[bytes, Truth]]:
    """What a meter says on a line to a request with function 4, and the truth."""

    def say(gaps: str, first: int, count: int) -> tuple[bytes, Truth]:
        truth = Truth()
        meter = simulated(GAPPED, "fixed", gaps=gaps)
        bus = Bus([meter], Scenario("fixed", gaps=gaps), Clock(0, NOON_S, lambda s: round(s * 1e9)), truth, print)
        body = struct.pack(">BBHH", 1, 4, first, count)
        bus.receive(0, 0, body + FramerRTU.compute_CRC(body).to_bytes(2, "big"), None)
        heard = b""
        while (next_s := bus.next_s()) is not None:
            heard += b"".join(delivery.data for delivery in bus.due(next_s))
        return heard, truth

    return say


@pytest.mark.parametrize(
    ("gaps", "count", "payload", "entry"),
    [
        ("refuse", 6, "84 02", {"refusal": 2, "faults": []}),
        ("zero", 6, "04 0c 08fc 01ca 0000 0000 0000 03e8", {"refusal": 0, "faults": []}),
        ("shift", 6, "04 0c 01ca 0000 0000 0000 03e8 0000", {"refusal": 0, "faults": []}),
        ("silence", 6, "", {"refusal": 0, "faults": ["silence"], "registers": (), "values": {}}),
        ("silence", 2, "04 04 08fc 01ca", {"refusal": 0, "faults": []}),
    ],
)
def test_a_gap_on_the_line_and_in_the_truth(on_a_bus, gaps, count, payload, entry):
    heard, truth = on_a_bus(gaps, 0x10, count)

    assert heard[1:-2] == bytes.fromhex(payload)
    (served,) = map(asdict, truth.entries)
    assert {key: served[key] for key in entry} == entry
