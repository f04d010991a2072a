"""Hiking DDS238-2 ZN/S (also ZN/SR, with a relay): one phase, direct, both directions.

Sources: Hiking, DDS238-2 ZN/S User's Manual, section 9.3; fawno/Modbus, DDS238-2 ZN-S Modbus.md; two replies to a
read of all 18 registers, recorded by Tasmota users (issues 6531 and 8634), which prove every row and the block: 242.3 V
times 4.22 A times 0.993 is the 1016 W that it says, and total is import and export together.

Where sources disagree:

- Reactive power: unsigned in fawno, signed in FreeDS. Signed is right for every value that both can show.
- One version of the meter has export and import at 0x0004 and 0x0006 (Tasmota pull request 6384), and the WIFI version
  answers other places again; the manual and most owners have 0x0008 and 0x000A.

Writing zero to the energy registers would clear the counters; wattline never writes.
"""

from wattline.bus.settings import LineSettings
from wattline.meters import Block, Model
from wattline.registers import Encoding, Row

I16, U16, U32 = Encoding.I16, Encoding.U16, Encoding.U32

# The greatest reading of a counter of eight digits with two decimals.
FULL = 999_999.99

MODEL = Model(
    name="hiking-dds238-2",
    title="Hiking DDS238-2 ZN/S",
    settings=LineSettings(9600, "N", 1),
    function=3,
    blocks=(Block(0x0000, 18),),
    rows=(
        #   address, encoding, scale, field, plausible from, to, pace
        Row(0x0000, U32, 0.01, "energy_total_kwh", 0, FULL, "slow"),
        Row(0x0008, U32, 0.01, "energy_export_kwh", 0, FULL, "slow"),
        Row(0x000A, U32, 0.01, "energy_import_kwh", 0, FULL, "slow"),
        Row(0x000C, U16, 0.1, "voltage_v", 80, 300),
        Row(0x000D, U16, 0.01, "current_a", 0, 125),
        Row(0x000E, I16, 1, "power_w", -32_768, 32_767),
        Row(0x000F, I16, 1, "reactive_power_var", -32_768, 32_767),
        Row(0x0010, U16, 0.001, "power_factor", 0, 1),
        Row(0x0011, U16, 0.01, "frequency_hz", 45, 65),
    ),
    address_change="Write register 0x0015 with mbpoll -W (from version 1.5 on), which uses function 16 (the meter does not understand function 6), with no other meter on the bus: the high byte is the address, the low byte the speed, 1 for 9600 baud, so 0x0201 for address 2.",
    source="Hiking, DDS238-2 ZN/S User's Manual; fawno/Modbus; recorded frames in arendst/Tasmota issues 6531 and 8634",
    verified=True,
)
