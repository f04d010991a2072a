"""What a meter fails to answer again and again while it answers other questions, and what follows from that.

A span that serves several parts is given up, and its parts are asked for by narrower ones. A part that is refused on
its own is left alone for a while, since some variants of a model lack a register that its table has.
"""

from collections import Counter

from wattline.bus.learning import is_lasting
from wattline.bus.spans import Spans
from wattline.errors import NoReplyError, ReadError
from wattline.log import LOG
from wattline.meters import Block
from wattline.plan import Span

# So many sweeps in a row.
REFUSALS_NEEDED = 3
LEFT_ALONE_S = 600.0


class Failures:
    """The failures of one meter.

    Args:
        name: the meter's, for the log.
        spans: what is known about its spans.

    Attributes:
        silent: spans that were not answered in this sweep.
    """

    def __init__(self, name: str, spans: Spans) -> None:
        self.silent: set[Span] = set()
        self._name = name
        self._spans = spans
        self._lapsed: dict[Span, ReadError] = {}
        self._refused: dict[int, Block] = {}
        self._in_a_row: Counter[int] = Counter()
        self._until_s: dict[int, float] = {}

    def begin(self) -> None:
        """A sweep begins."""
        self.silent.clear()
        self._lapsed.clear()
        self._refused.clear()

    def of_span(self, span: Span, error: ReadError) -> None:
        """A known span that serves several parts was not answered."""
        LOG.warning("%s: %s", self._name, error)
        if is_lasting(error):
            self.tell_dropped(self._spans.drop(span), span, str(error))
            return
        self._lapsed[span] = error
        if isinstance(error, NoReplyError):
            self.silent.add(span)

    def of_part(self, part: Block, error: ReadError) -> None:
        """``part`` was not answered on its own, in a length that it knows."""
        LOG.warning("%s: %s", self._name, error)
        if is_lasting(error):
            self._refused[part.address] = part

    def answered(self, part: Block) -> None:
        """``part`` was answered."""
        self._refused.pop(part.address, None)
        self._in_a_row.pop(part.address, None)
        if self._until_s.pop(part.address, None) is not None:
            LOG.info("%s: %s are answered again.", self._name, Span(part.address, part.count))

    def end(self, now_s: float) -> None:
        """A sweep that began at ``now_s`` is over, and the meter answered something in it."""
        for span, error in self._lapsed.items():
            self.tell_dropped(self._spans.lapsed(span), span, str(error))
        for part in self._refused.values():
            self._count_refusal(part, now_s)

    def leave_alone(self, part: Block, now_s: float) -> bool:
        """Whether ``part`` is not to be asked for now."""
        return now_s < self._until_s.get(part.address, now_s)

    def tell_dropped(self, is_dropped: bool, span: Span, reason: str) -> None:
        """Say that ``span`` is given up, if it is."""
        if is_dropped:
            LOG.info("%s: %s are not read at once any more: %s", self._name, span, reason)

    def _count_refusal(self, part: Block, now_s: float) -> None:
        span = Span(part.address, part.count)
        self._in_a_row[part.address] += 1
        if self._in_a_row[part.address] < REFUSALS_NEEDED:
            return
        self._until_s[part.address] = now_s + LEFT_ALONE_S
        if self._in_a_row[part.address] == REFUSALS_NEEDED:
            # No wider span that holds it can be answered either.
            self._spans.drop(span)
            LOG.warning(
                "%s: %s are refused by the meter, as some variants lack them; they are tried again every %.0f minutes.",
                self._name,
                span,
                LEFT_ALONE_S / 60,
            )
