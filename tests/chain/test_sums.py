"""The judge of what was lost is not blind.

| fault of the judge | test |
|---|---|
| a second that was metered and is not stored goes unseen | test_a_second_that_is_not_stored_is_missing |
| ... since something was done to another second | the same |
| a sweep that was cut short counts as lost | test_a_sweep_that_was_cut_short_is_not_metered |
| more may be lost than the ten seconds before a power cut | test_ten_seconds_before_a_power_cut_may_be_lost |
| ... or less, where a plugin was killed and then Telegraf, which had its lines | test_what_telegraf_alone_had_may_die_with_it |
| ... or more, since it had the time to deliver them | the same |
| a value of another second, meter or field is believed | test_a_value_is_believed_in_its_second_alone |
| ... or one that is stored as another | test_what_is_stored_otherwise_is_wrong |
| a reply that was destroyed, or never sent, counts | test_what_did_not_arrive_was_not_said |
| a meter that speaks to no avail goes unseen | test_what_was_said_and_not_read_is_told |
| a clock that was set makes all of it missing | test_a_clock_that_was_set_is_followed |
| of a second that came twice the first value passes | the same |
| the table says that all is well when it is not, or hides why | test_the_table_says_what_is_wrong |
"""

from collections import Counter

import pytest

from chain import soak_table, sums
from chain.sums import NS, Event, Sum, Told, sum_up
from wattline.simulate import Served

T = 1_900_000_000
SECONDS = range(T, T + 60)


def served(second: float, power: float = 7.0, **changed: object) -> Served:
    words = {"meter": "house", "address": 1, "function": 3, "first": 0, "count": 2, "registers": (0, 7)}
    words |= {"values": {"power_w": power}, "sent_monotonic_ns": 1} | changed
    return Served(round(second * NS), 0, **words)  # type: ignore[arg-type]  # as they are


def told(second: int, power: float = 7.0, ahead_s: int = 0, **changed: object) -> Told:
    """A reading, given out 0.4 s after its second had begun."""
    words = {"meter": "house", "fields": {"power_w": power}} | changed
    at_ns = (second - ahead_s) * NS + 4 * NS // 10
    return Told(at_ns, ahead_s, stamp=second * NS, **words)  # type: ignore[arg-type]  # as they are


def truth(seconds=SECONDS) -> list[Served]:
    return [served(second + 0.2, second % 13) for second in seconds]


def readings(seconds=SECONDS) -> list[Told]:
    return [told(second, second % 13) for second in seconds]


def points(seconds=SECONDS) -> dict[int, dict[str, float]]:
    return {second * NS: {"power_w": float(second % 13)} for second in seconds}


def without(*lost: int) -> list[int]:
    return [second for second in SECONDS if second - T not in lost]


def found(stored, events=(), entries=None, given=None) -> Sum:
    said, out = truth() if entries is None else entries, readings() if given is None else given
    return sum_up("house", said, out, stored, list(events))


def test_a_second_that_is_not_stored_is_missing() -> None:
    events = [Event(sums.PLUGIN_KILLED, T + 10.5, T + 10.6), Event(sums.INFLUXDB_AWAY, T, T + 60)]
    judged = found(points(without(30, 31)), events)
    assert (judged.metered, judged.stored, judged.missing, judged.allowed) == (60, 58, {T + 30, T + 31}, set())


def test_a_sweep_that_was_cut_short_is_not_metered() -> None:
    judged = found(points(without(10, 11)), [Event(sums.TELEGRAF_KILLED, T + 10.9, T + 11.2)])
    assert (judged.metered, judged.stored, judged.cut_short, judged.missing) == (58, 58, 2, set())


def test_ten_seconds_before_a_power_cut_may_be_lost() -> None:
    judged = found(points(without(*range(17, 30))), [Event(sums.POWER_CUT, T + 29.5, T + 29.6)])
    assert (judged.missing, len(judged.allowed), judged.cut_short) == ({T + 17}, 11, 1)


