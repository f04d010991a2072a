"""One question to one meter: what is taken to be missing after each kind of answer, and what is made of late ones.

The line is a stand-in that gives what it is told to; the books are the real ones.

| fault                                                      | test                                                |
|------------------------------------------------------------|-----------------------------------------------------|
| a reply that may still come is not thought to be missing   | test_what_is_missing_after_an_error                 |
| ... since a refusal or a broken reply is taken for its own, though it may be a late one's | the same         |
| a question that was answered is thought to be missing      | the same, test_an_answer_leaves_no_doubt            |
| a refusal that may be of an earlier question is taken for this one's | test_a_refusal_is_doubtful_while_any_reply_is_missing |
| a meter is taken for dead though something came of it, or for alive though nothing did | test_what_tells_that_a_meter_is_there |
| a late reply answers nothing, or the wrong question        | test_a_late_reply_is_handed_on_with_its_question    |
| ... or, of a gateway, counts as the meter's | test_what_a_gateway_says_late_in_a_meters_name_is_not_the_meter |
| ... or tells nothing about how long the meter takes        | test_late_replies_teach_patience                    |
| a timeout that is too short costs the replies for good, and nobody is told | test_a_timeout_that_is_too_short_is_told_once |
| ... or that is told of one that is long enough, in slots that are too short | test_what_the_end_of_a_slot_cuts_off_is_no_fault_of_the_timeout |
| ... or more, since its own length is taken for waiting     | test_a_late_reply_has_taken_from_the_request_to_its_first_byte |
| a frame of another meter is swallowed, or taken for this one's | test_other_meters_replies_are_left_to_them      |
| ... or one of its own address, at another speed or parity, or nobody counts it | test_one_address_at_two_line_settings_... |
| ... or one that this one would never send                  | test_what_cannot_be_a_late_reply_strikes_nothing_off |
| silence is not counted in a row                            | test_silences_are_counted_in_a_row                  |
| an error is counted as another                             | test_each_kind_of_error_has_its_counter             |
| a request during which the port is lost has no outcome, and is counted | test_a_request_that_the_port_cuts_off_is_not_counted |
| what was never sent is counted, or leaves a doubt          | test_what_was_not_asked_is_not_counted              |
| a reply is waited for beyond the end of the slot           | test_a_hurried_question_is_waited_for_until_the_deadline |
| ... or ever after as short as in a hurry                   | the same                                            |
| a question is begun that no reply could answer in time     | test_a_question_is_not_worth_putting_without_time   |
| ... or a meter that was once slow is never asked again     | test_the_first_question_is_put_to_a_slow_meter      |
| a plan reckons with a meter of the book, not with this one | test_reads_take_what_they_took                      |
| the port has the settings or the patience of another meter | test_the_port_is_set_for_this_meter                 |
"""

import math
from collections import deque
from dataclasses import dataclass, field

import pytest

from virtual import unaccounted
from wattline.bus.asking import LEAST_WAIT_S, Asking
from wattline.bus.frames import Frame, Stray, crc
from wattline.bus.latency import FIRST_TIMEOUT_S, SAMPLES_NEEDED, SHORTEST_TIMEOUT_S, patience_s
from wattline.bus.settings import LineSettings
from wattline.bus.suspicion import HORIZON_S, Question, Suspicion
from wattline.bus.window import UNLIMITED, Least
from wattline.errors import (
    ChecksumError,
    NoReplyError,
    NotAskedError,
    PortError,
    RefusedError,
    ShortReplyError,
    WrongReplyError,
)
from wattline.stop import Stopped
from wattline.words import parse_meters

(METER,) = parse_meters(["house=orno-we515@7,baud=2400"])
FUNCTION = METER.model.function
THIS, OTHER = Question(0.0, 0x140), Question(1.0, 0x148)
READ_S = 0.1


def reply(length: int, address: int = 7, function: int = FUNCTION) -> bytes:
    body = bytes((address, function, 2 * length)) + bytes(2 * length)
    return body + crc(body)


def refusal(address: int = 7, code: int = 2) -> bytes:
    body = bytes((address, FUNCTION | 0x80, code))
    return body + crc(body)


