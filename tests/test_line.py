"""A point as a line, read back by a parser that is not ours.

| fault | test |
|---|---|
| a name breaks the line, or comes out as another | test_tags_and_fields_come_back_as_they_were |
| a control character cuts the line in two | test_a_line_is_one_line, test_control_characters_are_written_visibly |
| a backslash at the end swallows the next tag, and Telegraf refuses the line | test_a_backslash_at_the_end_is_left_out |
| a point without tags is written with a comma too many | test_a_point_needs_no_tag |
| an empty tag, which Telegraf refuses | test_an_empty_tag_is_left_out |
| a whole number becomes an integer, and the field's type changes | test_a_whole_number_stays_a_float |
| a number loses digits | test_a_number_comes_back_exactly |
| NaN or an infinity costs the whole line | test_what_is_no_number_is_refused |
| a line without a field | test_a_point_without_fields_is_refused |
| the stamp goes through a float and loses its nanoseconds | test_the_stamp_is_exact |
| the order of tags and fields changes from line to line | test_tags_and_fields_are_in_the_order_of_their_names |
| a measurement's name breaks the line | test_a_measurement_comes_back_as_it_was |
| a text breaks the line, or comes out as another | test_a_text_comes_back_as_it_was |
| ... or becomes a number, or a number a text | the same |
"""

import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from line_protocol_parser import parse_line

from wattline.line import to_line
from wattline.reading import Point

# A busy machine is slow, not wrong.
thorough = settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])

NOW_NS = 1_700_000_000_000_000_000
CONTROLS = "\t\n\v\f\r"
VISIBLE = str.maketrans({"\t": r"\t", "\n": r"\n", "\v": r"\v", "\f": r"\f", "\r": r"\r"})

awkward = st.text(" ,=\"'#\\ab0äß→中𝛑", min_size=1, max_size=12)
# Half of a surrogate pair has no bytes in UTF-8, and a zero byte ends a string for the parser.
anything = st.text(st.characters(exclude_categories=["Cs"], exclude_characters=f"\0{CONTROLS}"), min_size=1)
tag_texts = (awkward | anything).filter(lambda text: not text.endswith("\\"))
# A backslash in a name, unlike one in a tag's value, is read differently by different parsers; no name has one.
names = (awkward | anything).map(lambda text: text.replace("\\", "/"))
# The parser refuses what is too small for all the digits of a float.
floats = st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False)
# The last stamp that InfluxDB takes.
LAST_NS = 2**63 - 2


def line_of(
    *, tags: dict[str, str] | None = None, fields: dict[str, float] | None = None, time_ns: int = NOW_NS
) -> str:
    tags = {"meter": "house"} if tags is None else tags
    fields = {"power_w": 1.5} if fields is None else fields
    return to_line(Point("electricity", tags, fields, time_ns))


@thorough
@given(
    st.dictionaries(names, tag_texts, max_size=4),
    st.dictionaries(names, floats, min_size=1, max_size=4),
)
def test_tags_and_fields_come_back_as_they_were(tags: dict[str, str], fields: dict[str, float]) -> None:
    assert parse_line(line_of(tags=tags, fields=fields)) == {
        "measurement": "electricity",
        "tags": tags,
        "fields": fields,
        "time": NOW_NS,
    }


@thorough
@given(names.filter(lambda name: not name.startswith("#")))
def test_a_measurement_comes_back_as_it_was(name: str) -> None:
    assert parse_line(to_line(Point(name, {"a": "b"}, {"c": 1.0}, 1)))["measurement"] == name


@thorough
@given(st.text(f"{CONTROLS} ,=\\a", min_size=1, max_size=12))
def test_a_line_is_one_line(text: str) -> None:
    for line in (line_of(tags={"port": text}), line_of(fields={text.replace("\\", "/"): 1.0})):
        assert not set(CONTROLS) & set(line)
        assert parse_line(line)["time"] == NOW_NS


@pytest.mark.parametrize("control", CONTROLS)
def test_control_characters_are_written_visibly(control: str) -> None:
    port = f"/dev/ttyUSB0{control}"

    assert parse_line(line_of(tags={"port": port}))["tags"] == {"port": port.translate(VISIBLE)}
    assert parse_line(line_of(tags={port: "a"}))["tags"] == {port.translate(VISIBLE): "a"}
    assert parse_line(line_of(fields={port: 1.0}))["fields"] == {port.translate(VISIBLE): 1.0}
    assert parse_line(to_line(Point(port, {}, {"a": 1.0}, 1)))["measurement"] == port.translate(VISIBLE)


@pytest.mark.parametrize("end", ["\\", "\\\\", "\\\\\\"])
def test_a_backslash_at_the_end_is_left_out(end: str) -> None:
    """Line protocol has no way to write one; Telegraf leaves it out of its own lines as well."""
    line = line_of(tags={"port": rf"C:\dev{end}", "site": f"home{end}"})

    assert parse_line(line)["tags"] == {"port": r"C:\dev", "site": "home"}


@pytest.mark.parametrize("value", ["", "\\", "\\\\"])
def test_an_empty_tag_is_left_out(value: str) -> None:
    assert line_of(tags={"meter": "house", "role": value}) == f"electricity,meter=house power_w=1.5 {NOW_NS}"


def test_a_point_needs_no_tag() -> None:
    assert line_of(tags={}) == f"electricity power_w=1.5 {NOW_NS}"


@thorough
@given(st.text(" ,=\\\"'#ab0äß→\0\t\n\r", max_size=12) | st.text(st.characters(exclude_categories=["Cs"])), floats)
def test_a_text_comes_back_as_it_was(text: str, number: float) -> None:
    """But that what would cut the line in two is written visibly."""
    line = line_of(fields={"text": text, "power_w": number})

    assert not set(CONTROLS) & set(line)
    assert parse_line(line)["fields"] == {"text": text.translate(VISIBLE).replace("\0", r"\0"), "power_w": number}


@thorough
@given(floats)
def test_a_number_comes_back_exactly(value: float) -> None:
    found = parse_line(line_of(fields={"power_w": value}))["fields"]["power_w"]

    assert type(found) is float
    assert found == value
    assert math.copysign(1, found) == math.copysign(1, value)


@thorough
@given(st.integers(-(2**53), 2**53))
def test_a_whole_number_stays_a_float(value: int) -> None:
    """A field that was an integer once refuses every float afterwards."""
    for given_as in (value, float(value)):
        found = parse_line(line_of(fields={"power_w": given_as}))["fields"]["power_w"]

        assert type(found) is float
        assert found == value


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="is not a number that line protocol can carry"):
        line_of(fields={"voltage_v": 230.0, "power_w": value})


def test_a_point_without_fields_is_refused() -> None:
    with pytest.raises(ValueError, match="A point of electricity has no field"):
        line_of(fields={})


@thorough
@given(st.integers(0, LAST_NS))
def test_the_stamp_is_exact(time_ns: int) -> None:
    line = line_of(time_ns=time_ns)

    assert line.endswith(f" {time_ns}")
    assert parse_line(line)["time"] == time_ns


def test_tags_and_fields_are_in_the_order_of_their_names() -> None:
    tags = {"role": "grid", "meter": "house", "a": "b"}
    fields = {"voltage_v": 230.0, "current_a": 1.5, "power_w": -345.0}
    expected = f"electricity,a=b,meter=house,role=grid current_a=1.5,power_w=-345,voltage_v=230 {NOW_NS}"

    assert line_of(tags=tags, fields=fields) == expected
    assert line_of(tags=dict(reversed(tags.items())), fields=dict(reversed(fields.items()))) == expected
