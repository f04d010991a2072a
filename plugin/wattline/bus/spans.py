"""Which spans a meter answers: those that are proven from the start, wider ones once they have agreed with them.

Every request that is saved is bus time for another meter, and the widest span saves most. Whether a meter answers over
registers that its maker does not document has to be tried: a refusal, a disagreement, or silence that repeats drops a
span for good, and what is left is planned anew without it. So the plan grows no wider than the meter, and a meter that
allows nothing keeps its proven reads.

What was known and is not answered any more is withdrawn (``failures.py``): it may be tried again, and be known again. Of
what the meter has answered once, nothing is dropped for good, since it may have had a bad minute.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable

from wattline.bus.settings import LONGEST_READ, LineSettings
from wattline.meters import Block, Model
from wattline.plan import TYPICAL_TURNAROUND_S, Cost, Read, Span, is_slow, known_reads, proven_spans, wanted_reads

AGREEMENTS_NEEDED = 3
# Any line loses a reply now and then; the second silence in a row is the meter's.
SILENCES_ALLOWED = 2
# Replies that were torn or garbled say little of the meter, unless nothing else comes of the span.
FAILURES_ALLOWED = 8
# The measured turnaround is compared in such steps, so that plans do not change with every read.
TURNAROUND_STEP_S = 0.005
# How long a span waits that could not be judged, as at night when most of its registers are zero; twice as long each time.
POSTPONED_S = 4.0
LONGEST_POSTPONED_S = 600.0
# How long a span is left alone that fails, though the meter has answered it once.
FORGIVEN_S = 600.0
# The same few plans are asked for in every slot; on a bad line there are ever others, for whatever is missing.
PLANS_KEPT = 32


class Spans:
    """What is known about the spans of one meter.

    Args:
        model: the table.
        parts: what is read at once from the start.
        settings: the speed of the line.
        widens: whether spans are tried that are wider than the proven ones.

    Attributes:
        known: spans that the meter answers; a span within one of them is as good.
        turnaround_s: from a request's end to the reply's begin, by which reads are compared.
        most_slow: how many registers a read of several slow parts may have: what the other meters leave room for.
    """

    def __init__(self, model: Model, parts: Iterable[Block], settings: LineSettings, *, widens: bool = True) -> None:
        self.known = proven_spans(model)
        self._model = model
        self._parts = tuple(parts)
        self._left_alone: set[Block] = set()
        self._split_by_pace()
        self._settings = settings
        self.turnaround_s = TYPICAL_TURNAROUND_S
        self.most_slow = LONGEST_READ
        self._widens = widens
        self._is_anything_withdrawn = False
        self._answered: set[Span] = set()
        # Until when each is not tried.
        self._failed: dict[Span, float] = {}
        self._dropped: set[Span] = set()
        self._agreements: Counter[Span] = Counter()
        self._silences: Counter[Span] = Counter()
        self._failures: Counter[Span] = Counter()
        # Until when each waits that could not be judged, and how long it waits the next time.
        self._postponed_s: dict[Span, float] = {}
        self._pause_s: dict[Span, float] = {}
        self._plans: dict[tuple[Cost, int, tuple[Block, ...]], list[Read]] = {}
        self._wanted: dict[tuple[Cost, int, tuple[Block, ...]], list[Read]] = {}

    def reads(self, parts: Iterable[Block], is_free: Callable[[Span], bool] = lambda _span: True) -> list[Read]:
        """The cheapest reads of ``parts`` by known spans that are free to be asked for."""
        parts = tuple(parts)
        plan = self._plan(parts, self._most(parts))
        if all(is_free(read.span) for read in plan if len(read.parts) > 1):
            return plan
        return known_reads(parts, self.known, self._cost(parts), is_free, self._most(parts))

    def is_known(self, span: Span) -> bool:
        """Whether the meter answers ``span``."""
        return any(other.holds(span.first, span.end) for other in self.known)

    def fast_reads(self) -> list[Read]:
        """The reads by which all fast parts are read."""
        return self.reads(self._fast)

    def slow_reads(self, most: int | None = None) -> list[Read]:
        """The reads by which all slow parts are read; or would be, if those of several might have ``most`` registers."""
        return self._plan(self._slow, self.most_slow if most is None else most)

    def wanted(self, now_s: float) -> list[Read]:
        """Wider reads that are worth a trial now, the most useful first: fast parts, slow parts, both at once."""
        if not self._widens and not self._is_anything_withdrawn:
            return []
        self._forgive(now_s)
        return [read for read in self._all_wanted() if self._postponed_s.get(read.span, 0.0) <= now_s]

    @property
    def is_settled(self) -> bool:
        """Whether nothing is left that is worth a trial, be it later."""
        return not self._all_wanted()

    @property
    def requests(self) -> int:
        """How many reads of known spans carry all that the meter measures."""
        return len(self.fast_reads()) + len(self.slow_reads())

    def saved_s(self, read: Read) -> float:
        """Seconds that ``read`` would save over the reads by which its parts are known."""
        cost = self._cost(read.parts)
        return sum(cost.read_s(known.span) for known in self.reads(read.parts)) - cost.read_s(read.span)

    def agreed(self, span: Span) -> bool:
        """A trial of ``span`` agreed with the proven reads; whether it is known from now on."""
        self._silences[span] = self._failures[span] = 0
        self._agreements[span] += 1
        if self._agreements[span] < AGREEMENTS_NEEDED:
            return False
        self.known.append(span)
        self._forget_plans()
        return True

    def silent(self, span: Span, now_s: float) -> bool:
        """Nothing came of a trial of ``span``, not even late; whether it is dropped for that."""
        self._silences[span] += 1
        return self._silences[span] >= SILENCES_ALLOWED and self.drop(span, now_s)

    def failed(self, span: Span, now_s: float) -> bool:
        """What came of a trial of ``span`` was no sound reply; whether it is dropped for that."""
        self._failures[span] += 1
        return self._failures[span] >= FAILURES_ALLOWED and self.drop(span, now_s)

    def postpone(self, span: Span, now_s: float) -> None:
        """``span`` cannot be judged now."""
        pause_s = self._pause_s.get(span, POSTPONED_S)
        self._postponed_s[span] = now_s + pause_s
        self._pause_s[span] = min(2 * pause_s, LONGEST_POSTPONED_S)

    def drop(self, span: Span, now_s: float) -> bool:
        """Do not ask for ``span`` again, nor for what holds it; whether it had not been dropped before."""
        is_new, was_answered = span not in self._dropped, any(o.holds(span.first, span.end) for o in self._answered)
        self._dropped.add(span)
        self._failed[span] = now_s + FORGIVEN_S if was_answered else math.inf
        self._forget(span)
        return is_new

    def answered(self, span: Span) -> None:
        """``span``, which is known, was answered."""
        self._answered.add(span)

    def withdraw(self, span: Span) -> None:
        """``span`` is not known any more, nor is what holds it; each may be tried again."""
        self._is_anything_withdrawn = True
        self._forget(span)

    def cut(self, part: Block, pieces: Iterable[Block]) -> None:
        """From now on ``pieces`` are asked for in place of ``part``, which they make up."""
        self._parts = tuple(other for other in self._parts if other != part) + tuple(pieces)
        self._split_by_pace()
        self.withdraw(Span(part.address, part.count))

    def leave_alone(self, part: Block, *, is_alone: bool = True) -> None:
        """``part`` is not read for a while, so that nothing is planned for it; or is again."""
        if is_alone == (part in self._left_alone):
            return
        (self._left_alone.add if is_alone else self._left_alone.remove)(part)
        self._split_by_pace()
        self._forget_plans()

    def _plan(self, parts: tuple[Block, ...], most: int) -> list[Read]:
        """The cheapest known reads of ``parts``."""
        key = (self._cost(parts), most, parts)
        if key not in self._plans:
            if len(self._plans) >= PLANS_KEPT:
                self._plans.clear()
            self._plans[key] = known_reads(parts, self.known, key[0], most=most)
        return self._plans[key]

    def _most(self, parts: Iterable[Block]) -> int:
        return LONGEST_READ if any(part in self._fast for part in parts) else self.most_slow

    def _cost(self, parts: Iterable[Block]) -> Cost:
        turnaround_s = TYPICAL_TURNAROUND_S
        # Slow reads are few, but each has to fit into what the fast ones leave of a slot: a slower meter is no reason to
        # make them longer.
        if any(part in self._fast for part in parts):
            turnaround_s = round(self.turnaround_s / TURNAROUND_STEP_S) * TURNAROUND_STEP_S
        return Cost(self._settings, turnaround_s + self._model.pause_ms / 1000)

    def _split_by_pace(self) -> None:
        parts = [part for part in self._parts if part not in self._left_alone]
        self._slow = tuple(part for part in parts if is_slow(self._model, part))
        self._fast = tuple(part for part in parts if part not in self._slow)

    def _forget(self, span: Span) -> None:
        self._agreements[span] = self._silences[span] = self._failures[span] = 0
        self.known = [other for other in self.known if not other.holds(span.first, span.end)]
        self._forget_plans()

    def _forgive(self, now_s: float) -> None:
        forgiven = [span for span, until_s in self._failed.items() if until_s <= now_s]
        for span in forgiven:
            del self._failed[span]
        if forgiven:
            self._forget_plans()

    def _forget_plans(self) -> None:
        self._plans.clear()
        self._wanted.clear()

    def _all_wanted(self) -> list[Read]:
        both = [read for read in self._wanted_of(self._fast + self._slow) if self._is_of_both(read)]
        return list(dict.fromkeys([*self._wanted_of(self._fast), *self._wanted_of(self._slow), *both]))

    def _is_of_both(self, read: Read) -> bool:
        return len({part in self._fast for part in read.parts}) > 1

    def _wanted_of(self, parts: tuple[Block, ...]) -> list[Read]:
        key = (self._cost(parts), self._most(parts), parts)
        if key not in self._wanted:
            if len(self._wanted) >= PLANS_KEPT:
                self._wanted.clear()
            reads = self._widest_reads(parts, key[0], key[1])
            self._wanted[key] = [read for read in reads if len(read.parts) > 1 and not self.is_known(read.span)]
        return self._wanted[key]

    def _widest_reads(self, parts: tuple[Block, ...], cost: Cost, most: int) -> list[Read]:
        if self._widens:
            return wanted_reads(self._model, parts, self._failed, self.known, cost, most=most)

        def is_free(span: Span) -> bool:
            return not any(span.holds(failed.first, failed.end) for failed in self._failed)

        return known_reads(parts, proven_spans(self._model), cost, is_free, most)