@dataclass
class Line:
    """A port, its Modbus and its clock: a read takes a tenth of a second and gives, or raises, what comes next."""

    now_s: float = 0.0
    comes: object = None
    raw: bytes = b""
    strays: deque[Stray] = field(default_factory=deque)
    turnaround_s: float | None = 0.02
    address: int = 0
    settings: LineSettings = field(default_factory=LineSettings)
    ended_s: float = 0.0
    busy_s: float = 0.0
    reply_timeout_s: float = 0.0
    ask_by_s: float = math.inf
    is_something_there: bool = False
    suspicion: Suspicion = field(default_factory=Suspicion)

    @property
    def port(self) -> "Line":
        return self

    def suspicion_of(self, _address: int) -> Suspicion:
        return self.suspicion

    def monotonic(self) -> float:
        return self.now_s

    def use(self, settings: LineSettings) -> None:
        self.settings = settings

    def rest_until(self, moment_s: float) -> None:
        self.now_s = max(self.now_s, moment_s)

    def listen(self, _deadline_s: float) -> bool:
        return self.is_something_there

    def read(self, address: int, _function: int, _first: int, count: int) -> tuple[int, ...]:
        self.address = address
        self.now_s += READ_S
        self.ended_s = self.now_s
        self.busy_s += READ_S
        if isinstance(self.comes, Exception):
            raise self.comes
        return (0,) * count

    def stray(self, data: bytes) -> None:
        self.strays.append(Stray(Frame(data), self.now_s))


@pytest.fixture
def line() -> Line:
    return Line()


@pytest.fixture
def asking(line) -> Asking:
    return Asking(METER, line, line.monotonic)


def ask(asking, line, length, question, comes=None, *, raw=b"", within=UNLIMITED) -> None:
    """Put one question, to which ``comes`` comes."""
    line.comes, line.raw = comes, raw
    if comes is None:
        asking.ask(question.first, length, question, within=within)
    else:
        with pytest.raises(type(comes)):
            asking.ask(question.first, length, question)


REFUSED = RefusedError("", 2)
BROKEN = reply(2)[:-1] + b"x"

# What is missing before (the lengths), the error, what came, and how many of two registers are missing afterwards.
MISSING = {
    "nothing came": ([], NoReplyError(), b"", 1),
    "it stopped in the middle, and may go on": ([], ShortReplyError(), BROKEN[:5], 1),
    "an answer to another question": ([], WrongReplyError(), reply(3), 1),
    "a refusal, and nothing else was under way": ([], REFUSED, refusal(), 0),
    "a gateway that has no path, and sent nothing": ([], RefusedError("", 10), refusal(code=10), 0),
    "a gateway that did not wait any longer": ([], RefusedError("", 11), refusal(code=11), 1),
    "a refusal that may be that of another length": ([3], REFUSED, refusal(), 1),
    "a refusal that may be that of the same length": ([2], REFUSED, refusal(), 2),
    "its own reply, broken": ([], ChecksumError(), BROKEN, 0),
    "its own, broken, while another length was under way": ([3], ChecksumError(), BROKEN, 0),
    "broken, and may be the one that was under way": ([2], ChecksumError(), BROKEN, 2),
    "broken, of another length": ([], ChecksumError(), reply(3)[:-1] + b"x", 1),
    "broken, of another meter": ([], ChecksumError(), reply(2, address=8)[:-1] + b"x", 1),
    "broken, of another function": ([], ChecksumError(), reply(2, function=FUNCTION ^ 7)[:-1] + b"x", 1),
    "broken from the start": ([], ChecksumError(), b"\xaa" + BROKEN, 1),
}


@pytest.mark.parametrize(("before", "error", "raw", "missing"), MISSING.values(), ids=MISSING)
def test_what_is_missing_after_an_error(asking, line, *, before, error, raw, missing):
    for length in before:
        ask(asking, line, length, THIS, NoReplyError())
    ask(asking, line, 2, THIS, error, raw=raw)
    assert asking.doubts(2, OTHER) == missing
    assert asking.doubts(2, THIS) == 0


def test_a_refusal_is_its_own_again_once_nothing_can_come_any_more(asking, line):
    ask(asking, line, 3, THIS, NoReplyError())
    line.now_s += HORIZON_S
    ask(asking, line, 2, THIS, REFUSED, raw=refusal())
    assert asking.doubts(2, OTHER) == 0


def test_a_refusal_is_doubtful_while_any_reply_is_missing(asking, line):
    error = RefusedError("", 2)
    ask(asking, line, 2, THIS, error, raw=refusal())
    assert not error.is_doubtful
    ask(asking, line, 3, THIS, NoReplyError())
    ask(asking, line, 2, THIS, error, raw=refusal())
    assert error.is_doubtful
    line.now_s += HORIZON_S
    ask(asking, line, 2, THIS, error, raw=refusal())
    assert not error.is_doubtful


