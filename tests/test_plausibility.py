"""What is believed of readings that are sound by their CRC: the faults that users of other readers have met, each as it came.

| fault                                                       | test                                                         |
|-------------------------------------------------------------|--------------------------------------------------------------|
| a spike of 9113 kWh                                         | test_a_false_reading_is_withheld                             |
| a counter reads 0.0 for one poll                            | the same                                                     |
| two counters are swapped for one poll                       | test_swapped_counters_are_withheld                           |
| only the low 16 bits of a counter were read                 | test_a_false_reading_is_withheld                             |
| a spike that comes twice                                    | test_a_spike_that_comes_twice_is_withheld_twice              |
| a spike that comes every other read                         | test_a_spike_that_keeps_coming_is_never_believed             |
| the first reading of all is the false one                   | test_a_false_first_reading_is_never_given                    |
| true readings are withheld for ever after a false one       | test_true_readings_come_out_whatever_is_put_between          |
| a meter that was reset, or replaced, is never believed      | test_another_level_is_believed_when_three_reads_agree        |
| ... because a false reading came in between                 | test_a_false_reading_does_not_undo_what_agreed               |
| ... or several, or false ones are remembered for ever       | test_so_many_false_readings_undo_what_agreed                 |
| a counter that is full begins anew                          | test_another_level_is_believed_when_three_reads_agree        |
| the night without a reader looks like a spike               | test_a_long_gap_is_judged_by_its_length                      |
| energy falls, or jumps, and nobody counts it                | test_no_energy_falls_or_leaps_unless_it_is_counted           |
| a step of the wall clock is a step of time                  | test_only_the_seconds_between_reads_matter                   |
| a limit is that of another meter                            | test_the_limit_is_that_of_the_meter                          |
| a display in steps of 10 kWh is taken for a leap            | test_a_coarse_display_may_step                               |
| every value is 236                                          | test_identical_values_are_no_reading                         |
| ... and a true reading is taken for that                    | test_values_that_are_alike_by_nature_are_a_reading           |
| V = 0 and f = 0                                             | test_a_frame_without_voltage_and_frequency_is_no_reading     |
| ... of which only the zeros of power came                   | test_zeros_for_which_nothing_vouches_are_no_reading          |
| ... and an unused line is taken for that                    | test_a_line_without_voltage_is_a_reading                     |
| 4 294 965 796 W costs the other values                      | test_one_implausible_value_costs_no_other                    |
| power that nothing explains goes unnoticed                  | test_power_that_does_not_agree_is_counted_and_given          |
| ... on one of three lines                                   | test_each_line_is_compared                                   |
| ... or is taken for that since the display cuts its digits  | test_a_display_has_its_steps                                 |
| apparent power that nothing explains goes unnoticed         | the same, and test_apparent_power_is_compared                |
| ... or a distorted current is an error                      | test_a_distorted_current_is_consistent                       |
| a single zero beside good values goes unnoticed             | test_a_lone_zero_is_counted_and_given                        |
| ... or a true zero is taken for that                        | test_a_zero_that_may_be_true_is_consistent                   |
| a load that is switched between two reads is an error       | test_a_load_that_is_switched_between_reads_is_consistent     |
| something is left out, and nobody says so                   | test_what_is_left_out_is_named_and_counted                   |
| a sentence fills the log, or leaves a number out            | test_a_reset_is_told_in_one_sentence_with_both_values        |
| ... or thirty of one bad frame do                           | test_one_bad_frame_is_one_complaint                          |
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wattline import fields
from wattline.bus.health import COUNTERS
from wattline.bus.settings import LineSettings
from wattline.meters import Model, load_models
from wattline.plausibility import Judge, Remark, Verdict
from wattline.registers import Encoding, Row, decode, to_grain

# A busy machine is slow, not wrong.
thorough = settings(max_examples=300)

WE515 = load_models()["orno-we515"]
ENERGY = "energy_total_kwh"
NOW = {
    "frequency_hz": 50.01,
    "voltage_v": 231.42,
    "current_a": 1.473,
    "power_w": 327.0,
    "reactive_power_var": 98.0,
    "apparent_power_va": 341.0,
    "power_factor": 0.959,
}
"""What a real OR-WE-514 said (volkszaehler/mbmd issue 155)."""

# 37.5 kW is what its table says it can measure.
WE515_LIMIT_KW = 1.25 * 37.5
READ_S = 10.0


def kwh(value: float) -> float:
    """The value that is decoded where the display shows ``value`` kWh."""
    return to_grain(round(value * 100), 2)


def model(*rows: Row) -> Model:
    return Model("x", "X", LineSettings(), 4, rows, source="", address_change="")


def floats(**ranges: float) -> Model:
    """A meter with floats: field to the end of its range."""
    return model(*(Row(2 * n, Encoding.F32, 1, name, -high, high) for n, (name, high) in enumerate(ranges.items())))


def outcome(readings: Sequence[float | None], judge: Judge | None = None, read_s: float = READ_S) -> list[float | None]:
    """What comes out of the counter for ``readings`` (kWh), one each ten seconds, both rounded to the display; None is none."""
    judge = judge or Judge(WE515)
    verdicts = [judge.judge({ENERGY: kwh(value)}, n * read_s) for n, value in enumerate(readings)]
    return [round(verdict.values[ENERGY], 2) if verdict.values else None for verdict in verdicts]


def counted(judge: Judge, readings: Sequence[float], name: str = ENERGY) -> dict[str, int]:
    """What was counted over ``readings``, one each ten seconds."""
    totals: dict[str, int] = {}
    for n, value in enumerate(readings):
        for counter, times in judge.judge({name: kwh(value)}, n * READ_S).counts.items():
            totals[counter] = totals.get(counter, 0) + times
    return totals


# Counters, single false readings.


def test_the_first_counter_is_given_when_two_reads_agree():
    """Equal, or grown by what is possible in between."""
    assert outcome([100, 100]) == [None, 100]
    assert outcome([100, 100.1]) == [None, 100.1]
    assert outcome([100, 100.15, 100.2]) == [None, None, 100.2]


@pytest.mark.parametrize(
    "false",
    [1979.4 + 9113, 0.0, 1979.3, 655.36, 1979.4 + 655.36, 1979.4 - 3 * 655.36, 1979.6, 999_999.99],
    ids=["9113 kWh more", "zero", "a little less", "wrap", "16 bits more", "16 bits only", "a little more", "full"],
)
def test_a_false_reading_is_withheld(false):
    """And the true ones before and after it are given, as if it had not been."""
    assert outcome([1979.36, 1979.37, 1979.4, false, 1979.45, 1979.5]) == [None, 1979.37, 1979.4, None, 1979.45, 1979.5]
    assert counted(Judge(WE515), [1979.36, 1979.4, false, 1979.5]) == {"energy_unconfirmed": 1, "energy_withheld": 1}


@pytest.mark.parametrize("false", [9113, 0.0])
def test_a_spike_that_comes_twice_is_withheld_twice(false):
    assert outcome([100, 100, false, false, 100.1, 100.1]) == [None, 100, None, None, 100.1, 100.1]


@pytest.mark.parametrize("false", [9113, 0.0])
def test_a_spike_that_keeps_coming_is_never_believed(false):
    """As long as a true reading comes between."""
    assert outcome([100, 100, *10 * [false, false, 100.1]]) == [None, 100, *10 * [None, None, 100.1]]


@pytest.mark.parametrize("false", [9113, 0.0, 99.8])
def test_a_false_first_reading_is_never_given(false):
    assert outcome([false, 100, 100.1]) == [None, None, 100.1]
    assert outcome([100, false, 100.1]) == [None, None, 100.1]
    assert outcome([false, 100, 2 * false + 5, 100.1]) == [None, None, None, 100.1]


def test_swapped_counters_are_withheld():
    """Both of them, for as long as they are."""
    judge = Judge(WE515)
    true = {"energy_total_t1_kwh": 300.0, "energy_total_t2_kwh": 500.0, ENERGY: 800.0}
    swapped = {"energy_total_t1_kwh": 500.0, "energy_total_t2_kwh": 300.0, ENERGY: 800.0}
    given = [judge.judge(values, n * READ_S).values for n, values in enumerate([true, true, swapped, true])]
    assert given == [{}, true, {ENERGY: 800.0}, true]


def test_reactive_energy_is_judged_like_active():
    name = "reactive_energy_total_kvarh"
    assert counted(Judge(WE515), [5, 5, 9113, 5], name) == {"energy_unconfirmed": 1, "energy_withheld": 1}


# Counters, another level.


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (1979.36, [0.0, 0.0, 0.01]),
        (1979.36, [3.1, 3.15, 3.2]),
        (1979.36, [9113.0, 9113.0, 9113.1]),
        (999_999.99, [0.0, 0.01, 0.02]),
        (655.35, [0.01, 0.02, 0.03]),
    ],
    ids=["reset", "replaced by an older", "replaced by one with more", "full", "a counter of 16 bits"],
)
def test_another_level_is_believed_when_three_reads_agree(before, after):
    """Until then there is no value; it is counted once."""
    assert outcome([before, before, *after, after[-1]]) == [None, before, None, None, after[-1], after[-1]]
    assert counted(Judge(WE515), [before, before, *after, after[-1]]) == {
        "energy_unconfirmed": 1,
        "energy_withheld": 2,
        "energy_resets": 1,
    }


def test_reads_that_do_not_agree_are_no_level():
    """Ever less, or ever more than is possible."""
    assert outcome([100, 100, 50, 40, 30, 20]) == [None, 100, None, None, None, None]
    assert outcome([100, 100, 150, 160, 170, 180]) == [None, 100, None, None, None, None]


def test_a_false_reading_does_not_undo_what_agreed():
    assert outcome([100, 100, 0.0, 9113, 0.01, 7, 0.02]) == [None, 100, None, None, None, None, 0.02]


@pytest.mark.parametrize(("between", "believed"), [(3, 0.02), (4, None)])
def test_so_many_false_readings_undo_what_agreed(between, believed):
    """Four levels are remembered: three false ones beside the true one."""
    false = [9113, 5000, 7000, 3000][:between]
    given = outcome([100, 100, 0.0, *false, 0.01, 0.02])
    assert given == [None, 100, *[None] * (between + 2), believed]


def test_a_reset_is_told_in_one_sentence_with_both_values():
    judge = Judge(WE515)
    verdicts = [judge.judge({ENERGY: value}, n * READ_S) for n, value in enumerate([kwh(1979.36)] * 2 + [0.0] * 3)]
    (remark,) = verdicts[-1].remarks
    assert remark.sentence % ("house", *remark.about) == (
        "house: energy_total_kwh goes on at another level, after 1979.36 kWh at 0.00 kWh: "
        "three reads agree, so the meter was reset or replaced."
    )
    assert [len(verdict.remarks) for verdict in verdicts] == [0, 0, 1, 1, 1]


# Counters, the limit and time.


def test_a_long_gap_is_judged_by_its_length():
    """After a day a day's energy is no spike, and what is more than that is one."""
    for gained, is_given in [(300.0, True), (WE515_LIMIT_KW * 24, True), (WE515_LIMIT_KW * 24 + 0.02, False)]:
        judge = Judge(WE515)
        for at_s in (0, READ_S):
            judge.judge({ENERGY: kwh(1000)}, at_s)
        assert bool(judge.judge({ENERGY: kwh(1000 + gained)}, READ_S + 86_400).values) == is_given, gained


