"""What a word of the vocabulary is, and families of words: a quantity and its parts."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

Kind = Literal["gauge", "counter", "text"]


@dataclass(frozen=True, slots=True)
class Field:
    """One word of the vocabulary.

    Attributes:
        name: as written in line protocol.
        unit: for people; empty for a ratio or a count.
        kind: "gauge" moves both ways, "counter" only grows, "text" is words for people.
        decimals: the most that a meter shows of it; people are shown no more.
        meaning: one sentence.
        part_of: the field of which this is the part of one line or one tariff; empty when it is the whole.
    """

    name: str
    unit: str
    kind: Kind
    decimals: int
    meaning: str
    part_of: str = ""


def by_name(*fields: Field) -> dict[str, Field]:
    """``fields`` by their names."""
    return {field.name: field for field in fields}


LINES = {part: f"of line {n}" for n, part in enumerate(("l1", "l2", "l3"), 1)}
TARIFFS = {f"t{n}": f"that the meter counted in its tariff {n}" for n in (1, 2, 3, 4)}
_SUFFIXES = {"": "", "%": "_percent", "°": "_degrees"}


def _family(whole: Field, parts: Mapping[str, str]) -> list[Field]:
    """A quantity, and its parts: those of each line, of each tariff."""
    suffix = _SUFFIXES.get(whole.unit, f"_{whole.unit.lower()}")
    stem = whole.name.removesuffix(suffix)
    return [
        whole,
        *(
            replace(
                whole, name=f"{stem}_{part}{suffix}", meaning=f"That of `{whole.name}` {which}.", part_of=whole.name
            )
            for part, which in parts.items()
        ),
    ]


def gauges(name: str, unit: str, decimals: int, meaning: str) -> list[Field]:
    """A quantity that moves both ways, and that of each line."""
    return _family(Field(name, unit, "gauge", decimals, meaning), LINES)


def counters(name: str, unit: str, meaning: str) -> list[Field]:
    """A quantity that only grows, and that of each line and each tariff."""
    return _family(Field(name, unit, "counter", 3, meaning), LINES | TARIFFS)
