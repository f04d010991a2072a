"""Bernecker Engineering MPM3PM: three phases, direct.

Sources: mbmd's mpm3pm.go, which follows the maker's MPM3PModBus.pdf (no longer published), and openWB's mpm3pm.py.
The factory's line settings are not published; both readers use 9600 8N1.

Where sources disagree:

- Power factor: mbmd takes it unsigned in thousandths, openWB divides it by ten (per cent of it). Signed is right for
  every value that both can show.
- The first counter, 0x0000, is signed while import and export are not; mbmd calls it the sum. A signed one may fall, and
  import and export say all that it can, so it is not read.
"""

from wattline.bus.settings import LineSettings
from wattline.meters import Block, Model
from wattline.registers import Encoding, Row

U32, I32 = Encoding.U32, Encoding.I32

FULL = 999_999.99

MODEL = Model(
    name="bernecker-mpm3pm",
    title="Bernecker MPM3PM",
    settings=LineSettings(9600, "N", 1),
    function=3,
    # openWB reads four registers at each of these; nobody has published a longer read.
    blocks=(Block(0x0002, 4), Block(0x0008, 4), Block(0x000C, 4), Block(0x0020, 4), Block(0x0024, 4)),
    rows=(
        #   address, encoding, scale, field, plausible from, to, pace
        Row(0x0002, U32, 0.01, "energy_import_kwh", 0, FULL, "slow"),
        Row(0x0004, U32, 0.01, "energy_export_kwh", 0, FULL, "slow"),
        Row(0x0006, U32, 0.01, "reactive_energy_total_kvarh", 0, FULL, "slow"),
        Row(0x0008, U32, 0.1, "voltage_l1_v", 0, 300),
        Row(0x000A, U32, 0.1, "voltage_l2_v", 0, 300),
        Row(0x000C, U32, 0.1, "voltage_l3_v", 0, 300),
        Row(0x000E, U32, 0.01, "current_l1_a", 0, 125),
        Row(0x0010, U32, 0.01, "current_l2_a", 0, 125),
        Row(0x0012, U32, 0.01, "current_l3_a", 0, 125),
        Row(0x0014, I32, 0.01, "power_l1_w", -37_500, 37_500),
        Row(0x0016, I32, 0.01, "power_l2_w", -37_500, 37_500),
        Row(0x0018, I32, 0.01, "power_l3_w", -37_500, 37_500),
        Row(0x001A, I32, 0.01, "reactive_power_l1_var", -37_500, 37_500),
        Row(0x001C, I32, 0.01, "reactive_power_l2_var", -37_500, 37_500),
        Row(0x001E, I32, 0.01, "reactive_power_l3_var", -37_500, 37_500),
        Row(0x0020, I32, 0.001, "power_factor_l1", -1, 1),
        Row(0x0022, I32, 0.001, "power_factor_l2", -1, 1),
        Row(0x0024, I32, 0.001, "power_factor_l3", -1, 1),
        Row(0x0026, I32, 0.01, "power_w", -112_500, 112_500),
        Row(0x0028, I32, 0.01, "reactive_power_var", -112_500, 112_500),
        Row(0x002A, I32, 0.001, "power_factor", -1, 1),
        Row(0x002C, U32, 0.01, "frequency_hz", 45, 65),
    ),
    address_change="As the leaflet of the meter shows; the register of the address is not published.",
    source="Bernecker Engineering, MPM3PModBus.pdf by way of volkszaehler/mbmd mpm3pm.go; openWB/core mpm3pm.py",
)
