"""A stick as a source, on virtual clocks: what it says, when it is asked, how it goes and comes.

| fault | test |
|---|---|
| a reading waits, or has a wrong second | test_what_came_is_given_in_the_next_slot |
| the meter's own time is not used, or though it cannot be | test_the_meters_own_time_is_used_where_it_can_be |
| ... or there is none | test_a_reading_without_a_time_is_of_the_second_in_which_it_came |
| a reading from the stick's memory is told as new | test_a_reading_that_is_old_is_left_out, test_what_a_stick_says_without_its_meter_is_not_new |
| ... or the stick's word that it is back is lost, and nothing is told any more | test_a_stick_that_has_lost_its_meter_is_asked_for_it |
| ... though its readings go on | test_readings_that_go_on_say_that_the_stick_has_its_meter_again |
| ... or it is called lost at another step of joining | test_a_stick_that_stays_at_joined_has_its_meter |
| ... or though the meter's clock is known to be off | test_what_the_meters_clock_is_off_is_taken_away |
| ... or though this machine's is not believed | test_in_doubt_of_the_clock_the_slot_is_the_time |
| what waited for a long slot has the slot's second | test_what_came_long_before_its_slot_is_as_old |
| a reading is made of nothing while the stick is silent | test_silence_gives_nothing |
| a silent stick is not asked, or all the time | test_a_stick_that_falls_silent_is_nudged |
| ... or the nudge does not know the usual period | test_the_usual_period_is_learnt |
| a dead stick is read for ever | test_after_five_minutes_the_port_is_opened_anew |
| a stick that is pulled out ends the process, or fills the log | test_a_stick_that_is_pulled_out_is_told_once_and_found_again |
| ... or is not found in another socket | test_it_is_found_in_another_socket |
| ... or not, since another device has its name now | test_it_is_followed_when_another_device_has_its_name |
| ... which is written to | test_another_device_that_has_its_name_is_not_opened, test_nothing_is_written_to_what_may_be_no_stick |
| ... but what USB does not know is not asked at all | test_where_usb_knows_nothing_the_name_is_enough |
| ... or is taken for another one | test_a_named_port_is_not_given_up_for_another_stick |
| what it left torn is completed by what comes then | test_what_was_torn_when_it_was_pulled_out_is_never_completed |
| ... in its recording | the same |
| a stick that is not there yet is not waited for | test_a_stick_that_is_not_there_is_waited_for |
| a stick of another process hides the free one | test_a_stick_in_use_is_passed_over |
| the wrong stick is found | test_a_stick_is_known_by_its_numbers_or_its_words |
| a meter that is no electric one is read | test_the_first_electric_meter_is_read |
| the mark for no address is a meter | test_the_address_of_nobody_is_no_meter |
| the meters are not asked what they are | test_each_meter_is_asked_what_it_is |
| a meter that is not read is told all the time | test_another_meter_is_told_once |
| ... or nobody asks what a clock is off, or all the time | test_readings_that_come_late_have_the_stick_asked_for_the_time |
| a stick that only repeats what it has kept is taken for one that speaks | test_a_stick_that_says_one_and_the_same_again_and_again_is_silent |
| ... and its meter is never asked, or all the time | test_a_meter_that_answers_late_is_read_once_a_minute_at_the_most, test_a_stick_that_only_repeats_has_to_ask_its_meter, test_a_stick_of_long_periods_has_to_ask_its_meter_too |
| a constant load is taken for a repetition | test_a_constant_load_is_no_repetition |
| the health is wrong, or has words of its own | test_the_health_is_told |
| a person is told what is not so | test_the_status_is_for_a_person |
"""

from itertools import pairwise
from pathlib import Path

import pytest

