"""What a meter fails to answer sweep after sweep, while it answers other questions, is asked for in smaller pieces.

Some variants of a model take no read as long as its table says, and some lack a register that it has. So a span that
serves several parts is given up for its parts, a part is cut in two, and what is left at last is left alone: one row
that is refused on its own, or never answered. Halves are soon down to it, and leave the rest in few reads. On a bad line all this may
happen to a meter that lacks nothing; so what was cut is tried again, as any wider span (``learning.py``).
"""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from enum import Enum, auto
from logging import DEBUG, WARNING
from typing import NamedTuple

from wattline.bus.losses import Losses
from wattline.bus.parts import Parts
from wattline.bus.spans import Spans
from wattline.errors import EqualReplyError, NoReplyError, NotAskedError, ReadError, RefusedError
from wattline.log import LOG
from wattline.meters import Block
from wattline.plan import Span, in_a_sentence

# When the failures in a row weigh so much, something follows from them.
ENOUGH = 8
# That the meter refuses this and answers other questions of the same sweep: three times are enough.
REFUSED_WEIGHS = 3
# A broken reply, a refusal that may be of an earlier question, one while everything is refused; and silence, where it may
# be chance, or patience that is wanting.
FAILED_WEIGHS = 1
# Silence while the meter answers shorter reads is no chance when so much would be rarer than this, on a line that loses
# what it has lost lately; but no less and no more than so much.
BY_CHANCE = 0.0002
LOST_AT_LEAST, LOST_AT_MOST = 0.05, 0.5
# Of a row alone that is not refused; asked twice a sweep, a line that loses one in three never loses so many by chance.
ENOUGH_OF_A_ROW = 16
LEFT_ALONE_S = 600.0
ROUNDING = 1e-6


class _Kind(Enum):
    NOT_ASKED = auto()
    SILENT = auto()
    BROKEN = auto()
    REFUSED = auto()
    # Or an earlier question was.
    PERHAPS_REFUSED = auto()


_REFUSALS = (_Kind.REFUSED, _Kind.PERHAPS_REFUSED)


class _Failure(NamedTuple):
    """The error itself is not kept: it would keep all that was under way when it was raised."""

    kind: _Kind
    sentence: str


