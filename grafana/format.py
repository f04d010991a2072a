#!/usr/bin/env python3
"""Writes the dashboards in the one form in which they are kept, so that a change shows as the lines that it changes.

Usage: grafana/format.py [--check] [FILE...]; without files, all of grafana/dashboards. With --check nothing is written:
the files that are not in that form are named, and the exit code is 1.

The form: two spaces for a level, what fits into one line stands on one line, keys in the order of ORDER and after those
by the alphabet.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

DASHBOARDS = Path(__file__).parent / "dashboards"
LINE_LENGTH = 120
ORDER = {
    key: place
    for place, key in enumerate(
        [
            "uid",
            "id",
            "refId",
            "name",
            "type",
            "title",
            "label",
            "description",
            "tags",
            "editable",
            "timezone",
            "time",
            "refresh",
            "schemaVersion",
            "version",
            "links",
            "gridPos",
            "datasource",
            "query",
            "targets",
            "transformations",
            "templating",
            "fieldConfig",
            "defaults",
            "overrides",
            "options",
            "panels",
            "matcher",
            "properties",
            "value",
            "text",
            "color",
            "unit",
            "decimals",
            "min",
            "max",
            "noValue",
            "thresholds",
            "custom",
        ]
    )
}


def formatted(value: Any, level: int = 0, room: int = LINE_LENGTH) -> str:
    """JSON text of ``value``, which begins ``room`` characters before the line's end."""
    flat = json.dumps(_ordered(value), ensure_ascii=False)
    if not isinstance(value, dict | list) or not value or len(flat) <= room:
        return flat
    indent, margin = "  " * (level + 1), "  " * level
    if isinstance(value, list):
        rows = [formatted(item, level + 1, LINE_LENGTH - len(indent) - 1) for item in value]
        return "[\n" + ",\n".join(indent + row for row in rows) + f"\n{margin}]"
    heads = [(f"{indent}{json.dumps(key)}: ", item) for key, item in _ordered(value).items()]
    rows = [head + formatted(item, level + 1, LINE_LENGTH - len(head) - 1) for head, item in heads]
    return "{\n" + ",\n".join(rows) + f"\n{margin}}}"


def _ordered(value: Any) -> Any:
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: (ORDER.get(key, len(ORDER)), key))
        return {key: _ordered(value[key]) for key in keys}
    return [_ordered(item) for item in value] if isinstance(value, list) else value


def main() -> int:
    """Returns the exit code: 1 when --check finds a file that is not in the form, 2 when a file is no JSON."""
    parser = argparse.ArgumentParser(description="Write the dashboards in the form in which they are kept.")
    parser.add_argument("--check", action="store_true", help="write nothing; say which files are not in that form")
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", default=sorted(DASHBOARDS.glob("*.json")))
    arguments = parser.parse_args()
    unformed = False
    for path in arguments.files:
        before = path.read_text(encoding="utf-8")
        try:
            after = formatted(json.loads(before)) + "\n"
        except json.JSONDecodeError as error:
            print(f"{path} is no JSON: {error}.", file=sys.stderr)
            return 2
        if before != after and arguments.check:
            print(f"{path} is not as `{Path(__file__).name}` would write it: run it without --check.", file=sys.stderr)
            unformed = True
        elif before != after:
            path.write_text(after, encoding="utf-8")
    return int(unformed)


if __name__ == "__main__":
    sys.exit(main())
