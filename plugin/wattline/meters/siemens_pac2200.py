"""Siemens SENTRON PAC2200 (7KM2200) with RS485: three phases, direct 65 A or with transformers, two tariffs.

Sources: Siemens' equipment manual L1V30415167B, mbmd's pac2200.go, and a driver that reads it in service (MeterHub).

Where sources disagree:

- Frequency: mbmd reads 46, which lies in the middle of nowhere; the manual and everyone else say 55.
- Energy: the manual calls 801 and 809 the energies of tariff 1. Without a tariff switch they count all of it, and all
  readers take them for import and export; so do the fields here. With a switch, the rest stands in ``..._t2_...``.

It leaves the factory with the address 126. It answers function 03 as well. Between 43 and 54 there is nothing, and a
read over it is refused as a whole. All values are those of the primary side, so the ranges are wide.
"""

from wattline.bus.settings import LineSettings
from wattline.meters import Block, Model
from wattline.registers import Encoding, Row

F32, F64 = Encoding.F32, Encoding.F64

# It starts again after 1e12 Wh.
FULL = 1_000_000_000

MODEL = Model(
    name="siemens-pac2200",
    title="Siemens SENTRON PAC2200",
    settings=LineSettings(19200, "N", 2),
    alternatives=(LineSettings(19200, "E", 1), LineSettings(9600, "N", 1)),
    function=4,
    # In service (MeterHub).
    blocks=(Block(1, 42), Block(55, 18), Block(801, 16)),
    holes=((43, 54),),
    rows=(
        #   address, encoding, scale, field, plausible from, to, pace
        Row(1, F32, 1, "voltage_l1_v", 0, 300),
        Row(3, F32, 1, "voltage_l2_v", 0, 300),
        Row(5, F32, 1, "voltage_l3_v", 0, 300),
        Row(13, F32, 1, "current_l1_a", 0, 100_000),
        Row(15, F32, 1, "current_l2_a", 0, 100_000),
        Row(17, F32, 1, "current_l3_a", 0, 100_000),
        Row(19, F32, 1, "apparent_power_l1_va", 0, 30_000_000),
        Row(21, F32, 1, "apparent_power_l2_va", 0, 30_000_000),
        Row(23, F32, 1, "apparent_power_l3_va", 0, 30_000_000),
        Row(25, F32, 1, "power_l1_w", -30_000_000, 30_000_000),
        Row(27, F32, 1, "power_l2_w", -30_000_000, 30_000_000),
        Row(29, F32, 1, "power_l3_w", -30_000_000, 30_000_000),
        Row(31, F32, 1, "reactive_power_l1_var", -30_000_000, 30_000_000),
        Row(33, F32, 1, "reactive_power_l2_var", -30_000_000, 30_000_000),
        Row(35, F32, 1, "reactive_power_l3_var", -30_000_000, 30_000_000),
        Row(37, F32, 1, "power_factor_l1", -1, 1),
        Row(39, F32, 1, "power_factor_l2", -1, 1),
        Row(41, F32, 1, "power_factor_l3", -1, 1),
        Row(55, F32, 1, "frequency_hz", 45, 65),
        Row(57, F32, 1, "voltage_v", 80, 300),
        Row(63, F32, 1, "apparent_power_va", 0, 90_000_000),
        Row(65, F32, 1, "power_w", -90_000_000, 90_000_000),
        Row(67, F32, 1, "reactive_power_var", -90_000_000, 90_000_000),
        Row(69, F32, 1, "power_factor", -1, 1),
        Row(801, F64, 0.001, "energy_import_kwh", 0, FULL, "slow"),
        Row(805, F64, 0.001, "energy_import_t2_kwh", 0, FULL, "slow"),
        Row(809, F64, 0.001, "energy_export_kwh", 0, FULL, "slow"),
        Row(813, F64, 0.001, "energy_export_t2_kwh", 0, FULL, "slow"),
        Row(817, F64, 0.001, "reactive_energy_import_kvarh", 0, FULL, "slow"),
        Row(825, F64, 0.001, "reactive_energy_export_kvarh", 0, FULL, "slow"),
    ),
    address_change="With the buttons of the meter, in its settings under communication; it comes with the address 126.",
    source="Siemens, SENTRON PAC2200 equipment manual L1V30415167B; volkszaehler/mbmd pac2200.go; MeterHub, Pac2200Driver",
)
