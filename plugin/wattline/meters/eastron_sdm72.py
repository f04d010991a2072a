"""Eastron SDM72D-M, the first of its name: three phases, direct, 100 A, total power and energy alone.

Sources: the maker's "SDM72D-M User Manual" V1.5, in nmakel/sdm_modbus and its pull request 6; a hundred registers of one,
read at once (yaacov/node-modbus-serial issue 509).

Where sources disagree:

- Total power: the hundred registers show the sum of the three lines with their signs (-377.6, -278.1 and 67.2 make
  -588.5 W); another owner's meter adds what it gives to what it takes (6432 and 20 make 6452 W, pull request 6; so does
  volkszaehler/mbmd pull request 120). So whether it is negative on export is not known.
- Longest read: 30 values for the maker, above that a refusal; a hundred registers were answered. The maker's word.

The same hundred registers hold the power of each line at 0x000C; the maker does not list it, so it is not read. Import
and export power (0x0500, 0x0502) and the resettable counters have no field. The SDM72DM-V2 measures more.
"""

from wattline.bus.settings import LineSettings
from wattline.meters import Block, Model
from wattline.registers import Encoding, Row

F32 = Encoding.F32

# The display's capacity, as a float can hold it.
FULL = 1_000_000

MODEL = Model(
    name="eastron-sdm72",
    title="Eastron SDM72D-M",
    settings=LineSettings(9600, "N", 1),
    function=4,
    documented=((0x0034, 0x004B), (0x0156, 0x0157), (0x0180, 0x0181), (0x0184, 0x0187)),
    # Within the hundred registers.
    blocks=(Block(0x0034, 24),),
    longest=60,
    rows=(
        #   address, encoding, scale, field, plausible from, to, pace
        Row(0x0034, F32, 1, "power_w", -112_500, 112_500),
        Row(0x0048, F32, 1, "energy_import_kwh", 0, FULL, "slow"),
        Row(0x004A, F32, 1, "energy_export_kwh", 0, FULL, "slow"),
        Row(0x0156, F32, 1, "energy_total_kwh", 0, FULL, "slow"),
    ),
    address_change="Hold the enter button for three seconds to come to the set-up menu, enter the password (1000 from the factory), choose the address, hold enter again and set it, 1 to 247.",
    source="Eastron, SDM72D-M User Manual V1.5 (in nmakel/sdm_modbus); yaacov/node-modbus-serial issue 509",
    sign="unknown",
    phases=3,
)
