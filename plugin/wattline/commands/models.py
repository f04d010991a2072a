"""``wattline models``: the meter library."""

import argparse
import json
from textwrap import fill
from typing import Any

from wattline.fields import ELECTRICITY_FIELDS
from wattline.meters import Model, load_models
from wattline.words import find_model

SUMMARY = "lists the meter library, or shows the table of one model"
EXAMPLE = "wattline models orno-we515"
ERROR_PREFIX = "wattline: "

TEXT_COLUMNS = 80


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the words of this command."""
    parser.add_argument("model", metavar="MODEL", nargs="?", help="show the table of this model")
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")


def execute(arguments: argparse.Namespace) -> int:
    """Print; returns 0."""
    models = load_models()
    if arguments.model is None:
        listed = sorted(models.values(), key=lambda model: model.name)
        print(json.dumps([_as_json(model) for model in listed], indent=2) if arguments.json else _list(listed))
    else:
        model = find_model(arguments.model, models)
        print(json.dumps(_as_json(model), indent=2) if arguments.json else _table(model))
    return 0


def _list(models: list[Model]) -> str:
    width = max(len(model.name) for model in models)
    return "\n".join(
        f"{model.name:{width}}  {model.title}, {model.settings}, {len(model.rows)} quantities"
        + ("" if model.verified else ", not yet verified on a real meter")
        for model in models
    )


def _table(model: Model) -> str:
    facts = [
        f"{model.title} ({model.name})",
        f"serial settings from the factory: {model.settings}; read with function {model.function}",
        f"verified on a real meter: {'yes' if model.verified else 'no'}",
        f"source: {model.source}",
        f"address: {model.address_change}",
    ]
    head = [
        *(fill(fact, TEXT_COLUMNS, subsequent_indent="  ", break_on_hyphens=False) for fact in facts),
        "",
        f"{'register':10}{'encoding':15}{'scale':8}{'unit':6}{'read':6}field",
    ]
    rows = [
        f"0x{row.address:04X}    {row.encoding.name.lower():15}{row.scale:<8g}{ELECTRICITY_FIELDS[row.field].unit or '-':6}{row.pace:6}{row.field}"
        for row in model.rows
    ]
    return "\n".join(head + rows)


def _as_json(model: Model) -> dict[str, Any]:
    return {
        "name": model.name,
        "title": model.title,
        "baud": model.settings.baud,
        "parity": model.settings.parity,
        "stop": model.settings.stop,
        "function": model.function,
        "verified": model.verified,
        "source": model.source,
        "address_change": model.address_change,
        "rows": [
            {
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
            for row in model.rows
        ],
    }
