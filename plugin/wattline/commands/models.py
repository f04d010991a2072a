"""``wattline models``: the meter library."""

import argparse
import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from wattline.budget import Budget, budget_of
from wattline.bus.settings import LONGEST_READ, LineSettings
from wattline.fields import ELECTRICITY_FIELDS
from wattline.meters import Model, Sign
from wattline.paragraphs import filled
from wattline.plan import TYPICAL_TURNAROUND_S, Span
from wattline.rainforest.models import SETTINGS, STICKS, StickModel
from wattline.registers import Row
from wattline.words import add_meter_files, find_model, library_of

SUMMARY = "lists the meter library, or shows the table of one model"
EXAMPLE = "wattline models orno-we515"
ERROR_PREFIX = "wattline: "

SIGNS: dict[Sign, str] = {
    "signed": "is negative while energy is given to the grid",
    "unsigned": "is never negative, so it does not tell which way energy goes",
    "unknown": "may or may not be negative while energy is given to the grid: that is not known",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the words of this command."""
    parser.add_argument("model", metavar="MODEL", nargs="?", help="show the table of this model")
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")
    add_meter_files(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Print; returns 0.

    Raises:
        WordError: there is no such model, or a meter file is wrong.
    """
    models = library_of(arguments)
    if arguments.model is None:
        listed = sorted(models.values(), key=lambda model: model.name)
        print(json.dumps([_as_json(model) for model in listed], indent=2) if arguments.json else _list(listed))
    elif stick := STICKS.get(arguments.model):
        print(json.dumps(asdict(stick), indent=2) if arguments.json else _stick(stick))
    else:
        model = find_model(arguments.model, models)
        print(json.dumps(_as_json(model), indent=2) if arguments.json else _map(model))
    return 0


def _list(models: list[Model]) -> str:
    width = max(len(model.name) for model in models)
    head = f"{'model':{width}}  phases  serial     values  verified  "
    return "\n".join(
        [
            f"{head}maker and model",
            *(
                filled(
                    f"{model.name:{width}}  {model.phases:6}  {model.settings!s:9}  {len(model.rows):6}  "
                    f"{'yes' if model.verified else 'no':8}  {model.title}",
                    len(head),
                )
                for model in models
            ),
            "",
            filled(
                "A model is verified when bytes recorded from a real meter prove its table; the others follow what "
                "their makers or other programs document."
            ),
            "",
            filled("Sticks that hear the meter by radio and speak by themselves (NAME=MODEL, without an address):"),
            *(f"{stick.name:{width}}  {stick.title}" for stick in STICKS.values()),
        ]
    )


def _stick(model: StickModel) -> str:
    vendor, product = model.usb_id
    facts = [
        f"{model.title} ({model.name}), a stick that hears an electricity meter by radio and speaks by itself",
        f"found by its USB numbers {vendor:04x}:{product:04x}, at {SETTINGS}",
        "brings of each meter: " + ", ".join(row.field for row in model.rows),
        f"for Telegraf: wattline run auto grid={model.name}",
        f"source: {model.source}",
    ]
    return "\n".join(filled(fact, 2) for fact in facts)


# One model.


def _map(model: Model) -> str:
    facts = [filled(fact, 2) for fact in _facts(model)]
    facts.append(_with_commands(f"address: {model.address_change}"))
    reads = [filled(fact, 4 if fact.startswith(" ") else 2) for fact in _reads(model)]
    return "\n".join([*facts, "", *_rows(model), "", *reads])


def _with_commands(text: str) -> str:
    """The text in lines, and what stands in backticks on a line of its own, as it would be copied."""
    lines = []
    for number, piece in enumerate(text.split("`")):
        indent = "  " if number else ""
        lines.append(f"{indent}{piece}" if number % 2 else filled(f"{indent}{piece.strip()}", 2))
    return "\n".join(lines)


def _facts(model: Model) -> list[str]:
    also = f"; also seen: {_listed(model.alternatives)}" if model.alternatives else ""
    pause = f", after {model.pause_ms} ms of silence" if model.pause_ms else ""
    longest = f", at most {model.longest} registers at once" if model.longest < LONGEST_READ else ""
    facts = [
        f"{model.title} ({model.name}), {'three phases' if model.phases > 1 else 'one phase'}",
        f"serial settings from the factory: {model.settings}{also}",
        f"read with function {model.function}{longest}{pause}",
    ]
    if model.holes:
        facts.append(f"never read: {_listed(_range(Span(first, last + 1 - first)) for first, last in model.holes)}")
    if model.absent:
        values = (f"0x{raw:X} as {encoding.name.lower()}" for encoding, raw in model.absent.items())
        facts.append(f"it says that it has no value by {_listed(values)}")
    facts.append(f"power {SIGNS[model.sign]}")
    if model.identity:
        by = f" (function {model.identity.function})" if model.identity.function else ""
        values = (f"0x{value:04X}" for value in model.identity.expected)
        facts.append(f"identity: register 0x{model.identity.address:04X}{by} says {_listed(values)}")
    return [
        *facts,
        f"verified on a real meter: {'yes' if model.verified else 'no'}",
        f"source: {model.source}",
    ]


def _listed(items: Iterable[object]) -> str:
    *others, last = map(str, items)
    return f"{', '.join(others)} or {last}" if others else last


def _rows(model: Model) -> list[str]:
    cells = [("register", "encoding", "scale", "read", "plausible", "field")]
    cells += [
        (f"0x{row.address:04X}", row.encoding.name.lower(), f"{row.scale:g}", row.pace, _plausible(row), row.field)
        for row in model.rows
    ]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]