@pytest.mark.parametrize(
    ("comes", "is_there"),
    [
        (None, True),
        (RefusedError("", 2), True),
        (RefusedError("", 6), True),
        (RefusedError("", 10), False),
        (RefusedError("", 11), False),
        (NoReplyError(), False),
        (ChecksumError(), False),
        (WrongReplyError(), False),
    ],
    ids=["reply", "refusal", "busy", "no path", "no response", "silence", "broken", "another's"],
)
def test_what_tells_that_a_meter_is_there(asking, line, comes, is_there):
    """Its own word; a gateway's that it did not hear the meter, and noise, are none."""
    ask(asking, line, 2, THIS, comes, raw=b"")
    assert asking.heard == is_there


@pytest.mark.parametrize(("data", "is_there"), [(reply(2), True), (refusal(), True), (reply(2, address=8), False)])
def test_a_late_word_tells_that_a_meter_is_there(asking, line, data, is_there):
    ask(asking, line, 2, THIS, NoReplyError())
    line.stray(data)
    asking.listen()
    assert asking.heard == is_there


def test_an_answer_leaves_no_doubt(asking, line):
    """Unless an older question of its length was open: then its own may still come."""
    ask(asking, line, 2, THIS)
    assert asking.doubts(2, OTHER) == 0
    ask(asking, line, 2, THIS, NoReplyError())
    line.now_s += HORIZON_S - READ_S
    ask(asking, line, 2, OTHER)
    assert asking.doubts(2, OTHER) == 1
    line.now_s += HORIZON_S - 2 * READ_S
    assert asking.doubts(2, OTHER) == 1
    line.now_s += 2 * READ_S
    assert asking.doubts(2, OTHER) == 0


def test_a_late_reply_is_handed_on_with_its_question(asking, line):
    ask(asking, line, 2, THIS, NoReplyError())
    line.stray(reply(2))
    asking.listen()
    own = THIS._replace(meter=METER.name)
    assert [(late.question, late.length, late.registers) for late in asking.late_answers] == [(own, 2, (0, 0))]
    assert asking.doubts(2, OTHER) == 0
    assert asking.health["late_replies"] == 1


def test_a_late_reply_to_either_of_two_questions_has_none(asking, line):
    for question in (THIS, OTHER):
        ask(asking, line, 2, question, NoReplyError())
    line.stray(reply(2))
    asking.listen()
    assert [late.question for late in asking.late_answers] == [None]


def test_a_late_reply_that_comes_during_another_question_is_recognised(asking, line):
    """Whether that is answered or not."""
    for comes in (None, NoReplyError()):
        ask(asking, line, 3, THIS, NoReplyError())
        line.stray(reply(3))
        ask(asking, line, 2, THIS, comes)
    assert len(asking.late_answers) == 2


def test_a_reply_that_nothing_explains_answers_nothing_and_leaves_a_doubt(asking, line):
    line.stray(reply(2))
    asking.listen()
    assert asking.late_answers == []
    assert (asking.doubts(2, THIS), asking.doubts(2, OTHER)) == (1, 1)


@pytest.mark.parametrize(("code", "heard"), [(2, 1), (6, 1), (10, 0), (11, 0)])
def test_what_a_gateway_says_late_in_a_meters_name_is_not_the_meter(asking, line, code, heard):
    """Which would be taken to be there for ever."""
    ask(asking, line, 2, THIS, NoReplyError())
    line.stray(refusal(code=code))
    asking.listen()
    assert (asking.heard, asking.health["late_replies"]) == (heard, 1)


def test_late_replies_teach_patience(asking, line):
    """A meter that always answers too late is waited for longer."""
    assert asking.report()["timeout_ms"] == 1000 * FIRST_TIMEOUT_S
    for _ in range(SAMPLES_NEEDED):
        ask(asking, line, 2, THIS, NoReplyError())
        line.now_s += 0.8
        line.stray(reply(2))
        asking.listen()
    assert asking.report()["timeout_ms"] > 2000 * FIRST_TIMEOUT_S
    assert asking.turnaround_s > 0.7


def test_a_late_reply_has_taken_from_the_request_to_its_first_byte(asking, line):
    """At 2400 baud the request and forty registers are more than 400 ms of it."""
    wire_s = METER.settings.read_s(40)
    ask(asking, line, 40, THIS, NoReplyError())
    line.now_s += wire_s + 0.5 - READ_S
    line.stray(reply(40))
    asking.listen()
    assert asking.turnaround_s == pytest.approx(0.5)
    ask(asking, line, 40, THIS, NoReplyError())
    line.stray(reply(40))
    asking.listen()
    assert asking.turnaround_s == pytest.approx(0.25), "less than nothing is nothing"


