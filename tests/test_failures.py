"""What a meter fails to answer again and again, on a virtual clock: no real time passes.

| fault | test |
|---|---|
| a meter that refuses reads as long as its table's loses all their values | test_a_meter_that_takes_shorter_reads_only_gives_all_its_values |
| ... or answers them with silence, or with half a reply | the same |
| ... and is read with more requests than it needs | test_halves_are_cut_no_smaller_than_they_must_be |
| ... or, where nothing else is read of it, is taken for dead | test_a_meter_that_is_silent_to_all_that_is_read_of_it_is_found_by_one_row |
| one register that a variant lacks takes its neighbours with it | test_one_row_that_is_lacking_costs_no_other |
| ... for ever, where the line is slow | test_a_lacking_row_costs_no_other_where_a_sweep_fills_the_second |
| ... or spoils the slot | test_a_refused_part_does_not_spoil_the_slot |
| ... or is asked for for ever, and fills the log | test_a_refused_row_is_left_alone_and_tried_again |
| everything is left alone because the meter refuses all for a while | test_a_meter_that_refuses_everything_is_asked_on |
| ... or is read in small pieces ever after | test_what_was_cut_in_a_bad_minute_is_whole_again |
| ... with ``--proven`` at least | the same |
| a few lost replies in a row, or what was never asked, give anything up | test_so_many_sweeps_in_vain_are_enough |
| ... on a line that loses many | test_silence_is_chance_where_the_line_loses_much |
| ... that are no fault of the line | test_what_is_not_lost_by_the_line_tells_nothing_of_it |
| ... of a meter that takes its time | test_what_comes_late_is_not_soon_cut |
| a meter that is silent to long reads gives nothing for minutes | test_a_meter_that_is_silent_to_long_reads_is_soon_read_whole |
| ... for as many of its intervals | test_a_meter_with_an_interval_is_soon_read_whole_too |
| ... or many that are not in a row | test_an_answer_begins_the_count_anew |
| a late refusal of another question gives up what is answered | test_a_late_refusal_gives_nothing_up |
| ... so that real ones are not believed either | test_refusals_on_a_line_that_loses_replies_are_believed |
| a trial is held against the pieces of what was cut meanwhile | test_a_trial_ends_when_one_of_its_parts_is_cut |
| one lost reply costs three seconds, as long as it may still come | test_a_lost_reply_does_not_cost_the_seconds_after_it |
"""

import random
import re
from collections import Counter
from collections.abc import Callable

import pytest

from test_many_meters import PAIR, Live, complete, told
from virtual import MODEL, Ask, Replies, Street, sound
from wattline.bus.failures import LEFT_ALONE_S, Failures
from wattline.bus.learning import Trying
from wattline.bus.parts import Parts
from wattline.bus.spans import AGREEMENTS_NEEDED, Spans
from wattline.errors import ChecksumError, NoReplyError, NotAskedError, ReadError, RefusedError
from wattline.plan import Span

# A thousand seconds of a virtual line take some of a busy machine's.
pytestmark = pytest.mark.timeout(60)


@pytest.fixture(autouse=True)
def _log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")


def refusal(ask: Ask) -> Replies:
    return [(0.02, ask.refusal(3))]


def silence(_ask: Ask) -> Replies:
    return []


def torn(ask: Ask) -> Replies:
    return [(0.02, ask.reply()[:11])]


def at_most(registers: int, else_: Callable[[Ask], Replies]) -> Callable[[Ask], Replies]:
    """A meter that answers reads of so many registers."""
    return lambda ask: sound(ask) if ask.count <= registers else else_(ask)


def lacking(*registers: int) -> Callable[[Ask], Replies]:
    """A variant that has not all registers of its table."""

    def behave(ask: Ask) -> Replies:
        asked = range(ask.first, ask.first + ask.count)
        return [(0.02, ask.refusal(2))] if any(register in asked for register in registers) else sound(ask)

    return behave


def rows(street: Street, pace: str, name: str = "house") -> set[str]:
    return {row.field for row in street[name].meter.model.rows if row.pace == pace}


TRYING = pytest.mark.parametrize("trying", [Trying.ALL, Trying.NOTHING], ids=["all", "proven"])


# Reads that are too long.


