"""ORNO OR-WE-504: one phase, direct, 100 A, one module wide; a map of its own, nothing like its sisters'.

Sources: groupsky/homy, or-we-504.js, after the maker's OR-WE-504_rejestry.pdf; volkszaehler/mbmd, orno1p504.go; a
firmware of ivanovp, who reads all sixteen registers at once and found that the meter needs 12 ms between two reads.

Where sources disagree:

- Serial settings: the maker's table says 8N1, and so does one owner of two (mbmd issue 273); mbmd, ESPHome and
  ivanovp met it at 8E1. So 8E1, and 8N1 is to be tried.
- Word order of the counters: the maker calls them big-endian and "swapped long" in one line, and its only example has
  a high word of zero. High word first, as all readers take it.
- The voltage is one register of 0.1 V; mbmd's probe reads two and so never finds the meter.

It counts no export: every register is unsigned. Now and then a reply says 0 V and 0 Hz (homy).
"""

from wattline.bus.settings import LineSettings
from wattline.meters import Block, Model
from wattline.registers import Encoding, Row

U16, U32 = Encoding.U16, Encoding.U32

# The greatest reading of a counter of nine digits with three decimals.
FULL = 999_999.999

MODEL = Model(
    name="orno-we504",
    title="ORNO OR-WE-504",
    settings=LineSettings(9600, "E", 1),
    alternatives=(LineSettings(9600, "N", 1),),
    function=3,
    documented=((0x0000, 0x000A), (0x000E, 0x0011)),
    # Within the sixteen registers that ivanovp reads at once.
    blocks=(Block(0x0000, 11),),
    longest=16,
    pause_ms=12,
    rows=(
        #   address, encoding, scale, field, plausible from, to, pace
        Row(0x0000, U16, 0.1, "voltage_v", 80, 300),
        Row(0x0001, U16, 0.1, "current_a", 0, 125),
        Row(0x0002, U16, 0.1, "frequency_hz", 45, 65),
        Row(0x0003, U16, 1, "power_w", 0, 37_500),
        Row(0x0004, U16, 1, "reactive_power_var", 0, 37_500),
        Row(0x0005, U16, 1, "apparent_power_va", 0, 37_500),
        Row(0x0006, U16, 0.001, "power_factor", 0, 1),
        Row(0x0007, U32, 0.001, "energy_total_kwh", 0, FULL, "slow"),
        Row(0x0009, U32, 0.001, "reactive_energy_total_kvarh", 0, FULL, "slow"),
    ),
    address_change="Unlock the meter with its password (function 0x28 to 0xFE01, valid for ten seconds), then write the new address (1 to 247) to register 0x000F; ORNO's Windows program does both. The meter confirms from its new address.",
    source="ORNO, OR-WE-504 rejestry; groupsky/homy; volkszaehler/mbmd; ivanovp",
    sign="unsigned",
)
