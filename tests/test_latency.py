"""How long a meter is waited for.

| fault                                                | test                                                  |
|------------------------------------------------------|-------------------------------------------------------|
| a few replies decide                                 | test_nothing_is_learnt_from_a_few_replies             |
| one late reply makes the reader wait for all         | test_single_late_replies_change_nothing               |
| a meter that has become slower is not waited for until half a minute later | test_two_late_replies_in_a_row_are_no_accident |
| ... or is waited for as long when it is quick again | the same |
| the timeout is too near the usual time, or too far   | test_the_timeout_is_three_times_the_median_and_50_ms  |
| it is nothing, or hours                              | test_the_timeout_has_bounds                           |
| what was long ago counts for ever                    | test_what_was_long_ago_is_forgotten                   |
| what the user said is learnt away                    | test_what_the_user_says_holds                         |
"""

import pytest

from wattline.bus.latency import (
    FIRST_TIMEOUT_S,
    LONGEST_TIMEOUT_S,
    SAMPLES,
    SAMPLES_NEEDED,
    SHORTEST_TIMEOUT_S,
    Latency,
)
from wattline.plan import TYPICAL_TURNAROUND_S


def after(turnarounds_s, timeout_s=None) -> Latency:
    latency = Latency(timeout_s)
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
    latency = after([0.05] * SAMPLES, timeout_s=0.7)
    assert latency.timeout_s == 0.7
    assert latency.typical_s == 0.05
