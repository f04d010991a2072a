"""The bytes of a journal: whatever has become of them, what is read is whole and true.

| fault | test |
|---|---|
| what is read is not what was written | test_what_is_written_is_read |
| the end of a file is missing, after a power cut, and half a line is read | test_any_prefix_gives_whole_true_lines |
| ... or less than what was whole | the same |
| a sector was not written, and what is behind it is lost or mixed up | test_a_lost_sector_costs_its_record_alone |
| a bit has fallen over, and a number is another | test_a_flipped_bit_costs_its_record_alone |
| a sector holds what another file held there before | test_a_record_of_another_file_is_none_of_this |
| what was passed over is not counted | test_what_is_passed_over_is_counted |
| zeros between records, as on a disk with large sectors, end the file | test_zeros_between_records_are_passed_over |
| a caller who goes on reads a line twice, or leaves one out | test_reading_goes_on_where_it_was |
| a line that no encoding has ends the journal | test_half_a_surrogate_is_replaced |
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattline.journal.record import SECTOR_BYTES, Records, pack

NUMBER = 7
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n\r"), min_size=1, max_size=40)
# Some that do not compress, so that a record has several sectors.
noise = st.binary(min_size=1, max_size=900).map(bytes.hex)
groups = st.lists(st.lists(texts | noise, max_size=5), min_size=1, max_size=5)


def written(said: list[list[str]]) -> tuple[bytes, list[int]]:
    """A file with these groups and zeros behind them, and the offset behind each."""
    data, ends = b"", []
    for lines in said:
        data += pack(NUMBER, lines)
        ends.append(len(data))
    return data + bytes(3 * SECTOR_BYTES), ends


def read(data: bytes, begin: int = 0) -> list[list[str]]:
    return [record.lines for record in Records(data, NUMBER, begin)]


@given(groups)
def test_what_is_written_is_read(said: list[list[str]]) -> None:
    data, ends = written(said)
    records = Records(data, NUMBER)
    assert [(record.lines, record.end) for record in records] == list(zip(said, ends, strict=True))
    assert (records.end, records.skipped_bytes) == (ends[-1], 0)
    assert all(end % SECTOR_BYTES == 0 for end in ends)


@given(groups, st.data())
def test_any_prefix_gives_whole_true_lines(said: list[list[str]], draw: st.DataObject) -> None:
    data, ends = written(said)
    length = draw.draw(st.integers(0, len(data)))
    # A record is whole as soon as its payload is: of its last sector only zeros may be missing.
    payloads = [begin + 16 + int.from_bytes(data[begin + 8 : begin + 12], "little") for begin in [0, *ends[:-1]]]
    kept = read(data[:length])
    assert kept == said[: len(kept)]
    assert len(kept) >= sum(payload <= length for payload in payloads)


@given(groups, st.data(), st.booleans())
def test_a_lost_sector_costs_its_record_alone(said: list[list[str]], draw: st.DataObject, is_noise: bool) -> None:
    data, ends = written(said)
    sector = draw.draw(st.integers(0, ends[-1] // SECTOR_BYTES - 1)) * SECTOR_BYTES
    hit = next(index for index, end in enumerate(ends) if sector < end)
    instead = b"\x5a" * SECTOR_BYTES if is_noise else bytes(SECTOR_BYTES)
    assert read(data[:sector] + instead + data[sector + SECTOR_BYTES :]) == said[:hit] + said[hit + 1 :]


@given(groups, st.data())
def test_a_flipped_bit_costs_its_record_alone(said: list[list[str]], draw: st.DataObject) -> None:
    data, ends = written(said)
    at = draw.draw(st.integers(0, 8 * ends[-1] - 1))
    hit = next(index for index, end in enumerate(ends) if at // 8 < end)
    spoilt = bytearray(data)
    spoilt[at // 8] ^= 1 << at % 8
    # In the zeros behind a payload it costs nothing.
    assert read(bytes(spoilt)) in (said, said[:hit] + said[hit + 1 :])


def test_a_record_of_another_file_is_none_of_this() -> None:
    data = pack(NUMBER, ["a x=1 1"]) + pack(NUMBER - 1, ["b x=1 1"]) + pack(NUMBER, ["c x=1 1"])
    assert read(data) == [["a x=1 1"], ["c x=1 1"]]


def test_what_is_passed_over_is_counted() -> None:
    first = pack(NUMBER, ["a x=1 1"])
    records = Records(first + b"torn".ljust(SECTOR_BYTES, b"\0") + first + b"more" + bytes(2000), NUMBER)
    assert len(list(records)) == 2
    assert records.skipped_bytes == len("torn") + len("more")
    assert (records.end, records.last_skipped) == (3 * SECTOR_BYTES, 4 * SECTOR_BYTES)


def test_zeros_between_records_are_passed_over() -> None:
    data = pack(NUMBER, ["a x=1 1"]).ljust(4096, b"\0") + pack(NUMBER, ["b x=1 1"])
    assert read(data) == [["a x=1 1"], ["b x=1 1"]]


@given(groups, st.data())
def test_reading_goes_on_where_it_was(said: list[list[str]], draw: st.DataObject) -> None:
    data, _ = written(said)
    half = data[: draw.draw(st.integers(0, len(data)))]
    before = Records(half, NUMBER)
    assert [record.lines for record in before] + read(data, before.end) == said


@pytest.mark.parametrize("text", ["\ud800", "a\udcffb"])
def test_half_a_surrogate_is_replaced(text: str) -> None:
    ((line,),) = read(pack(NUMBER, [f"a x=1 1{text}"]))
    assert line.startswith("a x=1 1")
