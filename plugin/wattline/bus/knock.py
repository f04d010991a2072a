"""Whether a silent meter answers anything at all: every other question to it is for one row alone.

A meter may be silent to what is longer than it takes, and then to all that is read of it. Once it has answered for a
row, what it does not answer is asked for in smaller pieces (``failures.py``). One that is known to be there is asked for
the row in every sweep until it gives what moves, or anything at all where nothing of it does: so it is not called away,
and what it does not answer is known to be what is wrong.
"""

from wattline.bus.asking import Asking
from wattline.bus.suspicion import Question
from wattline.bus.window import Least
from wattline.clock import Slot
from wattline.errors import ReadError
from wattline.meters import Model

# After so many sweeps without a word, what is asked is not what is wrong with a meter that was only held up; one more,
# and it is taken to be away.
SILENT_SWEEPS = 2


class Knock:
    """Asks one meter for its shortest row.

    Args:
        asking: how it is asked.
        model: its table.
    """

    def __init__(self, asking: Asking, model: Model) -> None:
        self._asking = asking
        self._row = min(model.rows, key=lambda row: row.encoding.count)
        self._silent_sweeps = 0
        self._answers_that_only = False

    def is_due(self, slot: Slot) -> bool:
        """Whether it is worth a question in ``slot``, and its answer could not be that to another."""
        is_its_turn = self._silent_sweeps >= SILENT_SWEEPS and self._silent_sweeps % 2 == 0
        is_due = self._answers_that_only or is_its_turn
        return is_due and not self._asking.doubts(self._row.encoding.count, self._question(slot))

    def ask(self, slot: Slot) -> bool:
        """Ask, if time is left; whether it was answered.

        Raises:
            PortError: the port was lost.
            Stopped: the process was asked to end.
        """
        self._answers_that_only = False
        count = self._row.encoding.count
        within = self._asking.window(slot.deadline_s, count, Least.ANY)
        try:
            if within:
                self._asking.ask(self._row.address, count, self._question(slot), within=within)
                self._answers_that_only = True
        except ReadError:
            pass
        return self._answers_that_only

    def _question(self, slot: Slot) -> Question:
        return Question(slot.began_s, self._row.address)

    def end(self, *, was_heard: bool, has_values: bool, is_in_question: bool = False) -> None:
        """A sweep is over in which the meter was asked.

        Args:
            was_heard: whether anything came of it.
            has_values: whether anything came of what moves; where nothing of the meter does, whether anything came.
            is_in_question: whether the meter is there and does not answer something: whether it still is, has to be known.
        """
        self._silent_sweeps = 0 if was_heard else self._silent_sweeps + 1
        is_known = self._answers_that_only or (was_heard and is_in_question)
        self._answers_that_only = is_known and not has_values
