"""Eltako DSZ16D and DSZ16DZ (and their E versions): three phases, direct; the DZ counts both directions.

Sources: Eltako, Modbus-RTU protocol specification V3.7.4 (kept in balloobbot/eltako-modbus), with one reply. The meter
must send whole numbers, as it leaves the factory (holding register 0x001E is 0). The DSZ15DZMOD has a part of this map;
the DSZ16WD and DSZ16WDZ, by current transformers, count energy in steps of 0.1 kWh and are not meant here.

Where the specification contradicts itself: the frequency's column shows two digits, its remarks give every value but
power and power factor two decimals; so steps of 0.01 Hz.

It shows a read of the two energies together and no other; an odd address is refused. The DSZ16D has no export: those
registers may be refused. Whether the meter answers for the gaps is not known.
"""

from wattline.bus.settings import LineSettings
from wattline.meters import Block, Model
from wattline.registers import Encoding, Row

I32, U32 = Encoding.I32, Encoding.U32

FULL = 999_999.99
LINE_W = 125 * 300
ALL_W = 3 * LINE_W

MODEL = Model(
    name="eltako-dsz16",
    title="Eltako DSZ16D, DSZ16DZ",
    settings=LineSettings(9600, "N", 1),
    function=4,
    blocks=(Block(0x0048, 4),),
    rows=(
        #   address, encoding, scale, field, plausible from, to, pace
        Row(0x0000, U32, 0.01, "voltage_l1_v", 0, 300),
        Row(0x0002, U32, 0.01, "voltage_l2_v", 0, 300),
        Row(0x0004, U32, 0.01, "voltage_l3_v", 0, 300),
        Row(0x0006, U32, 0.01, "current_l1_a", 0, 125),
        Row(0x0008, U32, 0.01, "current_l2_a", 0, 125),
        Row(0x000A, U32, 0.01, "current_l3_a", 0, 125),
        Row(0x000C, I32, 1, "power_l1_w", -LINE_W, LINE_W),
        Row(0x000E, I32, 1, "power_l2_w", -LINE_W, LINE_W),
        Row(0x0010, I32, 1, "power_l3_w", -LINE_W, LINE_W),
        Row(0x0012, I32, 1, "apparent_power_l1_va", -LINE_W, LINE_W),
        Row(0x0014, I32, 1, "apparent_power_l2_va", -LINE_W, LINE_W),
        Row(0x0016, I32, 1, "apparent_power_l3_va", -LINE_W, LINE_W),
        Row(0x0018, I32, 1, "reactive_power_l1_var", -LINE_W, LINE_W),
        Row(0x001A, I32, 1, "reactive_power_l2_var", -LINE_W, LINE_W),
        Row(0x001C, I32, 1, "reactive_power_l3_var", -LINE_W, LINE_W),
        Row(0x001E, I32, 0.001, "power_factor_l1", -1, 1),
        Row(0x0020, I32, 0.001, "power_factor_l2", -1, 1),
        Row(0x0022, I32, 0.001, "power_factor_l3", -1, 1),
        Row(0x0034, I32, 1, "power_w", -ALL_W, ALL_W),
        Row(0x0036, I32, 1, "apparent_power_va", -ALL_W, ALL_W),
        Row(0x0038, I32, 1, "reactive_power_var", -ALL_W, ALL_W),
        Row(0x003E, I32, 0.001, "power_factor", -1, 1),
        Row(0x0046, U32, 0.01, "frequency_hz", 45, 65),
        Row(0x0048, U32, 0.01, "energy_import_kwh", 0, FULL, "slow"),
        Row(0x004A, U32, 0.01, "energy_export_kwh", 0, FULL, "slow"),
        Row(0x0052, U32, 0.01, "reactive_energy_import_kvarh", 0, FULL, "slow"),
        Row(0x0054, U32, 0.01, "reactive_energy_export_kvarh", 0, FULL, "slow"),
        Row(0x0064, U32, 0.01, "energy_import_t1_kwh", 0, FULL, "slow"),
        Row(0x0068, U32, 0.01, "energy_export_t1_kwh", 0, FULL, "slow"),
        Row(0x006C, U32, 0.01, "energy_import_t2_kwh", 0, FULL, "slow"),
        Row(0x0070, U32, 0.01, "energy_export_t2_kwh", 0, FULL, "slow"),
        Row(0x0074, U32, 0.01, "energy_import_t3_kwh", 0, FULL, "slow"),
        Row(0x0078, U32, 0.01, "energy_export_t3_kwh", 0, FULL, "slow"),
        Row(0x0084, U32, 0.01, "energy_import_t4_kwh", 0, FULL, "slow"),
        Row(0x0088, U32, 0.01, "energy_export_t4_kwh", 0, FULL, "slow"),
        Row(0x008C, U32, 0.01, "energy_import_l1_kwh", 0, FULL, "slow"),
        Row(0x008E, U32, 0.01, "energy_import_l2_kwh", 0, FULL, "slow"),
        Row(0x0090, U32, 0.01, "energy_import_l3_kwh", 0, FULL, "slow"),
        Row(0x0092, U32, 0.01, "energy_export_l1_kwh", 0, FULL, "slow"),
        Row(0x0094, U32, 0.01, "energy_export_l2_kwh", 0, FULL, "slow"),
        Row(0x0096, U32, 0.01, "energy_export_l3_kwh", 0, FULL, "slow"),
    ),
    address_change="Write the new address to holding registers 0x0014 and 0x0015 as one number of 32 bits (function 16) with mbpoll -t 4:int -B, with no other meter on the bus; it holds at once.",
    source="Eltako, Modbus-RTU protocol specification V3.7.4",
)
