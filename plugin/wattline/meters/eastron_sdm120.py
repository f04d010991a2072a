"""Eastron SDM120: one phase, direct, 45 A, counts both directions.

Sources: the maker's "SDM120 Modbus Protocol" (undated) and "SDM120M Modbus Protocol" V2.4 and V2.5, in
nmakel/sdm_modbus, which reads the 80 registers from 0x0000 and the four at 0x0156 with one request each; values of a
real one in its issue 27.

Where sources disagree:

- Serial settings: 2400 8N1 in V2.4 and V2.5, 9600 8N1 in the older document. The newer word first.
- Phase angle: in the older document alone; real meters show 0 there whatever the power factor. Left out.
- Silence: the older document wants 60 ms before a request to "1000 and 2000" meters, words of another product line. The
  SDM220 is known to be read every 34 ms. None is kept; wattline learns one where it is needed.

Up to 40 values, 80 registers, are read at once. A read begins and ends at a value. What it does not measure is zero.
The total is import plus export, unless register 0xF920 was set to import alone, or to import less export.
"""

from wattline.bus.settings import LineSettings
from wattline.meters import Block, Identity, Model
from wattline.registers import Encoding, Row

F32 = Encoding.F32

# The display's capacity, as a float can hold it.
FULL = 1_000_000

MODEL = Model(
    name="eastron-sdm120",
    title="Eastron SDM120",
    settings=LineSettings(2400, "N", 1),
    alternatives=(LineSettings(9600, "N", 1),),
    function=4,
    documented=((0x0000, 0x004F), (0x0054, 0x005F), (0x0156, 0x0159)),
    # Parts of nmakel's reads: the 38 registers that say nothing would take longer than a second request.
    blocks=(Block(0x0000, 32), Block(0x0046, 10), Block(0x0156, 4)),
    longest=80,
    rows=(
        #   address, encoding, scale, field, plausible from, to, pace
        Row(0x0000, F32, 1, "voltage_v", 80, 300),
        Row(0x0006, F32, 1, "current_a", 0, 60),
        Row(0x000C, F32, 1, "power_w", -18_000, 18_000),
        Row(0x0012, F32, 1, "apparent_power_va", -18_000, 18_000),
        Row(0x0018, F32, 1, "reactive_power_var", -18_000, 18_000),
        Row(0x001E, F32, 1, "power_factor", -1, 1),
        Row(0x0046, F32, 1, "frequency_hz", 45, 65),
        Row(0x0048, F32, 1, "energy_import_kwh", 0, FULL, "slow"),
        Row(0x004A, F32, 1, "energy_export_kwh", 0, FULL, "slow"),
        Row(0x004C, F32, 1, "reactive_energy_import_kvarh", 0, FULL, "slow"),
        Row(0x004E, F32, 1, "reactive_energy_export_kvarh", 0, FULL, "slow"),
        Row(0x0156, F32, 1, "energy_total_kwh", 0, FULL, "slow"),
        Row(0x0158, F32, 1, "reactive_energy_total_kvarh", 0, FULL, "slow"),
    ),
    # The maker's "meter code".
    identity=Identity(0xFC02, (0x0020,), function=3),
    address_change="Hold the button for three seconds until the display says -SET-; there is no menu for it. Then, with no other meter on the bus, `mbpoll -m rtu -a 1 -b 2400 -P none -t 4:float -B -0 -r 20 /dev/ttyUSB0 2` makes address 1 (-a) address 2: a float in holding register 0x0014, written with function 16.",
    source="Eastron, SDM120M Modbus Protocol V2.5 and SDM120 Modbus Protocol; nmakel/sdm_modbus and its issue 27",
)
