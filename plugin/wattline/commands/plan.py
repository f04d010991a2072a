"""``wattline plan``: what meters take of their line, and how many fit on it; nothing is opened and nobody is asked."""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from wattline.budget import Budget, Line, PlannedRead, budget_of, line_of
from wattline.options import milliseconds
from wattline.paragraphs import filled
from wattline.plan import SLOW_S
from wattline.ports import PORTS, check_port
from wattline.systems import System, system_of
from wattline.words import Meter, add_meters, check_addresses, check_intervals, meters_of, parse_interval

SUMMARY = "tells what is asked of each meter, how long it takes, and how many fit on a line"
EXAMPLE = "wattline plan house=orno-we515@1 heatpump=eastron-sdm120@2,role=load"
ERROR_PREFIX = "wattline: "

HEAD = f"  {'registers':18}{'count':>5}{'bytes':>7}{'ms':>8}  {'read':6}known"
ALONE = "alone"
CARRIES_AT = 6


@dataclass(frozen=True, slots=True)
class Plan:
    """What is planned for one meter.

    Attributes:
        meter: the meter.
        interval_s: seconds from reading to reading.
        budget: its reads.
        proven: the same as far as it is proven, which is what is read until more was learnt.
    """

    meter: Meter
    interval_s: int
    budget: Budget
    proven: Budget


