"""One read, and each way in which it can fail, on a virtual clock: no real time passes. pymodbus builds the frames.

| fault                                                    | test                                                      |
|----------------------------------------------------------|-----------------------------------------------------------|
| two kinds of failure cannot be told apart                | test_each_failure_has_its_class_counter_and_sentence      |
| a refusal costs the timeout, or its code is lost         | test_a_refusal_ends_the_read_at_once                      |
| ... or noise behind it is taken for its code             | test_noise_behind_a_refusal_does_not_change_its_code      |
| a failure is counted under an unknown name               | test_every_counter_is_in_the_vocabulary                   |
| a failure fills the log                                  | test_a_sentence_fits_into_a_line_of_the_log               |
| a reply in pieces is cut                                 | test_a_reply_in_pieces_is_read_whole                      |
| ... from an adapter that hands on every 16 ms            | test_a_slow_adapter_...                                   |
| ... one that begins in the last moment                   | test_a_reply_that_begins_in_time_..., test_a_halting_...  |
| a missing reply is waited for longer than was said       | test_a_missing_reply_costs_the_timeout_and_no_more        |
| a broken reply costs the timeout                         | test_a_broken_reply_is_given_up_when_the_line_is_silent   |
| the reader wakes for each byte                           | test_a_reply_takes_three_wake_ups                         |
| the adapter hears its own request                        | test_an_echo_...                                          |
| noise before a reply hides it                            | test_noise_before_a_reply_is_passed_over                  |
| a stranger's reply is taken, or ours behind it is lost   | test_the_right_reply_is_found_behind_a_wrong_one          |
| a line that chatters is listened to for ever             | test_a_line_that_chatters_..., test_a_flood_...           |
| what waits before a request is thrown away               | test_what_waits_before_a_request_is_put_aside             |
| ... or taken for its reply                               | test_an_old_reply_is_not_the_reply                        |
| a request is sent into a late reply                      | test_a_late_reply_is_waited_out_before_a_request          |
| the rest of one exchange spoils the next                 | test_what_is_left_..., test_what_came_of_a_broken_reply_... |
| ... or becomes a reply with it                           | test_halves_...                                           |
| a refusal is remembered too long                         | test_a_refusal_is_of_its_request_alone                    |
| strangers' frames fill the memory                        | test_only_the_latest_strays_are_kept                      |
| the turnaround is that of an echo or of a stranger       | test_the_turnaround_..., test_an_echo_...                 |
| the bus is idle while it is used                         | test_the_bus_is_busy_from_the_request_to_the_reply        |
| listening takes forever, or opens a port                 | test_listening_...                                        |
| whatever else comes                                      | test_whatever_comes_is_the_reply_or_a_read_error          |
"""

import io
import time
from collections.abc import Sequence
from itertools import dropwhile, pairwise, takewhile
from operator import itemgetter
from unittest.mock import patch

import minimalmodbus
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymodbus.framer import FramerRTU
from pymodbus.pdu import DecodePDU, ExceptionResponse
from pymodbus.pdu.register_message import (
    ReadHoldingRegistersRequest,
    ReadHoldingRegistersResponse,
    ReadInputRegistersRequest,
    ReadInputRegistersResponse,
)

from wattline import errors, fields
from wattline.bus.modbus import Modbus
from wattline.bus.port import Port
from wattline.bus.settings import BAUD_RATES, LineSettings
from wattline.errors import (
    ChecksumError,
    NoReplyError,
    NotAskedError,
    PortError,
    ReadError,
    RefusedError,
    ShortReplyError,
    WrongReplyError,
)

FRAMER = FramerRTU(DecodePDU(is_server=True))
REPLIES = {3: ReadHoldingRegistersResponse, 4: ReadInputRegistersResponse}
REQUESTS = {3: ReadHoldingRegistersRequest, 4: ReadInputRegistersRequest}
LINE = LineSettings(9600, "E", 1)
TIMEOUT_S = 0.4
TURNAROUND_S = 0.02
# A port without a descriptor is looked at this often.
LOOK_S = 0.002
# What "comes" when the line is lost.
GONE = b"gone"
# How far the virtual clock may be off by that, and by the last character.
SLACK_S = 0.004


