"""``wattline-cost update``: price what has been metered since, and what has changed."""

import argparse
import json
import time
from collections.abc import Sequence
from functools import partial

from wattline.cli import complain
from wattline.errors import WattlineError
from wattline.influxdb.server import Server
from wattline.paragraphs import filled
from wattline_cost.commands.choosing import no_contract
from wattline_cost.commands.faults import raise_all
from wattline_cost.errors import apart
from wattline_cost.settings import Settings, settings
from wattline_cost.store.memory import Memory
from wattline_cost.store.publishing import Publisher, stored_days
from wattline_cost.store.work import Result, Work, files_in

SUMMARY = (
    "prices yesterday, today so far, and every day whose readings have changed, by the contracts; the timer runs it"
)
EXAMPLE = "wattline-cost update"
ERROR_PREFIX = "wattline-cost: "


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the words of this command."""
    parser.add_argument("--quiet", action="store_true", help="say nothing but what somebody has to do")
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")


def execute(arguments: argparse.Namespace) -> int:
    """Do it, and tell what came of it; returns 0.

    Raises:
        CostError: something cannot be priced or published.
        WordError: a contract's file is wrong; the others were priced.
        ServerError: InfluxDB is away, or refuses.
    """
    chosen = settings()
    faults: list[WattlineError] = []
    files = files_in(chosen, faults)
    if not files and not faults:
        if not arguments.quiet:
            print(filled(no_contract(chosen)))
        return 0
    began_s = time.monotonic()
    results: list[Result] = []
    if files:
        server = chosen.server()
        try:
            with Memory(chosen.state).alone() as memory:
                results = Work(chosen, server, memory).update(files, faults)
                if chosen.publisher:
                    with apart(faults, chosen.publisher):
                        _publish(chosen, server, results)
        finally:
            server.close()
    tell(results, time.monotonic() - began_s, is_quiet=arguments.quiet, as_json=arguments.json)
    raise_all(faults, ERROR_PREFIX)
    return 0


def _publish(chosen: Settings, server: Server, results: Sequence[Result]) -> None:
    publisher = Publisher(chosen.publisher, chosen.site, chosen.state, partial(stored_days, server, chosen.site))
    if sentence := publisher.publish(results):
        complain(ERROR_PREFIX, sentence)


def tell(results: list[Result], seconds: float, *, is_quiet: bool, as_json: bool) -> None:
    """Print what came of the contracts."""
    if as_json:
        print(json.dumps({"contracts": [_as_json(each) for each in results], "seconds": round(seconds, 3)}, indent=2))
        return
    lines = [] if is_quiet else [_line(each) for each in results if each.days or each.change.removed]
    if lines:
        print(".\n".join(lines) + f"; {seconds:.1f} s.")
    for each in results:
        for remark in each.remarks:
            print(remark)


def _line(result: Result) -> str:
    days = "1 day" if result.days == 1 else f"{result.days} days"
    change = result.change
    return f"{result.contract.name}: {days} priced, {change.written} points written, {change.removed} removed"


def _as_json(result: Result) -> dict[str, object]:
    today = result.today
    return {
        "contract": result.contract.name,
        "days": result.days,
        "written": result.change.written,
        "removed": result.change.removed,
        "remarks": list(result.remarks),
        "today": {"cost": today.cost, "energy_kwh": today.energy_kwh} if today else None,
    }
