"""Who is asked in a slot, and in which order; the turns follow what the meters are known to need."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from wattline.bus.member import Member
from wattline.bus.turns import Load, LoadsAt, Turns, kept_free_s, room_s, take_shorter_turns, takes_what_is_left
from wattline.clock import NS, Slot
from wattline.log import LOG, state

# What the meters need changes while it is learnt; the turns follow it this often.
TURNS_S = 10.0
# Turns are made shorter at once if they would do for so much more too, else when they would have done for so long: so
# that they do not go to and fro. Those that were taken while something was tried, or was presumed, were for that time,
# and are made shorter at once when it is over.
SURE_SHARE = 1.05
SURE_S = 60.0


class Rota:
    """The turns of the meters on one bus.

    Args:
        port_name: for the log.
        members: the meters, in the order in which the user named them.
        interval_s: seconds from slot to slot.
    """

    def __init__(self, port_name: str, members: Sequence[Member], interval_s: float) -> None:
        self._port_name = port_name
        self._members = members
        self._interval_s = interval_s
        self._state = state(f"{port_name}: turns")
        self._turns = Turns(1, (0,) * len(members))
        self._followed_s: float | None = None
        self._would_do_since_s: float | None = None
        self._are_for_now = False
        self._away: list[bool] = []
        self._in_parts: set[str] = set()
        self._not_all: set[str] = set()
        self._is_told = True

    @property
    def round_s(self) -> float:
        """Seconds after which it is everybody's turn again."""
        return float(self._turns.slots * self._interval_s)

    def round_number(self, slot: Slot) -> int:
        """The number of the round that ``slot`` belongs to."""
        return self._number(slot) // self._turns.slots

    def whose_turn(self, slot: Slot) -> list[Member]:
        """Who is read in ``slot``, in order; of those who are away one at most, the one that has waited longest."""
        self._follow(slot)
        there = [member for index, member in enumerate(self._members) if self._is_there(member, index, slot)]
        away = [member for member in self._members if member.rest.is_away]
        # Nobody suffers from a question where nobody answers.
        is_dead = len(away) == len(self._members)
        knocks = [member for member in away if is_dead or member.rest.is_over(slot.began_s)]
        asked = there + sorted(knocks, key=lambda member: member.rest.until_s)[:1]
        return sorted(asked, key=_order(slot))

    def _is_there(self, member: Member, index: int, slot: Slot) -> bool:
        if member.rest.is_away or not member.is_due(slot):
            return False
        return bool(member.meter.interval_s) or self._turns.has_turn(index, self._number(slot))

    def _number(self, slot: Slot) -> int:
        return int(slot.time_ns // NS // self._interval_s)

    def _follow(self, slot: Slot) -> None:
        """Let the turns follow what the meters need; at once when one has gone or come back."""
        away = [member.rest.is_away for member in self._members]
        is_first = self._followed_s is None
        if self._followed_s is not None and slot.began_s - self._followed_s < TURNS_S and away == self._away:
            return
        self._followed_s, self._away = slot.began_s, away
        before = self._turns
        is_new = self._take_turns(slot)
        loads = self._limit_slow_reads(slot)
        self._tell_who_is_too_slow(loads, is_first=is_first)
        is_longer = is_new and (self._turns.slots > before.slots or (is_first and self._turns.slots > 1))
        self._tell_turns(
            self._shares(loads), is_longer=is_longer, is_shorter=is_new and self._turns.slots < before.slots
        )

    def _take_turns(self, slot: Slot) -> bool:
        """Whether new turns were taken: those that there were do not do any more, or shorter ones will do."""

        def shares_at(longest_slow_s: float) -> list[Load]:
            return self._shares([member.load(slot, longest_slow_s) for member in self._members])

        turns = take_shorter_turns(shares_at, self._interval_s)
        shares = shares_at(math.inf)
        is_for_now = any(share.trial_s or not share.is_measured for share in shares)
        do_still = self._turns.hold(shares_at(self._longest_slow_s(shares)), self._interval_s)
        were_for_now = self._are_for_now and not is_for_now and turns.slots < self._turns.slots
        self._are_for_now &= is_for_now
        if do_still and not were_for_now and not self._is_shorter_for_long(slot, shares_at, turns):
            return False
        self._turns, self._would_do_since_s, self._are_for_now = turns, None, is_for_now
        for member in self._members:
            member.round_s = float(member.meter.interval_s or self.round_s)
        return True

    def _limit_slow_reads(self, slot: Slot) -> list[Load]:
        """Let no slow read be longer than the turns have room for; what the meters need then."""
        longest_s = self._longest_slow_s(self._shares([member.load(slot, math.inf) for member in self._members]))
        for member in self._members:
            member.limit_slow_reads(longest_s)
        return [member.load(slot, longest_s) for member in self._members]

    def _longest_slow_s(self, shares: Sequence[Load]) -> float:
        return self._turns.longest_slow_s(shares, self._interval_s)

    def _shares(self, loads: Sequence[Load]) -> list[Load]:
        """What the meters take of the slots; one that has an interval of its own takes what the others leave."""
        return [
            takes_what_is_left(load, self._interval_s, member.meter.interval_s or self._interval_s)
            for load, member in zip(loads, self._members, strict=True)
        ]

    def _is_shorter_for_long(self, slot: Slot, shares_at: LoadsAt, turns: Turns) -> bool:
        """Whether ``turns`` are shorter than those that are taken, and will be so."""

        def more_at(longest_slow_s: float) -> list[Load]:
            return [replace(share, fast_s=SURE_SHARE * share.fast_s) for share in shares_at(longest_slow_s)]

        is_sure = take_shorter_turns(more_at, self._interval_s).slots < self._turns.slots
        return is_sure or self._would_have_done(slot, is_shorter=turns.slots < self._turns.slots)

    def _tell_turns(self, shares: Sequence[Load], *, is_longer: bool, is_shorter: bool) -> None:
        """Say how often each meter is read when that has changed; and why, as soon as that is known for good."""
        is_new = any(share.trial_s for share in shares)
        if is_longer and is_new:
            sentence = "%s: While it is tried what the meters answer, each is read every %.0f s."
            LOG.info(sentence, self._port_name, self.round_s, extra=self._state)
            self._is_told = False
        elif self._turns.slots > 1 and (is_longer or not (self._is_told or is_new)):
            self._is_told = True
            self._tell(shares)
        elif is_shorter:
            sentence = "%s: All meters need less now; each is read every %.0f s."
            LOG.info(sentence, self._port_name, self.round_s, extra=self._state)

    def _would_have_done(self, slot: Slot, *, is_shorter: bool) -> bool:
        """Whether shorter turns would have done for long enough."""
        if not is_shorter:
            self._would_do_since_s = None
        elif self._would_do_since_s is None:
            self._would_do_since_s = slot.began_s
        return self._would_do_since_s is not None and slot.began_s - self._would_do_since_s >= SURE_S

    def _tell_who_is_too_slow(self, loads: Sequence[Load], *, is_first: bool) -> None:
        """Say at the start who needs more than a slot, and later who turns out to, once all is learnt."""
        for load, member in zip(loads, self._members, strict=True):
            name, slow_s = member.meter.name, max(load.slow_s, default=0.0)
            if name in self._in_parts or (load.trial_s and not is_first):
                continue
            if load.fast_s > room_s(self._interval_s):
                self._in_parts.add(name)
                LOG.warning(
                    "%s: One sweep of %s takes %.2f s: too much for the %.2f s of %.0f s that may be filled, so it is read "
                    "in parts, one after another.",
                    self._port_name,
                    name,
                    load.fast_s,
                    room_s(self._interval_s),
                    self._interval_s,
                )
            elif load.fast_s + slow_s + load.slow_spare_s > room_s(self._interval_s) and name not in self._not_all:
                self._not_all.add(name)
                self._tell_what_is_too_long(name, load.fast_s, slow_s + load.slow_spare_s)

    def _tell_what_is_too_long(self, name: str, fast_s: float, slow_s: float) -> None:
        """Say that a slow read of a meter leaves too little of a second: for what moves of it, or where nothing does, for others."""
        takes = f"One sweep of {name} takes {fast_s:.2f} s, and a slow read of it with the patience for it {slow_s:.2f} s more"
        LOG.warning(
            "%s: %s for the %.2f s of %.0f s that may be filled, so in a second with a slow read not all else is read.",
            self._port_name,
            f"{takes}: too much together"
            if fast_s
            else f"A slow read of {name} takes {slow_s:.2f} s with the patience for it: too much",
            room_s(self._interval_s),
            self._interval_s,
        )

    def _tell(self, shares: Sequence[Load]) -> None:
        LOG.warning(
            "%s: One sweep of all meters takes %.2f s (%s), and %.2f s are kept for slow reads and lost replies: "
            "too much for the %.2f s of %.0f s that may be filled, so each meter is read every %.0f s.",
            self._port_name,
            sum(share.cost_s for share in shares),
            ", ".join(
                f"{member.meter.name} {share.cost_s:.2f} s" for member, share in zip(self._members, shares, strict=True)
            ),
            kept_free_s(shares, self._interval_s),
            room_s(self._interval_s),
            self._interval_s,
            self.round_s,
            extra=self._state,
        )


def _order(slot: Slot) -> Callable[[Member], tuple[int, bool, bool, bool, float]]:
    """Who is asked first.

    Whoever the port has passed over most often; then those whom others do not come before; those who are there, or went
    without the last time; of these who went without; and of meters with intervals of their own who waits longest.
    """
    return lambda member: (
        -member.passed_over,
        member.is_last(slot),
        member.rest.is_away and not member.went_without,
        not member.went_without,
        member.waits_since_s(slot),
    )
