"""Meters with intervals of their own, which have what the others leave of each second, on a virtual clock: no real time passes.

| fault | test |
|---|---|
| they fill the slots that are left to a trial, so that their neighbour never learns a wider read and leaves them nothing for good | test_who_fills_the_slots_is_learnt_beside_meters_with_intervals |
| who waits longest for a first reading waits for minutes | likewise |
| a slow one that is thought to be slower than it is, is never asked again | test_a_patient_meter_comes_first_once_however_slow_it_is_thought_to_be |
| a slot is lost to a trial that cannot begin in it, or such slots are given up for good | test_member.py: test_every_second_of_full_slots_is_left_to_a_trial |
"""

from collections.abc import Sequence

import pytest

from test_many_meters import Live, after, gaps, told
from virtual import Street

# Hundreds of seconds of a virtual line take some of a busy machine's.
pytestmark = pytest.mark.timeout(120)
SDM54 = "a=eastron-sdm54@1"
PRO380 = "b=inepro-pro380@2,interval=10s"
WAGO = "c=wago-879-30xx@3,interval=5s"
PAC2200 = "d=siemens-pac2200@4,baud=9600,parity=N,stop=1,interval=30s"
NOARK = "e=noark-ex9em@5,interval=5s"


@pytest.fixture(autouse=True)
def _log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")


@pytest.mark.parametrize(
    "words", [[SDM54, PRO380, NOARK], [SDM54, PRO380, WAGO, PAC2200, NOARK]], ids=["three", "five"]
)
def test_who_fills_the_slots_is_learnt_beside_meters_with_intervals(
    live: Live, caplog: pytest.LogCaptureFixture, words: Sequence[str]
) -> None:
    """Its proven reads take 0.99 s and theirs as much; two wider reads make it a fifth of that."""
    street = Street(*words, is_wire=True)
    for mate in street.meters.values():
        mate.behaves = after(0.03)
    seen = live(street, 150)
    assert told(caplog, "a: Registers 0x0000 to 0x0023 are read at once")
    for name, of_meter in seen.items():
        assert of_meter.wrong == []
        own_s = street[name].meter.interval_s or 1
        powers = [slot for slot in of_meter.slots() if "power_w" in of_meter.fields[slot]]
        assert powers[0] <= 8, name
        assert max(gaps(powers)) <= max(own_s, 30), name
        assert max(gaps([slot for slot in powers if slot >= 100])) <= own_s + 1, name


def test_a_patient_meter_comes_first_once_however_slow_it_is_thought_to_be(live: Live) -> None:
    """What came of its first questions, asked at the end of a full second, came seconds late."""
    street = Street("long=orno-we504@9,interval=10s", "m1=orno-we515@1", "m2=orno-we515@2")
    street["long"].behaves = lambda ask: [(0.6 if ask.slot > 25 else 1.1, ask.reply())]
    seen = live(street, 180)
    assert len(seen["long"].slots(101, 180)) >= 7
