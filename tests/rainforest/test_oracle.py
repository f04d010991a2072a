"""The golden folders read by a client that others wrote, where it reads them as their makers say.

It is asked for one fragment at a time, which a server sends it out of the folder; what it says must be what we say. It
does not know signs of 24 bits, counters beyond 32 bits and factors of 0, so those are not asked of it.

| fault | test |
|---|---|
| reader and golden lines share a misunderstanding | test_a_client_of_others_says_the_same |
"""

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from aioraven.streams import RAVEnNetworkDevice
from line_protocol_parser import parse_line

from rainforest.golden import CASES

QUESTIONS: dict[str, tuple[str, dict[str, tuple[str, int]]]] = {
    "InstantaneousDemand": ("get_instantaneous_demand", {"power_w": ("demand", 1000)}),
    "CurrentSummationDelivered": (
        "get_current_summation_delivered",
        {"energy_import_kwh": ("summation_delivered", 1), "energy_export_kwh": ("summation_received", 1)},
    ),
    "PriceCluster": ("get_current_price", {"price_per_kwh": ("price", 1), "tier": ("tier", 1)}),
    "LastPeriodUsage": ("get_last_period_usage", {"energy_kwh": ("last_usage", 1)}),
}
# Folders in which it reads every number as its maker means it.
KNOWN = ("01-", "02-", "09-", "10-", "12-", "15-", "17-", "18-", "25-")


async def _ask(fragment: bytes, question: str) -> Any:
    """What the client makes of ``fragment`` as the answer to ``question``."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"</Command>")
        writer.write(fragment)
        await writer.drain()
        await reader.read()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        async with RAVEnNetworkDevice(host, port) as device:
            return await asyncio.wait_for(getattr(device, question)(), 5)


@pytest.mark.parametrize(
    "case", [case for case in sorted(CASES.iterdir()) if case.name.startswith(KNOWN)], ids=lambda case: case.name
)
def test_a_client_of_others_says_the_same(case) -> None:
    fragment = (case / "stream.bin").read_bytes()
    question, fields = next(asked for kind, asked in QUESTIONS.items() if fragment.startswith(f"<{kind}>".encode()))
    (line,) = (case / "expected.lines").read_text().splitlines()
    ours = parse_line(line)["fields"]
    theirs = asyncio.run(_ask(fragment, question))

    assert any(name in ours for name in fields)
    for name, (attribute, times) in fields.items():
        if name in ours:
            said = getattr(theirs, attribute)
            assert ours[name] == pytest.approx(float(Decimal(str(said)) * times), abs=0.001)
