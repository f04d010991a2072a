"""Carlo Gavazzi EM24-DIN with RS485 (AV2, AV5, AV6, AV9, AV0): three phases, direct or by current transformers.

Sources: Carlo Gavazzi, EM24-DIN Communication Protocol v2 rev 0; volkszaehler/mbmd meters/rs485/carlogavazzi-em24.go;
the OpenEMS bundle io.openems.edge.meter.carlo.gavazzi ("can only read a limited number of registers at once");
victronenergy/dbus-cgwacs.

Numbers of 32 bits have their low word first. The meter answers 11 registers at most, and always at 8N1. The identity
0x000B is told only to a read of that one register. An overflow reads 0x7FFFFFFF.

Where sources disagree: mbmd takes import from 0x0042, which is the partial counter that its owner can set back; the
total is 0x003E. Export (0x005C, 0x005E) is missing in some variants and settings, and then refused (evcc issue 31143);
so it lies in no block. Set the application H at the meter if it should count both directions.

The ranges leave room for current transformers, since the meter gives primary values: 9999 kW.
"""

from wattline.bus.settings import LineSettings
from wattline.meters import Block, Identity, Model
from wattline.registers import Encoding, Row

I16, I32 = Encoding.I16, Encoding.I32_LOW_FIRST

FULL = 99_999_999.9
MOST_A = 15_000
MOST_W = 9_999_000

MODEL = Model(
    name="carlo-gavazzi-em24",
    title="Carlo Gavazzi EM24 (RS485)",
    settings=LineSettings(9600, "N", 1),
    alternatives=(LineSettings(4800, "N", 1),),
    function=4,
    blocks=(
        Block(0x0000, 6),
        Block(0x000C, 10),
        Block(0x0016, 10),
        Block(0x0020, 4),
        Block(0x0028, 6),
        Block(0x0032, 6),
        Block(0x003E, 4),
        Block(0x0046, 10),
        Block(0x0050, 4),
    ),
    rows=(
        #   address, encoding, scale, field, plausible from, to, pace
        Row(0x0000, I32, 0.1, "voltage_l1_v", 0, 485),
        Row(0x0002, I32, 0.1, "voltage_l2_v", 0, 485),
        Row(0x0004, I32, 0.1, "voltage_l3_v", 0, 485),
        Row(0x000C, I32, 0.001, "current_l1_a", -MOST_A, MOST_A),
        Row(0x000E, I32, 0.001, "current_l2_a", -MOST_A, MOST_A),
        Row(0x0010, I32, 0.001, "current_l3_a", -MOST_A, MOST_A),
        Row(0x0012, I32, 0.1, "power_l1_w", -MOST_W, MOST_W),
        Row(0x0014, I32, 0.1, "power_l2_w", -MOST_W, MOST_W),
        Row(0x0016, I32, 0.1, "power_l3_w", -MOST_W, MOST_W),
        Row(0x0018, I32, 0.1, "apparent_power_l1_va", -MOST_W, MOST_W),
        Row(0x001A, I32, 0.1, "apparent_power_l2_va", -MOST_W, MOST_W),
        Row(0x001C, I32, 0.1, "apparent_power_l3_va", -MOST_W, MOST_W),
        Row(0x001E, I32, 0.1, "reactive_power_l1_var", -MOST_W, MOST_W),
        Row(0x0020, I32, 0.1, "reactive_power_l2_var", -MOST_W, MOST_W),
        Row(0x0022, I32, 0.1, "reactive_power_l3_var", -MOST_W, MOST_W),
        Row(0x0028, I32, 0.1, "power_w", -MOST_W, MOST_W),
        Row(0x002A, I32, 0.1, "apparent_power_va", -MOST_W, MOST_W),
        Row(0x002C, I32, 0.1, "reactive_power_var", -MOST_W, MOST_W),
        Row(0x0032, I16, 0.001, "power_factor_l1", -1, 1),
        Row(0x0033, I16, 0.001, "power_factor_l2", -1, 1),
        Row(0x0034, I16, 0.001, "power_factor_l3", -1, 1),
        Row(0x0035, I16, 0.001, "power_factor", -1, 1),
        Row(0x0037, I16, 0.1, "frequency_hz", 45, 65),
        Row(0x003E, I32, 0.1, "energy_import_kwh", 0, FULL, "slow"),
        Row(0x0040, I32, 0.1, "reactive_energy_import_kvarh", 0, FULL, "slow"),
        Row(0x0046, I32, 0.1, "energy_import_l1_kwh", 0, FULL, "slow"),
        Row(0x0048, I32, 0.1, "energy_import_l2_kwh", 0, FULL, "slow"),
        Row(0x004A, I32, 0.1, "energy_import_l3_kwh", 0, FULL, "slow"),
        Row(0x004C, I32, 0.1, "energy_import_t1_kwh", 0, FULL, "slow"),
        Row(0x004E, I32, 0.1, "energy_import_t2_kwh", 0, FULL, "slow"),
        Row(0x0050, I32, 0.1, "energy_import_t3_kwh", 0, FULL, "slow"),
        Row(0x0052, I32, 0.1, "energy_import_t4_kwh", 0, FULL, "slow"),
        Row(0x005C, I32, 0.1, "energy_export_kwh", 0, FULL, "slow"),
        Row(0x005E, I32, 0.1, "reactive_energy_export_kvarh", 0, FULL, "slow"),
    ),
    identity=Identity(0x000B, (46, 47, 48, 71, 72, 73, 94)),
    sign="unknown",
    longest=11,
    pause_ms=5,
    absent={I32: 0x7FFF_FFFF},
    address_change="Turn the front selector off the lock, push the joystick until PASS appears, and set Address in the menu.",
    source="Carlo Gavazzi, EM24-DIN Communication Protocol v2 rev 0; volkszaehler/mbmd; OpenEMS; evcc issue 31143",
)
