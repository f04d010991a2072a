"""ABB A series and B series (EQ meters): A43, A44, B21, B23, B24; one or three phases, direct or by transformers.

Sources: ABB, B23/B24 User Manual 2CMC485003M0201 and the product manual of the B series 2CDC512084D0101 (chapter on
Modbus); volkszaehler/mbmd meters/rs485/abb.go; victronenergy/dbus-modbus-client abb.py; openWB b23.py.

One map for all of them. What a meter does not have (lines 2 and 3 of a B21, export of a Steel variant, tariffs) reads
as all ones, or as the greatest number where there is a sign, and not as a refusal. The manual allows any read of 1 to
125 registers within 0x1000 to 0x8EFF, so blocks run over its gaps.

Where sources disagree:

- Factory line settings: the manual gives none. Users report 9600 8N1 and 19200 8E1; the display shows them.
- Power factors of the lines: 0x5B3B to 0x5B3D in mbmd, victron and the manual of the B series; openWB read "0x5B3B,
  0x5B3D, 0x5B3F" in another document, and found them where mbmd has them.
- Apparent power: signed in most readers, unsigned in one list. Signed is right for every value that both can show.

The ranges leave room for current transformers, since the meter gives primary values: 10 kA a line.
"""

from wattline.bus.settings import LineSettings
from wattline.meters import Block, Identity, Model
from wattline.registers import Encoding, Row

I16, U16, I32, U32, U64 = Encoding.I16, Encoding.U16, Encoding.I32, Encoding.U32, Encoding.U64

FULL = 99_999_999.99
MOST_A = 10_000
LINE_W = MOST_A * 300
ALL_W = 3 * LINE_W

MODEL = Model(
    name="abb-b23",
    title="ABB A43, A44, B21, B23, B24",
    settings=LineSettings(9600, "N", 1),
    alternatives=(LineSettings(19200, "E", 1), LineSettings(9600, "E", 1)),
    function=3,
    blocks=(
        Block(0x5000, 20),
        Block(0x5170, 40),
        Block(0x5460, 24),
        Block(0x5B00, 62),
    ),
    rows=(
        #   address, encoding, scale, field, plausible from, to, pace
        Row(0x5000, U64, 0.01, "energy_import_kwh", 0, FULL, "slow"),
        Row(0x5004, U64, 0.01, "energy_export_kwh", 0, FULL, "slow"),
        Row(0x500C, U64, 0.01, "reactive_energy_import_kvarh", 0, FULL, "slow"),
        Row(0x5010, U64, 0.01, "reactive_energy_export_kvarh", 0, FULL, "slow"),
        Row(0x5170, U64, 0.01, "energy_import_t1_kwh", 0, FULL, "slow"),
        Row(0x5174, U64, 0.01, "energy_import_t2_kwh", 0, FULL, "slow"),
        Row(0x5190, U64, 0.01, "energy_export_t1_kwh", 0, FULL, "slow"),
        Row(0x5194, U64, 0.01, "energy_export_t2_kwh", 0, FULL, "slow"),
        Row(0x5460, U64, 0.01, "energy_import_l1_kwh", 0, FULL, "slow"),
        Row(0x5464, U64, 0.01, "energy_import_l2_kwh", 0, FULL, "slow"),
        Row(0x5468, U64, 0.01, "energy_import_l3_kwh", 0, FULL, "slow"),
        Row(0x546C, U64, 0.01, "energy_export_l1_kwh", 0, FULL, "slow"),
        Row(0x5470, U64, 0.01, "energy_export_l2_kwh", 0, FULL, "slow"),
        Row(0x5474, U64, 0.01, "energy_export_l3_kwh", 0, FULL, "slow"),
        Row(0x5B00, U32, 0.1, "voltage_l1_v", 0, 300),
        Row(0x5B02, U32, 0.1, "voltage_l2_v", 0, 300),
        Row(0x5B04, U32, 0.1, "voltage_l3_v", 0, 300),
        Row(0x5B0C, U32, 0.01, "current_l1_a", 0, MOST_A),
        Row(0x5B0E, U32, 0.01, "current_l2_a", 0, MOST_A),
        Row(0x5B10, U32, 0.01, "current_l3_a", 0, MOST_A),
        Row(0x5B14, I32, 0.01, "power_w", -ALL_W, ALL_W),
        Row(0x5B16, I32, 0.01, "power_l1_w", -LINE_W, LINE_W),
        Row(0x5B18, I32, 0.01, "power_l2_w", -LINE_W, LINE_W),
        Row(0x5B1A, I32, 0.01, "power_l3_w", -LINE_W, LINE_W),
        Row(0x5B1C, I32, 0.01, "reactive_power_var", -ALL_W, ALL_W),
        Row(0x5B1E, I32, 0.01, "reactive_power_l1_var", -LINE_W, LINE_W),
        Row(0x5B20, I32, 0.01, "reactive_power_l2_var", -LINE_W, LINE_W),
        Row(0x5B22, I32, 0.01, "reactive_power_l3_var", -LINE_W, LINE_W),
        Row(0x5B24, I32, 0.01, "apparent_power_va", -ALL_W, ALL_W),
        Row(0x5B26, I32, 0.01, "apparent_power_l1_va", -LINE_W, LINE_W),
        Row(0x5B28, I32, 0.01, "apparent_power_l2_va", -LINE_W, LINE_W),
        Row(0x5B2A, I32, 0.01, "apparent_power_l3_va", -LINE_W, LINE_W),
        Row(0x5B2C, U16, 0.01, "frequency_hz", 45, 65),
        Row(0x5B2D, I16, 0.1, "phase_angle_degrees", -180, 180),
        Row(0x5B2E, I16, 0.1, "phase_angle_l1_degrees", -180, 180),
        Row(0x5B2F, I16, 0.1, "phase_angle_l2_degrees", -180, 180),
        Row(0x5B30, I16, 0.1, "phase_angle_l3_degrees", -180, 180),
        Row(0x5B3A, I16, 0.001, "power_factor", -1, 1),
        Row(0x5B3B, I16, 0.001, "power_factor_l1", -1, 1),
        Row(0x5B3C, I16, 0.001, "power_factor_l2", -1, 1),
        Row(0x5B3D, I16, 0.001, "power_factor_l3", -1, 1),
    ),
    # The type begins with "B2" or "A4" in ASCII.
    identity=Identity(0x8960, (0x4232, 0x4134)),
    absent={
        U16: 0xFFFF,
        I16: 0x7FFF,
        U32: 0xFFFF_FFFF,
        I32: 0x7FFF_FFFF,
        U64: 0xFFFF_FFFF_FFFF_FFFF,
    },
    address_change="Set it at the meter: hold OK, then Set, RS-485, Modbus, Address; baud rate and parity stand beside it. If it stays silent, swap the two wires: ABB names A and B the other way round.",
    source="ABB 2CMC485003M0201 and 2CDC512084D0101; volkszaehler/mbmd; victronenergy/dbus-modbus-client; openWB",
)
