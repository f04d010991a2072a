"""Which column of a table becomes which field, by the user's words or by a file of them."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from wattline.errors import WordError
from wattline.fields import ELECTRICITY_FIELDS
from wattline.options import nearest

EXAMPLE = "'Power (kW)=power_w,kW'"
# What a file may say beside its columns: the options of the same names.
WORDS = ("time", "time_format", "timezone", "separator", "decimal")
_PREFIXES = {"m": 0.001, "": 1.0, "k": 1000.0, "M": 1_000_000.0}
_SUFFIX = ".toml"


@dataclass(frozen=True, slots=True)
class Column:
    """What becomes of one column.

    Attributes:
        name: as it stands in the header.
        field: a name of ``fields.ELECTRICITY_FIELDS``.
        factor: the number in its cells times this is the value in the unit of the field.
    """

    name: str
    field: str
    factor: float


@dataclass(frozen=True, slots=True)
class Map:
    """All that ``--map`` said.

    Attributes:
        columns: at least one, each of another field.
        words: what a file said beside them, by the names of ``WORDS``.
    """

    columns: tuple[Column, ...]
    words: Mapping[str, str] = field(hash=False)


def parse_maps(texts: Sequence[str]) -> Map:
    """The columns of all ``--map``, each ``COLUMN=FIELD[,UNIT]`` or a file.

    Raises:
        WordError: there is none, one is wrong, or two fill one field.
    """
    columns: list[Column] = []
    words: dict[str, str] = {}
    for text in texts:
        if text.endswith(_SUFFIX) and "=" not in text:
            more, said = _file(Path(text))
            columns += more
            words |= said
        else:
            name, equals, meaning = text.rpartition("=")
            if not (equals and name.strip() and meaning):
                raise WordError(f"{text!r} after --map must be COLUMN=FIELD[,UNIT], such as {EXAMPLE}, or a TOML file.")
            columns.append(_column(name.strip(), meaning, text))
    if not columns:
        raise WordError(f"No column is mapped: say with --map which column is which field, such as {EXAMPLE}.")
    _refuse_doubles(columns)
    return Map(tuple(columns), words)


def _file(path: Path) -> tuple[list[Column], dict[str, str]]:
    try:
        said = tomllib.loads(path.read_text())
    except (OSError, UnicodeDecodeError) as error:
        raise WordError(f"The map {str(path)!r} cannot be read: {error}.") from None
    except tomllib.TOMLDecodeError as error:
        raise WordError(f"The map {str(path)!r} is not TOML: {error}.") from None
    columns = said.pop("columns", None)
    if not isinstance(columns, dict):
        raise WordError(
            f'The map {str(path)!r} has no table [columns], with lines such as "Power (kW)" = "power_w,kW".'
        )
    for word, value in said.items():
        if word not in WORDS:
            raise WordError(
                f"The map {str(path)!r} says {word!r}{nearest(word, WORDS)}; it may say {', '.join(WORDS)}."
            )
        if not isinstance(value, str):
            raise WordError(f"The map {str(path)!r} says {word} = {value!r}; that must be a text in quotation marks.")
    return [_column(name, str(meaning), f"{path}: {name}") for name, meaning in columns.items()], said


def _column(name: str, meaning: str, place: str) -> Column:
    field_name, _, unit = (part.strip() for part in meaning.partition(","))
    known = ELECTRICITY_FIELDS.get(field_name)
    if known is None:
        near = nearest(field_name, ELECTRICITY_FIELDS)
        raise WordError(f"There is no field {field_name!r} ({place!r}){near}.")
    if not unit:
        return Column(name, field_name, 1.0)
    units = _units(known.unit)
    if unit not in units:
        raise WordError(
            f"There is no unit {unit!r} of {field_name} ({place!r}){nearest(unit, units)}; it may be {', '.join(units)}."
        )
    return Column(name, field_name, units[unit])


def _units(unit: str) -> dict[str, float]:
    """Each unit in which a field of ``unit`` may be given, and its factor."""
    if not unit:
        return {"1": 1.0, "%": 0.01}
    if unit in {"%", "°"}:
        return {unit: 1.0}
    base = unit.removeprefix("k")
    own = _PREFIXES["k"] if base != unit else 1.0
    return {f"{prefix}{base}": factor / own for prefix, factor in _PREFIXES.items()}


def _refuse_doubles(columns: Sequence[Column]) -> None:
    by_field: dict[str, str] = {}
    for column in columns:
        other = by_field.setdefault(column.field, column.name)
        if other != column.name:
            raise WordError(f"The columns {other!r} and {column.name!r} are both mapped to {column.field}; choose one.")
