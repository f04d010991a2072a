"""``wattline-cost recompute``: price history anew, by the contracts as they stand now."""

import argparse
import time

from wattline.errors import WattlineError, WordError
from wattline.paragraphs import filled
from wattline_cost.commands.choosing import add_contract, chosen_of, no_contract, told_day
from wattline_cost.commands.faults import raise_all
from wattline_cost.commands.update import tell
from wattline_cost.local_days import day_of
from wattline_cost.settings import settings
from wattline_cost.store.memory import Memory
from wattline_cost.store.work import Work, files_in

SUMMARY = "prices history anew, by the contracts as they stand now, as after a tariff was corrected"
EXAMPLE = "wattline-cost recompute --from 2026-01-01"
ERROR_PREFIX = "wattline-cost: "


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the words of this command."""
    parser.add_argument("--from", dest="first", metavar="DATE", required=True, help="the first day, such as 2026-01-01")
    parser.add_argument("--to", dest="last", metavar="DATE", help="the last day (default: today)")
    add_contract(parser)
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")


def execute(arguments: argparse.Namespace) -> int:
    """Do it, and tell what came of it; returns 0.

    Raises:
        CostError: something cannot be priced.
        WordError: the words are wrong, or a contract's file; the other contracts were priced.
        ServerError: InfluxDB is away, or refuses.
    """
    first = told_day(arguments.first)
    last = told_day(arguments.last) if arguments.last else None
    if last is not None and last < first:
        raise WordError(f"There is no day from {first} to {last}: --from is before --to.")
    chosen = settings()
    faults: list[WattlineError] = []
    files = files_in(chosen, faults)
    if not files and not faults:
        print(filled(no_contract(chosen)))
        return 0
    files = chosen_of(files, arguments.contract)
    if files and all(first > day_of(int(time.time()), file.contract.zone) for file in files):
        raise WordError(f"{first} has not come yet: --from is today, or a day before.")
    began_s = time.monotonic()
    server = chosen.server()
    try:
        with Memory(chosen.state).alone() as memory:
            results = Work(chosen, server, memory).recompute(files, faults, first, last)
    finally:
        server.close()
    tell(results, time.monotonic() - began_s, is_quiet=False, as_json=arguments.json)
    raise_all(faults, ERROR_PREFIX)
    return 0
