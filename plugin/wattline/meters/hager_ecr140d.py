"""Hager ECR140D: one phase, direct, 40 A.

Sources: a driver in Python that reads two of them in daily use (WattMonitor, in two versions that agree), and Hager's
"Modbus Tables Summary" 1.14. Nobody has published the factory's line settings: those below are what most meters come
with, the alternatives the default of Modbus.

Power comes in steps of 10 W, so a profile by the second is coarse. A quantity that it has not reads as all ones; the
signed ones are taken as they are, since there all ones also say -10 W.
"""

from wattline.bus.settings import LineSettings
from wattline.meters import Block, Model
from wattline.registers import Encoding, Row

U16, I32, U32 = Encoding.U16, Encoding.I32, Encoding.U32

FULL = 99_999_999

MODEL = Model(
    name="hager-ecr140d",
    title="Hager ECR140D",
    settings=LineSettings(9600, "N", 1),
    alternatives=(LineSettings(19200, "E", 1), LineSettings(19200, "N", 1)),
    function=3,
    # Both reads are in daily use (WattMonitor), gaps included.
    blocks=(Block(0xB000, 44), Block(0xB060, 8)),
    rows=(
        #   address, encoding, scale, field, plausible from, to, pace
        Row(0xB000, U16, 0.01, "voltage_v", 80, 300),
        Row(0xB006, U16, 0.01, "frequency_hz", 45, 65),
        Row(0xB009, U32, 0.001, "current_a", 0, 50),
        Row(0xB011, I32, 10, "power_w", -15_000, 15_000),
        Row(0xB01F, I32, 10, "reactive_power_var", -15_000, 15_000),
        Row(0xB025, U32, 10, "apparent_power_va", 0, 15_000),
        Row(0xB02B, U16, 0.001, "power_factor", 0, 1),
        Row(0xB060, U32, 1, "energy_import_kwh", 0, FULL, "slow"),
        Row(0xB062, U32, 1, "reactive_energy_import_kvarh", 0, FULL, "slow"),
        Row(0xB064, U32, 1, "energy_export_kwh", 0, FULL, "slow"),
        Row(0xB066, U32, 1, "reactive_energy_export_kvarh", 0, FULL, "slow"),
    ),
    absent={U16: 0xFFFF, U32: 0xFFFF_FFFF},
    address_change="With the buttons of the meter, in its set-up menu under Modbus.",
    source="Hager, Modbus Tables Summary 1.14; the driver ECR140D of WattMonitor",
)