class Failures:
    """The failures of one meter.

    Args:
        name: the meter's, for the log.
        parts: what is read of it.
        spans: what is known about its spans.

    Attributes:
        cut_s: when anything was given up last, by the clock of ``end``.
        in_question: the addresses of what the meter was asked for in vain, though it was there, or that is newly cut; until
            it is answered.
        losses: what the line loses by chance.
    """

    def __init__(self, name: str, parts: Parts, spans: Spans) -> None:
        self.cut_s = float("-inf")
        self.in_question: set[int] = set()
        self.losses = Losses()
        self._name = name
        self._parts = parts
        self._spans = spans
        self._failed: dict[Span, _Failure] = {}
        self._weight: defaultdict[Span, float] = defaultdict(float)
        self._in_vain: Counter[Span] = Counter()
        self._until_s: dict[Span, float] = {}

    def begin(self) -> None:
        """A sweep begins."""
        self._failed.clear()

    def failed(self, span: Span, error: ReadError) -> None:
        """``span``, which the meter is known to answer, was not answered."""
        # Two values that come to rest together are no trouble.
        LOG.log(DEBUG if isinstance(error, EqualReplyError) else WARNING, "%s: %s", self._name, error)
        self._in_vain[span] += isinstance(error, NoReplyError)
        self._failed[span] = _Failure(_kind_of(error), str(error))

    def answered(self, span: Span) -> None:
        """``span`` was answered."""
        self._failed.pop(span, None)
        self._weight.pop(span, None)
        self.losses.answered(self._in_vain.pop(span, 0))
        self._spans.answered(span)
        self.in_question -= {part.address for part in self._parts.within(span)}
        if self._until_s.pop(span, None) is not None:
            (part,) = self._parts.within(span)
            LOG.info("%s: %s is answered again.", self._name, self._parts.fields(part)[0])

    def allow(self, span: Span) -> bool:
        """Whether ``span``, which serves several parts, may be asked for in this sweep.

        What was silent may be so for longer, and what was refused may be for any of its registers.
        """
        return not any(
            failed == span
            if failure.kind is _Kind.SILENT
            else failure.kind in _REFUSALS and failed.first < span.end and span.first < failed.end
            for failed, failure in self._failed.items()
        )

    def end(self, now_s: float, *, has_replied: bool, longest_late: int = 0) -> None:
        """A sweep is over.

        Args:
            now_s: when it began.
            has_replied: whether the meter answered anything in it.
            longest_late: how many registers the longest reply had that came too late; 0 when none did.
        """
        for span, failure in self._failed.items():
            parts = self._parts.within(span)
            is_one_row = len(parts) == 1 and not self._parts.halves(parts[0])
            weight: float = _weight(failure.kind, has_replied=has_replied, is_one_row=is_one_row)
            is_late = longest_late >= span.count
            if weight and failure.kind is _Kind.SILENT and not is_one_row and not is_late:
                weight = ENOUGH / self._sweeps_needed
            self._weight[span] += weight
            if is_late or not has_replied:
                # It was impatience that lost it, or the meter was away: not the line.
                self._in_vain.pop(span, None)
            if is_one_row:
                # Nothing follows from asking for it sooner.
                self.in_question.discard(span.first)
            elif weight:
                self.in_question |= {part.address for part in parts}
            is_silent_row = is_one_row and failure.kind not in _REFUSALS
            if self._weight[span] < (ENOUGH_OF_A_ROW if is_silent_row else ENOUGH) - ROUNDING:
                continue
            if is_one_row:
                self._leave_alone(span, parts[0], failure.sentence, now_s)
            else:
                self._give_up(span, parts, failure.sentence)
                self.cut_s = now_s

    @property
    def _sweeps_needed(self) -> int:
        """After so many sweeps in a row in which only one span was silent, that is no chance."""
        share = min(max(self.losses.share, LOST_AT_LEAST), LOST_AT_MOST)
        return min(ENOUGH, math.ceil(math.log(BY_CHANCE) / math.log(share)))

    def can_be_read(self, now_s: float) -> list[Block]:
        """The parts that are not left alone now; of those whose time is over, the reads are planned again."""
        parts = []
        for part in self._parts.values():
            until_s = self._until_s.get(Span(part.address, part.count))
            if until_s is None or now_s >= until_s:
                parts.append(part)
                self._spans.leave_alone(part, is_alone=False)
        return parts

    def _give_up(self, span: Span, parts: Sequence[Block], sentence: str) -> None:
        del self._weight[span]
        self._in_vain.pop(span, None)
        if len(parts) > 1:
            self._spans.withdraw(span)
            LOG.info("%s: %s are not read at once any more: %s", self._name, span, sentence)
            return
        pieces = self._parts.cut(parts[0])
        self._spans.cut(parts[0], pieces)
        self.in_question |= {piece.address for piece in pieces}
        one, other = (Span(piece.address, piece.count) for piece in pieces)
        LOG.info("%s: %s and %s are read apart from now on: %s", self._name, one, in_a_sentence(other), sentence)

    def _leave_alone(self, span: Span, part: Block, sentence: str, now_s: float) -> None:
        is_new = span not in self._until_s
        self._until_s[span] = now_s + LEFT_ALONE_S
        self._spans.leave_alone(part)
        if is_new:
            LOG.warning(
                "%s: %s is not given by the meter, which answers other values, and left out; it is asked for again "
                "every %.0f minutes. %s",
                self._name,
                self._parts.fields(part)[0],
                LEFT_ALONE_S / 60,
                sentence,
            )


def _kind_of(error: ReadError) -> _Kind:
    match error:
        case NotAskedError():
            return _Kind.NOT_ASKED
        case NoReplyError():
            return _Kind.SILENT
        case RefusedError(is_lasting=True):
            return _Kind.PERHAPS_REFUSED if error.is_doubtful else _Kind.REFUSED
        case _:
            return _Kind.BROKEN


def _weight(kind: _Kind, *, has_replied: bool, is_one_row: bool) -> int:
    if kind is _Kind.NOT_ASKED or not (has_replied or kind in _REFUSALS):
        # That nothing at all is answered tells nothing of how it was asked.
        return 0
    if is_one_row and not has_replied:
        # No smaller piece could do better. A meter that is starting up may refuse everything, and is asked on.
        return 0
    return REFUSED_WEIGHS if has_replied and kind is _Kind.REFUSED else FAILED_WEIGHS
