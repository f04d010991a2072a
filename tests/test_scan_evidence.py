"""What speaks for a model, and what is told of the findings: pure.

| fault                                                        | test                                                  |
|--------------------------------------------------------------|-------------------------------------------------------|
| true values break a law, as the display rounds them          | test_true_values_keep_each_law                        |
| values of chance keep one                                    | test_random_registers_are_no_meter                    |
| values with a wrong scale keep one                           | test_a_wrong_scale_breaks_each_law                    |
| zeros are taken for proof, or for a contradiction            | test_where_nothing_flows_nothing_is_proved            |
| ... or the last digit of hardly anything is                  | test_hardly_anything_that_flows_proves_nothing        |
| a total that is not the sum of its lines is believed         | test_a_total_is_the_sum_of_its_lines                  |
| an identity register counts for less than values             | test_an_identity_register_outranks_values             |
| ... or one that says another model is passed over in silence | test_a_foreign_identity_makes_a_guess                 |
| siblings are not told, or the wrong one comes first          | test_siblings_...                                     |
| the word or the line for Telegraf is not accepted            | test_the_line_for_telegraf_is_toml_that_run_accepts   |
| a guess is not said to be one                                | test_a_guess_is_said_to_be_one                        |
| a gateway's meters get settings that it does not have        | test_behind_a_gateway_no_settings_are_told            |
| an unknown device, a double or noise is not explained        | test_what_else_was_found_is_explained                 |
| a meter on a line with a little noise is taken for two       | test_so_many_garbled_answers_may_be_two_meters        |
| the second meter is beyond the end of a long line            | test_each_meter_of_a_long_command_has_its_own_line    |
| programs get less than people                                | test_programs_get_all_of_it                           |
"""

import json
import tomllib
from dataclasses import replace
from math import acos, sin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattline.bus.settings import LineSettings
from wattline.meters import Identity, Model, load_models
from wattline.meters.orno_we514 import MODEL as ORNO_514
from wattline.meters.orno_we515 import MODEL as ORNO
from wattline.registers import Encoding, Row, decode, encode
from wattline.scan import report
from wattline.scan.evidence import Law, agreements
from wattline.scan.report import Findings
from wattline.scan.search import Found
from wattline.scan.verdict import Verdict, equals, ranked
from wattline.words import parse_meter

LINES = ("l1", "l2", "l3")
LIMITS = {"voltage": (80, 300), "current": (0, 400), "power": (-99_999, 99_999), "apparent": (0, 99_999)}
UNITS = {"voltage": ("v", 0.1), "current": ("a", 0.01), "power": ("w", 1), "apparent_power": ("va", 1)}


def three_phase() -> Model:
    rows, address = [Row(0, Encoding.U16, 0.01, "frequency_hz", 45, 65)], 10
    for quantity, (unit, scale) in UNITS.items():
        for part in (*LINES, ""):
            name = "_".join(filter(None, [quantity, part, unit]))
            rows.append(Row(address, Encoding.I32, scale, name, *LIMITS[quantity.split("_")[0]]))
            address += 2
    return Model("three", "Three", LineSettings(), 3, tuple(rows), source="", address_change="")


THREE = three_phase()
VALUES = {"voltage_v": 231.42, "frequency_hz": 50.01, "current_a": 1.473, "power_w": 327.0}
VALUES |= {"apparent_power_va": 341.0, "power_factor": 0.959}
EVEN, PLAIN = ORNO.settings, LineSettings(9600, "N", 1)


def laws(model: Model, values: dict[str, float]) -> set[Law]:
    return {agreement.law for agreement in agreements(model, values)}


def as_shown(model: Model, values: dict[str, float]) -> dict[str, float]:
    """What the meter's display makes of ``values``."""
    image = encode(model.rows, values)
    shown = {}
    for row in model.rows:
        if row.field in values:
            shown |= decode([row], row.address, [image[n] for n in range(row.address, row.end)]).values
    return shown


volts, amperes = st.floats(100, 280), st.floats(0, 80)
factors = st.floats(0.1, 1) | st.floats(-1, -0.1)


@given(volts, amperes, factors)
def test_true_values_keep_each_law(voltage, current, factor):
    va = voltage * current
    values = {
        "voltage_v": voltage,
        "frequency_hz": 50.0,
        "current_a": current,
        "power_w": va * factor,
        "apparent_power_va": va,
        "power_factor": factor,
        "reactive_power_var": va * sin(acos(factor)),
    }
    assert Law.BROKEN not in laws(ORNO, as_shown(ORNO, values))
    assert current < 1 or abs(factor) < 0.3 or laws(ORNO, as_shown(ORNO, values)) == {Law.KEPT}


