"""How long a meter is waited for.

| fault                                                | test                                                  |
|------------------------------------------------------|-------------------------------------------------------|
| a few replies decide                                 | test_nothing_is_learnt_from_a_few_replies             |
| one late reply makes the reader wait for all         | test_single_late_replies_change_nothing               |
| a meter that has become slower is not waited for until half a minute later | test_two_late_replies_in_a_row_are_no_accident |
| ... or is waited for as long when it is quick again | the same |
| a reply that may be the late one to the question before counts as quick, or as late without a proof | test_what_may_have_been_late_is_waited_for, test_what_was_waited_for_and_came_is_slow |
| ... or the line that loses a request for a slow meter | test_what_came_as_soon_as_it_usually_does_was_not_late |
| ... or a long read that is slow as ever for one that has become slow | test_a_long_read_that_is_slow_as_ever_says_nothing_of_short_ones |
| ... or is waited for again and again, though it never comes | test_what_was_waited_for_in_vain_was_not_slow |
| the timeout is too near the usual time, or too far   | test_the_timeout_is_three_times_the_median_and_50_ms  |
| it is nothing, or hours                              | test_the_timeout_has_bounds                           |
| what was long ago counts for ever                    | test_what_was_long_ago_is_forgotten                   |
| a reply that came long after it was given up counts as a read that took so long | test_a_read_that_was_given_up_took_no_longer_than_that |
| what the user said is learnt away                    | test_what_the_user_says_holds, test_what_the_user_says_holds_for_all_lengths |
| a long read is waited for as a short one, or a short one as a long | test_each_length_has_its_own_time        |
| ... and late replies count for neither               | test_short_replies_in_time_tell_nothing_against_a_long_one_that_is_late |
| ... or a meter that is slow in all is found slow in one length after another | test_a_meter_that_is_late_in_all_it_is_asked_has_become_slower |
| ... or a few that were late by chance are believed of a short one | test_a_few_late_replies_to_a_short_read_tell_less_than_those_to_longer_ones |
| nothing is presumed of a length that was never heard | test_what_was_never_heard_lies_between_what_was       |
| ... or so little that it never will be               | test_what_was_never_heard_is_waited_for_as_at_the_start |
"""

import pytest

from wattline.bus.latency import (
    FIRST_TIMEOUT_S,
    LATE_NEEDED,
    LONGEST_TIMEOUT_S,
    SAMPLES,
    SAMPLES_NEEDED,
    SHORTEST_TIMEOUT_S,
    TRUSTED,
    Latencies,
    Latency,
    patience_s,
)
from wattline.plan import TYPICAL_TURNAROUND_S


def after(turnarounds_s) -> Latency:
    latency = Latency()
    for turnaround_s in turnarounds_s:
        latency.took(turnaround_s)
    return latency


def test_nothing_is_learnt_from_a_few_replies():
    assert SAMPLES_NEEDED == 5
    assert after([]).typical_s == TYPICAL_TURNAROUND_S
    assert [after([0.05] * count).timeout_s for count in range(6)] == pytest.approx([FIRST_TIMEOUT_S] * 5 + [0.2])
    assert after([0.05]).typical_s == 0.05


@pytest.mark.parametrize("turnaround_s", [0.02, 0.05, 0.1, 0.3])
def test_the_timeout_is_three_times_the_median_and_50_ms(turnaround_s):
    latency = after([turnaround_s] * SAMPLES_NEEDED)
    assert latency.timeout_s == pytest.approx(3 * turnaround_s + 0.05)
    assert latency.typical_s == turnaround_s


def test_single_late_replies_change_nothing():
    latency = after([0.05, 0.9, 0.05, 1.2, 0.05, 0.05, 0.8])
    assert latency.typical_s == 0.05
    assert latency.timeout_s == pytest.approx(0.2)


