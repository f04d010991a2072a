"""Whatever comes: nothing ends the reading, and no reading is made that was not there.

| fault | test |
|---|---|
| some bytes raise an error | test_any_bytes_are_survived |
| bytes that are no fragment make a point | the same |
| ... or grow in memory without end | test_what_has_no_end_is_bounded |
| a torn stream makes a reading that nobody sent | test_a_torn_stream_makes_no_reading_of_its_own |
| ... or costs the fragments that are whole | test_what_is_whole_is_kept |
| how it is cut makes a difference | test_the_pieces_make_no_difference |
| a key comes out of a torn description, into a recording or a line | test_no_key_is_kept_whatever_is_lost |
| ... quoted in a sentence | test_no_key_in_a_sentence_comes_out |
| ... or what is none is masked | test_a_sentence_without_a_key_is_kept |
| ... depending on how it is cut | test_a_recording_is_the_same_however_it_is_cut |
| a recording means something else than the stream | test_a_recording_means_the_same |
| a long message, a strange name: a line that is none | test_any_text_is_a_line |
| a complaint quotes a key | test_what_is_no_fragment_is_refused_without_quoting_it |
| reading is slower than the line | test_it_is_far_faster_than_the_line |
"""

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from line_protocol_parser import parse_line

from rainforest.golden import CASES, OTHERWISE_S, interpreter_of, lines, pieces, points_of
from wattline.clock import NS
from wattline.line import to_line
from wattline.rainforest.fragment import MalformedError, parse
from wattline.rainforest.framer import LONGEST_BYTES, ROOTS, Framer
from wattline.rainforest.interpreter import Interpreter
from wattline.rainforest.redact import Redactor
from wattline.rainforest.words import parse_stick_meters
from wattline.simulate.rainforest.fragments import INSTALL_CODE, LINK_KEY, Moment, of_kind
from wattline.simulate.rainforest.meter import Raw

thorough = settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])

MOMENT = Moment(is_emu2=True, utc_s=1_740_438_422, offset_s=-25_200, raw=Raw(333, 113_007_485, 4_162_112))
KINDS = [
    "InstantaneousDemand",
    "CurrentSummationDelivered",
    "PriceCluster",
    "TimeCluster",
    "DeviceInfo",
    "ConnectionStatus",
]
# All that the meter has shown, in W and kWh.
POWERS, ENERGIES = {333.0}, {113_007.485, 4_162.112}
snippets = st.sampled_from(
    [b"<", b">", b"</", b"<Demand>", b"</Demand>", b"0x00014d", b"\0", b"&", b"]]>", b"<![CDATA["]
)
junk = st.lists(
    st.binary(max_size=8) | snippets | st.sampled_from([f"<{root}>".encode() for root in ROOTS]), max_size=30
)


def redacted(data: bytes) -> bytes:
    """All of ``data``, masked."""
    redactor = Redactor()
    return redactor.feed(data) + redactor.end()


def reader() -> Interpreter:
    return Interpreter(parse_stick_meters(["grid=rainforest-emu2"]))


@st.composite
def torn_streams(draw: st.DrawFn) -> bytes:
    """Fragments of one moment, with pieces lost, doubled and put over one another; no byte becomes another one."""
    whole = b"".join(of_kind(kind, MOMENT) for kind in draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=6)))
    for _ in range(draw(st.integers(0, 6))):
        start, length = draw(st.integers(0, len(whole))), draw(st.integers(0, 60))
        piece = whole[start : start + length]
        at = draw(st.integers(0, len(whole)))
        match draw(st.integers(0, 2)):
            case 0:
                whole = whole[:at] + of_kind(draw(st.sampled_from(KINDS)), MOMENT) + whole[at:]
            case 1:
                whole = whole[: whole.rindex(b"<") + 1 + at % 3]
            case _:
                whole = whole[:at] + bytes(len(piece)) + whole[at:]
    return whole


@thorough
@given(junk.map(b"".join))
def test_any_bytes_are_survived(data: bytes) -> None:
    interpreter = reader()
    points = points_of(interpreter, data, NS)

    assert {point.measurement for point in points} <= {"wattline_warning"}


def test_what_has_no_end_is_bounded() -> None:
    framer = Framer()
    for _ in range(1000):
        assert framer.feed(b"<InstantaneousDemand>" + 1000 * b"x") == []
        assert len(framer._fragment) + len(framer._rest) <= LONGEST_BYTES + 1100
    for _ in range(1000):
        framer.feed(1000 * b"<y")
        assert len(framer._fragment) + len(framer._rest) <= LONGEST_BYTES + 2100
    assert len(framer.feed(of_kind("TimeCluster", MOMENT))) == 1


@thorough
@given(torn_streams())
def test_a_torn_stream_makes_no_reading_of_its_own(data: bytes) -> None:
    interpreter = reader()
    for point in points_of(interpreter, data, MOMENT.utc_s * NS):
        values = point.numbers
        assert {values.pop("power_w", 333.0)} <= POWERS
        for name in ("energy_import_kwh", "energy_export_kwh"):
            assert round(values.get(name, 4_162.112), 3) in ENERGIES


