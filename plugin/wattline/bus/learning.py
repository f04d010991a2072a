"""What is learnt about one meter in the time that a slot has left: its identity, longer lengths, wider spans.

A wide span is tried between two proven reads of each part: the last before it, and the next after it. A part that moves
slowly, or that has no room in this slot, may have been read some slots ago, and is read again later. Several spans may
wait for the reads behind them, but no two that share a part.
"""

import math
from collections.abc import Callable, Mapping, Set
from enum import Flag, auto

from wattline.bus.asking import Asking
from wattline.bus.lengths import Lengths
from wattline.bus.spans import Spans
from wattline.bus.suspicion import Question
from wattline.bus.trial import Outcome, Trial
from wattline.bus.window import Window
from wattline.clock import Slot
from wattline.errors import NoReplyError, NotAskedError, ReadError, RefusedError
from wattline.log import LOG
from wattline.meters import Block
from wattline.plan import Read, Span
from wattline.registers import Decoded
from wattline.words import Meter

IDENTITY_TRIES = 5
# How old a proven read may be for a trial to be held against it, and how long the next one is waited for.
RECENT_S = 30.0


class Trying(Flag):
    """What is tried of a meter beyond the proven reads."""

    NOTHING = 0
    LENGTHS = auto()
    SPANS = auto()
    ALL = LENGTHS | SPANS