def reply(values: Sequence[int], address: int = 1, function: int = 3) -> bytes:
    return FRAMER.buildFrame(REPLIES[function](registers=list(values), dev_id=address))


def refusal(code: int, address: int = 1, function: int = 3) -> bytes:
    return FRAMER.buildFrame(ExceptionResponse(function, code, device_id=address))


def request(count: int = 2, first: int = 0x140) -> bytes:
    return FRAMER.buildFrame(ReadHoldingRegistersRequest(address=first, count=count, dev_id=1))


Coming = list[tuple[float, bytes]]
"""(second, bytes) of each piece that comes."""


def at_once(data: bytes, delay_s: float = TURNAROUND_S) -> Coming:
    return [(delay_s, data)]


def paced(data: bytes, delay_s: float = TURNAROUND_S, line: LineSettings = LINE) -> Coming:
    """Each character when it is out."""
    return [(delay_s + (n + 1) * line.character_s, data[n : n + 1]) for n in range(len(data))]


def in_chunks(data: bytes, delay_s: float = TURNAROUND_S, line: LineSettings = LINE, every_s: float = 0.016) -> Coming:
    """What an adapter hands on that collects for 16 ms."""
    return [((second // every_s + 1) * every_s, byte) for second, byte in paced(data, delay_s, line)]


class Line:
    """A clock, a line and what comes on it; in the place of a stop and of a serial port as well.

    Args:
        answers: what comes after each request, counted from its end; the last answers all further ones.
        settings: how it is written to.
    """

    is_set = False

    def __init__(self, *answers: Coming, settings: LineSettings = LINE) -> None:
        self.now_s = 1000.0
        self.port = Port("line", self, lambda _name, _settings: self, self.monotonic)
        self.port.reply_timeout_s = TIMEOUT_S
        self.modbus = Modbus(self.port)
        self.written: list[tuple[float, bytes]] = []
        self.ended_s = 0.0
        self.reads = 0
        self._settings = settings
        self._answers = list(answers)
        self._coming: Coming = []

    def comes(self, coming: Coming) -> "Line":
        """Let something come unasked, counted from now."""
        self._add(self.now_s, coming)
        return self

    def ask(self, count: int = 2, function: int = 3) -> tuple[int, ...]:
        with patch.object(minimalmodbus, "time", self), patch.object(minimalmodbus, "_latest_read_times", {}):
            self.port.use(self._settings)
            return self.modbus.read(1, function, 0x140, count)

    @property
    def took_s(self) -> float:
        """Seconds since the end of the last request."""
        return self.now_s - self.ended_s

    @property
    def strays(self) -> list[bytes]:
        return [stray.frame.data for stray in self.port.strays]

    # The clock, the stop, and minimalmodbus's time.

    def monotonic(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += max(0.0, seconds)

    def wait(self, seconds: float) -> bool:
        self.sleep(seconds)
        return False

    # The serial port.

    def close(self) -> None:
        return

    def fileno(self) -> int:
        raise io.UnsupportedOperation

    def write(self, data: bytes) -> None:
        self.written.append((self.now_s, data))
        self.ended_s = self.now_s + len(data) * self._settings.character_s
        answer = self._answers.pop(0) if len(self._answers) > 1 else [*self._answers, []][0]
        self._add(self.ended_s, answer)

    def _add(self, from_s: float, coming: Coming) -> None:
        self._coming += [(from_s + second, data) for second, data in coming]
        self._coming.sort(key=itemgetter(0))

    @property
    def in_waiting(self) -> int:
        return sum(len(data) for _, data in takewhile(self._has_come, self._coming))

    def read(self, size: int) -> bytes:
        if self._coming[0][1] == GONE:
            self._coming.clear()
            raise OSError(5, "Input/output error")
        self.reads += 1
        waiting = b"".join(data for _, data in takewhile(self._has_come, self._coming))
        self._coming = list(dropwhile(self._has_come, self._coming))
        if waiting[size:]:
            self._coming.insert(0, (0.0, waiting[size:]))
        return waiting[:size]

    def _has_come(self, piece: tuple[float, bytes]) -> bool:
        return piece[0] <= self.now_s


def flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 0x10]) + data[place + 1 :]


GOOD = reply([0, 327])

FAILURES = {
    "nothing came": (b"", NoReplyError, "timeouts", ["No reply within 400 ms"]),
    "it stopped": (GOOD[:4], ShortReplyError, "short_replies", ["after 4 of 9 bytes", "(01 03 04 00)"]),
    "one byte came": (b"\xff", ShortReplyError, "short_replies", ["after 1 of 9 bytes", "(ff)"]),
    "a wrong bit": (flipped(GOOD, 5), ChecksumError, "checksum_errors", ["wrong CRC", "(01 03 04 00 00 11 47 bb 91)"]),
    "a wrong CRC": (flipped(GOOD, 8), ChecksumError, "checksum_errors", ["wrong CRC", "(01 03 04 00 00 01 47 bb 81)"]),
    "a wrong header": (flipped(GOOD, 1), ChecksumError, "checksum_errors", ["garbled", "(01 13 04 00"]),
    "all zeros": (bytes(9), ChecksumError, "checksum_errors", ["garbled", "(00 00 00 00"]),
    "another address": (
        reply([0, 327], address=2),
        WrongReplyError,
        "wrong_replies",
        ["answers another question: address 2, function 3, 2 registers", "(02 03 04 00 00 01 47"],
    ),
    "another function": (
        reply([0, 327], function=4),
        WrongReplyError,
        "wrong_replies",
        ["address 1, function 4, 2 registers", "(01 04 04 00 00 01 47"],
    ),
    "too few registers": (reply([327]), WrongReplyError, "wrong_replies", ["1 registers", "(01 03 02 01 47"]),
    "too many registers": (reply([0, 327, 0]), WrongReplyError, "wrong_replies", ["3 registers", "(01 03 06 00"]),
    "another's refusal": (refusal(2, address=9), WrongReplyError, "wrong_replies", ["address 9", "(09 83 02"]),
    "a refusal": (refusal(2), RefusedError, "refusals", ["refused", "code 2, illegal data address"]),
    "an odd refusal": (refusal(99), RefusedError, "refusals", ["refused", "code 99, unknown code"]),
}


@pytest.mark.parametrize("come", [at_once, paced, in_chunks])
@pytest.mark.parametrize("failure", FAILURES)
def test_each_failure_has_its_class_counter_and_sentence(failure, come):
    """The sentence names the registers, the address, and the bytes that came."""
    data, kind, counter, words = FAILURES[failure]
    with pytest.raises(ReadError) as raised:
        Line(come(data)).ask()
    assert type(raised.value) is kind
    assert raised.value.counter == counter
    sentence = str(raised.value)
    for word in ["registers 0x0140 to 0x0141 of address 1", *words]:
        assert word in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence


@pytest.mark.parametrize("function", [3, 4])
@pytest.mark.parametrize("code", [*range(1, 12), 255])
@pytest.mark.parametrize("come", [at_once, paced, in_chunks])
def test_a_refusal_ends_the_read_at_once(function, code, come):
    """Its code arrives with it, also those for which minimalmodbus has no class of its own."""
    coming = come(refusal(code, function=function))
    line = Line(coming)
    with pytest.raises(RefusedError) as raised:
        line.ask(41, function)
    assert raised.value.code == code
    assert line.took_s <= coming[-1][0] + SLACK_S


def test_noise_behind_a_refusal_does_not_change_its_code():
    with pytest.raises(RefusedError, match="code 2, illegal data address") as raised:
        Line(at_once(refusal(2) + b"\x55\xaa\x55")).ask()
    assert raised.value.code == 2


def test_every_counter_is_in_the_vocabulary():
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, ReadError)]
    counters = {kind.counter for kind in kinds if kind.counter}
    assert {kind for kind in kinds if not kind.counter} == {ReadError, NotAskedError}
    assert len(counters) == 6
    assert counters <= fields.VOCABULARY[fields.METER_HEALTH].keys()