@given(st.lists(st.tuples(volts, amperes, factors), min_size=3, max_size=3))
def test_true_values_of_three_lines_keep_each_law(lines):
    """Also where one line gives and another takes; a sum that is about zero proves nothing."""
    values = {"frequency_hz": 50.0}
    for part, (voltage, current, factor) in zip(LINES, lines, strict=True):
        values |= {f"voltage_{part}_v": voltage, f"current_{part}_a": current}
        values |= {f"power_{part}_w": voltage * current * factor, f"apparent_power_{part}_va": voltage * current}
    values |= {
        total: sum(values[total.replace("_", f"_{part}_", 1)] for part in LINES) for total in ("current_a", "power_w")
    }
    values["apparent_power_va"] = sum(values[f"apparent_power_{part}_va"] for part in LINES)
    values["voltage_v"] = sum(values[f"voltage_{part}_v"] for part in LINES) / 3
    assert Law.BROKEN not in laws(THREE, as_shown(THREE, values))


@given(st.data())
def test_random_registers_are_no_meter(data):
    """Of 16 bits, as most meters have them: not one in a thousand has voltage, frequency and a law."""
    numbers = st.integers(0, 0xFFFF)
    image = {n: data.draw(numbers) for row in ORNO.rows for n in range(row.address, row.end)}
    values: dict[str, float] = {}
    for row in ORNO.rows:
        values |= decode([row], row.address, [image[n] for n in range(row.address, row.end)]).values
    assert not Verdict(ORNO, EVEN, None, values, 0).is_consistent


@pytest.mark.parametrize("field", ["current_a", "voltage_v"])
@pytest.mark.parametrize("scale", [0.1, 0.5, 2, 10])
def test_a_wrong_scale_breaks_each_law(field, scale):
    assert laws(ORNO, VALUES | {field: VALUES[field] * scale}) == {Law.BROKEN}


def test_where_nothing_flows_nothing_is_proved():
    idle = VALUES | {"current_a": 0.0, "power_w": 0.0, "apparent_power_va": 0.0, "power_factor": 1.0}
    verdict = Verdict(ORNO, EVEN, None, idle, 0)

    assert verdict.laws == {Law.IDLE}
    assert verdict.is_likely
    assert not verdict.is_consistent
    assert verdict.doubt == "too little current flows to compare its values"


@pytest.mark.parametrize(
    "shown",
    [
        {"current_a": 0.004, "power_w": 1.0, "apparent_power_va": 1.0, "power_factor": 1.0},
        {"current_a": 0.0, "power_w": 1.0, "apparent_power_va": 2.0, "power_factor": 0.5},
        {"current_a": 0.01, "power_w": 0.0, "apparent_power_va": 0.0, "power_factor": 1.0},
    ],
    ids=["a watt", "no current", "no power"],
)
def test_hardly_anything_that_flows_proves_nothing(shown):
    """A standby of a watt: of one digit or two, what agrees does so by chance, and so does what does not."""
    verdict = Verdict(ORNO, EVEN, None, VALUES | shown, 0)

    assert verdict.laws == {Law.IDLE}
    assert not verdict.is_consistent


def test_a_total_is_the_sum_of_its_lines():
    values = {"power_w": 600.0, "power_l1_w": 100.0, "power_l2_w": 200.0, "power_l3_w": 300.0}
    assert laws(THREE, values) == {Law.KEPT}
    assert laws(THREE, values | {"power_w": 900.0}) == {Law.BROKEN}
    # A meter that counts both directions alike adds them without their signs.
    assert laws(THREE, values | {"power_l2_w": -200.0}) == {Law.KEPT}


@pytest.mark.parametrize("missing", ["voltage_v", "frequency_hz"])
def test_values_without_voltage_or_frequency_name_no_model(missing):
    values = {name: value for name, value in VALUES.items() if name != missing}
    assert not Verdict(ORNO, EVEN, None, values, 1).is_likely


def test_voltage_and_frequency_alone_name_no_model():
    assert not Verdict(ORNO, EVEN, None, {"voltage_v": 230.0, "frequency_hz": 50.0}, 15).is_likely


