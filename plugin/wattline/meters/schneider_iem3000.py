"""Schneider Electric iEM3000 series with Modbus: iEM3150, 3155, 3250, 3255, 3350, 3355; three phases.

Sources: Schneider's user manual DOCA0005EN, which numbers its registers from 1 (the addresses here are one less), mbmd's
iem3000.go, and a driver in Python that reads an iEM3155 in daily use (WattMonitor). The manual does not name the
factory's baud rate; owners find 19200 8E1.

- Energy: 64 bits of Wh at 0x0C83 and on, as mbmd reads it, and also as floats at 0xB02B; a float of Wh counts in steps of
  8 Wh from 67 MWh on, so the whole numbers are read.
- The power factor (0x0C0B) is not read: Schneider writes a leading one as 2 minus it, which no row can say.
- The averages of current (0x0BC1) are not read either: ``current_a`` is a sum.
- The iEM3150, 3250 and 3350 have no reactive and apparent power, no export and no reactive energy.

The iEM32xx count with transformers, in values of the primary side, so the ranges are wide.
"""

from wattline.bus.settings import LineSettings
from wattline.meters import Block, Model
from wattline.registers import Encoding, Row

F32, I64 = Encoding.F32, Encoding.I64

# The greatest reading of a counter of eight digits and three decimals.
FULL = 99_999_999.999

MODEL = Model(
    name="schneider-iem3000",
    title="Schneider iEM3000 series",
    settings=LineSettings(19200, "E", 1),
    alternatives=(LineSettings(9600, "E", 1), LineSettings(9600, "N", 1)),
    function=3,
    # In daily use with an iEM3155 (WattMonitor), gaps included.
    blocks=(Block(0x0BB7, 112),),
    rows=(
        #   address, encoding, scale, field, plausible from, to, pace
        Row(0x0BB7, F32, 1, "current_l1_a", 0, 40_000),
        Row(0x0BB9, F32, 1, "current_l2_a", 0, 40_000),
        Row(0x0BBB, F32, 1, "current_l3_a", 0, 40_000),
        Row(0x0BD3, F32, 1, "voltage_l1_v", 0, 300),
        Row(0x0BD5, F32, 1, "voltage_l2_v", 0, 300),
        Row(0x0BD7, F32, 1, "voltage_l3_v", 0, 300),
        Row(0x0BDB, F32, 1, "voltage_v", 80, 300),
        Row(0x0BED, F32, 1000, "power_l1_w", -12_000_000, 12_000_000),
        Row(0x0BEF, F32, 1000, "power_l2_w", -12_000_000, 12_000_000),
        Row(0x0BF1, F32, 1000, "power_l3_w", -12_000_000, 12_000_000),
        Row(0x0BF3, F32, 1000, "power_w", -36_000_000, 36_000_000),
        Row(0x0BFB, F32, 1000, "reactive_power_var", -36_000_000, 36_000_000),
        Row(0x0C03, F32, 1000, "apparent_power_va", 0, 36_000_000),
        Row(0x0C25, F32, 1, "frequency_hz", 45, 65),
        Row(0x0C83, I64, 0.001, "energy_import_kwh", 0, FULL, "slow"),
        Row(0x0C87, I64, 0.001, "energy_export_kwh", 0, FULL, "slow"),
        Row(0x0C93, I64, 0.001, "reactive_energy_import_kvarh", 0, FULL, "slow"),
        Row(0x0C97, I64, 0.001, "reactive_energy_export_kvarh", 0, FULL, "slow"),
        Row(0x0DBD, I64, 0.001, "energy_import_l1_kwh", 0, FULL, "slow"),
        Row(0x0DC1, I64, 0.001, "energy_import_l2_kwh", 0, FULL, "slow"),
        Row(0x0DC5, I64, 0.001, "energy_import_l3_kwh", 0, FULL, "slow"),
    ),
    address_change="With the buttons of the meter, in its configuration menu under communication.",
    source="Schneider Electric, user manual DOCA0005EN; volkszaehler/mbmd iem3000.go; the driver A9MEM3155 of WattMonitor",
)
