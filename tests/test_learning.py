"""What is learnt in the rest of a slot, and when nothing may be asked for it.

How spans and lengths are learnt is told in ``test_spans.py`` and ``test_session.py``; here is what must not be learnt.

| fault                                                       | test                                                     |
|-------------------------------------------------------------|----------------------------------------------------------|
| a refusal of the moment drops a span for good               | test_only_some_refusals_last                             |
| a late reply of one register is taken for the identity      | test_the_identity_is_not_asked_for_while_it_is_in_doubt  |
| ... or it is asked for without the time for it              | test_the_identity_is_not_asked_for_without_time          |
| another identity is told every slot, or never               | test_another_identity_is_told_once                       |
| an identity that does not answer is asked for for ever      | test_an_identity_that_does_not_answer_is_given_up        |
| ... or given up at the first silence                        | the same                                                 |
| a trial is held against what was read long before it        | test_a_trial_needs_recent_reads_before_it                |
| ... or against what was read in its own slot                | test_a_trial_waits_for_reads_of_a_later_slot             |
| ... or waits for ever for a part that is not read any more  | test_a_trial_does_not_wait_for_ever                      |
| ... or is held against the pieces of one that was cut       | test_a_trial_ends_when_a_part_of_it_is_cut               |
| a load that came and went between reads far apart drops a span | test_reads_far_apart_drop_no_span |
| the outcome is compared with what it was at the first trial | test_the_outcome_is_held_against_the_start               |
| one span waits for the trial of another                     | test_all_that_can_be_tried_is_tried_in_a_slot            |
| what is known of a wide read is not known of its parts      | test_what_is_read_at_once_has_room_for_longer_lengths    |
| a few broken replies bar a span                             | test_a_span_is_given_up_after_so_many_trials             |
| a slot is filled with trials of lengths that hardly matter  | test_one_of_the_lesser_lengths_is_tried_in_a_slot        |
"""

from collections.abc import Collection
from dataclasses import replace
from itertools import combinations
from types import SimpleNamespace

import pytest

from virtual import FACTOR, POWER, REACTIVE, image
from wattline.bus.learning import IDENTITY_TRIES, Learning, Trying, is_lasting
from wattline.bus.parts import Parts
from wattline.bus.spans import AGREEMENTS_NEEDED, FAILURES_ALLOWED, SILENCES_ALLOWED, Spans
from wattline.bus.window import UNLIMITED, Window
from wattline.clock import Slot
from wattline.errors import MODBUS_EXCEPTIONS, ChecksumError, NoReplyError, ReadError, RefusedError
from wattline.meters import Block
from wattline.plan import Span
from wattline.registers import Decoded, decode
from wattline.words import Meter as Metered
from wattline.words import parse_meters

(METER,) = parse_meters(["house=orno-we515@1"])
IDENTITY = METER.model.identity
LASTING = {1, 2, 3}


@pytest.mark.parametrize("code", [*MODBUS_EXCEPTIONS, 99])
def test_only_some_refusals_last(code):
    """An illegal function, address or value stays one; a meter that is busy will not always be."""
    assert is_lasting(RefusedError("", code)) == (code in LASTING)
    assert not is_lasting(NoReplyError())


class Meter:
    """One that is asked for its identity, and the learning that asks it."""

    def __init__(self, *answers: object) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[int, int, int]] = []
        self.doubted: list[int] = []
        self.has_time = True
        asking = SimpleNamespace(time_for=self._time_for, doubts=self._doubts, ask=self._ask)
        spans = Spans(METER.model, (), METER.settings, widens=False)
        self._learning = Learning(METER, asking, {}, spans, trying=Trying.NOTHING, read=lambda *_: None)

    def _time_for(self, *_: float) -> bool:
        return self.has_time

    def _doubts(self, length: int, _question: object) -> int:
        return self.doubted.count(length)

    def _ask(self, first: int, length: int, _question: object, function: int = 0) -> tuple[int, ...]:
        self.asked.append((first, length, function))
        answer = self.answers.pop(0)
        if isinstance(answer, ReadError):
            raise answer
        return (answer,)

    def learn(self, slots: int) -> None:
        for number in range(1, slots + 1):
            self._learning.learn(Slot(number * 10**9, float(number), number + 0.9), {}, {})


def test_the_identity_is_asked_for_once():
    meter = Meter(IDENTITY.expected[0])
    meter.learn(5)
    assert meter.asked == [(IDENTITY.address, 1, IDENTITY.function)]


def test_the_identity_is_not_asked_for_while_it_is_in_doubt():
    """Any reply of one register would be taken for it; and no try is lost by waiting."""
    meter = Meter(*[NoReplyError()] * IDENTITY_TRIES)
    meter.doubted = [1]
    meter.learn(20)
    assert meter.asked == []
    meter.doubted = [2]
    meter.learn(20)
    assert len(meter.asked) == IDENTITY_TRIES


