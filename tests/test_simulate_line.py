"""When simulated meters speak, and what a gateway and a wire make of overlaps; the time is a number, nobody waits.

At 9600 8E1 a character takes 1.146 ms, a request of 8 characters 9.17 ms.

| fault                                                     | test                                               |
|-----------------------------------------------------------|----------------------------------------------------|
| the request takes no time                                 | test_a_reply_begins_a_turnaround_after_...         |
| characters come too early, too late, or all at once       | test_characters_come_one_by_one_...                |
| a late wake-up shifts all later characters                | test_a_late_wake_up_shifts_nothing                 |
| a late reply hinders others behind a gateway              | test_behind_a_gateway_a_late_reply_...             |
| frames mingle behind a gateway                            | test_behind_a_gateway_frames_never_mingle          |
| a wire forgives an overlap                                | test_on_a_wire_...                                 |
| garbled bytes that still have a right CRC                 | test_what_a_collision_leaves_is_never_sound        |
| another meter answers, or two                             | test_only_the_addressed_meter_answers              |
| a meter hears another baud rate                           | test_a_meter_at_another_speed_is_deaf              |
| a request in pieces is lost, junk spoils the next request | test_a_request_may_come_in_pieces, test_junk_...   |
"""

import struct

import pytest
from pymodbus.framer import FramerRTU

from wattline.simulate.bus import Bus, Clock, Scenario
from wattline.simulate.faults import parse_script
from wattline.simulate.image import SimulatedMeter
from wattline.simulate.line import Transmission
from wattline.simulate.truth import Truth
from wattline.words import parse_meters

CHARACTER_S = 11 / 9600
REQUEST_S = 8 * CHARACTER_S
START_S = 1000.0


def request(address: int, first: int, count: int, function: int = 3) -> bytes:
    body = struct.pack(">BBHH", address, function, first, count)
    return body + FramerRTU.compute_CRC(body).to_bytes(2, "big")


def is_sound(frame: bytes) -> bool:
    return len(frame) > 4 and FramerRTU.compute_CRC(frame[:-2]) == int.from_bytes(frame[-2:], "big")


class Bench:
    """A bus whose clock stands until it is told to go on; every byte is noted with its time."""

    def __init__(self, *words: str, faults: str = "", line: str = "gateway", jitter_ms: float = 0.0) -> None:
        scenario = Scenario("fixed", 1, line, 20.0, jitter_ms, parse_script(faults))
        meters = [
            SimulatedMeter(m, "fixed", 1, n, 0.0) for n, m in enumerate(parse_meters(words or ["a=orno-we515@1"]))
        ]
        self.truth = Truth()
        self.bus = Bus(meters, scenario, Clock(START_S, 0.0, lambda s: round(s * 1e9)), self.truth, lambda _s: None)
        self.now = START_S
        self.heard: list[tuple[float, int, bytes]] = []

    def ask(self, at_ms: float, data: bytes, channel: int = 0, baud: int | None = 9600) -> None:
        self.run(at_ms)
        self.bus.receive(self.now, channel, data, baud)

    def run(self, until_ms: float) -> None:
        until_s = START_S + until_ms / 1000
        while (next_s := self.bus.next_s()) is not None and next_s <= until_s:
            self.now = max(self.now, next_s)
            self.note()
        self.now = until_s

    def note(self) -> None:
        self.heard += [((self.now - START_S) * 1000, d.channel, d.data) for d in self.bus.due(self.now)]

    def bytes(self, channel: int = 0) -> bytes:
        return b"".join(data for _, to, data in self.heard if to == channel)

    def end_ms(self) -> float:
        return self.heard[-1][0]


def test_a_reply_begins_a_turnaround_after_the_requests_last_character():
    bench = Bench()
    bench.ask(0, request(1, 0x140, 2))
    bench.run(1000)

    first_ms = bench.heard[0][0]
    assert first_ms == pytest.approx(1000 * (REQUEST_S + 0.020 + CHARACTER_S), abs=0.01)
    assert bench.end_ms() == pytest.approx(1000 * (REQUEST_S + 0.020 + 9 * CHARACTER_S), abs=0.01)
    assert is_sound(bench.bytes())


def test_characters_come_one_by_one_at_9600_baud():
    bench = Bench()
    bench.ask(0, request(1, 0xA000, 10))
    bench.run(1000)

    assert [len(data) for _, _, data in bench.heard] == [1] * 25
    gaps = [b[0] - a[0] for a, b in zip(bench.heard, bench.heard[1:], strict=False)]
    assert gaps == pytest.approx([1000 * CHARACTER_S] * 24, abs=0.01)


