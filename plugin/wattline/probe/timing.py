"""When the meter hears and when it speaks: the shortest pause, the turnaround, and how often a value moves."""

import math
import statistics
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from wattline.meters import Block
from wattline.probe.findings import Latency, Pause, Refresh
from wattline.probe.questions import Questions

PAUSES_MS = (0, 5, 10, 15, 20, 30, 40, 50, 60, 80, 100, 120, 150, 200)
TRIES = 20
# One failure may be the line's; a pause fails with the second.
FAILURES_ALLOWED = 1
# What was just enough in twenty tries gets a quarter more for all that follows.
MARGIN = 1.25

READS = 100
CHANGES_WANTED = 12
CHANGES_NEEDED = 3
BINS = 12
_STEPS = (1, 2, 5)


def find_pause(questions: Questions, part: Block, until_s: float) -> tuple[Pause, bool]:
    """The shortest pause at which ``part`` is always answered, by halving, and whether there was time for all of it.

    Leaves ``questions`` with a pause that is safe.
    """
    tried: dict[int, tuple[int, int]] = {}

    def holds(number: int) -> bool:
        requests, failures = _try_pause(questions, part, PAUSES_MS[number] / 1000, until_s)
        tried[PAUSES_MS[number]] = (requests, failures)
        return failures <= FAILURES_ALLOWED and requests >= TRIES

    longest = len(PAUSES_MS) - 1
    shortest = 0 if holds(0) else longest if holds(longest) else None
    low = 0
    while shortest and shortest - low > 1:
        middle = (low + shortest) // 2
        if holds(middle):
            shortest = middle
        else:
            low = middle
    found_ms = None if shortest is None else PAUSES_MS[shortest]
    questions.pause_s = (PAUSES_MS[-1] if found_ms is None else MARGIN * found_ms) / 1000
    return Pause(found_ms, tried), questions.now_s() < until_s


def _try_pause(questions: Questions, part: Block, pause_s: float, until_s: float) -> tuple[int, int]:
    """Requests that followed a reply after ``pause_s``, and how many of them failed."""
    requests = failures = 0
    # What follows a failure is a request after a long silence, and proves nothing of the pause.
    is_fresh = False
    while requests < TRIES * (1 + failures) and failures <= FAILURES_ALLOWED and questions.now_s() < until_s:
        questions.pause_s = pause_s if is_fresh else PAUSES_MS[-1] / 1000
        is_answered = questions.ask(part.address, part.count).is_answered
        requests += is_fresh
        failures += is_fresh and not is_answered
        is_fresh = is_answered
    return requests, failures


def measure_latency(questions: Questions, part: Block, until_s: float) -> Latency:
    """The turnaround of ``READS`` reads of ``part``, or of as many as there are by ``until_s``."""
    turnarounds_ms, requests = [], 0
    while requests < READS and questions.now_s() < until_s:
        requests += 1
        turnaround_s = questions.ask(part.address, part.count).turnaround_s
        if turnaround_s is not None:
            turnarounds_ms.append(1000 * turnaround_s)
    return Latency(part, sorted(turnarounds_ms), requests)


def watch_refresh(questions: Questions, part: Block, until_s: float) -> Refresh:
    """Read ``part`` as often as can be, until it has changed ``CHANGES_WANTED`` times or ``until_s``."""
    began_s = questions.now_s()
    changed_s: list[float] = []
    reads, last = 0, None
    while len(changed_s) < CHANGES_WANTED and questions.now_s() < until_s:
        reply = questions.ask(part.address, part.count)
        if not reply.is_answered:
            continue
        reads += 1
        if last is not None and reply.registers != last:
            changed_s.append(reply.received_s)
        last = reply.registers
    gaps_s = [later - earlier for earlier, later in pairwise(changed_s)]
    # A value that was measured anew and is the same makes a longer gap, so the shorter ones tell; the lowest quarter,
    # since the two registers of one number may be seen to change apart.
    interval_s = statistics.quantiles(gaps_s, n=4)[0] if len(gaps_s) >= CHANGES_NEEDED else None
    return Refresh(part, questions.now_s() - began_s, reads, len(changed_s), interval_s)


def percentile(ascending: Sequence[float], share: float) -> float:
    """The value that ``share`` (0 to 1) of ``ascending``, which is not empty, do not exceed."""
    return ascending[max(0, math.ceil(share * len(ascending)) - 1)]


def histogram(ascending: Sequence[float]) -> list[tuple[float, int]]:
    """(beginning, how many) of bins of equal and round width, at most ``BINS`` of them, from the first value to the last."""
    # Exact, so that no bin begins behind its first value: as floats 136 * 0.1 is more than 13.6.
    values = [Fraction(value) for value in ascending]
    widths = (step * Fraction(10) ** exponent for exponent in range(-1, 5) for step in _STEPS)
    width = next(width for width in widths if values[-1] // width - values[0] // width < BINS)
    counts = dict.fromkeys(range(values[0] // width, values[-1] // width + 1), 0)
    for value in values:
        counts[value // width] += 1
    return [(float(number * width), times) for number, times in counts.items()]
