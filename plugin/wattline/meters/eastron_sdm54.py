"""Eastron SDM54 (M, 2T): three phases, direct, 100 A, three modules wide; the 2T with two tariffs.

Source: volkszaehler/mbmd, sdm54.go, after the maker's user manual V1.2, read one value at a time. Its registers are those
of the SDM630, without reactive import and export and without reactive counters of each line, and with tariffs.

No read of more than one value is published, so the table proves none. The limit of 30 values, 60 registers, is that of
the SDM72 and SDM230-2T, the lowest that this maker states. Harmonics are slow, as for the SDM630.
"""

from wattline.bus.settings import LineSettings
from wattline.meters import Model
from wattline.registers import Encoding, Row

F32 = Encoding.F32

# 100 A and a quarter more, at 300 V: watts of one line, and of three.
LINE, ALL_LINES = 37_500, 112_500
# The display's capacity, as a float can hold it.
FULL = 1_000_000

MODEL = Model(
    name="eastron-sdm54",
    title="Eastron SDM54",
    settings=LineSettings(9600, "N", 1),
    function=4,
    documented=(
        (0x0000, 0x004B),
        (0x00EA, 0x00EF),
        (0x00F8, 0x00F9),
        (0x0156, 0x016B),
        (0x130C, 0x130F),
        (0x1314, 0x1317),
        (0x131C, 0x131F),
        (0x1324, 0x1327),
        (0x132C, 0x132F),
        (0x1334, 0x1337),
    ),
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
        Row(0x0034, F32, 1, "power_w", -ALL_LINES, ALL_LINES),
        Row(0x0038, F32, 1, "apparent_power_va", -ALL_LINES, ALL_LINES),
        Row(0x003C, F32, 1, "reactive_power_var", -ALL_LINES, ALL_LINES),
        Row(0x003E, F32, 1, "power_factor", -1, 1),
        Row(0x0042, F32, 1, "phase_angle_degrees", -360, 360),
        Row(0x0046, F32, 1, "frequency_hz", 45, 65),
        Row(0x0048, F32, 1, "energy_import_kwh", 0, FULL, "slow"),
        Row(0x004A, F32, 1, "energy_export_kwh", 0, FULL, "slow"),
        Row(0x00EA, F32, 1, "voltage_distortion_l1_percent", 0, 100, "slow"),
        Row(0x00EC, F32, 1, "voltage_distortion_l2_percent", 0, 100, "slow"),
        Row(0x00EE, F32, 1, "voltage_distortion_l3_percent", 0, 100, "slow"),
        Row(0x00F8, F32, 1, "voltage_distortion_percent", 0, 100, "slow"),
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
        Row(0x130C, F32, 1, "energy_total_t1_kwh", 0, FULL, "slow"),
        Row(0x130E, F32, 1, "energy_total_t2_kwh", 0, FULL, "slow"),
        Row(0x1314, F32, 1, "energy_import_t1_kwh", 0, FULL, "slow"),
        Row(0x1316, F32, 1, "energy_import_t2_kwh", 0, FULL, "slow"),
        Row(0x131C, F32, 1, "energy_export_t1_kwh", 0, FULL, "slow"),
        Row(0x131E, F32, 1, "energy_export_t2_kwh", 0, FULL, "slow"),
        Row(0x1324, F32, 1, "reactive_energy_total_t1_kvarh", 0, FULL, "slow"),
        Row(0x1326, F32, 1, "reactive_energy_total_t2_kvarh", 0, FULL, "slow"),
        Row(0x132C, F32, 1, "reactive_energy_import_t1_kvarh", 0, FULL, "slow"),
        Row(0x132E, F32, 1, "reactive_energy_import_t2_kvarh", 0, FULL, "slow"),
        Row(0x1334, F32, 1, "reactive_energy_export_t1_kvarh", 0, FULL, "slow"),
        Row(0x1336, F32, 1, "reactive_energy_export_t2_kvarh", 0, FULL, "slow"),
    ),
    address_change="Hold the button on the front for three seconds to come to the set-up menu, enter the password (1000 from the factory), choose the address and set it, 1 to 247.",
    source="Eastron, SDM54 series user manual V1.2, as in volkszaehler/mbmd",
)
