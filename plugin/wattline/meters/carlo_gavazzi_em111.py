"""Carlo Gavazzi EM110, EM111, EM112, ET112: one phase, direct, 32 to 100 A.

Sources: Carlo Gavazzi, EM100 Series and ET100 Series Communication Protocol v2 rev 14 (EM111_EM112_ET112_CP.pdf); the
evcc template cg-emt1xx; the OpenEMS bundle io.openems.edge.meter.carlo.gavazzi; one exchange recorded from an ET112
(ioBroker/ioBroker.modbus issue 286).

Numbers of 32 bits have their low word first, as the recorded reply shows (233.1 V). Functions 3 and 4 do the same; 3 is
the recorded one. The identity 0x000B is told only to a read of that one register; within a longer one the same place
belongs to the demand. An overflow reads 0x7FFFFFFF.

Where sources disagree:

- Word order: the evcc template reads the high word first, which the recorded reply contradicts.
- Energy: an older OpenEMS took 0x0012 and 0x0022, corrected in its pull request 3215 to 0x0010 and 0x0020.

The maker allows 50 registers in one read and documents all of 0x0000 to 0x001B; OpenEMS reads 0x000F to 0x0023 in
one, over the gap 0x001C to 0x001F. Current and power are below zero while the house gives, if the meter measures both
directions (mode B, and always in an ET112); in the factory's mode A all is positive. The pause is explained in
carlo_gavazzi_em340.py.
"""

from wattline.bus.settings import LineSettings
from wattline.meters import Block, Identity, Model
from wattline.registers import Encoding, Row

I16, I32 = Encoding.I16, Encoding.I32_LOW_FIRST

FULL = 99_999_999.9
MOST_W = 125 * 300

MODEL = Model(
    name="carlo-gavazzi-em111",
    title="Carlo Gavazzi EM110, EM111, EM112, ET112",
    settings=LineSettings(9600, "N", 1),
    function=3,
    blocks=(
        Block(0x0000, 16),
        Block(0x000F, 21),
    ),
    rows=(
        #   address, encoding, scale, field, plausible from, to, pace
        Row(0x0000, I32, 0.1, "voltage_v", 80, 300),
        Row(0x0002, I32, 0.001, "current_a", -125, 125),
        Row(0x0004, I32, 0.1, "power_w", -MOST_W, MOST_W),
        Row(0x0006, I32, 0.1, "apparent_power_va", -MOST_W, MOST_W),
        Row(0x0008, I32, 0.1, "reactive_power_var", -MOST_W, MOST_W),
        Row(0x000E, I16, 0.001, "power_factor", -1, 1),
        Row(0x000F, I16, 0.1, "frequency_hz", 45, 65),
        Row(0x0010, I32, 0.1, "energy_import_kwh", 0, FULL, "slow"),
        Row(0x0012, I32, 0.1, "reactive_energy_import_kvarh", 0, FULL, "slow"),
        Row(0x0018, I32, 0.1, "energy_import_t1_kwh", 0, FULL, "slow"),
        Row(0x001A, I32, 0.1, "energy_import_t2_kwh", 0, FULL, "slow"),
        Row(0x0020, I32, 0.1, "energy_export_kwh", 0, FULL, "slow"),
        Row(0x0022, I32, 0.1, "reactive_energy_export_kvarh", 0, FULL, "slow"),
    ),
    identity=Identity(0x000B, (100, 101, 102, 103, 104, 110, 111, 112, 120, 121)),
    longest=50,
    pause_ms=5,
    absent={I32: 0x7FFF_FFFF},
    address_change="Open the settings menu at the meter with its touch keys and set Address; an ET112 has no display: write register 0x2000 with mbpoll or the maker's UCS program, with no other meter on the bus.",
    source="Carlo Gavazzi, EM100 and ET100 Series Communication Protocol v2 rev 14; evcc; OpenEMS; a frame in ioBroker.modbus issue 286",
    sign="unknown",
)
