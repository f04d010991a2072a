"""What one meter needs of its bus: the time of its sweep, of its slow reads, and of what is worth a trial."""

from collections.abc import Mapping, Sequence

from wattline.bus.asking import Asking
from wattline.bus.learning import Learning
from wattline.bus.lengths import Lengths
from wattline.bus.losses import Losses
from wattline.bus.spans import Spans
from wattline.bus.turns import Load
from wattline.plan import Read

# What a wider span has to save for time to be kept for its trial; for less it is tried when there happens to be time.
WORTH_S = 0.05
# Where less is lost, what a slot has left suffices as a rule, and longer turns would cost more than they bring.
BAD_LINE = 0.1


class Needs:
    """Reckons what one meter needs.

    Args:
        asking: how it is asked, and how long it takes.
        lengths: address of a part to what is known of its lengths.
        spans: what is known of its spans.
        learning: knows what can be tried.
        losses: what the line loses, which has to be asked for again.
    """

    def __init__(
        self, asking: Asking, lengths: Mapping[int, Lengths], spans: Spans, learning: Learning, losses: Losses
    ) -> None:
        self._asking = asking
        self._lengths = lengths
        self._spans = spans
        self._learning = learning
        self._losses = losses

    def load(self, longest_slow_s: float | None = None) -> Load:
        """What it needs of the bus, as far as is known.

        Args:
            longest_slow_s: how long a slow read of several parts might be, and the patience for it; as it was told to
                ``limit`` unless given.
        """
        fast = [self._usual_length(read) for read in self._spans.fast_reads()]
        most = None if longest_slow_s is None else self._asking.registers_within(longest_slow_s)
        slow = self._spans.slow_reads(most)
        return Load(
            self._asking.pause_s + self._asking.reads_s(fast) + self._lost_s(fast),
            tuple(map(self.read_s, slow)),
            self._asking.spare_s(fast),
            max(map(self.spare_s, slow), default=0.0),
            is_measured=self._asking.is_measured([*fast, *map(self._usual_length, slow)]),
        )

    def read_s(self, read: Read) -> float:
        """Seconds of a slow ``read``, which is made after the others' turn."""
        return self._asking.pause_s + self._asking.reads_s([self._usual_length(read)])

    def spare_s(self, read: Read) -> float:
        """Seconds that have to be left of a slot, beyond those, for ``read`` to be begun."""
        return self._asking.spare_s([self._usual_length(read)])

    def limit(self, longest_slow_s: float) -> None:
        """From now on no slow read of several parts, and the patience for it, takes more than so many seconds."""
        self._spans.most_slow = self._asking.registers_within(longest_slow_s)

    def trial_s(self, now_s: float) -> float:
        """Seconds that have to be left of a slot for the longest trial that is worth them now."""
        trials = [read for read in self._learning.trials(now_s) if self._spans.saved_s(read) >= WORTH_S]
        return max((self._asking.trial_s(read.span.count) for read in trials), default=0.0)

    def _lost_s(self, lengths: Sequence[int]) -> float:
        """Seconds for which replies to reads of ``lengths`` are waited for in vain, on a bad line."""
        return self._losses.share * self._asking.waits_s(lengths) if self._losses.share >= BAD_LINE else 0.0

    def _usual_length(self, read: Read) -> int:
        return read.span.count if len(read.parts) > 1 else self._lengths[read.parts[0].address].usable[0]