@pytest.mark.parametrize("data", [flipped(reply(range(125)), 9), bytes(3000)], ids=["longest reply", "noise"])
def test_a_sentence_fits_into_a_line_of_the_log(data):
    """However much came, and it says how much."""
    with pytest.raises(ChecksumError) as raised:
        Line(at_once(data)).ask(125)
    assert len(str(raised.value)) < 1000
    assert ("bytes more" in str(raised.value)) == (len(data) > 255)


# The reply.


@pytest.mark.parametrize("function", [3, 4])
@pytest.mark.parametrize("count", [1, 2, 41, 125])
def test_a_reply_is_read(count, function):
    values = tuple(range(500, 500 + count))
    line = Line(paced(reply(values, function=function)))
    assert line.ask(count, function) == values
    assert line.written[0][1] == FRAMER.buildFrame(REQUESTS[function](address=0x140, count=count, dev_id=1))


@given(st.integers(1, 125), st.data())
def test_a_reply_in_pieces_is_read_whole(count, data):
    """Wherever it is torn, with pauses of up to 16 ms, and at once when the last piece is there."""
    values = tuple(range(count))
    frame = reply(values)
    cuts = [0, *sorted(data.draw(st.sets(st.integers(1, len(frame) - 1), max_size=8))), len(frame)]
    second, coming = TURNAROUND_S, []
    for begin, end in pairwise(cuts):
        second += data.draw(st.floats(0, 0.016)) + (end - begin) * LINE.character_s
        coming.append((second, frame[begin:end]))
    line = Line(coming)
    assert line.ask(count) == values
    assert line.took_s < max(second, TURNAROUND_S + len(frame) * LINE.character_s + 8 * LOOK_S) + 0.05