def test_an_identity_register_outranks_values():
    other = replace(ORNO, name="other", table_of="other", identity=None)
    identified = Verdict(ORNO, PLAIN, 0xA2, {}, 17)
    assert ranked([Verdict(other, EVEN, None, VALUES, 0), identified])[0] is identified
    assert identified.evidence == ["register 0x000B says 0x00A2"]


def test_a_foreign_identity_makes_a_guess():
    verdict = Verdict(ORNO, EVEN, 0xA3, VALUES, 0)
    assert verdict.is_likely
    assert verdict.doubt == "its register 0x000B says 0x00A3, which is another model's"
    other = Verdict(replace(ORNO, name="other", identity=None), EVEN, None, VALUES, 0)
    assert ranked([verdict, other])[0] is other


def test_siblings_are_equally_likely_and_the_owner_of_the_table_comes_first():
    verdicts = ranked([Verdict(model, EVEN, 0xA2, VALUES, 0) for model in (ORNO_514, ORNO)])
    assert [verdict.model for verdict in verdicts] == [ORNO, ORNO_514]
    assert equals(verdicts) == verdicts[1:]


def test_siblings_with_other_settings_are_less_likely():
    other = replace(ORNO_514, settings=PLAIN)
    verdicts = ranked([Verdict(model, PLAIN, 0xA2, VALUES, 0) for model in (ORNO, other)])
    assert [verdict.model for verdict in verdicts] == [other, ORNO]
    assert equals(verdicts) == []


def test_whoever_answers_all_is_likelier_than_a_larger_one_that_does_not():
    larger = replace(ORNO, name="larger", rows=(*ORNO.rows, replace(ORNO.rows[0], address=0x200)))
    verdicts = ranked([Verdict(larger, EVEN, None, VALUES, 1), Verdict(ORNO, PLAIN, None, VALUES, 0)])
    assert verdicts[0].model is ORNO


def test_three_lines_are_likelier_than_one_of_them():
    """Even where the smaller model has the settings from its factory: nobody makes up two more voltages."""
    three = replace(THREE, settings=PLAIN)
    values = {"voltage_l1_v": 230.0, "frequency_hz": 50.0, "current_l1_a": 2.0, "apparent_power_l1_va": 460.0}
    verdicts = ranked([Verdict(ORNO, EVEN, None, VALUES, 0), Verdict(three, EVEN, None, values, 0)])
    assert [verdict.is_consistent for verdict in verdicts] == [True, True]
    assert verdicts[0].model is three


def test_the_evidence_is_told_as_a_display_shows_it():
    assert Verdict(ORNO, EVEN, 0xA2, VALUES, 0).evidence == [
        "register 0x000B says 0x00A2",
        "231.42 V, 50.01 Hz",
        "341 VA = 231.42 V x 1.473 A",
        "327 W = 231.42 V x 1.473 A x 0.959",
    ]


@pytest.mark.parametrize("model", load_models().values(), ids=lambda model: model.name)
def test_a_table_knows_whose_it_is(model):
    assert load_models()[model.table_of].rows == model.rows


# What is told.


def found(model: Model = ORNO, address: int = 1, settings: LineSettings = EVEN, identity: int | None = 0xA2) -> Found:
    return Found(settings, address, ranked([Verdict(model, settings, identity, VALUES, 0)]), is_examined=True)


# Those that are named by these values alone.
NAMED = [model for model in load_models().values() if found(model).best]


@given(
    st.lists(
        st.tuples(st.sampled_from(NAMED), st.integers(1, 247), st.sampled_from([EVEN, PLAIN])),
        unique_by=lambda place: place[1:],
        min_size=1,
        max_size=8,
    )
)
def test_the_line_for_telegraf_is_toml_that_run_accepts(places):
    every = [found(model, address, settings) for model, address, settings in places]
    text = report.as_telegraf("/opt/wattline/bin/wattline", Findings("/dev/ttyUSB0", every))
    (execd,) = tomllib.loads(text)["inputs"]["execd"]
    program, run, port, *words = execd["command"]
    meters = [parse_meter(word, load_models()) for word in words]

    assert (program, run, port) == ("/opt/wattline/bin/wattline", "run", "/dev/ttyUSB0")
    assert (execd["signal"], execd["data_format"]) == ("none", "influx")
    assert [meter.name for meter in meters] == [f"meter{n}" for n in range(1, len(places) + 1)]
    assert {(meter.model, meter.address, meter.settings) for meter in meters} == set(places)


