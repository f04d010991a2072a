"""Saia-Burgess (SBC) ALE3: three phases, direct, 65 A, two tariffs.

Sources: SBC's data sheet 26-527 "ALE3 with integrated Serial Modbus interface", which numbers its registers from 1
(the addresses here are one less), FAQ 101406, and mbmd's sbc.go.

Where sources disagree:

- Power, reactive power and power factor: mbmd takes them unsigned, the FAQ says that they go below zero while energy is
  given. Signed is right for every value that the meter can show.
- Power: mbmd's hundredths are kW; in W the steps are 10.
- Energy: mbmd and evcc call the registers 28 and 32 import and export; the data sheet calls them the totals of tariff 1
  and tariff 2. In the kind that counts both directions (ALE3B5...) tariff 2 is what was given to the grid.

It renews its values every 10 s, so nothing is read oftener than that. It takes 1200 to 115200 baud as 8E1, 8O1 or 8N2
and finds out by itself; it answers only while phase 1 is connected, 30 s after it was switched on.
"""

from wattline.bus.settings import LineSettings
from wattline.meters import Block, Identity, Model
from wattline.registers import Encoding, Row

U16, I16, U32 = Encoding.U16, Encoding.I16, Encoding.U32

FULL = 999_999.99

MODEL = Model(
    name="sbc-ale3",
    title="SBC Saia-Burgess ALE3",
    settings=LineSettings(9600, "E", 1),
    alternatives=(LineSettings(9600, "O", 1), LineSettings(9600, "N", 2)),
    function=3,
    # The data sheet: up to 20 registers at a time; all of these are documented.
    longest=20,
    blocks=(Block(27, 8), Block(35, 17)),
    rows=(
        #   address, encoding, scale, field, plausible from, to, pace
        Row(27, U32, 0.01, "energy_total_t1_kwh", 0, FULL, "slow"),
        Row(31, U32, 0.01, "energy_total_t2_kwh", 0, FULL, "slow"),
        Row(35, U16, 1, "voltage_l1_v", 0, 300, "slow"),
        Row(36, U16, 0.1, "current_l1_a", 0, 80, "slow"),
        Row(37, I16, 10, "power_l1_w", -24_000, 24_000, "slow"),
        Row(38, I16, 10, "reactive_power_l1_var", -24_000, 24_000, "slow"),
        Row(39, I16, 0.01, "power_factor_l1", -1, 1, "slow"),
        Row(40, U16, 1, "voltage_l2_v", 0, 300, "slow"),
        Row(41, U16, 0.1, "current_l2_a", 0, 80, "slow"),
        Row(42, I16, 10, "power_l2_w", -24_000, 24_000, "slow"),
        Row(43, I16, 10, "reactive_power_l2_var", -24_000, 24_000, "slow"),
        Row(44, I16, 0.01, "power_factor_l2", -1, 1, "slow"),
        Row(45, U16, 1, "voltage_l3_v", 0, 300, "slow"),
        Row(46, U16, 0.1, "current_l3_a", 0, 80, "slow"),
        Row(47, I16, 10, "power_l3_w", -24_000, 24_000, "slow"),
        Row(48, I16, 10, "reactive_power_l3_var", -24_000, 24_000, "slow"),
        Row(49, I16, 0.01, "power_factor_l3", -1, 1, "slow"),
        Row(50, I16, 10, "power_w", -72_000, 72_000, "slow"),
        Row(51, I16, 10, "reactive_power_var", -72_000, 72_000, "slow"),
    ),
    # The second pair of letters of its order number ALE3D5FD10..., "E3".
    identity=Identity(7, (0x4533,)),
    address_change="With the key below the display, as the data sheet shows under the change of the Modbus address.",
    source="SBC, data sheet 26-527 and FAQ 101406; volkszaehler/mbmd sbc.go",
)
