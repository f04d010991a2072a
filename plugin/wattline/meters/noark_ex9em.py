"""Noark Ex9EM (1P 1M 80A): one phase, direct, 80 A, four tariffs; a relative of the OR-WE-504.

Sources: the maker's register map, ex9em-1p-1m-80a-mo-mt-register-map.pdf, in groupsky/ya-modbus; groupsky/homy,
ex9em.js, which reads two of them (9600 8E1) in production, 44 registers at once.

Where sources disagree:

- Counters: the maker gives five numbers from 0x0007 (active: total and four tariffs) and five from 0x0011 (reactive),
  and prints a reply in which the second number, of tariff 1, is that of the total. homy and ya-modbus take the second
  number for the reactive total. The maker's word holds here.
- Frequency (0x0002) and power factor (0x0006) are not in the maker's map; homy reads them from real meters.

It counts no export: every register is unsigned.
"""

from wattline.bus.settings import LineSettings
from wattline.meters import Block, Model
from wattline.registers import Encoding, Row

U16, U32 = Encoding.U16, Encoding.U32

# The greatest reading of a counter of eight digits with two decimals.
FULL = 999_999.99

MODEL = Model(
    name="noark-ex9em",
    title="Noark Ex9EM",
    settings=LineSettings(9600, "E", 1),
    alternatives=(LineSettings(9600, "N", 1),),
    function=3,
    documented=((0x0000, 0x001A), (0x002A, 0x002B)),
    # The one read of homy.
    blocks=(Block(0x0000, 44),),
    longest=44,
    rows=(
        #   address, encoding, scale, field, plausible from, to, pace
        Row(0x0000, U16, 0.1, "voltage_v", 80, 300),
        Row(0x0001, U16, 0.1, "current_a", 0, 100),
        Row(0x0002, U16, 0.1, "frequency_hz", 45, 65),
        Row(0x0003, U16, 1, "power_w", 0, 30_000),
        Row(0x0004, U16, 1, "reactive_power_var", 0, 30_000),
        Row(0x0005, U16, 1, "apparent_power_va", 0, 30_000),
        Row(0x0006, U16, 0.001, "power_factor", 0, 1),
        Row(0x0007, U32, 0.01, "energy_total_kwh", 0, FULL, "slow"),
        Row(0x0009, U32, 0.01, "energy_total_t1_kwh", 0, FULL, "slow"),
        Row(0x000B, U32, 0.01, "energy_total_t2_kwh", 0, FULL, "slow"),
        Row(0x000D, U32, 0.01, "energy_total_t3_kwh", 0, FULL, "slow"),
        Row(0x000F, U32, 0.01, "energy_total_t4_kwh", 0, FULL, "slow"),
        Row(0x0011, U32, 0.01, "reactive_energy_total_kvarh", 0, FULL, "slow"),
        Row(0x0013, U32, 0.01, "reactive_energy_total_t1_kvarh", 0, FULL, "slow"),
        Row(0x0015, U32, 0.01, "reactive_energy_total_t2_kvarh", 0, FULL, "slow"),
        Row(0x0017, U32, 0.01, "reactive_energy_total_t3_kvarh", 0, FULL, "slow"),
        Row(0x0019, U32, 0.01, "reactive_energy_total_t4_kvarh", 0, FULL, "slow"),
    ),
    address_change="Send the meter its password (function 0x28 to 0xFE01, 00000000 from the factory) and within ten seconds write the new address (1 to 247) to register 0x002B; it answers from the new one.",
    source="Noark, Ex9EM register map (in groupsky/ya-modbus, packages/driver-ex9em/docs); groupsky/homy",
    sign="unsigned",
)