@pytest.mark.parametrize(
    ("words", "character_s"), [("baud=2400,parity=N", 10 / 2400), ("baud=115200,stop=2", 12 / 115200)]
)
def test_the_line_settings_of_the_meter_pace_its_characters(words, character_s):
    bench = Bench(f"a=orno-we515@1,{words}")
    bench.ask(0, request(1, 0xA000, 10), baud=None)
    bench.run(1000)

    assert bench.end_ms() == pytest.approx(1000 * (33 * character_s + 0.020), abs=0.01)


def test_a_late_wake_up_shifts_nothing():
    """A loop that slept 15 ms too long finds all characters that came meanwhile, and ends in time."""
    bench = Bench()
    bench.ask(0, request(1, 0xA000, 10))
    bench.run(35)
    bench.now = START_S + 0.050
    bench.note()
    assert len(bench.heard[-1][2]) > 10
    bench.run(1000)

    assert bench.end_ms() == pytest.approx(1000 * (33 * CHARACTER_S + 0.020), abs=0.01)
    assert is_sound(bench.bytes())


def test_the_turnaround_jitters_within_its_bounds():
    bench = Bench(jitter_ms=2.0)
    turnarounds = []
    for n in range(100):
        bench.heard.clear()
        bench.ask(200 * n, request(1, 0x158, 1))
        bench.run(200 * n + 150)
        turnarounds.append(bench.heard[0][0] - 200 * n - 1000 * (REQUEST_S + CHARACTER_S))

    assert 17.99 < min(turnarounds) < 19
    assert 21 < max(turnarounds) < 22.01


def test_behind_a_gateway_a_late_reply_hinders_no_other():
    bench = Bench(faults="late@0-0.1:500")
    bench.ask(0, request(1, 0x140, 4))
    bench.ask(150, request(1, 0x158, 1))
    bench.run(450)
    early = bench.bytes()
    bench.run(1000)

    assert early[2] == 2
    assert bench.bytes()[len(early) + 2] == 8
    assert bench.end_ms() == pytest.approx(1000 * (REQUEST_S + 0.520 + 13 * CHARACTER_S), abs=0.01)


def test_behind_a_gateway_frames_never_mingle():
    """Two replies that are ready at once go out one after the other, 3.5 characters apart; two requests queue as well."""
    bench = Bench("a=orno-we515@1", "b=orno-we515@2")
    bench.ask(0, request(1, 0xA000, 10), channel=1)
    bench.ask(0, request(2, 0xA000, 10), channel=2)
    bench.run(1000)

    order = [channel for _, channel, _ in bench.heard]
    assert order == [1] * 25 + [2] * 25
    assert is_sound(bench.bytes(1))
    assert is_sound(bench.bytes(2))
    assert bench.heard[25][0] - bench.heard[24][0] == pytest.approx(4500 * CHARACTER_S, abs=0.01)


def test_behind_a_gateway_requests_wait_for_each_other():
    """The line behind it carries one request at a time: the second is heard 8 characters after the first."""
    bench = Bench("a=orno-we515@1", "b=orno-we515@2")
    bench.ask(0, request(1, 0x158, 1), channel=1)
    bench.ask(0, request(2, 0x158, 1), channel=2)
    bench.run(1000)

    first, second = (entry.heard_monotonic_ns / 1e9 - START_S for entry in bench.truth.entries)
    assert (first, second) == (pytest.approx(REQUEST_S), pytest.approx(2 * REQUEST_S))


def test_behind_a_gateway_two_requests_in_one_write_are_both_answered():
    bench = Bench()
    bench.ask(0, request(1, 0x158, 1) + request(1, 0x130, 2))
    bench.run(1000)

    assert (bench.bytes()[2], bench.bytes()[9]) == (2, 4)
    assert len(bench.bytes()) == 7 + 9


def test_on_a_wire_a_request_during_a_reply_destroys_both():
    bench = Bench(line="wire")
    bench.ask(0, request(1, 0xA000, 10))
    bench.ask(45, request(1, 0x158, 1))
    bench.run(1000)

    heard = bench.bytes()
    truth = b"".join(register.to_bytes(2, "big") for register in bench.truth.entries[0].registers)
    come = int((0.045 - 0.020 - REQUEST_S) / CHARACTER_S)
    assert len(heard) == 25
    assert not is_sound(heard)
    assert heard[3:come] == truth[: come - 3]
    assert all(a != b for a, b in zip(heard[come:-2], truth[come - 3 :], strict=True))
    assert bench.truth.entries[0].faults == ["collision"]
    assert len(bench.truth.entries) == 1


