"""Many meters on one line, on a virtual clock: no real time passes.

| fault | test |
|---|---|
| five meters do not get their second, though the wire has room | test_five_meters_are_read_every_second_with_gap_reads |
| ... or fall behind silently where it has none | test_five_meters_with_proven_reads_take_turns_of_two_seconds |
| ... or the last one never gets a word in | test_slow_meters_take_turns_rather_than_starve_the_last, test_who_went_without_comes_first |
| slow reads of two meters meet in a second, and a third has no reading | test_slow_reads_that_meet_cost_no_other_its_reading |
| ... or a slow read that fits beside nothing is never made | test_a_slow_read_that_fits_nowhere_is_made_all_the_same |
| a sweep that is longer than a slot is never finished, though its meter has ten | test_a_long_sweep_goes_on_in_the_next_second |
| a meter that always answers too late costs its neighbours their time | test_a_meter_that_is_too_slow_does_not_starve_its_neighbour |
| ... and nobody is told | test_who_is_too_slow_is_told_so |
| a slow meter is read value by value, though one wide read would do | test_a_slow_meter_is_learnt_in_slots_that_are_left_to_it |
| slow reads leave no time for the trial that would make time | test_a_wider_read_is_tried_though_slow_reads_fill_what_is_left |
| the plan promises what is not kept | test_meters_are_read_as_often_as_is_planned |
| one long slow read, which was learnt, costs everybody every other second | test_what_is_learnt_makes_no_round_longer |
| meters that just fit are read in turns for ever | test_meters_that_only_just_fit_into_a_second_are_read_every_second |
| ... or for a minute longer than it takes to learn that they fit | test_six_meters_are_read_every_second_as_soon_as_all_is_learnt |
| meters with intervals all want the same second, and the last never has a word | test_meters_with_intervals_do_not_all_want_the_same_second, test_beside_a_slow_meter_the_others_are_read_whole |
| ... or go before meters without, and starve them | test_a_meter_with_an_interval_costs_no_plain_one_its_turn |
| a read that is longer than a slot is never made, and nothing is said | test_a_read_longer_than_a_second_is_made_in_pieces |
| turns go to and fro | test_turns_that_were_taken_are_kept |
| meters of other settings are not heard, or garble the next | test_meters_of_three_line_settings_share_the_wire |
| a slow read that takes longer than it should costs another meter its reading | test_slow_reads_that_take_longer_than_they_should_cost_nobody_a_second |
| ... or a reading is missing, and nothing tells | test_what_a_second_could_not_hold_is_counted |
| a meter that dies costs a timeout for each of its reads | test_a_meter_that_dies_costs_two_timeouts_and_then_one |
| ... or is given up for one reply that was lost | test_a_lost_reply_costs_nobody_a_second |
| ... or for as long as the lost reply may still come, where it has one length only | test_a_silent_second_costs_no_other |
| a dead meter costs the others their readings | test_a_dead_meter_costs_the_others_nothing_but_a_first_second |
| ... or is asked as often as ever, or said to be dead for ever | test_a_dead_meter_is_asked_ever_more_rarely_and_said_once |
| ... or is taken to be there, since a gateway says that it is not | test_what_a_gateway_says_of_a_dead_meter_is_no_answer |
| ... or is not noticed when it comes back | test_a_meter_comes_back_within_its_back_off, test_a_meter_comes_back_on_a_full_bus |
| ... or has forgotten what was learnt | test_a_meter_that_comes_back_is_read_as_before |
| two dead meters cost two timeouts a slot | test_of_two_dead_meters_one_is_asked_in_a_slot |
| a meter alone on its bus is left in peace | test_a_meter_alone_is_asked_in_every_slot, test_when_all_are_dead_one_is_asked_in_every_slot |
| a meter that refuses, or is always late, is taken for dead | test_a_meter_that_refuses_is_there, test_a_meter_slower_than_the_first_timeout_is_learnt |
| a meter that misses the first request after a change does so for ever | test_a_meter_that_needs_a_pause_gets_it, test_a_pause_shrinks_in_good_times |
| a model's pause is kept on a change only | test_the_models_pause_comes_before_every_request |
| a key of a meter is not heeded, or by another meter as well | test_an_interval_is_the_meters_own, test_a_pause_..., test_a_timeout_... |
| one slot carries all slow reads | test_slow_reads_are_spread, test_slow_reads_are_spread_among_turns_too |
| a late reply is taken for another meter's | test_a_late_reply_is_not_the_next_meters |
| ... or for the answer to what is asked after a gateway gave up the question | test_what_a_gateway_gave_up_is_not_the_next_answer |
| ... or for that of a meter of its address, since a gateway hands it on when the line has another speed | test_a_late_reply_that_a_gateway_kept_is_not_its_namesakes |
| ... or counted as another's | test_a_late_reply_is_counted_where_it_belongs |
| one meter is learnt at the cost of the others | test_all_have_their_turn_to_be_learnt |
"""

import random
from bisect import bisect
from collections import Counter
from collections.abc import Callable
from functools import partial
from itertools import pairwise

import pytest

from virtual import FAST, Ask, Replies, Seen, Street, sound
from wattline.budget import budget_of, line_of
from wattline.bus.learning import Trying

# Hundreds of seconds of a virtual line take some of a busy machine's.
pytestmark = pytest.mark.timeout(60)
FIVE = [f"m{number}=orno-we515@{number}" for number in range(1, 6)]
PAIR = FIVE[:2]
Live = Callable[..., dict[str, Seen]]


def told(caplog: pytest.LogCaptureFixture, words: str) -> list[str]:
    return [message for message in caplog.messages if words in message]


def asked_in(street: Street, name: str) -> list[int]:
    """The slots in which a meter was asked, once for each request."""
    return [int(at_s) for at_s, who in street.requests if who == name]


def complete(seen: Seen, first: int, last: int) -> list[int]:
    """The slots in which every fast value was there."""
    return [slot for slot in seen.slots(first, last) if seen.fields[slot] >= FAST]


