"""Eltako DSZ15DZMOD: three phases, direct, both directions.

Sources: Eltako, Modbus-RTU protocol specification for DSZ15DZMOD V1.6 and for the whole range V3.7.4 (both kept in
balloobbot/eltako-modbus), with one reply; volkszaehler/mbmd meters/rs485/eltako.go.

Where sources disagree: V1.6 prints power in kW "without decimals", V3.7.4 in W. A meter that counts 10 Wh does not
measure in steps of 1 kW; so W.

The specification shows a read of the two energies together and no other; an odd address is refused. Whether the meter
answers for the gaps is not known.
"""

from wattline.bus.settings import LineSettings
from wattline.meters import Block, Model
from wattline.registers import Encoding, Row

I32, U32 = Encoding.I32, Encoding.U32

FULL = 999_999.99

MODEL = Model(
    name="eltako-dsz15dzmod",
    title="Eltako DSZ15DZMOD",
    settings=LineSettings(9600, "N", 1),
    function=4,
    blocks=(Block(0x0048, 4),),
    rows=(
        #   address, encoding, scale, field, plausible from, to, pace
        Row(0x0000, U32, 0.01, "voltage_l1_v", 0, 300),
        Row(0x0002, U32, 0.01, "voltage_l2_v", 0, 300),
        Row(0x0004, U32, 0.01, "voltage_l3_v", 0, 300),
        Row(0x0006, U32, 0.01, "current_l1_a", 0, 100),
        Row(0x0008, U32, 0.01, "current_l2_a", 0, 100),
        Row(0x000A, U32, 0.01, "current_l3_a", 0, 100),
        Row(0x000C, I32, 1, "power_l1_w", -30_000, 30_000),
        Row(0x000E, I32, 1, "power_l2_w", -30_000, 30_000),
        Row(0x0010, I32, 1, "power_l3_w", -30_000, 30_000),
        Row(0x001E, I32, 0.001, "power_factor_l1", -1, 1),
        Row(0x0020, I32, 0.001, "power_factor_l2", -1, 1),
        Row(0x0022, I32, 0.001, "power_factor_l3", -1, 1),
        Row(0x0034, I32, 1, "power_w", -90_000, 90_000),
        Row(0x003E, I32, 0.001, "power_factor", -1, 1),
        Row(0x0048, U32, 0.01, "energy_import_kwh", 0, FULL, "slow"),
        Row(0x004A, U32, 0.01, "energy_export_kwh", 0, FULL, "slow"),
    ),
    address_change="Write the new address to holding registers 0x0014 and 0x0015 as one number of 32 bits (function 16) with mbpoll -t 4:int -B, with no other meter on the bus; it holds at once.",
    source="Eltako, Modbus-RTU protocol specification DSZ15DZMOD V1.6 and V3.7.4; volkszaehler/mbmd",
)
