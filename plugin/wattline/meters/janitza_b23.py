"""Janitza B23: three phases, direct, 65 A.

Sources: Janitza's "MID energy meters" product manual 2.100.006, and mbmd's janitza.go. The meter is ABB's B23 with the
first registers of Janitza's UMG meters beside ABB's own. The factory's line settings are not published; the display
shows them.

Nobody disagrees. The phase-to-phase voltages and the apparent energy have no field here.
"""

from wattline.bus.settings import LineSettings
from wattline.meters import Block, Model
from wattline.registers import Encoding, Row

F32 = Encoding.F32

FULL = 1_000_000

MODEL = Model(
    name="janitza-b23",
    title="Janitza B23",
    settings=LineSettings(9600, "N", 1),
    alternatives=(LineSettings(19200, "E", 1), LineSettings(9600, "E", 1)),
    function=3,
    # ABB of the same meter: any 1 to 125 registers between 0x1000 and 0x8EFF are answered.
    blocks=(Block(0x4A38, 52), Block(0x4A76, 16)),
    rows=(
        #   address, encoding, scale, field, plausible from, to, pace
        Row(0x4A38, F32, 1, "voltage_l1_v", 0, 300),
        Row(0x4A3A, F32, 1, "voltage_l2_v", 0, 300),
        Row(0x4A3C, F32, 1, "voltage_l3_v", 0, 300),
        Row(0x4A44, F32, 1, "current_l1_a", 0, 80),
        Row(0x4A46, F32, 1, "current_l2_a", 0, 80),
        Row(0x4A48, F32, 1, "current_l3_a", 0, 80),
        Row(0x4A4C, F32, 1, "power_l1_w", -24_000, 24_000),
        Row(0x4A4E, F32, 1, "power_l2_w", -24_000, 24_000),
        Row(0x4A50, F32, 1, "power_l3_w", -24_000, 24_000),
        Row(0x4A52, F32, 1, "power_w", -72_000, 72_000),
        Row(0x4A54, F32, 1, "apparent_power_l1_va", -24_000, 24_000),
        Row(0x4A56, F32, 1, "apparent_power_l2_va", -24_000, 24_000),
        Row(0x4A58, F32, 1, "apparent_power_l3_va", -24_000, 24_000),
        Row(0x4A5A, F32, 1, "apparent_power_va", -72_000, 72_000),
        Row(0x4A5C, F32, 1, "reactive_power_l1_var", -24_000, 24_000),
        Row(0x4A5E, F32, 1, "reactive_power_l2_var", -24_000, 24_000),
        Row(0x4A60, F32, 1, "reactive_power_l3_var", -24_000, 24_000),
        Row(0x4A62, F32, 1, "reactive_power_var", -72_000, 72_000),
        Row(0x4A64, F32, 1, "power_factor_l1", -1, 1),
        Row(0x4A66, F32, 1, "power_factor_l2", -1, 1),
        Row(0x4A68, F32, 1, "power_factor_l3", -1, 1),
        Row(0x4A6A, F32, 1, "frequency_hz", 45, 65),
        Row(0x4A76, F32, 0.001, "energy_import_l1_kwh", 0, FULL, "slow"),
        Row(0x4A78, F32, 0.001, "energy_import_l2_kwh", 0, FULL, "slow"),
        Row(0x4A7A, F32, 0.001, "energy_import_l3_kwh", 0, FULL, "slow"),
        Row(0x4A7C, F32, 0.001, "energy_import_kwh", 0, FULL, "slow"),
        Row(0x4A7E, F32, 0.001, "energy_export_l1_kwh", 0, FULL, "slow"),
        Row(0x4A80, F32, 0.001, "energy_export_l2_kwh", 0, FULL, "slow"),
        Row(0x4A82, F32, 0.001, "energy_export_l3_kwh", 0, FULL, "slow"),
        Row(0x4A84, F32, 0.001, "energy_export_kwh", 0, FULL, "slow"),
    ),
    address_change="With the buttons of the meter, in its menu Set under RS-485.",
    source="Janitza, MID energy meters product manual 2.100.006; volkszaehler/mbmd janitza.go",
)
