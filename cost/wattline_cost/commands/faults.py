"""What goes wrong with one contract stops no other: it is told at the end, each in its sentence."""

from collections.abc import Sequence

from wattline.cli import complain
from wattline.errors import WattlineError
from wattline_cost.errors import TariffError


def raise_all(faults: Sequence[WattlineError], prefix: str) -> None:
    """Say all of them, and what else a file says that it may not, but the last, which is raised.

    Raises:
        WattlineError: there is one.
    """
    whole: list[WattlineError] = []
    for fault in faults:
        whole += [fault, *(fault.more if isinstance(fault, TariffError) else ())]
    for fault in whole[:-1]:
        complain(prefix, str(fault))
    if whole:
        raise whole[-1]