def test_on_a_wire_a_request_to_another_meter_during_a_reply_is_not_heard():
    bench = Bench("a=orno-we515@1", "b=orno-we515@2", line="wire")
    bench.ask(0, request(1, 0xA000, 10))
    bench.ask(45, request(2, 0x158, 1))
    bench.run(1000)

    assert [(entry.meter, entry.faults) for entry in bench.truth.entries] == [("a", ["collision"])]


def test_on_a_wire_two_requests_at_once_destroy_each_other():
    bench = Bench("a=orno-we515@1", "b=orno-we515@2", line="wire")
    bench.ask(0, request(1, 0x158, 1))
    bench.ask(5, request(2, 0x158, 1))
    bench.run(1000)

    assert bench.heard == []
    assert not bench.truth.entries


def test_on_a_wire_two_requests_without_silence_between_them_are_none():
    bench = Bench(line="wire")
    bench.ask(0, request(1, 0x158, 1) + request(1, 0x130, 2))
    bench.run(1000)

    assert bench.heard == []


def test_on_a_wire_a_late_reply_that_meets_a_request_destroys_both():
    bench = Bench("a=orno-we515@1", "b=orno-we515@2", line="wire", faults="late@0-0.1:500")
    bench.ask(0, request(1, 0x140, 4))
    bench.ask(525, request(2, 0x158, 1))
    bench.run(2000)

    assert len(bench.bytes()) == 13
    assert not is_sound(bench.bytes())
    assert [entry.faults for entry in bench.truth.entries] == [["late:500", "collision"]]


def test_on_a_wire_a_busy_meter_does_not_hear():
    """And it hears again once its late reply has gone."""
    bench = Bench(line="wire", faults="late@0-0.1:500")
    bench.ask(0, request(1, 0x140, 4))
    bench.ask(200, request(1, 0x158, 1))
    bench.ask(700, request(1, 0x130, 2))
    bench.run(2000)

    assert [(entry.first, entry.faults) for entry in bench.truth.entries] == [(0x140, ["late:500"]), (0x130, [])]
    assert is_sound(bench.bytes()[:13])
    assert is_sound(bench.bytes()[13:])


def test_on_a_wire_a_busy_meter_does_not_keep_its_neighbour_from_answering():
    bench = Bench("a=orno-we515@1", "b=orno-we515@2", line="wire", faults="late@0-0.1:500")
    bench.ask(0, request(1, 0x140, 4))
    bench.ask(200, request(2, 0x158, 1))
    bench.run(2000)

    assert is_sound(bench.bytes()[:7])
    assert is_sound(bench.bytes()[7:])


def test_on_a_wire_two_replies_at_once_destroy_each_other():
    bench = Bench("a=orno-we515@1", "b=orno-we515@2", line="wire", faults="late@0-0.05:100")
    bench.ask(0, request(1, 0xA000, 10))
    bench.ask(103, request(2, 0xA000, 10))
    bench.run(2000)

    assert len(bench.bytes()) == 50
    assert [entry.faults for entry in bench.truth.entries] == [["late:100", "collision"], ["collision"]]


def test_on_a_wire_junk_of_a_client_destroys_a_reply_too():
    bench = Bench(line="wire")
    bench.ask(0, request(1, 0xA000, 10))
    bench.ask(45, b"\x55")
    bench.run(1000)

    assert not is_sound(bench.bytes())


def test_on_a_wire_a_request_just_after_a_reply_is_heard():
    bench = Bench(line="wire")
    bench.ask(0, request(1, 0xA000, 10))
    bench.run(100)
    bench.ask(bench.end_ms() + 0.05, request(1, 0x158, 1))
    bench.run(1000)

    assert [entry.faults for entry in bench.truth.entries] == [[], []]


def test_what_a_collision_leaves_is_never_sound():
    """For every length of reply and every character at which the collision begins."""
    for registers in range(1, 41):
        body = bytes([1, 3, 2 * registers, *range(2 * registers)])
        frame = body + FramerRTU.compute_CRC(body).to_bytes(2, "big")
        for come in range(len(frame)):
            transmission = Transmission(0, bytearray(frame), 0.0, 0.001)
            transmission.destroy((come + 0.5) / 1000)

            assert not is_sound(bytes(transmission.data))


