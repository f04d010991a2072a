"""The meter library: one table per model, and the shape that every table has."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib import import_module

from wattline.bus.settings import LineSettings
from wattline.registers import Row

_MODULES = ("orno_we514", "orno_we515")


@dataclass(frozen=True, slots=True)
class Block:
    """Registers that are read with one request.

    Attributes:
        address: the first register.
        count: how many registers are known from the field to be answered in one read.
        lengths: the counts to read with, the preferred first; they tell replies apart, see ``bus/session.py``. Those
            that were not seen tried, which are all but ``count``, touch only documented registers and are used once
            they have agreed with it. Empty: ``count`` alone.
    """

    address: int
    count: int
    lengths: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Identity:
    """A register that tells the model.

    Attributes:
        address: the register.
        expected: its value in this model.
    """

    address: int
    expected: int


@dataclass(frozen=True, slots=True)
class Model:
    """The table of one model.

    Attributes:
        name: as in ``NAME=MODEL@ADDRESS``.
        title: maker and model for people.
        settings: the factory's line settings.
        function: the Modbus function that reads it, 3 or 4.
        documented: register ranges (first, last) that the maker documents; no other register is ever read.
        blocks: how its rows are read.
        rows: what it measures.
        identity: the register that tells it, if there is one.
        address_change: how its owner changes its address; wattline never writes.
        source: where the facts come from.
        verified: whether recorded frames of a real meter prove the table.
    """

    name: str
    title: str
    settings: LineSettings
    function: int
    documented: tuple[tuple[int, int], ...]
    blocks: tuple[Block, ...]
    rows: tuple[Row, ...]
    identity: Identity | None
    address_change: str
    source: str
    verified: bool

    def named(self, name: str, title: str) -> "Model":
        """The same table under another name, for a register-identical sibling."""
        return replace(self, name=name, title=title)

    def rows_of(self, block: Block) -> tuple[Row, ...]:
        """The rows that lie in the proven registers of ``block``."""
        end = block.address + block.count
        return tuple(row for row in self.rows if block.address <= row.address and row.end <= end)


def load_models() -> dict[str, Model]:
    """Name to model, for every table of the library."""
    return {model.name: model for model in _tables()}


def _tables() -> Iterator[Model]:
    for module in _MODULES:
        yield import_module(f"{__name__}.{module}").MODEL