def test_a_step_of_one_display_unit_is_always_possible():
    """Two reads in the same second may lie on both sides of it."""
    assert outcome([100, 100.01, 100.02, 100.04], read_s=0) == [None, 100.01, 100.02, None]


@pytest.mark.parametrize(
    ("meter", "limit_kw"),
    [
        (WE515, WE515_LIMIT_KW),
        (floats(power_w=1000), 1.25),
        (floats(power_l1_w=1000, power_l2_w=1000, power_l3_w=2000), 5),
        (floats(power_w=3000, power_l1_w=1000), 3.75),
        (floats(voltage_v=250, current_a=40), 12.5),
        (floats(voltage_l1_v=250, current_l1_a=40, current_l2_a=40, current_l3_a=40), 37.5),
        (floats(voltage_v=250), 1000),
    ],
    ids=["OR-WE-515", "power", "lines", "power and lines", "V x I", "V x I of lines", "unknown"],
)
def test_the_limit_is_that_of_the_meter(meter, limit_kw):
    row = Row(0xA000, Encoding.U32, 0.01, ENERGY, 0, 999_999.99, "slow")
    rows = [*(row for row in meter.rows if row.field != ENERGY), row]
    for energy_kwh, is_given in [(limit_kw, True), (limit_kw + 0.02, False)]:
        assert (outcome([10, 10, 10 + energy_kwh], Judge(model(*rows)), read_s=3600)[2] is not None) == is_given