@pytest.mark.parametrize(
    ("died_s", "away_s", "may"), [(40, 0, True), (58, 0, False), (58, 10, True), (25, 0, False), (None, 0, False)]
)
def test_what_telegraf_alone_had_may_die_with_it(died_s: int | None, away_s: int, may: bool) -> None:
    """The plugin was killed at 30; InfluxDB came back so long after."""
    events = [Event(sums.PLUGIN_KILLED, T + 30.5, T + 30.6), Event(sums.INFLUXDB_AWAY, T, T + 30.5 + away_s)]
    events += [Event(sums.TELEGRAF_KILLED, T + died_s, T + died_s + 0.1)] if died_s else []
    judged = found(points(without(27)), events)
    assert (judged.allowed, judged.missing) == (({T + 27}, set()) if may else (set(), {T + 27}))


@pytest.mark.parametrize(
    "reading",
    [
        told(T, 8.0),
        told(T, fields={"power_w": 7.0, "voltage_v": 7.0}),
        told(T + 9),
        told(T)._replace(at_ns=T * NS + NS // 10),
        told(T)._replace(stamp=T * NS + 1),
    ],
)
def test_a_value_is_believed_in_its_second_alone(reading: Told) -> None:
    """It is said at 0.2, and given out at 0.4; a reading that is early, late or beside its second is as wrong."""
    entries = [served(T + 0.2), served(T + 0.5, 8.0), served(T + 1.2, 8.0), served(T + 0.2, 8.0, meter="roof")]
    good = {T * NS: {"power_w": 7.0}}
    assert found(good, entries=entries, given=[told(T)]).wrong == []
    assert len(found({}, entries=entries, given=[reading]).wrong) == 1


@pytest.mark.parametrize("stored", [{"power_w": 8.0}, {"power_w": 7.0, "voltage_v": 1.0}, {}])
def test_what_is_stored_otherwise_is_wrong(stored: dict[str, float]) -> None:
    assert len(found({T * NS: stored}, entries=[served(T + 0.2)], given=[told(T)]).wrong) == 1
    assert len(found({(T + 1) * NS: {"power_w": 7.0}}, entries=[served(T + 0.2)], given=[told(T)]).wrong) == 1


@pytest.mark.parametrize("changed", [{"faults": ["crc"]}, {"sent_monotonic_ns": None}, {"meter": "roof"}])
def test_what_did_not_arrive_was_not_said(changed: dict[str, object]) -> None:
    assert found({}, entries=[served(T + 0.2, **changed)], given=[told(T)]).wrong


def test_what_was_said_and_not_read_is_told() -> None:
    assert found({}, given=readings(without(3, 7, 9))).unread == 3


def test_a_clock_that_was_set_is_followed() -> None:
    """Back by an hour, and forward to seconds that come again."""
    entries = truth(range(T, T + 30)) + [served(T + n + 0.2, n) for n in range(30, 60)]
    given = readings(range(T, T + 30))
    given += [told(T + n - 3600, n, ahead_s=-3600) for n in range(30, 40)]
    given += [told(T + n - 40, n, ahead_s=-40) for n in range(40, 60)]
    stored = {each.stamp: dict(each.fields) for each in given}
    events = [Event(sums.CLOCK_SET, T + 29.5, T + 30.5)]
    judged = found(stored, events, entries, given)
    assert (judged.missing, judged.wrong, judged.metered) == (set(), [], 40)
    assert found(stored | {(T + 5) * NS: {"power_w": (T + 5) % 13}}, events, entries, given).wrong
    del stored[(T + 35 - 3600) * NS]
    assert found(stored, events, entries, given).missing == {T + 35 - 3600}


def test_the_table_says_what_is_wrong() -> None:
    judged = Sum(metered=60, stored=58, missing={T + 1})
    numbers = Counter(due=60, metered=58, stored=58, off=2)
    verdict = soak_table.Verdict({"house": judged}, {"house": numbers}, Counter(kill_plugin=3), 7)
    assert soak_table.table(verdict).endswith("Nothing is missing that may not be.")
    assert list(soak_table._of_the_number("house", numbers, judged, 60)) == []
    wrong = numbers | Counter(metered=59, lost=1)
    sentences = list(soak_table._of_the_number("house", wrong, judged, 61))
    assert len(sentences) == 4
    verdict.faults += [*sentences, *("too much" for _ in range(30))]
    text = soak_table.table(verdict)
    assert not verdict.is_sound
    assert "the number says 60 due, where it is 61" in text
    assert text.rstrip().splitlines()[-1] == "... and 14 more"
    assert "Nothing is missing" not in text
