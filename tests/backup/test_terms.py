"""A reading of a meter with an interval of its own belongs to the term in which it came, however late in it.

| fault | test |
|---|---|
| a reading that comes late counts for the next term, or as two, and its own as `off` | test_what_ran_without_a_break_is_never_off |
| ... or a reading over several seconds does | likewise |
| ... where the process did not say where its terms begin, as an early version did not | test_where_it_is_not_said_the_readings_tell, test_an_absence_tells_where_terms_begin |
| a term over a midnight, an hour or a restart counts twice, or nowhere | test_each_term_is_in_one_part |
| a term that was lost counts by its seconds | test_what_was_lost_counts_by_terms |
| ... or a reason that is known counts as lost | likewise |
| seconds of terms are folded at another place than they stand | test_a_term_has_a_reading_if_any_of_its_seconds_has |
"""

import random
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as some

from backup.journal_rig import NS, reading
from wattline.bus.attendance import Roll, due_s, offsets_s
from wattline.clock import Slot
from wattline.journal import notes
from wattline.reading import Absence, Reason
from wattline.words import parse_meters
from wattline_backup.reconcile.days import Meter, numbers_of
from wattline_backup.reconcile.due import _metered, dues_of
from wattline_backup.reconcile.kept import Kept, Reader
from wattline_backup.reconcile.memory import Memory
from wattline_backup.reconcile.terms import Terms, terms_of

HOUR_S, DAY_S = 3600, 86_400
DAY = int(datetime(2026, 2, 10, tzinfo=UTC).timestamp())


def read(*lines: str) -> Kept:
    reader = Reader()
    reader.take(lines)
    return reader.kept()


def numbers(kept: Kept, name: str, cut_s: int) -> dict[str, int]:
    """Of the first day, by the journal alone."""
    due = dues_of([kept], Memory(), cut_s)[name]
    meter = Meter(_metered(name, kept), absent=kept.absent.get(name, {}))
    return numbers_of(name, meter, due.spans, due.kept, (DAY, DAY + DAY_S))


WORDS = ["a=orno-we515@1", "b=orno-we515@2,interval=7s", "c=orno-we515@3,interval=10s", "d=orno-we515@4,interval=90s"]