def test_a_coarse_display_may_step():
    """A counter that shows steps of 10 kWh stands still for hours, and then shows them at once."""
    judge = Judge(model(Row(0, Encoding.U32, 10, ENERGY, 0, 1e9), Row(2, Encoding.F32, 1, "power_w", 0, 10_000)))
    given = [judge.judge({ENERGY: value}, at_s).values for at_s, value in enumerate([500.0, 500.0, 510.0, 530.0])]
    assert given == [{}, {ENERGY: 500.0}, {ENERGY: 510.0}, {}]


@given(
    st.floats(-1e9, 1e9), st.lists(st.tuples(st.integers(0, 9999), st.sampled_from([1, 10, 10, 86_400])), max_size=9)
)
@thorough
def test_only_the_seconds_between_reads_matter(start_s, reads):
    """Not what any clock says: from whatever second on, the same comes out."""
    start_s = float(round(start_s))
    outcomes = []
    for began_s in (0.0, start_s):
        judge, at_s, given = Judge(WE515), began_s, []
        for units, gap_s in reads:
            at_s += gap_s
            given.append(judge.judge({ENERGY: to_grain(units, 2)}, at_s).values)
        outcomes.append(given)
    assert outcomes[0] == outcomes[1]


# Counters, whatever comes.


@given(
    st.integers(0, 50_000_000),
    st.lists(
        st.tuples(
            st.sampled_from([1, 2, 10, 10, 10, 600, 86_400]),
            st.fractions(0, 1),
            st.none() | st.tuples(st.booleans(), st.integers(1, 10_000_000), st.fractions(0, 1)),
        ),
        min_size=1,
        max_size=12,
    ),
)
@thorough
def test_true_readings_come_out_whatever_is_put_between(first_units, steps):
    """From the second on and unchanged, for every meter that keeps to its power; the false ones never do.

    A false reading is one that the true readings show to be false: below the last, or beyond what was possible.
    """
    judge, limit = Judge(WE515), Fraction(WE515_LIMIT_KW) * 100 / 3600
    now, energy = Fraction(0), Fraction(first_units)
    judge.judge({ENERGY: to_grain(first_units, 2)}, 0.0)
    for gap_s, share, false in steps:
        if false is not None:
            is_high, by, when = false
            shown = int(energy)
            possible = shown + limit * gap_s * when + 1
            lie = int(possible) + by if is_high else shown - by
            verdict = judge.judge({ENERGY: to_grain(lie, 2)}, float(now + gap_s * when))
            assert ENERGY not in verdict.values
        now, energy = now + gap_s, energy + limit * gap_s * share
        value = to_grain(int(energy), 2)
        verdict = judge.judge({ENERGY: value}, float(now))
        assert verdict.values == {ENERGY: value}
        assert not verdict.counts


