"""Which sets are kept: the rules, on days that are drawn by dice and on those that are known to be difficult.

| fault | test |
|---|---|
| of a few sets one goes, though no rule could want that | test_the_newest_are_always_kept |
| a rule keeps more or fewer than it says, or not the last of its time | test_each_rule_keeps_the_last_set_of_so_many_of_its_times |
| a year that was is forgotten | test_every_year_is_kept |
| what is kept depends on how often one prunes | test_pruning_again_removes_nothing |
| ... or on when one does | test_pruning_each_hour_loses_nothing_that_pruning_once_would_keep |
| ... or on the order in which the folder lists the sets | test_the_order_of_the_sets_does_not_matter |
| the days are not the household's | test_a_day_is_the_households |
| the day of 25 hours has 24 sets, that of 23 hours has one too many | test_the_switch_days_have_as_many_hours_as_they_have |
| a week begins on another day, or a year cuts it in two | test_a_week_is_one_over_new_year |
| ... or is taken for that of another year | test_weeks_of_one_number_in_two_years_are_two |
| a machine that was off loses what it had | test_a_gap_costs_nothing |
| a clock that was ahead left sets which push out the good ones | test_sets_of_the_future_stay_and_take_nobodys_place |
| a clock that is behind takes what is good for future, or for old | test_a_clock_that_is_behind_removes_nothing_that_the_right_one_keeps |
| damaged sets push out the good ones | test_damaged_sets_stay_and_take_nobodys_place |
| the last set that was proven goes, or the only one off-site | test_the_last_proven_and_the_last_off_site_are_never_removed |
| a rule that is switched off keeps one, one that is to keep all does not | test_a_rule_may_keep_none_or_all |
| a house cannot tell how many it will have | test_the_rules_of_the_house_come_to_this_many_after_ten_years |
"""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backup.sets_rig import stamp_of
from wattline_backup.retention import ALL, CALENDAR, RULES, Candidate, Policy, Verdict, judge

