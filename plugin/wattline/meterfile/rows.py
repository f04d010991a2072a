"""The rows of a meter file: what each must say, what it need not, and that they do not get into each other's way."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from wattline.errors import WordError
from wattline.fields import ELECTRICITY_FIELDS
from wattline.meterfile.columns import Columns
from wattline.registers import Encoding, Pace, Row

COLUMNS = ("address", "encoding", "scale", "field", "low", "high", "pace", "decimals")

LAST_REGISTER = 0xFFFF
ADDRESS_EXAMPLE = ", such as 0x0130"
SCALES = (1e-6, 1e6)
LIMIT = 1e12
ENCODINGS = {encoding.name.lower(): encoding for encoding in Encoding}
# What makers and other programs call them.
ELSEWHERE = {
    **dict.fromkeys(("float", "float32", "real", "single"), "f32"),
    **dict.fromkeys(("double", "float64"), "f64"),
    **{f"{kind}{bits}": f"{kind[0]}{bits}" for kind in ("int", "uint") for bits in (16, 32, 64)},
    "short": "i16",
    "word": "u16",
    "int": "i16",
    "uint": "u16",
    "long": "i32",
    "ulong": "u32",
    "dword": "u32",
}
PACES: dict[str, Pace] = {"fast": "fast", "slow": "slow"}

# What a meter of three phases and 125 A can measure, by the unit of the field; a row says so where its meter can more.
PLAUSIBLE = {
    "V": (80.0, 300.0),
    "A": (-125.0, 125.0),
    "W": (-100_000.0, 100_000.0),
    "var": (-100_000.0, 100_000.0),
    "VA": (-100_000.0, 100_000.0),
    "Hz": (45.0, 65.0),
    "kWh": (0.0, 99_999_999.0),
    "kvarh": (0.0, 99_999_999.0),
    "%": (0.0, 1000.0),
    "°": (-360.0, 360.0),
    "": (-1.0, 1.0),
}


def parse_rows(columns: Columns) -> tuple[Row, ...]:
    """The rows that the column ``rows`` holds.

    Raises:
        WordError: there is none, or something in one of them is wrong.
    """
    rule = "must be the quantities of the meter, each a table that begins with [[rows]]"
    tables = columns.items("rows", rule)
    rows = [
        _row(Columns(_place(columns.place, n), table, COLUMNS))
        for n, table in enumerate(tables, 1)
        if isinstance(table, dict)
    ]
    if not rows or len(rows) < len(tables):
        raise columns.error("rows", rule)
    return tuple(rows)


def _place(place: str, row: int) -> str:
    return f"{place}, row {row}"


def _row(columns: Columns) -> Row:
    encoding = columns.choice("encoding", ENCODINGS, elsewhere=ELSEWHERE)
    field = columns.choice(
        "field", ELECTRICITY_FIELDS, rule="must be a field of `electricity` as the plugin's README lists them"
    )
    scale = columns.number("scale", -SCALES[1], SCALES[1], 1)
    if abs(scale) < SCALES[0]:
        raise columns.error("scale", f"must be at least {SCALES[0]:g}, or as much below zero")
    low, high = _plausible(columns, field.unit, may_be_negative=encoding.is_signed or scale < 0)
    row = Row(
        columns.whole("address", 0, LAST_REGISTER + 1 - encoding.count, example=ADDRESS_EXAMPLE),
        encoding,
        scale,
        field.name,
        low,
        high,
        columns.choice("pace", PACES, "slow" if field.kind == "counter" else "fast"),
    )
    # A scale such as 1/3 has more digits than any meter shows.
    return replace(row, decimals=columns.whole("decimals", 0, field.decimals, min(row.decimals, field.decimals)))


def _plausible(columns: Columns, unit: str, *, may_be_negative: bool) -> tuple[float, float]:
    """From where to where a value is plausible: what the row says, or what is usual of the unit."""
    low, high = PLAUSIBLE[unit]
    low = columns.number("low", -LIMIT, LIMIT, low if may_be_negative else max(low, 0.0))
    high = columns.number("high", -LIMIT, LIMIT, high)
    if low < high:
        return low, high
    if "low" in columns:
        why = "says" if "high" in columns else "must be said too, since without it that is"
        raise columns.error("low", f"must be below the column 'high', which {why} {high:g}")
    raise columns.error(
        "high", f"must be above the column 'low', which must be said too, since without it that is {low:g}"
    )


def refuse_clashes(place: str, rows: Sequence[Row], holes: Sequence[tuple[int, int]], longest: int) -> None:
    """Refuse rows that share a register or a field, lie in a hole, or are longer than the longest read.

    Raises:
        WordError: with the rows.
    """
    numbered = sorted(enumerate(rows, 1), key=lambda item: item[1].address)
    for (one, row), (other, next_row) in pairwise(numbered):
        if next_row.address < row.end:
            first, last = sorted((one, other))
            raise WordError(
                f"{_place(place, last)}: The register 0x{next_row.address:04X} is one of row {first} too; "
                "each row must have registers of its own, so check 'address' and 'encoding'."
            )
    rows_of: dict[str, int] = {}
    for number, row in enumerate(rows, 1):
        if row.field in rows_of:
            raise WordError(
                f"{_place(place, number)}: The column 'field' says {row.field!r}, as row {rows_of[row.field]} does; "
                "each field may be there once."
            )
        rows_of[row.field] = number
        if row.encoding.count > longest:
            raise WordError(
                f"{_place(place, number)}: The column 'encoding' takes {row.encoding.count} registers, but 'longest' "
                f"lets {longest} be read at once."
            )
        if hole := hole_in(holes, row.address, row.end):
            raise WordError(
                f"{_place(place, number)}: The column 'address' says 0x{row.address:04X}, which lies in the hole "
                f"{hole}; what is in 'holes' is never read."
            )


def hole_in(holes: Sequence[tuple[int, int]], first: int, end: int) -> str:
    """The hole that the registers from ``first`` to before ``end`` touch; empty when there is none."""
    return next((f"0x{low:04X} to 0x{high:04X}" for low, high in holes if first <= high and low < end), "")
