"""A plain reader: one request per value, and the usual pause on a change of meter, as the best-known meter daemon works.

    python -m bench.plain PORT METER...

Every second it reads each meter in turn, with minimalmodbus, and writes a line of line protocol for it. A sweep that
takes longer than a second delays the next one. It ends with SIGTERM.
"""

import sys
import time
from collections.abc import Sequence

import minimalmodbus
import serial

from bench.readers import quantities
from wattline.meters import Model
from wattline.registers import decode
from wattline.words import Meter, parse_meters

PAUSE_S = 0.2
TIMEOUT_S = 0.3
INTERVAL_S = 1.0


def main(words: Sequence[str]) -> None:
    """Read for ever."""
    port_name, *meter_words = words
    meters = parse_meters(meter_words)
    port = open_port(port_name, meters[0].model)
    instruments = {meter.name: minimalmodbus.Instrument(port, meter.address) for meter in meters}
    tick_s = time.monotonic()
    while True:
        for meter in meters:
            if len(meters) > 1:
                time.sleep(PAUSE_S)  # what is measured: the pause of such readers
            read(meter, instruments[meter.name])
        # As of a ticker: a tick that comes during a sweep is kept, those after it are lost.
        tick_s = max(tick_s + INTERVAL_S, time.monotonic() - INTERVAL_S)
        time.sleep(max(0.0, tick_s - time.monotonic()))  # until its next second


def open_port(name: str, model: Model) -> serial.Serial:
    """The port at the line speed of a model."""
    line = model.settings
    return serial.Serial(name, line.baud, parity=line.parity, stopbits=line.stop, timeout=TIMEOUT_S)


def read(meter: Meter, instrument: minimalmodbus.Instrument) -> None:
    """Read all that a meter has, value by value, and write it down; a failure is told and costs that meter's line."""
    values: dict[str, float] = {}
    try:
        for row in quantities(meter.model):
            registers = instrument.read_registers(row.address, row.encoding.count, meter.model.function)
            values |= decode([row], row.address, registers, meter.model.absent).values
    except (minimalmodbus.ModbusException, OSError) as error:
        print(f"{meter.name}: {error}", file=sys.stderr, flush=True)
        return
    fields = ",".join(f"{name}={value:g}" for name, value in values.items())
    print(f"electricity,meter={meter.name} {fields} {time.time_ns()}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
