"""Inepro PRO380-Mod: three phases, direct 100 A or with transformers, two tariffs.

Sources: Inepro's "PRO380 user manual" V2.18, mbmd's inepro.go, and the request that a Vestel EVC04 wallbox sends to a
PRO380 every second.

Where sources disagree:

- 0x5000 and 0x500A: mbmd takes them for the average of the voltages and of the currents; the manual gives them to the
  one-phase PRO1 only. They are not read.

Those with transformers (PRO380-CT) count in values of the primary side, up to 9995 A, so the ranges are wide.
"""

from wattline.bus.settings import LineSettings
from wattline.meters import Block, Model
from wattline.registers import Encoding, Row

F32 = Encoding.F32

FULL = 1_000_000

MODEL = Model(
    name="inepro-pro380",
    title="Inepro PRO380-Mod",
    settings=LineSettings(9600, "E", 1),
    function=3,
    # What the wallbox reads.
    blocks=(Block(0x500C, 6),),
    rows=(
        #   address, encoding, scale, field, plausible from, to, pace
        Row(0x5002, F32, 1, "voltage_l1_v", 0, 300),
        Row(0x5004, F32, 1, "voltage_l2_v", 0, 300),
        Row(0x5006, F32, 1, "voltage_l3_v", 0, 300),
        Row(0x5008, F32, 1, "frequency_hz", 45, 65),
        Row(0x500C, F32, 1, "current_l1_a", 0, 12_500),
        Row(0x500E, F32, 1, "current_l2_a", 0, 12_500),
        Row(0x5010, F32, 1, "current_l3_a", 0, 12_500),
        Row(0x5012, F32, 1000, "power_w", -11_250_000, 11_250_000),
        Row(0x5014, F32, 1000, "power_l1_w", -3_750_000, 3_750_000),
        Row(0x5016, F32, 1000, "power_l2_w", -3_750_000, 3_750_000),
        Row(0x5018, F32, 1000, "power_l3_w", -3_750_000, 3_750_000),
        Row(0x501A, F32, 1000, "reactive_power_var", -11_250_000, 11_250_000),
        Row(0x501C, F32, 1000, "reactive_power_l1_var", -3_750_000, 3_750_000),
        Row(0x501E, F32, 1000, "reactive_power_l2_var", -3_750_000, 3_750_000),
        Row(0x5020, F32, 1000, "reactive_power_l3_var", -3_750_000, 3_750_000),
        Row(0x5022, F32, 1000, "apparent_power_va", 0, 11_250_000),
        Row(0x5024, F32, 1000, "apparent_power_l1_va", 0, 3_750_000),
        Row(0x5026, F32, 1000, "apparent_power_l2_va", 0, 3_750_000),
        Row(0x5028, F32, 1000, "apparent_power_l3_va", 0, 3_750_000),
        Row(0x502A, F32, 1, "power_factor", -1, 1),
        Row(0x502C, F32, 1, "power_factor_l1", -1, 1),
        Row(0x502E, F32, 1, "power_factor_l2", -1, 1),
        Row(0x5030, F32, 1, "power_factor_l3", -1, 1),
        Row(0x6000, F32, 1, "energy_total_kwh", 0, FULL, "slow"),
        Row(0x6002, F32, 1, "energy_total_t1_kwh", 0, FULL, "slow"),
        Row(0x6004, F32, 1, "energy_total_t2_kwh", 0, FULL, "slow"),
        Row(0x6006, F32, 1, "energy_total_l1_kwh", 0, FULL, "slow"),
        Row(0x6008, F32, 1, "energy_total_l2_kwh", 0, FULL, "slow"),
        Row(0x600A, F32, 1, "energy_total_l3_kwh", 0, FULL, "slow"),
        Row(0x600C, F32, 1, "energy_import_kwh", 0, FULL, "slow"),
        Row(0x600E, F32, 1, "energy_import_t1_kwh", 0, FULL, "slow"),
        Row(0x6010, F32, 1, "energy_import_t2_kwh", 0, FULL, "slow"),
        Row(0x6012, F32, 1, "energy_import_l1_kwh", 0, FULL, "slow"),
        Row(0x6014, F32, 1, "energy_import_l2_kwh", 0, FULL, "slow"),
        Row(0x6016, F32, 1, "energy_import_l3_kwh", 0, FULL, "slow"),
        Row(0x6018, F32, 1, "energy_export_kwh", 0, FULL, "slow"),
        Row(0x601A, F32, 1, "energy_export_t1_kwh", 0, FULL, "slow"),
        Row(0x601C, F32, 1, "energy_export_t2_kwh", 0, FULL, "slow"),
        Row(0x601E, F32, 1, "energy_export_l1_kwh", 0, FULL, "slow"),
        Row(0x6020, F32, 1, "energy_export_l2_kwh", 0, FULL, "slow"),
        Row(0x6022, F32, 1, "energy_export_l3_kwh", 0, FULL, "slow"),
        Row(0x6024, F32, 1, "reactive_energy_total_kvarh", 0, FULL, "slow"),
        Row(0x6026, F32, 1, "reactive_energy_total_t1_kvarh", 0, FULL, "slow"),
        Row(0x6028, F32, 1, "reactive_energy_total_t2_kvarh", 0, FULL, "slow"),
        Row(0x602A, F32, 1, "reactive_energy_total_l1_kvarh", 0, FULL, "slow"),
        Row(0x602C, F32, 1, "reactive_energy_total_l2_kvarh", 0, FULL, "slow"),
        Row(0x602E, F32, 1, "reactive_energy_total_l3_kvarh", 0, FULL, "slow"),
        Row(0x6030, F32, 1, "reactive_energy_import_kvarh", 0, FULL, "slow"),
        Row(0x6032, F32, 1, "reactive_energy_import_t1_kvarh", 0, FULL, "slow"),
        Row(0x6034, F32, 1, "reactive_energy_import_t2_kvarh", 0, FULL, "slow"),
        Row(0x6036, F32, 1, "reactive_energy_import_l1_kvarh", 0, FULL, "slow"),
        Row(0x6038, F32, 1, "reactive_energy_import_l2_kvarh", 0, FULL, "slow"),
        Row(0x603A, F32, 1, "reactive_energy_import_l3_kvarh", 0, FULL, "slow"),
        Row(0x603C, F32, 1, "reactive_energy_export_kvarh", 0, FULL, "slow"),
        Row(0x603E, F32, 1, "reactive_energy_export_t1_kvarh", 0, FULL, "slow"),
        Row(0x6040, F32, 1, "reactive_energy_export_t2_kvarh", 0, FULL, "slow"),
        Row(0x6042, F32, 1, "reactive_energy_export_l1_kvarh", 0, FULL, "slow"),
        Row(0x6044, F32, 1, "reactive_energy_export_l2_kvarh", 0, FULL, "slow"),
        Row(0x6046, F32, 1, "reactive_energy_export_l3_kvarh", 0, FULL, "slow"),
    ),
    address_change="Write the new address (1 to 247) to register 0x4003 with function 06, for example with mbpoll, with no other meter on the bus.",
    source="Inepro Metering, PRO380 user manual V2.18; volkszaehler/mbmd inepro.go",
)
