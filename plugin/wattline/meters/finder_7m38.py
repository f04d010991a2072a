"""Finder 7M.38: three phases, direct, 80 A.

Sources: Finder's "Modbus communication protocol 7M.24 / 7M.38" of 30 June 2021, mbmd's finder7m38.go, and SmartEVSE,
which reads it in service. The protocol does not name the factory's line settings.

Where sources disagree:

- Frequency: at 2584 (mbmd) and at 2498 (others); Finder lists both.
- Energy: the four counters can be given other meanings; they are taken as they come, as mbmd does: active imported,
  reactive imported, active exported, reactive exported. SmartEVSE reads the energy at 2638 instead.
"""

from wattline.bus.settings import LineSettings
from wattline.meters import Block, Model
from wattline.registers import Encoding, Row

F32 = Encoding.F32

FULL = 1_000_000

MODEL = Model(
    name="finder-7m38",
    title="Finder 7M.38",
    settings=LineSettings(9600, "N", 1),
    alternatives=(LineSettings(19200, "N", 1),),
    function=4,
    # In service (SmartEVSE): the currents and the powers of the lines, with what lies between them.
    blocks=(Block(2516, 20),),
    rows=(
        #   address, encoding, scale, field, plausible from, to, pace
        Row(2500, F32, 1, "voltage_l1_v", 0, 300),
        Row(2502, F32, 1, "voltage_l2_v", 0, 300),
        Row(2504, F32, 1, "voltage_l3_v", 0, 300),
        Row(2506, F32, 1, "voltage_v", 80, 300),
        Row(2516, F32, 1, "current_l1_a", 0, 100),
        Row(2518, F32, 1, "current_l2_a", 0, 100),
        Row(2520, F32, 1, "current_l3_a", 0, 100),
        Row(2530, F32, 1, "power_l1_w", -30_000, 30_000),
        Row(2532, F32, 1, "power_l2_w", -30_000, 30_000),
        Row(2534, F32, 1, "power_l3_w", -30_000, 30_000),
        Row(2536, F32, 1, "power_w", -90_000, 90_000),
        Row(2538, F32, 1, "reactive_power_l1_var", -30_000, 30_000),
        Row(2540, F32, 1, "reactive_power_l2_var", -30_000, 30_000),
        Row(2542, F32, 1, "reactive_power_l3_var", -30_000, 30_000),
        Row(2544, F32, 1, "reactive_power_var", -90_000, 90_000),
        Row(2546, F32, 1, "apparent_power_l1_va", 0, 30_000),
        Row(2548, F32, 1, "apparent_power_l2_va", 0, 30_000),
        Row(2550, F32, 1, "apparent_power_l3_va", 0, 30_000),
        Row(2552, F32, 1, "apparent_power_va", 0, 90_000),
        Row(2554, F32, 1, "power_factor_l1", -1, 1),
        Row(2556, F32, 1, "power_factor_l2", -1, 1),
        Row(2558, F32, 1, "power_factor_l3", -1, 1),
        Row(2560, F32, 1, "power_factor", -1, 1),
        Row(2570, F32, 1, "phase_angle_l1_degrees", -360, 360),
        Row(2572, F32, 1, "phase_angle_l2_degrees", -360, 360),
        Row(2574, F32, 1, "phase_angle_l3_degrees", -360, 360),
        Row(2576, F32, 1, "phase_angle_degrees", -360, 360),
        Row(2584, F32, 1, "frequency_hz", 45, 65),
        Row(2588, F32, 1, "current_distortion_l1_percent", 0, 400, "slow"),
        Row(2590, F32, 1, "current_distortion_l2_percent", 0, 400, "slow"),
        Row(2592, F32, 1, "current_distortion_l3_percent", 0, 400, "slow"),
        Row(2594, F32, 1, "voltage_distortion_l1_percent", 0, 100, "slow"),
        Row(2596, F32, 1, "voltage_distortion_l2_percent", 0, 100, "slow"),
        Row(2598, F32, 1, "voltage_distortion_l3_percent", 0, 100, "slow"),
        Row(2752, F32, 0.001, "energy_import_kwh", 0, FULL, "slow"),
        Row(2754, F32, 0.001, "reactive_energy_import_kvarh", 0, FULL, "slow"),
        Row(2756, F32, 0.001, "energy_export_kwh", 0, FULL, "slow"),
        Row(2758, F32, 0.001, "reactive_energy_export_kvarh", 0, FULL, "slow"),
    ),
    address_change="With the buttons of the meter, in its settings under communication, or with Finder's app where it has NFC.",
    source="Finder, Modbus communication protocol 7M.24 / 7M.38 v2; volkszaehler/mbmd finder7m38.go; SmartEVSE modbus.cpp",
)
