"""Peacefair PZEM-016: one phase, 100 A through its split core, RS485, no display.

Sources: the maker's "PZEM-014/016 AC communication module" manual, and replies recorded from a PZEM-016 and from
PZEM-004T v3 modules (arendst/Tasmota issues 6050, 9687 and 11817), whose ten registers prove every row.

Where sources disagree:

- Energy: the manual and all readers but one say 1 Wh; a template of wb-mqtt-serial says 0.1 Wh.

It measures without a direction: power and energy grow whichever way the current flows. So the counter is a total, not
an import.
"""

from wattline.bus.settings import LineSettings
from wattline.meters import Block, Model
from wattline.registers import Encoding, Row

U16, U32 = Encoding.U16, Encoding.U32_LOW_FIRST

MODEL = Model(
    name="peacefair-pzem016",
    title="Peacefair PZEM-016",
    settings=LineSettings(9600, "N", 1),
    function=4,
    # All ten in one read are recorded, and how every reader of these modules asks; the tenth is its alarm.
    blocks=(Block(0x0000, 5, room=10), Block(0x0005, 2, room=5), Block(0x0007, 2, room=3)),
    rows=(
        #   address, encoding, scale, field, plausible from, to, pace
        Row(0x0000, U16, 0.1, "voltage_v", 80, 300),
        Row(0x0001, U32, 0.001, "current_a", 0, 125),
        Row(0x0003, U32, 0.1, "power_w", 0, 30_000),
        Row(0x0005, U32, 0.001, "energy_total_kwh", 0, 9_999.999, "slow"),
        Row(0x0007, U16, 0.1, "frequency_hz", 45, 65),
        Row(0x0008, U16, 0.01, "power_factor", 0, 1),
    ),
    address_change="Write the new address (1 to 247) to register 0x0002 with function 06, for example with mbpoll, with no other module on the bus; it has neither buttons nor a display.",
    source="Peacefair, PZEM-014/016 user manual; recorded replies in arendst/Tasmota issues 6050, 9687 and 11817",
    sign="unsigned",
    verified=True,
)
