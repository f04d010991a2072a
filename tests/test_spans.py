"""Wider spans: tried one at a time between two proven reads, believed after three agreements, else dropped for good.

| fault | test |
|---|---|
| a meter that answers over its gaps is asked six times a second | test_a_meter_that_answers_over_its_gaps_is_asked_once |
| a span is believed before it has agreed three times | test_a_span_is_tried_three_times_before_it_is_used |
| a span that is refused is asked for again | test_a_refused_span_is_dropped_for_good_and_said_once |
| ... or everything that holds it is given up as well | test_what_is_left_of_a_refused_span_is_planned_anew |
| nobody can tell what it has come to, or when it is over | test_what_the_trials_have_come_to_is_said_once |
| silence is waited for ever again, or one lost reply drops a span | test_a_span_that_stays_silent_is_dropped, test_one_lost_reply_drops_no_span |
| a block that is shifted behind a gap is believed | test_a_block_that_is_shifted_behind_a_gap_is_never_believed |
| ... since it is zero at night | test_what_is_zero_at_night_is_not_judged |
| ... or is told by a shift that happens to fit | test_what_would_agree_if_it_were_shifted_is_not_judged |
| a meter of which one value is always zero never gets its wide read | test_what_lies_behind_the_last_gap_tells_of_all_gaps |
| what can never be judged is tried as often as ever, or until a number overflows | test_what_cannot_be_judged_is_tried_ever_more_rarely |
| a span is believed that answers with another second's values | test_a_span_that_lags_is_never_believed |
| a learnt span that is lost takes its parts with it | test_a_learnt_span_that_is_lost_is_read_in_parts |
| ... for good | test_a_learnt_span_that_fails_for_good_is_given_up |
| ... and is believed again after a single agreement | test_a_span_that_was_withdrawn_has_to_agree_as_often_again |
| a bad minute bars for ever what the meter has answered once | test_what_was_answered_once_is_tried_again_after_ten_minutes |
| `--proven` tries all the same | test_nothing_is_tried_of_a_meter_that_shall_be_left_alone |
| a late reply to a wide span is taken for a later one | test_a_fault_gives_no_wrong_value_with_wide_spans, test_not_one_wrong_value_in_2000_seconds_with_wide_spans |
| a slot runs over its end for the sake of learning | every test here: ``play`` asserts it |
"""

from collections import Counter
from itertools import pairwise

import pytest

from test_session import FAULTS, battered, faulty, watched
from virtual import FAST, MODEL, PROVEN, TURNAROUND_S, Ask, Replies, World, image, sealed, sound
from wattline.bus.learning import Trying
from wattline.bus.spans import AGREEMENTS_NEEDED, FORGIVEN_S, LONGEST_POSTPONED_S, POSTPONED_S, Spans
from wattline.bus.trial import Outcome, Trial
from wattline.plan import Read, Span, parts_of
from wattline.registers import decode

WIDE, ENERGIES = Span(0x130, 41), Span(0xA000, 40)
GAPS = ({*range(0x134, 0x139), 0x13F}, {*range(0xA00A, 0xA01E)})
REFUSAL = sealed(b"\x01\x83\x02")


def asked(heard: list[Ask], slots: range) -> Counter[Span]:
    return Counter(Span(ask.first, ask.count) for ask in heard if ask.slot in slots)


def is_wide(ask: Ask) -> bool:
    return any(gap & set(range(ask.first, ask.first + ask.count)) for gap in GAPS)


def refusing_gaps(ask: Ask) -> Replies:
    return [(TURNAROUND_S, REFUSAL)] if is_wide(ask) else sound(ask)


def refusing_all_that_is_wider(ask: Ask) -> Replies:
    is_proven = any(ask.first == block.address and ask.first + ask.count <= block.end for block in MODEL.blocks)
    return sound(ask) if is_proven or ask.count == 1 else [(TURNAROUND_S, REFUSAL)]


def at_once(ask: Ask) -> Replies:
    return [(0.005, ask.reply())]


def slow_to_answer(ask: Ask) -> Replies:
    return [(0.06, ask.reply())]


@pytest.mark.parametrize("meter", [at_once, slow_to_answer])
def test_a_meter_that_answers_over_its_gaps_is_asked_once(play, meter):
    """Six requests become one. The two for the energies stay two: each has to fit beside the six of other meters."""
    world, heard = watched(meter)
    seen = play(world, 90, trying=Trying.ALL)
    assert seen.wrong == []
    assert all(names >= FAST for names in seen.fields.values())
    assert asked(heard, range(70, 90)) == {WIDE: 20, Span(0xA000, 10): 2, Span(0xA01E, 10): 2}
    given = [slot for slot, names in seen.fields.items() if "energy_total_kwh" in names]
    assert all(1 <= later - earlier <= 11 for earlier, later in pairwise(given))


