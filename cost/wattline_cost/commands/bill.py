"""``wattline-cost bill``: the bill of a month, line by line as a supplier prints it."""

import argparse
import time
from collections.abc import Callable, Mapping
from datetime import date

from wattline.errors import WattlineError, WordError
from wattline.paragraphs import filled
from wattline_cost.commands.choosing import add_contract, chosen_of, month_of, no_contract
from wattline_cost.commands.faults import raise_all
from wattline_cost.pricing.bill import Bill, bill_of
from wattline_cost.pricing.document import as_csv, as_json, as_table
from wattline_cost.settings import settings
from wattline_cost.store.account import Account
from wattline_cost.store.due import ONE_DAY, next_month
from wattline_cost.store.memory import Memory
from wattline_cost.store.work import files_in

SUMMARY = "prints the bill of a month, line by line as a supplier prints it"
EXAMPLE = "wattline-cost bill --month 2026-10"
ERROR_PREFIX = "wattline-cost: "

FORMS: Mapping[str, Callable[[Bill], str]] = {"table": as_table, "csv": as_csv, "json": as_json}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the words of this command."""
    parser.add_argument("--month", metavar="YYYY-MM", required=True, help="the month, of the contract's calendar")
    add_contract(parser)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--csv", dest="form", action="store_const", const="csv", help="print CSV")
    form.add_argument("--json", dest="form", action="store_const", const="json", help="print JSON, for programs")
    parser.set_defaults(form="table")


def execute(arguments: argparse.Namespace) -> int:
    """Print; returns 0.

    Raises:
        CostError: the month cannot be priced.
        WordError: the words are wrong, or a contract's file.
        ServerError: InfluxDB is away, or refuses.
    """
    month, chosen = month_of(arguments.month), settings()
    faults: list[WattlineError] = []
    files = files_in(chosen, faults)
    if not files and not faults:
        print(filled(no_contract(chosen)))
        return 0
    files = chosen_of(files, arguments.contract)
    if len(files) > 1 and arguments.form != "table":
        names = ", ".join(file.contract.name for file in files)
        raise WordError(f"A file has one bill: name its contract with --contract; there are {names}.")
    server, memory = chosen.server(), Memory(chosen.state).seen()
    try:
        bills = [
            _bill(Account(file.contract, chosen, server, memory.of(file.contract.name), int(time.time())), month)
            for file in files
        ]
    finally:
        server.close()
    print("\n\n".join(FORMS[arguments.form](bill).rstrip("\n") for bill in bills))
    raise_all(faults, ERROR_PREFIX)
    return 0


def _bill(account: Account, month: date) -> Bill:
    """The bill of a month; of the one that is under way up to today."""
    last = min(next_month(month) - ONE_DAY, account.today)
    if last < month:
        raise WordError(f"{month:%Y-%m} has not begun yet.")
    quarters = account.quarters(month, last)
    return bill_of(account.contract, account.lines(quarters, month, last), month, last)
