"""A bill as a table of 80 columns, as CSV and as JSON. The text for people is English, numbers have a decimal point."""

import csv
import io
import json
from collections.abc import Iterator, Set
from datetime import datetime
from decimal import Decimal
from itertools import zip_longest

from wattline.paragraphs import wrapped
from wattline_cost.local_days import day_start_s, day_stop_s
from wattline_cost.money import rounded
from wattline_cost.pricing.bill import Bill
from wattline_cost.pricing.bill_lines import BillLine
from wattline_cost.pricing.line import Kind
from wattline_cost.tariff.model import Direction
from wattline_cost.tariff.versions import told

NAME, QUANTITY, PRICE, AMOUNT = 31, 20, 17, 12
WIDTH = NAME + QUANTITY + PRICE + AMOUNT
SHOWN_KWH_DECIMALS = 3
"""In the table for people, whose remarks tell of nothing less. What is priced has all of its digits, and so have CSV and JSON."""
COLUMNS = (
    "version_from",
    "version_to",
    "kind",
    "component",
    "part",
    "quantity",
    "unit",
    "kw",
    "price",
    "per",
    "is_mean",
    "amount",
    "currency",
    "estimated_kwh",
    "unpriced_kwh",
)


def as_table(bill: Bill) -> str:
    """For people."""
    contract = bill.contract
    verb = "costs" if contract.direction is Direction.IMPORT else "yields"
    text = [f"What {contract.name} {verb}, {bill.first} to {bill.last}, in {contract.currency}", ""]
    held = {index for line in bill.lines for index in line.versions}
    for line in bill.lines:
        text += _rows(line, bill, "" if held == set(line.versions) else _period(line, held, bill))
    text += [""] if bill.lines else []
    sums = {"Energy": bill.energy, "Fixed": bill.fixed, "Taxes": bill.taxes, "Total": bill.total}
    text += ["-" * WIDTH, *(f"{name:<{WIDTH - AMOUNT}}{amount:>{AMOUNT}f}" for name, amount in sums.items())]
    if notes := [row for note in _notes(bill) for row in wrapped(note, WIDTH)]:
        text += ["", *notes]
    return "\n".join(text) + "\n"