@pytest.mark.parametrize("baud", BAUD_RATES)
@pytest.mark.parametrize("phase_s", [0.0, 0.005, 0.0101, 0.0159])
def test_a_slow_adapter_hands_on_whole_replies_and_refusals(baud, phase_s):
    line = LineSettings(baud, "E", 1)
    values = tuple(range(25))
    assert Line(in_chunks(reply(values), phase_s, line), settings=line).ask(25) == values
    with pytest.raises(RefusedError):
        Line(in_chunks(refusal(2), phase_s, line), settings=line).ask(25)


@pytest.mark.parametrize("come", [paced, in_chunks])
@pytest.mark.parametrize("baud", BAUD_RATES)
def test_a_reply_that_begins_in_time_is_heard_to_its_end(baud, come):
    """Though its first byte comes just before the timeout, at any speed."""
    line = LineSettings(baud, "E", 1)
    values = tuple(range(50))
    coming = come(reply(values), TIMEOUT_S - 0.02, line)
    assert Line(coming, settings=line).ask(50) == values


def test_a_halting_reply_is_heard_to_its_end():
    """A network tears it: the timeout is for its beginning, and each pause is as long as an adapter's."""
    line = Line([(TIMEOUT_S - 0.001 + 0.015 * place, GOOD[place : place + 1]) for place in range(len(GOOD))])
    assert line.ask() == (0, 327)


@pytest.mark.parametrize("baud", BAUD_RATES)
def test_a_missing_reply_costs_the_timeout_and_no_more(baud):
    """However long the reply would have been: what is waited for is its first byte."""
    line = Line(settings=LineSettings(baud, "E", 1))
    with pytest.raises(NoReplyError):
        line.ask(125)
    assert TIMEOUT_S <= line.took_s < TIMEOUT_S + 11 / baud + SLACK_S


@pytest.mark.parametrize("baud", BAUD_RATES)
def test_a_broken_reply_is_given_up_when_the_line_is_silent(baud):
    settings_ = LineSettings(baud, "E", 1)
    coming = paced(flipped(reply([1] * 10), 8), line=settings_)
    line = Line(coming, settings=settings_)
    with pytest.raises(ChecksumError):
        line.ask(10)
    assert line.took_s < coming[-1][0] + max(0.02, 4 * settings_.character_s) + SLACK_S


