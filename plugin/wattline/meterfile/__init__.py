"""A model that is not in the library: its table in a TOML file, with the columns that the tables of ``meters/`` have.

What the columns mean is told by ``meters.Model``, ``meters.Block`` and ``registers.Row``. What every meter of a kind has
in common need not be said: a row needs ``address``, ``encoding`` and ``field``, and a file ``name``, ``function`` and
rows.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from wattline.bus.settings import BAUD_RATES, LONGEST_READ, PARITIES, STOP_BITS, LineSettings
from wattline.errors import WordError
from wattline.log import LOG
from wattline.meterfile.columns import Columns, whole_numbers
from wattline.meterfile.rows import ADDRESS_EXAMPLE, ENCODINGS, LAST_REGISTER, hole_in, parse_rows, refuse_clashes
from wattline.meters import Block, Identity, Library, Model, Sign
from wattline.registers import Encoding, Row

COLUMNS = (
    *(
        "name",
        "title",
        "settings",
        "baud",
        "parity",
        "stop",
        "alternatives",
        "function",
        "longest",
        "pause_ms",
        "phases",
    ),
    *("holes", "documented", "blocks", "absent", "sign", "identity", "source", "address_change", "rows"),
)
BLOCK_COLUMNS = ("address", "count", "lengths", "room")
IDENTITY_COLUMNS = ("address", "expected", "function")

LONGEST_PAUSE_MS = 1000
PHASES = (1, 3)
SIGNS: dict[str, Sign] = {"signed": "signed", "unsigned": "unsigned", "unknown": "unknown"}

_ADDRESS = re.compile(r"\baddress\s*=\s*(\w+)")
_MODICON = re.compile(r"[34](?!0000)[0-9]{4}")
_SINGLE_ROWS = re.compile(r"^\s*\[\s*rows\s*\]", re.MULTILINE)
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_SETTINGS = re.compile(r"([0-9]{1,6}) 8([NEO])([12])")
_SETTINGS_RULE = f"must be such as '9600 8E1', with a baud rate of {', '.join(map(str, BAUD_RATES))}"
_LINES_RULE = "must be a list of serial settings, such as ['9600 8N1']"
_RANGES_RULE = "must be a list of [first, last], register numbers in rising order, such as [[0x0134, 0x0138]]"
_BLOCKS_RULE = "must be a list of [address, count], or of { address, count, lengths, room }, such as [[0x0130, 4]]"
_ABSENT_RULE = (
    "must tell for an encoding of whole numbers which of them says that there is no value, such as { u16 = 0xFFFF }"
)
_IDENTITY_RULE = (
    "must be a table with the columns address and expected, such as { address = 0x000B, expected = [0x00A2] }"
)


def load_meter_files(paths: Iterable[Path]) -> list[Model]:
    """The models of these files.

    Raises:
        WordError: with file, row and column, what stands there and what may.
    """
    models: dict[str, Model] = {}
    library = Library()
    for path in paths:
        content = _content(path)
        model = parse_meter_file(str(path), content)
        if model.name in library or model.name in models:
            whose = "a model in the library" if model.name in library else "the model in another file"
            raise WordError(f"{path}: The name {model.name!r} is that of {whose}; choose one of its own.")
        models[model.name] = model
        if doubt := _doubt(content):
            LOG.warning("%s: %s", path, doubt)
    return list(models.values())


def _content(path: Path) -> str:
    try:
        # Windows writes a mark in front of UTF-8.
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise WordError(f"The meter file {str(path)!r} cannot be read ({error.strerror}).") from error
    except ValueError as error:
        raise WordError(f"The meter file {str(path)!r} is no text in UTF-8 ({error}).") from error


def _doubt(content: str) -> str:
    """What is said of a file whose register numbers are all written as Modicon counts them; nothing of any other.

    They may be meant as they stand, as 40072 is in a meter with SunSpec; 0xB000 is no such number, though it is 45056.
    """
    addresses = _ADDRESS.findall(content)
    if not addresses or not all(map(_MODICON.fullmatch, addresses)):
        return ""
    return (
        f"All register numbers look like Modicon's, from 1 and with a leading 3 or 4 that is no part of them; if they are, "
        f"{addresses[0]} must be written {int(addresses[0]) % 10_000 - 1}, since wattline counts from 0."
    )


def parse_meter_file(place: str, content: str) -> Model:
    """The model that ``content`` describes; ``place`` is the file, for the sentences.

    Raises:
        WordError: with file, row and column, what stands there and what may.
    """
    columns = _columns(place, content)
    name = columns.text("name")
    if not _NAME.fullmatch(name):
        raise columns.error(
            "name", "must be small letters and digits, with single dashes between them, such as acme-m1"
        )
    longest = columns.whole("longest", 1, LONGEST_READ, LONGEST_READ)
    holes = _ranges(columns, "holes")
    rows = parse_rows(columns)
    refuse_clashes(place, rows, holes, longest)
    return Model(
        name=name,
        title=columns.text("title", name),
        settings=_settings(columns),
        function=_function(columns),
        rows=rows,
        source=columns.text("source", f"the file {Path(place).name}"),
        address_change=columns.text("address_change", "see the manual of the meter; wattline never writes."),
        blocks=_blocks(columns, longest, holes, rows),
        identity=_identity(columns),
        alternatives=tuple(_line(columns, "alternatives", item) for item in columns.items("alternatives", _LINES_RULE)),
        documented=_ranges(columns, "documented"),
        holes=holes,
        longest=longest,
        pause_ms=columns.whole("pause_ms", 0, LONGEST_PAUSE_MS, 0),
        absent=_absent(columns),
        sign=columns.choice("sign", SIGNS, "unknown"),
        phases=_phases(columns),
    )


def _columns(place: str, content: str) -> Columns:
    if _SINGLE_ROWS.search(content):
        raise WordError(
            f"{place}: A row begins with [rows]; it must begin with [[rows]], in double brackets, since there may be several."
        )
    import tomllib  # noqa: PLC0415 - four tenths of a megabyte, spent only on a file of the user's own

    try:
        return Columns(place, tomllib.loads(content), COLUMNS)
    except tomllib.TOMLDecodeError as error:
        raise WordError(f"{place}: This is not TOML: {str(error).rstrip('.')}.") from error


# The other columns.


def _settings(columns: Columns) -> LineSettings:
    if "settings" in columns:
        for name in ("baud", "parity", "stop"):
            if name in columns:
                raise columns.error(name, "must not be there beside 'settings', which says it already")
        return _line(columns, "settings", columns.text("settings"))
    factory = LineSettings()
    baud = columns.whole("baud", BAUD_RATES[0], BAUD_RATES[-1], factory.baud)
    if baud not in BAUD_RATES:
        raise columns.error("baud", f"must be one of {', '.join(map(str, BAUD_RATES))}")
    parity = columns.choice("parity", {text: text for text in PARITIES}, factory.parity)
    return LineSettings(baud, parity, columns.whole("stop", STOP_BITS[0], STOP_BITS[-1], factory.stop))


def _line(columns: Columns, name: str, text: object) -> LineSettings:
    match = _SETTINGS.fullmatch(text) if isinstance(text, str) else None
    if not match or int(match[1]) not in BAUD_RATES:
        raise columns.error(name, _SETTINGS_RULE)
    return LineSettings(int(match[1]), next(parity for parity in PARITIES if parity == match[2]), int(match[3]))


def _function(columns: Columns) -> int:
    return columns.whole("function", 3, 4, example=" (3 reads holding registers, 4 input registers)")


def _phases(columns: Columns) -> int:
    phases = columns.whole("phases", 0, 3, 0)
    if "phases" in columns and phases not in PHASES:
        raise columns.error("phases", "must be 1 or 3")
    return phases


def _ranges(columns: Columns, name: str) -> tuple[tuple[int, int], ...]:
    ranges = []
    for item in columns.items(name, _RANGES_RULE):
        numbers = whole_numbers(item, 0, LAST_REGISTER, count=2)
        if not numbers or numbers[0] > numbers[1]:
            raise columns.error(name, _RANGES_RULE)
        ranges.append((numbers[0], numbers[1]))
    return tuple(ranges)


def _blocks(columns: Columns, longest: int, holes: Sequence[tuple[int, int]], rows: Sequence[Row]) -> tuple[Block, ...]:
    blocks = []
    for number, item in enumerate(columns.items("blocks", _BLOCKS_RULE), 1):
        pair = whole_numbers(item, 0, LAST_REGISTER, count=2)
        table = dict(zip(("address", "count"), pair, strict=True)) if pair else item
        if not isinstance(table, dict):
            raise columns.error("blocks", _BLOCKS_RULE)
        inner = Columns(f"{columns.place}, block {number}", table, BLOCK_COLUMNS)
        block = _block(inner, longest, holes)
        if not any(block.address <= row.address and row.end <= block.end for row in rows):
            raise inner.error(
                "address",
                f"must lead to a row, but none lies wholly in 0x{block.address:04X} to 0x{block.end - 1:04X}, so that the "
                "block would never be read",
            )
        blocks.append(block)
    return tuple(blocks)


def _block(columns: Columns, longest: int, holes: Sequence[tuple[int, int]]) -> Block:
    address = columns.whole("address", 0, LAST_REGISTER, example=ADDRESS_EXAMPLE)
    most = min(longest, LAST_REGISTER + 1 - address)
    count = columns.whole("count", 1, most)
    room = columns.whole("room", count, most, count)
    lengths_rule = f"must be a list of whole numbers from {count} to {most}, {count} among them"
    lengths = whole_numbers(columns.items("lengths", lengths_rule), count, most)
    if "lengths" in columns and count not in lengths:
        raise columns.error("lengths", lengths_rule)
    block = Block(address, count, lengths, room)
    if hole := hole_in(holes, address, address + max((room, *lengths))):
        raise columns.error("address", f"must not lead over the hole {hole}, since what is in 'holes' is never read")
    return block


def _absent(columns: Columns) -> Mapping[Encoding, int]:
    absent = {}
    for name, raw in columns.table("absent", _ABSENT_RULE).items():
        encoding = ENCODINGS.get(name)
        if encoding is None or encoding.is_float or type(raw) is not int or not _fits(encoding, raw):
            raise columns.error("absent", _ABSENT_RULE)
        absent[encoding] = raw
    return absent


def _fits(encoding: Encoding, raw: int) -> bool:
    bits = 16 * encoding.count
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if encoding.is_signed else (0, (1 << bits) - 1)
    return low <= raw <= high


def _identity(columns: Columns) -> Identity | None:
    if "identity" not in columns:
        return None
    table = columns.table("identity", _IDENTITY_RULE)
    inner = Columns(f"{columns.place}, identity", table, IDENTITY_COLUMNS)
    expected = whole_numbers(inner.items("expected", "must be a list of whole numbers, such as [0x00A2]"), 0, 0xFFFF)
    if not expected:
        raise inner.error("expected", "must be a list of whole numbers from 0 to 65535, such as [0x00A2]")
    function = _function(inner) if "function" in inner else 0
    return Identity(inner.whole("address", 0, LAST_REGISTER, example=ADDRESS_EXAMPLE), expected, function)
