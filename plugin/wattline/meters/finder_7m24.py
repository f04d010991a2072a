"""Finder 7M.24: one phase, direct, 40 A.

Sources: Finder's "Modbus communication protocol 7M.24 / 7M.38" of 30 June 2021, and mbmd's finder7m24.go. The protocol
does not name the factory's line settings.

Where sources disagree:

- Frequency: at 2584 (mbmd) and at 2498 (others); Finder lists both.
- Energy: the four counters can be given other meanings; they are taken as they come, as mbmd does: active imported,
  reactive imported, active exported, reactive exported. A wallbox reads the energy at 2638 instead.
"""

from wattline.bus.settings import LineSettings
from wattline.meters import Model
from wattline.registers import Encoding, Row

F32 = Encoding.F32

FULL = 1_000_000

MODEL = Model(
    name="finder-7m24",
    title="Finder 7M.24",
    settings=LineSettings(9600, "N", 1),
    alternatives=(LineSettings(19200, "N", 1),),
    function=4,
    rows=(
        #   address, encoding, scale, field, plausible from, to, pace
        Row(2500, F32, 1, "voltage_v", 80, 300),
        Row(2516, F32, 1, "current_a", 0, 50),
        Row(2536, F32, 1, "power_w", -15_000, 15_000),
        Row(2544, F32, 1, "reactive_power_var", -15_000, 15_000),
        Row(2552, F32, 1, "apparent_power_va", 0, 15_000),
        Row(2560, F32, 1, "power_factor", -1, 1),
        Row(2576, F32, 1, "phase_angle_degrees", -360, 360),
        Row(2584, F32, 1, "frequency_hz", 45, 65),
        Row(2588, F32, 1, "current_distortion_percent", 0, 400, "slow"),
        Row(2594, F32, 1, "voltage_distortion_percent", 0, 100, "slow"),
        Row(2752, F32, 0.001, "energy_import_kwh", 0, FULL, "slow"),
        Row(2754, F32, 0.001, "reactive_energy_import_kvarh", 0, FULL, "slow"),
        Row(2756, F32, 0.001, "energy_export_kwh", 0, FULL, "slow"),
        Row(2758, F32, 0.001, "reactive_energy_export_kvarh", 0, FULL, "slow"),
    ),
    address_change="With the buttons of the meter, in its settings under communication, or with Finder's app where it has NFC.",
    source="Finder, Modbus communication protocol 7M.24 / 7M.38 v2; volkszaehler/mbmd finder7m24.go",
)
