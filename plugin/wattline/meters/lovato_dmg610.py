"""Lovato DMG610 (also DMG611R, DMG615, DMG620): three phases, by current transformers.

Sources: Lovato, Modbus protocol of the DMG series I317 and instructions I411; volkszaehler/mbmd meters/rs485/dmg610.go;
openWB lovato.py. The maker's tables count from one; on the wire every address is one less, as here.

Where sources disagree:

- Frequency: steps of 0.001 Hz in mbmd and the protocol; openWB divides by 100, and once more by 10 when the result is
  above 100. So 0.001.
- Apparent power and currents: unsigned in mbmd, signed in openWB. They are never negative.

The maker allows 80 registers in one read; openWB reads groups of six in the field. Distortion, the energies of the
lines and the exported ones come switched off (menu P02) and lie in blocks of their own. The ranges leave room for
current transformers, since the meter gives primary values: 10 kA a line.
"""

from wattline.bus.settings import LineSettings
from wattline.meters import Block, Model
from wattline.registers import Encoding, Row

I32, U32, U64 = Encoding.I32, Encoding.U32, Encoding.U64

FULL = 999_999_999.99
MOST_A = 10_000
LINE_W = MOST_A * 300
ALL_W = 3 * LINE_W

MODEL = Model(
    name="lovato-dmg610",
    title="Lovato DMG610",
    settings=LineSettings(9600, "N", 1),
    function=4,
    blocks=(
        Block(0x0001, 42),
        Block(0x0031, 16),
        Block(0x0053, 12),
        Block(0x1B1F, 20),
        Block(0x1E1F, 8),
        Block(0x1E47, 8),
        Block(0x1E6F, 8),
    ),
    rows=(
        #   address, encoding, scale, field, plausible from, to, pace
        Row(0x0001, U32, 0.01, "voltage_l1_v", 0, 400),
        Row(0x0003, U32, 0.01, "voltage_l2_v", 0, 400),
        Row(0x0005, U32, 0.01, "voltage_l3_v", 0, 400),
        Row(0x0007, U32, 0.0001, "current_l1_a", 0, MOST_A),
        Row(0x0009, U32, 0.0001, "current_l2_a", 0, MOST_A),
        Row(0x000B, U32, 0.0001, "current_l3_a", 0, MOST_A),
        Row(0x0013, I32, 0.01, "power_l1_w", -LINE_W, LINE_W),
        Row(0x0015, I32, 0.01, "power_l2_w", -LINE_W, LINE_W),
        Row(0x0017, I32, 0.01, "power_l3_w", -LINE_W, LINE_W),
        Row(0x0019, I32, 0.01, "reactive_power_l1_var", -LINE_W, LINE_W),
        Row(0x001B, I32, 0.01, "reactive_power_l2_var", -LINE_W, LINE_W),
        Row(0x001D, I32, 0.01, "reactive_power_l3_var", -LINE_W, LINE_W),
        Row(0x001F, U32, 0.01, "apparent_power_l1_va", 0, LINE_W),
        Row(0x0021, U32, 0.01, "apparent_power_l2_va", 0, LINE_W),
        Row(0x0023, U32, 0.01, "apparent_power_l3_va", 0, LINE_W),
        Row(0x0025, I32, 0.0001, "power_factor_l1", -1, 1),
        Row(0x0027, I32, 0.0001, "power_factor_l2", -1, 1),
        Row(0x0029, I32, 0.0001, "power_factor_l3", -1, 1),
        Row(0x0031, U32, 0.001, "frequency_hz", 45, 65),
        Row(0x0033, U32, 0.01, "voltage_v", 80, 400),
        Row(0x0039, I32, 0.01, "power_w", -ALL_W, ALL_W),
        Row(0x003B, I32, 0.01, "reactive_power_var", -ALL_W, ALL_W),
        Row(0x003D, U32, 0.01, "apparent_power_va", 0, ALL_W),
        Row(0x003F, I32, 0.0001, "power_factor", -1, 1),
        Row(0x0053, U32, 0.01, "voltage_distortion_l1_percent", 0, 500, "slow"),
        Row(0x0055, U32, 0.01, "voltage_distortion_l2_percent", 0, 500, "slow"),
        Row(0x0057, U32, 0.01, "voltage_distortion_l3_percent", 0, 500, "slow"),
        Row(0x0059, U32, 0.01, "current_distortion_l1_percent", 0, 500, "slow"),
        Row(0x005B, U32, 0.01, "current_distortion_l2_percent", 0, 500, "slow"),
        Row(0x005D, U32, 0.01, "current_distortion_l3_percent", 0, 500, "slow"),
        Row(0x1B1F, U64, 0.01, "energy_import_kwh", 0, FULL, "slow"),
        Row(0x1B23, U64, 0.01, "energy_export_kwh", 0, FULL, "slow"),
        Row(0x1B27, U64, 0.01, "reactive_energy_import_kvarh", 0, FULL, "slow"),
        Row(0x1B2B, U64, 0.01, "reactive_energy_export_kvarh", 0, FULL, "slow"),
        Row(0x1E1F, U64, 0.01, "energy_import_l1_kwh", 0, FULL, "slow"),
        Row(0x1E23, U64, 0.01, "energy_export_l1_kwh", 0, FULL, "slow"),
        Row(0x1E47, U64, 0.01, "energy_import_l2_kwh", 0, FULL, "slow"),
        Row(0x1E4B, U64, 0.01, "energy_export_l2_kwh", 0, FULL, "slow"),
        Row(0x1E6F, U64, 0.01, "energy_import_l3_kwh", 0, FULL, "slow"),
        Row(0x1E73, U64, 0.01, "energy_export_l3_kwh", 0, FULL, "slow"),
    ),
    longest=80,
    address_change="Open the setup menu at the meter, M07 Communication, and set P07.n.01 (serial node address); speed and parity are P07.n.02 and P07.n.03.",
    source="Lovato I317 and I411; volkszaehler/mbmd; openWB",
)