def test_settings_are_named_only_where_they_are_not_the_factorys():
    assert report.word("a", found(), ORNO) == "a=orno-we515@1"
    changed = found(settings=LineSettings(2400, "N", 2))
    assert report.word("a", changed, ORNO) == "a=orno-we515@1,baud=2400,parity=N,stop=2"


def test_a_guess_is_said_to_be_one():
    """In the table, and in a comment above the command."""
    findings = Findings("/dev/ttyUSB0", [found(identity=0xA3)])
    line = "# meter1 is a guess: its register 0x000B says 0x00A3, which is another model's; compare the meter's label."
    assert line in report.as_telegraf("wattline", findings)
    assert "a guess: its register" in report.as_table(findings)
    assert "#" not in report.as_telegraf("wattline", Findings("/dev/ttyUSB0", [found()]))


def test_each_meter_of_a_long_command_has_its_own_line():
    """So that the second is seen without a bar to scroll by; it is one and the same command for Telegraf."""
    port = "/dev/serial/by-id/usb-1a86_USB_Serial-if00-port0"
    findings = Findings(port, [found(), found(address=2)], journal="/var/lib/wattline/journal")
    text = report.as_telegraf("/opt/wattline/bin/wattline", findings)
    assert max(map(len, text.splitlines())) <= 100
    assert '\n    "meter2=orno-we515@2",\n' in text
    (execd,) = tomllib.loads(text)["inputs"]["execd"]
    assert execd["command"] == report.command("/opt/wattline/bin/wattline", findings)


def test_siblings_are_told():
    both = Found(EVEN, 1, ranked([Verdict(model, EVEN, 0xA2, VALUES, 0) for model in (ORNO, ORNO_514)]))
    findings = Findings("/dev/ttyUSB0", [both])
    assert "# meter1 may as well be orno-we514;" in report.as_telegraf("wattline", findings)
    assert "orno-we515 or orno-we514" in report.as_table(findings)


def test_the_table_is_in_order_of_the_addresses():
    findings = Findings("/dev/ttyUSB0", [found(address=2), found(address=1), found(address=1, settings=PLAIN)])
    rows = [line.split()[:5] for line in report.as_table(findings).splitlines()[1:] if not line.startswith(" ")]
    assert rows == [
        ["meter1", "orno-we515", "1", "9600", "8E1"],
        ["meter2", "orno-we515", "1", "9600", "8N1"],
        ["meter3", "orno-we515", "2", "9600", "8E1"],
    ]


def test_behind_a_gateway_no_settings_are_told():
    findings = Findings("socket://host:4001", [found(settings=PLAIN)], has_settings=False)
    assert '"meter1=orno-we515@1"]' in report.as_telegraf("wattline", findings)
    assert "9600" not in report.as_table(findings) + report.as_json("wattline", findings)


def test_what_else_was_found_is_explained():
    unknown = Found(PLAIN, 7, is_examined=True)
    perhaps = Found(PLAIN, 8, is_examined=True, not_excluded=[ORNO_514])
    garbled = replace(found(address=9), sound=10, garbled=6, also=[PLAIN])
    findings = Findings(
        "/dev/ttyUSB0", [unknown, perhaps, garbled, Found(PLAIN, 11)], [(EVEN, 5)], [LineSettings(2400)]
    )
    text = "\n".join(report.remarks(findings, [ORNO, ORNO_514])).replace("\n", " ")

    assert "address 7 at 9600 8N1, and it is none of the 2 models that are known." in text
    assert "`--meter-file`; `wattline probe /dev/ttyUSB0 METER`" in text
    assert "none of the 1 other models that are known. It may be orno-we514, which no value proves" in text
    assert "`wattline probe /dev/ttyUSB0 unknown=orno-we514@8,parity=N`" in text
    assert "address 11 at 9600 8N1; the search ended before it was asked" in text
    assert "From address 5 at 9600 8E1 alone come bytes that are never a frame" in text
    assert "`wattline models NAME` tells how" in text
    assert "6 of the 16 answers of address 9 at 9600 8E1 came garbled: either two" in text
    assert "The meter of address 9 at 9600 8E1 answers at 9600 8N1 too" in text
    assert "At 2400 8N1 bytes come that no meter sent" in text