@TRYING
@pytest.mark.parametrize("else_", [refusal, silence, torn], ids=lambda else_: else_.__name__)
@pytest.mark.parametrize(("model", "most"), [("eastron-sdm120", 10), ("eastron-sdm72-v2", 20), ("orno-we515", 6)])
def test_a_meter_that_takes_shorter_reads_only_gives_all_its_values(
    live: Live, model: str, most: int, else_: Callable[[Ask], Replies], trying: Trying
) -> None:
    street = Street(f"house={model}@1,baud=9600")
    street["house"].behaves = at_most(most, else_)
    seen = live(street, 200, trying=trying)["house"]
    assert seen.wrong == []
    assert all(seen.fields[slot] >= rows(street, "fast") for slot in range(150, 201))
    given = Counter(field for slot in range(150, 201) for field in seen.fields[slot])
    assert min(given[field] for field in rows(street, "slow")) >= 4
    if else_ is refusal:
        assert all(seen.fields[slot] >= rows(street, "fast") for slot in range(11, 201)), "soon after the start"


def test_halves_are_cut_no_smaller_than_they_must_be(live: Live, caplog: pytest.LogCaptureFixture) -> None:
    """The 72 registers that are read of an SDM120, ten at a time."""
    street = Street("house=eastron-sdm120@1,baud=9600")
    street["house"].behaves = at_most(10, refusal)
    live(street, 60)
    asked = {(ask.first, ask.count) for ask in street["house"].heard if ask.slot > 50}
    assert {count for _, count in asked} <= {2, 4, 6, 8, 10}
    assert len(asked) <= 9
    cuts = told(caplog, "are read apart from now on: The meter refused to read registers")
    assert len(cuts) <= 6
    assert all(re.match(r"house: Registers? 0x.* and registers? 0x.* are read apart", cut) for cut in cuts)
    assert told(caplog, "is not given by the meter") == []


@pytest.mark.timeout(60)
def test_a_meter_that_is_silent_to_all_that_is_read_of_it_is_found_by_one_row(live: Live) -> None:
    """Beside a meter that is well, where a silent one is asked once in a while only."""
    street = Street("house=eastron-sdm630@1,baud=9600", "other=orno-we515@2,parity=N")
    street["house"].behaves = at_most(12, silence)
    seen = live(street, 1200)
    assert seen["house"].wrong == seen["other"].wrong == []
    given = Counter(field for slot in seen["house"].slots(1100, 1200) for field in seen["house"].fields[slot])
    assert given.keys() == rows(street, "fast") | rows(street, "slow")
    assert len(complete(seen["other"], 1000, 1200)) > 150


@pytest.mark.parametrize(("most", "by"), [(60, 12), (20, 25)])
def test_a_meter_that_is_silent_to_long_reads_is_soon_read_whole(
    live: Live, caplog: pytest.LogCaptureFixture, most: int, by: int
) -> None:
    """The 72 registers of an SDM630 that moves, and beside it a meter that is well."""
    street = Street("house=eastron-sdm630@1,baud=9600", "other=orno-we515@2,parity=N")
    street["house"].behaves = at_most(most, silence)
    seen = live(street, 60)
    assert seen["house"].wrong == seen["other"].wrong == []
    assert all(seen["house"].fields.get(slot, set()) >= rows(street, "fast") for slot in range(40, 61))
    assert rows(street, "fast") <= set().union(*(seen["house"].fields[slot] for slot in seen["house"].slots(1, by)))
    assert told(caplog, "has not answered") == []


def test_a_meter_with_an_interval_is_soon_read_whole_too(live: Live) -> None:
    street = Street("house=eastron-sdm630@1,baud=9600,interval=60s", "other=orno-we515@2,parity=N")
    street["house"].behaves = at_most(20, silence)
    seen = live(street, 200)
    fields = seen["house"].fields
    assert rows(street, "fast") <= set().union(*(fields[slot] for slot in seen["house"].slots(1, 30)))
    assert rows(street, "fast") <= set().union(*(fields[slot] for slot in seen["house"].slots(120, 125)))
    assert len(seen["house"].slots(100, 200)) <= 5, "and then once in its interval, over some seconds"


# Rows that are lacking.


@pytest.mark.parametrize("register", [0x130, 0x148, 0x158], ids=hex)
def test_a_refused_part_does_not_spoil_the_slot(live: Live, register: int) -> None:
    street = Street(*PAIR)
    street["m1"].behaves = lacking(register)
    seen = live(street, 60)
    rest = {"power_w", "current_a", "apparent_power_va"}
    assert seen["m1"].wrong == []
    assert all(seen["m1"].fields[slot] >= rest for slot in range(1, 61))
    assert complete(seen["m2"], 1, 60) == list(range(1, 61))


