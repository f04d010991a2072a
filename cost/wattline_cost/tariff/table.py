"""A table of a tariff file: each of its keys is asked for by its name and its kind, and refused with one sentence."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, time
from decimal import Decimal
from typing import TypeVar

from wattline.options import nearest
from wattline_cost.errors import TariffError
from wattline_cost.money import is_reckonable

T = TypeVar("T")

# The keys are listed anyway; one that only shares a few letters is no help.
ALIKE = 0.7
MOST_DECIMALS = 10
# What is written after a line in brackets belongs to what that names, and these are easily written there.
AT_THE_TOP = ("name", "meter", "direction", "currency", "timezone", "budget")
# These may be lists there.
LISTS_AT_THE_TOP = ("rule", "holiday")
LONGEST_SHOWN = 60
DEEPEST_SHOWN = 4


class MisspeltError(TariffError):
    """A key is missing that stands there misspelt: a consequence of the key that there is not."""


class Faults:
    """What is wrong with a file: all that can be told at once."""

    def __init__(self) -> None:
        self._found: list[TariffError] = []

    def __len__(self) -> int:
        return len(self._found)

    def add(self, error: TariffError) -> None:
        """Keep what is refused, unless it is wrong only because something else is, which is told."""
        if not isinstance(error, MisspeltError):
            self._found.append(error)

    @contextmanager
    def kept(self) -> Iterator[None]:
        """What is refused inside is kept, and what stands behind it goes on."""
        try:
            yield
        except TariffError as error:
            self.add(error)

    def refuse(self) -> None:
        """Go on if nothing was refused.

        Raises:
            TariffError: the first that was, and in its ``more`` the others.
        """
        if self._found:
            first, *more = self._found
            first.more = more
            raise first


class Table:
    """One table of a tariff file.

    Args:
        place: the file, and where in it.
        values: what the file says there.
        known: every key that there is.
        path: what stands before the names of its own tables, in their lines in brackets.
        faults: takes the keys that there are not; None: the first is refused, and with it the table.

    Raises:
        TariffError: the table has a key that there is not, and no ``faults`` to take it.
    """

    def __init__(
        self,
        place: str,
        values: Mapping[str, object],
        known: Sequence[str],
        path: str = "",
        faults: Faults | None = None,
    ) -> None:
        self.place, self._path = place, path
        self._values = values
        self._unknown = [key for key in values if key not in known]
        for key in self._unknown:
            error = TariffError(place, _no_key(key, known))
            if faults is None:
                raise error
            faults.add(error)

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def fault(self, key: str, rule: str) -> TariffError:
        """That ``key`` is missing, or what it says instead of what ``rule`` says."""
        if key not in self._values:
            kind = MisspeltError if nearest(key, self._unknown, ALIKE) else TariffError
            return kind(self.place, f"The key {key!r} is missing; it {rule}.")
        return TariffError(self.place, f"The key {key!r} says {shown(self._values[key])}; it {rule}.")

    def text(self, key: str, default: str | None = None) -> str:
        """A text; one without a default must be there."""
        value = self._values.get(key, default)
        if not isinstance(value, str) or not value.strip() or not value.isprintable():
            raise self.fault(key, "must be a text of one line in quotation marks")
        return value

    def tag(self, key: str) -> str:
        """A text that tells points apart, and so is what InfluxDB keeps of it; it must be there."""
        text = self.text(key)
        if text.endswith("\\"):
            raise self.fault(key, "must not end in a backslash, with which no tag of InfluxDB ends")
        return text

    def texts(self, key: str, rule: str) -> list[str]:
        """A text, or a list of texts; empty where there is none."""
        value = self._values.get(key, [])
        items = value if isinstance(value, list) else [value]
        words = [item for item in items if isinstance(item, str) and item.strip()]
        if len(words) < len(items) or (key in self and not words):
            raise self.fault(key, rule)
        return words

    def choice(self, key: str, choices: Mapping[str, T], default: str | None = None) -> T:
        """What one of the texts ``choices`` means; a key without a default must be there."""
        value = self._values.get(key, default)
        if not (isinstance(value, str) and value in choices):
            near = nearest(value, choices) if isinstance(value, str) else ""
            raise self.fault(key, f"must be one of {', '.join(map(repr, choices))}{near}")
        return choices[value]

    def number(self, key: str, default: Decimal | None = None) -> Decimal:
        """A number; one without a default must be there."""
        number = number_of(self._values.get(key, default))
        if number is None:
            raise self.fault(key, f"must be {A_NUMBER}")
        return number

    def whole(self, key: str, low: int, high: int, default: int | None = None) -> int:
        """A whole number from ``low`` to ``high``; one without a default must be there."""
        value = self._values.get(key, default)
        if type(value) is not int or not low <= value <= high:
            raise self.fault(key, f"must be a whole number from {low} to {high}")
        return value

    def truth(self, key: str, *, default: bool) -> bool:
        """True or false."""
        value = self._values.get(key, default)
        if not isinstance(value, bool):
            raise self.fault(key, "must be true or false, without quotation marks")
        return value

    def raw(self, key: str) -> object:
        """Whatever stands there; None where nothing does."""
        return self._values.get(key)

    def table(self, key: str, rule: str) -> Mapping[str, object]:
        """A table, empty where there is none."""
        value = self._values.get(key, {})
        if isinstance(value, list) and value and isinstance(value[0], dict):
            raise TariffError(
                self.place, f"There are several {key!r}, in double brackets; there must be one, in single brackets."
            )
        if not isinstance(value, dict):
            raise self.fault(key, rule)
        return value

    def tables(self, key: str) -> list[Mapping[str, object]]:
        """The tables that begin with ``[[key]]``, empty where there are none."""
        value = self._values.get(key, [])
        if isinstance(value, dict):
            raise TariffError(
                self.place,
                f"A {key} begins with a line in single brackets; it must begin with [[{self._path}{key}]], in double brackets, "
                "since there may be several.",
            )
        if not isinstance(value, list) or not all(isinstance(table, dict) for table in value):
            raise self.fault(key, f"must be tables, each of which begins with [[{self._path}{key}]]")
        return value


def _no_key(key: str, known: Sequence[str]) -> str:
    if key in {*AT_THE_TOP, *LISTS_AT_THE_TOP}:
        return f"The key {key!r} does not belong here; it must stand at the top of the file, above the first line in brackets."
    return f"There is no key {key!r} here{nearest(key, known, ALIKE)}; the keys are {', '.join(known)}."


A_NUMBER = (
    f"a number without quotation marks and with a point, such as 0.1234, of at most {MOST_DECIMALS} decimals and less than a "
    "million millions"
)


def number_of(value: object) -> Decimal | None:
    """A number of a file; None of anything else, and of one that is too large or has too many decimals to be a price."""
    # A truth is a number to Python, and infinity and nan are to TOML.
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    number = Decimal(value)
    if not is_reckonable(number) or number != round(number, MOST_DECIMALS):
        return None
    return number


def shown(value: object, depth: int = 0) -> str:
    """What a file says, as it may be written there; ``depth`` is in how many lists and tables it lies."""
    if depth == DEEPEST_SHOWN:
        return "..."
    match value:
        case bool():
            text = str(value).lower()
        case date() | time():
            text = value.isoformat()
        case Decimal():
            text = str(value)
        case dict():
            text = "{ " + ", ".join(f"{key} = {shown(inner, depth + 1)}" for key, inner in value.items()) + " }"
        case list():
            text = "[" + ", ".join(shown(inner, depth + 1) for inner in value) + "]"
        case int() if abs(value) >= 10**LONGEST_SHOWN:
            # Python writes no decimals of thousands of digits, and reads none, but for those that are written as hexadecimals.
            text = f"{value:#x}"
        case _:
            text = repr(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 3]}..."