# No interval helps a sweep that takes longer than a slot may.
MOST_S = 61


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the words of this command."""
    add_meters(parser)
    parser.add_argument(
        "--proven", action="store_true", help="plan as for `wattline run --proven`, which tries nothing"
    )
    parser.add_argument(
        "--turnaround",
        metavar="MS",
        type=milliseconds,
        default=20.0,
        help="from a request's end to the reply's begin (default: %(default)g)",
    )
    parser.add_argument(
        "--interval", default="1s", metavar="TIME", help="from slot to slot, 1s to 1h (default: %(default)s)"
    )
    parser.add_argument(
        "--port",
        metavar="PORT",
        help=f"refuse what `wattline run` would refuse on this port, without opening it: {PORTS}",
    )
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")


def execute(arguments: argparse.Namespace) -> int:
    """Print; returns 0.

    Raises:
        WordError: the words are wrong.
    """
    interval_s = parse_interval(arguments.interval)
    system = system_of(arguments)
    if system.speaks_unasked:
        _plan_sticks(system, arguments, interval_s)
        return 0
    meters = meters_of(arguments)
    check_intervals(meters, interval_s)
    if arguments.port is not None:
        check_port(arguments.port)
        check_addresses(meters, arguments.port)
    turnaround_s = arguments.turnaround / 1000
    plans = [_plan(meter, interval_s, turnaround_s, proven=arguments.proven) for meter in meters]
    line = line_of([plan.budget for plan in plans], [plan.interval_s for plan in plans], interval_s)
    plans = [replace(plan, budget=budget) for plan, budget in zip(plans, line.budgets, strict=True)]
    if arguments.json:
        print(json.dumps(_as_json(plans, line, interval_s, arguments.turnaround), indent=2))
    else:
        print(
            "\n\n".join(
                [*(_as_text(plan, arguments.turnaround) for plan in plans), *_together(plans, line, interval_s)]
            )
        )
    return 0


def _plan_sticks(system: System, arguments: argparse.Namespace, interval_s: int) -> None:
    """Print that there is nothing to plan, in the form of a plan."""
    if arguments.port is not None:
        system.check(arguments.port)
    if arguments.json:
        meters = [
            {"meter": meter.name, "interval_s": meter.interval_s, "parity": "N", "reads": []} for meter in system.meters
        ]
        nothing = {"ms": 0.0, "share_percent": 0.0, "fits": True, "round_s": interval_s}
        print(json.dumps({"interval_s": interval_s, **nothing, "meters": meters}, indent=2))
        return
    for meter in system.meters:
        text = f"{meter.name}: {meter.model.title}. A stick speaks by itself, so nothing is asked in each slot."
        print(filled(text, 2))


def _plan(meter: Meter, interval_s: int, turnaround_s: float, *, proven: bool) -> Plan:
    change_s = meter.pause_s or 0.0
    budgets = [
        budget_of(meter.model, meter.settings, turnaround_s, proven=is_proven, change_s=change_s)
        for is_proven in (proven, True)
    ]
    return Plan(meter, meter.interval_s or interval_s, *budgets)


# For people.


def _as_text(plan: Plan, turnaround_ms: float) -> str:
    meter, budget = plan.meter, plan.budget
    lines = [f"{meter.name}: {meter.model.title} at {meter.settings}, turnaround {turnaround_ms:g} ms", HEAD]
    for read in budget.reads:
        last = read.span.end - 1
        where = f"0x{read.span.first:04X}" + (f" to 0x{last:04X}" if read.span.count > 1 else "")
        lead = (
            f"  {where:18}{read.span.count:5}{read.bytes_on_the_wire:7}{1000 * read.seconds:8.1f}"
            f"  {'slow' if read.is_slow else 'fast':6}{_known(read)}"
        )
        lines += [lead, filled(" " * CARRIES_AT + ", ".join(read.fields), CARRIES_AT)]
    lines += [filled(sentence, 2) for sentence in _sentences(plan)]
    return "\n".join(lines)


def _known(read: PlannedRead) -> str:
    """What is known of a read, in a word."""
    return "proven" if read.is_proven else "to try" if read.is_tried else ALONE


def _sentences(plan: Plan) -> list[str]:
    budget, interval_s = plan.budget, plan.interval_s
    sentences = [f"  {_takes(budget)}: {_share(budget, interval_s)}.", f"  {_how_many(budget, interval_s)}"]
    if any(_known(read) == ALONE for read in budget.reads):
        sentences.append(
            "  What is read alone lies in no proven read, so nobody knows yet that it is answered; it is asked for from the "
            "start, since there is no other way to it."
        )
    if budget.reads != plan.proven.reads:
        sentences.append(
            f"  Until what is to be tried was answered and has agreed, and with --proven for good: "
            f"{len(plan.proven.reads)} requests in place of {len(budget.reads)}, {_share(plan.proven, interval_s)}."
        )
    return sentences


def _takes(budget: Budget) -> str:
    slow = f"{1000 * budget.slow_s:.1f} ms of slow reads, spread over ten seconds"
    if not budget.has_fast_reads:
        return f"Nothing of it is read oftener than every ten seconds; it takes {slow}"
    return f"A sweep takes {1000 * budget.fast_s:.1f} ms" + (f", and {slow}" if budget.slow_s else "")


def _share(budget: Budget, interval_s: float) -> str:
    seconds = budget.sweep_s(interval_s)
    return f"{1000 * seconds:.1f} ms on average of {_every(interval_s)}, {100 * seconds / interval_s:.1f} %"


def _every(interval_s: float) -> str:
    return "every second" if interval_s == 1 else f"every {interval_s:g} s"


def _how_many(budget: Budget, interval_s: int) -> str:
    number = budget.fits(interval_s)
    if number:
        read_s = interval_s if budget.has_fast_reads else max(interval_s, SLOW_S)
        return f"Such meters that fit on one line and are read {_every(read_s)}: {number}."
    enough_s = next((seconds for seconds in range(interval_s, MOST_S) if budget.fits(seconds)), None)
    if enough_s is None:
        return (
            f"It does not fit into {interval_s} s, nor into any other interval: it is read in parts, one after another."
        )
    return f"It does not fit into {interval_s} s; an interval of {enough_s} s is enough."


def _together(plans: Sequence[Plan], line: Line, interval_s: int) -> list[str]:
    """What the meters take together, when they are several."""
    if len(plans) == 1:
        return []
    costs = ", ".join(
        f"{plan.meter.name} {1000 * cost_s:.1f} ms" for plan, cost_s in zip(plans, line.costs_s, strict=True)
    )
    has_own = any(plan.meter.interval_s for plan in plans)
    text = f"Together {1000 * sum(line.costs_s):.1f} ms ({costs}), {_verdict(line, interval_s, has_own=has_own)}."
    until = line_of([plan.proven for plan in plans], [plan.interval_s for plan in plans], interval_s)
    if until != line:
        text += (
            f" Until what is to be tried was answered and has agreed, and for good where it is refused: "
            f"{1000 * sum(until.costs_s):.1f} ms, {_verdict(until, interval_s, has_own=has_own)}."
            " While it is tried, for half a minute after each start and some minutes where they fill the line, each may be"
            " read more rarely."
        )
    return [filled(text, 2)]


def _verdict(line: Line, interval_s: int, *, has_own: bool) -> str:
    share = f"{100 * sum(line.costs_s) / interval_s:.1f} % of {_every(interval_s)}"
    if line.fits:
        return f"{share}: they fit into {_every(interval_s)}"
    if line.round_s > interval_s:
        own = " without an interval of its own" if has_own else ""
        return (
            f"{share}: with what is kept for slow reads and lost replies too much for it, so each{own} is read "
            f"every {line.round_s:g} s"
        )
    if has_own:
        return f"{share}: too much for it, so who has an interval of its own has what the others leave, later than that"
    return f"{share}: too much for it, so not all is read in each"


# For programs.


def _as_json(plans: Sequence[Plan], line: Line, interval_s: int, turnaround_ms: float) -> dict[str, Any]:
    return {
        "interval_s": interval_s,
        "turnaround_ms": turnaround_ms,
        "ms": _ms(sum(line.costs_s)),
        "share_percent": _percent(sum(line.costs_s), interval_s),
        "fits": line.fits,
        "round_s": line.round_s,
        "meters": [_meter_as_json(plan) for plan in plans],
    }


def _meter_as_json(plan: Plan) -> dict[str, Any]:
    meter, budget = plan.meter, plan.budget
    sweep_s = budget.sweep_s(plan.interval_s)
    return {
        "meter": meter.name,
        "model": meter.model.name,
        "baud": meter.settings.baud,
        "parity": meter.settings.parity,
        "stop": meter.settings.stop,
        "interval_s": plan.interval_s,
        "reads": [
            {
                "register": read.span.first,
                "count": read.span.count,
                "bytes": read.bytes_on_the_wire,
                "ms": _ms(read.seconds),
                "pace": "slow" if read.is_slow else "fast",
                "proven": read.is_proven,
                "tried": read.is_tried,
                "fields": list(read.fields),
            }
            for read in budget.reads
        ],
        "fast_ms": _ms(budget.fast_s),
        "slow_ms": _ms(budget.slow_s),
        "ms": _ms(sweep_s),
        "share_percent": _percent(sweep_s, plan.interval_s),
        "proven_ms": _ms(plan.proven.sweep_s(plan.interval_s)),
        "such_meters": budget.fits(plan.interval_s),
    }


def _ms(seconds: float) -> float:
    return round(1000 * seconds, 3)


def _percent(seconds: float, interval_s: float) -> float:
    return round(100 * seconds / interval_s, 1)
