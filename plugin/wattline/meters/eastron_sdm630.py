"""Eastron SDM630 (Modbus v1, v2): three phases, direct, 100 A, counts both directions, each line and harmonics.

Sources: the maker's "SDM630Modbus Smart Meter Modbus Protocol" V1.8 and V2.0, in nmakel/sdm_modbus; groupsky/homy,
sdm630.js, which reads one in production: 80 registers at 0x0000, 46 at 0x00E0, 48 at 0x014E; volkszaehler/mbmd, sdm.go.

Where sources disagree:

- Parity: none for the maker; two descriptions of the CT variant say even.
- Silence: openWB waits 100 ms between two reads, the maker asks for nothing. None is kept; wattline learns one where it
  is needed.

Up to 40 values, 80 registers, are read at once. A read begins and ends at a value. What the wiring does not measure is
zero. Harmonics are slow here: read in every slot they would cost a request for what hardly moves. Without a field are
the voltages between lines and their harmonics, demands, kVAh, Ah and the neutral current.
"""

from wattline.bus.settings import LineSettings
from wattline.meters import Block, Model
from wattline.registers import Encoding, Row

F32 = Encoding.F32

# 100 A and a quarter more, at 300 V: watts of one line, and of three.
LINE, ALL_LINES = 37_500, 112_500
# The display's capacity, as a float can hold it.
FULL = 1_000_000

MODEL = Model(
    name="eastron-sdm630",
    title="Eastron SDM630",
    settings=LineSettings(9600, "N", 1),
    alternatives=(LineSettings(9600, "E", 1),),
    function=4,
    documented=(
        (0x0000, 0x0057),
        (0x0064, 0x006B),
        (0x00C8, 0x00CF),
        (0x00E0, 0x00FB),
        (0x0102, 0x010D),
        (0x014E, 0x017D),
    ),
    # Within homy's reads.
    blocks=(Block(0x0000, 80), Block(0x00EA, 18), Block(0x0156, 40)),
    longest=80,
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
        Row(0x0024, F32, 1, "phase_angle_l1_degrees", -360, 360),
        Row(0x0026, F32, 1, "phase_angle_l2_degrees", -360, 360),
        Row(0x0028, F32, 1, "phase_angle_l3_degrees", -360, 360),
        Row(0x002A, F32, 1, "voltage_v", 80, 300),
        Row(0x0030, F32, 1, "current_a", 0, 375),
        Row(0x0034, F32, 1, "power_w", -ALL_LINES, ALL_LINES),
        Row(0x0038, F32, 1, "apparent_power_va", -ALL_LINES, ALL_LINES),
        Row(0x003C, F32, 1, "reactive_power_var", -ALL_LINES, ALL_LINES),
        Row(0x003E, F32, 1, "power_factor", -1, 1),
        Row(0x0042, F32, 1, "phase_angle_degrees", -360, 360),
        Row(0x0046, F32, 1, "frequency_hz", 45, 65),
        Row(0x0048, F32, 1, "energy_import_kwh", 0, FULL, "slow"),
        Row(0x004A, F32, 1, "energy_export_kwh", 0, FULL, "slow"),
        Row(0x004C, F32, 1, "reactive_energy_import_kvarh", 0, FULL, "slow"),
        Row(0x004E, F32, 1, "reactive_energy_export_kvarh", 0, FULL, "slow"),
        Row(0x00EA, F32, 1, "voltage_distortion_l1_percent", 0, 100, "slow"),
        Row(0x00EC, F32, 1, "voltage_distortion_l2_percent", 0, 100, "slow"),
        Row(0x00EE, F32, 1, "voltage_distortion_l3_percent", 0, 100, "slow"),
        Row(0x00F0, F32, 1, "current_distortion_l1_percent", 0, 400, "slow"),
        Row(0x00F2, F32, 1, "current_distortion_l2_percent", 0, 400, "slow"),
        Row(0x00F4, F32, 1, "current_distortion_l3_percent", 0, 400, "slow"),
        Row(0x00F8, F32, 1, "voltage_distortion_percent", 0, 100, "slow"),
        Row(0x00FA, F32, 1, "current_distortion_percent", 0, 400, "slow"),
        Row(0x0156, F32, 1, "energy_total_kwh", 0, FULL, "slow"),
        Row(0x0158, F32, 1, "reactive_energy_total_kvarh", 0, FULL, "slow"),
        Row(0x015A, F32, 1, "energy_import_l1_kwh", 0, FULL, "slow"),
        Row(0x015C, F32, 1, "energy_import_l2_kwh", 0, FULL, "slow"),
        Row(0x015E, F32, 1, "energy_import_l3_kwh", 0, FULL, "slow"),
        Row(0x0160, F32, 1, "energy_export_l1_kwh", 0, FULL, "slow"),
        Row(0x0162, F32, 1, "energy_export_l2_kwh", 0, FULL, "slow"),
        Row(0x0164, F32, 1, "energy_export_l3_kwh", 0, FULL, "slow"),
        Row(0x0166, F32, 1, "energy_total_l1_kwh", 0, FULL, "slow"),
        Row(0x0168, F32, 1, "energy_total_l2_kwh", 0, FULL, "slow"),
        Row(0x016A, F32, 1, "energy_total_l3_kwh", 0, FULL, "slow"),
        Row(0x016C, F32, 1, "reactive_energy_import_l1_kvarh", 0, FULL, "slow"),
        Row(0x016E, F32, 1, "reactive_energy_import_l2_kvarh", 0, FULL, "slow"),
        Row(0x0170, F32, 1, "reactive_energy_import_l3_kvarh", 0, FULL, "slow"),
        Row(0x0172, F32, 1, "reactive_energy_export_l1_kvarh", 0, FULL, "slow"),
        Row(0x0174, F32, 1, "reactive_energy_export_l2_kvarh", 0, FULL, "slow"),
        Row(0x0176, F32, 1, "reactive_energy_export_l3_kvarh", 0, FULL, "slow"),
        Row(0x0178, F32, 1, "reactive_energy_total_l1_kvarh", 0, FULL, "slow"),
        Row(0x017A, F32, 1, "reactive_energy_total_l2_kvarh", 0, FULL, "slow"),
        Row(0x017C, F32, 1, "reactive_energy_total_l3_kvarh", 0, FULL, "slow"),
    ),
    address_change="Hold the button on the front for three seconds to come to the set-up menu, enter the password (1000 from the factory), choose the address and set it, 1 to 247.",
    source="Eastron, SDM630Modbus Modbus Protocol V1.8 and V2.0 (in nmakel/sdm_modbus); groupsky/homy",
)
