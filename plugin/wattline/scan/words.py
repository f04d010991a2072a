"""The words that narrow a search: addresses and serial settings."""

import re

from wattline.bus.settings import BAUD_RATES, PARITIES, STOP_BITS, LineSettings
from wattline.errors import WordError
from wattline.scan.order import ADDRESSES

_RANGE = re.compile(r"([0-9]{1,3})(?:-([0-9]{1,3}))?")
_SETTINGS = re.compile(r"([0-9]{1,6})[- ]?8([A-Z])([0-9])", re.IGNORECASE)


def parse_addresses(text: str) -> list[int]:
    """The addresses of ``1-16`` or ``1,5,20-30``, in ascending order.

    Raises:
        WordError: a part is no address and no range of them.
    """
    addresses: set[int] = set()
    for part in text.split(","):
        match = _RANGE.fullmatch(part.strip())
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if not (first in ADDRESSES and last in ADDRESSES and first <= last):
            raise WordError(
                f"The addresses {part!r} after --addresses must be from 1 to 247, for example 1-16 or 1,5,20-30."
            )
        addresses.update(range(first, last + 1))
    return sorted(addresses)


def parse_settings(text: str) -> list[LineSettings]:
    """The line settings of ``9600-8E1,2400-8N1``, in the order in which they were given.

    Raises:
        WordError: a part is none.
    """
    return list(dict.fromkeys(_line_settings(part.strip()) for part in text.split(",")))


def _line_settings(text: str) -> LineSettings:
    match = _SETTINGS.fullmatch(text)
    if match:
        baud, letter, stop = int(match[1]), match[2].upper(), int(match[3])
        for parity in PARITIES:
            if baud in BAUD_RATES and parity == letter and stop in STOP_BITS:
                return LineSettings(baud, parity, stop)
    raise WordError(
        f"The settings {text!r} after --settings must be BAUD-8PS, for example 9600-8E1: baud {', '.join(map(str, BAUD_RATES))}, "
        f"parity {', '.join(PARITIES)}, stop bits {', '.join(map(str, STOP_BITS))}."
    )
