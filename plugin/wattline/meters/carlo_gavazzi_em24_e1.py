"""Carlo Gavazzi EM24 with Ethernet (EM24DINAV23XE1, EM24DINAV53XE1; also sold by Victron): three phases.

Sources: Carlo Gavazzi, EM24_E1 Communication Protocol v0 rev 1.2; volkszaehler/mbmd
meters/rs485/carlogavazzi-em24_e1.go; nmakel/sdm_modbus carlogavazzi.py; victronenergy/dbus-modbus-client
carlo_gavazzi.py.

The map is that of the EM340 with two tariffs more, and not that of the EM24 with RS485. The meter speaks Modbus TCP
(port 502, factory address 192.168.1.10): the line settings matter only behind a converter. Its register 0xA000 must
hold 7 (application H), or half of the map is missing; set it at the meter. Firmware before 1.8.3 is not supported by
evcc.

Victron's reader takes 0x0000 to 0x004F in one read, whatever lies between.
"""

from wattline.bus.settings import LineSettings
from wattline.meters import Block, Identity, Model
from wattline.meters.carlo_gavazzi_em340 import FULL, I32
from wattline.meters.carlo_gavazzi_em340 import MODEL as EM340
from wattline.registers import Row

MODEL = Model(
    name="carlo-gavazzi-em24-e1",
    title="Carlo Gavazzi EM24 E1 (Ethernet)",
    settings=LineSettings(9600, "N", 1),
    function=4,
    blocks=(Block(0x0000, 80),),
    rows=(
        *EM340.rows,
        #   address, encoding, scale, field, plausible from, to, pace
        Row(0x004A, I32, 0.1, "energy_import_t3_kwh", 0, FULL, "slow"),
        Row(0x004C, I32, 0.1, "energy_import_t4_kwh", 0, FULL, "slow"),
    ),
    identity=Identity(0x000B, (1648, 1649, 1650, 1651, 1652, 1653)),
    sign="unknown",
    longest=80,
    absent={I32: 0x7FFF_FFFF},
    address_change="Set the network address at the meter with its joystick or with the maker's UCS program; the Modbus unit is 1.",
    source="Carlo Gavazzi, EM24_E1 Communication Protocol; nmakel/sdm_modbus; victronenergy/dbus-modbus-client",
)
