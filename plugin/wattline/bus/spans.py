"""Which spans a meter answers: those that are proven from the start, wider ones once they have agreed with them.

Every request that is saved is bus time for another meter, and the widest span saves most. Whether a meter answers over
registers that its maker does not document has to be tried: a refusal, a disagreement, or silence that repeats drops a
span for good, and what is left is planned anew without it. So the plan grows no wider than the meter, and a meter that
allows nothing keeps its proven reads.
"""

from collections import Counter
from collections.abc import Callable, Iterable

from wattline.bus.settings import LineSettings
from wattline.meters import Block, Model
from wattline.plan import TYPICAL_TURNAROUND_S, Cost, Read, Span, is_slow, known_reads, proven_spans, wanted_reads

AGREEMENTS_NEEDED = 3
# Any line loses a reply now and then; the second silence in a row is the meter's.
SILENCES_ALLOWED = 2
# Replies that were torn or garbled say little of the meter, unless nothing else comes of the span.
FAILURES_ALLOWED = 8
# So often in a row a span that was learnt may fail while the meter answers others.
LAPSES_ALLOWED = 5
# The measured turnaround is compared in such steps, so that plans do not change with every read.
TURNAROUND_STEP_S = 0.005
# How long a span waits that could not be judged, as at night when most of its registers are zero; twice as long each time.
POSTPONED_S = 4.0
LONGEST_POSTPONED_S = 600.0


class Spans:
    """What is known about the spans of one meter.

    Args:
        model: the table.
        parts: what is read at once from the start.
        settings: the speed of the line.
        widens: whether wider spans are tried at all.

    Attributes:
        known: spans that the meter answers; a span within one of them is as good.
        turnaround_s: from a request's end to the reply's begin, by which reads are compared.
    """

    def __init__(self, model: Model, parts: Iterable[Block], settings: LineSettings, *, widens: bool = True) -> None:
        self.known = proven_spans(model)
        self._model = model
        self._parts = tuple(parts)
        self._slow = tuple(part for part in self._parts if is_slow(model, part))
        self._fast = tuple(part for part in self._parts if part not in self._slow)
        self._settings = settings
        self.turnaround_s = TYPICAL_TURNAROUND_S
        self._widens = widens
        self._failed: set[Span] = set()
        self._agreements: Counter[Span] = Counter()
        self._silences: Counter[Span] = Counter()
        self._failures: Counter[Span] = Counter()
        self._uncertain: Counter[Span] = Counter()
        self._postponed_s: dict[Span, float] = {}
        self._plans: dict[Cost, dict[tuple[Block, ...], list[Read]]] = {}
        self._wanted: dict[Cost, dict[tuple[Block, ...], list[Read]]] = {}

    def reads(self, parts: Iterable[Block], is_free: Callable[[Span], bool] = lambda _span: True) -> list[Read]:
        """The cheapest reads of ``parts`` by known spans that are free to be asked for."""
        parts, cost = tuple(parts), self._cost()
        # The same few plans are asked for in every slot.
        plans = self._plans.setdefault(cost, {})
        if parts not in plans:
            plans[parts] = known_reads(parts, self.known, cost)
        if all(is_free(read.span) for read in plans[parts] if len(read.parts) > 1):
            return plans[parts]
        return known_reads(parts, self.known, cost, is_free)

    def is_known(self, span: Span) -> bool:
        """Whether the meter answers ``span``."""
        return any(other.holds(span.first, span.end) for other in self.known)

    def fast_reads(self) -> list[Read]:
        """The reads by which all fast parts are read."""
        return self.reads(self._fast)

    def slow_reads(self) -> list[Read]:
        """The reads by which all slow parts are read."""
        return self.reads(self._slow)

    def wanted(self, now_s: float) -> list[Read]:
        """Wider reads that are worth a trial now, the most useful first: fast parts, slow parts, both at once."""
        if not self._widens:
            return []
        reads = [read for parts in (self._fast, self._slow, self._parts) for read in self._wanted_of(parts)]
        return [read for read in dict.fromkeys(reads) if self._postponed_s.get(read.span, 0.0) <= now_s]

    def saved_s(self, read: Read) -> float:
        """Seconds that ``read`` would save over the reads by which its parts are known."""
        cost = self._cost()
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

    def silent(self, span: Span) -> bool:
        """Nothing came of a trial of ``span``, not even late; whether it is dropped for that."""
        self._silences[span] += 1
        return self._silences[span] >= SILENCES_ALLOWED and self.drop(span)

    def failed(self, span: Span) -> bool:
        """What came of a trial of ``span`` was no sound reply; whether it is dropped for that."""
        self._failures[span] += 1
        return self._failures[span] >= FAILURES_ALLOWED and self.drop(span)

    def postpone(self, span: Span, now_s: float) -> None:
        """``span`` cannot be judged now."""
        self._uncertain[span] += 1
        self._postponed_s[span] = now_s + min(POSTPONED_S * 2 ** self._uncertain[span], LONGEST_POSTPONED_S)

    def drop(self, span: Span) -> bool:
        """Never ask for ``span`` again, nor for what holds it; whether it had not been dropped before."""
        is_new = span not in self._failed
        self._failed.add(span)
        self.known = [other for other in self.known if not other.holds(span.first, span.end)]
        self._forget_plans()
        return is_new

    def lapsed(self, span: Span) -> bool:
        """A known span was not answered where the meter answered others; whether it is dropped for that."""
        if any(other.holds(span.first, span.end) for other in proven_spans(self._model)):
            return False
        self._failures[span] += 1
        return self._failures[span] >= LAPSES_ALLOWED and self.drop(span)

    def kept(self, span: Span) -> None:
        """A known span was answered."""
        self._failures[span] = 0

    def _cost(self) -> Cost:
        turnaround_s = round(self.turnaround_s / TURNAROUND_STEP_S) * TURNAROUND_STEP_S
        return Cost(self._settings, turnaround_s + self._model.pause_ms / 1000)

    def _forget_plans(self) -> None:
        self._plans.clear()
        self._wanted.clear()

    def _wanted_of(self, parts: tuple[Block, ...]) -> list[Read]:
        cost = self._cost()
        wanted = self._wanted.setdefault(cost, {})
        if parts not in wanted:
            reads = wanted_reads(self._model, parts, self._failed, self.known, cost)
            wanted[parts] = [read for read in reads if len(read.parts) > 1 and not self.is_known(read.span)]
        return wanted[parts]