def gaps(slots: list[int]) -> set[int]:
    return {later - earlier for earlier, later in pairwise(slots)}


def after(turnaround_s: float) -> Callable[[Ask], Replies]:
    return lambda ask: [(turnaround_s, ask.reply())]


@pytest.fixture(autouse=True)
def _log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")


# Turns.


def test_five_meters_are_read_every_second_with_gap_reads(live: Live, caplog: pytest.LogCaptureFixture) -> None:
    """At 9600 8E1 and 20 ms: five times 133 ms, and 131 ms for the energies of one."""
    street = Street(*FIVE)
    seen = live(street, 150)
    for name, of_meter in seen.items():
        assert of_meter.wrong == []
        assert complete(of_meter, 60, 150) == list(range(60, 151)), name
        assert of_meter.health["timeouts"] == 0
    assert told(caplog, "each is read every")[-1] == "virtual: All meters need less now; each is read every 1 s."
    assert len(told(caplog, "so each meter is read every")) == 1


def test_five_meters_with_proven_reads_take_turns_of_two_seconds(live: Live, caplog: pytest.LogCaptureFixture) -> None:
    street = Street(*FIVE)
    seen = live(street, 120, trying=Trying.NOTHING)
    for of_meter in seen.values():
        assert of_meter.wrong == []
        assert gaps(complete(of_meter, 6, 120)) == {2}
    assert len({complete(of_meter, 6, 120)[0] for of_meter in seen.values()}) == 2
    (warning,) = told(caplog, "each")
    assert warning == (
        "virtual: One sweep of all meters takes 1.29 s (m1 0.26 s, m2 0.26 s, m3 0.26 s, m4 0.26 s, m5 0.26 s), and "
        "0.10 s are kept for slow reads and lost replies: too much for the 0.95 s of 1 s that may be filled, so each meter "
        "is read every 2 s."
    )


@pytest.mark.parametrize("turnaround_s", [0.005, 0.05, 0.08])
def test_slow_meters_take_turns_rather_than_starve_the_last(live: Live, turnaround_s: float) -> None:
    street = Street(*FIVE)
    for mate in street.meters.values():
        mate.behaves = after(turnaround_s)
    seen = live(street, 150)
    counts = [len(complete(of_meter, 60, 150)) for of_meter in seen.values()]
    assert max(counts) - min(counts) <= 2
    assert min(counts) >= 25
    for of_meter in seen.values():
        assert of_meter.wrong == []
        assert of_meter.slots(60, 150) == complete(of_meter, 60, 150)


def test_who_went_without_comes_first(live: Live) -> None:
    """A bus that is fuller than anybody could know: until the turns follow, ten seconds later, none loses all."""
    street = Street(*FIVE)

    def before(slot: int) -> None:
        if slot == 120:
            for mate in street.meters.values():
                mate.behaves = after(0.16)

    seen = live(street, 150, before)
    for name, of_meter in seen.items():
        assert of_meter.wrong == []
        assert max(gaps([119, *of_meter.slots(120, 150), 151])) <= 10, name