@given(
    st.lists(
        st.tuples(
            st.sampled_from([0, 1, 10, 10, 3600]),
            st.sampled_from([0, 1, 5, 100_000, 99_999_999]) | st.integers(0, 40),
        ),
        max_size=40,
    )
)
@thorough
def test_no_energy_falls_or_leaps_unless_it_is_counted(reads):
    """Whatever a meter says."""
    judge, at_s, last = Judge(WE515), 0.0, None
    for gap_s, units in reads:
        at_s += gap_s
        verdict = judge.judge({ENERGY: to_grain(units, 2)}, at_s)
        assert (ENERGY in verdict.values) != (ENERGY in verdict.withheld)
        if ENERGY not in verdict.values:
            continue
        assert verdict.values[ENERGY] == to_grain(units, 2)
        if last is not None:
            last_units, last_s = last
            possible = Fraction(WE515_LIMIT_KW) * 100 / 3600 * Fraction(at_s - last_s) + 1
            is_possible = 0 <= units - last_units <= possible
            assert verdict.counts["energy_resets"] == (0 if is_possible else 1)
        last = (units, at_s)


# Whole readings.


def judged(meter: Model, first: int, registers: list[int]) -> Verdict:
    decoded = decode(meter.rows, first, registers)
    return Judge(meter).judge(decoded.values, 0.0, decoded.implausible)


@pytest.mark.parametrize("number", [236, 5001, 23_142, 65_535])
def test_identical_registers_are_no_reading(number):
    """All that an OR-WE-515 has between 0x0130 and 0x0158, high registers too or only the low ones."""
    for registers in ([number] * 41, [number, number, *[0, number] * 20]):
        verdict = judged(WE515, 0x0130, registers)
        assert verdict.values == {}
        assert set(verdict.counts) <= {"identical_values", "empty_frames"}
        assert len(verdict.counts) == 1


@pytest.mark.parametrize(
    "values",
    [
        dict.fromkeys(NOW, 236.0) | {ENERGY: 236.0},
        NOW | {"voltage_v": 236.0, "power_w": 236.0, "current_a": 236.0},
        NOW | {"power_w": 5001.0, "current_a": 5.001},
        {"voltage_v": 236.37, "frequency_hz": 236.37, "apparent_power_va": 236.0, "power_factor": 0.2},
        {"voltage_v": 236.37, "frequency_hz": 236.37, "apparent_power_va": 237.0, "power_factor": 0.2},
    ],
    ids=["all of them", "three of them", "frequency, current, power in registers", "with decimals", "rounded up"],
)
def test_identical_values_are_no_reading(values):
    """In registers or in units, though other values may be sound."""
    verdict = Judge(WE515).judge(values, 0.0)
    assert verdict.values == {}
    assert verdict.withheld == dict.fromkeys(values, "identical_values")
    assert verdict.counts == {"identical_values": 1}