def test_a_request_that_was_being_heard_when_the_port_vanished_is_never_answered():
    bench = Bench()
    bench.ask(0, request(1, 0x158, 1))
    bench.run(5)
    bench.bus.drop()
    bench.run(1000)

    assert bench.heard == []


@pytest.mark.parametrize(("address", "answers"), [(0, 0), (1, 1), (2, 1), (3, 0), (247, 0)])
def test_only_the_addressed_meter_answers(address, answers):
    """The broadcast address 0 gets no answer (Modbus over Serial Line 1.02, section 2.1)."""
    bench = Bench("a=orno-we515@1", "b=orno-we515@2")
    bench.ask(0, request(address, 0x158, 1))
    bench.run(1000)

    assert len(bench.truth.entries) == answers
    assert all(data[0] == address for data in [bench.bytes()] if data)


@pytest.mark.parametrize(("baud", "answers"), [(9600, 1), (None, 1), (2400, 0), (0, 0)])
def test_a_meter_at_another_speed_is_deaf(baud, answers):
    bench = Bench()
    bench.ask(0, request(1, 0x158, 1), baud=baud)
    bench.run(1000)

    assert len(bench.truth.entries) == answers


def test_one_address_at_two_speeds_is_two_meters():
    bench = Bench("a=orno-we515@1", "b=orno-we515@1,baud=2400")
    bench.ask(0, request(1, 0x158, 1), baud=2400)
    bench.ask(500, request(1, 0x158, 1), baud=9600)
    bench.run(1000)

    assert [entry.meter for entry in bench.truth.entries] == ["b", "a"]


def test_a_request_may_come_in_pieces():
    bench = Bench()
    frame = request(1, 0x158, 1)
    bench.ask(0, frame[:3])
    bench.ask(4, frame[3:])
    bench.run(1000)

    assert is_sound(bench.bytes())


@pytest.mark.parametrize("junk", [b"\x00", b"\x01\x03\x01", b"\xff" * 30, request(1, 0x158, 1)[:-1] + b"\x00"])
def test_junk_is_not_answered_and_spoils_only_itself(junk):
    bench = Bench()
    bench.ask(0, junk)
    bench.ask(100, request(1, 0x158, 1))
    bench.run(1000)

    assert len(bench.truth.entries) == 1
    assert is_sound(bench.bytes())


@pytest.mark.parametrize("function", [1, 2, 4, 5, 6, 8, 16, 17, 43, 0x28])
def test_other_functions_are_refused_with_code_1(function):
    body = struct.pack(">BBHH", 1, function, 0x158, 1)
    if function == 16:
        body += b"\x02\x00\x00"
    bench = Bench()
    bench.ask(0, body + FramerRTU.compute_CRC(body).to_bytes(2, "big"))
    bench.run(1000)

    assert bench.bytes()[:3] == bytes([1, function | 0x80, 1])
    assert is_sound(bench.bytes())


@pytest.mark.parametrize("count", [0, 126, 65535])
def test_a_bad_count_is_refused_with_code_3(count):
    bench = Bench()
    bench.ask(0, request(1, 0x140, count))
    bench.run(1000)

    assert bench.bytes()[:3] == b"\x01\x83\x03"


@pytest.mark.parametrize(
    ("first", "count", "refused"),
    [
        (0x000B, 1, False),
        (0x000A, 1, True),
        (0x000B, 2, True),
        (0x0130, 4, False),
        (0x0130, 5, True),
        (0x0139, 6, False),
        (0x0139, 7, True),
        (0x0140, 28, False),
        (0x013F, 29, True),
        (0xA000, 10, False),
        (0xA000, 11, True),
        (0xA01E, 10, False),
        (0xFFFF, 2, True),
    ],
)
def test_only_documented_registers_are_answered(first, count, refused):
    bench = Bench()
    bench.ask(0, request(1, first, count))
    bench.run(1000)

    assert bench.bytes()[1:3] == (b"\x83\x02" if refused else bytes([3, 2 * count]))


def test_documented_registers_that_are_not_measured_read_zero():
    """Voltages of the phases 2 and 3 of a meter with one phase."""
    bench = Bench()
    bench.ask(0, request(1, 0x0132, 2))
    bench.run(1000)

    assert bench.bytes()[3:7] == bytes(4)


def test_the_identity_register_names_the_model():
    bench = Bench()
    bench.ask(0, request(1, 0x000B, 1))
    bench.run(1000)

    assert bench.bytes()[3:5] == b"\x00\xa2"
