"""Socomec Countis E13: one phase, direct, 80 A.

Sources: a published program that reads an E13 register by register, OpenEMS, which reads the E14 of the same manual in
service, and Socomec's manual "COUNTIS E13/E14". The manual lets the owner choose the line settings and does not name
the factory's.

Where sources disagree:

- Frequency: thousandths of Hz in the E13, E14 and E24, hundredths in the tables of the E43 and the E34.
- Energy: the larger Countis keep whole kWh at 50770; the E13 and E14 are read at 50946, in hundredths of a kWh.
- Power: the program reads phase 1 (50544), OpenEMS the sums (50536), which are the same in a meter of one phase.

The sign of the power factor says leading (below zero) or lagging, not the direction of the energy. Power comes in steps
of 10 W.
"""

from wattline.bus.settings import LineSettings
from wattline.meters import Block, Identity, Model
from wattline.registers import Encoding, Row

I32, U32 = Encoding.I32, Encoding.U32

FULL = 999_999.99

MODEL = Model(
    name="socomec-countis-e13",
    title="Socomec Countis E13",
    settings=LineSettings(9600, "N", 1),
    alternatives=(LineSettings(38400, "N", 1),),
    function=3,
    # In service with the E14 (OpenEMS), over the registers of the phases that it has not.
    blocks=(Block(50520, 20), Block(50946, 8)),
    rows=(
        #   address, encoding, scale, field, plausible from, to, pace
        Row(50520, U32, 0.01, "voltage_v", 80, 300),
        Row(50526, U32, 0.001, "frequency_hz", 45, 65),
        Row(50528, U32, 0.001, "current_a", 0, 100),
        Row(50536, I32, 10, "power_w", -30_000, 30_000),
        Row(50538, I32, 10, "reactive_power_var", -30_000, 30_000),
        Row(50540, U32, 10, "apparent_power_va", 0, 30_000),
        Row(50542, I32, 0.001, "power_factor", -1, 1),
        Row(50946, U32, 0.01, "energy_import_kwh", 0, FULL, "slow"),
        Row(50948, U32, 0.01, "reactive_energy_import_kvarh", 0, FULL, "slow"),
        Row(50952, U32, 0.01, "energy_export_kwh", 0, FULL, "slow"),
        Row(50954, U32, 0.01, "reactive_energy_export_kvarh", 0, FULL, "slow"),
    ),
    # The first letter of "SOCO", which every newer Socomec meter says of itself.
    identity=Identity(50000, (0x0053,)),
    address_change="With the buttons of the meter, in its menu SETUP under the communication address.",
    source="Socomec, COUNTIS E13/E14 instruction manual; OpenEMS, Meter.Socomec.Singlephase",
)