@pytest.mark.parametrize("timeout", ["", ",timeout=100ms"])
def test_a_timeout_that_is_too_short_is_told_once(line, caplog, timeout):
    """With what the replies take, of which the soonest tells most: nobody may have listened when the others came."""
    (meter,) = parse_meters([f"house=orno-we515@7,baud=2400{timeout}"])
    asking, wire_s = Asking(meter, line, line.monotonic), meter.settings.read_s(2)
    for number in range(8):
        ask(asking, line, 2, THIS, NoReplyError())
        line.now_s += wire_s - READ_S + (0.9 if number != 3 else 0.14)
        line.stray(reply(2))
        asking.listen()
    sentence = (
        "house: 5 replies came later than its timeout=100ms, the soonest after 140 ms, and were lost; give it a longer "
        "timeout, or none, then it is learnt."
    )
    assert [message for message in caplog.messages if "timeout=" in message] == [sentence] * bool(timeout)


def test_what_the_end_of_a_slot_cuts_off_is_no_fault_of_the_timeout(line, caplog):
    """It is given up before the timeout is over, and has come by then."""
    (meter,) = parse_meters(["house=orno-we515@7,baud=2400,timeout=500ms"])
    asking, wire_s = Asking(meter, line, line.monotonic), meter.settings.read_s(2)
    for _ in range(8):
        ask(asking, line, 2, THIS, NoReplyError())
        line.now_s += wire_s - READ_S + 0.3
        line.stray(reply(2))
        asking.listen()
    assert asking.health["late_replies"] == 8
    assert not [message for message in caplog.messages if "timeout=" in message]


def test_other_meters_replies_are_left_to_them(asking, line):
    """In their order."""
    ask(asking, line, 2, THIS, NoReplyError())
    for data in (reply(2, address=8), reply(2), reply(3, address=9)):
        line.stray(data)
    asking.listen()
    assert [stray.frame.address for stray in line.strays] == [8, 9]
    assert len(asking.late_answers) == 1


@pytest.mark.parametrize("twin", ["house=orno-we515@7,baud=2400,parity=N", "house=orno-we515@7,baud=9600"])
def test_one_address_at_two_line_settings_is_one_doubt_and_two_meters(asking, line, twin):
    """A driver hands on what came with the wrong parity, a gateway what it has kept until the line has another speed: the
    late reply to one is in doubt for the other, and not its answer; and it is counted where it belongs."""
    (twin,) = parse_meters([twin.replace("house", "shed")])
    twin = Asking(twin, line, line.monotonic)
    ask(asking, line, 2, THIS, NoReplyError())
    assert (twin.doubts(2, THIS), asking.doubts(2, THIS)) == (1, 0)
    line.now_s += 0.8
    line.stray(reply(2))
    twin.listen()
    assert (twin.late_answers, twin.health["late_replies"], twin.heard) == ([], 0, 0)
    assert twin.doubts(2, THIS) == 0
    line.now_s += 5.0
    asking.listen()
    assert (len(asking.late_answers), asking.health["late_replies"], asking.heard) == (1, 1, 1)
    assert asking.turnaround_s == pytest.approx(0.8 + READ_S - METER.settings.read_s(2))


@pytest.mark.parametrize(
    ("data", "late_replies"), [(refusal(), 1), (reply(2, function=FUNCTION ^ 7), 0)], ids=["refusal", "function"]
)
def test_what_cannot_be_a_late_reply_strikes_nothing_off(asking, line, data, late_replies):
    ask(asking, line, 2, THIS, NoReplyError())
    line.stray(data)
    asking.listen()
    assert asking.late_answers == []
    assert [asking.doubts(length, OTHER) for length in (0, 2)] == [0, 1]
    assert len(line.strays) == (not late_replies), "another meter of the address may have that function"
    assert asking.health["late_replies"] == late_replies


def test_silences_are_counted_in_a_row(asking, line):
    """Whatever comes, asked for or not, ends the row."""
    for comes, raw, silences in (
        (NoReplyError(), b"", 1),
        (NoReplyError(), b"", 2),
        (ChecksumError(), BROKEN, 0),
        (NoReplyError(), b"", 1),
        (None, b"", 0),
        (NoReplyError(), b"", 1),
    ):
        ask(asking, line, 2, THIS, comes, raw=raw)
        assert asking.silences == silences
    asking.listen()
    assert asking.silences == 1
    line.is_something_there = True
    asking.listen()
    assert asking.silences == 0


@pytest.mark.parametrize(
    "error", [NoReplyError(), ShortReplyError(), ChecksumError(), WrongReplyError(), REFUSED], ids=lambda e: e.counter
)
def test_each_kind_of_error_has_its_counter(asking, line, error):
    ask(asking, line, 2, THIS, error)
    ask(asking, line, 2, THIS)
    counted = {name: count for name, count in asking.health.report().items() if count and "round_trip" not in name}
    assert counted == {"requests": 2, "replies": 1, error.counter: 1}
    assert asking.health.report()["requests"] == 2


