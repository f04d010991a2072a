"""Chint DTSU666: three phases with neutral, direct 80 A or by current transformers.

Sources: Chint, DTSU666/DSSU666 User Manual ZTW0.464.0104, table 11; volkszaehler/mbmd meters/rs485/dtsu666.go; the
requests of a Growatt inverter to its DTSU666, recorded in Legebox/MQTT-to-DTSU666-emulator; the OpenEMS bundle
io.openems.edge.meter.chint.

Floats that hold whole numbers: 2301.0 is 230.1 V, 0.1 W, 0.001 A, 0.01 Hz. The energies are plain kWh.

Where sources disagree:

- Energy: 0x101E on in the manual, in mbmd and in what Growatt asks; 0x401E on in an older manual, 0x4000 in OpenEMS.
- Scales: owners of the DTSU666-H (made for Huawei) and of the Sungrow variant see plain units and other addresses.
  Those are other meters: do not read them with this table.
- Line settings: 8N1 in the manual; OpenEMS knows meters at 8N2.
- With transformers the meter gives secondary values: set the ratio with `scale`.

The blocks are the reads of the Growatt inverter.
"""

from wattline.bus.settings import LineSettings
from wattline.meters import Block, Model
from wattline.registers import Encoding, Row

F32 = Encoding.F32

# The float of 32 bits that is nearest to 999 999.99, the greatest reading of the display.
FULL = 1_000_000
LINE_W = 100 * 300
ALL_W = 3 * LINE_W

MODEL = Model(
    name="chint-dtsu666",
    title="Chint DTSU666",
    settings=LineSettings(9600, "N", 1),
    alternatives=(LineSettings(9600, "N", 2),),
    function=3,
    blocks=(
        Block(0x101E, 12),
        Block(0x2000, 18),
        Block(0x2012, 16),
        Block(0x202A, 28),
    ),
    rows=(
        #   address, encoding, scale, field, plausible from, to, pace, decimals
        Row(0x101E, F32, 1, "energy_import_kwh", 0, FULL, "slow", decimals=2),
        Row(0x1020, F32, 1, "energy_import_l1_kwh", 0, FULL, "slow", decimals=2),
        Row(0x1022, F32, 1, "energy_import_l2_kwh", 0, FULL, "slow", decimals=2),
        Row(0x1024, F32, 1, "energy_import_l3_kwh", 0, FULL, "slow", decimals=2),
        Row(0x1028, F32, 1, "energy_export_kwh", 0, FULL, "slow", decimals=2),
        Row(0x102A, F32, 1, "energy_export_l1_kwh", 0, FULL, "slow", decimals=2),
        Row(0x102C, F32, 1, "energy_export_l2_kwh", 0, FULL, "slow", decimals=2),
        Row(0x102E, F32, 1, "energy_export_l3_kwh", 0, FULL, "slow", decimals=2),
        Row(0x2006, F32, 0.1, "voltage_l1_v", 0, 300, decimals=1),
        Row(0x2008, F32, 0.1, "voltage_l2_v", 0, 300, decimals=1),
        Row(0x200A, F32, 0.1, "voltage_l3_v", 0, 300, decimals=1),
        Row(0x200C, F32, 0.001, "current_l1_a", 0, 100),
        Row(0x200E, F32, 0.001, "current_l2_a", 0, 100),
        Row(0x2010, F32, 0.001, "current_l3_a", 0, 100),
        Row(0x2012, F32, 0.1, "power_w", -ALL_W, ALL_W),
        Row(0x2014, F32, 0.1, "power_l1_w", -LINE_W, LINE_W),
        Row(0x2016, F32, 0.1, "power_l2_w", -LINE_W, LINE_W),
        Row(0x2018, F32, 0.1, "power_l3_w", -LINE_W, LINE_W),
        Row(0x201A, F32, 0.1, "reactive_power_var", -ALL_W, ALL_W),
        Row(0x201C, F32, 0.1, "reactive_power_l1_var", -LINE_W, LINE_W),
        Row(0x201E, F32, 0.1, "reactive_power_l2_var", -LINE_W, LINE_W),
        Row(0x2020, F32, 0.1, "reactive_power_l3_var", -LINE_W, LINE_W),
        Row(0x202A, F32, 0.001, "power_factor", -1, 1),
        Row(0x202C, F32, 0.001, "power_factor_l1", -1, 1),
        Row(0x202E, F32, 0.001, "power_factor_l2", -1, 1),
        Row(0x2030, F32, 0.001, "power_factor_l3", -1, 1),
        Row(0x2044, F32, 0.01, "frequency_hz", 45, 65),
    ),
    address_change="Hold SET at the meter, enter the code 701 and step to Addr; bAud stands beside it, and Prot must say a Modbus setting (n.1, n.2, E.1 or o.1), not 645.",
    source="Chint ZTW0.464.0104; volkszaehler/mbmd; Growatt's requests in Legebox/MQTT-to-DTSU666-emulator; OpenEMS",
)
