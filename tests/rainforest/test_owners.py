"""A meter that is exchanged: the stick hears another one from then on.

| fault | test |
|---|---|
| for ever nothing is read, though the new meter speaks | test_a_meter_that_was_exchanged_is_read_after_an_hour |
| ... and what was known of the old one leaves out the new one's readings | the same |
| a meter is given up that still speaks, or for one of gas | test_a_meter_that_speaks_is_kept, test_no_other_kind_of_meter_takes_its_place |
| ... or for the neighbour's, which was only the first to speak after the stick had heard nobody | test_a_stick_that_heard_nobody_goes_back_to_its_meter |
| ... or though its value is only repeated | test_a_kept_value_is_no_sign_of_a_meter |
| a meter that was named is exchanged, or nobody is told what is heard in its place | test_a_meter_that_was_named_is_waited_for |
"""

import pytest

from rainforest.virtual_stick import World, powers
from wattline.simulate.rainforest.fragments import METER_MAC, of_kind

ANOTHER = "0x00135003000b2c3d"
MINUTES = 75


def demand(world: World, watts: int, mac: str) -> bytes:
    return of_kind("InstantaneousDemand", world.moment(watts)).replace(METER_MAC.encode(), mac.encode())


def live(world: World, minutes: int, *macs: str) -> list[float]:
    """What is given while these meters tell a demand each 30 s: 1000 W of the meter that it had, 2000 W of another."""
    points = []
    for _ in range(2 * minutes):
        world.waiting += b"".join(demand(world, 2000 if mac == ANOTHER else 1000, mac) for mac in macs)
        points += world.slots(30)
    return [watts for _, watts in powers(points)]


def info(mac: str, kind: str) -> bytes:
    return f"<MeterInfo><MeterMacId>{mac}</MeterMacId><MeterType>{kind}</MeterType></MeterInfo>".encode()


def test_a_meter_that_was_exchanged_is_read_after_an_hour(said: list[str]) -> None:
    world = World()
    live(world, 5, METER_MAC)
    world.say("CurrentSummationDelivered", wh=50_000_000)
    world.slot()
    assert live(world, 59, ANOTHER) == []
    assert len(live(world, MINUTES - 59, ANOTHER)) >= 2 * (MINUTES - 60) - 2
    summation = of_kind("CurrentSummationDelivered", world.moment(wh=1000))
    world.waiting += summation.replace(METER_MAC.encode(), ANOTHER.encode())
    (point,) = world.slot()

    assert point.fields["energy_import_kwh"] == 1.0
    assert world.stick.meter_id() == ANOTHER
    assert world.stick.interpreter.owners.exchanged == 1
    (told,) = [sentence for sentence in said if "exchanged" in sentence]
    assert told == (
        f"grid: Nothing new was heard of the meter {METER_MAC} for 60 min, but of {ANOTHER}, so the utility has exchanged "
        f"the meter: that one is read from now on. mac={METER_MAC} would hold to the old one."
    )


def test_a_meter_that_speaks_is_kept() -> None:
    world = World()
    live(world, 5, METER_MAC)

    assert set(live(world, MINUTES, METER_MAC, ANOTHER)) == {1000.0}
    assert world.stick.interpreter.owners.exchanged == 0


@pytest.mark.parametrize("first_minutes", [0, 20])
def test_a_stick_that_heard_nobody_goes_back_to_its_meter(first_minutes: int) -> None:
    """As after it was pulled out for longer than a meter may be silent; the neighbour's meter speaks first, or spoke last."""
    world = World()
    live(world, 5, METER_MAC)
    assert live(world, first_minutes, ANOTHER) == []
    world.slots(MINUTES * 60)

    assert live(world, 1, ANOTHER) == []
    assert set(live(world, 10, ANOTHER, METER_MAC)) == {1000.0}
    assert world.stick.interpreter.owners.exchanged == 0


@pytest.mark.parametrize("kind", ["gas", "0x0002", "other"])
def test_no_other_kind_of_meter_takes_its_place(kind: str) -> None:
    world = World()
    world.waiting += info(ANOTHER, kind)
    live(world, 5, METER_MAC)

    assert live(world, MINUTES, ANOTHER) == []


def test_a_kept_value_is_no_sign_of_a_meter() -> None:
    world = World()
    live(world, 5, METER_MAC)
    kept, powers_of_the_other = demand(world, 1000, METER_MAC), []
    for _ in range(MINUTES):
        world.waiting += kept
        powers_of_the_other += live(world, 1, ANOTHER)

    assert powers_of_the_other.count(2000.0) > 20


def test_a_meter_that_was_named_is_waited_for(said: list[str]) -> None:
    """Once an hour it is told."""
    world = World(f"grid=rainforest-raven,mac={METER_MAC}")
    live(world, 5, METER_MAC)

    assert live(world, 3 * MINUTES, ANOTHER) == []
    assert world.opened == ["/dev/ttyUSB0"], "a stick that hears another meter is not silent"
    told = [sentence for sentence in said if "Nothing new was heard" in sentence]
    assert len(told) == 3
    assert told[0] == (
        f"grid: Nothing new was heard of the meter {METER_MAC} for 60 min, but of {ANOTHER}; if the utility has exchanged "
        f"the meter, write mac={ANOTHER}."
    )
