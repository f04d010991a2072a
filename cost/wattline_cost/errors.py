"""What can go wrong with tariffs and bills. Each message is one sentence: what happened, where, what to do."""

from collections.abc import Sequence

from wattline.errors import WattlineError, WordError


class CostError(WattlineError):
    """Anything that stops a price or a bill."""


class TariffError(WordError):
    """A tariff file says what it may not say.

    Args:
        place: the file, and where in it.
        sentence: what stands there, and what may stand there.

    Attributes:
        more: what else the file says so.
    """

    def __init__(self, place: str, sentence: str) -> None:
        super().__init__(f"{place}: {sentence}")
        self.more: Sequence[TariffError] = ()


class SourceError(CostError):
    """A source of prices has something that cannot be read."""
