"""What can go wrong with tariffs and bills. Each message is one sentence: what happened, where, what to do."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from wattline.errors import WattlineError, WordError
from wattline.log import bug


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


@contextmanager
def apart(faults: list[WattlineError], whose: str) -> Iterator[None]:
    """What goes wrong inside is added to ``faults`` and stops nothing else; ``whose`` it is, a contract's or a file's, is said.

    What is the same for all, as where InfluxDB is away, is added once.
    """
    try:
        yield
    except WattlineError as error:
        add(faults, [error])
    except Exception as error:  # noqa: BLE001 - what no part expected of one contract is no reason to price no other
        faults.append(CostError(f"{whose}: {bug(error)}"))


def add(faults: list[WattlineError], more: Sequence[WattlineError]) -> None:
    """Add what is not said yet."""
    faults += [error for error in more if str(error) not in map(str, faults)]
