"""How much a line loses by chance, told by what one meter answers when it is asked again."""

from collections import deque

# Some tens of sweeps.
LOOKED_AT = 200
# Of fewer questions a single loss would make a bad line.
FEWEST = 20


class Losses:
    """The questions to one meter that were answered in the end, and those that were in vain before.

    What is never answered is no loss of the line, so it counts only once it is.
    """

    def __init__(self) -> None:
        self._was_lost: deque[bool] = deque(maxlen=LOOKED_AT)

    def answered(self, in_vain: int) -> None:
        """A question was answered, after it was put in vain so many times."""
        self._was_lost += [*[True] * in_vain, False]

    @property
    def share(self) -> float:
        """The share of the questions that is lost, 0 to 1."""
        return sum(self._was_lost) / max(len(self._was_lost), FEWEST)