@TRYING
@pytest.mark.parametrize(
    ("model", "register", "field"),
    [
        ("eastron-sdm120", 0x1E, "power_factor"),
        ("eastron-sdm630", 0x34, "power_w"),
        ("peacefair-pzem004t", 7, "frequency_hz"),
    ],
)
def test_one_row_that_is_lacking_costs_no_other(
    live: Live, caplog: pytest.LogCaptureFixture, *, model: str, register: int, field: str, trying: Trying
) -> None:
    street = Street(f"house={model}@1,baud=9600")
    street["house"].behaves = lacking(register)
    seen = live(street, 120, trying=trying)["house"]
    assert seen.wrong == []
    assert all(seen.fields[slot] >= rows(street, "fast") - {field} for slot in range(90, 121))
    (warning,) = told(caplog, "is not given by the meter")
    assert warning.startswith(
        f"house: {field} is not given by the meter, which answers other values, and left out; "
        "it is asked for again every 10 minutes. The meter refused to read register"
    )


@pytest.mark.parametrize(
    ("word", "field"), [("eastron-sdm120@1", "power_factor"), ("eastron-sdm630@1,baud=4800", "power_l3_w")]
)
def test_a_lacking_row_costs_no_other_where_a_sweep_fills_the_second(live: Live, word: str, field: str) -> None:
    """No time is kept for trials that the row which is left alone makes impossible."""
    street = Street(f"house={word}")
    (row,) = [row for row in street["house"].meter.model.rows if row.field == field]
    street["house"].behaves = lacking(*range(row.address, row.end))
    seen = live(street, 400)["house"]
    had = Counter(name for slot in seen.slots(200, 400) for name in seen.fields[slot])
    assert seen.wrong == []
    assert min(had[name] for name in rows(street, "fast") - {field}) >= 180
    assert min(had[name] for name in rows(street, "slow")) >= 15


def test_a_refused_row_is_left_alone_and_tried_again(live: Live, caplog: pytest.LogCaptureFixture) -> None:
    """The EM24 has no export in some variants."""
    street = Street("house=carlo-gavazzi-em24@1,interval=10s")
    refuse = lacking(0x5C)

    def before(slot: int) -> None:
        street["house"].behaves = sound if slot > 1300 else refuse

    seen = live(street, 1900, before)["house"]
    tries = sorted({ask.slot for ask in street["house"].heard if ask.first <= 0x5C < ask.first + ask.count})
    early = [slot for slot in tries if slot < 100]
    assert early == [1, 10, 20]
    assert [slot for slot in tries if 100 <= slot < 1300] == [early[-1] + LEFT_ALONE_S, early[-1] + 2 * LEFT_ALONE_S]
    assert len(told(caplog, "energy_export_kwh is not given by the meter")) == 1
    assert told(caplog, "is answered again") == ["house: energy_export_kwh is answered again."]
    assert "energy_export_kwh" in {name for slot in seen.slots(1800, 1900) for name in seen.fields[slot]}
    assert seen.wrong == []


@pytest.mark.timeout(60)
def test_a_row_to_which_a_meter_is_silent_costs_its_neighbours_nothing(
    live: Live, caplog: pytest.LogCaptureFixture
) -> None:
    """It is found, left alone, and not taken for want of a pause."""
    street = Street("big=eastron-sdm630@1,parity=E", "s=eastron-sdm120@2,baud=9600,parity=E", "a=orno-we515@3")
    street["big"].behaves = lambda ask: silence(ask) if ask.first <= 0x20 < ask.first + ask.count else sound(ask)
    seen = live(street, 500)
    assert [name for name in seen if seen[name].wrong] == []
    (warning,) = told(caplog, "is not given by the meter")
    assert "power_factor_l2 is not given" in warning
    for name in ("s", "a"):
        fast = rows(street, "fast", name)
        assert sum(seen[name].fields[slot] >= fast for slot in seen[name].slots(300, 500)) >= 190, name
        assert len(seen[name].slots(1, 300)) >= 200, name
        assert seen[name].health["pause_ms"] == 0
    fast = rows(street, "fast", "big") - {"power_factor_l2"}
    assert sum(seen["big"].fields[slot] >= fast for slot in seen["big"].slots(300, 500)) >= 180


# A bad minute.


