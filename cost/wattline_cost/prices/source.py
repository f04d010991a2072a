"""What a source of prices is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from wattline_cost.errors import SourceError


@dataclass(frozen=True, slots=True)
class Price:
    """What energy costs in a span of time.

    Attributes:
        start_s: seconds since 1970, a multiple of 900.
        stop_s: the first second at which it holds no more; likewise.
        per_kwh: in the currency of the contract that asks for it.
    """

    start_s: int
    stop_s: int
    per_kwh: Decimal


class Source(Protocol):
    """Gives prices. Where it has none there is none: a gap is never filled with a neighbour."""

    @property
    def faults(self) -> Sequence[SourceError]:
        """What could not be read of what was asked for so far, or is contradicted, each in a sentence: it is a gap."""
        ...

    def prices(self, start_s: int, stop_s: int) -> Sequence[Price]:
        """Those that hold at some time from ``start_s`` on and before ``stop_s``, in order, without overlaps."""
        ...


def faults_of(sources: Mapping[str, Source]) -> list[SourceError]:
    """Those of all ``sources``."""
    return [fault for source in sources.values() for fault in source.faults]
