"""Eastron SMART X96-1A: a panel meter of three phases behind current transformers, with the SDM630's registers.

Sources: volkszaehler/mbmd, x961a.go and pull request 397, after the maker's "SMART X96-1A Modbus Protocol" V1.0;
lamaplc.com, which reads the SMART X96 from 0x0000 on with one request of 79 registers.

It counts in primary values, so the ranges are as wide as a house's largest transformer: 10,000 A. Harmonics are slow, as
for the SDM630. The sum of the currents (0x0030) is documented, though mbmd lost it for a while.
"""

from wattline.bus.settings import LineSettings
from wattline.meters import Block, Model
from wattline.registers import Encoding, Row

F32 = Encoding.F32

# 10,000 A and a quarter more, at 300 V: amperes, watts of one line, and of three.
CURRENT, LINE, ALL_LINES = 12_500, 3_750_000, 11_250_000
# Primary energy: what a float counts in whole kilowatt-hours.
FULL = 10_000_000

MODEL = Model(
    name="eastron-x96",
    title="Eastron SMART X96-1A",
    settings=LineSettings(9600, "N", 1),
    function=4,
    documented=((0x0000, 0x004F), (0x00EA, 0x00EF), (0x00F8, 0x00F9), (0x0156, 0x017D)),
    # Within the 79 registers; the last value of the 80 that the maker's other meters answer is read alone.
    blocks=(Block(0x0000, 78),),
    longest=80,
    rows=(
        #   address, encoding, scale, field, plausible from, to, pace
        Row(0x0000, F32, 1, "voltage_l1_v", 0, 300),
        Row(0x0002, F32, 1, "voltage_l2_v", 0, 300),
        Row(0x0004, F32, 1, "voltage_l3_v", 0, 300),
        Row(0x0006, F32, 1, "current_l1_a", 0, CURRENT),
        Row(0x0008, F32, 1, "current_l2_a", 0, CURRENT),
        Row(0x000A, F32, 1, "current_l3_a", 0, CURRENT),
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
        Row(0x0030, F32, 1, "current_a", 0, 3 * CURRENT),
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
    source="Eastron, SMART X96-1A Modbus Protocol V1.0, as in volkszaehler/mbmd; lamaplc.com",
)