def test_a_meter_that_refuses_everything_is_asked_on(live: Live, caplog: pytest.LogCaptureFixture) -> None:
    """As one that is starting up: it is there again when it is ready, and not ten minutes later."""
    street = Street(*PAIR)
    refuse = lacking(*range(0x10000))

    def before(slot: int) -> None:
        street["m1"].behaves = refuse if 20 <= slot < 40 else sound

    seen = live(street, 60, before)
    assert seen["m1"].slots(20, 39) == []
    assert complete(seen["m1"], 41, 60) == list(range(41, 61))
    assert told(caplog, "is not given by the meter") == []


@pytest.mark.timeout(180)
@TRYING
@pytest.mark.parametrize("model", ["eastron-sdm120", "orno-we515", "eastron-sdm630"])
def test_what_was_cut_in_a_bad_minute_is_whole_again(live: Live, model: str, trying: Trying) -> None:
    """The meter refuses every read of more than one row for a minute."""
    street = Street(f"house={model}@1,baud=9600")

    def before(slot: int) -> None:
        street["house"].behaves = at_most(2, refusal) if 100 <= slot < 160 else sound

    def asked(first: int, last: int) -> float:
        return sum(first <= ask.slot < last for ask in street["house"].heard) / (last - first)

    seen = live(street, 1000, before, trying)["house"]
    assert seen.wrong == []
    assert all(seen.fields[slot] >= rows(street, "fast") for slot in range(900, 1001))
    assert asked(140, 160) > asked(80, 100)
    assert abs(asked(980, 1000) - asked(80, 100)) < 0.15


# How much is enough.

WIDE, ENERGY, POWER = Span(0x130, 41), Span(0xA000, 10), Span(0x140, 2)


class Books:
    """The failures of an OR-WE-515 whose fast values are read at once, and what came of them."""

    def __init__(self) -> None:
        self._parts = Parts(MODEL)
        self._spans = Spans(MODEL, self._parts.values(), MODEL.settings)
        for _ in range(AGREEMENTS_NEEDED):
            self._spans.agreed(WIDE)
        self.failures = Failures("house", self._parts, self._spans)

    def is_given_up(self, span: Span) -> bool:
        part = self._parts.get(span.first)
        is_left_alone = part is not None and part not in self.failures.can_be_read(0.0)
        return is_left_alone or not self._spans.is_known(span) or (span == ENERGY and part.count < span.count)

    def sweeps_in_vain(
        self, span: Span, error: ReadError, most: int, *, has_replied: bool = True, longest_late: int = 0
    ) -> int | None:
        """After how many sweeps ``span`` is given up; None when ``most`` are not enough."""
        for number in range(1, most + 1):
            self.failures.begin()
            self.failures.failed(span, error)
            self.failures.end(0.0, has_replied=has_replied, longest_late=longest_late)
            if self.is_given_up(span):
                return number
        return None


def doubtful() -> RefusedError:
    error = RefusedError("", 2)
    error.is_doubtful = True
    return error


@pytest.mark.parametrize(
    ("error", "at_once", "one_row", "if_mute"),
    [
        (RefusedError("", 2), 3, 3, 8),
        (doubtful(), 8, 8, 8),
        (RefusedError("", 6), 8, 16, None),
        (NoReplyError(), 3, 16, None),
        (ChecksumError(), 8, 16, None),
        (NotAskedError(), None, None, None),
    ],
    ids=["refused", "perhaps refused", "busy", "silent", "broken", "not asked"],
)
def test_so_many_sweeps_in_vain_are_enough(
    *, error: ReadError, at_once: int | None, one_row: int | None, if_mute: int | None
) -> None:
    """Of a span of several parts, and of a part of several rows; of one row; and where the meter answers nothing else."""
    assert Books().sweeps_in_vain(WIDE, error, 100) == at_once
    assert Books().sweeps_in_vain(ENERGY, error, 100) == at_once
    assert Books().sweeps_in_vain(POWER, error, 100) == one_row
    assert Books().sweeps_in_vain(WIDE, error, 100, has_replied=False) == if_mute
    assert Books().sweeps_in_vain(POWER, error, 100, has_replied=False) is None


def test_an_answer_begins_the_count_anew() -> None:
    books = Books()
    for _ in range(20):
        assert books.sweeps_in_vain(WIDE, NoReplyError(), 2) is None
        books.failures.answered(WIDE)
    assert books.sweeps_in_vain(WIDE, NoReplyError(), 100) == 8


