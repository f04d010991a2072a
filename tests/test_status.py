"""The sentence about how it goes: true, and bounded whatever the names and how many.

| fault | test |
|---|---|
| a gap is not told, or one that is over is told for ever | test_the_tally_is_that_of_the_last_hour |
| ... or a slot that was missed is not counted | the same |
| a long interval has nothing to tell | test_a_long_interval_counts_slots |
| a stick that speaks each 15 s passes for one that loses 14 of 15 | test_a_stick_is_not_blamed_for_the_seconds_between_its_reports |
| too many meters make the sentence endless | test_a_list_that_is_too_long_is_cut |
| ... or names that are too long | test_the_sentence_is_bounded |
| what waits is not told | test_what_waits_is_told |
| the meters that do not answer are hidden among those that do | test_who_does_not_answer_comes_first |
| a meter that is away shows what it said last | the same |
| a port that is away passes for meters that do not answer | test_a_port_that_is_away_is_told |
"""

import re
from types import SimpleNamespace

import minimalmodbus
import pytest

from virtual import Street, VirtualPort
from wattline.bus.bus import Bus
from wattline.clock import NS, Slot
from wattline.errors import PortError
from wattline.status import Tally, listed, sentence
from wattline.words import parse_meters

SYSTEMD_BYTES = 4096


def tally(*slots, interval_s=1):
    counted = Tally(interval_s)
    for has_reading in slots:
        counted.note(has_reading=has_reading, missed_slots=0)
    return counted


def test_the_tally_is_that_of_the_last_hour():
    counted = tally(*3599 * [True], False)
    assert str(counted) == "a reading in 3599 of the last 3600 seconds"
    counted.note(has_reading=True, missed_slots=2)
    counted.note(has_reading=True, missed_slots=2)
    assert str(counted) == "a reading in 3597 of the last 3600 seconds"
    for _ in range(3600):
        counted.note(has_reading=True, missed_slots=2)
    assert str(counted) == "a reading in 3600 of the last 3600 seconds"


@pytest.mark.parametrize(("interval_s", "slots"), [(10, 360), (60, 60), (3600, 24)])
def test_a_long_interval_counts_slots(interval_s, slots):
    counted = tally(*500 * [True], interval_s=interval_s)
    assert str(counted) == f"a reading in {slots} of the last {slots} slots of {interval_s} s"


def test_a_stick_is_not_blamed_for_the_seconds_between_its_reports():
    counted = Tally(1, speaks_unasked=True)
    for second in range(50):
        counted.note(has_reading=second % 15 == 0, missed_slots=0)
    assert str(counted) == "readings in the last 1 min: 4"
    for second in range(7200):
        counted.note(has_reading=second % 15 == 0, missed_slots=0)
    assert str(counted) == "readings in the last 60 min: 240"


def test_a_list_that_is_too_long_is_cut():
    assert listed(["a", "b"]) == "a, b"
    assert listed([f"meter{number} 1000 W" for number in range(12)]).endswith("meter10 1000 W, meter11 1000 W")
    assert listed([f"meter{number} 1000 W" for number in range(20)]).endswith("meter12 1000 W, 7 more")
    assert listed([300 * "x", "y"]) == f"{300 * 'x'}, 1 more"


def test_the_sentence_is_bounded():
    """Far below what systemd takes in one message."""
    meters = listed([f"{64 * 'ä'} -1000000 W 1000000.0 V" for _ in range(247)])
    source = f"247 of 247 meters answer ({meters})"
    text = sentence(f"/dev/serial/{'x' * 3000}", source, tally(*5000 * [True]), 10**6, 10**6)
    assert len(text) < 600
    assert len(text.encode()) < SYSTEMD_BYTES / 2
    assert text.startswith(f"...{100 * 'x'}: 247 of 247")


def test_what_waits_is_told():
    text = sentence("/dev/ttyMeter", "1 of 1 meters answer (house)", tally(True), 7, 12)
    assert text == (
        "/dev/ttyMeter: 1 of 1 meters answer (house); a reading in 1 of the last 1 seconds; those of 7 wait until the "
        "clock is right; 12 lines wait for Telegraf to read them."
    )


def test_who_does_not_answer_comes_first(monkeypatch):
    """Once it was silent three times; one answer that was lost is nothing to tell."""
    street = Street("house=orno-we515@1", "roof=orno-we515@2")
    monkeypatch.setattr(minimalmodbus, "time", SimpleNamespace(monotonic=street.monotonic, sleep=street.wait))
    monkeypatch.setattr(minimalmodbus, "_latest_read_times", {})
    port = VirtualPort("virtual", street, street.opener, street.monotonic)
    bus = Bus(port, parse_meters(street.words), 1, street.monotonic)

    def status_after(second):
        street.until(second)
        bus.poll(Slot(second * NS, second, second + 0.95))
        return bus.status()

    assert bus.status() == "0 of 2 meters answer (house does not, roof does not)"
    all_well = r"2 of 2 meters answer \(house \d+ W \d+\.\d V, roof( \d+ W \d+\.\d V)?\)"
    assert re.fullmatch(all_well, status_after(1))
    street["roof"].is_on = False
    assert re.fullmatch(all_well, status_after(2))
    status_after(3)
    assert re.fullmatch(r"1 of 2 meters answer \(roof does not, house \d+ W \d+\.\d V\)", status_after(4))
    street["roof"].is_on = True
    assert re.fullmatch(all_well, status_after(6))


def test_a_port_that_is_away_is_told():
    class Missing:
        name, is_open, busy_s = "/dev/ttyNone", False, 0.0

        def open(self):
            raise PortError("There is no /dev/ttyNone.")

    now_s = 100.0
    bus = Bus(Missing(), parse_meters(["house=orno-we515@1"]), 1, lambda: now_s)
    bus._ready()
    now_s = 107.0
    assert bus.status() == "the port is away for 7 s"