ROME = ZoneInfo("Europe/Rome")
ZONES = st.sampled_from(
    ["Europe/Rome", "UTC", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kolkata", "Pacific/Apia"]
)
NOW = datetime(2026, 11, 26, 15, 5, tzinfo=UTC)
HOUR = timedelta(hours=1)

# Crowded and thin stretches; seconds apart and years apart.
MOMENTS = st.lists(
    st.one_of(
        st.integers(0, 48 * 3600),
        st.integers(0, 100 * 86_400),
        st.integers(0, 12 * 366 * 86_400),
    ).map(lambda seconds: NOW - timedelta(seconds=seconds)),
    unique=True,
    max_size=80,
)
COUNTS = st.one_of(st.none(), st.integers(0, 6))
POLICIES = st.builds(
    Policy, newest=st.integers(1, 6), hourly=COUNTS, daily=COUNTS, weekly=COUNTS, monthly=COUNTS, yearly=COUNTS
)


def sets_at(moments: Sequence[datetime]) -> list[Candidate]:
    return [Candidate(stamp_of(moment), moment) for moment in moments]


CANDIDATES = MOMENTS.flatmap(
    lambda moments: st.tuples(
        *(
            st.builds(
                Candidate,
                stamp=st.just(stamp_of(moment)),
                at=st.just(moment),
                verified=st.sampled_from(["", "", "files", "restore"]),
                is_offsite=st.booleans(),
                is_damaged=st.sampled_from([False, False, False, True]),
            )
            for moment in moments
        )
    )
).map(list)


def kept(verdicts: Sequence[Verdict]) -> set[str]:
    return {verdict.stamp for verdict in verdicts if verdict.is_kept}


def kept_by(rule: str, verdicts: Sequence[Verdict]) -> list[str]:
    return [verdict.stamp for verdict in verdicts if rule in verdict.reasons]


def hourly_until(moment: datetime, hours: int) -> list[Candidate]:
    return sets_at([moment - HOUR * number for number in range(hours)])


@given(CANDIDATES, POLICIES)
def test_the_newest_are_always_kept(candidates: list[Candidate], policy: Policy) -> None:
    sound = sorted((each for each in candidates if not each.is_damaged), key=lambda each: each.at)
    newest = {each.stamp for each in sound[-(policy.newest or 0) :]}
    assert newest <= kept(judge(candidates, policy, NOW, ROME))


@given(MOMENTS, POLICIES, ZONES)
def test_each_rule_keeps_the_last_set_of_so_many_of_its_times(
    moments: list[datetime], policy: Policy, zone: str
) -> None:
    """Told the other way round: by each time of the calendar, and the sets in it."""
    verdicts = judge(sets_at(moments), policy, NOW, ZoneInfo(zone))
    for rule, label in CALENDAR.items():
        last: dict[object, datetime] = {}
        for moment in moments:
            time = label(moment.astimezone(ZoneInfo(zone)))
            last[time] = max(moment, last.get(time, moment))
        wanted = sorted(last.values(), reverse=True)[: getattr(policy, rule)]
        assert kept_by(rule, verdicts) == [stamp_of(moment) for moment in wanted]


@given(MOMENTS, ZONES)
def test_every_year_is_kept(moments: list[datetime], zone: str) -> None:
    stays = kept(judge(sets_at(moments), Policy(), NOW, ZoneInfo(zone)))
    years = {moment.astimezone(ZoneInfo(zone)).year for moment in moments}
    assert {moment.astimezone(ZoneInfo(zone)).year for moment in moments if stamp_of(moment) in stays} == years


@given(CANDIDATES, POLICIES, ZONES)
def test_pruning_again_removes_nothing(candidates: list[Candidate], policy: Policy, zone: str) -> None:
    first = judge(candidates, policy, NOW, ZoneInfo(zone))
    left = [each for each in candidates if each.stamp in kept(first)]
    again = judge(left, policy, NOW, ZoneInfo(zone))
    assert again == [verdict for verdict in first if verdict.is_kept]


@settings(max_examples=15)
@given(st.integers(0, 2**32), ZONES)
def test_pruning_each_hour_loses_nothing_that_pruning_once_would_keep(seed: int, zone: str) -> None:
    """Twenty days of hours, some of which the machine slept through; pruned after each set, or never until the end."""
    dice = random.Random(seed)
    policy = Policy(newest=3, hourly=5, daily=4, weekly=2, monthly=1)
    there: list[Candidate] = []
    ever: list[Candidate] = []
    for number in range(20 * 24):
        if dice.random() < 0.2:
            continue
        made = sets_at([NOW + HOUR * number + timedelta(seconds=dice.randrange(300))])
        ever += made
        stays = kept(judge([*there, *made], policy, made[0].at, ZoneInfo(zone)))
        there = [each for each in [*there, *made] if each.stamp in stays]
    assert {each.stamp for each in there} == kept(judge(ever, policy, ever[-1].at, ZoneInfo(zone)))


@given(CANDIDATES, POLICIES, st.randoms(use_true_random=False))
def test_the_order_of_the_sets_does_not_matter(
    candidates: list[Candidate], policy: Policy, dice: random.Random
) -> None:
    shuffled = candidates[:]
    dice.shuffle(shuffled)
    assert judge(shuffled, policy, NOW, ROME) == judge(candidates, policy, NOW, ROME)


def test_a_day_is_the_households() -> None:
    """Two sets on either side of midnight in Rome; in UTC they are of one day."""
    candidates = sets_at([datetime(2026, 11, 25, 22, 30, tzinfo=UTC), datetime(2026, 11, 25, 23, 30, tzinfo=UTC)])
    policy = Policy(1, 0, None, 0, 0, 0)
    assert len(kept(judge(candidates, policy, NOW, ROME))) == 2
    assert len(kept(judge(candidates, policy, NOW, ZoneInfo("UTC")))) == 1


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        pytest.param(datetime(2026, 3, 29, tzinfo=ROME), 23, id="spring"),
        pytest.param(datetime(2026, 10, 25, tzinfo=ROME), 25, id="autumn"),
        pytest.param(datetime(2026, 11, 25, tzinfo=ROME), 24, id="any other"),
    ],
)
def test_the_switch_days_have_as_many_hours_as_they_have(day: datetime, hours: int) -> None:
    """A set each twenty minutes of the day: one is kept of each hour that passed, and the day's last by the day."""
    begin = day.astimezone(UTC)
    moments = [begin + timedelta(minutes=20 * number) for number in range(3 * hours)]
    assert {moment.astimezone(ROME).date() for moment in moments} == {day.date()}
    verdicts = judge(sets_at(moments), Policy(1, 100, 100, 0, 0, 0), NOW, ROME)
    assert kept_by("hourly", verdicts) == [stamp_of(moment) for moment in moments[::-3]]
    assert kept_by("daily", verdicts) == [stamp_of(moments[-1])]