@pytest.mark.parametrize(("lost", "of", "sweeps"), [(0, 50, 3), (2, 40, 3), (10, 50, 6), (17, 50, 8), (25, 50, 8)])
def test_silence_is_chance_where_the_line_loses_much(lost: int, of: int, sweeps: int) -> None:
    """What was answered in the end, was lost by chance before."""
    books = Books()
    for number in range(of - lost):
        if number < lost:
            for _ in range(max(1, lost // (of - lost))):
                books.sweeps_in_vain(ENERGY, NoReplyError(), 1)
        books.failures.answered(ENERGY)
    assert books.sweeps_in_vain(WIDE, NoReplyError(), 100) == sweeps


@pytest.mark.parametrize("why", [{"has_replied": False}, {"longest_late": 41}], ids=["away", "late"])
def test_what_is_not_lost_by_the_line_tells_nothing_of_it(why: dict[str, int]) -> None:
    """A meter that was away for a night has not made the line a bad one, nor one that was not waited for."""
    books = Books()
    for _ in range(40):
        books.sweeps_in_vain(WIDE, NoReplyError(), 1, **why)
        books.failures.answered(ENERGY)
    books.failures.answered(WIDE)
    assert books.failures.losses.share == 0


@pytest.mark.parametrize(("longest_late", "sweeps"), [(40, 3), (41, 8), (60, 8)])
def test_what_comes_late_is_not_soon_cut(longest_late: int, sweeps: int) -> None:
    """Of a meter that has answered a read as long, it is patience that is wanting; the time for it is learnt meanwhile."""
    assert Books().sweeps_in_vain(WIDE, NoReplyError(), 100, longest_late=longest_late) == sweeps


# Late refusals.


def test_a_late_refusal_gives_nothing_up(live: Live, caplog: pytest.LogCaptureFixture) -> None:
    """A gateway refuses after its own timeout what the meter did not hear, and answers the next request meanwhile."""
    street = Street("house=orno-we515@1", "other=orno-we515@2")

    def behave(ask: Ask) -> Replies:
        # The first of every seventh second is refused while the next question waits for its answer.
        if ask.slot >= 60 and ask.slot % 7 == 0 and ask.slot not in refused:
            refused.append(ask.slot)
            return [(0.12, ask.refusal(2))]
        return sound(ask)

    refused: list[int] = []
    street["house"].behaves = behave
    seen = live(street, 400)["house"]
    assert len(refused) > 40
    assert seen.wrong == []
    assert told(caplog, "any more") == told(caplog, "apart") == told(caplog, "refused by the meter, which") == []


def test_refusals_on_a_line_that_loses_replies_are_believed(live: Live) -> None:
    """There is hardly a moment at which no reply is missing."""
    street = Street("house=eastron-sdm120@1,baud=9600")
    dice, limited = random.Random(1909), at_most(10, refusal)
    street["house"].behaves = lambda ask: [] if dice.random() < 0.25 else limited(ask)
    seen = live(street, 300)["house"]
    assert seen.wrong == []
    given = Counter(field for slot in range(100, 301) for field in seen.fields.get(slot, ()))
    assert min(given[field] for field in rows(street, "fast")) >= 50


def test_a_trial_ends_when_one_of_its_parts_is_cut(live: Live, caplog: pytest.LogCaptureFixture) -> None:
    """It says nothing of the pieces, so it drops nothing."""
    street = Street("house=orno-we517@1")

    def before(slot: int) -> None:
        street["house"].behaves = sound if slot % 20 < 12 else at_most(8, refusal)

    seen = live(street, 140, before)["house"]
    assert seen.wrong == []
    assert told(caplog, "apart")
    assert told(caplog, "differs from the proven reads") == []


# A length in doubt.


@pytest.mark.parametrize(("loss", "least"), [(0.02, 0.985), (0.1, 0.85)])
def test_a_lost_reply_does_not_cost_the_seconds_after_it(live: Live, loss: float, least: float) -> None:
    """An SDM120 has one proven read for all that moves; while that is in doubt, its halves are read."""
    street = Street("house=eastron-sdm120@1,baud=9600")
    dice = random.Random(1909)
    street["house"].behaves = lambda ask: [] if dice.random() < loss else sound(ask)
    seen = live(street, 600)["house"]
    assert seen.wrong == []
    assert sum(seen.fields.get(slot, set()) >= rows(street, "fast") for slot in range(1, 601)) >= least * 600
