"""What is asked of one meter in one slot: perhaps in two helpings, what moves and, after the others' turn, what can wait."""

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from wattline.bus.health import Tally
from wattline.bus.knock import Knock
from wattline.bus.reader import SILENCES, Reader
from wattline.bus.window import Least
from wattline.clock import Slot
from wattline.meters import Block
from wattline.plan import SLOW_S, Read

# What was not believed is asked for once more.
ROUNDS = 2
# What was not asked for so long, has been left to the last for too long.
UNASKED_S = SLOW_S


class Conclusion(NamedTuple):
    """What came of a sweep.

    Attributes:
        was_heard: whether anything came from the meter; None when nobody asked it, or too late.
        was_late: whether nothing came but late replies.
        has_replied: whether anything was answered in time.
        was_in_doubt: whether there was time, and still nothing was asked, since no answer could have been told from late ones.
    """

    was_heard: bool | None
    was_late: bool
    has_replied: bool
    was_in_doubt: bool


class Sweep:
    """The questions of one slot to one meter.

    Args:
        reader: how it is read.
        knock: finds out whether a silent meter is there.
        slot: the slot.
        before: what had come of the meter before it began.
        can_wait: tells what moves from what can wait.
        given_s: address of a part to when it was given last: what was longest ago comes first.
        asked_s: address of a part to when it was asked for last.
        is_expected: whether an answer is expected; if not, one question is put first, and no more if it was in vain.
        least: what has to be left for the reply to its first question to begin in.

    Attributes:
        parts: what was to be read.
        unasked: the addresses of those that were not asked for.
        lacked_time: the addresses of those for which there was too little time.
        is_silent: whether nothing comes from the meter, so that no more is asked of it.
    """

    def __init__(
        self,
        reader: Reader,
        knock: Knock,
        slot: Slot,
        before: Tally,
        *,
        can_wait: Callable[[Block], bool],
        given_s: Mapping[int, float],
        asked_s: Mapping[int, float],
        is_expected: bool,
        least: Least,
    ) -> None:
        self.parts: list[Block] = []
        self.unasked: set[int] = set()
        self.lacked_time: set[int] = set()
        self.is_silent = False
        self._reader = reader
        self._asking = reader.asking
        self._knock = knock
        self._slot = slot
        self._can_wait = can_wait
        self._given_s = given_s
        self._asked_s = asked_s
        self._is_expected = is_expected
        self._least = least
        self._in_doubt: set[int] = set()
        self._has_time = self._is_broken = self._has_begun = False
        self._before = before

    def read(self, parts: Sequence[Block], listen_until_s: float, first: Collection[int] = ()) -> None:
        """Read ``parts``; those that were not believed once more, if time is left.

        Args:
            parts: what is due.
            listen_until_s: how long a late reply may be listened for, so that other meters have their share of the slot.
            first: the addresses of parts that are read before all others; what moves unless given.

        Raises:
            PortError: the port was lost.
            Stopped: the process was asked to end.
        """
        # The first helping is empty where nothing of the meter moves, and tells nothing of it.
        is_begin = bool(parts) and not self.parts
        self.parts += parts
        self.unasked |= {part.address for part in parts}
        self._reader.expect(parts)
        self._has_time |= self._has_time_for(parts)
        # Until it is over: a port that breaks off tells nothing of the meter.
        self._is_broken = True
        if is_begin:
            is_heard = self._ask_first(parts, first)
            self.is_silent = not (is_heard or self._is_expected)
        for number in range(ROUNDS):
            for read in self._in_order(parts, first):
                if self.is_silent or self._has_fallen_silent(listen_until_s):
                    break
                self._read(read, is_again=number > 0)
        self._is_broken = False

    def end(self) -> Conclusion:
        """Nothing more is asked; what came of it."""
        before, now = self._before, self._asking.tally()
        was_asked = self._has_time and now.requests > before.requests
        is_heard = now.heard > before.heard
        self.unasked -= self._reader.decoded.keys()
        return Conclusion(
            # Whom nobody asked for want of time, or only with the last of it, was not silent.
            was_heard=None if self._is_broken else is_heard or (False if was_asked else None),
            was_late=is_heard and now.answers == before.answers,
            has_replied=now.replies > before.replies,
            was_in_doubt=self._has_time and bool(self._in_doubt) and self._in_doubt == {p.address for p in self.parts},
        )

    @property
    def was_asked(self) -> bool:
        """Whether any question was put."""
        return self._asking.tally().requests > self._before.requests

    def _has_time_for(self, parts: Iterable[Block]) -> bool:
        """Whether there is time for an answer."""
        enough_s = self._asking.trial_s(max((part.count for part in parts), default=0))
        return self._asking.left_s(self._slot.deadline_s) >= min(
            enough_s, (self._slot.deadline_s - self._slot.began_s) / 2
        )

    def _ask_first(self, parts: Iterable[Block], first: Collection[int]) -> bool:
        """Knock where it is time for that, or put one question if no answer is expected; whether anything came."""
        if self._knock.is_due(self._slot):
            return self._knock.ask(self._slot)
        heard = self._asking.heard
        for read in self._in_order(parts, first) if not self._is_expected else ():
            if self._ask_somehow(read):
                break
        return self._asking.heard > heard

    def _has_fallen_silent(self, listen_until_s: float) -> bool:
        """Whether nothing came to several questions in a row, nor late: whoever has said nothing at all is left alone then."""
        if self._asking.silences < SILENCES:
            return False
        self._asking.listen(listen_until_s)
        self._reader.take_late_answers(self._slot)
        self.is_silent = self._asking.heard == self._before.heard
        return self.is_silent

    def _in_order(self, parts: Iterable[Block], first: Collection[int]) -> list[Read]:
        """The reads of what was not yet decoded: what moves, then what can wait; what was longest ago, first."""

        def rank(read: Read) -> tuple[bool, bool, bool, float]:
            is_later = not any(part.address in first for part in read.parts)
            given_s = min(self._given_s.get(part.address, -math.inf) for part in read.parts)
            return is_later, all(map(self._can_wait, read.parts)), self._is_left_to_last(read), given_s

        return sorted(self._reader.reads(parts, self._slot), key=rank)

    def _is_left_to_last(self, read: Read) -> bool:
        """Whether it is lost again and again, and waits for what is answered; unless the last of a slot was too little for long.

        What is never asked is never answered, and the latency that keeps it from being asked never put right.
        """
        asked_s = max(self._asked_s.get(part.address, -math.inf) for part in read.parts)
        return self._asking.is_lost(read.span) and self._slot.began_s - asked_s < UNASKED_S

    def _read(self, read: Read, *, is_again: bool) -> None:
        if any(part.address not in self._reader.decoded for part in read.parts) and self._ask_somehow(read):
            self._asking.health.count("retries", is_again)

    def _ask_somehow(self, read: Read) -> bool:
        """Ask for ``read`` if time is left; while all its lengths are in doubt, in two halves. Whether anything was asked."""
        length = self._reader.length_of(read, self._slot)
        if length is not None:
            return self._ask(read, length)
        is_asked = len(read.parts) == 1 and self._reader.ask_halves(read.parts[0], self._slot)
        if is_asked:
            self.unasked.discard(read.parts[0].address)
        else:
            self._in_doubt |= {part.address for part in read.parts}
        return is_asked

    def _ask(self, read: Read, length: int) -> bool:
        """Ask once in ``length`` if time is left; whether it was."""
        addresses = {part.address for part in read.parts}
        # A knock was a question too; but however slow a meter is thought to be, only a read tells that it is quicker.
        is_asked = self._reader.ask(read, length, self._slot, Least.SURE if self._has_begun else self._least)
        self._has_begun |= is_asked
        if is_asked:
            self.unasked -= addresses
        else:
            self.lacked_time |= addresses
        return is_asked
