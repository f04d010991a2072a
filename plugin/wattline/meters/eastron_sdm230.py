"""Eastron SDM230: one phase, direct, 100 A, counts both directions.

Sources: the maker's "SDM230 Modbus Protocol" and "SDM230-2T Modbus Protocol" V1.1, in nmakel/sdm_modbus, which reads the
80 registers from 0x0000 and the four at 0x0156 with one request each; volkszaehler/mbmd, sdm230.go.

Where sources disagree:

- Serial settings: 9600 8N1 for the maker; nmakel opens it at 2400 8N1.
- Longest read: 40 values for the SDM230, 30 for the SDM230-2T. The smaller fits both.
- Silence: the older document wants 60 ms before a request to "1000 and 2000" meters, words of another product line. None
  is kept; wattline learns one where it is needed.

The total is import plus export, unless register 0xF920 was set to import alone, or to import less export. The tariffs
of the SDM230-2T (0x130C to 0x1337) are not read.
"""

from wattline.bus.settings import LineSettings
from wattline.meters import Block, Model
from wattline.registers import Encoding, Row

F32 = Encoding.F32

# The display's capacity, as a float can hold it.
FULL = 1_000_000

MODEL = Model(
    name="eastron-sdm230",
    title="Eastron SDM230",
    settings=LineSettings(9600, "N", 1),
    alternatives=(LineSettings(2400, "N", 1),),
    function=4,
    documented=((0x0000, 0x004F), (0x0054, 0x005F), (0x0156, 0x0159)),
    # Parts of nmakel's reads.
    blocks=(Block(0x0000, 38), Block(0x0046, 10), Block(0x0156, 4)),
    longest=60,
    rows=(
        #   address, encoding, scale, field, plausible from, to, pace
        Row(0x0000, F32, 1, "voltage_v", 80, 300),
        Row(0x0006, F32, 1, "current_a", 0, 125),
        Row(0x000C, F32, 1, "power_w", -37_500, 37_500),
        Row(0x0012, F32, 1, "apparent_power_va", -37_500, 37_500),
        Row(0x0018, F32, 1, "reactive_power_var", -37_500, 37_500),
        Row(0x001E, F32, 1, "power_factor", -1, 1),
        Row(0x0024, F32, 1, "phase_angle_degrees", -360, 360),
        Row(0x0046, F32, 1, "frequency_hz", 45, 65),
        Row(0x0048, F32, 1, "energy_import_kwh", 0, FULL, "slow"),
        Row(0x004A, F32, 1, "energy_export_kwh", 0, FULL, "slow"),
        Row(0x004C, F32, 1, "reactive_energy_import_kvarh", 0, FULL, "slow"),
        Row(0x004E, F32, 1, "reactive_energy_export_kvarh", 0, FULL, "slow"),
        Row(0x0156, F32, 1, "energy_total_kwh", 0, FULL, "slow"),
        Row(0x0158, F32, 1, "reactive_energy_total_kvarh", 0, FULL, "slow"),
    ),
    address_change="Hold the button on the front for three seconds to come to the set-up menu, enter the password (1000 from the factory), choose the address and set it, 1 to 247.",
    source="Eastron, SDM230 Modbus Protocol and SDM230-2T Modbus Protocol V1.1 (in nmakel/sdm_modbus); volkszaehler/mbmd",
)
