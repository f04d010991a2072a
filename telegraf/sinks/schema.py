#!/usr/bin/env python3
"""Writes what the sinks know of wattline's vocabulary: the tables of mariadb.sql and postgresql.sql, and rounding.star.

PYTHONPATH=plugin python3 telegraf/sinks/schema.py           write them
PYTHONPATH=plugin python3 telegraf/sinks/schema.py --check   say which is not what it would be; exit 1 then
"""

import sys
from pathlib import Path

from wattline.fields import ELECTRICITY_FIELDS

FOLDER = Path(__file__).parent
LINE = 110


def wrapped(words: list[str], indent: str) -> str:
    """``words`` with commas between them, over as many lines as they take."""
    lines, line = [], indent
    for word in words:
        if len(line) + len(word) > LINE:
            lines.append(line.rstrip())
            line = indent
        line += f"{word}, "
    return "\n".join([*lines, line.rstrip(" ,")])


def mariadb() -> dict[str, str]:
    """The parts of mariadb.sql."""
    names = list(ELECTRICITY_FIELDS)
    return {
        "columns": wrapped([f"ADD COLUMN IF NOT EXISTS {name} DOUBLE" for name in names], "  ") + ";",
        "names": wrapped(names, "    ") + ")",
        "values": wrapped([f"NEW.{name}" for name in names], "    ") + ")",
        "filled in": wrapped([f"{name} = COALESCE({name}, NEW.{name})" for name in names], "    ") + ";",
    }


def postgresql() -> dict[str, str]:
    """The parts of postgresql.sql."""
    added = [f"ADD COLUMN IF NOT EXISTS {name} double precision" for name in ELECTRICITY_FIELDS]
    merged = [f"{name} = coalesce(was.{name}, EXCLUDED.{name})" for name in ELECTRICITY_FIELDS]
    return {
        "columns": wrapped(added, "  ") + ";",
        "columns of electricity_in": wrapped(added, "  ") + ";",
        "filled in": wrapped(merged, "    ") + ";",
    }


def star() -> dict[str, str]:
    """The part of rounding.star."""
    units = {field.name: field.unit if field.kind == "counter" else "" for field in ELECTRICITY_FIELDS.values()}
    return {"fields": wrapped([f'"{name}": "{unit}"' for name, unit in units.items()], "    ") + ","}


def filled(text: str, parts: dict[str, str], comment: str) -> str:
    """``text`` with each part between its two marks, which stay."""
    for name, part in parts.items():
        begin, end = f"{comment} schema.py: {name}\n", f"{comment} end\n"
        before, _, rest = text.partition(begin)
        text = f"{before}{begin}{part}\n{end}{rest.partition(end)[2]}"
    return text


def main() -> int:
    """Returns the exit code."""
    stale = []
    for name, parts, comment in (
        ("mariadb.sql", mariadb(), "--"),
        ("postgresql.sql", postgresql(), "--"),
        ("rounding.star", star(), "#"),
    ):
        path = FOLDER / name
        if (text := filled(path.read_text(), parts, comment)) != path.read_text():
            stale.append(name)
            if "--check" not in sys.argv:
                path.write_text(text)
    if stale and "--check" in sys.argv:
        print(f"Not as schema.py writes it: {', '.join(stale)}.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
