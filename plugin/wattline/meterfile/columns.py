"""The columns of a table in a TOML file, each asked for by its name and its kind, and refused with one sentence.

A sentence names the place (file, and row of the table), the column, what it says and what it may be.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TypeVar

from wattline.errors import WordError
from wattline.options import nearest

T = TypeVar("T")

# The columns are listed anyway; one that only shares a few letters is no help.
ALIKE = 0.7


class Columns:
    """One table of a TOML file.

    Args:
        place: the file, and the row of the table if it is one.
        table: what the file says.
        known: every column that there is.

    Raises:
        WordError: the table has a column that there is not.
    """

    def __init__(self, place: str, table: Mapping[str, object], known: Sequence[str]) -> None:
        self.place = place
        self._table = table
        for name in table:
            if name not in known:
                raise WordError(
                    f"{place}: There is no column {name!r}{nearest(name, known, ALIKE)}; the columns are {', '.join(known)}."
                )

    def __contains__(self, name: str) -> bool:
        return name in self._table

    def error(self, name: str, rule: str) -> WordError:
        """That column ``name`` is missing, or what it says instead of what ``rule`` says."""
        if name not in self._table:
            return WordError(f"{self.place}: The column {name!r} is missing; it {rule}.")
        return WordError(f"{self.place}: The column {name!r} says {_shown(self._table[name])}; it {rule}.")

    def text(self, name: str, default: str | None = None) -> str:
        """A text; one without a default must be there."""
        value = self._table.get(name, default)
        if not isinstance(value, str) or not value.strip() or not value.isprintable():
            raise self.error(name, "must be a text of one line in quotation marks")
        return value

    def whole(self, name: str, low: int, high: int, default: int | None = None, example: str = "") -> int:
        """A whole number from ``low`` to ``high``; one without a default must be there."""
        value = self._table.get(name, default)
        if type(value) is not int or not low <= value <= high:
            raise self.error(name, f"must be a whole number from {low} to {high}{example}")
        return value

    def number(self, name: str, low: float, high: float, default: float) -> float:
        """A number from ``low`` to ``high``."""
        value = self._table.get(name, default)
        # A truth is a number to Python, and infinity and nan are to TOML.
        if not (type(value) in {int, float} and isinstance(value, int | float) and low <= value <= high):
            raise self.error(name, f"must be a number from {low:g} to {high:g}")
        return value

    def choice(
        self,
        name: str,
        choices: Mapping[str, T],
        default: str | None = None,
        rule: str = "",
        elsewhere: Mapping[str, str] = MappingProxyType({}),
    ) -> T:
        """What one of the texts ``choices`` means; a column without a default must be there.

        ``rule`` tells what it may be, where they are too many to be listed; ``elsewhere`` what others call them.
        """
        value = self._table.get(name, default)
        if not (isinstance(value, str) and value in choices):
            near = nearest(elsewhere.get(value.lower(), value), choices) if isinstance(value, str) else ""
            raise self.error(name, f"{rule or 'must be one of ' + ', '.join(choices)}{near}")
        return choices[value]

    def items(self, name: str, rule: str) -> list[object]:
        """A list, empty where there is none."""
        value = self._table.get(name, [])
        if not isinstance(value, list):
            raise self.error(name, rule)
        return value

    def table(self, name: str, rule: str) -> Mapping[str, object]:
        """A table, empty where there is none."""
        value = self._table.get(name, {})
        if not isinstance(value, dict):
            raise self.error(name, rule)
        return value


def whole_numbers(value: object, low: int, high: int, count: int = 0) -> tuple[int, ...]:
    """The whole numbers of a list, each from ``low`` to ``high``; empty when ``value`` is no such list of ``count``."""
    if not isinstance(value, list) or (count and len(value) != count):
        return ()
    numbers = tuple(number for number in value if type(number) is int and low <= number <= high)
    return numbers if len(numbers) == len(value) else ()


def _shown(value: object) -> str:
    shown = str(value).lower() if isinstance(value, bool) else repr(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."
