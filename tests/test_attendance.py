"""Which readings that were due did not come, and why: on a virtual line, and by the arithmetic of seconds alone.

| fault | test |
|---|---|
| a reading that came is said to be absent, or one that did not is not | test_who_gives_readings_is_never_absent, test_each_second_has_a_reading_or_a_reason |
| a dead meter has another reason than that | test_a_meter_that_does_not_answer_is_silent |
| ... or none while it is asked ever more rarely | the same |
| a garbled answer is taken for an answer | test_what_comes_garbled_is_silence |
| an answer that was dropped whole is called silence | test_an_answer_that_is_dropped_whole_is_not_believed |
| another's turn, or a second without time, is called silence | test_who_takes_turns_is_busy_in_the_others_slots, test_who_has_no_time_left_is_busy |
| ... or a second in which late replies could be taken for its answer, or it comes first for that | test_whose_answers_could_not_be_told_is_silent |
| a missed slot is forgotten, or is that of the wrong second | test_a_missed_slot_is_a_busy_second_of_everybody |
| ... and hours of them fill the memory | test_hours_that_were_missed_are_not_told_second_by_second |
| a port that is away is called silence of its meters | test_a_port_that_is_away_is_the_reason_of_all |
| ... or only of those that were not asked when it went | test_a_port_that_goes_while_it_is_used_is_the_reason |
| a meter with an interval of its own is absent between its readings | test_a_meter_with_an_interval_is_due_once_in_it |
| ... or never, or with the wrong second, or its seconds are told wrong | the same |
| a meter of which nothing moves is absent between its readings | test_a_meter_of_which_nothing_moves_is_due_every_ten_seconds |
| a step of the clock makes readings absent, a year of them | test_a_step_of_the_clock_makes_nothing_absent |
| a slot of a minute is taken for one of a second | test_a_longer_slot_is_due_once |
| a slow second counts as absent though something was read | test_a_reading_with_less_in_it_is_a_reading |
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import SimpleNamespace

import minimalmodbus
import pytest

from virtual import Ask, Replies, Street, VirtualPort, image, sound
from wattline.bus.asking import Asking
from wattline.bus.attendance import MISSED_TOLD, Roll, due_s, offsets_s
from wattline.bus.bus import Bus
from wattline.bus.suspicion import Question
from wattline.clock import Slot
from wattline.reading import Reason
from wattline.words import parse_meters

HOUSE, ROOF, CELLAR = "house=orno-we515@1", "roof=orno-we514@2", "cellar=orno-we515@3"
SILENT, UNBELIEVED, BUSY, PORT = Reason
Reasons = dict[int, dict[str, Reason]]
Call = Callable[..., tuple[Reasons, dict[int, set[str]]]]


def nothing(_ask: Ask) -> Replies:
    return []


def garbled(ask: Ask) -> Replies:
    return [(delay_s, reply[:-1] + b"?") for delay_s, reply in sound(ask)]


def zeros(ask: Ask) -> Replies:
    return sound(replace(ask, image=lambda second: dict.fromkeys(image(second), 0)))


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch) -> Call:
    """Calls the roll on a street for some slots: who was absent, and who gave a reading, second by second."""

    def run(street: Street, slots: int, before: Callable[[int], None] = lambda _slot: None) -> tuple[Reasons, dict]:
        monkeypatch.setattr(minimalmodbus, "time", SimpleNamespace(monotonic=street.monotonic, sleep=street.wait))
        monkeypatch.setattr(minimalmodbus, "_latest_read_times", {})
        bus = Bus(
            VirtualPort("virtual", street, street.opener, street.monotonic),
            parse_meters(street.words),
            1,
            street.monotonic,
        )
        absent: Reasons = {}
        gave: dict[int, set[str]] = {}
        last = 0
        for number in range(1, slots + 1):
            if street.now > number + 0.5:
                continue
            street.until(number)
            before(number)
            slot = Slot(number * 10**9, float(number), number + 0.95, missed=range(last + 1, number))
            last = number
            gave[number] = {point.tags["meter"] for point in bus.poll(slot)}
            for absence in bus.absences(slot):
                absent.setdefault(absence.time_ns // 10**9, {}).update(absence.reasons)
            bus.idle(slot)
        return absent, gave

    return run


# On a line.


def test_who_gives_readings_is_never_absent(call: Call) -> None:
    absent, gave = call(Street(HOUSE, ROOF), 30)
    assert absent == {}
    assert all(names == {"house", "roof"} for names in gave.values())


def test_a_meter_that_does_not_answer_is_silent(call: Call) -> None:
    """Each second, however rarely it is asked; and none once it is back."""
    street = Street(HOUSE, ROOF)
    street["roof"].is_on = False

    def back(second: int) -> None:
        street["roof"].is_on = second > 60

    absent, gave = call(street, 120, back)
    first = min(second for second, names in gave.items() if "roof" in names)
    assert 60 < first < 95
    # The first sweep of a new meter may leave no time for the second one.
    assert {second: of for second, of in absent.items() if second > 2} == {
        second: {"roof": SILENT} for second in range(3, first)
    }


@pytest.mark.parametrize("words", [[HOUSE], [HOUSE, ROOF]])
def test_what_comes_garbled_is_silence(call: Call, words: list[str]) -> None:
    street = Street(*words)
    street["house"].behaves = garbled
    absent, _ = call(street, 12)
    assert [absent[second]["house"] for second in range(2, 13)] == [SILENT] * 11


def test_an_answer_that_is_dropped_whole_is_not_believed(call: Call) -> None:
    street = Street(HOUSE)

    def broken(second: int) -> None:
        street["house"].behaves = zeros if 20 <= second < 25 else sound

    absent, _ = call(street, 40, broken)
    assert absent == {second: {"house": UNBELIEVED} for second in range(20, 25)}


def test_who_takes_turns_is_busy_in_the_others_slots(call: Call) -> None:
    """Ten meters on a wire at 9600 baud: each second has a reading of each, or a reason."""
    words = [f"m{number}=orno-we515@{number}" for number in range(1, 11)]
    absent, gave = call(Street(*words, is_wire=True), 60)
    for second in range(30, 61):
        missing = {f"m{number}" for number in range(1, 11)} - gave[second]
        assert absent.get(second, {}) == dict.fromkeys(missing, BUSY)
        assert missing


def test_who_has_no_time_left_is_busy(call: Call) -> None:
    """Of three meters two take all that is left of a second that began late; the third was not asked, so it was not silent."""
    street = Street(HOUSE, ROOF, CELLAR)

    def slow(second: int) -> None:
        if second == 30:
            street.until(30.45)
        for name in ("house", "roof"):
            street[name].behaves = (lambda ask: [(0.09, ask.reply())]) if second == 30 else sound

    absent, _ = call(street, 31, slow)
    assert not [ask for ask in street["cellar"].heard if ask.slot == 30]
    assert absent[30]["cellar"] == BUSY


def test_whose_answers_could_not_be_told_is_silent(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """There was time to ask it; and it comes before nobody in the next second, since it lost nothing to the others."""
    street = Street(HOUSE, ROOF)
    doubts = Asking.doubts

    def all_of_roof(asking: Asking, length: int, question: Question) -> int:
        is_roof = asking._own(question).meter == "roof"
        return 1 if is_roof and question.slot_s == 20 else doubts(asking, length, question)

    monkeypatch.setattr(Asking, "doubts", all_of_roof)
    absent, _ = call(street, 21)
    assert not [ask for ask in street["roof"].heard if ask.slot == 20]
    assert absent == {20: {"roof": SILENT}}
    assert next(name for end_s, name in street.requests if end_s > 21) == "house"


def test_a_missed_slot_is_a_busy_second_of_everybody(call: Call) -> None:
    street = Street(HOUSE, ROOF)

    def late(second: int) -> None:
        if second == 20:
            street.until(23.8)

    absent, gave = call(street, 30, late)
    both = {"house": BUSY, "roof": BUSY}
    assert [second for second in range(1, 31) if second not in gave] == [21, 22, 23]
    assert {second: absent[second] for second in (21, 22, 23)} == {21: both, 22: both, 23: both}


def test_a_port_that_is_away_is_the_reason_of_all(call: Call) -> None:
    street = Street(HOUSE, ROOF)

    def pulled(second: int) -> None:
        street.is_gone = 20 <= second < 30

    absent, gave = call(street, 70, pulled)
    back = min(second for second, names in gave.items() if second >= 30 and names)
    assert back < 62
    assert {second for second, of in absent.items() if of == {"house": PORT, "roof": PORT}} == set(range(20, back))


def test_a_port_that_goes_while_it_is_used_is_the_reason(call: Call) -> None:
    street = Street(HOUSE, ROOF)

    def leaves(ask: Ask) -> Replies:
        street.is_gone = ask.slot >= 20
        return sound(ask)

    street["house"].behaves = leaves
    absent, _ = call(street, 25)
    assert absent[20].get("roof") == PORT


def test_a_meter_with_an_interval_is_due_once_in_it(call: Call) -> None:
    """It is silent for half a minute: three readings are missing, at the seconds at which they were due."""
    street = Street(HOUSE, f"{ROOF},interval=10s")

    def away(second: int) -> None:
        street["roof"].is_on = not 31 <= second < 61

    absent, gave = call(street, 120, away)
    of_roof = {second: of["roof"] for second, of in absent.items() if "roof" in of}
    # Its place is the middle of ten seconds.
    assert all(second % 10 == 5 for second in of_roof)
    assert offsets_s(parse_meters(street.words), 1) == {"house": 0, "roof": 5}
    assert set(of_roof.values()) == {SILENT}
    for due in range(15, 106, 10):
        has_reading = any("roof" in gave[second] for second in range(due, due + 10))
        assert has_reading == (due not in of_roof)
    assert {35, 45} <= set(of_roof)


def test_a_meter_of_which_nothing_moves_is_due_every_ten_seconds(call: Call) -> None:
    words = "shed=sbc-ale3@4"
    assert due_s(parse_meters([words])[0], 1) == 10
    absent, gave = call(Street(words), 60)
    assert absent == {}
    assert any(not names for names in gave.values())


def test_a_reading_with_less_in_it_is_a_reading(call: Call) -> None:
    street = Street(HOUSE)
    street["house"].behaves = lambda ask: [] if ask.first == 0x139 else sound(ask)
    absent, gave = call(street, 20)
    assert absent == {}
    assert all(gave.values())


@pytest.mark.parametrize("seed", range(4))
def test_each_second_has_a_reading_or_a_reason(call: Call, seed: int) -> None:
    """Whatever goes wrong: of each meter, in each second, one of the two and not both."""
    dice = random.Random(seed)
    street = Street(HOUSE, ROOF, CELLAR)

    def trouble(second: int) -> None:
        for name in ("house", "roof", "cellar"):
            street[name].behaves = dice.choice([sound, sound, sound, nothing, garbled, zeros])
        street.is_gone = dice.random() < 0.02
        if dice.random() < 0.03:
            street.until(second + dice.random())

    absent, gave = call(street, 150, trouble)
    for second in range(1, max(gave) + 1):
        for name in ("house", "roof", "cellar"):
            assert (name in gave.get(second, ())) != (name in absent.get(second, {})), (second, name)


# By arithmetic.


def test_hours_that_were_missed_are_not_told_second_by_second() -> None:
    roll = Roll(parse_meters([HOUSE]), 1)
    (*missed, last) = roll.call(Slot(10**6 * 10**9, 0, 1, missed=range(1, 10**6)), {"house": SILENT})
    assert len(missed) == MISSED_TOLD
    assert (last.time_ns, last.reasons) == (10**15, {"house": SILENT})


def test_a_step_of_the_clock_makes_nothing_absent() -> None:
    roll = Roll(parse_meters([f"{HOUSE},interval=10s"]), 1)

    def called(seconds: Iterator[int], *, reads: bool) -> list[int]:
        found = []
        for second in seconds:
            reasons = {} if reads and second % 10 == 0 else {"house": None}
            found += [absence.time_ns // 10**9 for absence in roll.call(Slot(second * 10**9, 0, 1), reasons)]
        return found

    assert called(range(1005, 1035), reads=True) == []
    assert called(range(31_536_003, 31_536_023), reads=True) == []
    assert called(range(1003, 1010), reads=False) == []
    assert called(range(1010, 1031), reads=False) == [1010, 1020]


def test_a_longer_slot_is_due_once() -> None:
    (house,) = parse_meters([HOUSE])
    assert (due_s(house, 1), due_s(house, 60), due_s(replace(house, interval_s=300), 60)) == (1, 60, 300)
