"""Schneider Electric iEM2150: one phase, direct, 63 A.

Sources: two programs in Python that read it: one publishes its replies, whose checksums are right (Arup), the other is
in daily use (WattMonitor). Nobody names the factory's line settings; they are taken from its three-phase
sisters, and the alternative from the recorded meter.

Where sources disagree:

- Energy: the one prints the register as kWh, the other notes that it is Wh, as in Schneider's manual of the sister
  meters. Wh it is.
- Power: the one prints W; 0.025 A at 239.6 V and -5.4 var prove that the register holds kW and kvar.

The power factor (0x0C0B) is not read: Schneider writes a leading one as 2 minus it, which no row can say.
"""

from wattline.bus.settings import LineSettings
from wattline.meters import Block, Model
from wattline.registers import Encoding, Row

F32 = Encoding.F32

FULL = 1_000_000

MODEL = Model(
    name="schneider-iem2150",
    title="Schneider iEM2150",
    settings=LineSettings(19200, "E", 1),
    alternatives=(LineSettings(9600, "N", 1), LineSettings(9600, "E", 1)),
    function=3,
    # Both in daily use (WattMonitor), gaps included.
    blocks=(Block(0x0BB7, 112), Block(0xB02B, 8)),
    rows=(
        #   address, encoding, scale, field, plausible from, to, pace
        Row(0x0BB7, F32, 1, "current_a", 0, 80),
        Row(0x0BD3, F32, 1, "voltage_v", 80, 300),
        Row(0x0BED, F32, 1000, "power_w", -24_000, 24_000),
        Row(0x0BFB, F32, 1000, "reactive_power_var", -24_000, 24_000),
        Row(0x0C03, F32, 1000, "apparent_power_va", 0, 24_000),
        Row(0x0C25, F32, 1, "frequency_hz", 45, 65),
        Row(0xB02B, F32, 0.001, "energy_import_kwh", 0, FULL, "slow"),
        Row(0xB02D, F32, 0.001, "energy_export_kwh", 0, FULL, "slow"),
        Row(0xB02F, F32, 0.001, "reactive_energy_import_kvarh", 0, FULL, "slow"),
        Row(0xB031, F32, 0.001, "reactive_energy_export_kvarh", 0, FULL, "slow"),
    ),
    address_change="In the meter's communication settings, as its manual shows, with no other meter of that address on the bus.",
    source="Schneider Electric, user manual DOCA0005EN of the sister meters; recorded replies in Arup's schneider_iEM2150.py; the driver A9MEM2150 of WattMonitor",
)
