"""Garo GNM3D: three phases, direct, 63 A; made by Carlo Gavazzi, with the map of the EM340.

Sources: Garo, GNM3D and GNM3T Series Communication Protocol v1 rev 1, and garo.py, both in nmakel/sdm_modbus.

Numbers of 32 bits have their low word first. The identity 0x000B is told only to a read of that one register; within a
longer one the same place belongs to the voltage L3-L1. An overflow reads 0x7FFFFFFF. The GNM3T, by current
transformers, has this map and the identity 342, but other ranges.

Where the protocol contradicts itself: its text and register 0x2004 allow 50 registers in one read, its frames 20; so
20. Registers that it does not document are refused, so no block runs over such a gap.

Current and power are below zero while the house gives, if the meter is set to measure both directions (measurement B);
in the factory's "easy connection" all is positive.
"""

from wattline.bus.settings import LineSettings
from wattline.meters import Block, Identity, Model
from wattline.registers import Encoding, Row

I16, I32 = Encoding.I16, Encoding.I32_LOW_FIRST

FULL = 99_999_999.9
MOST_A = 100
LINE_W = MOST_A * 300
ALL_W = 3 * LINE_W

MODEL = Model(
    name="garo-gnm3d",
    title="Garo GNM3D",
    settings=LineSettings(9600, "N", 1),
    function=4,
    blocks=(
        Block(0x0000, 20),
        Block(0x0014, 18),
        Block(0x0026, 14),
        Block(0x0034, 20),
        Block(0x0048, 2),
        Block(0x004E, 4),
    ),
    rows=(
        #   address, encoding, scale, field, plausible from, to, pace
        Row(0x0000, I32, 0.1, "voltage_l1_v", 0, 300),
        Row(0x0002, I32, 0.1, "voltage_l2_v", 0, 300),
        Row(0x0004, I32, 0.1, "voltage_l3_v", 0, 300),
        Row(0x000C, I32, 0.001, "current_l1_a", -MOST_A, MOST_A),
        Row(0x000E, I32, 0.001, "current_l2_a", -MOST_A, MOST_A),
        Row(0x0010, I32, 0.001, "current_l3_a", -MOST_A, MOST_A),
        Row(0x0012, I32, 0.1, "power_l1_w", -LINE_W, LINE_W),
        Row(0x0014, I32, 0.1, "power_l2_w", -LINE_W, LINE_W),
        Row(0x0016, I32, 0.1, "power_l3_w", -LINE_W, LINE_W),
        Row(0x0018, I32, 0.1, "apparent_power_l1_va", -LINE_W, LINE_W),
        Row(0x001A, I32, 0.1, "apparent_power_l2_va", -LINE_W, LINE_W),
        Row(0x001C, I32, 0.1, "apparent_power_l3_va", -LINE_W, LINE_W),
        Row(0x001E, I32, 0.1, "reactive_power_l1_var", -LINE_W, LINE_W),
        Row(0x0020, I32, 0.1, "reactive_power_l2_var", -LINE_W, LINE_W),
        Row(0x0022, I32, 0.1, "reactive_power_l3_var", -LINE_W, LINE_W),
        Row(0x0024, I32, 0.1, "voltage_v", 80, 300),
        Row(0x0028, I32, 0.1, "power_w", -ALL_W, ALL_W),
        Row(0x002A, I32, 0.1, "apparent_power_va", -ALL_W, ALL_W),
        Row(0x002C, I32, 0.1, "reactive_power_var", -ALL_W, ALL_W),
        Row(0x002E, I16, 0.001, "power_factor_l1", -1, 1),
        Row(0x002F, I16, 0.001, "power_factor_l2", -1, 1),
        Row(0x0030, I16, 0.001, "power_factor_l3", -1, 1),
        Row(0x0031, I16, 0.001, "power_factor", -1, 1),
        Row(0x0033, I16, 0.1, "frequency_hz", 45, 65),
        Row(0x0034, I32, 0.1, "energy_import_kwh", 0, FULL, "slow"),
        Row(0x0036, I32, 0.1, "reactive_energy_import_kvarh", 0, FULL, "slow"),
        Row(0x0040, I32, 0.1, "energy_import_l1_kwh", 0, FULL, "slow"),
        Row(0x0042, I32, 0.1, "energy_import_l2_kwh", 0, FULL, "slow"),
        Row(0x0044, I32, 0.1, "energy_import_l3_kwh", 0, FULL, "slow"),
        Row(0x0046, I32, 0.1, "energy_import_t1_kwh", 0, FULL, "slow"),
        Row(0x0048, I32, 0.1, "energy_import_t2_kwh", 0, FULL, "slow"),
        Row(0x004E, I32, 0.1, "energy_export_kwh", 0, FULL, "slow"),
        Row(0x0050, I32, 0.1, "reactive_energy_export_kvarh", 0, FULL, "slow"),
    ),
    identity=Identity(0x000B, (341,)),
    longest=20,
    absent={I32: 0x7FFF_FFFF},
    address_change="Set Address in the settings menu at the meter, or write register 0x2000 (1 to 247) with mbpoll, with no other meter on the bus.",
    source="Garo, GNM3D and GNM3T Series Communication Protocol v1 rev 1; nmakel/sdm_modbus",
    sign="unknown",
)