def test_turns_that_were_taken_are_kept(live: Live, caplog: pytest.LogCaptureFixture) -> None:
    """Three meters just fit into a second, or just do not: their turnaround moves by a tenth every now and then."""
    street = Street(*FIVE[:3])
    for mate in street.meters.values():
        mate.behaves = lambda ask: [(0.022 if ask.slot // 20 % 2 else 0.0245, ask.reply())]
    seen = live(street, 200, trying=Trying.NOTHING)
    assert len(told(caplog, "each")) == 1
    for of_meter in seen.values():
        assert gaps(complete(of_meter, 60, 200)) == {2}


def test_meters_that_only_just_fit_into_a_second_are_read_every_second(live: Live) -> None:
    """Once they have just fitted for a minute: 0.71 s for a sweep and 0.24 s kept free, of the 0.95 s that may be filled."""
    street = Street("heat=eastron-sdm120@1", "house=orno-we515@1", "shed=orno-we515@2")
    for name in ("house", "shed"):
        street[name].behaves = after(0.01)
    seen = live(street, 220)
    for name, of_meter in seen.items():
        assert of_meter.wrong == []
        assert gaps(of_meter.slots(160, 220)) == {1}, name


@pytest.mark.parametrize("seed", range(8))
def test_six_meters_are_read_every_second_as_soon_as_all_is_learnt(
    live: Live, caplog: pytest.LogCaptureFixture, seed: int
) -> None:
    """As `plan` says, and within a minute; 0.80 s for a sweep and 0.11 s kept free leave no room to spare."""
    street, dice = Street(*FIVE, "m6=orno-we515@6"), random.Random(seed)
    for number in range(1, 7):
        street[f"m{number}"].behaves = lambda ask: [(dice.uniform(0.018, 0.024), ask.reply())]
    seen = live(street, 120)
    assert len(told(caplog, "No wider read is left to try")) == len(street.words)
    for name, of_meter in seen.items():
        assert of_meter.wrong == []
        assert gaps(of_meter.slots(60, 120)) == {1}, name
    assert told(caplog, "too much for the 0.95 s of 1 s")[1:] == []


def test_meters_with_intervals_do_not_all_want_the_same_second(live: Live) -> None:
    """Six proven sweeps of 0.26 s do not go into one second, but three and three go into two."""
    street = Street(*(f"m{number}=orno-we515@{number},interval=2s" for number in range(1, 7)))
    seen = live(street, 90, trying=Trying.NOTHING)
    for name, of_meter in seen.items():
        assert of_meter.wrong == []
        assert gaps(complete(of_meter, 20, 90)) == {2}, name


@pytest.mark.parametrize("own", ["", ",interval=10s"])
def test_beside_a_slow_meter_the_others_are_read_whole(live: Live, own: str) -> None:
    """With an interval or without, and with the energies."""
    street = Street("slow=eastron-sdm120@1", f"b=orno-we515@1{own}", f"c=orno-we515@2{own}")
    seen = live(street, 120)
    for name in ("b", "c"):
        assert len(complete(seen[name], 30, 120)) >= 9, name
        energies = [slot for slot in seen[name].slots(0, 120) if "energy_total_kwh" in seen[name].fields[slot]]
        assert len(energies) >= 5, name


@pytest.mark.parametrize("words", [["slow=eastron-sdm630@1,baud=1200"], ["slow=eastron-sdm630@1,baud=1200", PAIR[0]]])
def test_a_read_longer_than_a_second_is_made_in_pieces(
    live: Live, caplog: pytest.LogCaptureFixture, words: list[str]
) -> None:
    street = Street(*words)
    seen = live(street, 120)["slow"]
    assert seen.wrong == []
    had = Counter(name for slot in seen.slots(30, 120) for name in seen.fields[slot])
    assert min(had[name] for name in ("voltage_l1_v", "current_l3_a", "power_l2_w", "power_w", "frequency_hz")) >= 10
    assert had["energy_import_kwh"] >= 2
    assert len(told(caplog, "so it is read in parts, one after another.")) == 1


SIX = [*FIVE, "m6=orno-we515@6"]
FOUR = [f"m{number}=eastron-sdm630@{number},baud=9600" for number in range(1, 5)]


@pytest.mark.parametrize("words", [SIX, FOUR], ids=["six OR-WE-515", "four SDM630"])
@pytest.mark.parametrize("turnaround_s", [0.02, 0.0215])
def test_slow_reads_that_meet_cost_no_other_its_reading(live: Live, words: list[str], turnaround_s: float) -> None:
    street = Street(*words)
    for mate in street.meters.values():
        mate.behaves = after(turnaround_s)
    seen = live(street, 295)
    for name, of_meter in seen.items():
        model = street[name].meter.model
        fast = {row.field for row in model.rows if row.pace == "fast"}
        assert of_meter.wrong == []
        assert [slot for slot in range(220, 296) if not of_meter.fields.get(slot, set()) >= fast] == [], name
        for field in {row.field for row in model.rows} - fast:
            given = [slot for slot in of_meter.slots(220, 295) if field in of_meter.fields[slot]]
            assert max(gaps(given)) <= 25, (name, field)


def test_a_slow_read_that_fits_nowhere_is_made_all_the_same(live: Live, caplog: pytest.LogCaptureFixture) -> None:
    """At 2400 baud what moves of an SDM630 takes 0.76 s, and its energies 0.46 s."""
    street = Street("house=eastron-sdm630@1,baud=2400")
    seen = live(street, 200)["house"]
    assert seen.wrong == []
    had = Counter(name for slot in seen.slots(50, 200) for name in seen.fields[slot])
    assert min(had[row.field] for row in street["house"].meter.model.rows) >= 14
    assert had["power_w"] > 100
    assert len(told(caplog, "not all else is read")) == 1


@pytest.mark.parametrize(
    "words",
    [
        SIX,
        FOUR,
        [*SIX, "m7=orno-we515@7"],
        ["a=eastron-sdm120@1", "b=eastron-sdm120@2"],
        ["a=orno-we517@1", "b=eastron-sdm120@2"],
        ["a=carlo-gavazzi-em340@1", "b=orno-we515@2", "c=eastron-sdm120@3,baud=9600"],
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("trying", [Trying.ALL, Trying.NOTHING], ids=["all", "proven"])
def test_meters_are_read_as_often_as_is_planned(live: Live, words: list[str], trying: Trying) -> None:
    street = Street(*words)
    seen = live(street, 295, trying=trying)
    meters = [mate.meter for mate in street.meters.values()]
    budgets = [budget_of(m.model, m.settings, 0.02, proven=trying is Trying.NOTHING) for m in meters]
    line = line_of(budgets, [1] * len(meters), 1)
    for name, of_meter in seen.items():
        assert len(of_meter.slots(236, 295)) >= 60 / line.round_s - 1, name


QUARTET = ["a=orno-we517@3", "b=carlo-gavazzi-em24@7", "c=hiking-dds238-2@12", "d=schneider-iem3000@22"]
TRIO = ["a=eastron-sdm72-v2@1", "b=carlo-gavazzi-em24@2", "c=orno-we516@3"]


def no_longer_than(longest: int, turnaround_s: float) -> Callable[[Ask], Replies]:
    return lambda ask: [(turnaround_s, ask.reply() if ask.count <= longest else ask.refusal(3))]


@pytest.mark.parametrize(("words", "turnaround_s"), [(QUARTET, 0.014), (QUARTET, 0.02), (TRIO, 0.02)])
@pytest.mark.parametrize("trying", [Trying.ALL, Trying.NOTHING], ids=["all", "proven"])
def test_what_is_learnt_makes_no_round_longer(
    live: Live, words: list[str], turnaround_s: float, trying: Trying
) -> None:
    """A slow read of 96 registers takes 0.26 s, which has to be left in every second; two of 48 do as well."""
    street = Street(*words)
    for mate in street.meters.values():
        mate.behaves = no_longer_than(11 if "em24" in mate.meter.model.name else 125, turnaround_s)
    seen = live(street, 260, trying=trying)
    for name, of_meter in seen.items():
        fast = {row.field for row in street[name].meter.model.rows if row.pace == "fast"}
        assert of_meter.wrong == []
        assert [slot for slot in range(180, 261) if not of_meter.fields.get(slot, set()) >= fast] == [], name


@pytest.mark.parametrize("trying", [Trying.ALL, Trying.NOTHING], ids=["all", "proven"])
def test_slow_reads_that_take_longer_than_they_should_cost_nobody_a_second(live: Live, trying: Trying) -> None:
    """Every third reply begins late; whoever is named last has its reading all the same."""
    street = Street(*QUARTET)
    dice = random.Random(3)

    def answer(ask: Ask, longest: int, slow: set[int]) -> Replies:
        begins_s = dice.choice((0.013, 0.013, 0.06 if ask.first in slow else 0.02))
        return [(begins_s, ask.reply() if ask.count <= longest else ask.refusal(3))]

    for mate in street.meters.values():
        model = mate.meter.model
        slow = {row.address for row in model.rows if row.pace == "slow"}
        mate.behaves = partial(answer, longest=11 if "em24" in model.name else 125, slow=slow)
    seen = live(street, 200, trying=trying)
    for name, of_meter in seen.items():
        fast = {row.field for row in street[name].meter.model.rows if row.pace == "fast"}
        lost = [slot for slot in range(120, 201) if not of_meter.fields.get(slot, set()) >= fast]
        assert lost == [], name


def test_what_a_second_could_not_hold_is_counted(live: Live) -> None:
    """A bus that becomes fuller than anybody could know: each reading that is not there, or not whole, has been counted."""
    street = Street(*FIVE)
    counted: dict[int, float] = {}

    def before(slot: int) -> None:
        if slot == 120:
            for mate in street.meters.values():
                mate.behaves = after(0.16)

    seen = live(street, 130, before)
    for name, of_meter in seen.items():
        # Of three in a row without a retry.
        missing = sum(slot not in complete(of_meter, 120, 130) for slot in range(120, 131))
        counted[name] = of_meter.health["crowded_slots"]
        assert missing == 0 or counted[name] > 0, name
    assert sum(counted.values()) > 0


@pytest.mark.parametrize("word", ["carlo-gavazzi-em24@2,baud=2400", "eastron-sdm630@1,baud=1200"])
def test_a_long_sweep_goes_on_in_the_next_second(live: Live, word: str) -> None:
    """An interval of ten seconds is promised to be enough, and is, though a slot has one."""
    street = Street(f"house={word},interval=10s")
    seen = live(street, 300)["house"]
    assert seen.wrong == []
    had = Counter(name for slot in seen.slots(101, 300) for name in seen.fields[slot])
    assert min(had[row.field] for row in street["house"].meter.model.rows) >= 17
    assert max(had[row.field] for row in street["house"].meter.model.rows) <= 24


@pytest.mark.parametrize("slow_s", [0.9, 1.0, 1.2])
def test_a_meter_that_is_too_slow_does_not_starve_its_neighbour(
    live: Live, caplog: pytest.LogCaptureFixture, slow_s: float
) -> None:
    """Its replies come into the next second, and destroy what is asked there."""
    street = Street("slow=orno-we504@4", "house=orno-we515@5", is_wire=True)
    street["slow"].behaves = after(slow_s)
    seen = live(street, 400)
    assert seen["house"].wrong == seen["slow"].wrong == []
    # At 0.9 s they take turns.
    assert len(complete(seen["house"], 100, 400)) >= (145 if slow_s < 1 else 270)
    if slow_s > 1:
        assert len(told(caplog, "slow: It answers, but too late for slots of 1 s")) == 1


@pytest.mark.parametrize("trying", [Trying.ALL, Trying.NOTHING], ids=["all", "proven"])
@pytest.mark.parametrize(
    "words",
    [
        ["a=eastron-sdm630@3,baud=2400,interval=5s", PAIR[0]],
        ["a=carlo-gavazzi-em24@2,baud=2400,interval=10s", PAIR[0], "b=eastron-sdm630@3,baud=2400,interval=10s"],
        ["a=orno-we515@1,baud=2400,interval=3s", "b=eastron-sdm630@5,baud=2400,interval=3s"],
        ["a=inepro-pro380@4"],
    ],
    ids=" ".join,
)
def test_every_value_of_every_meter_comes(live: Live, words: list[str], trying: Trying) -> None:
    """However full the line: in three times the time that it should take."""
    street = Street(*words)
    seen = live(street, 295, trying=trying)
    for name, of_meter in seen.items():
        had = Counter(field for slot in of_meter.slots(151, 295) for field in of_meter.fields[slot])
        own_s = street[name].meter.interval_s or 2
        for row in street[name].meter.model.rows:
            due_s = own_s if row.pace == "fast" else max(own_s, 10)
            assert had[row.field] >= 145 / due_s / 3, (name, row.field)


@pytest.mark.parametrize("word", ["carlo-gavazzi-em24@2,baud=2400,interval=10s", "orno-we504@9,interval=10s"])
def test_a_long_sweep_costs_its_neighbours_nothing(live: Live, word: str) -> None:
    """What has ten seconds takes what the others leave of them."""
    street = Street(f"long={word}", *PAIR)
    if "504" in word:
        street["long"].behaves = after(0.6)
    seen = live(street, 200)
    for name in ("m1", "m2"):
        assert len(complete(seen[name], 101, 200)) >= 97
    had = Counter(field for slot in seen["long"].slots(101, 200) for field in seen["long"].fields[slot])
    assert min(had[row.field] for row in street["long"].meter.model.rows) >= 5


@pytest.mark.parametrize("place", [0, 1, 3])
@pytest.mark.parametrize("turnaround_s", [0.04, 0.06])
def test_a_meter_with_an_interval_costs_no_plain_one_its_turn(live: Live, turnaround_s: float, place: int) -> None:
    """Three that have their turns every two seconds, and one that takes what they leave, wherever it was named."""
    words = QUARTET[1:]
    words.insert(place, "own=eastron-sdm120@5,interval=2s")
    street = Street(*words)
    for mate in street.meters.values():
        mate.behaves = no_longer_than(11 if "em24" in mate.meter.model.name else 80, turnaround_s)
    street["d"].behaves = after(turnaround_s)
    seen = live(street, 200, trying=Trying.NOTHING)
    for name in "bcd":
        fast = {row.field for row in street[name].meter.model.rows if row.pace == "fast"}
        whole = [slot for slot in seen[name].slots(100, 200) if seen[name].fields[slot] >= fast]
        assert gaps(whole) == {2}, name
    voltages = [slot for slot in seen["own"].slots(80, 149) if "voltage_v" in seen["own"].fields[slot]]
    assert max(gaps(voltages)) <= 6, "until the counters begin anew, which takes some time"


def test_a_wider_read_is_tried_though_slow_reads_fill_what_is_left(live: Live) -> None:
    """Two that need one to fit into a second: 46 % of it then."""
    street = Street("a=inepro-pro1@1", "b=inepro-pro1@2")
    for mate in street.meters.values():
        mate.behaves = after(0.05)
    seen = live(street, 200)
    for of_meter in seen.values():
        assert of_meter.wrong == []
        assert gaps(of_meter.slots(150, 200)) == {1}


@pytest.mark.timeout(60)
def test_slow_meters_with_intervals_are_read_when_it_is_their_time_and_not_in_a_hurry(live: Live) -> None:
    """Three at 2400 baud that take 0.1 s to answer, beside two that fill a fifth of each second."""
    slow = [f"h{number}=eastron-sdm120@{number},interval={own}" for number, own in enumerate(("10s", "10s", "5s"), 1)]
    street = Street(*slow, "a=orno-we515@4,parity=N", "d=hiking-dds238-2@5,interval=2s")
    dice = random.Random(1)

    def answer(ask: Ask, least_s: float) -> Replies:
        return [(least_s + dice.uniform(0.0, 0.02), ask.reply() if ask.count <= 40 else ask.refusal(3))]

    for name, mate in street.meters.items():
        mate.behaves = partial(answer, least_s=0.1 if name.startswith("h") else 0.01)
    seen = live(street, 300)
    for name, shortest_s, longest_s in (("h1", 9, 12), ("h2", 9, 12), ("h3", 2, 8), ("a", 1, 1), ("d", 1, 3)):
        powers = [slot for slot in seen[name].slots(20) if "power_w" in seen[name].fields[slot]]
        assert shortest_s <= min(gaps(powers)) <= max(gaps(powers)) <= longest_s, name
        assert seen[name].health["timeouts"] <= 1, name
        assert seen[name].wrong == [], name


def test_who_is_too_slow_is_told_so(live: Live, caplog: pytest.LogCaptureFixture) -> None:
    street = Street("house=orno-we504@4")
    street["house"].behaves = after(1.1)
    seen = live(street, 100)["house"]
    assert seen.fields == {}
    assert told(caplog, "too late") == [
        "house: It answers, but too late for slots of 1 s; give it more time with a longer --interval."
    ]


def test_a_slow_meter_is_learnt_in_slots_that_are_left_to_it(live: Live) -> None:
    """Six reads of a third of a second fill every slot; one wide read takes 0.41 s."""
    street = Street("house=orno-we515@1")
    street["house"].behaves = after(0.3)
    seen = live(street, 200)["house"]
    assert seen.wrong == []
    assert len(complete(seen, 100, 200)) >= 90


def test_meters_of_three_line_settings_share_the_wire(live: Live) -> None:
    """Two of them have the same address."""
    street = Street("a=orno-we515@1", "b=orno-we515@1,parity=N", "c=eastron-sdm120@1", "d=orno-we515@2,baud=19200")
    seen = live(street, 120)
    for name, of_meter in seen.items():
        assert of_meter.wrong == [], name
        assert gaps(of_meter.slots(10, 120)) <= {1, 2, 3, 4}, name
        assert of_meter.health["timeouts"] == of_meter.health["wrong_replies"] == 0
        assert len({frozenset(of_meter.fields[slot]) for slot in of_meter.slots(60, 120)}) <= 6


# Dead meters.


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_dead_meter_costs_the_others_nothing_but_a_first_second(live: Live, place: int) -> None:
    """Wherever it stands among the words; in the first second it has its turn as anybody."""
    words = PAIR[:]
    words.insert(place, "dead=orno-we515@9")
    street = Street(*words)
    street["dead"].is_on = False
    seen = live(street, 60)
    assert seen["dead"].fields == {}
    assert set(Counter(asked_in(street, "dead")).values()) == {1}
    for name in ("m1", "m2"):
        assert seen[name].wrong == []
        assert seen[name].slots() == list(range(seen[name].slots()[0], 61))
        assert complete(seen[name], 2, 60) == list(range(2, 61)), name


@pytest.mark.parametrize("trying", [Trying.ALL, Trying.NOTHING], ids=["all", "proven"])
@pytest.mark.parametrize("name", list("abcd"))
def test_a_meter_that_dies_costs_two_timeouts_and_then_one(live: Live, name: str, trying: Trying) -> None:
    """However many reads it has: the first and one more are not answered in the second in which it dies."""
    street = Street(*QUARTET)
    for mate in street.meters.values():
        mate.behaves = no_longer_than(11 if "em24" in mate.meter.model.name else 125, 0.014)

    def before(slot: int) -> None:
        street[name].is_on = slot < 140

    seen = live(street, 150, before, trying=trying)
    asked = Counter(asked_in(street, name))
    assert asked[140] <= 2
    assert {asked[slot] for slot in range(141, 151)} <= {0, 1}
    for other, of_meter in seen.items():
        fast = {row.field for row in street[other].meter.model.rows if row.pace == "fast"}
        lost = [slot for slot in range(120, 151) if not of_meter.fields.get(slot, set()) >= fast]
        assert other == name or set(lost) <= {140}


@pytest.mark.parametrize("trying", [Trying.ALL, Trying.NOTHING], ids=["all", "proven"])
def test_a_lost_reply_costs_nobody_a_second(live: Live, trying: Trying) -> None:
    """Every eighth of one meter, in whatever read."""
    street = Street(*FIVE[:3])
    number = 0

    def answer(ask: Ask) -> Replies:
        nonlocal number
        number += 1
        return [] if number > 500 and not number % 8 else sound(ask)

    street["m2"].behaves = answer
    seen = live(street, 200, trying=trying)
    for name, of_meter in seen.items():
        slots = of_meter.slots(120, 200)
        assert complete(of_meter, 120, 200) == slots, name
        assert len(gaps(slots)) == 1


@pytest.mark.parametrize("word", ["h=hiking-dds238-2@4", "h=socomec-countis-e43@4", "h=orno-we515@4"])
def test_a_silent_second_costs_no_other(live: Live, word: str) -> None:
    """The fast read of the first two has one usable length, so it is read in halves while that is in doubt."""
    street = Street(word, "m=orno-we504@5", is_wire=True)
    street["h"].behaves = lambda ask: [] if ask.slot >= 20 and ask.slot % 10 == 0 else sound(ask)
    seen = live(street, 65)
    assert [slot for slot in range(15, 66) if slot not in seen["h"].slots()] == [20, 30, 40, 50, 60]
    assert gaps(seen["m"].slots(5)) == {1}


@pytest.mark.parametrize("late_s", [0.1, 0.5], ids=["in time", "late"])
def test_what_a_gateway_says_of_a_dead_meter_is_no_answer(
    live: Live, caplog: pytest.LogCaptureFixture, late_s: float
) -> None:
    """Code 11, after its own timeout: the meter is asked ever more rarely all the same."""
    street = Street("dead=eastron-sdm230@9,parity=E", *PAIR)

    def before(slot: int) -> None:
        if slot == 60:
            street["dead"].behaves = lambda ask: [(late_s, ask.refusal(11))]

    seen = live(street, 200, before)
    assert len(told(caplog, "dead: It has not answered in 3 slots")) == 1
    assert told(caplog, "answers again") == []
    assert len([slot for slot in asked_in(street, "dead") if slot >= 60]) <= 25
    assert gaps(complete(seen["m1"], 90, 200)) <= {1, 2}


def test_a_dead_meter_is_asked_ever_more_rarely_and_said_once(live: Live, caplog: pytest.LogCaptureFixture) -> None:
    street = Street("dead=orno-we515@9", *PAIR)
    street["dead"].is_on = False
    live(street, 140)
    waits = [later - earlier for earlier, later in pairwise(asked_in(street, "dead"))]
    assert waits == [1, 1, 1, 2, 4, 8, 16, 30, 30, 30]
    assert len(told(caplog, "dead: It has not answered in 3 slots")) == 1


def test_a_dead_meter_that_was_known_costs_a_short_timeout(live: Live) -> None:
    """A timeout that was learnt, once a slot, after the others were read."""
    street = Street(*FIVE)

    def before(slot: int) -> None:
        street["m1"].is_on = slot < 90

    seen = live(street, 200, before)
    assert set(Counter(slot for slot in asked_in(street, "m1") if slot >= 91).values()) == {1}
    assert seen["m1"].health["timeout_ms"] < 150
    for name in ("m2", "m3", "m4", "m5"):
        lost = set(range(60, 201)) - set(complete(seen[name], 60, 200))
        assert lost <= {90}, "but for the second in which it dies"


@pytest.mark.parametrize("gone_s", [1, 2, 5, 20, 100])
def test_a_meter_comes_back_within_its_back_off(live: Live, gone_s: int, caplog: pytest.LogCaptureFixture) -> None:
    """It is gone for so long, and is there again within as long as that, or within 30 s."""
    street = Street(*PAIR)

    def before(slot: int) -> None:
        street["m2"].is_on = not 40 <= slot < 40 + gone_s

    seen = live(street, 200, before)
    assert seen["m1"].slots() == list(range(1, 201))
    assert seen["m2"].slots(40, 39 + gone_s) == []
    back = seen["m2"].slots(40, 200)[0]
    assert back - (40 + gone_s) <= min(gone_s, 30)
    assert complete(seen["m2"], back, 200) == list(range(back, 201))
    assert len(told(caplog, "m2: It answers again after")) == (gone_s >= 3)


def test_a_meter_comes_back_on_a_full_bus(live: Live) -> None:
    """Five others fill the second; a sixth that was never heard is switched on."""
    street = Street(*FIVE, "m6=orno-we515@6")
    street["m6"].is_on = False
    for mate in street.meters.values():
        mate.behaves = after(0.03)

    def before(slot: int) -> None:
        street["m6"].is_on = slot >= 150

    seen = live(street, 260, before)
    assert max(gaps(asked_in(street, "m6")[:-100])) <= 62
    assert seen["m6"].slots(150, 215)
    assert len(complete(seen["m6"], 230, 260)) >= 10


def test_a_meter_that_comes_back_is_read_as_before(live: Live) -> None:
    """What was learnt of it is kept, however long it was away."""
    street = Street(*PAIR)

    def before(slot: int) -> None:
        street["m2"].is_on = not 60 <= slot < 160

    live(street, 240, before)
    assert {(ask.first, ask.count) for ask in street["m2"].heard if ask.slot == 239} >= {(0x130, 41)}


def test_of_two_dead_meters_one_is_asked_in_a_slot(live: Live) -> None:
    street = Street("x=orno-we515@8", "m1=orno-we515@1", "y=orno-we515@9")
    street["x"].is_on = street["y"].is_on = False
    seen = live(street, 200)
    slots = Counter(asked_in(street, "x") + asked_in(street, "y"))
    assert {count for slot, count in slots.items() if slot > 6} == {1}
    for name in ("x", "y"):
        assert max(gaps(asked_in(street, name))) <= 31
    assert complete(seen["m1"], 2, 200) == list(range(2, 201))


def test_a_meter_alone_is_asked_in_every_slot(live: Live, caplog: pytest.LogCaptureFixture) -> None:
    street = Street("m1=orno-we515@1")

    def before(slot: int) -> None:
        street["m1"].is_on = not 20 <= slot < 80

    seen = live(street, 100, before)
    assert set(range(20, 80)) <= set(asked_in(street, "m1"))
    assert complete(seen["m1"], 80, 100) == list(range(80, 101))
    assert told(caplog, "m1: It has not answered in 3 slots") == [
        "m1: It has not answered in 3 slots; it is asked in every slot."
    ]


def test_when_all_are_dead_one_is_asked_in_every_slot(live: Live) -> None:
    """As when the cable was pulled: nobody suffers, so it is noticed in the second in which it is plugged in."""
    street = Street(*FIVE)

    def before(slot: int) -> None:
        for mate in street.meters.values():
            mate.is_on = not 60 <= slot < 120

    seen = live(street, 200, before)
    assert set(Counter(at for at in (int(s) for s, _ in street.requests) if 70 <= at < 120).values()) == {1}
    assert {int(at_s) for at_s, _ in street.requests} >= set(range(70, 120))
    assert min(of_meter.slots(120, 200)[0] for of_meter in seen.values()) == 120
    assert max(of_meter.slots(120, 200)[0] for of_meter in seen.values()) <= 150


def test_a_meter_that_refuses_is_there(live: Live, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever says no has heard the question; a gateway that says so in its name has not."""
    street = Street("busy=orno-we515@7", "gone=orno-we515@8", *PAIR)
    street["busy"].behaves = lambda ask: [(0.02, ask.refusal(6))]
    street["gone"].behaves = lambda ask: [(0.02, ask.refusal(11))]
    live(street, 30)
    assert gaps(sorted(set(asked_in(street, "busy")))) <= {1, 2}
    assert told(caplog, "It has not answered")[0].startswith("gone: ")
    assert len(told(caplog, "It has not answered")) == 1


def test_a_meter_slower_than_the_first_timeout_is_learnt(live: Live) -> None:
    """It takes half a second; its replies come late until that is known."""
    street = Street("slow=orno-we515@7", *PAIR)
    street["slow"].behaves = after(0.5)
    seen = live(street, 120)
    assert seen["slow"].wrong == []
    assert 1000 < seen["slow"].health["timeout_ms"] < 2000
    assert seen["slow"].slots(60, 120)
    for name in ("m1", "m2"):
        assert len(complete(seen[name], 60, 120)) >= 20, name


# Pauses, and the keys of one meter.


def needing(street: Street, name: str, pause_s: float) -> Callable[[Ask], Replies]:
    """A meter that misses a request that follows another meter's frame too soon (volkszaehler/mbmd issue 155)."""

    def behave(ask: Ask) -> Replies:
        begins_s = ask.heard_s - 8 * street.character_s
        others = [at_s for at_s, who in street.ends[-9:] if who != name]
        return [] if others and begins_s - max(others) < pause_s else sound(ask)

    return behave


@pytest.mark.parametrize("needed_s", [0.015, 0.05, 0.09])
def test_a_meter_that_needs_a_pause_gets_it(live: Live, needed_s: float) -> None:
    """Until it is tried for the first time whether less would do, and after."""
    street = Street(*PAIR)
    street["m2"].behaves = needing(street, "m2", needed_s)
    seen = live(street, 120)
    lost = [slot for slot in range(36, 121) if slot not in complete(seen["m2"], 36, 120)]
    assert lost == []
    assert seen["m2"].wrong == []
    assert seen["m2"].health["timeouts"] <= 25
    assert 1000 * needed_s <= seen["m2"].health["pause_ms"] + 4 <= 2000 * needed_s + 44
    assert seen["m1"].health["pause_ms"] == 0
    assert complete(seen["m1"], 36, 120) == list(range(36, 121))


def test_a_pause_shrinks_in_good_times(live: Live) -> None:
    """As after the adapter was changed."""
    for slots, pause_ms in ((59, 40), (240, 0)):
        street = Street(*PAIR)
        needs = needing(street, "m2", 0.03)

        def before(slot: int, street: Street = street, needs: Callable[[Ask], Replies] = needs) -> None:
            street["m2"].behaves = needs if slot < 60 else sound

        assert live(street, slots, before)["m2"].health["pause_ms"] == pause_ms


def rests_s(street: Street, name: str) -> list[float]:
    """The silences before a meter's requests, but for the first."""
    ends_s = sorted(at_s for at_s, _ in street.ends)
    begins_s = [at_s - 8 * street[name].meter.settings.character_s for at_s, who in street.requests if who == name]
    return [begin_s - ends_s[bisect(ends_s, begin_s) - 1] for begin_s in begins_s[1:]]


def test_the_models_pause_comes_before_every_request(live: Live) -> None:
    street = Street("m2=orno-we515@2", "m1=orno-we504@1")
    live(street, 30)
    assert 0.012 - 1e-6 <= min(rests_s(street, "m1")) <= 0.013
    assert 0.004 <= min(rests_s(street, "m2")) <= 0.005


def test_an_interval_is_the_meters_own(live: Live) -> None:
    street = Street("m1=orno-we515@1,interval=10s", "m2=orno-we515@2")
    seen = live(street, 65)
    assert seen["m1"].slots() == [1, 10, 20, 30, 40, 50, 60]
    assert seen["m2"].slots() == list(range(1, 66))
    assert all("energy_total_kwh" in seen["m1"].fields[slot] for slot in (20, 30, 40, 50, 60))


def test_a_pause_that_is_given_is_kept_before_that_meter_alone(live: Live) -> None:
    street = Street("m1=orno-we515@1,pause=50ms", "m2=orno-we515@2")
    seen = live(street, 40)
    assert seen["m1"].health["pause_ms"] == 50
    assert seen["m2"].health["pause_ms"] == 0
    after_another = [who == "m1" and other == "m2" for (_, other), (_, who) in pairwise(street.requests)]
    assert sum(rest_s >= 0.05 - 1e-6 for rest_s in rests_s(street, "m1")) >= sum(after_another)
    assert min(rests_s(street, "m1")) < 0.005
    assert min(rests_s(street, "m2")) < 0.005


def test_a_timeout_that_is_given_is_not_learnt(live: Live) -> None:
    street = Street("m1=orno-we515@1,timeout=150ms", "m2=orno-we515@2")
    for mate in street.meters.values():
        mate.behaves = after(0.18)
    seen = live(street, 60, trying=Trying.NOTHING)
    assert seen["m1"].health["timeout_ms"] == 150
    assert seen["m1"].health["timeouts"] > 0
    assert seen["m2"].health["timeout_ms"] > 500
    assert seen["m2"].health["timeouts"] <= 1


# Slow reads.


def test_slow_reads_are_spread(live: Live) -> None:
    """Of five meters, each of which has two, no second has more than one; and none is older than eleven seconds."""
    street = Street(*FIVE)
    seen = live(street, 140)
    reads = Counter(
        ask.slot for mate in street.meters.values() for ask in mate.heard if ask.first >= 0xA000 and ask.slot > 80
    )
    assert max(reads.values()) == 1
    for of_meter in seen.values():
        for counter in ("energy_total_kwh", "reactive_energy_total_kvarh"):
            slots = [slot for slot in of_meter.slots(20, 140) if counter in of_meter.fields[slot]]
            assert gaps([20, *slots, 140]) <= set(range(12))


def test_slow_reads_are_spread_among_turns_too(live: Live) -> None:
    street = Street(*FIVE)
    seen = live(street, 140, trying=Trying.NOTHING)
    reads = Counter(
        ask.slot for mate in street.meters.values() for ask in mate.heard if ask.first >= 0xA000 and ask.slot > 30
    )
    assert max(reads.values()) <= 2
    for of_meter in seen.values():
        slots = [slot for slot in of_meter.slots(10, 140) if "energy_total_kwh" in of_meter.fields[slot]]
        assert max(gaps([10, *slots, 140])) <= 12


# Late replies.


@pytest.mark.parametrize("other", ["2", "1,parity=O", "1,parity=N", "1,baud=4800"])
@pytest.mark.parametrize(
    ("late_s", "trying"),
    [(0.15, Trying.ALL), (0.45, Trying.ALL), (0.45, Trying.NOTHING), (1.0, Trying.NOTHING), (1.4, Trying.ALL)],
)
def test_a_late_reply_is_not_the_next_meters(live: Live, other: str, late_s: float, trying: Trying) -> None:
    """Every fourth reply of one is late: into the other's time, at the same length, and even at the same address."""
    street = Street("m1=orno-we515@1", f"m2=orno-we515@{other}")
    count = 0

    def behave(ask: Ask) -> Replies:
        nonlocal count
        count += 1
        return [(late_s if count % 4 == 0 else 0.02, ask.reply())]

    street["m1"].behaves = behave
    seen = live(street, 60, trying=trying)
    assert seen["m1"].wrong == seen["m2"].wrong == []
    assert len(seen["m1"].slots(10, 60)) >= 15
    assert len(seen["m2"].slots(10, 60)) >= 25


@pytest.mark.parametrize("trying", [Trying.NOTHING, Trying.ALL])
def test_what_a_gateway_gave_up_is_not_the_next_answer(live: Live, trying: Trying) -> None:
    """It says so after 0.15 s, and gives out what comes later as the answer to the question that is open then."""
    street, dice = Street("m1=inepro-pro1@2,parity=N"), random.Random(3)

    def behave(ask: Ask) -> Replies:
        if dice.random() > 0.1:
            return sound(ask)
        return [(0.15, ask.refusal(11)), (dice.uniform(0.16, 1.1), ask.reply())]

    street["m1"].behaves = behave
    seen = live(street, 200, trying=trying)["m1"]
    assert seen.wrong == []
    assert len(seen.slots()) >= 150


class Keeping(Street):
    """Behind a gateway that keeps what it has heard, and hands it on sound whatever the speed of the line is then."""

    def _as_heard(self, _begins_s: float, data: bytes) -> bytes:
        return data


@pytest.mark.parametrize("kind", [Keeping, Street])
@pytest.mark.parametrize(("trying", "share"), [(Trying.NOTHING, 0.4), (Trying.ALL, 0.75)])
def test_a_late_reply_that_a_gateway_kept_is_not_its_namesakes(
    live: Live, kind: type[Street], trying: Trying, share: float
) -> None:
    """Two meters of one address at two speeds; each answers one question in ten too late, and not one in twenty."""
    street, dice = kind("m1=orno-we515@1", "m2=orno-we515@1,baud=4800"), random.Random(5)

    def behave(ask: Ask) -> Replies:
        throw = dice.random()
        return [] if throw < 0.05 else [(dice.uniform(0.1, 1.2) if throw < 0.15 else 0.02, ask.reply())]

    for mate in street.meters.values():
        mate.behaves = behave
    for seen in live(street, 200, trying=trying).values():
        assert seen.wrong == []
        assert len(seen.slots(10)) >= share * 190


def test_a_late_reply_is_counted_where_it_belongs(live: Live) -> None:
    """It comes between two slots, and first in the next is a meter of the same address at another speed."""
    street = Street("m2=orno-we515@1,baud=4800", "m1=orno-we515@1")

    def before(slot: int) -> None:
        street["m1"].behaves = after(0.3) if slot == 20 else sound

    seen = live(street, 30, before, trying=Trying.NOTHING)
    assert seen["m2"].health["late_replies"] == 0
    assert seen["m1"].health["late_replies"] >= 1
    assert complete(seen["m2"], 2, 30) == list(range(2, 31))


def test_all_have_their_turn_to_be_learnt(live: Live) -> None:
    """Also where the second is all but full, or the turns and the meters are as many."""
    street = Street(*FIVE[:4])
    live(street, 110)
    for name, mate in street.meters.items():
        assert (0x130, 41) in {(ask.first, ask.count) for ask in mate.heard if ask.slot > 100}, name
