"""SolarEdge SE-MTR-3Y: three phases, with transformers; a WattNode of Continental Control Systems.

Sources: the maker's "WattNode Modbus" manual and support pages, which number the registers from 1 (the addresses here
are one less), mbmd's semtr3y.go, and nmakel/solaredge_meterproxy, which answers a SolarEdge inverter in its stead.

Where sources disagree:

- mbmd calls 0x03E8 the total; the maker says net: what was taken minus what was given, which may fall. It is not read,
  nor are the reactive energies, which are net as well.
- mbmd shifts the reactive energy of the lines 2 and 3 by one value.

The energies here can be set to zero on the meter; those that cannot stand at 0x03EE and 0x045A, without the lines. All
values are those of the primary side, so the ranges are wide. An inverter that it is wired to must be its only master.
"""

from wattline.bus.settings import LineSettings
from wattline.meters import Block, Model
from wattline.registers import Encoding, Row

F32 = Encoding.F32_LOW_FIRST

# It starts again after 100 GWh.
FULL = 100_000_000

MODEL = Model(
    name="solaredge-se-mtr-3y",
    title="SolarEdge SE-MTR-3Y",
    settings=LineSettings(9600, "N", 1),
    alternatives=(LineSettings(19200, "N", 1),),
    function=4,
    # The maker: up to 125 registers with a single read; all of these are documented.
    blocks=(Block(0x03E8, 34), Block(0x044C, 68)),
    rows=(
        #   address, encoding, scale, field, plausible from, to, pace
        Row(0x03EA, F32, 1, "energy_import_kwh", 0, FULL, "slow"),
        Row(0x03F0, F32, 1, "power_w", -5_400_000, 5_400_000),
        Row(0x03F2, F32, 1, "power_l1_w", -1_800_000, 1_800_000),
        Row(0x03F4, F32, 1, "power_l2_w", -1_800_000, 1_800_000),
        Row(0x03F6, F32, 1, "power_l3_w", -1_800_000, 1_800_000),
        Row(0x03F8, F32, 1, "voltage_v", 80, 300),
        Row(0x03FA, F32, 1, "voltage_l1_v", 0, 300),
        Row(0x03FC, F32, 1, "voltage_l2_v", 0, 300),
        Row(0x03FE, F32, 1, "voltage_l3_v", 0, 300),
        Row(0x0408, F32, 1, "frequency_hz", 45, 65),
        Row(0x0452, F32, 1, "energy_import_l1_kwh", 0, FULL, "slow"),
        Row(0x0454, F32, 1, "energy_import_l2_kwh", 0, FULL, "slow"),
        Row(0x0456, F32, 1, "energy_import_l3_kwh", 0, FULL, "slow"),
        Row(0x0458, F32, 1, "energy_export_kwh", 0, FULL, "slow"),
        Row(0x045C, F32, 1, "energy_export_l1_kwh", 0, FULL, "slow"),
        Row(0x045E, F32, 1, "energy_export_l2_kwh", 0, FULL, "slow"),
        Row(0x0460, F32, 1, "energy_export_l3_kwh", 0, FULL, "slow"),
        Row(0x0472, F32, 1, "power_factor", -1, 1),
        Row(0x0474, F32, 1, "power_factor_l1", -1, 1),
        Row(0x0476, F32, 1, "power_factor_l2", -1, 1),
        Row(0x0478, F32, 1, "power_factor_l3", -1, 1),
        Row(0x047A, F32, 1, "reactive_power_var", -5_400_000, 5_400_000),
        Row(0x047C, F32, 1, "reactive_power_l1_var", -1_800_000, 1_800_000),
        Row(0x047E, F32, 1, "reactive_power_l2_var", -1_800_000, 1_800_000),
        Row(0x0480, F32, 1, "reactive_power_l3_var", -1_800_000, 1_800_000),
        Row(0x0482, F32, 1, "apparent_power_va", 0, 5_400_000),
        Row(0x0484, F32, 1, "apparent_power_l1_va", 0, 1_800_000),
        Row(0x0486, F32, 1, "apparent_power_l2_va", 0, 1_800_000),
        Row(0x0488, F32, 1, "apparent_power_l3_va", 0, 1_800_000),
        Row(0x048A, F32, 1, "current_l1_a", 0, 6_000),
        Row(0x048C, F32, 1, "current_l2_a", 0, 6_000),
        Row(0x048E, F32, 1, "current_l3_a", 0, 6_000),
    ),
    address_change="With the DIP switches 1 to 7, which add up to the address (1, 2, 4 ... 64); switch 8 up makes it 19200 baud.",
    source="Continental Control Systems, WattNode Modbus manual; volkszaehler/mbmd semtr3y.go; nmakel/solaredge_meterproxy",
)
