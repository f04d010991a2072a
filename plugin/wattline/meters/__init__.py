"""The meter library: one table per model, and the shape that every table has."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import Literal

from wattline.bus.settings import LONGEST_READ, LineSettings
from wattline.registers import Encoding, Row

Sign = Literal["signed", "unsigned", "unknown"]


@dataclass(frozen=True, slots=True)
class Block:
    """Registers that are known from the field, or by the maker's word, to be answered in one read.

    Attributes:
        address: the first register.
        count: how many registers.
        lengths: the counts to read from ``address`` on, the preferred first; they tell replies apart, see
            ``bus/session.py``. Those longer than ``room`` touch only documented registers and are used once they have
            agreed with shorter ones. Empty: ``count`` alone.
        room: registers from ``address`` on that are known to be answered in one read; ``count`` unless given.
    """

    address: int
    count: int
    lengths: tuple[int, ...] = ()
    room: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "room", max(self.room, self.count))

    @property
    def end(self) -> int:
        """The register after its last."""
        return self.address + self.count


@dataclass(frozen=True, slots=True)
class Identity:
    """A register that tells the model.

    Attributes:
        address: the register.
        expected: what it may hold in this model.
        function: the Modbus function that reads it; that of the model unless given.
    """

    address: int
    expected: tuple[int, ...]
    function: int = 0


@dataclass(frozen=True, slots=True)
class Model:
    """The table of one model.

    Attributes:
        name: as in ``NAME=MODEL@ADDRESS``.
        title: maker and model for people.
        settings: the factory's line settings.
        function: the Modbus function that reads it, 3 or 4.
        rows: what it measures.
        blocks: reads that are known to be answered; a row outside of them is read on its own until more was learnt.
        source: where the facts come from.
        address_change: how its owner changes its address; wattline never writes.
        identity: the register that tells it, if there is one.
        alternatives: other line settings that it may have, where sources disagree or the factory changed its mind.
        documented: register ranges (first, last) that the maker documents beside the rows.
        holes: register ranges (first, last) that are never read, since reading them fails or does harm.
        longest: registers that it answers in one read at most.
        pause_ms: milliseconds of silence that it needs before a request, beyond the 3.5 characters of Modbus.
        absent: encoding to the raw number by which it says that it has no value.
        sign: whether its power is negative while energy is given to the grid, never negative, or that is not known.
        verified: whether recorded frames of a real meter prove the table.
        table_of: the model whose table this is, where a register-identical sibling shares it; its own name unless given.
        phases: lines that it measures, 1 or 3; told by its rows unless given.
        ratio: of the current transformers before it; its rows tell what flows before those.
    """

    name: str
    title: str
    settings: LineSettings
    function: int
    rows: tuple[Row, ...]
    source: str
    address_change: str
    blocks: tuple[Block, ...] = ()
    identity: Identity | None = None
    alternatives: tuple[LineSettings, ...] = ()
    documented: tuple[tuple[int, int], ...] = ()
    holes: tuple[tuple[int, int], ...] = ()
    longest: int = LONGEST_READ
    pause_ms: int = 0
    absent: Mapping[Encoding, int] = field(default_factory=dict, hash=False)
    sign: Sign = "signed"
    verified: bool = False
    phases: int = 0
    table_of: str = ""
    ratio: float = 1.0
    # Asked for at every read.
    _rows_of: dict[tuple[int, int], tuple[Row, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False, hash=False
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "phases", self.phases or (3 if any("_l3" in row.field for row in self.rows) else 1))
        object.__setattr__(self, "table_of", self.table_of or self.name)

    def named(self, name: str, title: str) -> "Model":
        """The same table under another name, for a register-identical sibling."""
        return replace(self, name=name, title=title)

    def rows_of(self, block: Block) -> tuple[Row, ...]:
        """The rows that lie wholly in ``block``."""
        place = (block.address, block.end)
        if place not in self._rows_of:
            self._rows_of[place] = tuple(row for row in self.rows if place[0] <= row.address and row.end <= place[1])
        return self._rows_of[place]


class Library(Mapping[str, Model]):
    """Name to model. A table is loaded when it is asked for, since a bus needs few of them."""

    def __init__(self, extra: Iterable[Model] = ()) -> None:
        files = Path(__file__).parent.glob("[!_]*.py")
        self._models: dict[str, Model | None] = dict.fromkeys(sorted(file.stem.replace("_", "-") for file in files))
        self._models |= {model.name: model for model in extra}

    def __getitem__(self, name: str) -> Model:
        model = self._models[name]
        if model is None:
            model = import_module(f"{__name__}.{name.replace('-', '_')}").MODEL
            self._models[name] = model
        return model

    def __iter__(self) -> Iterator[str]:
        return iter(self._models)

    def __len__(self) -> int:
        return len(self._models)


def load_models() -> Library:
    """The library: a file is a model, and its name is the model's with other dashes."""
    return Library()
