"""Inepro PRO1-Mod: one phase, direct, 45 A, two tariffs.

Source: Inepro's "PRO1 user manual" V2.18, whose table is that of the PRO380 without its lines. Old meters (the manual of
version 1.12, 2014) have another table, with the voltage at 0x2000, and are not served. Nobody has published a read of
more than one value.
"""

from wattline.bus.settings import LineSettings
from wattline.meters import Model
from wattline.registers import Encoding, Row

F32 = Encoding.F32

FULL = 1_000_000

MODEL = Model(
    name="inepro-pro1",
    title="Inepro PRO1-Mod",
    settings=LineSettings(9600, "E", 1),
    function=3,
    rows=(
        #   address, encoding, scale, field, plausible from, to, pace
        Row(0x5000, F32, 1, "voltage_v", 80, 300),
        Row(0x5008, F32, 1, "frequency_hz", 45, 65),
        Row(0x500A, F32, 1, "current_a", 0, 60),
        Row(0x5012, F32, 1000, "power_w", -18_000, 18_000),
        Row(0x501A, F32, 1000, "reactive_power_var", -18_000, 18_000),
        Row(0x5022, F32, 1000, "apparent_power_va", 0, 18_000),
        Row(0x502A, F32, 1, "power_factor", -1, 1),
        Row(0x6000, F32, 1, "energy_total_kwh", 0, FULL, "slow"),
        Row(0x6002, F32, 1, "energy_total_t1_kwh", 0, FULL, "slow"),
        Row(0x6004, F32, 1, "energy_total_t2_kwh", 0, FULL, "slow"),
        Row(0x600C, F32, 1, "energy_import_kwh", 0, FULL, "slow"),
        Row(0x600E, F32, 1, "energy_import_t1_kwh", 0, FULL, "slow"),
        Row(0x6010, F32, 1, "energy_import_t2_kwh", 0, FULL, "slow"),
        Row(0x6018, F32, 1, "energy_export_kwh", 0, FULL, "slow"),
        Row(0x601A, F32, 1, "energy_export_t1_kwh", 0, FULL, "slow"),
        Row(0x601C, F32, 1, "energy_export_t2_kwh", 0, FULL, "slow"),
        Row(0x6024, F32, 1, "reactive_energy_total_kvarh", 0, FULL, "slow"),
        Row(0x6026, F32, 1, "reactive_energy_total_t1_kvarh", 0, FULL, "slow"),
        Row(0x6028, F32, 1, "reactive_energy_total_t2_kvarh", 0, FULL, "slow"),
        Row(0x6030, F32, 1, "reactive_energy_import_kvarh", 0, FULL, "slow"),
        Row(0x6032, F32, 1, "reactive_energy_import_t1_kvarh", 0, FULL, "slow"),
        Row(0x6034, F32, 1, "reactive_energy_import_t2_kvarh", 0, FULL, "slow"),
        Row(0x603C, F32, 1, "reactive_energy_export_kvarh", 0, FULL, "slow"),
        Row(0x603E, F32, 1, "reactive_energy_export_t1_kvarh", 0, FULL, "slow"),
        Row(0x6040, F32, 1, "reactive_energy_export_t2_kvarh", 0, FULL, "slow"),
    ),
    address_change="Write the new address (1 to 247) to register 0x4003 with function 06, for example with mbpoll, with no other meter on the bus.",
    source="Inepro Metering, PRO1 user manual V2.18, appendix PRO1-Mod",
)