def test_a_week_is_one_over_new_year() -> None:
    """From Monday, 28 December 2026, to Sunday, 3 January 2027."""
    noon = datetime(2026, 12, 27, 12, tzinfo=ROME)
    days = [noon + timedelta(days=number) for number in range(9)]
    verdicts = judge(sets_at(days), Policy(1, 0, 0, None, 0, 0), days[-1], ROME)
    assert kept_by("weekly", verdicts) == [stamp_of(days[number]) for number in (8, 7, 0)]


def test_weeks_of_one_number_in_two_years_are_two() -> None:
    candidates = sets_at([NOW - timedelta(weeks=52 * number) for number in (0, 1)])
    assert {each.at.isocalendar()[1] for each in candidates} == {48}
    assert len(kept_by("weekly", judge(candidates, Policy(), NOW, ROME))) == 2


def test_a_gap_costs_nothing() -> None:
    """After a year in a drawer the first new set takes the place of one hour, one day and so on, and no more."""
    before = hourly_until(NOW - timedelta(days=365), 24 * 40)
    stays = kept(judge(before, Policy(), NOW, ROME))
    after = kept(judge([*before, *sets_at([NOW])], Policy(), NOW, ROME))
    assert stamp_of(NOW) in after
    assert len(stays - after) <= 5


@given(CANDIDATES, POLICIES, st.integers(1, 15))
def test_sets_of_the_future_stay_and_take_nobodys_place(
    candidates: list[Candidate], policy: Policy, count: int
) -> None:
    future = sets_at([NOW + timedelta(days=4000) + HOUR * number for number in range(count)])
    verdicts = judge([*candidates, *future], policy, NOW, ROME)
    assert verdicts[count:] == judge(candidates, policy, NOW, ROME)
    assert {verdict.reasons for verdict in verdicts[:count]} == {("of the future",)}


@given(CANDIDATES, POLICIES, st.integers(0, 400 * 86_400))
def test_a_clock_that_is_behind_removes_nothing_that_the_right_one_keeps(
    candidates: list[Candidate], policy: Policy, behind_s: int
) -> None:
    wrong = NOW - timedelta(seconds=behind_s)
    assert kept(judge(candidates, policy, NOW, ROME)) <= kept(judge(candidates, policy, wrong, ROME))


@given(CANDIDATES, POLICIES)
def test_damaged_sets_stay_and_take_nobodys_place(candidates: list[Candidate], policy: Policy) -> None:
    sound = [each for each in candidates if not each.is_damaged]
    damaged = {each.stamp for each in candidates if each.is_damaged}
    verdicts = judge(candidates, policy, NOW, ROME)
    assert [verdict for verdict in verdicts if verdict.stamp not in damaged] == judge(sound, policy, NOW, ROME)
    assert damaged <= kept(verdicts)


@given(CANDIDATES, POLICIES)
def test_the_last_proven_and_the_last_off_site_are_never_removed(candidates: list[Candidate], policy: Policy) -> None:
    stays = kept(judge(candidates, policy, NOW, ROME))
    sound = sorted((each for each in candidates if not each.is_damaged), key=lambda each: each.at)
    for way in ("files", "restore"):
        proven = [each.stamp for each in sound if each.verified == way]
        assert set(proven[-1:]) <= stays
    assert {each.stamp for each in sound if each.is_offsite} == set() or stays & {
        each.stamp for each in sound if each.is_offsite
    }


@pytest.mark.parametrize("rule", RULES[1:])
def test_a_rule_may_keep_none_or_all(rule: str) -> None:
    candidates = hourly_until(NOW, 1000)
    nothing = Policy(1, 0, 0, 0, 0, 0)
    times = {CALENDAR[rule](each.at.astimezone(ROME)) for each in candidates}
    assert len(kept(judge(candidates, nothing, NOW, ROME))) == 1
    assert len(kept_by(rule, judge(candidates, replace(nothing, **{rule: None}), NOW, ROME))) == len(times)
    assert ALL == "all"


def test_the_rules_of_the_house_come_to_this_many_after_ten_years() -> None:
    """Pruned once a day, which comes to the same as each hour."""
    there: list[Candidate] = []
    for day in range(3653):
        moment = NOW + timedelta(days=day)
        there += hourly_until(moment, 24)
        stays = kept(judge(there, Policy(), moment, ROME))
        there = [each for each in there if each.stamp in stays]
    # 24 hours, 12 more days, 6 or 7 more weeks, 10 more months, 10 more years, or thereabouts.
    assert 55 <= len(there) <= 68