def as_csv(bill: Bill) -> str:
    """A row for each line, and one of the kind ``total`` at the end."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for line in bill.lines:
        writer.writerow(_fields(line, bill) | {"is_mean": "yes" if line.is_mean else "no"})
    writer.writerow({"kind": "total", "amount": f"{bill.total:f}", "currency": bill.contract.currency})
    return out.getvalue()


def as_json(bill: Bill) -> str:
    """The whole of it. Decimals are strings, since a JSON number is read as a float by most, and money is none."""
    whole = {
        "contract": bill.contract.name,
        "direction": bill.contract.direction.value,
        "currency": bill.contract.currency,
        "first": bill.first.isoformat(),
        "last": bill.last.isoformat(),
        "metered_since": bill.metered_since.isoformat() if bill.metered_since else None,
        "lines": [_fields(line, bill) for line in bill.lines],
        "energy": f"{bill.energy:f}",
        "fixed": f"{bill.fixed:f}",
        "taxes": f"{bill.taxes:f}",
        "total": f"{bill.total:f}",
        "energy_kwh": f"{bill.energy_kwh:f}",
        "estimated_kwh": f"{bill.estimated_kwh:f}",
    }
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def _rows(line: BillLine, bill: Bill, period: str) -> Iterator[str]:
    """A line of the bill, in as many rows as its name and its period need."""
    quantity, price = _quantity(line, bill), "" if line.price is None else f"{line.price:f}"
    per = "%" if line.kind is Kind.TAX else f"/{line.per}"
    price = price and f"{'~ ' if line.is_mean else ''}{price}{per}"
    amount = _money(line.amount, bill)
    names = [
        *wrapped(f"{line.component} {line.part}".strip(), NAME - 1),
        *(f"  {row}" for row in wrapped(period, NAME - 3)),
        *([f"  {_kwh(line.unpriced_kwh)} kWh without a price"] if _is_shown(line.unpriced_kwh) else []),
    ]
    cells = zip_longest(names, [f"{quantity:>{QUANTITY}}{price:>{PRICE}}{amount:>{AMOUNT}}"], fillvalue="")
    return (f"{name:<{NAME}}{rest}".rstrip() for name, rest in cells)


def _quantity(line: BillLine, bill: Bill) -> str:
    match line.kind:
        case Kind.ENERGY:
            return f"{line.quantity:.{_kwh_decimals(bill)}f} kWh"
        case Kind.TAX:
            return f"of {_money(line.quantity, bill)}"
        case Kind.FIXED:
            days = f"{line.quantity:f} {'day' if line.quantity == 1 else 'days'}"
            return days if line.kw is None else f"{line.kw:f} kW, {days}"


def _kwh_decimals(bill: Bill) -> int:
    """As many as the quantity with the most has: they stand below each other."""
    return max(_decimals(line.quantity) for line in bill.lines if line.kind is Kind.ENERGY)


def _is_shown(energy: Decimal) -> bool:
    """Whether it is more than nothing in the table."""
    return bool(round(energy, SHOWN_KWH_DECIMALS))


def _kwh(energy: Decimal) -> str:
    return f"{energy:.{_decimals(energy)}f}"


def _decimals(energy: Decimal) -> int:
    return min(-int(energy.as_tuple().exponent), SHOWN_KWH_DECIMALS)


def _money(amount: Decimal, bill: Bill) -> str:
    return f"{rounded(amount, bill.contract.rounding.decimals, bill.contract.rounding.mode):f}"


def _notes(bill: Bill) -> Iterator[str]:
    yield from _part_of_the_time(bill)
    if any(line.is_mean and line.price is not None for line in bill.lines):
        yield "~ is the mean of the prices that the source published; each quarter-hour is priced by its own."
    if _is_shown(bill.estimated_kwh):
        yield (
            f"{_kwh(bill.estimated_kwh)} of {_kwh(bill.energy_kwh)} kWh are estimated: nobody read the meter then, and what its "
            "counter shows afterwards was spread over the time."
        )
    for line in bill.lines:
        if _is_shown(line.unpriced_kwh):
            name = f"{line.component} {line.part}".strip()
            yield (
                f"{_kwh(line.unpriced_kwh)} kWh have no price for {name!r}: that is in neither its amount nor the total; the rest "
                "of what they cost is."
            )
    if not bill.contract.rounding.each_line:
        yield "The total alone is rounded by this contract; the lines are shown rounded, and may miss it by the last digit."


def _part_of_the_time(bill: Bill) -> Iterator[str]:
    """Where the bill is not of all its days: from when on, and until when."""
    contract = bill.contract
    begin, end = contract.versions[0].start, contract.versions[-1].stop
    if bill.metered_since:
        yield f"From {bill.metered_since} on, when the meter was first read; what the contract costs before is not here."
    elif begin.timestamp() > day_start_s(bill.first, contract.zone):
        yield f"From {_clock(begin)} on, when the contract began."
    if end and end.timestamp() < day_stop_s(bill.last, contract.zone):
        yield f"Before {_clock(end)}, when the contract ended; what came then is not here."


def _fields(line: BillLine, bill: Bill) -> dict[str, str | bool | None]:
    fields = {
        "version_from": told(_start(line, bill)),
        "version_to": told(stop) if (stop := _stop(line, bill)) else None,
        "kind": line.kind.value,
        "component": line.component,
        "part": line.part,
        "quantity": f"{line.quantity:f}",
        "unit": {Kind.ENERGY: "kWh", Kind.FIXED: "day", Kind.TAX: bill.contract.currency}[line.kind],
        "kw": None if line.kw is None else f"{line.kw:f}",
        "price": None if line.price is None else f"{line.price:f}",
        "per": line.per,
        "is_mean": line.is_mean,
        "amount": f"{line.amount:f}",
        "currency": bill.contract.currency,
        "estimated_kwh": f"{line.estimated_kwh:f}",
        "unpriced_kwh": f"{line.unpriced_kwh:f}",
    }
    return {name: fields[name] for name in COLUMNS}


def _period(line: BillLine, held: Set[int], bill: Bill) -> str:
    """When the versions of a line were in force, where others of the bill were not."""
    parts = [f"from {_clock(_start(line, bill))}"] if min(line.versions) > min(held) else []
    stop = _stop(line, bill)
    parts += [f"before {_clock(stop)}"] if stop and max(line.versions) < max(held) else []
    return ", ".join(parts)


def _clock(moment: datetime) -> str:
    return told(moment).replace("T", " ")


def _start(line: BillLine, bill: Bill) -> datetime:
    return bill.contract.versions[line.versions[0]].start


def _stop(line: BillLine, bill: Bill) -> datetime | None:
    return bill.contract.versions[line.versions[-1]].stop