def test_a_span_is_tried_three_times_before_it_is_used(play, caplog):
    caplog.set_level("INFO")
    world, heard = watched(sound)
    play(world, 9, trying=Trying.SPANS)
    tries = [ask.slot for ask in heard if Span(ask.first, ask.count) == WIDE]
    told = [record for record in caplog.records if "are read at once from now on" in record.message]
    assert tries[: AGREEMENTS_NEEDED + 1] == [1, 2, 3, 5]
    assert asked(heard, range(1, 5))[Span(0x140, 2)] == 4
    assert [span for span in asked(heard, range(7, 8)) if span.first < ENERGIES.first] == [WIDE]
    assert [record.getMessage() for record in told] == [
        "house: Registers 0x0130 to 0x0158 are read at once from now on."
    ]


def test_a_refused_span_is_dropped_for_good_and_said_once(play, caplog):
    caplog.set_level("INFO")
    world, heard = watched(refusing_gaps)
    seen = play(world, 120, trying=Trying.ALL)
    refused = Counter((ask.first, ask.count) for ask in heard if is_wide(ask))
    told = [
        record.getMessage() for record in caplog.records if "are not read at once: The meter refused" in record.message
    ]
    assert set(refused.values()) == {1}
    assert len(told) == len(refused) > 3
    assert seen.wrong == []
    assert all(names >= FAST for names in seen.fields.values())


@pytest.mark.parametrize(
    ("meter", "outcome"),
    [(refusing_gaps, "takes 5 reads, in place of 8."), (refusing_all_that_is_wider, "takes 8 reads, as at the start.")],
)
def test_what_the_trials_have_come_to_is_said_once(play, caplog, meter, outcome):
    caplog.set_level("INFO")
    world, _ = watched(meter)
    play(world, 120, trying=Trying.ALL)
    told = [record.getMessage() for record in caplog.records if "No wider read is left" in record.message]
    assert told == [f"house: No wider read is left to try; all that it measures {outcome}"]


def test_of_a_meter_of_which_nothing_was_tried_nothing_is_said(play, caplog):
    caplog.set_level("INFO")
    world, _ = watched(sound)
    play(world, 30, trying=Trying.NOTHING)
    assert "No wider read" not in caplog.text


def test_what_is_left_of_a_refused_span_is_planned_anew(play):
    """The meter refuses the two gaps only: three requests are left of the six."""
    world, heard = watched(refusing_gaps)
    play(world, 120, trying=Trying.ALL)
    fast = {span for span in asked(heard, range(100, 119)) if span.first < 0x200}
    assert fast == {Span(0x130, 2), Span(0x139, 3), Span(0x140, 25)}


def test_a_span_that_stays_silent_is_dropped(play, caplog):
    def meter(ask: Ask) -> Replies:
        return [] if is_wide(ask) else sound(ask)

    caplog.set_level("INFO")
    world, heard = watched(meter)
    seen = play(world, 120, trying=Trying.ALL)
    tries = Counter((ask.first, ask.count) for ask in heard if is_wide(ask))
    assert set(tries.values()) == {2}
    assert len([r for r in caplog.records if "are not read at once: No reply" in r.message]) == len(tries)
    assert not [ask for ask in heard if is_wide(ask) and ask.slot > 100]
    assert seen.wrong == []
    assert all(names >= FAST for names in seen.fields.values())


def test_one_lost_reply_drops_no_span(play):
    lost: list[Ask] = []

    def meter(ask: Ask) -> Replies:
        if is_wide(ask) and not lost:
            lost.append(ask)
            return []
        return sound(ask)

    world, heard = watched(meter)
    play(world, 40, trying=Trying.ALL)
    assert lost
    assert asked(heard, range(35, 39))[WIDE] == 4


def shifted(by: int, behind: int) -> object:
    """A meter that answers over its gaps, with all that lies from register ``behind`` on shifted by some registers."""

    def meter(ask: Ask) -> Replies:
        if not is_wide(ask) or ask.first + ask.count <= behind:
            return sound(ask)
        registers = image(ask.slot)
        addresses = [a if a < behind else a + by for a in range(ask.first, ask.first + ask.count)]
        data = b"".join(registers.get(a, 7).to_bytes(2, "big") for a in addresses)
        return [(TURNAROUND_S, sealed(bytes((1, 3, 2 * ask.count)) + data))]

    return meter