from rainforest.golden import interpreter_of, lines
from rainforest.virtual_stick import START_S, World, powers, usb
from wattline import fields
from wattline.clock import Slot
from wattline.errors import PortError, PortInUseError
from wattline.line import to_line
from wattline.rainforest.find import on_device, sticks
from wattline.rainforest.models import STICKS
from wattline.rainforest.record import Recorder
from wattline.simulate.rainforest.fragments import of_kind

NS = 1_000_000_000
RAVEN, EMU2 = STICKS["rainforest-raven"], STICKS["rainforest-emu2"]


def test_what_came_is_given_in_the_next_slot() -> None:
    world = World()
    world.slot()
    world.say("InstantaneousDemand", 333)

    assert powers(world.slot()) == [(1, 333.0)]
    assert powers(world.slot()) == []


@pytest.mark.parametrize(("behind_s", "second"), [(0, 3), (10, -7), (899, -896), (-119, 4), (-122, 4)])
def test_the_meters_own_time_is_used_where_it_can_be(behind_s: int, second: int) -> None:
    """Up to 15 minutes behind, and never ahead."""
    world = World()
    world.say("TimeCluster")
    world.slots(3)
    world.say("InstantaneousDemand", behind_s=behind_s)
    (point,) = world.slot()

    assert point.time_ns // NS - START_S == second
    assert point.is_own_time


@pytest.mark.parametrize("behind_s", [901, 3600])
def test_a_reading_that_is_old_is_left_out(behind_s: int) -> None:
    world = World()
    world.say("TimeCluster")
    world.slots(3)
    world.say("InstantaneousDemand", behind_s=behind_s)
    world.say("CurrentSummationDelivered", behind_s=behind_s)

    assert world.slot() == []
    assert world.stick.interpreter.stale == 2


