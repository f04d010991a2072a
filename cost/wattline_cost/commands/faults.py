"""What goes wrong with one contract stops no other: it is told at the end, each in its sentence."""

from collections.abc import Iterator, Sequence

from wattline.cli import complain
from wattline.errors import WattlineError
from wattline_cost.errors import TariffError


def raise_all(faults: Sequence[WattlineError], prefix: str) -> None:
    """Say all of them but the first, which is raised.

    Raises:
        WattlineError: there is one.
    """
    sentences = list(_all(faults))
    for sentence in sentences[1:]:
        complain(prefix, sentence)
    if faults:
        raise faults[0]


def _all(faults: Sequence[WattlineError]) -> Iterator[str]:
    for each in faults:
        yield str(each)
        if isinstance(each, TariffError):
            yield from map(str, each.more)
