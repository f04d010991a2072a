"""The versions of a contract as spans of time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from math import inf

from wattline_cost.energy.quarter import QUARTER_S
from wattline_cost.local_days import day_start_s, day_stop_s
from wattline_cost.pricing.consumed import Asked, asked_by
from wattline_cost.tariff.model import Contract, Version


@dataclass(frozen=True, slots=True)
class Term:
    """A version, and when it holds.

    Attributes:
        index: its place in the contract, from 0 on.
        version: what holds.
        asked: what its prices ask of a quarter-hour.
        start_s: the first second.
        stop_s: the one after the last; infinite where there is none.
    """

    index: int
    version: Version
    asked: Asked
    start_s: int
    stop_s: float


@dataclass(frozen=True, slots=True)
class Share:
    """The part of a day in which one version held, by quarter-hours.

    Attributes:
        term: the version.
        start_s, stop_s: the quarter-hours that begin in this span.
        before: the part of the day that lies before it.
        part: that which lies in it, more than 0; 1 is the whole day.
    """

    term: Term
    start_s: int
    stop_s: int
    before: Fraction
    part: Fraction


def terms_of(contract: Contract) -> list[Term]:
    """The versions of ``contract``."""
    return [
        Term(
            index,
            version,
            asked_by(version),
            int(version.start.timestamp()),
            int(version.stop.timestamp()) if version.stop else inf,
        )
        for index, version in enumerate(contract.versions)
    ]


def shares_of(day: date, contract: Contract, terms: Sequence[Term]) -> Iterator[Share]:
    """The parts of ``day`` in which each version held; they need not be the whole of the day that a contract begins."""
    start_s, stop_s = day_start_s(day, contract.zone), day_stop_s(day, contract.zone)
    for term in terms:
        first_s = _next_quarter_s(max(term.start_s, start_s))
        end_s = stop_s if term.stop_s >= stop_s else _next_quarter_s(int(term.stop_s))
        if first_s < end_s:
            whole_s = stop_s - start_s
            before, part = Fraction(first_s - start_s, whole_s), Fraction(end_s - first_s, whole_s)
            yield Share(term, first_s, end_s, before, part)


def _next_quarter_s(moment_s: int) -> int:
    """The first quarter-hour that begins at ``moment_s`` or after it."""
    return -(-moment_s // QUARTER_S) * QUARTER_S