@pytest.mark.parametrize("stamp", ["", "0x00000000", "0xffffffff", "0x00000005"])
def test_a_reading_without_a_time_is_of_the_second_in_which_it_came(stamp: str) -> None:
    """A clock that was never set tells none, and counts from the year 2000 on."""
    world = World()
    world.say("TimeCluster")
    world.slots(3)
    world.waiting += without_a_time(5, stamp)
    (point,) = world.slot()

    assert (point.time_ns // NS - START_S, point.is_own_time) == (4, False)


def without_a_time(watts: int, stamp: str = "") -> bytes:
    return (
        f"<InstantaneousDemand><TimeStamp>{stamp}</TimeStamp><Demand>0x{watts:06x}</Demand><Multiplier>0x1</Multiplier>"
        "<Divisor>0x3e8</Divisor></InstantaneousDemand>"
    ).encode()


LOST = b"<NetworkInfo><Status>Rejoining</Status><LinkStrength>0x00</LinkStrength></NetworkInfo>"


def test_what_a_stick_says_without_its_meter_is_not_new() -> None:
    """It repeats what it heard last, or says 0."""
    world = World()
    world.live(9)
    world.waiting += LOST + without_a_time(0) + without_a_time(500)
    assert powers(world.slot()) == []
    assert world.stick.interpreter.stale == 2
    world.say("InstantaneousDemand", 7)
    assert [watts for _, watts in powers(world.slot())] == [7.0]


def test_readings_that_go_on_say_that_the_stick_has_its_meter_again() -> None:
    """Its own word may be lost, or never come; then those without a stamp are of now as well."""
    world = World()
    world.live(9)
    world.waiting += LOST
    world.live(16)
    assert world.stick.interpreter.is_linked
    world.waiting += without_a_time(500)
    assert powers(world.slot())[0][1] == 500.0


@pytest.mark.parametrize("status", ["Join: Success", "Authenticating: Success", "Connected"])
def test_a_stick_that_stays_at_joined_has_its_meter(status: str) -> None:
    world = World()
    world.waiting += LOST.replace(b"Rejoining", status.encode())
    world.slots(2)
    points = []
    for watts in range(300, 310):
        world.waiting += without_a_time(watts)
        points += world.slots(8)

    assert len(powers(points)) == 10
    assert world.stick.interpreter.stale == 0


def test_a_stick_that_has_lost_its_meter_is_asked_for_it() -> None:
    """Else one word that is torn would end the readings for long."""
    world = World()
    world.live(200)
    before = len(world.sent)
    world.waiting += LOST
    for watts in range(25):
        world.waiting += without_a_time(watts)
        world.slots(8)

    # Each minute, and once more since this stick does not answer; once for its hour.
    assert 3 <= sum("get_network_info" in text for _, text in world.sent[before:]) <= 9


@pytest.mark.parametrize("behind_s", [0, 9, 90, -90, 300, 800, 86_400])
def test_what_the_meters_clock_is_off_is_taken_away(behind_s: int) -> None:
    """Else each reading of a clock that is a minute and a half behind would be told as late; some seconds are let be."""
    world = World()
    world.slots(3)
    world.say("TimeCluster", behind_s=behind_s)
    (clock,) = world.slot()
    world.say("InstantaneousDemand", behind_s=behind_s)
    world.slot()
    world.say("InstantaneousDemand", 400, behind_s=behind_s)
    (point,) = world.slot()

    assert clock.fields["drift_s"] == pytest.approx(-behind_s, abs=1)
    assert point.time_ns // NS - START_S == pytest.approx(-4 if behind_s == 9 else 5, abs=1)
    assert point.is_own_time


@pytest.mark.parametrize("clock_behind_s", [0, 300])
def test_readings_that_come_late_have_the_stick_asked_for_the_time(clock_behind_s: int) -> None:
    """Once in a quarter of an hour; its answer tells whether they are late, or its clock was set back."""
    world = World()
    world.say("TimeCluster")
    world.live(40)
    before, points = len(world.sent), []
    for second in range(0, 400, 8):
        world.say("InstantaneousDemand", 1000 + second, behind_s=300)
        points += world.slots(8)
        if "get_time" in "".join(text for _, text in world.sent[before:]):
            world.say("TimeCluster", behind_s=clock_behind_s)
            before = len(world.sent)

    asked = [text for at_s, text in world.sent if "get_time" in text and at_s > 100]
    assert asked == ["<Command><Name>get_time</Name><Refresh>Y</Refresh></Command>\r\n"]
    ((newest_s, _),) = powers(points[-1:])
    assert world.now_s - 50 - 8 - newest_s == pytest.approx(0 if clock_behind_s else 300, abs=1)


def test_in_doubt_of_the_clock_the_slot_is_the_time() -> None:
    world = World(is_believed=False)
    world.slots(3)
    world.say("InstantaneousDemand", behind_s=10)
    world.say("TimeCluster")
    power, clock = world.slot()

    assert (power.time_ns // NS - START_S, power.is_own_time) == (4, False)
    assert clock.fields == {"utc_offset_s": 0.0}


def test_what_came_long_before_its_slot_is_as_old() -> None:
    world = World()
    world.slot()
    world.waiting += b"<InstantaneousDemand><Demand>0x14d</Demand><Multiplier>0x1</Multiplier><Divisor>0x3e8</Divisor></InstantaneousDemand>"
    world.stick.attend()
    world.now_s += 59

    assert powers(world.slot()) == [(1, 333.0)]


def test_silence_gives_nothing() -> None:
    world = World()
    world.live(20)

    assert world.slots(1000) == []


def test_a_stick_that_falls_silent_is_nudged() -> None:
    """After three of its periods, and again after three more."""
    world = World()
    world.live(81)
    before = len(world.sent)
    world.slots(60)

    nudges = [at_s - 131 for at_s, text in world.sent[before:] if "get_instantaneous_demand" in text]
    # Not while another question waits for its answer, which is ten seconds.
    assert nudges == pytest.approx([29, 54], abs=8)


def test_the_usual_period_is_learnt() -> None:
    world = World()
    world.live(151, every_s=30)
    before = world.names_sent().count("get_instantaneous_demand")
    world.slots(80)

    assert world.names_sent().count("get_instantaneous_demand") == before
    world.slots(20)
    assert world.names_sent().count("get_instantaneous_demand") > before


def test_a_stick_that_only_repeats_has_to_ask_its_meter() -> None:
    """What it has kept it is asked for first; then the meter is read, once in a minute at the most."""
    world = World()
    world.live(81)
    points, asked = [], []
    for second in range(600):
        sent = len(world.sent)
        points += world.slot()
        for at_s, text in world.sent[sent:]:
            if "get_instantaneous_demand" in text:
                asked.append((at_s, "<Refresh>Y</Refresh>" in text))
                if asked[-1][1]:
                    world.say("InstantaneousDemand", 1000 + second)
                else:
                    world.waiting += world.kept

    refreshed = [at_s for at_s, is_refreshed in asked if is_refreshed]
    assert asked[0][1] is False
    assert 6 <= len(powers(points)) == len(refreshed)
    assert all(later - earlier >= 59 for earlier, later in pairwise(refreshed))
    assert len(asked) <= 30


def test_a_meter_that_answers_late_is_read_once_a_minute_at_the_most() -> None:
    world = World()
    world.live(81)
    for _ in range(280):
        sent = len(world.sent)
        world.slot()
        if any("get_instantaneous_demand" in text and "Refresh" not in text for _, text in world.sent[sent:]):
            world.waiting += world.kept

    refreshed = [at_s for at_s, text in world.sent if "get_instantaneous_demand" in text and "Refresh" in text]
    assert len(refreshed) >= 3
    assert all(later - earlier >= 59 for earlier, later in pairwise(refreshed))


def test_a_stick_of_long_periods_has_to_ask_its_meter_too() -> None:
    """Its port is opened anew before it is asked a second time; that brings nothing, so the first was in vain all the same."""
    world = World()
    for _ in range(10):
        world.say("InstantaneousDemand", 333)
        world.slots(60)
    points = []
    for second in range(1800):
        sent = len(world.sent)
        points += world.slot()
        for _, text in world.sent[sent:]:
            if "get_instantaneous_demand" in text and "<Refresh>Y</Refresh>" in text:
                world.say("InstantaneousDemand", 1000 + second)
            elif "get_instantaneous_demand" in text:
                world.waiting += world.kept

    assert len(world.opened) == 2
    assert len(powers(points)) >= 5


def test_a_stick_that_says_one_and_the_same_again_and_again_is_silent(said: list[str]) -> None:
    world = World()
    world.live(20)
    for _ in range(330):
        world.waiting += world.kept
        world.slot()

    assert "get_instantaneous_demand" in world.names_sent()
    assert said[-1] == "auto: The stick has said nothing new for 300 s, so the port is opened anew."
    assert len(world.opened) == 2


def test_a_constant_load_is_no_repetition() -> None:
    world = World()
    points = []
    for _ in range(100):
        world.say("InstantaneousDemand", 333)
        points += world.slots(8)

    assert len(powers(points)) == 100
    assert "get_instantaneous_demand" not in world.names_sent()


def test_after_five_minutes_the_port_is_opened_anew(said: list[str]) -> None:
    world = World()
    world.live(20)
    world.slots(290)
    assert world.opened == ["/dev/ttyUSB0"]
    world.slots(20)

    assert world.opened == 2 * ["/dev/ttyUSB0"]
    assert said[-1] == "auto: The stick has said nothing new for 300 s, so the port is opened anew."
    world.say("InstantaneousDemand", 7)
    assert [watts for _, watts in powers(world.slot())] == [7.0]


def pull_out(world: World) -> None:
    world.sockets.clear()
    world.is_gone = True


def put_in(world: World, device: str, number: str = "A1") -> None:
    world.sockets.append(usb(device, number))
    world.is_gone, world.waiting = False, b""


def test_a_stick_that_is_pulled_out_is_told_once_and_found_again(said: list[str]) -> None:
    world = World()
    world.live(20)
    said.clear()
    pull_out(world)
    assert world.slots(100) == []
    put_in(world, "/dev/ttyUSB0")
    points = world.live(40)

    assert len(powers(points)) >= 1
    assert said == [
        "/dev/ttyUSB0 was lost ([Errno 5] Input/output error). It is tried again after 1 s, then ever more rarely, at least every 30 s.",
        said[1],
    ]
    assert said[1].startswith("auto: The stick is back after ")
    assert said[1].endswith(" s.")


ADAPTER = (0x1A86, 0x7523)


@pytest.mark.parametrize("number", ["A1", ""])
def test_it_is_followed_when_another_device_has_its_name(number: str) -> None:
    world = World(name="/dev/ttyUSB0")
    world.sockets = [usb("/dev/ttyUSB0", number)]
    world.live(20)
    pull_out(world)
    world.slots(5)
    world.is_gone = False
    world.sockets = [usb("/dev/ttyUSB0", "B9", ADAPTER), usb("/dev/ttyUSB1", number)]
    world.live(40)

    assert world.opened == ["/dev/ttyUSB0", "/dev/ttyUSB1"]
    assert world.port.is_open


def test_another_device_that_has_its_name_is_not_opened(said: list[str]) -> None:
    world = World(name="/dev/ttyUSB0")
    world.live(20)
    before = len(world.sent)
    pull_out(world)
    world.slots(5)
    world.is_gone = False
    world.sockets = [usb("/dev/ttyUSB0", "B9", ADAPTER)]
    world.slots(100)

    assert world.opened == ["/dev/ttyUSB0"]
    assert world.sent[before:] == []
    assert [sentence for sentence in said if "another device" in sentence] == [
        "/dev/ttyUSB0 is another device now, which is left alone; plug the stick in, it is found by whatever name."
    ]
    world.sockets = [usb("/dev/ttyUSB0", "A1")]
    world.slots(31)
    assert world.opened == 2 * ["/dev/ttyUSB0"]


def test_nothing_is_written_to_what_may_be_no_stick() -> None:
    """A name may have become an adapter's while nobody looked; what speaks as a stick is one, whatever USB says."""
    world = World(name="/dev/ttyUSB0")
    world.sockets = [usb("/dev/ttyUSB0", "B9", ADAPTER)]
    world.slots(200)
    assert world.opened == ["/dev/ttyUSB0"]
    assert world.sent == []
    world.live(20)
    assert world.names_sent()[0] == "get_instantaneous_demand"


def test_where_usb_knows_nothing_the_name_is_enough() -> None:
    pseudo_terminal = World(name="/dev/pts/4")
    pseudo_terminal.sockets.append(usb("/dev/pts/4"))
    pseudo_terminal.port._lister = list
    pseudo_terminal.slots(20)

    assert "get_device_info" in pseudo_terminal.names_sent()


@pytest.mark.parametrize("cut_at", [b"<Demand>0x0", b"<Demand>", b"</Time", b"<DeviceMac"])
def test_what_was_torn_when_it_was_pulled_out_is_never_completed(tmp_path: Path, cut_at: bytes) -> None:
    recorder = Recorder(tmp_path / "recording")
    world = World(recorder=recorder)
    world.slot()
    whole = of_kind("InstantaneousDemand", world.moment(74_565))
    other = of_kind("InstantaneousDemand", world.moment(500))
    world.waiting += whole[: whole.index(cut_at) + len(cut_at)]
    world.slot()
    pull_out(world)
    world.slots(5)
    put_in(world, "/dev/ttyUSB0")
    world.slots(5)
    world.waiting = other[other.index(cut_at) + len(cut_at) :]
    points = world.slot()
    world.say("InstantaneousDemand", 7)

    assert [watts for _, watts in powers(points + world.slot())] == [7.0]
    assert world.stick.interpreter.framer.dropped_fragments == 1
    world.stick.close()
    recorded = interpreter_of(tmp_path)
    assert [line.split()[1] for line in lines(recorded, (tmp_path / "recording").read_bytes())] == ["power_w=7"]


@pytest.mark.parametrize("name", ["auto", "/dev/ttyUSB0"])
def test_it_is_found_in_another_socket(name: str, said: list[str]) -> None:
    world = World(name=name)
    world.live(20)
    pull_out(world)
    world.slots(10)
    put_in(world, "/dev/ttyUSB3")
    world.live(40)

    assert world.opened == ["/dev/ttyUSB0", "/dev/ttyUSB3"]
    assert said[-1].endswith(" s, on /dev/ttyUSB3 now.")
    assert world.port.reopenings == 1


def test_a_named_port_is_not_given_up_for_another_stick() -> None:
    world = World(name="/dev/ttyUSB0")
    world.live(20)
    pull_out(world)
    world.slots(10)
    put_in(world, "/dev/ttyUSB3", number="B2")
    world.slots(100)

    assert world.opened == ["/dev/ttyUSB0"]


def test_a_stick_that_is_not_there_is_waited_for(said: list[str]) -> None:
    world = World()
    world.sockets.clear()
    world.slots(100)
    put_in(world, "/dev/ttyUSB1")
    world.slots(31)

    assert world.opened == ["/dev/ttyUSB1"]
    assert [sentence for sentence in said if "No Rainforest RAVEn" in sentence] == said[:1]


def test_a_stick_in_use_is_passed_over() -> None:
    world = World()
    world.sockets.append(usb("/dev/ttyUSB1", "B2"))
    world.refuses["/dev/ttyUSB0"] = PortInUseError("/dev/ttyUSB0 is in use.")
    world.slot()

    assert world.opened == ["/dev/ttyUSB1"]


def test_a_stick_is_known_by_its_numbers_or_its_words() -> None:
    adapter = usb("/dev/ttyUSB0", usb_id=(0x1A86, 0x7523), text="qinheng usb serial")
    raven = usb("/dev/ttyUSB1")
    renamed = usb("/dev/ttyUSB2", usb_id=(0x0403, 0x6001), text="rainforest automation, inc. raven v2.3.21")
    emu2 = usb("/dev/ttyACM0", usb_id=(0x04B4, 0x0003), text="rainforest rfa-z105-2 hw2.7.3 emu-2")

    assert sticks(RAVEN, [adapter, renamed, emu2, raven]) == [raven, renamed]
    assert sticks(EMU2, [adapter, renamed, emu2, raven]) == [emu2]
    assert on_device("/dev/ttyACM0", [raven, emu2]) == emu2
    assert on_device("/dev/ttyS0", [raven, emu2]) is None


GAS, STREET = "0x00135003000b2c3e", "0x00135003000b2c3d"


def of(mac: str, watts: int) -> bytes:
    return (
        f"<InstantaneousDemand><MeterMacId>{mac}</MeterMacId><Demand>0x{watts:06x}</Demand><Multiplier>0x1</Multiplier>"
        "<Divisor>0x3e8</Divisor></InstantaneousDemand>"
    ).encode()


def info(mac: str, kind: str) -> bytes:
    return f"<MeterInfo><MeterMacId>{mac}</MeterMacId><MeterType>{kind}</MeterType></MeterInfo>".encode()


def test_the_first_electric_meter_is_read(said: list[str]) -> None:
    world = World()
    world.slot()
    both = f"<MeterList><MeterMacId>{GAS}</MeterMacId><MeterMacId>{STREET}</MeterMacId></MeterList>".encode()
    world.waiting += both + of(GAS, 5) + of(STREET, 6)
    assert powers(world.slot()) == []
    world.waiting += info(GAS, "0x0001") + info(STREET, "electric") + of(GAS, 7) + of(STREET, 8)
    assert [watts for _, watts in powers(world.slot())] == [8.0]
    world.waiting += of(GAS, 9)
    assert powers(world.slot()) == []
    assert world.stick.meter_id() == STREET


def test_a_meter_turns_out_to_be_none() -> None:
    world = World()
    world.slot()
    world.waiting += info(GAS, "gas") + of(GAS, 5)

    assert powers(world.slot()) == []
    assert world.stick.meter_id() is None


def test_each_meter_is_asked_what_it_is() -> None:
    world = World()
    world.slot()
    world.waiting += of(STREET, 6)
    world.slots(250)

    asked = [text for _, text in world.sent if "get_meter_info" in text]
    assert len(asked) == 2
    assert f"<MeterMacId>{STREET}</MeterMacId>" in asked[0]


@pytest.mark.parametrize("nobody", ["0x0000000000000000", "0xffffffffffffffff"])
@pytest.mark.parametrize("words", [(), (f"grid=rainforest-raven,mac={STREET}",)])
def test_the_address_of_nobody_is_no_meter(nobody: str, words: tuple[str, ...]) -> None:
    """It is neither chosen, nor asked what it is, nor hides the meter that is there; what it measures is nothing."""
    world = World(*words)
    world.slot()
    message = f"<MessageCluster><MeterMacId>{nobody}</MeterMacId><Text>Hello</Text></MessageCluster>".encode()
    world.waiting += of(nobody, 0) + message + f"<MeterList><MeterMacId>{nobody}</MeterMacId></MeterList>".encode()
    assert [point.measurement for point in world.slot()] == [fields.MESSAGE]
    world.waiting += of(STREET, 11)
    assert [watts for _, watts in powers(world.slot())] == [11.0]
    assert world.stick.meter_id() == STREET
    world.slots(60)
    assert not [text for _, text in world.sent if nobody in text]


def test_another_meter_is_told_once(said: list[str]) -> None:
    world = World(f"grid=rainforest-raven,mac={STREET}")
    for watts in range(10):
        world.waiting += of(STREET, watts) + of(GAS, watts)
        world.slot()

    assert len([sentence for sentence in said if GAS in sentence]) == 1


def test_the_health_is_told(parsed) -> None:
    world = World()
    world.live(20)
    world.waiting += b"\0\0<Warning><Text>Unknown command</Text></Warning><DeviceInfo><A></B></DeviceInfo>"
    world.slots(3)
    points = {point.measurement: point for point in world.stick.report(Slot(START_S * NS, world.now_s, world.now_s))}

    for point in points.values():
        parsed(to_line(point))
    health = points[fields.STICK_HEALTH].fields
    assert health.keys() == fields.VOCABULARY[fields.STICK_HEALTH].keys()
    assert health["fragments"] == 5
    assert (health["nul_bytes"], health["dropped_fragments"], health["warnings"]) == (2, 1, 1)
    assert (health["is_open"], health["silence_s"], health["asked"]) == (1, 2, len(world.sent))
    assert points[fields.METER_HEALTH].fields == {
        "polls": 23,
        "replies": 3,
        "implausible_values": 0,
        "energy_withheld": 0,
        "energy_resets": 0,
    }


def test_the_status_is_for_a_person() -> None:
    world = World()
    world.slot()
    assert world.stick.status() == "the stick has told no reading yet"
    world.live(9)
    assert world.stick.status() == "the stick's last reading is 1 s old (grid 308 W)"
    for _ in range(20):
        world.waiting += world.kept
        world.slot()
    assert world.stick.status() == "the stick's last reading is 21 s old (grid 308 W)"
    pull_out(world)
    world.slots(4)
    assert world.stick.status() == "the stick is away for 3 s"


def test_a_port_that_cannot_be_opened_by_hand_is_an_error() -> None:
    world = World(name="/dev/ttyUSB9")
    with pytest.raises(PortError, match="There is no /dev/ttyUSB9"):
        world.port.open()
