"""The silence before a request: what the model needs, and what a change of meter has been seen to need.

Some meters miss the first request after another meter was spoken to (volkszaehler/mbmd issue 155, pull request 239);
a fixed pause of 200 ms for each change would cost a bus of five its whole second. So there is none, until requests
after a change were lost and the next one to the same meter was answered, several times within a few changes: any line
loses a request now and then. It grows then, and shrinks again in good times.

A meter that is asked once a slot, since it has not been heard, has no next request by which it could be told to be in
need; so after some silence it is asked after a pause that would do for most.
"""

from collections import deque

FIRST_S = 0.02
LONGEST_S = 0.2
# So many of so many changes have to be lost before it grows.
LOSSES_NEEDED = 3
CHANGES_LOOKED_AT = 5
# After so many changes in a row to which nothing came, so long a pause is tried.
SILENT_CHANGES = 3
TRIED_S = 0.1
# Changes that go well before less is tried; twice as many each time that less was too little.
GOOD_CHANGES = 60
MOST_CHANGES = 3600


class Pause:
    """What one meter needs.

    Args:
        always_s: seconds before every request.
        change_s: seconds on a change of meter, when the user knows them; learnt otherwise.
    """

    def __init__(self, always_s: float = 0.0, change_s: float | None = None) -> None:
        self._always_s = always_s
        self._fixed_s = change_s
        self._learnt_s = 0.0
        self._was_lost = False
        self._silent_changes = 0
        self._losses: deque[bool] = deque(maxlen=CHANGES_LOOKED_AT)
        self._has_shrunk = False
        self._good = 0
        self._good_needed = GOOD_CHANGES

    @property
    def change_s(self) -> float:
        """Seconds on a change of meter."""
        return self._learnt_s if self._fixed_s is None else self._fixed_s

    def before_s(self, *, is_change: bool) -> float:
        """Seconds of silence before a request, after another meter or after the same one."""
        if not is_change:
            return self._always_s
        is_tried = self._silent_changes >= SILENT_CHANGES and self._fixed_s is None
        return max(self._always_s, self.change_s, TRIED_S if is_tried else 0.0)

    def unanswered(self, *, is_change: bool, is_known: bool = True) -> None:
        """A request was not answered. Only when a later one is, it may have been for want of a pause.

        Args:
            is_change: whether another meter was spoken to before.
            is_known: whether the very same was answered lately; what never is, fails for another reason.
        """
        self._was_lost = self._was_lost or (is_change and is_known)
        self._silent_changes += is_change

    def answered(self, *, is_change: bool, is_its_own: bool = True) -> None:
        """A request was answered.

        Args:
            is_change: whether another meter was spoken to before.
            is_its_own: whether the answer is known not to be that to the lost one, come late: else nothing was lost.
        """
        if not is_its_own:
            pass
        elif is_change:
            self._went_well()
        elif self._was_lost:
            self._losses.append(True)
            if sum(self._losses) >= LOSSES_NEEDED:
                self._grow()
        self._was_lost, self._silent_changes = False, 0

    def _went_well(self) -> None:
        self._losses.append(False)
        self._good += 1
        if self._learnt_s and self._good >= self._good_needed:
            self._learnt_s = self._learnt_s / 2 if self._learnt_s > FIRST_S else 0.0
            self._has_shrunk, self._good = True, 0

    def _grow(self) -> None:
        # What was too little shows at once; a loss much later has another reason.
        if self._has_shrunk and self._good < GOOD_CHANGES:
            self._good_needed = min(2 * self._good_needed, MOST_CHANGES)
        self._learnt_s = min(max(2 * self._learnt_s, FIRST_S), LONGEST_S)
        self._has_shrunk, self._good = False, 0
        self._losses.clear()
