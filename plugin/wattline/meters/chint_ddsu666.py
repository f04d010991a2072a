"""Chint DDSU666: one phase, direct 80 A; often delivered with solar inverters.

Sources: Chint, DDSU666 Operation Manual ZTY0.464.1224, table 9; two requests of a Growatt inverter and the meter's
replies, recorded in gjtimms/Modbus-RTU-Listen, which prove every row and both blocks: 230.8 V times 1.481 A is the
0.3348 kVA that it says, and power is below zero while the house gives.

Where sources disagree:

- Line settings: owners use 8N2, some 8N1. A meter at 8N1 understands two stop bits, so 8N2.
- The factory's address is 1, 3 where an inverter was sold with it, and some meters speak DL/T 645 until they are set to
  Modbus.

The DDSU666-H (made for Huawei) has other addresses.
"""

from wattline.bus.settings import LineSettings
from wattline.meters import Block, Model
from wattline.registers import Encoding, Row

F32 = Encoding.F32

# The float of 32 bits that is nearest to 999 999.99, the greatest reading of the display.
FULL = 1_000_000

MODEL = Model(
    name="chint-ddsu666",
    title="Chint DDSU666",
    settings=LineSettings(9600, "N", 2),
    alternatives=(LineSettings(9600, "N", 1),),
    function=3,
    blocks=(
        Block(0x2000, 16),
        Block(0x4000, 12),
    ),
    rows=(
        #   address, encoding, scale, field, plausible from, to, pace, decimals
        Row(0x2000, F32, 1, "voltage_v", 80, 300, decimals=1),
        Row(0x2002, F32, 1, "current_a", 0, 100),
        Row(0x2004, F32, 1000, "power_w", -30_000, 30_000),
        Row(0x2006, F32, 1000, "reactive_power_var", -30_000, 30_000),
        Row(0x2008, F32, 1000, "apparent_power_va", 0, 30_000),
        Row(0x200A, F32, 1, "power_factor", -1, 1),
        Row(0x200E, F32, 1, "frequency_hz", 45, 65),
        Row(0x4000, F32, 1, "energy_import_kwh", 0, FULL, "slow", decimals=2),
        Row(0x400A, F32, 1, "energy_export_kwh", 0, FULL, "slow", decimals=2),
    ),
    address_change="With the button, as its manual shows; or, with no other meter on the bus, `mbpoll -m rtu -a 1 -b 9600 -P none -s 2 -W -0 -r 6 /dev/ttyUSB0 2` makes address 1 (-a) address 2 in register 0x0006 once the meter was switched off and on. By -W, which mbpoll has from 1.5 on, it writes with function 16, the one that Chint names.",
    source="Chint ZTY0.464.1224; recorded frames in gjtimms/Modbus-RTU-Listen",
    verified=True,
)