@pytest.mark.parametrize(("turnaround_s", "timeout_s"), [(0.0, SHORTEST_TIMEOUT_S), (2.0, LONGEST_TIMEOUT_S)])
def test_the_timeout_has_bounds(turnaround_s, timeout_s):
    assert after([turnaround_s] * SAMPLES).timeout_s == timeout_s


def test_two_late_replies_in_a_row_are_no_accident():
    latency = after([0.02] * SAMPLES)
    usual_s = latency.timeout_s
    latency.took_too_long(0.3)
    assert latency.timeout_s == pytest.approx(usual_s)
    latency.took(0.02)
    latency.took_too_long(0.3)
    assert latency.timeout_s == pytest.approx(usual_s)
    latency.took_too_long(0.2)
    assert latency.timeout_s == pytest.approx(1.5 * 0.3 + 0.03)
    latency.took(0.02)
    assert latency.timeout_s == pytest.approx(usual_s)


def test_what_was_long_ago_is_forgotten():
    latency = after([0.3] * 1000)
    assert latency.timeout_s == pytest.approx(0.95)
    for _ in range(SAMPLES // 2 + 1):
        latency.took(0.05)
    assert latency.timeout_s == pytest.approx(0.2)


def test_what_the_user_says_holds():
    latencies = lengths_after([(2, 0.05)] * SAMPLES, timeout_s=0.7)
    assert latencies.timeout_s(2) == 0.7
    assert latencies.typical_s == 0.05


def test_a_read_that_was_given_up_took_no_longer_than_that():
    """The reply is heard when somebody listens again, which may be a second later: that is no time which the read took."""
    latencies = lengths_after([(2, 0.08)] * 5, timeout_s=0.1)
    for _ in range(SAMPLES):
        latencies.took_too_long(2, 0.9)
    assert latencies.idle_s(2) == pytest.approx(0.1)


# By length.


def lengths_after(turnarounds_s, timeout_s=None) -> Latencies:
    """A meter that took so many seconds in each of these (length, seconds)."""
    latencies = Latencies(timeout_s)
    for length, turnaround_s in turnarounds_s:
        latencies.took(length, turnaround_s)
        latencies.took_whole(length, turnaround_s)
    return latencies


def test_each_length_has_its_own_time():
    latencies = lengths_after([(2, 0.02), (46, 0.4)] * SAMPLES)
    assert [latencies.timeout_s(length) for length in (2, 46)] == pytest.approx([0.11, 1.25])
    assert [latencies.idle_s(length) for length in (2, 46)] == pytest.approx([0.02, 0.4])
    assert [latencies.least_s(length) for length in (2, 46)] == pytest.approx([0.06, 0.63])
    assert [latencies.spare_s(length) for length in (2, 46)] == pytest.approx([0.04, 0.23])
    assert latencies.longest_timeout_s == pytest.approx(1.25)


def test_short_replies_in_time_tell_nothing_against_a_long_one_that_is_late():
    latencies = lengths_after([(2, 0.02)] * SAMPLES + [(46, 0.02)] * SAMPLES)
    for _ in range(LATE_NEEDED):
        latencies.took_too_long(46, 0.4)
        latencies.took(2, 0.02)
    assert latencies.timeout_s(46) == pytest.approx(patience_s(0.4))
    assert latencies.timeout_s(2) == pytest.approx(0.11)


def test_a_meter_that_is_late_in_all_it_is_asked_has_become_slower():
    latencies = lengths_after([(length, 0.02) for length in (2, 4, 6)] * SAMPLES)
    for length in (2, 4):
        latencies.took_too_long(length, 0.3)
    assert [latencies.timeout_s(length) for length in (2, 4, 6)] == pytest.approx(3 * [patience_s(0.3)])


def test_a_few_late_replies_to_a_short_read_tell_less_than_those_to_longer_ones():
    latencies = lengths_after([(2, 0.02), (41, 0.03)] * SAMPLES + [(1, 0.9)] * (SAMPLES_NEEDED - 1))
    assert latencies.least_s(1) == pytest.approx(1.5 * 0.02 + 0.03)
    assert latencies.idle_s(1) == pytest.approx(0.02)
    latencies = lengths_after([(2, 0.02), (41, 0.03)] * SAMPLES + [(1, 0.9)] * SAMPLES_NEEDED)
    assert latencies.least_s(1) == pytest.approx(1.5 * 0.9 + 0.03)


def test_what_was_never_heard_lies_between_what_was():
    latencies = lengths_after([(2, 0.02), (42, 0.42)] * SAMPLES)
    assert [latencies.idle_s(length) for length in (1, 12, 22, 125)] == pytest.approx([0.02, 0.12, 0.22, 0.42])
    assert Latencies().idle_s(12) == TYPICAL_TURNAROUND_S
    assert not latencies.is_heard(12)


def test_what_was_never_heard_is_waited_for_as_at_the_start():
    """However quick all else is: it may be the length that takes long."""
    latencies = lengths_after([(2, 0.02)] * SAMPLES)
    assert latencies.timeout_s(46) == FIRST_TIMEOUT_S
    latencies.took_too_long(46, 0.41)
    assert latencies.timeout_s(46) > 0.41
    assert latencies.idle_s(46) == 0.41


def test_what_the_user_says_holds_for_all_lengths():
    latencies = lengths_after([(2, 0.02), (46, 0.4)] * SAMPLES, timeout_s=0.7)
    assert [latencies.timeout_s(length) for length in (2, 10, 46)] == [0.7] * 3


def quick() -> Latencies:
    latencies = Latencies()
    for _ in range(SAMPLES):
        latencies.took(16, 0.02)
    return latencies


def test_what_may_have_been_late_is_waited_for() -> None:
    """From the second in a row on, until one has come; what is usual is not touched."""
    latencies = quick()
    usual_s = latencies.timeout_s(16)
    assert latencies.may_have_taken(16, 0.18, 0.05)
    assert latencies.timeout_s(16) == usual_s
    assert latencies.may_have_taken(16, 0.2, 0.01)
    assert latencies.timeout_s(16) == patience_s(0.2)
    assert latencies.typical_s == pytest.approx(0.02)
    latencies.took(16, 0.02)
    assert latencies.timeout_s(16) == usual_s


def test_what_was_waited_for_and_came_is_slow() -> None:
    """So it is waited for until it is usual."""
    latencies = quick()
    for _ in range(LATE_NEEDED):
        latencies.may_have_taken(16, 0.18, 0.05)
    for _ in range(SAMPLES):
        assert latencies.timeout_s(16) >= patience_s(0.18)
        latencies.took(16, 0.18)
    assert latencies.timeout_s(16) == pytest.approx(3 * 0.18 + 0.05)


def test_what_was_waited_for_in_vain_was_not_slow() -> None:
    """It is the line that loses requests, or a pause is wanting: for a while each reply is taken for its own question's."""
    latencies = quick()
    usual_s = latencies.timeout_s(16)
    for _ in range(LATE_NEEDED):
        latencies.may_have_taken(16, 0.18, 0.05)
    assert not latencies.may_have_taken(16, patience_s(0.18) + 0.05, 0.05)
    for _ in range(TRUSTED):
        assert not latencies.may_have_taken(16, 0.18, 0.05)
        assert latencies.timeout_s(16) == usual_s
        latencies.took(16, 0.02)
    assert latencies.may_have_taken(16, 0.18, 0.05)


def test_what_came_as_soon_as_it_usually_does_was_not_late() -> None:
    """On a line that loses requests it is the answer to the last."""
    latencies = quick()
    usual_s = latencies.timeout_s(16)
    for _ in range(10):
        assert not latencies.may_have_taken(16, 0.18, 0.021)
    assert latencies.timeout_s(16) == usual_s


def test_a_long_read_that_is_slow_as_ever_says_nothing_of_short_ones() -> None:
    latencies = quick()
    for _ in range(SAMPLES // 4):
        latencies.took(40, 0.35)
    assert latencies.timeout_s(16) == pytest.approx(0.11)