@pytest.mark.parametrize("number", [236.0, 236.37])
def test_identical_floats_are_no_reading(number):
    """However each is rounded, in W or in kW."""
    names = {"voltage_v": 1, "current_a": 1, "frequency_hz": 1, "power_w": 1000, "power_factor": 1}
    meter = model(*(Row(2 * n, Encoding.F32, scale, name, -1e6, 1e6) for n, (name, scale) in enumerate(names.items())))
    assert judged(meter, 0, [*Encoding.F32.pack(number)] * 5).counts == {"identical_values": 1}


@pytest.mark.parametrize(
    "values",
    [
        NOW,
        NOW | {"voltage_v": 230.0, "current_a": 1.0, "power_w": 230.0, "apparent_power_va": 230.0, "power_factor": 1.0},
        NOW | {"power_w": 2000.0, "apparent_power_va": 2000.0, "reactive_power_var": 2000.0},
        NOW | {"current_a": 1.0, "power_factor": 1.0, "reactive_power_var": 1.0, ENERGY: 10.0},
        dict.fromkeys(("current_a", "power_w", "reactive_power_var", "apparent_power_va"), 0.0) | {"voltage_v": 230.0},
        {ENERGY: 0.02, "reactive_energy_total_kvarh": 0.02, "power_w": 2.0, "current_a": 0.002},
    ],
    ids=["recorded", "230 W at 1 A", "powers", "one", "zeros", "a new meter"],
)
def test_values_that_are_alike_by_nature_are_a_reading(values):
    verdict = Judge(WE515).judge(values, 0.0)
    gauges = {name: value for name, value in values.items() if not name.endswith("h")}
    assert verdict.values == gauges
    assert not verdict.counts["identical_values"]


@given(st.floats(207, 253), st.floats(0, 80), st.floats(-1, 1), st.floats(49.8, 50.2))
@settings(max_examples=2000)
def test_a_true_reading_is_never_taken_for_identical_values(voltage, current, factor, frequency):
    apparent = voltage * current
    values = {
        "voltage_v": round(voltage, 2),
        "current_a": round(current, 3),
        "frequency_hz": round(frequency, 2),
        "power_w": float(round(apparent * factor)),
        "reactive_power_var": float(round(apparent * (1 - factor**2) ** 0.5)),
        "apparent_power_va": float(round(apparent)),
        "power_factor": round(factor, 3),
    }
    assert Judge(WE515).judge(values, 0.0).values == values


@pytest.mark.parametrize(
    ("zeros", "implausible"),
    [
        ({}, {"voltage_v": 0.0, "frequency_hz": 0.0}),
        ({}, {"voltage_v": 655.35, "frequency_hz": 0.0}),
        ({"voltage_v": 0.0}, {"frequency_hz": 655.35}),
        ({"voltage_v": 0.0, "frequency_hz": 0.0}, {}),
    ],
    ids=["zero", "implausible", "a range that holds zero", "two of them"],
)
def test_a_frame_without_voltage_and_frequency_is_no_reading(zeros, implausible):
    """Its counters are not so much as looked at: those of an OR-WE-504 are zero in such a frame."""
    judge = Judge(WE515)
    for at_s in (0, 10):
        judge.judge({ENERGY: 100.0}, at_s)
    for at_s in (20, 30, 40):
        verdict = judge.judge({"current_a": 0.0, "power_w": 0.0, ENERGY: 0.0, **zeros}, at_s, implausible)
        assert verdict.values == {}
        assert verdict.counts == {"empty_frames": 1}
    assert judge.judge({ENERGY: 100.0}, 50).values == {ENERGY: 100.0}


@pytest.mark.parametrize(
    ("values", "implausible"),
    [
        ({"frequency_hz": 50.0, "power_w": 5.0}, {"voltage_v": 0.0}),
        ({"voltage_v": 230.0, "power_w": 5.0}, {"frequency_hz": 0.0}),
        ({"power_w": 5.0}, {"frequency_hz": 0.0}),
        ({"power_w": 5.0}, {"voltage_v": 0.0}),
        ({"power_w": 5.0}, {}),
    ],
    ids=["only voltage", "only frequency", "voltage was not read", "frequency was not read", "neither was read"],
)
def test_one_of_both_alone_is_a_reading(values, implausible):
    assert Judge(WE515).judge(values, 0.0, implausible).values == values


@pytest.mark.parametrize("values", [{"power_w": 0.0}, {"power_w": 0.0, "reactive_power_var": 0.0, ENERGY: 0.0}])
def test_zeros_for_which_nothing_vouches_are_no_reading(values):
    """Of an empty frame only some reads may come; those must not pass for a house that uses nothing."""
    verdict = Judge(WE515).judge(values, 0.0)
    assert (verdict.values, verdict.counts) == ({}, {"empty_frames": 1})
    assert verdict.withheld.keys() == values.keys()