@pytest.mark.parametrize("count", [2, 25, 41, 125])
@pytest.mark.parametrize("baud", [1200, 9600])
def test_a_reply_takes_three_wake_ups(baud, count):
    """For its first byte, for the end of a refusal, and for its own end, not one for each of its bytes."""
    settings_ = LineSettings(baud, "E", 1)
    coming = paced(reply([7] * count), line=settings_)
    line = Line(coming, settings=settings_)
    line.ask(count)
    assert line.reads <= 3
    # And none of them comes late.
    assert line.took_s < coming[-1][0] + SLACK_S


# What else is on the line.


@pytest.mark.parametrize("before", [b"", b"\x00", b"\xff\x00"])
@pytest.mark.parametrize("delay_s", [0.0, TURNAROUND_S])
def test_an_echo_is_passed_over(before, delay_s):
    """An adapter that hears itself hands on each request as it goes out; the turnaround is that of the meter."""
    echo = [(second - 8 * LINE.character_s, byte) for second, byte in paced(request(), 0.0)]
    line = Line([(-8 * LINE.character_s, before), *echo, *paced(GOOD, delay_s)])
    assert line.ask() == (0, 327)
    assert not before or line.port.turnaround_s is not None
    assert before or line.port.turnaround_s == pytest.approx(delay_s, abs=2 * LOOK_S)


@pytest.mark.parametrize("earlier", [0, 3, 7])
def test_an_echo_that_comes_with_the_reply_is_passed_over(earlier):
    """All of it, or its end."""
    line = Line([(-0.002, request()[:earlier]), (0.05, request()[earlier:] + GOOD)])
    assert line.ask() == (0, 327)
    assert line.port.turnaround_s == pytest.approx(0.05, abs=2 * LOOK_S)


@pytest.mark.parametrize("count", [1, 2])
def test_an_echo_is_no_reply(count):
    """Nothing but the echo is nothing, however long the reply would be."""
    line = Line(paced(request(count), 0.0))
    with pytest.raises(NoReplyError):
        line.ask(count)
    assert (line.port.raw, line.port.turnaround_s) == (b"", None)


def test_an_echo_is_not_part_of_a_broken_reply():
    with pytest.raises(ShortReplyError, match=r"after 3 of 9 bytes \(01 03 04\)"):
        Line(paced(request() + GOOD[:3], 0.0)).ask()
    with pytest.raises(ShortReplyError, match=r"after 1 of 9 bytes \(00\)"):
        Line(paced(b"\x00" + request(), 0.0)).ask()


@pytest.mark.parametrize("come", [at_once, paced, in_chunks])
@pytest.mark.parametrize(
    "noise", [b"\x00", b"\xff\xff", bytes(40), b"\x01\x03", b"\x01\x03\xfa", GOOD[:6], b"\x83" * 9]
)
def test_noise_before_a_reply_is_passed_over(noise, come):
    """Also where it looks like the beginning of a reply."""
    line = Line(come(noise + GOOD))
    assert line.ask() == (0, 327)
    assert line.took_s < TIMEOUT_S


@pytest.mark.parametrize(
    "wrong",
    [reply([5, 6], address=2), reply([5, 6], function=4), reply([5]), reply([5, 6, 7]), refusal(2, address=2)],
    ids=["address", "function", "shorter", "longer", "refusal"],
)
@pytest.mark.parametrize("gap_s", [0.0, 0.1])
def test_the_right_reply_is_found_behind_a_wrong_one(wrong, gap_s):
    """The wrong one is put aside for whom it may concern, with the second of its coming."""
    line = Line([*paced(wrong), *paced(GOOD, TURNAROUND_S + len(wrong) * LINE.character_s + gap_s)])
    assert line.ask() == (0, 327)
    assert line.strays == [wrong]
    came_s = line.port.strays[0].received_s - line.ended_s
    assert came_s == pytest.approx(TURNAROUND_S + len(wrong) * LINE.character_s, abs=6 * LINE.character_s)


