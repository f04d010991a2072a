"""The silence before a request: what the model needs, and what a change of meter has been seen to need.

Some meters miss the first request after another meter was spoken to (volkszaehler/mbmd issue 155, pull request 239);
a fixed pause of 200 ms for each change would cost a bus of five its whole second. So there is none, until a request
after a change was lost and the next one to the same meter was answered; it grows then, and shrinks again in good times.
"""

FIRST_S = 0.02
LONGEST_S = 0.2
# Changes in a row that go well before less is tried; twice as many each time that less was too little.
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
        self._good = 0
        self._good_needed = GOOD_CHANGES

    @property
    def change_s(self) -> float:
        """Seconds on a change of meter."""
        return self._learnt_s if self._fixed_s is None else self._fixed_s

    def before_s(self, *, is_change: bool) -> float:
        """Seconds of silence before a request, after another meter or after the same one."""
        return max(self._always_s, self.change_s if is_change else 0.0)

    def unanswered(self, *, is_change: bool) -> None:
        """A request was not answered. Only when a later one is, it may have been for want of a pause."""
        self._was_lost = self._was_lost or is_change

    def answered(self, *, is_change: bool) -> None:
        """A request was answered."""
        if not is_change:
            if self._was_lost:
                self._grow()
            self._was_lost = False
            return
        self._was_lost = False
        self._good += 1
        if self._learnt_s and self._good >= self._good_needed:
            self._learnt_s = self._learnt_s / 2 if self._learnt_s > FIRST_S else 0.0
            self._good = 0

    def _grow(self) -> None:
        if self._good < self._good_needed and self._learnt_s:
            self._good_needed = min(2 * self._good_needed, MOST_CHANGES)
        self._learnt_s = min(max(2 * self._learnt_s, FIRST_S), LONGEST_S)
        self._good = 0
