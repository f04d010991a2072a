"""ORNO OR-WE-526: one phase, direct, 100 A, four tariffs, counts both directions.

Sources: groupsky/homy, or-we-526.js, after the maker's OR-WE-526_rejestry.pdf, which reads one in production (12
registers at 0x0100, 60 at 0x010E); volkszaehler/mbmd, orno1p525.go and ws100.go; evcc.

Where sources disagree:

- Function: 04 for mbmd, 03 for homy, ivanovp and TapHome; it seems to answer both. 03, as in production.
- The voltage counts in 0.001 V; mbmd's probe divides by 100 and so never finds the meter.
- Sign: homy takes all 32-bit numbers as signed, mbmd those of the WS100's voltage, apparent power and energies as
  unsigned. Signed is right for every power that both can show; counters never fall below zero.
- The current is signed for both, and is negative while energy is given to the grid.

Registers 0x010C and 0x010D are not documented; the four quadrants of reactive energy (0x014A to 0x0171), the
resettable counters and the demands behind them have no field.
"""

from wattline.bus.settings import LineSettings
from wattline.meters import Block, Model
from wattline.registers import Encoding, Row

I16, U16, I32, U32 = Encoding.I16, Encoding.U16, Encoding.I32, Encoding.U32

# The greatest reading of a counter of eight digits with two decimals.
FULL = 999_999.99

MODEL = Model(
    name="orno-we526",
    title="ORNO OR-WE-526",
    settings=LineSettings(9600, "N", 1),
    function=3,
    documented=((0x0100, 0x010B), (0x010E, 0x0175), (0x1000, 0x101B)),
    # The two reads of homy.
    blocks=(Block(0x0100, 12), Block(0x010E, 60)),
    # Its longest, of the time tables.
    longest=96,
    rows=(
        #   address, encoding, scale, field, plausible from, to, pace
        Row(0x0100, I32, 0.001, "voltage_v", 80, 300),
        Row(0x0102, I32, 0.001, "current_a", -125, 125),
        Row(0x0104, I32, 1, "power_w", -37_500, 37_500),
        Row(0x0106, I32, 1, "apparent_power_va", -37_500, 37_500),
        Row(0x0108, I32, 1, "reactive_power_var", -37_500, 37_500),
        Row(0x010A, U16, 0.1, "frequency_hz", 45, 65),
        Row(0x010B, I16, 0.001, "power_factor", -1, 1),
        Row(0x010E, U32, 0.01, "energy_import_kwh", 0, FULL, "slow"),
        Row(0x0110, U32, 0.01, "energy_import_t1_kwh", 0, FULL, "slow"),
        Row(0x0112, U32, 0.01, "energy_import_t2_kwh", 0, FULL, "slow"),
        Row(0x0114, U32, 0.01, "energy_import_t3_kwh", 0, FULL, "slow"),
        Row(0x0116, U32, 0.01, "energy_import_t4_kwh", 0, FULL, "slow"),
        Row(0x0118, U32, 0.01, "energy_export_kwh", 0, FULL, "slow"),
        Row(0x011A, U32, 0.01, "energy_export_t1_kwh", 0, FULL, "slow"),
        Row(0x011C, U32, 0.01, "energy_export_t2_kwh", 0, FULL, "slow"),
        Row(0x011E, U32, 0.01, "energy_export_t3_kwh", 0, FULL, "slow"),
        Row(0x0120, U32, 0.01, "energy_export_t4_kwh", 0, FULL, "slow"),
        Row(0x0122, U32, 0.01, "energy_total_kwh", 0, FULL, "slow"),
        Row(0x0124, U32, 0.01, "energy_total_t1_kwh", 0, FULL, "slow"),
        Row(0x0126, U32, 0.01, "energy_total_t2_kwh", 0, FULL, "slow"),
        Row(0x0128, U32, 0.01, "energy_total_t3_kwh", 0, FULL, "slow"),
        Row(0x012A, U32, 0.01, "energy_total_t4_kwh", 0, FULL, "slow"),
        Row(0x012C, U32, 0.01, "reactive_energy_import_kvarh", 0, FULL, "slow"),
        Row(0x012E, U32, 0.01, "reactive_energy_import_t1_kvarh", 0, FULL, "slow"),
        Row(0x0130, U32, 0.01, "reactive_energy_import_t2_kvarh", 0, FULL, "slow"),
        Row(0x0132, U32, 0.01, "reactive_energy_import_t3_kvarh", 0, FULL, "slow"),
        Row(0x0134, U32, 0.01, "reactive_energy_import_t4_kvarh", 0, FULL, "slow"),
        Row(0x0136, U32, 0.01, "reactive_energy_export_kvarh", 0, FULL, "slow"),
        Row(0x0138, U32, 0.01, "reactive_energy_export_t1_kvarh", 0, FULL, "slow"),
        Row(0x013A, U32, 0.01, "reactive_energy_export_t2_kvarh", 0, FULL, "slow"),
        Row(0x013C, U32, 0.01, "reactive_energy_export_t3_kvarh", 0, FULL, "slow"),
        Row(0x013E, U32, 0.01, "reactive_energy_export_t4_kvarh", 0, FULL, "slow"),
        Row(0x0140, U32, 0.01, "reactive_energy_total_kvarh", 0, FULL, "slow"),
        Row(0x0142, U32, 0.01, "reactive_energy_total_t1_kvarh", 0, FULL, "slow"),
        Row(0x0144, U32, 0.01, "reactive_energy_total_t2_kvarh", 0, FULL, "slow"),
        Row(0x0146, U32, 0.01, "reactive_energy_total_t3_kvarh", 0, FULL, "slow"),
        Row(0x0148, U32, 0.01, "reactive_energy_total_t4_kvarh", 0, FULL, "slow"),
    ),
    address_change="Write the new address (1 to 247) to register 0x1003 with ORNO's Windows program or mbpoll, with no other meter at either address on the bus; switch the meter off and on.",
    source="ORNO, OR-WE-526 rejestry; groupsky/homy; volkszaehler/mbmd",
)