def test_the_identity_is_not_asked_for_without_time():
    meter = Meter(IDENTITY.expected[0])
    meter.has_time = False
    meter.learn(20)
    assert meter.asked == []
    meter.has_time = True
    meter.learn(1)
    assert len(meter.asked) == 1


@pytest.mark.parametrize("found", [*IDENTITY.expected, 0x00A7])
def test_another_identity_is_told_once(caplog, monkeypatch, found):
    monkeypatch.setattr("wattline.log.LOG.propagate", True)
    meter = Meter(found)
    meter.learn(5)
    assert len(meter.asked) == 1
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert [("0x00A7" in warning, "check the model" in warning) for warning in warnings] == [(True, True)] * (
        found not in IDENTITY.expected
    )


@pytest.mark.parametrize(
    ("error", "tries"),
    [(NoReplyError(), IDENTITY_TRIES), (RefusedError("", 2), 1), (RefusedError("", 6), IDENTITY_TRIES)],
    ids=["silence", "illegal address", "busy"],
)
def test_an_identity_that_does_not_answer_is_given_up(error, tries):
    meter = Meter(*[error] * 100)
    meter.learn(20)
    assert len(meter.asked) == tries


# Wide spans and longer lengths.

WIDE = Span(0x130, 41)
# What it says of apparent power while something is switched on.
LOAD = {0x151: 4 * image(0)[0x151] // 3}


class Reader:
    """The learning of a meter that says ever the same, and the reads that it is told of and makes itself."""

    def __init__(self, trying: Trying, meter: Metered = METER) -> None:
        model = replace(meter.model, identity=None)
        self.parts = Parts(model)
        self.fast = [part.address for part in self.parts.values() if not self.parts.can_wait(part)]
        self.error: ReadError | None = None
        self.asked: list[tuple[int, Span]] = []
        self.lengths: list[tuple[int, int, int]] = []
        self._second = 0
        self.changed: dict[int, int] = {}
        asking = SimpleNamespace(
            doubts=lambda *_: 0, time_for=lambda *_: True, window=lambda *_: UNLIMITED, ask=self._ask
        )
        self.spans = Spans(model, self.parts.values(), meter.settings, widens=Trying.SPANS in trying)
        self._model = model
        self._learning = Learning(
            replace(meter, model=model), asking, self.parts.lengths, self.spans, trying=trying, read=self._read
        )

    def learn(self, second: int, addresses: Collection[int]) -> None:
        """The rest of a slot in which the parts at ``addresses`` were read."""
        self._second = second
        decoded = {address: self._said(self.parts[address]) for address in addresses}
        self._learning.learn(Slot(second * 10**9, float(second), second + 0.9), self.parts, decoded)

    def tried(self, span: Span = WIDE) -> list[int]:
        """In which seconds ``span`` was tried."""
        return [second for second, asked in self.asked if asked == span]

    def _said(self, part: Block) -> Decoded:
        registers = self._registers(part.address, part.end)
        return decode(self._model.rows_of(part), part.address, registers)

    def _ask(self, first: int, length: int, _question: object, *, within: Window) -> tuple[int, ...]:
        assert within is UNLIMITED
        self.asked.append((self._second, Span(first, length)))
        if self.error:
            raise self.error
        return self._registers(first, first + length)

    def _registers(self, first: int, end: int) -> tuple[int, ...]:
        return tuple((image(0) | self.changed).get(register, 7) for register in range(first, end))

    def _read(self, part: Block, length: int, _slot: Slot) -> None:
        self.lengths.append((self._second, part.address, length))


@pytest.fixture
def reader() -> Reader:
    return Reader(Trying.SPANS)


@pytest.mark.parametrize(("age_s", "is_tried"), [(30, True), (31, False)])
def test_a_trial_needs_recent_reads_before_it(reader, age_s, is_tried):
    """Of all its parts; one that is older than half a minute tells nothing of a load."""
    reader.learn(1, [REACTIVE])
    second = 1 + age_s
    reader.learn(second, set(reader.fast) - {REACTIVE})
    assert reader.tried() == [second] * is_tried


def test_a_trial_waits_for_reads_of_a_later_slot(reader):
    """Those of its own slot were made before it, and it would agree with itself."""
    reader.learn(1, reader.fast)
    reader.learn(2, [POWER])
    reader.learn(3, set(reader.fast) - {POWER, FACTOR})
    assert reader.tried() == [1]
    reader.learn(4, [FACTOR])
    reader.learn(5, reader.fast)
    assert reader.tried() == [1, 4, 5], "the next one as soon as the first was judged"


@pytest.mark.parametrize(("age_s", "is_dropped"), [(5, True), (6, False), (25, False)])
@pytest.mark.parametrize("is_behind", [False, True])
def test_reads_far_apart_drop_no_span(reader, age_s, is_dropped, is_behind):
    """Before the trial or behind it: a load came and went meanwhile; the span is tried again, and believed."""
    rest = set(reader.fast) - {POWER}
    reader.learn(1, rest)
    trial = 2 if is_behind else 1 + age_s
    reader.changed = LOAD
    reader.learn(trial, [POWER])
    assert reader.tried() == [trial]
    reader.changed = {}
    after = trial + age_s if is_behind else trial + 1
    for second in range(after, after + 30):
        reader.learn(second, reader.fast)
    assert reader.spans.is_known(WIDE) is not is_dropped


@pytest.mark.parametrize(("wait_s", "is_judged"), [(30, True), (31, False)])
def test_a_trial_does_not_wait_for_ever(reader, wait_s, is_judged):
    reader.learn(1, reader.fast)
    last = 1 + wait_s
    reader.learn(last, [])
    for second in range(last + 1, last + 1 + AGREEMENTS_NEEDED):
        reader.learn(second, reader.fast)
    assert reader.spans.is_known(WIDE) is is_judged


@pytest.mark.parametrize(
    ("error", "are_others_tried"), [(None, True), (RefusedError("", 2), True), (NoReplyError(), False)]
)
def test_all_that_can_be_tried_is_tried_in_a_slot(error, are_others_tried):
    """Or several meters that take turns would be learnt for minutes; but whoever falls silent is asked no more."""
    reader = Reader(Trying.SPANS, *parse_meters(["house=eastron-sdm54@1"]))
    reader.error = error
    reader.learn(1, list(reader.parts))
    spans = [span for _, span in reader.asked]
    assert len(set(spans)) == len(spans)
    assert (len(spans) > 1) is are_others_tried
    if error is None:
        assert all(one.end <= other.first or other.end <= one.first for one, other in combinations(spans, 2))


def test_a_trial_ends_when_a_part_of_it_is_cut(reader):
    """What the pieces say is not what the whole said; they are tried together anew."""
    reader.learn(1, reader.fast)
    whole = reader.parts[WIDE.first]
    pieces = reader.parts.cut(whole)
    reader.spans.cut(whole, pieces)
    reader.fast = sorted({*reader.fast, *(piece.address for piece in pieces)})
    reader.learn(2, reader.fast)
    assert reader.tried() == [1, 2]


def test_what_is_read_at_once_has_room_for_longer_lengths(reader):
    """For each of its parts, as far as the wide read goes."""
    before = {address: reader.parts.lengths[address].usable for address in reader.fast}
    for second in range(1, 2 * AGREEMENTS_NEEDED + 1):
        reader.learn(second, reader.fast)
    assert reader.spans.is_known(WIDE)
    after = {address: reader.parts.lengths[address].usable for address in reader.fast}
    assert after != before
    for address, usable in after.items():
        assert set(usable) >= set(before[address])
        assert all(length <= WIDE.end - address for length in set(usable) - set(before[address]))
        assert all(length > WIDE.end - address for length in reader.parts.lengths[address].untried)


@pytest.mark.parametrize(
    ("error", "trials"),
    [
        (RefusedError("", 2), 1),
        (NoReplyError(), SILENCES_ALLOWED),
        (ChecksumError(), FAILURES_ALLOWED),
        (RefusedError("", 6), FAILURES_ALLOWED),
    ],
    ids=["refused", "silent", "broken", "busy"],
)
def test_a_span_is_given_up_after_so_many_trials(reader, error, trials):
    reader.error = error
    for second in range(1, 60):
        reader.learn(second, reader.fast)
    assert reader.tried() == list(range(1, trials + 1))
    assert trials < 10


def test_the_outcome_is_held_against_the_start(reader, caplog):
    """A meter whose part was cut before anything could be tried takes more reads than at the start, and not as many."""
    caplog.set_level("INFO")
    whole = reader.parts[WIDE.first]
    start = reader.spans.requests
    reader.spans.cut(whole, reader.parts.cut(whole))
    reader.fast = [part.address for part in reader.parts.values() if not reader.parts.can_wait(part)]
    reader.error = RefusedError("", 2)
    for second in range(1, 30):
        reader.learn(second, list(reader.parts))
    (told,) = [message for message in caplog.messages if "No wider read is left" in message]
    assert told.endswith(f"takes {start + 1} reads, in place of {start}.")


def test_one_of_the_lesser_lengths_is_tried_in_a_slot():
    """The preferred ones are all tried at once; of the others one, since each question more can go wrong."""
    reader = Reader(Trying.LENGTHS)
    lengths = reader.parts.lengths
    reader.learn(1, reader.fast)
    ranks = [lengths[address].rank(length) for _, address, length in reader.lengths]
    assert ranks == sorted(ranks)
    assert ranks.count(0) == sum(any(of.rank(n) == 0 for n in of.untried) for of in map(lengths.get, reader.fast)) > 0
    assert len(ranks) == ranks.count(0) + 1
