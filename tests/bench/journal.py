"""``make bench-journal``: what the journal costs, beside nothing and beside Telegraf's own disk buffer.

Four chains run side by side, each with a simulated line, the plugin, a real Telegraf, a real InfluxDB and a disk of its own:
one meter and four on a line, and on the disk either all that is kept, as on a Pi, or what is kept beside InfluxDB alone. In
spans of equal length, in turn, a chain keeps nothing beside InfluxDB, wattline's journal, or Telegraf's buffer
(``buffer_strategy = "disk"``). What reaches the disk is counted by its own counter, and is what a card would get.

Then a week is put into an InfluxDB and into a journal, and `wattline-backup reconcile` is run on it: nothing missing, and a
day missing.
"""

import argparse
import os
import platform
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import wattline
from bench import card, journal_table
from bench.chains import Chain, Programs, programs, rounds
from bench.journal_table import Lane
from bench.table import markdown
from bench.week import DAYS, Run, Week, day_of_house

METERS = (1, 4)
# The journal has found its pace, and it is three seconds after Telegraf has written: so each span has as many writes as another.
ROUNDS, SPAN_S, SETTLE_S = 3, 60, 43
RUNS, MISSING_DAYS = 5, 3


def main() -> int:
    """Measure and print; returns 0, or 1 with a sentence when it cannot be done."""
    parser = argparse.ArgumentParser(
        prog="make bench-journal", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="spans of each kind (default: %(default)s)")
    parser.add_argument("--span", type=float, default=SPAN_S, help="seconds of a span (default: %(default)s)")
    arguments = parser.parse_args()
    servers = programs()
    if lacking := card.lacking() or (
        "" if servers else "Telegraf and InfluxDB are not built; `make servers` builds them."
    ):
        print(lacking, file=sys.stderr)
        return 1
    assert servers
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        show(Path(folder), servers, arguments.rounds, arguments.span)
    print(
        f"\nwattline {wattline.__version__}, Python {platform.python_version()}, Telegraf 1.39.3, InfluxDB 2.9.1, Linux "
        f"{platform.release().partition('-')[0]}, {platform.machine()} with {os.cpu_count()} cores, load average {load:.1f} at "
        f"the start, {os.getloadavg()[0]:.1f} at the end."
    )
    return 0


def tell(what: str) -> None:
    """Say how far it is."""
    print(f"{time.strftime('%H:%M:%S')} {what} ...", file=sys.stderr, flush=True)


def show(folder: Path, servers: Programs, count: int, span_s: float) -> None:
    """Measure all, and print the table."""
    lanes = on_card(folder, servers, count, span_s)
    whole, days = reconciled(folder, servers)
    rows = [*journal_table.card(lanes), *journal_table.plugin(lanes), *journal_table.reconciled(whole, days)]
    print(markdown(["what", "one meter", "four meters"], rows))
    seen = ", ".join(
        f"{lane.meters}: {lane.readings(keeps):g} with {keeps}"
        for lane in lanes
        for keeps in lane.spans
        if lane.is_all_on_card
    )
    print(
        f"\nBytes a day from {count} spans of {span_s:g} s of each kind in turn, medians; of the journal and the buffer what is "
        f"more than with neither. Readings in a span, by meters: {seen}. Seconds are medians of {RUNS} runs on {DAYS} whole "
        f"days and of {MISSING_DAYS} missing days."
    )


def on_card(folder: Path, servers: Programs, count: int, span_s: float) -> list[Lane]:
    """The spans of all chains."""
    with ExitStack() as stack:
        chains = [
            stack.enter_context(Chain(folder / f"{meters}-{is_all}", servers, meters, is_all_on_card=is_all))
            for is_all in (False, True)
            for meters in METERS
        ]
        file_bytes = [chain.file_bytes() for chain in chains]
        tell("a first round, in which what is new is written")
        rounds(chains, 1, 0, SETTLE_S / 3)
        seen = rounds(chains, count, span_s, SETTLE_S)
        return [
            Lane(chain.meters, chain.is_all_on_card, size, spans)
            for chain, size, spans in zip(chains, file_bytes, seen, strict=True)
        ]


def reconciled(folder: Path, servers: Programs) -> tuple[dict[int, Sequence[Run]], dict[int, Sequence[Run]]]:
    """By the number of meters: runs that find nothing missing, and runs that find a day missing."""
    whole: dict[int, Sequence[Run]] = {}
    days: dict[int, Sequence[Run]] = {}
    tell("a day of a house")
    day = day_of_house()
    for meters in METERS:
        tell(f"a week of {meters} meters, stored and kept")
        with Week(folder / f"week-{meters}", servers, day, meters) as week:
            # The first one reads the whole journal.
            week.reconcile()
            whole[meters] = [week.reconcile() for _ in range(RUNS)]
            days[meters] = [_missing(week) for _ in range(MISSING_DAYS)]
    return whole, days


def _missing(week: Week) -> Run:
    week.delete_day()
    return week.reconcile()


if __name__ == "__main__":
    sys.exit(main())