@pytest.mark.parametrize("behind", [0x134, 0x139, 0x13F, 0x140, 0xA00A, 0xA01E], ids=hex)
@pytest.mark.parametrize("by", [-2, -1, 1, 2])
def test_a_block_that_is_shifted_behind_a_gap_is_never_believed(play, by, behind):
    world, _ = watched(shifted(by, behind))
    seen = play(world, 60, trying=Trying.ALL)
    assert seen.wrong == []
    assert all(names >= FAST for names in seen.fields.values())


def trial(now: dict[int, int], said: list[int], span: Span = WIDE, before_s: float = 0.0) -> Outcome:
    """The outcome of a wide read that ``said`` this, where the proven reads before and after it found ``now``."""
    parts = tuple(part for part in parts_of(MODEL) if span.holds(part.address, part.end))
    readings = {
        part.address: decode(MODEL.rows_of(part), part.address, [now.get(a, 0) for a in range(part.address, part.end)])
        for part in parts
    }
    return Trial(Read(span, parts), tuple(said), 0.0, readings, before_s).judge(MODEL, readings)


def test_what_is_zero_at_night_is_not_judged():
    """Without a load a shift behind the gap could not be seen: neither agreement nor disagreement."""
    night = {0x130: 5000, 0x131: 23000}
    said = [night.get(address, 0) for address in range(WIDE.first, WIDE.end)]
    assert trial(night, said) == Outcome.UNCERTAIN
    day = night | {0x13A: 1473, 0x141: 327, 0x149: 98, 0x151: 341, 0x158: 959}
    assert trial(day, [day.get(address, 0) for address in range(WIDE.first, WIDE.end)]) == Outcome.AGREES
    assert trial(day, said) == Outcome.DIFFERS


@pytest.mark.parametrize(("power_factor", "outcome"), [(959, Outcome.AGREES), (0, Outcome.UNCERTAIN)])
def test_what_lies_behind_the_last_gap_tells_of_all_gaps(power_factor, outcome):
    """A house without reactive power, day and night: what is zero before another gap does not keep a meter from it."""
    now = {0x130: 5000, 0x131: 23000, 0x13A: 1473, 0x141: 327, 0x151: 341, 0x158: power_factor}
    said = [now.get(address, 0) for address in range(WIDE.first, WIDE.end)]
    assert trial(now, said) == outcome


@pytest.mark.parametrize(("before", "outcome"), [(1, Outcome.UNCERTAIN), (2, Outcome.UNCERTAIN), (3, Outcome.AGREES)])
def test_what_would_agree_if_it_were_shifted_is_not_judged(before, outcome):
    """What a meter that has skipped a register or two would say: the power factor stands so many before its place too."""
    now = {0x130: 5000, 0x131: 23000, 0x13A: 1473, 0x141: 327, 0x149: 98, 0x151: 341, 0x158: 959}
    said = [(now | {0x158 - before: 959}).get(address, 0) for address in range(WIDE.first, WIDE.end)]
    assert trial(now, said) == outcome


def test_a_counter_agrees_exactly_and_a_gauge_nearly():
    now = {0xA000: 3, 0xA001: 1328, 0xA003: 7, 0xA01F: 900}
    said = [now.get(address, 0) for address in range(ENERGIES.first, ENERGIES.end)]
    assert trial(now, said, ENERGIES) == Outcome.AGREES
    said[1] += 1
    assert trial(now, said, ENERGIES) == Outcome.DIFFERS
    assert trial(now, said, ENERGIES, before_s=30.0) == Outcome.DIFFERS, (
        "a counter is between two reads, however far apart"
    )


# What is known of spans.


@pytest.fixture
def spans() -> Spans:
    return Spans(MODEL, parts_of(MODEL), MODEL.settings)


def is_tried(spans: Spans, now_s: float, span: Span = WIDE) -> bool:
    return span in [read.span for read in spans.wanted(now_s)]


def test_what_cannot_be_judged_is_tried_ever_more_rarely(spans):
    """For years, as where the last of its registers is always zero."""
    now_s, wait_s = 0.0, POSTPONED_S
    for _ in range(2000):
        assert is_tried(spans, now_s)
        spans.postpone(WIDE, now_s)
        assert not is_tried(spans, now_s + wait_s - 1)
        now_s, wait_s = now_s + wait_s, min(2 * wait_s, LONGEST_POSTPONED_S)