def test_the_port_is_set_for_this_meter(asking, line):
    for _ in range(SAMPLES_NEEDED):
        ask(asking, line, 2, THIS)
        assert line.settings == METER.settings
        assert line.reply_timeout_s == pytest.approx(FIRST_TIMEOUT_S)
    ask(asking, line, 2, THIS)
    assert line.reply_timeout_s == pytest.approx(3 * 0.02 + 0.05)
    assert asking.turnaround_s == 0.02


# Time.


def test_what_was_not_asked_is_not_counted(asking, line):
    """The line was busy until the time was over."""
    ask(asking, line, 2, THIS, NotAskedError())
    assert not any(asking.health.report().values())
    assert asking.doubts(2, OTHER) == 0
    assert (asking.silences, asking.heard) == (0, 0)


@pytest.mark.parametrize("error", [PortError(), Stopped()])
def test_a_request_that_the_port_cuts_off_is_not_counted(asking, line, error):
    """Nobody knows what became of it, and the requests are the sum of what became of them."""
    ask(asking, line, 2, THIS)
    ask(asking, line, 2, OTHER, error)
    assert unaccounted(asking.health.report()) == 0
    assert asking.health["requests"] == 1


def test_a_hurried_question_is_waited_for_until_the_deadline(asking, line):
    wire_s = METER.settings.read_s(2)
    within = asking.window(wire_s + 0.3, 2)
    ask(asking, line, 2, THIS, within=within)
    assert line.reply_timeout_s == pytest.approx(0.3)
    assert line.ask_by_s == wire_s + 0.3
    ask(asking, line, 2, THIS)
    assert line.reply_timeout_s == FIRST_TIMEOUT_S
    assert line.ask_by_s == math.inf
    ask(asking, line, 2, THIS, within=asking.window(line.now_s + wire_s + 10, 2))
    assert line.reply_timeout_s == FIRST_TIMEOUT_S, "nor longer than any"


def test_a_meter_that_is_paused_has_less_of_the_slot(line):
    (meter,) = parse_meters(["house=orno-we515@7,pause=100ms"])
    asking = Asking(meter, line, line.monotonic)
    left_s = meter.settings.read_s(2) + 0.1 + SHORTEST_TIMEOUT_S
    assert asking.window(left_s - 0.001, 2) is None
    assert asking.window(left_s + 0.001, 2) is not None


def answered(asking, line, turnaround_s: float) -> None:
    """So often that it is known."""
    line.turnaround_s = turnaround_s
    for _ in range(SAMPLES_NEEDED):
        ask(asking, line, 2, THIS)


@pytest.mark.parametrize("turnaround_s", [None, 0.02, 0.2])
def test_a_question_is_not_worth_putting_without_time(asking, line, turnaround_s):
    """Of what it usually takes and half as much; of a meter that is not known, the shortest there is."""
    least_s = SHORTEST_TIMEOUT_S
    if turnaround_s:
        answered(asking, line, turnaround_s)
        least_s = patience_s(turnaround_s)
    wire_s = METER.settings.read_s(2)
    for more_s, is_enough in ((-0.001, False), (0.001, True)):
        assert (asking.window(line.now_s + wire_s + least_s + more_s, 2) is not None) is is_enough
    assert asking.trial_s(2) == pytest.approx(wire_s + least_s)


def test_the_first_question_is_put_to_a_slow_meter(asking, line):
    """However slow it is thought to be, a twentieth of a second is worth a try; and less is not."""
    answered(asking, line, 0.8)
    wire_s = METER.settings.read_s(2)
    for more_s, is_enough in ((-0.001, False), (0.001, True)):
        within = asking.window(line.now_s + wire_s + LEAST_WAIT_S + more_s, 2, Least.ANY)
        assert (within is not None) is is_enough
        assert within is None or within.reply_s >= LEAST_WAIT_S, "what is put is waited for"
    assert LEAST_WAIT_S > 0.02


def test_reads_take_what_they_took(asking, line):
    """The machine's and the adapter's time included, in whatever length."""
    answered(asking, line, 0.0)
    silence_s = METER.settings.silence_s
    more_s = METER.settings.read_s(12) - METER.settings.read_s(2)
    assert asking.reads_s([2]) == pytest.approx(READ_S + silence_s)
    assert asking.reads_s([2, 12]) == pytest.approx(2 * (READ_S + silence_s) + more_s)
    assert asking.reads_s([]) == 0
