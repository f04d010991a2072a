"""ORNO OR-WE-515: one phase, direct, 100 A, four tariffs.

Sources: the maker's "Register description OR-WE-514&OR-WE-515" ("the PDF"), and nine frames recorded from an
OR-WE-514 at address 1 (volkszaehler/mbmd issue 155), which prove addresses, widths and scales of nine rows.

Where sources disagree:

- Serial settings: the PDF says 8N1; everyone who owns one says 8E1, so 8E1.
- Sign: the PDF says LONG for power (signed) and INT for the power factor; most readers take them unsigned. Signed is
  right for every value that both can show. Whether the meter shows export as negative is not publicly known.
- Address: groupsky/homy writes register 0x0110 with function 16. A script of F. Scaramuzza (2022) for the OR-WE-514
  asks for an unlock by function 0x28 before that, and says that the meter refuses function 6.
- Energy: 0.01 kWh in 32 bits. A reader that takes the low register only wraps at 655.36 kWh.

Every length of a block stays on registers that the PDF lists, those of phases 2 and 3 included. Nobody has published
whether the meter answers the longer ones, so they are tried before they are used. The registers 0x0134 to 0x0138 and
0x013F are not documented and 0xA00A to 0xA01D reserved; nobody reports harm from reading them, so wider reads over them
are tried as well, unless `--proven` is given.
"""

from wattline.bus.settings import LineSettings
from wattline.meters import Block, Identity, Model
from wattline.registers import Encoding, Row

I16, U16, I32, U32 = Encoding.I16, Encoding.U16, Encoding.I32, Encoding.U32

# The greatest reading of a counter of eight digits with two decimals.
FULL = 999_999.99

MODEL = Model(
    name="orno-we515",
    title="ORNO OR-WE-515",
    settings=LineSettings(9600, "E", 1),
    function=3,
    documented=(
        (0x000B, 0x000B),
        (0x0130, 0x0133),
        (0x0139, 0x013E),
        (0x0140, 0x015B),
        (0xA000, 0xA009),
        (0xA01E, 0xA027),
    ),
    blocks=(
        Block(0x0130, 2, lengths=(2, 4, 3)),
        Block(0x0139, 2, lengths=(3, 6, 5, 2)),
        Block(0x0140, 2, lengths=(4, 7, 14, 2)),
        Block(0x0148, 2, lengths=(5, 8, 13, 2)),
        Block(0x0150, 2, lengths=(6, 9, 12, 2)),
        Block(0x0158, 1, lengths=(1, 3, 4)),
        Block(0xA000, 10),
        Block(0xA01E, 10),
    ),
    rows=(
        #   address, encoding, scale, field, plausible from, to, pace
        Row(0x0130, U16, 0.01, "frequency_hz", 45, 65),
        Row(0x0131, U16, 0.01, "voltage_v", 80, 300),
        Row(0x0139, U32, 0.001, "current_a", 0, 125),
        Row(0x0140, I32, 1, "power_w", -37_500, 37_500),
        Row(0x0148, I32, 1, "reactive_power_var", -37_500, 37_500),
        Row(0x0150, I32, 1, "apparent_power_va", -37_500, 37_500),
        Row(0x0158, I16, 0.001, "power_factor", -1, 1),
        Row(0xA000, U32, 0.01, "energy_total_kwh", 0, FULL, "slow"),
        Row(0xA002, U32, 0.01, "energy_total_t1_kwh", 0, FULL, "slow"),
        Row(0xA004, U32, 0.01, "energy_total_t2_kwh", 0, FULL, "slow"),
        Row(0xA006, U32, 0.01, "energy_total_t3_kwh", 0, FULL, "slow"),
        Row(0xA008, U32, 0.01, "energy_total_t4_kwh", 0, FULL, "slow"),
        Row(0xA01E, U32, 0.01, "reactive_energy_total_kvarh", 0, FULL, "slow"),
        Row(0xA020, U32, 0.01, "reactive_energy_total_t1_kvarh", 0, FULL, "slow"),
        Row(0xA022, U32, 0.01, "reactive_energy_total_t2_kvarh", 0, FULL, "slow"),
        Row(0xA024, U32, 0.01, "reactive_energy_total_t3_kvarh", 0, FULL, "slow"),
        Row(0xA026, U32, 0.01, "reactive_energy_total_t4_kvarh", 0, FULL, "slow"),
    ),
    identity=Identity(0x000B, (0x00A2,)),
    address_change="With no other meter on the bus: by ORNO's Windows program, which is for ORNO or the seller to give, since we know of no place where it is published; or, which nobody has reported yet, `mbpoll -m rtu -a 1 -b 9600 -P even -W -0 -r 272 /dev/ttyUSB0 2` makes address 1 (-a) address 2 in register 0x0110. By -W, which mbpoll has from 1.5 on, it writes with function 16, since an OR-WE-514 was seen refusing function 6. A meter that refuses this, too, takes it from ORNO's program alone. The new address holds once the meter was switched off and on.",
    source="ORNO, Register description OR-WE-514&OR-WE-515; recorded frames in volkszaehler/mbmd issue 155",
    sign="unknown",
    alternatives=(LineSettings(9600, "N", 1),),
    verified=True,
)