def test_a_span_that_was_withdrawn_has_to_agree_as_often_again(spans):
    for _ in range(2):
        assert [spans.agreed(WIDE) for _ in range(AGREEMENTS_NEEDED)] == [False, False, True]
        assert spans.is_known(WIDE)
        spans.withdraw(WIDE)
        assert not spans.is_known(WIDE)
        assert is_tried(spans, 0.0)


@pytest.mark.parametrize("was_answered", [True, False])
def test_what_was_answered_once_is_tried_again_after_ten_minutes(spans, was_answered):
    """And what never was, never."""
    if was_answered:
        spans.answered(WIDE)
    assert spans.drop(WIDE, 100.0)
    assert not is_tried(spans, 100.0 + FORGIVEN_S - 1)
    assert is_tried(spans, 100.0 + FORGIVEN_S) is was_answered
    assert not spans.drop(WIDE, 100.0 + FORGIVEN_S), "it is told once"


def test_a_span_that_lags_is_never_believed(play):
    """The values of wide reads are those of an hour ago: as sound as can be, and wrong."""

    def meter(ask: Ask) -> Replies:
        return sound(Ask(ask.first, ask.count, ask.heard_s + 1000)) if is_wide(ask) else sound(ask)

    world, heard = watched(meter)
    seen = play(world, 60, trying=Trying.ALL)
    assert seen.wrong == []
    assert len([ask for ask in heard if Span(ask.first, ask.count) == WIDE]) == 1


def test_a_learnt_span_that_is_lost_is_read_in_parts(play):
    """In the same second."""
    world = World(sound)
    usual = world.meter

    def before(slot: int) -> None:
        def meter(ask: Ask) -> Replies:
            return [] if slot == 40 and Span(ask.first, ask.count) == WIDE else usual(ask)

        world.meter = meter

    seen = play(world, 45, before, trying=Trying.ALL)
    assert seen.wrong == []
    assert seen.fields[40] >= FAST


def test_a_learnt_span_that_fails_for_good_is_given_up(play):
    """As when the meter behind the address was replaced by one that refuses it."""
    world, heard = watched(sound)
    usual = world.meter

    def before(slot: int) -> None:
        world.meter = (lambda ask: refusing_gaps(ask) if usual(ask) else []) if slot >= 30 else usual

    seen = play(world, 60, before, trying=Trying.ALL)
    tries = [ask.slot for ask in heard if Span(ask.first, ask.count) == WIDE and ask.slot >= 30]
    assert tries[:3] == [30, 31, 32], "three refusals, and its parts are read meanwhile"
    assert len(tries) == 4, "one more trial, and never again"
    assert seen.wrong == []
    assert all(names >= FAST for names in seen.fields.values())


def test_nothing_is_tried_of_a_meter_that_shall_be_left_alone(play):
    world, heard = watched(sound)
    play(world, 30, trying=Trying.NOTHING)
    assert {(ask.first, ask.count) for ask in heard} <= PROVEN


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
@pytest.mark.parametrize("is_proven_only", [False, True], ids=["any length", "proven lengths"])
def test_a_fault_gives_no_wrong_value_with_wide_spans(fault, play, is_proven_only):
    seen = play(faulty(fault, proven_only=is_proven_only), 30, trying=Trying.ALL)
    assert seen.wrong == []
    assert seen.fields[30] >= FAST


@pytest.mark.timeout(60)
@pytest.mark.parametrize("is_wire", [False, True], ids=["gateway", "wire"])
@pytest.mark.parametrize("seed", [1909, 20_000])
def test_not_one_wrong_value_in_2000_seconds_with_wide_spans(play, is_wire, seed):
    """On a line that behaves until the spans are learnt, and is as bad as it gets from then on."""
    world, bad = World(sound, is_wire=is_wire), battered(seed, is_wire=is_wire, proven_only=False)

    def before(slot: int) -> None:
        world.meter = sound if slot < 40 else bad.meter

    # A late reply of a hundred milliseconds that begins before a request is waited out.
    seen = play(world, 2000, before, trying=Trying.ALL, over_s=0.2)
    times = Counter(name for names in seen.fields.values() for name in names & FAST)
    print({name: times[name] / 2000 for name in sorted(FAST)}, seen.health)
    assert seen.wrong == []
    assert len(seen.fields) >= (0.6 if is_wire else 0.8) * 2000
