"""``wattline-cost bill``: the bill of a month, line by line as a supplier prints it."""

import argparse
import time
from collections.abc import Callable, Mapping
from datetime import date

from wattline.errors import WattlineError, WordError
from wattline.paragraphs import filled
from wattline_cost.commands.choosing import add_contract, chosen_of, no_contract, told_month
from wattline_cost.commands.faults import raise_all
from wattline_cost.errors import CostError, add, apart
from wattline_cost.local_days import ONE_DAY, day_start_s, next_month
from wattline_cost.pricing.bill import Bill, bill_of
from wattline_cost.pricing.document import as_csv, as_json, as_table
from wattline_cost.settings import settings
from wattline_cost.store.account import Account
from wattline_cost.store.memory import Memory
from wattline_cost.store.work import files_in
from wattline_cost.tariff.versions import told

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
        CostError: the month cannot be priced, or there is nothing to bill; the bills of other contracts were printed.
        WordError: the words are wrong, or a contract's file.
        ServerError: InfluxDB is away, or refuses.
    """
    month, chosen = told_month(arguments.month), settings()
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
    bills = []
    try:
        for file in files:
            account = Account(file.contract, chosen, server, memory.of(file.contract.name), int(time.time()))
            with apart(faults, file.contract.name):
                bills.append(_bill(account, month))
                add(faults, account.faults)
    finally:
        server.close()
    if bills:
        print("\n\n".join(FORMS[arguments.form](bill).rstrip("\n") for bill in bills))
    raise_all(faults, ERROR_PREFIX)
    return 0


def _bill(account: Account, month: date) -> Bill:
    """The bill of a month; of the one that is under way up to today."""
    contract, last = account.contract, min(next_month(month) - ONE_DAY, account.today)
    if last < month:
        raise WordError(f"{month:%Y-%m} has not begun yet.")
    start, stop = contract.versions[0].start, contract.versions[-1].stop
    if day_start_s(last + ONE_DAY, contract.zone) <= start.timestamp() or (
        stop is not None and stop.timestamp() <= day_start_s(month, contract.zone)
    ):
        until = f" and ends before {told(stop)}" if stop else ""
        raise CostError(f"{contract.name} has no bill of {month:%Y-%m}: the contract begins {told(start)}{until}.")
    if not account.is_read():
        raise CostError(f"{contract.name} has no bill of {month:%Y-%m}: {account.reader.why_no_day()}.")
    since = account.begin()
    if since is None or since > last:
        raise CostError(
            f"{contract.name} has no bill of {month:%Y-%m}: {account.reader.what} was not read while the contract held, up to "
            f"{last}."
        )
    first = max(month, since)
    lines = account.lines(account.quarters(first, last), first, last)
    was_read_late = since > max(month, start.date())
    return bill_of(contract, lines, month, last, since if was_read_late else None)