@pytest.mark.parametrize("seed", range(4))
def test_what_ran_without_a_break_is_never_off(seed: int) -> None:
    """Of each meter, however seldom and late its readings come: each term has one, or a reason."""
    dice, meters = random.Random(seed), parse_meters(WORDS)
    roll, began_s, end_s = Roll(meters, 1), DAY + 1234 + seed, DAY + 3 * HOUR_S
    dues = {meter.name: due_s(meter, 1) for meter in meters}
    lines = [notes.began("1", {"at": began_s}, "p", dues, 1, offsets=offsets_s(meters, 1))]
    for second in range(began_s, end_s + 120):
        gave = [name for name, every_s in dues.items() if dice.random() < 0.9 / every_s]
        lines += [reading(second, name) for name in gave]
        silent = {name: dice.choice([None, Reason.SILENT]) if name != "a" else Reason.SILENT for name in dues}
        slot = Slot(second * NS, float(second), second + 0.95)
        absences = roll.call(slot, {name: reason for name, reason in silent.items() if name not in gave})
        lines += [notes.absent(absence) for absence in absences]
    kept = read(*lines)
    for name, every_s in dues.items():
        found = numbers(kept, name, end_s)
        assert (found["off"], found["lost"]) == (0, 0)
        assert found["due"] in {(end_s - began_s) // every_s - rest for rest in (0, 1)}
        assert 0 < found["metered"] < found["due"]
        assert found["silent"] + found["busy"] == found["due"] - found["metered"]


def late(every_s: int, offset_s: int, late_s: int) -> list[int]:
    """The seconds of an hour of readings, of which every tenth comes late."""
    return [DAY + n + (late_s if n // every_s % 10 == 3 else 0) for n in range(offset_s, HOUR_S, every_s)]


@pytest.mark.parametrize(("every_s", "offset_s", "late_s"), [(10, 5, 6), (10, 0, 9), (7, 6, 5), (60, 45, 40)])
def test_where_it_is_not_said_the_readings_tell(every_s: int, offset_s: int, late_s: int) -> None:
    began = notes.began("0.1.0", {"at": DAY}, "p", {"roof": every_s}, 1)
    found = numbers(
        read(began, *(reading(n, "roof") for n in late(every_s, offset_s, late_s))), "roof", DAY + HOUR_S - every_s
    )
    assert found["metered"] == found["due"]
    assert found["due"] >= HOUR_S // every_s - 3


def test_an_absence_tells_where_terms_begin() -> None:
    """More readings come late than not; and a reading is over three seconds."""
    began = notes.began("0.1.0", {"at": DAY}, "p", {"roof": 10}, 1)
    lines = [
        reading(DAY + n + (6 if n % 30 else k), "roof") for n in range(5, HOUR_S, 10) if n != 105 for k in range(3)
    ]
    absent = notes.absent(Absence({"roof": Reason.SILENT}, (DAY + 105) * NS))
    found = numbers(read(began, *lines, absent), "roof", DAY + HOUR_S - 5)
    assert (found["due"], found["metered"], found["silent"], found["off"]) == (359, 358, 1, 0)


def test_what_was_lost_counts_by_terms() -> None:
    """Of four terms of ten seconds that a loss touches, one has a reading, and of one the reason is known."""
    began = notes.began("1", {"at": DAY}, "p", {"roof": 10}, 1, offsets={"roof": 3})
    lines = [reading(DAY + n, "roof") for n in (3, 13, 29)]
    lines += [notes.lost(9, DAY + 31, {"at": DAY + 55}), notes.absent(Absence({"roof": Reason.BUSY}, (DAY + 43) * NS))]
    lines += [reading(DAY + 53, "roof")]
    found = numbers(read(began, *lines), "roof", DAY + 73)
    assert {name: found[name] for name in ("due", "metered", "busy", "lost", "off")} == {
        "due": 7,
        "metered": 4,
        "busy": 1,
        "lost": 1,
        "off": 1,
    }


spans = some.tuples(some.integers(0, 9000), some.integers(0, 9000)).map(lambda pair: (min(pair), max(pair)))


@given(spans, some.integers(1, 400), some.integers(0, 399), some.lists(some.integers(0, 9000), max_size=4))
def test_each_term_is_in_one_part(span, every_s, offset_s, cuts) -> None:
    """Wherever midnights are, or a day is counted on."""
    offset_s %= every_s
    whole = terms_of(span, every_s, offset_s, (0, 9000))
    begins = [n for n in range(span[0], span[1] - every_s + 1) if n % every_s == offset_s]
    assert [whole.begin + k * every_s for k in range(whole.count)] == begins
    edges = [0, *sorted(cuts), 9000]
    parts = [terms_of(span, every_s, offset_s, part) for part in pairwise(edges)]
    assert [part.begin + k * every_s for part in parts for k in range(part.count)] == begins


@given(
    some.sets(some.integers(0, 9000)), some.integers(0, 5000), some.sampled_from([1, 2, 7, 60]), some.integers(0, 90)
)
def test_a_term_has_a_reading_if_any_of_its_seconds_has(seconds, begin, every_s, count) -> None:
    hours = {hour: sum(1 << second % HOUR_S for second in seconds if second // HOUR_S == hour) for hour in range(3)}
    terms = Terms(begin, every_s, count)
    each = [range(begin + k * every_s, begin + (k + 1) * every_s) for k in range(count)]
    assert terms.folded(hours) == sum(1 << k for k, term in enumerate(each) if seconds & set(term))
    for start, stop in [(0, 9000), (begin + 5, begin + 5), (begin + 5, begin + 100)]:
        touched = sum(1 << k for k, term in enumerate(each) if term.start < stop and term.stop > start and start < stop)
        assert terms.between(start, stop) == touched
