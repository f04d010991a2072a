"""B+G e-tech DS100 (DS100-00B, DS100-30B): three phases, both directions; the 30B with two tariffs.

Sources: B+G e-tech, manual of the DS100 series (bg_ds100serie_de.pdf); volkszaehler/mbmd meters/rs485/ds100.go; the
evcc template bg-etech-ds100; the OpenEMS bundle io.openems.edge.meter.bgetech.

Where sources disagree:

- Export: mbmd reads 0x118A. evcc, OpenEMS and the manual have 0x0118, which also fits its neighbours (import 0x010E,
  sum 0x0122) and the sister model WS100; so 0x0118.
- Line settings: 9600 8N1 in the manual; the evcc template begins at 1200 baud.
- The sum of both directions: read as unsigned by mbmd, as signed by OpenEMS, since the meter can be set to count import
  minus export. Signed, and what is below zero is left out: a counter only grows.

Every block is read by OpenEMS in one go.
"""

from wattline.bus.settings import LineSettings
from wattline.meters import Block, Model
from wattline.registers import Encoding, Row

I16, U16, I32, U32 = Encoding.I16, Encoding.U16, Encoding.I32, Encoding.U32

FULL = 999_999.99
MOST_A = 125
LINE_W = MOST_A * 300
ALL_W = 3 * LINE_W

MODEL = Model(
    name="bg-etech-ds100",
    title="B+G e-tech DS100",
    settings=LineSettings(9600, "N", 1),
    alternatives=(LineSettings(1200, "N", 1),),
    function=3,
    blocks=(
        Block(0x010E, 52),
        Block(0x0400, 58),
        Block(0x0500, 52),
        Block(0x0564, 52),
        Block(0x05C8, 52),
    ),
    rows=(
        #   address, encoding, scale, field, plausible from, to, pace
        Row(0x010E, U32, 0.01, "energy_import_kwh", 0, FULL, "slow"),
        Row(0x0110, U32, 0.01, "energy_import_t1_kwh", 0, FULL, "slow"),
        Row(0x0112, U32, 0.01, "energy_import_t2_kwh", 0, FULL, "slow"),
        Row(0x0118, U32, 0.01, "energy_export_kwh", 0, FULL, "slow"),
        Row(0x011A, U32, 0.01, "energy_export_t1_kwh", 0, FULL, "slow"),
        Row(0x011C, U32, 0.01, "energy_export_t2_kwh", 0, FULL, "slow"),
        Row(0x0122, I32, 0.01, "energy_total_kwh", 0, FULL, "slow"),
        Row(0x0124, I32, 0.01, "energy_total_t1_kwh", 0, FULL, "slow"),
        Row(0x0126, I32, 0.01, "energy_total_t2_kwh", 0, FULL, "slow"),
        Row(0x012C, U32, 0.01, "reactive_energy_import_kvarh", 0, FULL, "slow"),
        Row(0x0136, U32, 0.01, "reactive_energy_export_kvarh", 0, FULL, "slow"),
        Row(0x0140, U32, 0.01, "reactive_energy_total_kvarh", 0, FULL, "slow"),
        Row(0x0400, U32, 0.001, "voltage_l1_v", 0, 300),
        Row(0x0402, U32, 0.001, "voltage_l2_v", 0, 300),
        Row(0x0404, U32, 0.001, "voltage_l3_v", 0, 300),
        Row(0x040C, U32, 0.001, "voltage_v", 80, 300),
        Row(0x0410, I32, 0.001, "current_l1_a", -MOST_A, MOST_A),
        Row(0x0412, I32, 0.001, "current_l2_a", -MOST_A, MOST_A),
        Row(0x0414, I32, 0.001, "current_l3_a", -MOST_A, MOST_A),
        Row(0x041A, I32, 1, "power_l1_w", -LINE_W, LINE_W),
        Row(0x041C, I32, 1, "power_l2_w", -LINE_W, LINE_W),
        Row(0x041E, I32, 1, "power_l3_w", -LINE_W, LINE_W),
        Row(0x0420, I32, 1, "power_w", -ALL_W, ALL_W),
        Row(0x0422, U32, 1, "apparent_power_l1_va", 0, LINE_W),
        Row(0x0424, U32, 1, "apparent_power_l2_va", 0, LINE_W),
        Row(0x0426, U32, 1, "apparent_power_l3_va", 0, LINE_W),
        Row(0x0428, U32, 1, "apparent_power_va", 0, ALL_W),
        Row(0x042A, I32, 1, "reactive_power_l1_var", -LINE_W, LINE_W),
        Row(0x042C, I32, 1, "reactive_power_l2_var", -LINE_W, LINE_W),
        Row(0x042E, I32, 1, "reactive_power_l3_var", -LINE_W, LINE_W),
        Row(0x0430, I32, 1, "reactive_power_var", -ALL_W, ALL_W),
        Row(0x0435, U16, 0.1, "frequency_hz", 45, 65),
        Row(0x0436, I16, 0.001, "power_factor_l1", -1, 1),
        Row(0x0437, I16, 0.001, "power_factor_l2", -1, 1),
        Row(0x0438, I16, 0.001, "power_factor_l3", -1, 1),
        Row(0x0439, I16, 0.001, "power_factor", -1, 1),
        Row(0x0500, I32, 0.01, "energy_total_l1_kwh", 0, FULL, "slow"),
        Row(0x050A, U32, 0.01, "energy_import_l1_kwh", 0, FULL, "slow"),
        Row(0x0514, U32, 0.01, "energy_export_l1_kwh", 0, FULL, "slow"),
        Row(0x0564, I32, 0.01, "energy_total_l2_kwh", 0, FULL, "slow"),
        Row(0x056E, U32, 0.01, "energy_import_l2_kwh", 0, FULL, "slow"),
        Row(0x0578, U32, 0.01, "energy_export_l2_kwh", 0, FULL, "slow"),
        Row(0x05C8, I32, 0.01, "energy_total_l3_kwh", 0, FULL, "slow"),
        Row(0x05D2, U32, 0.01, "energy_import_l3_kwh", 0, FULL, "slow"),
        Row(0x05DC, U32, 0.01, "energy_export_l3_kwh", 0, FULL, "slow"),
    ),
    address_change="See the chapter on Modbus in the manual of the DS100 series; no other public source names the buttons or the register.",
    source="B+G e-tech, manual of the DS100 series; volkszaehler/mbmd; evcc; OpenEMS",
)