def test_two_meters_on_one_address_are_explained():
    """With the name of the make, if that is known, so that its address can be changed; a file would not help."""
    named = replace(found(address=3), sound=8, garbled=6, is_twice=True)
    nameless = Found(PLAIN, 5, sound=4, garbled=12, is_alone=True, is_given_up=True, is_examined=True)
    findings = Findings("/dev/ttyUSB0", [named, nameless])
    first, second = [text.replace("\n", " ") for text in report.remarks(findings, [ORNO, ORNO_514])]

    assert first.startswith(
        "6 of the 14 answers of address 3 at 9600 8E1 came garbled, and one question was answered twice: "
        "most likely two meters have that address. "
    )
    assert "`wattline models orno-we515` tells how that make's address is changed" in first
    assert second.startswith(
        "12 of the 16 answers of address 5 at 9600 8N1 came garbled, and where nobody has the address nothing is "
        "garbled: most likely two meters have that address. "
    )
    assert "`wattline models NAME` tells how that make's address is changed" in second
    assert "but perhaps two meters" in " ".join(report.as_table(findings).split())
    assert "  # meter1 may be two meters with one address, mixed up: see to that first.\n" in report.as_telegraf(
        "wattline", findings
    )


@pytest.mark.parametrize(
    ("sound", "garbled", "may_be_two"),
    [(0, 2, True), (8, 2, True), (9, 2, False), (40, 10, True), (41, 10, False), (0, 1, False), (100, 0, False)],
)
def test_so_many_garbled_answers_may_be_two_meters(sound, garbled, may_be_two):
    """One in five; a single one is the line's."""
    assert Found(PLAIN, 7, sound=sound, garbled=garbled).may_be_two is may_be_two
    assert Found(PLAIN, 7, sound=sound, garbled=garbled, is_twice=True).may_be_two


def test_unknown_devices_are_told_together():
    unknown = [Found(PLAIN, address, is_examined=True) for address in (7, 8)]
    (text,) = report.remarks(Findings("/dev/ttyUSB0", unknown), [ORNO])
    assert text.replace("\n", " ").startswith(
        "Something answers at address 7 at 9600 8N1; address 8 at 9600 8N1, and it is none of the"
    )


@pytest.mark.parametrize("columns", [60, 80, 100])
def test_all_that_is_told_fits_a_terminal(monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    findings = Findings("/dev/ttyUSB0", [Found(PLAIN, 7, is_examined=True)])
    (text,) = report.remarks(findings, load_models().values())
    evidence = report.as_table(Findings("/dev/ttyUSB0", [found(address=2), found(address=1)]))
    assert max(map(len, f"{text}\n{evidence}".splitlines())) <= columns


def test_programs_get_all_of_it():
    both = Found(EVEN, 1, ranked([Verdict(model, EVEN, 0xA2, VALUES, 0) for model in (ORNO, ORNO_514)]))
    findings = Findings("/dev/ttyUSB0", [both, Found(PLAIN, 7, not_excluded=[ORNO])], [(EVEN, 5)], [PLAIN])
    document = json.loads(report.as_json("wattline", findings))

    (meter,) = document["meters"]
    assert meter.pop("evidence")[0] == "register 0x000B says 0x00A2"
    assert meter == {
        "name": "meter1",
        "model": "orno-we515",
        "equally_likely": ["orno-we514"],
        "address": 1,
        "baud": 9600,
        "parity": "E",
        "stop": 1,
        "word": "meter1=orno-we515@1",
        "is_guess": False,
        "doubt": "",
        "may_be_two": False,
    }
    assert document["unknown"] == [
        {"address": 7, "baud": 9600, "parity": "N", "stop": 1, "perhaps": ["orno-we515"], "may_be_two": False}
    ]
    assert document["doubled"] == [{"address": 5, "baud": 9600, "parity": "E", "stop": 1}]
    assert document["noisy"] == ["9600 8N1"]
    assert document["command"] == ["wattline", "run", "/dev/ttyUSB0", "meter1=orno-we515@1"]


def test_a_model_that_has_no_frequency_is_a_guess_by_its_law():
    rows = tuple(row for row in ORNO.rows if row.field != "frequency_hz")
    model = replace(ORNO, rows=rows, identity=None)
    values = {name: value for name, value in VALUES.items() if name != "frequency_hz"}
    assert Verdict(model, EVEN, None, values, 0).doubt == "the model tells no frequency"
    assert Verdict(model, EVEN, None, values, 0).is_likely
    assert not Verdict(model, EVEN, None, {"voltage_v": 230.0}, 0).is_likely


def test_an_identity_may_have_a_function_of_its_own():
    model = replace(ORNO, identity=Identity(0xFC02, (32,), 3), function=4)
    assert Verdict(model, EVEN, 32, {}, 0).evidence == ["register 0xFC02 says 0x0020"]
