"""A meter by pymodbus: its server on a TCP port that carries RTU frames, as behind a gateway.

One JSON object on standard input says what it is: {"address": 1, "function": 3, "registers": {"304": [5001, 23142]}}.
Registers that were not given are refused. It prints the port, and ends when it is killed.
"""

import asyncio
import json
import sys

from pymodbus import FramerType
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice


async def main() -> None:
    meter = json.loads(sys.stdin.readline())
    given = [
        SimData(int(address), values=values, datatype=DataType.REGISTERS)
        for address, values in sorted(meter["registers"].items(), key=lambda item: int(item[0]))
    ]
    bits = [SimData(0, values=[False] * 16, datatype=DataType.BITS)]
    nothing = [SimData(0, values=[0], datatype=DataType.REGISTERS)]
    holding, inputs = (given, nothing) if meter["function"] == 3 else (nothing, given)
    device = SimDevice(meter["address"], simdata=(bits, bits, holding, inputs))
    server = ModbusTcpServer(context=[device], framer=FramerType.RTU, address=("127.0.0.1", 0))
    await server.serve_forever(background=True)
    print(f"socket://127.0.0.1:{server.transport.sockets[0].getsockname()[1]}", flush=True)
    await server.serving


if __name__ == "__main__":
    asyncio.run(main())