def _plausible(row: Row) -> str:
    return f"{row.low:.10g} to {row.high:.10g}"


def _reads(model: Model) -> list[str]:
    proven = [_range(Span(block.address, block.room)) for block in model.blocks]
    turnaround_ms = 1000 * TYPICAL_TURNAROUND_S
    at_first, later = (
        budget_of(model, model.settings, TYPICAL_TURNAROUND_S, proven=proven, at_once=True) for proven in (True, False)
    )
    return [
        f"reads that are proven: {', '.join(proven) if proven else 'none, so each row is read on its own at first'}",
        f"plan at {model.settings} and a turnaround of {turnaround_ms:g} ms (`wattline plan` takes others):",
        f"  proven: {_plan(at_first)}",
        f"  wanted, and tried at start: {'no more' if later == at_first else _plan(later)}",
    ]


def _plan(budget: Budget) -> str:
    reads = ", ".join(_range(read.span) for read in budget.reads)
    return f"{_requests(len(budget.reads))}, {1000 * budget.fast_s:.0f} ms for everything: {reads}"


def _requests(number: int) -> str:
    return "1 request" if number == 1 else f"{number} requests"


def _range(span: Span) -> str:
    return f"0x{span.first:04X}" if span.count == 1 else f"0x{span.first:04X}-0x{span.end - 1:04X}"


# For programs.


def _as_json(model: Model) -> dict[str, Any]:
    return {
        "name": model.name,
        "title": model.title,
        "table_of": model.table_of,
        "phases": model.phases,
        **_line_as_json(model.settings),
        "alternatives": [_line_as_json(settings) for settings in model.alternatives],
        "function": model.function,
        "longest": model.longest,
        "pause_ms": model.pause_ms,
        "holes": [list(hole) for hole in model.holes],
        "documented": [list(documented) for documented in model.documented],
        "absent": {encoding.name.lower(): raw for encoding, raw in model.absent.items()},
        "sign": model.sign,
        "identity": _identity_as_json(model),
        "verified": model.verified,
        "source": model.source,
        "address_change": model.address_change,
        "blocks": [
            {"address": block.address, "count": block.count, "lengths": list(block.lengths), "room": block.room}
            for block in model.blocks
        ],
        "rows": [_row_as_json(row) for row in model.rows],
    }


def _line_as_json(settings: LineSettings) -> dict[str, Any]:
    return {"baud": settings.baud, "parity": settings.parity, "stop": settings.stop}


def _identity_as_json(model: Model) -> dict[str, Any] | None:
    if model.identity is None:
        return None
    return {
        "address": model.identity.address,
        "expected": list(model.identity.expected),
        "function": model.identity.function or model.function,
    }


def _row_as_json(row: Row) -> dict[str, Any]:
    return {
        "register": row.address,
        "encoding": row.encoding.name.lower(),
        "scale": row.scale,
        "decimals": row.decimals,
        "field": row.field,
        "unit": ELECTRICITY_FIELDS[row.field].unit,
        "low": row.low,
        "high": row.high,
        "pace": row.pace,
    }