@thorough
@given(junk.map(b"".join), st.sampled_from(KINDS), st.integers(1, 100))
def test_what_is_whole_is_kept(before: bytes, kind: str, size: int) -> None:
    """Whatever went before it, unless that is a tag that has begun: then the first byte is lost with it."""
    framer = Framer()
    whole = of_kind(kind, MOMENT).strip()
    found = [fragment for piece in pieces(before + b">" + whole, size) for fragment in framer.feed(piece)]

    assert found[-1:] == [whole]


@thorough
@given(torn_streams() | junk.map(b"".join), st.integers(1, 200))
def test_the_pieces_make_no_difference(data: bytes, size: int) -> None:
    at_once, in_pieces = Framer(), Framer()

    assert [f for piece in pieces(data, size) for f in in_pieces.feed(piece)] == at_once.feed(data)
    assert in_pieces == at_once


@thorough
@given(st.data())
def test_no_key_is_kept_whatever_is_lost(data: st.DataObject) -> None:
    """Any stretch of a description may be missing, and NUL bytes may stand anywhere in what is left of it."""
    whole = of_kind("DeviceInfo", MOMENT) + of_kind("MeterInfo", MOMENT)
    for _ in range(data.draw(st.integers(0, 3))):
        start = data.draw(st.integers(0, len(whole)))
        whole = whole[:start] + whole[start + data.draw(st.integers(0, 30)) :]
    at = data.draw(st.integers(0, len(whole)))
    whole = whole[:at] + b"\0" + whole[at:]
    shown = redacted(whole).replace(b"\0", b"")

    left = whole.replace(b"\0", b"")
    for key in (INSTALL_CODE, LINK_KEY):
        # Six digits of it in a row cannot be chance.
        pieces_of_key = {key[i : i + 6].encode() for i in range(2, len(key) - 5)}
        assert not [piece for piece in pieces_of_key if piece in shown], left


@pytest.mark.parametrize(
    "key",
    [INSTALL_CODE, LINK_KEY, LINK_KEY[2:], "DE:AD:BE:EF:00:11:22:33", "dead beef 0011 2233", "dead-beef-0011-2233"],
)
@pytest.mark.parametrize(
    "form", ["<Error>Bad key {}.</Error>", "<Warning><Text>{} is bad</Text></Warning>", "<MessageCluster><Text>Bad {}</Text></MessageCluster>"]
)  # fmt: skip
def test_no_key_in_a_sentence_comes_out(key: str, form: str) -> None:
    data = form.format(key).encode()
    shown = "".join(lines(reader(), data))

    assert key.encode() not in redacted(data)
    assert key not in shown
    assert "ad" in shown
    # As a recording tells it; of an error it has not a word.
    assert "Error" in form or lines(reader(), redacted(data)) == lines(reader(), data)


def test_a_sentence_without_a_key_is_kept() -> None:
    text = "Unknown command 0x0000001f at 2026-01-01 00:00:00, bad or dead 2026-01-02 00:00, added 12345678 and 87654321 faded"
    data = f"<Warning><Text>{text}</Text></Warning>".encode()

    assert text in "".join(lines(reader(), data))
    assert redacted(data) == data


@thorough
@given(torn_streams() | junk.map(b"".join), st.integers(1, 200))
def test_a_recording_is_the_same_however_it_is_cut(data: bytes, size: int) -> None:
    redactor = Redactor()

    assert b"".join([redactor.feed(piece) for piece in pieces(data, size)]) + redactor.end() == redacted(data)
    assert len(redacted(data)) == len(data)


@pytest.mark.parametrize("case", sorted(CASES.glob("[0-9]*")), ids=lambda case: case.name)
def test_a_recording_means_the_same(case) -> None:
    data = (case / "stream.bin").read_bytes()

    assert lines(interpreter_of(case), redacted(data)) == lines(interpreter_of(case), data)


@thorough
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="<>&\0"), min_size=1, max_size=200))
def test_any_text_is_a_line(text: str) -> None:
    encoded = text.encode("cp1252", errors="ignore")
    data = b"<MessageCluster><Text>" + encoded + b"</Text></MessageCluster>"
    for point in points_of(reader(), data, OTHERWISE_S * NS):
        line = to_line(point)
        assert "\n" not in line
        assert parse_line(line)["fields"].keys() == {"text"}


@given(st.binary(max_size=200).filter(lambda data: b"<" not in data))
def test_what_is_no_fragment_is_refused_without_quoting_it(data: bytes) -> None:
    """The sentence may stand in a log, and what was torn may hold a key."""
    with pytest.raises(MalformedError, match=r"\AA fragment [a-z ]+\.\Z"):
        parse(b"<DeviceInfo><LinkKey>" + data)


def test_it_is_far_faster_than_the_line() -> None:
    """115 200 baud are 11 520 bytes a second; a Pi is ten times as slow as what this may run on, and has more to do."""
    stream = b"".join(of_kind(KINDS[n % 4], Moment(True, MOMENT.utc_s + n, 0, MOMENT.raw)) for n in range(2000))
    interpreter, began_s = reader(), time.process_time()
    count = 0
    for piece in pieces(stream, 512):
        count += len(points_of(interpreter, piece, (MOMENT.utc_s + interpreter.fragments) * NS))

    assert count == 2000
    assert len(stream) / (time.process_time() - began_s) > 20 * 11_520
