"""ORNO OR-WE-516: three phases, direct, 80 A, with the board of the YTL DTS353.

Sources: groupsky/homy, or-we-516.js, and groupsky/ya-modbus, driver-or-we-516, which read 60 registers at 0x0000 and 48
at 0x0100 with one request each; volkszaehler/mbmd, orno3p.go, and the frames in its pull request 129; TapHome.

Where sources disagree:

- Parity: even for mbmd, TapHome, Tasmota and HARDWARIO; odd for homy and ya-modbus, who read one so. Even, and odd is
  to be tried.
- Reactive total of tariff 3: the row of the series is 0x014E; mbmd notes 0x015E, which is tariff 4's.
- Current: one ESPHome configuration multiplies it by 0.01; all others take amperes.

The tariffs from 0x0130 on are documented, but nobody has published a read of more than one of them at a time. Under
load a reply can take more than 300 ms (mbmd pull request 258).
"""

from wattline.bus.settings import LineSettings
from wattline.meters import Block, Model
from wattline.registers import Encoding, Row

F32 = Encoding.F32

# 80 A and a quarter more, at 300 V: watts of one line, and of three.
LINE, ALL_LINES = 30_000, 90_000
# The display's capacity, as a float can hold it.
FULL = 1_000_000

MODEL = Model(
    name="orno-we516",
    title="ORNO OR-WE-516",
    settings=LineSettings(9600, "E", 1),
    alternatives=(LineSettings(9600, "O", 1),),
    function=3,
    documented=((0x0000, 0x0009), (0x000B, 0x000B), (0x000D, 0x003F), (0x0042, 0x0042), (0x0100, 0x015F)),
    # The two reads of homy and ya-modbus.
    blocks=(Block(0x0000, 60), Block(0x0100, 48)),
    rows=(
        #   address, encoding, scale, field, plausible from, to, pace; the meter says kW, kvar and kVA
        Row(0x000E, F32, 1, "voltage_l1_v", 0, 300),
        Row(0x0010, F32, 1, "voltage_l2_v", 0, 300),
        Row(0x0012, F32, 1, "voltage_l3_v", 0, 300),
        Row(0x0014, F32, 1, "frequency_hz", 45, 65),
        Row(0x0016, F32, 1, "current_l1_a", 0, 100),
        Row(0x0018, F32, 1, "current_l2_a", 0, 100),
        Row(0x001A, F32, 1, "current_l3_a", 0, 100),
        Row(0x001C, F32, 1000, "power_w", -ALL_LINES, ALL_LINES),
        Row(0x001E, F32, 1000, "power_l1_w", -LINE, LINE),
        Row(0x0020, F32, 1000, "power_l2_w", -LINE, LINE),
        Row(0x0022, F32, 1000, "power_l3_w", -LINE, LINE),
        Row(0x0024, F32, 1000, "reactive_power_var", -ALL_LINES, ALL_LINES),
        Row(0x0026, F32, 1000, "reactive_power_l1_var", -LINE, LINE),
        Row(0x0028, F32, 1000, "reactive_power_l2_var", -LINE, LINE),
        Row(0x002A, F32, 1000, "reactive_power_l3_var", -LINE, LINE),
        Row(0x002C, F32, 1000, "apparent_power_va", -ALL_LINES, ALL_LINES),
        Row(0x002E, F32, 1000, "apparent_power_l1_va", -LINE, LINE),
        Row(0x0030, F32, 1000, "apparent_power_l2_va", -LINE, LINE),
        Row(0x0032, F32, 1000, "apparent_power_l3_va", -LINE, LINE),
        Row(0x0034, F32, 1, "power_factor", -1, 1),
        Row(0x0036, F32, 1, "power_factor_l1", -1, 1),
        Row(0x0038, F32, 1, "power_factor_l2", -1, 1),
        Row(0x003A, F32, 1, "power_factor_l3", -1, 1),
        Row(0x0100, F32, 1, "energy_total_kwh", 0, FULL, "slow"),
        Row(0x0102, F32, 1, "energy_total_l1_kwh", 0, FULL, "slow"),
        Row(0x0104, F32, 1, "energy_total_l2_kwh", 0, FULL, "slow"),
        Row(0x0106, F32, 1, "energy_total_l3_kwh", 0, FULL, "slow"),
        Row(0x0108, F32, 1, "energy_import_kwh", 0, FULL, "slow"),
        Row(0x010A, F32, 1, "energy_import_l1_kwh", 0, FULL, "slow"),
        Row(0x010C, F32, 1, "energy_import_l2_kwh", 0, FULL, "slow"),
        Row(0x010E, F32, 1, "energy_import_l3_kwh", 0, FULL, "slow"),
        Row(0x0110, F32, 1, "energy_export_kwh", 0, FULL, "slow"),
        Row(0x0112, F32, 1, "energy_export_l1_kwh", 0, FULL, "slow"),
        Row(0x0114, F32, 1, "energy_export_l2_kwh", 0, FULL, "slow"),
        Row(0x0116, F32, 1, "energy_export_l3_kwh", 0, FULL, "slow"),
        Row(0x0118, F32, 1, "reactive_energy_total_kvarh", 0, FULL, "slow"),
        Row(0x011A, F32, 1, "reactive_energy_total_l1_kvarh", 0, FULL, "slow"),
        Row(0x011C, F32, 1, "reactive_energy_total_l2_kvarh", 0, FULL, "slow"),
        Row(0x011E, F32, 1, "reactive_energy_total_l3_kvarh", 0, FULL, "slow"),
        Row(0x0120, F32, 1, "reactive_energy_import_kvarh", 0, FULL, "slow"),
        Row(0x0122, F32, 1, "reactive_energy_import_l1_kvarh", 0, FULL, "slow"),
        Row(0x0124, F32, 1, "reactive_energy_import_l2_kvarh", 0, FULL, "slow"),
        Row(0x0126, F32, 1, "reactive_energy_import_l3_kvarh", 0, FULL, "slow"),
        Row(0x0128, F32, 1, "reactive_energy_export_kvarh", 0, FULL, "slow"),
        Row(0x012A, F32, 1, "reactive_energy_export_l1_kvarh", 0, FULL, "slow"),
        Row(0x012C, F32, 1, "reactive_energy_export_l2_kvarh", 0, FULL, "slow"),
        Row(0x012E, F32, 1, "reactive_energy_export_l3_kvarh", 0, FULL, "slow"),
        Row(0x0130, F32, 1, "energy_total_t1_kwh", 0, FULL, "slow"),
        Row(0x0132, F32, 1, "energy_import_t1_kwh", 0, FULL, "slow"),
        Row(0x0134, F32, 1, "energy_export_t1_kwh", 0, FULL, "slow"),
        Row(0x0136, F32, 1, "reactive_energy_total_t1_kvarh", 0, FULL, "slow"),
        Row(0x0138, F32, 1, "reactive_energy_import_t1_kvarh", 0, FULL, "slow"),
        Row(0x013A, F32, 1, "reactive_energy_export_t1_kvarh", 0, FULL, "slow"),
        Row(0x013C, F32, 1, "energy_total_t2_kwh", 0, FULL, "slow"),
        Row(0x013E, F32, 1, "energy_import_t2_kwh", 0, FULL, "slow"),
        Row(0x0140, F32, 1, "energy_export_t2_kwh", 0, FULL, "slow"),
        Row(0x0142, F32, 1, "reactive_energy_total_t2_kvarh", 0, FULL, "slow"),
        Row(0x0144, F32, 1, "reactive_energy_import_t2_kvarh", 0, FULL, "slow"),
        Row(0x0146, F32, 1, "reactive_energy_export_t2_kvarh", 0, FULL, "slow"),
        Row(0x0148, F32, 1, "energy_total_t3_kwh", 0, FULL, "slow"),
        Row(0x014A, F32, 1, "energy_import_t3_kwh", 0, FULL, "slow"),
        Row(0x014C, F32, 1, "energy_export_t3_kwh", 0, FULL, "slow"),
        Row(0x014E, F32, 1, "reactive_energy_total_t3_kvarh", 0, FULL, "slow"),
        Row(0x0150, F32, 1, "reactive_energy_import_t3_kvarh", 0, FULL, "slow"),
        Row(0x0152, F32, 1, "reactive_energy_export_t3_kvarh", 0, FULL, "slow"),
        Row(0x0154, F32, 1, "energy_total_t4_kwh", 0, FULL, "slow"),
        Row(0x0156, F32, 1, "energy_import_t4_kwh", 0, FULL, "slow"),
        Row(0x0158, F32, 1, "energy_export_t4_kwh", 0, FULL, "slow"),
        Row(0x015A, F32, 1, "reactive_energy_total_t4_kvarh", 0, FULL, "slow"),
        Row(0x015C, F32, 1, "reactive_energy_import_t4_kvarh", 0, FULL, "slow"),
        Row(0x015E, F32, 1, "reactive_energy_export_t4_kvarh", 0, FULL, "slow"),
    ),
    address_change="Write the new address (1 to 247) to register 0x0002 with ORNO's Windows program or mbpoll, with no other meter at either address on the bus.",
    source="Register tables and drivers of groupsky/homy, groupsky/ya-modbus and volkszaehler/mbmd; frames in mbmd pull request 129",
)