class Learning:
    """Learns about one meter.

    Args:
        meter: the meter.
        asking: how it is asked.
        lengths: address of a part to what is known of its lengths.
        spans: what is known of its spans.
        trying: what may be tried.
        read: asks for one part in one length, and keeps what was believed of it.
    """

    def __init__(
        self,
        meter: Meter,
        asking: Asking,
        lengths: Mapping[int, Lengths],
        spans: Spans,
        *,
        trying: Trying,
        read: Callable[[Block, int, Slot], None],
    ) -> None:
        self._meter = meter
        self._asking = asking
        self._lengths = lengths
        self._spans = spans
        self._trying = trying
        self._read = read
        self._under_way: list[Trial] = []
        self._latest: dict[int, tuple[float, Decoded]] = {}
        self._identity_tries = IDENTITY_TRIES if meter.model.identity else 0
        self._requests_at_start = spans.requests
        self._has_tried = self._is_told = False

    def learn(self, slot: Slot, parts: Mapping[int, Block], decoded: Mapping[int, Decoded]) -> None:
        """Use the rest of ``slot``; ``decoded`` is what was read of ``parts`` in it, by address.

        Raises:
            PortError: the port was lost.
            Stopped: the process was asked to end.
        """
        self._check_identity(slot)
        self._latest |= {address: (slot.began_s, said) for address, said in decoded.items()}
        for trial in list(self._under_way):
            # Unless one of its parts was cut meanwhile.
            is_whole = all(parts.get(part.address) == part for part in trial.read.parts)
            if not is_whole or self._is_over(trial, slot):
                self._under_way.remove(trial)
        self.begin_trials(slot)
        self._tell_the_outcome()
        if self._trying & Trying.LENGTHS:
            self._try_lengths(slot, parts, decoded)

    # Spans.

    def trials(self, now_s: float) -> list[Read]:
        """What is worth a trial and can be held against what was said lately, the most useful first."""
        wanted = self._spans.wanted(now_s)
        return [read for read in wanted if len(self._said(read, now_s - RECENT_S)) == len(read.parts)]

    def free_trials(self, now_s: float) -> list[Read]:
        """Those of them that can begin now, since none that shares a part with them waits for the proven reads behind it."""
        busy = {part for trial in self._under_way for part in trial.read.parts}
        return [read for read in self.trials(now_s) if busy.isdisjoint(read.parts)]

    def begin_trials(self, slot: Slot) -> bool:
        """Try wider reads, the most useful first, as long as there is time and something comes; whether any was tried.

        Raises:
            PortError: the port was lost.
            Stopped: the process was asked to end.
        """
        tried: set[Span] = set()
        while trial := self._next_trial(slot, tried):
            read, within = trial
            tried.add(read.span)
            if not self._try_span(read, slot, within):
                break
        return bool(tried)

    def _next_trial(self, slot: Slot, tried: Set[Span]) -> tuple[Read, Window] | None:
        """The wider read to try next, each once a slot, and how long it may take."""
        for read in self.free_trials(slot.began_s):
            question = Question(slot.began_s, read.span.first)
            if read.span in tried or self._asking.doubts(read.span.count, question):
                continue
            within = self._asking.window(slot.deadline_s, read.span.count)
            # Looked at again, since something may have come meanwhile.
            is_free = within and not self._asking.doubts(read.span.count, question)
            return (read, within) if within and is_free else None
        return None

    def _tell_the_outcome(self) -> None:
        """Say once what the trials have come to, so that nobody has to count the lines about each."""
        if self._is_told or self._under_way or not (self._has_tried and self._spans.is_settled):
            return
        self._is_told = True
        now, before = self._spans.requests, self._requests_at_start
        LOG.info(
            "%s: No wider read is left to try; all that it measures takes %s, %s.",
            self._meter.name,
            f"{now} reads" if now > 1 else "1 read",
            f"in place of {before}" if now != before else "as at the start",
        )

    def _said(self, read: Read, since_s: float) -> dict[int, Decoded]:
        """What the parts of ``read`` said last, of those that said something ``since_s`` or later."""
        latest = {part.address: self._latest.get(part.address) for part in read.parts}
        return {address: said[1] for address, said in latest.items() if said and said[0] >= since_s}

    def _apart_s(self, read: Read, slot_s: float) -> float:
        """Between the slot that began at ``slot_s`` and the reads that said last what the parts of ``read`` say, at most."""
        return max(abs(self._latest[part.address][0] - slot_s) for part in read.parts)

    def _try_span(self, read: Read, slot: Slot, within: Window) -> bool:
        """Try ``read``; whether anything came."""
        self._has_tried = True
        before, span = self._said(read, slot.began_s - RECENT_S), read.span
        before_s = self._apart_s(read, slot.began_s)
        try:
            registers = self._asking.ask(span.first, span.count, Question(slot.began_s, span.first), within=within)
        except ReadError as error:
            conclude = self._spans.failed
            if is_lasting(error):
                conclude = self._spans.drop
            elif isinstance(error, NoReplyError):
                conclude = self._spans.silent
            tell_dropped(self._meter.name, conclude(span, slot.began_s), span, str(error))
            return not isinstance(error, NoReplyError | NotAskedError)
        self._under_way.append(Trial(read, registers, slot.began_s, before, before_s))
        return True

    def _is_over(self, trial: Trial, slot: Slot) -> bool:
        """Whether ``trial`` was held against the reads behind it, or they did not come for too long."""
        after = self._said(trial.read, math.nextafter(trial.slot_s, math.inf))
        if len(after) < len(trial.read.parts):
            return slot.began_s - trial.slot_s > RECENT_S
        span = trial.read.span
        match trial.judge(self._meter.model, after, self._apart_s(trial.read, trial.slot_s)):
            case Outcome.AGREES:
                if self._spans.agreed(span):
                    self._widen(span, trial)
            case Outcome.DIFFERS:
                tell_dropped(
                    self._meter.name,
                    self._spans.drop(span, slot.began_s),
                    span,
                    "what it says differs from the proven reads.",
                )
            case Outcome.UNCERTAIN:
                self._spans.postpone(span, slot.began_s)
        return True

    def _widen(self, span: Span, trial: Trial) -> None:
        for part in trial.read.parts:
            self._lengths[part.address].has_room(span.end - part.address)
        LOG.info("%s: %s are read at once from now on.", self._meter.name, span)

    # Lengths.

    def _try_lengths(self, slot: Slot, parts: Mapping[int, Block], decoded: Mapping[int, Decoded]) -> None:
        tried: set[Span] = set()
        while trial := self._next_length(slot, parts, decoded, tried):
            part, length = trial
            tried.add(Span(part.address, length))
            self._read(part, length, slot)
            if self._lengths[part.address].rank(length) > 0:
                # The preferred lengths are wanted at once, the others some time: one a slot, since on a bad line
                # each question more is one more that can go wrong.
                break

    def _next_length(
        self, slot: Slot, parts: Mapping[int, Block], decoded: Mapping[int, Decoded], tried: set[Span]
    ) -> tuple[Block, int] | None:
        """The part and length to try next: the preferred lengths of all parts first, each once a slot."""
        trials = [
            (part, length)
            for address, part in parts.items()
            if address in decoded
            for length in self._lengths[address].untried
            if Span(address, length) not in tried
            and not self._asking.doubts(length, Question(slot.began_s, address))
            and self._asking.time_for(slot.deadline_s, length)
        ]
        return min(trials, key=lambda trial: self._lengths[trial[0].address].rank(trial[1]), default=None)

    # The identity.

    def _check_identity(self, slot: Slot) -> None:
        identity = self._meter.model.identity
        if identity is None or not self._identity_tries or not self._asking.time_for(slot.deadline_s, 1):
            return
        question = Question(slot.began_s, identity.address)
        if self._asking.doubts(1, question):
            return
        self._identity_tries -= 1
        try:
            (found,) = self._asking.ask(identity.address, 1, question, identity.function)
        except ReadError as error:
            LOG.debug("%s: The identity register could not be read: %s", self._meter.name, error)
            if is_lasting(error):
                self._identity_tries = 0
            return
        self._identity_tries = 0
        if found not in identity.expected:
            LOG.warning(
                "%s: Register 0x%04X says 0x%04X where a %s says %s; it is metered all the same, but check the model.",
                self._meter.name,
                identity.address,
                found,
                self._meter.model.title,
                " or ".join(f"0x{value:04X}" for value in identity.expected),
            )


def is_lasting(error: ReadError) -> bool:
    """Whether the meter has refused this very request, and would again."""
    return isinstance(error, RefusedError) and error.is_lasting and not error.is_doubtful


def tell_dropped(name: str, is_dropped: bool, span: Span, reason: str, *, was_used: bool = False) -> None:
    """Say of the meter called ``name`` that ``span`` is given up, if it is."""
    if is_dropped:
        LOG.info("%s: %s are not read at once%s: %s", name, span, " any more" * was_used, reason)