@pytest.mark.parametrize("baud", BAUD_RATES)
@pytest.mark.parametrize("come", [paced, in_chunks])
def test_a_line_that_chatters_is_given_up(baud, come):
    """Noise without end, at the speed of the line, costs a bounded time, and the failure has a class."""
    settings_ = LineSettings(baud, "E", 1)
    line = Line(settings=settings_).comes(come(b"\x01\x03\x55" * (baud // 10), 0.0, settings_))
    line.now_s += 0.1
    began_s, cpu_s = line.now_s, time.process_time()
    with pytest.raises(ChecksumError):
        line.ask()
    assert line.now_s - began_s < 0.3 + TIMEOUT_S + 0.5
    assert time.process_time() - cpu_s < 2


def test_a_flood_is_given_up():
    """More noise than any line carries, as a network may bring it: it is given up by its amount."""
    line = Line()
    with patch.object(Line, "in_waiting", 10**9), patch.object(Line, "read", lambda _line, size: bytes(size)):
        cpu_s = time.process_time()
        with pytest.raises(ChecksumError):
            line.ask()
    assert time.process_time() - cpu_s < 1


def test_other_voices_without_end_are_given_up():
    """A second reader on the line, whose sound frames follow each other: they are put aside for a bounded time."""
    line = Line(paced(reply([7], address=9) * 400, 0.0))
    with pytest.raises(WrongReplyError):
        line.ask()
    assert line.took_s < TIMEOUT_S + 0.5


# What waits before a request.


@pytest.mark.parametrize("come", [at_once, in_chunks])
def test_what_waits_before_a_request_is_put_aside(come):
    """A sound frame among noise lands in the strays, and the reply behind is found."""
    late = reply([9, 9, 9])
    line = Line(paced(GOOD)).comes(come(b"\x00" + late + b"\x01\x03", 0.0))
    line.port.use(LINE)
    line.sleep(0.1)
    assert line.ask() == (0, 327)
    assert line.strays == [late]


@pytest.mark.parametrize("late", [GOOD, reply([1, 1]), reply([5]), reply([5], address=2), refusal(2)])
def test_an_old_reply_is_not_the_reply(late):
    """What came before a request does not answer it: it is no answer, no refusal and no wrong reply, but none."""
    line = Line().comes(at_once(late, 0.0))
    line.port.use(LINE)
    with pytest.raises(NoReplyError):
        line.ask()
    assert line.strays == [late]


@pytest.mark.parametrize("come", [paced, in_chunks])
@pytest.mark.parametrize("baud", BAUD_RATES)
def test_a_late_reply_is_waited_out_before_a_request(baud, come):
    """At any speed, and when an adapter hands it on late: asked meanwhile, the meter would not hear."""
    settings_ = LineSettings(baud, "E", 1)
    late = come(reply(range(100)), TIMEOUT_S + 0.02, settings_)
    line = Line(late, paced(GOOD, line=settings_), settings=settings_)
    with pytest.raises(NoReplyError):
        line.ask(100)
    over_s = line.ended_s + late[-1][0]
    line.sleep(0.05)
    assert line.ask() == (0, 327)
    assert line.written[1][0] >= over_s
    assert line.strays == [reply(range(100))]


@pytest.mark.parametrize("rest", [b"\x00", GOOD, reply([5]), GOOD[:5], b"\x01\x03\xfa"])
def test_what_is_left_of_a_reply_does_not_spoil_the_next(rest):
    """Be it glued to its end; sound frames are put aside."""
    line = Line(at_once(GOOD + rest), paced(reply([1, 2])))
    assert line.ask() == (0, 327)
    assert line.ask() == (1, 2)
    assert line.strays == ([rest] if rest in (GOOD, reply([5])) else [])


def test_what_came_of_a_broken_reply_does_not_spoil_the_next():
    line = Line(at_once(reply([1] * 20)[:30]), paced(GOOD))
    with pytest.raises(ShortReplyError):
        line.ask(20)
    assert line.ask() == (0, 327)
    assert line.strays == []


def test_halves_of_two_exchanges_are_no_reply():
    """Not even where they fit together."""
    line = Line(at_once(reply([1, 2]) + GOOD[:5]), at_once(GOOD[5:]))
    line.ask()
    with pytest.raises(ShortReplyError):
        line.ask()
    assert line.strays == []


def test_halves_from_before_and_after_a_loss_are_no_reply():
    line = Line([*at_once(GOOD[:5]), (0.1, GONE)])
    with pytest.raises(PortError):
        line.ask()
    line.port.use(LINE)
    line.comes(at_once(GOOD[5:], 0.0))
    assert line.port.listen(0.0)
    assert line.strays == []


def test_a_refusal_is_of_its_request_alone():
    line = Line(at_once(refusal(2)), [], at_once(GOOD[:4]))
    for kind in (RefusedError, NoReplyError, ShortReplyError):
        with pytest.raises(kind):
            line.ask()


def test_only_the_latest_strays_are_kept():
    line = Line(*[paced(reply([number], address=9) + GOOD) for number in range(200)])
    for _ in range(200):
        line.ask()
    assert len(line.strays) == 64
    assert line.strays[-1] == reply([199], address=9)


# What is measured.


@pytest.mark.parametrize("come", [at_once, paced])
@pytest.mark.parametrize("delay_s", [0.004, 0.05, 0.3])
def test_the_turnaround_is_from_the_request_to_the_first_byte(come, delay_s):
    line = Line(come(GOOD, delay_s))
    line.ask()
    assert line.port.turnaround_s == pytest.approx(delay_s, abs=2 * LOOK_S)


def test_the_turnaround_is_not_that_of_a_wrong_reply():
    line = Line([*paced(reply([5]), 0.01), *paced(GOOD, 0.2)])
    line.ask()
    assert line.port.turnaround_s == pytest.approx(0.2, abs=2 * LOOK_S)


def test_there_is_no_turnaround_without_a_reply():
    line = Line(paced(GOOD), [])
    line.ask()
    with pytest.raises(NoReplyError):
        line.ask()
    assert line.port.turnaround_s is None


def test_the_bus_is_busy_from_the_request_to_the_reply():
    line = Line(paced(GOOD), [])
    line.ask()
    once_s = line.port.busy_s
    assert once_s == pytest.approx(17 * LINE.character_s + TURNAROUND_S, abs=2 * LOOK_S)
    line.sleep(5)
    with pytest.raises(NoReplyError):
        line.ask()
    assert line.port.busy_s - once_s == pytest.approx(9 * LINE.character_s + TIMEOUT_S, abs=2 * LOOK_S)


# Listening.


def test_listening_puts_aside_what_comes():
    """It waits until then, and not longer than until something has come."""
    late = reply([9])
    line = Line()
    line.port.use(LINE)
    line.comes(paced(late, 0.1))
    began_s = line.now_s
    assert line.port.listen(began_s + 5)
    assert line.strays == [late]
    assert line.now_s - began_s < 0.1 + len(late) * LINE.character_s + 0.03


def test_listening_ends_when_nothing_comes():
    line = Line()
    line.port.use(LINE)
    began_s = line.now_s
    assert not line.port.listen(began_s + 0.5)
    assert line.now_s - began_s == pytest.approx(0.5, abs=LOOK_S)
    assert not line.port.listen(0.0)


def test_listening_does_not_open_a_port():
    line = Line().comes(at_once(GOOD, 0.0))
    assert not line.port.listen(line.now_s + 1)
    assert not line.port.is_open


# Whatever else.

pieces = st.one_of(
    st.binary(max_size=30),
    st.just(GOOD),
    st.just(request()),
    st.builds(
        reply, st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=5), st.integers(1, 3), st.sampled_from((3, 4))
    ),
    st.builds(refusal, st.integers(1, 255), st.integers(1, 3), st.sampled_from((3, 4))),
    st.builds(flipped, st.just(GOOD), st.integers(0, 8)),
)


@given(st.lists(st.tuples(st.floats(-0.05, 1.0), pieces), max_size=8))
@settings(max_examples=300)
def test_whatever_comes_is_the_reply_or_a_read_error(coming):
    """Registers are given only when a sound reply to the question came after it was asked; and in bounded time."""
    line = Line(coming)
    line.comes([(second - 0.01, data) for second, data in coming if second < 0])
    try:
        registers = line.ask()
    except (NoReplyError, ShortReplyError, ChecksumError, WrongReplyError, RefusedError):
        pass
    else:
        assert reply(registers) in line.port.raw
    assert line.took_s < TIMEOUT_S + 0.5
