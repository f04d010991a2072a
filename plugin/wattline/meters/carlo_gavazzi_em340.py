"""Carlo Gavazzi EM330, EM340, ET330, ET340: three phases, direct (340) or by current transformers (330).

Sources: Carlo Gavazzi, EM300 Series and ET300 Series Communication Protocol v2 rev 17; volkszaehler/mbmd
meters/rs485/carlogavazzi-ex3x0.go; the OpenEMS bundle io.openems.edge.meter.carlo.gavazzi; victronenergy/dbus-cgwacs.

Numbers of 32 bits have their low word first. The identity 0x000B is told only to a read of that one register; within a
longer one the same place belongs to the voltage L3-L1. An overflow reads 0x7FFFFFFF.

The maker allows 50 registers in one read and documents all of 0x0000 to 0x0033; OpenEMS reads 0x0033 to 0x004F in
one, over the gap 0x004A to 0x004D. Current and power are below zero while the house gives, if the meter is set to
measure both directions (mode B, and always in an ET); in the factory's mode A of an EM all is positive. Export of the
single lines is zero in an EM and therefore left out.

The maker demands a silence between an answer and the next request; an owner whose reader left none saw timeouts
(eModbus/eModbus issue 223), and RepRapFirmware leaves an ET112 5 ms, so 5 ms here. The ranges are the maker's limits with transformers: 9999 kW.
"""

from wattline.bus.settings import LineSettings
from wattline.meters import Block, Identity, Model
from wattline.registers import Encoding, Row

I16, I32 = Encoding.I16, Encoding.I32_LOW_FIRST

FULL = 99_999_999.9
MOST_A = 15_000
MOST_W = 9_999_000

MODEL = Model(
    name="carlo-gavazzi-em340",
    title="Carlo Gavazzi EM330, EM340, ET330, ET340",
    settings=LineSettings(9600, "N", 1),
    function=4,
    blocks=(
        Block(0x0000, 36),
        Block(0x0024, 16),
        Block(0x0034, 30),
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
        Row(0x0024, I32, 0.1, "voltage_v", 80, 485),
        Row(0x0028, I32, 0.1, "power_w", -MOST_W, MOST_W),
        Row(0x002A, I32, 0.1, "apparent_power_va", -MOST_W, MOST_W),
        Row(0x002C, I32, 0.1, "reactive_power_var", -MOST_W, MOST_W),
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
    identity=Identity(0x000B, (331, 332, 335, 336, 341, 345, 346, 399)),
    longest=50,
    pause_ms=5,
    absent={I32: 0x7FFF_FFFF},
    address_change="Open the settings menu at the meter with its joystick or touch keys and set Address under RS485; an ET has no display: write register 0x2000 with mbpoll or the maker's UCS program, with no other meter on the bus.",
    source="Carlo Gavazzi, EM300 and ET300 Series Communication Protocol v2 rev 17; volkszaehler/mbmd; OpenEMS",
    sign="unknown",
)