@pytest.mark.parametrize("values", [{"power_w": 0.0, "voltage_v": 230.0}, {"power_w": 0.0, "frequency_hz": 50.0}])
def test_zeros_with_mains_are_a_reading(values):
    assert Judge(WE515).judge(values, 0.0).values == values


def test_zeros_of_a_meter_that_measures_no_voltage_are_a_reading():
    assert Judge(floats(power_w=9000)).judge({"power_w": 0.0}, 0.0).values == {"power_w": 0.0}


def test_a_line_without_voltage_is_a_reading():
    """A meter for three lines on one, and without any it is none."""
    lines = floats(voltage_l1_v=300, voltage_l2_v=300, voltage_l3_v=300, frequency_hz=65, power_w=9000)
    values = {"voltage_l1_v": 230.0, "frequency_hz": 50.0, "power_w": 5.0}
    unused = {"voltage_l2_v": 0.0, "voltage_l3_v": 0.0}
    assert Judge(lines).judge(values, 0.0, unused).values == values
    gone = unused | {"voltage_l1_v": 0.0, "frequency_hz": 0.0}
    assert Judge(lines).judge({"power_w": 5.0}, 0.0, gone).counts == {"empty_frames": 1}


def test_one_implausible_value_costs_no_other():
    """A negative number read as unsigned."""
    meter = model(
        Row(0, Encoding.U32, 1, "power_w", 0, 30_000),
        Row(2, Encoding.U16, 0.1, "voltage_v", 80, 300),
        Row(3, Encoding.U16, 0.01, "frequency_hz", 45, 65),
    )
    decoded = decode(meter.rows, 0, [0xFFFF, 0xFA24, 2300, 5000])
    assert decoded.implausible == {"power_w": 4_294_965_796.0}
    verdict = Judge(meter).judge(decoded.values, 0.0, decoded.implausible)
    assert verdict.values == {"voltage_v": 230.0, "frequency_hz": 50.0}
    assert not verdict.counts


# Power against voltage, current and power factor.


def inconsistent(slots: Sequence[Mapping[str, float]], meter: Model = WE515) -> list[int]:
    """Which of ``slots`` are counted; none of their values may be missing."""
    judge, found = Judge(meter), []
    for n, values in enumerate(slots):
        verdict = judge.judge(values, float(n))
        assert verdict.values == values
        found += [n] * verdict.counts["inconsistent"]
    return found


def without(*names: str) -> dict[str, float]:
    return {name: value for name, value in NOW.items() if name not in names}


def test_what_a_real_meter_said_is_consistent():
    signs = NOW | {"power_w": -327.0, "power_factor": -0.959}
    for values in (NOW, signs, signs | {"power_factor": 0.959}, without("power_factor"), without("current_a")):
        assert inconsistent([values] * 5) == []


@pytest.mark.parametrize(
    "values",
    [
        NOW | {"power_w": 3270.0},
        NOW | {"power_w": 98.0, "reactive_power_var": 327.0},
        NOW | {"current_a": 14.73},
        NOW | {"power_factor": 0.5},
        without("power_factor") | {"apparent_power_va": 3410.0},
        without("power_factor") | {"power_w": 400.0},
        without("power_factor", "apparent_power_va") | {"power_w": 400.0},
    ],
    ids=["scale", "P and Q swapped", "current", "factor", "S is not V x I", "P above S", "P above V x I"],
)
def test_power_that_does_not_agree_is_counted_and_given(values):
    """From the second time on, since once may be a load that was on for half a second; and said once."""
    assert inconsistent([values] * 4) == [1, 2, 3]
    assert inconsistent([NOW, values, NOW, values, NOW]) == []
    judge = Judge(WE515)
    remarks = [judge.judge(values, float(n)).remarks for n in range(4)]
    assert [len(remark) for remark in remarks] == [0, 1, 0, 0]
    assert " does not agree with voltage, current and power" in remarks[1][0].sentence % ("house", *remarks[1][0].about)


APPARENT = without("power_factor", "power_w")


