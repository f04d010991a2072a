"""Eastron SDM72DM-V2: three phases, direct, 100 A, counts both directions; the SDM630's values without its details.

Sources: the maker's "SDM72DM-V2 User Manual" V1.1, in nmakel/sdm_modbus; volkszaehler/mbmd, sdm72v2.go; openWB.

Up to 30 values, 60 registers, are read at once; nmakel/sdm_modbus asks for 76 and got nothing from one (pull request
11). A read begins and ends at a value. The total is import plus export. openWB waits 100 ms between two reads; the maker
asks for nothing, and wattline learns a silence where one is needed. Without a field are the voltages between lines, the
neutral current, the net and the resettable counters.
"""

from wattline.bus.settings import LineSettings
from wattline.meters import Block, Identity, Model
from wattline.registers import Encoding, Row

F32 = Encoding.F32

# 100 A and a quarter more, at 300 V: watts of one line, and of three.
LINE, ALL_LINES = 37_500, 112_500
# The display's capacity, as a float can hold it.
FULL = 1_000_000

MODEL = Model(
    name="eastron-sdm72-v2",
    title="Eastron SDM72DM-V2",
    settings=LineSettings(9600, "N", 1),
    function=4,
    documented=((0x0000, 0x004B), (0x00C8, 0x00CF), (0x00E0, 0x00E1), (0x0156, 0x0159)),
    # Each shorter than the 60 registers that the maker allows; one read of all is too long for the meter.
    blocks=(Block(0x0000, 36), Block(0x002A, 34), Block(0x0156, 4)),
    longest=60,
    rows=(
        #   address, encoding, scale, field, plausible from, to, pace
        Row(0x0000, F32, 1, "voltage_l1_v", 0, 300),
        Row(0x0002, F32, 1, "voltage_l2_v", 0, 300),
        Row(0x0004, F32, 1, "voltage_l3_v", 0, 300),
        Row(0x0006, F32, 1, "current_l1_a", 0, 125),
        Row(0x0008, F32, 1, "current_l2_a", 0, 125),
        Row(0x000A, F32, 1, "current_l3_a", 0, 125),
        Row(0x000C, F32, 1, "power_l1_w", -LINE, LINE),
        Row(0x000E, F32, 1, "power_l2_w", -LINE, LINE),
        Row(0x0010, F32, 1, "power_l3_w", -LINE, LINE),
        Row(0x0012, F32, 1, "apparent_power_l1_va", -LINE, LINE),
        Row(0x0014, F32, 1, "apparent_power_l2_va", -LINE, LINE),
        Row(0x0016, F32, 1, "apparent_power_l3_va", -LINE, LINE),
        Row(0x0018, F32, 1, "reactive_power_l1_var", -LINE, LINE),
        Row(0x001A, F32, 1, "reactive_power_l2_var", -LINE, LINE),
        Row(0x001C, F32, 1, "reactive_power_l3_var", -LINE, LINE),
        Row(0x001E, F32, 1, "power_factor_l1", -1, 1),
        Row(0x0020, F32, 1, "power_factor_l2", -1, 1),
        Row(0x0022, F32, 1, "power_factor_l3", -1, 1),
        Row(0x002A, F32, 1, "voltage_v", 80, 300),
        Row(0x0030, F32, 1, "current_a", 0, 375),
        Row(0x0034, F32, 1, "power_w", -ALL_LINES, ALL_LINES),
        Row(0x0038, F32, 1, "apparent_power_va", -ALL_LINES, ALL_LINES),
        Row(0x003C, F32, 1, "reactive_power_var", -ALL_LINES, ALL_LINES),
        Row(0x003E, F32, 1, "power_factor", -1, 1),
        Row(0x0046, F32, 1, "frequency_hz", 45, 65),
        Row(0x0048, F32, 1, "energy_import_kwh", 0, FULL, "slow"),
        Row(0x004A, F32, 1, "energy_export_kwh", 0, FULL, "slow"),
        Row(0x0156, F32, 1, "energy_total_kwh", 0, FULL, "slow"),
        Row(0x0158, F32, 1, "reactive_energy_total_kvarh", 0, FULL, "slow"),
    ),
    # The maker's "meter code".
    identity=Identity(0xFC02, (0x0089,), function=3),
    address_change="Hold the enter button for three seconds to come to the set-up menu, enter the password (1000 from the factory), choose the address, hold enter again and set it, 1 to 247.",
    source="Eastron, SDM72DM-V2 User Manual V1.1 (in nmakel/sdm_modbus); volkszaehler/mbmd",
)
