"""Wago 879-3000 (4PU), 879-3020 (4PS) and 879-3040 (2PU CT): three phases, two tariffs.

Sources: Wago's "Operating Instructions 4PU/4PS/2PU CT" 08/2022, mbmd's wago87930.go, and OpenEMS, which reads the 2PU CT
in service under the name KDK. The table is that of the Inepro PRO380.

Where sources disagree:

- Parity: the appendix says even, a chapter before it none. Even, as everyone finds it.
- 0x5000 and 0x500A: mbmd takes them for averages, Wago does not say what they are in meters of three phases. They are
  not read.

Register 0x4026 must be 1 (floats); that is how it comes. An old 2PU CT (checksum 0x22291973 at 0x4023) leaves its
transformers' ratio out of current and power: give it with the key ``scale``. All others count in values of the primary
side, up to 9995 A, so the ranges are wide.
"""

from wattline.bus.settings import LineSettings
from wattline.meters import Block, Identity, Model
from wattline.registers import Encoding, Row

F32 = Encoding.F32

FULL = 1_000_000

MODEL = Model(
    name="wago-879-30xx",
    title="Wago 879-30xx",
    settings=LineSettings(9600, "E", 1),
    alternatives=(LineSettings(9600, "N", 1),),
    function=3,
    # In service with the 2PU CT (OpenEMS).
    blocks=(Block(0x5002, 32), Block(0x600C, 24)),
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
        Row(0x6030, F32, 1, "reactive_energy_import_kvarh", 0, FULL, "slow"),
        Row(0x603C, F32, 1, "reactive_energy_export_kvarh", 0, FULL, "slow"),
    ),
    # The codes of the 4PU, the 4PS and the 2PU CT.
    identity=Identity(0x4002, (0x1111, 0x1112, 0x1113)),
    address_change="Write the new address (1 to 247) to register 0x4003 with function 06, for example with mbpoll, with no other meter on the bus.",
    source="Wago, Operating Instructions 4PU/4PS/2PU CT 08/2022; volkszaehler/mbmd wago87930.go; OpenEMS, Meter.KDK.2PUCT",
)