@pytest.mark.parametrize(
    ("values", "is_off"),
    [
        (NOW | {"apparent_power_va": 0.0}, True),
        (NOW | {"apparent_power_va": 0.0, "power_w": 0.0, "power_factor": 0.0}, True),
        (NOW | {"apparent_power_va": 400.0}, True),
        (NOW | {"apparent_power_va": 290.0}, True),
        (APPARENT | {"apparent_power_va": 300.0}, False),
        (APPARENT | {"apparent_power_va": 368.0}, False),
        (APPARENT | {"apparent_power_va": 370.0}, True),
        (APPARENT | {"apparent_power_va": 150.0}, True),
    ],
)
def test_apparent_power_is_compared(values, is_off):
    """With voltage and current, which make 341 VA, and with power; beside a power factor as well."""
    assert inconsistent([values] * 3) == ([1, 2] if is_off else [])


def test_a_distorted_current_is_consistent():
    """60 W through a rectifier: a meter that reckons apparent power from P and Q shows little more than the power."""
    values = {"voltage_v": 230.0, "current_a": 0.435, "power_w": 60.0, "apparent_power_va": 61.0, "power_factor": 0.6}
    assert inconsistent([values] * 3) == []


@pytest.mark.parametrize(
    "zeros",
    [
        ["power_w"],
        ["apparent_power_va"],
        ["power_factor"],
        ["power_w", "apparent_power_va"],
        ["power_w", "apparent_power_va", "power_factor"],
    ],
    ids=" ".join,
)
def test_a_lone_zero_is_counted_and_given(zeros):
    """By its own reading, one slot later, since a load that went off would still be off; and said once for each field."""
    values = NOW | dict.fromkeys(zeros, 0.0)
    assert inconsistent([NOW, NOW, values, NOW, NOW, values, NOW]) == [3, 6]
    judge = Judge(WE515)
    remarks = [judge.judge(each, float(n)).remarks for n, each in enumerate([NOW, values, NOW, values, NOW])]
    assert [bool(remark) for remark in remarks] == [False, False, True, False, False]
    assert remarks[2][0].sentence % ("house", *remarks[2][0].about) == (
        f"house: {remarks[2][0].about[0]} was zero for one reading, while the other values of that reading say that it was "
        "not. It is metered all the same, and counted."
    )


@pytest.mark.parametrize(
    "values",
    [
        NOW | {"power_w": 0.0, "power_factor": 0.0},
        NOW | dict.fromkeys(["current_a", "power_w", "apparent_power_va"], 0.0),
        NOW | {"current_a": 0.04, "power_w": 0.0},
        NOW | {"current_a": 0.4, "power_w": 0.0},
        without("power_factor") | {"power_w": 0.0},
    ],
    ids=["a motor without load", "off", "a few watts", "less than around it", "who knows"],
)
def test_a_zero_that_may_be_true_is_consistent(values):
    """As is one between power from the grid and power to it."""
    assert inconsistent([NOW, values, NOW]) == []
    assert inconsistent([NOW, NOW | {"power_w": 0.0}, NOW | {"power_w": -327.0}]) == []


def test_each_line_is_compared():
    names = [f"{quantity}_l{n}_{unit}" for n in (1, 2, 3) for quantity, unit in [("voltage", "v"), ("current", "a")]]
    powers = ["power_l1_w", "power_l2_w", "power_l3_w", "power_w", "voltage_v", "current_a"]
    meter = floats(**dict.fromkeys([*names, *powers], 9999.0))
    true = {name: 231.0 if "voltage" in name else 4.0 for name in names}
    true |= {"power_l1_w": 924.0, "power_l2_w": -900.0, "power_l3_w": 880.0}
    # The totals are no product: an average of voltages and a sum of currents.
    true |= {"power_w": 904.0, "voltage_v": 231.0, "current_a": 2.0}
    assert inconsistent([true] * 3, meter) == []
    assert inconsistent([true | {"power_l2_w": -1900.0}] * 3, meter) == [1, 2]
    assert inconsistent([true | {"power_l1_w": 1900.0, "power_l2_w": -1900.0}] * 3, meter) == [1, 2], "once a slot"


@pytest.mark.parametrize(
    ("power_w", "is_off"), [(4278, True), (4416, False), (4600, False), (4800, False), (4900, True)]
)
def test_a_meter_has_its_accuracy(power_w, is_off):
    """5 % of 4600 W, and a little for the display."""
    values = {"voltage_v": 230.0, "current_a": 20.0, "power_factor": 1.0, "power_w": float(power_w)}
    assert inconsistent([values] * 2) == ([1] if is_off else [])


@pytest.mark.parametrize(("power_w", "is_off"), [(620, True), (690, False), (1210, False), (1270, True)])
def test_a_display_has_its_steps(power_w, is_off):
    """One that shows whole amperes may cut or round them: 4 A is anything from 3 A to 5 A."""
    meter = model(
        Row(0, Encoding.F32, 1, "voltage_v", 80, 300, decimals=2),
        Row(2, Encoding.U16, 1, "current_a", 0, 100, decimals=0),
        Row(3, Encoding.F32, 1, "power_w", 0, 30_000, decimals=2),
        Row(5, Encoding.F32, 1, "power_factor", -1, 1, decimals=3),
    )
    values = {"voltage_v": 230.0, "current_a": 4.0, "power_w": float(power_w), "power_factor": 1.0}
    assert inconsistent([values] * 2, meter) == ([1] if is_off else [])


