"""Socomec Countis E43: three phases, with transformers up to 12 000 A.

Sources: Socomec's "COUNTIS E43 MODBUS tables" V201.266, and OpenEMS, which reads the E24, E34 and E44 in service. The
Countis E33 has the same table. The manual lets the owner choose the line settings and does not name the factory's.

Where sources disagree:

- Addresses: some lists print 10519 for the voltage; on the wire it is 50520, as in Socomec's table.
- Frequency: hundredths of Hz in this table and in the E34, thousandths in the E13, E14 and E24.
- Energy: whole kWh at 50770 in this table; the E34 has hundredths at 50946.

The sign of the power factor says leading (below zero) or lagging, not the direction of the energy. Power comes in steps
of 10 W and all values are those of the primary side, so the ranges are wide.
"""

from wattline.bus.settings import LineSettings
from wattline.meters import Block, Identity, Model
from wattline.registers import Encoding, Row

I32, U32 = Encoding.I32, Encoding.U32

FULL = 999_999_999

MODEL = Model(
    name="socomec-countis-e43",
    title="Socomec Countis E43",
    settings=LineSettings(9600, "N", 1),
    alternatives=(LineSettings(38400, "N", 1),),
    function=3,
    # The manual: up to 128 words at a time; all of these are documented.
    blocks=(Block(50520, 54), Block(50770, 10)),
    rows=(
        #   address, encoding, scale, field, plausible from, to, pace
        Row(50520, U32, 0.01, "voltage_l1_v", 0, 300),
        Row(50522, U32, 0.01, "voltage_l2_v", 0, 300),
        Row(50524, U32, 0.01, "voltage_l3_v", 0, 300),
        Row(50526, U32, 0.01, "frequency_hz", 45, 65),
        Row(50528, U32, 0.001, "current_l1_a", 0, 15_000),
        Row(50530, U32, 0.001, "current_l2_a", 0, 15_000),
        Row(50532, U32, 0.001, "current_l3_a", 0, 15_000),
        Row(50536, I32, 10, "power_w", -13_500_000, 13_500_000),
        Row(50538, I32, 10, "reactive_power_var", -13_500_000, 13_500_000),
        Row(50540, U32, 10, "apparent_power_va", 0, 13_500_000),
        Row(50542, I32, 0.001, "power_factor", -1, 1),
        Row(50544, I32, 10, "power_l1_w", -4_500_000, 4_500_000),
        Row(50546, I32, 10, "power_l2_w", -4_500_000, 4_500_000),
        Row(50548, I32, 10, "power_l3_w", -4_500_000, 4_500_000),
        Row(50550, I32, 10, "reactive_power_l1_var", -4_500_000, 4_500_000),
        Row(50552, I32, 10, "reactive_power_l2_var", -4_500_000, 4_500_000),
        Row(50554, I32, 10, "reactive_power_l3_var", -4_500_000, 4_500_000),
        Row(50556, U32, 10, "apparent_power_l1_va", 0, 4_500_000),
        Row(50558, U32, 10, "apparent_power_l2_va", 0, 4_500_000),
        Row(50560, U32, 10, "apparent_power_l3_va", 0, 4_500_000),
        Row(50562, I32, 0.001, "power_factor_l1", -1, 1),
        Row(50564, I32, 0.001, "power_factor_l2", -1, 1),
        Row(50566, I32, 0.001, "power_factor_l3", -1, 1),
        Row(50572, U32, 0.01, "voltage_v", 80, 300),
        Row(50770, U32, 1, "energy_import_kwh", 0, FULL, "slow"),
        Row(50772, U32, 1, "reactive_energy_import_kvarh", 0, FULL, "slow"),
        Row(50776, U32, 1, "energy_export_kwh", 0, FULL, "slow"),
        Row(50778, U32, 1, "reactive_energy_export_kvarh", 0, FULL, "slow"),
    ),
    # The first letter of "SOCO", which every newer Socomec meter says of itself.
    identity=Identity(50000, (0x0053,)),
    address_change="With the buttons of the meter, in its menu SETUP under the communication address.",
    source="Socomec, COUNTIS E43 MODBUS tables V201.266; OpenEMS, Meter.Socomec.Threephase",
)