def test_where_the_load_moves_strongly_nothing_is_judged():
    """A little is no excuse for a wrong scale; twice as much may be."""

    def slots(*currents: float) -> list[dict[str, float]]:
        wrong = {"voltage_v": 230.0, "power_factor": 1.0}
        return [wrong | {"current_a": current, "power_w": 2300 * current} for current in currents]

    assert inconsistent(slots(4, 5, 4, 3)) == [1, 2, 3]
    assert inconsistent(slots(4, 9, 4, 1)) == []


def test_a_few_watts_are_not_compared():
    """Below that a meter knows little, and its display less."""
    idle = {"power_w": 0.0, "apparent_power_va": 0.0, "current_a": 0.03, "power_factor": 1.0}
    assert inconsistent([NOW | idle] * 3) == []


@given(
    st.permutations(["voltage_v", "current_a", "power_w", "apparent_power_va", "power_factor"]),
    st.lists(
        st.tuples(st.integers(1, 60_000), st.integers(0, 1000), st.integers(0, 5), st.integers(1, 4)),
        min_size=2,
        max_size=9,
    ),
)
@thorough
def test_a_load_that_is_switched_between_reads_is_consistent(order, loads):
    """At whatever moment of a slot, to whatever load, in whatever order the slot is read; each load stays a slot at least."""
    slots: list[dict[str, float]] = []
    before = loads[0]
    for load in loads:
        _, _, reads_before, slots_after = load
        moments = [[before] * reads_before + [load] * (5 - reads_before)] + [[load] * 5] * slots_after
        for moment in moments:
            shown = {
                name: _shown(name, milliamperes, factor)
                for name, (milliamperes, factor, *_) in zip(order, moment, strict=True)
            }
            slots.append(shown)
        before = load
    assert inconsistent(slots) == []


def _shown(name: str, milliamperes: int, factor: int) -> float:
    """What the display shows under a load; the mains sag by it."""
    voltage = round(235 - milliamperes / 6000, 2)
    match name:
        case "voltage_v":
            return voltage
        case "current_a":
            return milliamperes / 1000
        case "power_factor":
            return factor / 1000
        case "apparent_power_va":
            return float(int(voltage * milliamperes / 1000))
    return float(int(voltage * milliamperes / 1000 * factor / 1000))


# What is said of it.


def test_every_counter_is_in_the_vocabulary():
    known = {"absent_values", "energy_unconfirmed", "energy_withheld", "energy_resets", "identical_values"}
    known |= {"empty_frames", "inconsistent"}
    assert known <= set(COUNTERS)
    assert set(COUNTERS) <= fields.METER_HEALTH_FIELDS.keys()


@given(
    st.lists(
        st.dictionaries(st.sampled_from([*NOW, ENERGY]), st.sampled_from([0.0, 1.0, 50.0, 230.0, 236.0, 1000.0])),
        max_size=12,
    )
)
@thorough
def test_what_is_left_out_is_named_and_counted(slots):
    """A value comes out unchanged or is named as withheld, and whatever is withheld is counted."""
    judge = Judge(WE515)
    for n, values in enumerate(slots):
        verdict = judge.judge(values, n * READ_S)
        assert verdict.values.keys() | verdict.withheld.keys() == values.keys()
        assert not verdict.values.keys() & verdict.withheld.keys()
        assert all(verdict.values[name] == values[name] for name in verdict.values)
        assert all(verdict.counts[counter] for counter in verdict.withheld.values())
        assert set(verdict.counts) <= set(COUNTERS)
        for remark in verdict.remarks:
            assert (remark.sentence % ("house", *remark.about)).startswith("house: ")
            assert remark.sentence.endswith(".")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (["a"], "house: a fell."),
        (["a", "b", "c"], "house: a fell. Likewise 2 more: b, c."),
        (list("abcdefgh"), "house: a fell. Likewise 7 more: b, c, d, e, f and others."),
    ],
)
def test_one_bad_frame_is_one_complaint(fields: list[str], said: str) -> None:
    """Of thirty counters each has its remark; the log says it once, and of what else it is true."""
    verdict = Verdict(remarks=[Remark("%s: %s fell.", (name,)) for name in fields])
    (complaint,) = verdict.complaints()
    assert complaint.sentence % ("house", *complaint.about) == said
