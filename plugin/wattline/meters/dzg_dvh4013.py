"""DZG Metering DVH4013: three phases, both directions.

Sources: DZG, Communication Protocol DVH4013; volkszaehler/mbmd meters/rs485/dzg.go and README; the manuals of 2014 and
2020. Its address comes from the serial number: the last two digits plus one, read as hexadecimal (..23 is 0x24, 36).

The meter has two registers of power that are never negative: what is taken (0x0000) and what is given (0x0002). The
first is the power here; while the house gives, it is zero. 0x0014 and 0x0016 are documented and answer exception 2
(mbmd): never read.

Where sources disagree: the manual of 2014 says 8N1, that of 2020 and mbmd 8E1; so 8E1.

Nobody reads more than one value at a time, so there are no blocks.
"""

from wattline.bus.settings import LineSettings
from wattline.meters import Model
from wattline.registers import Encoding, Row

U32 = Encoding.U32

FULL = 999_999.999

MODEL = Model(
    name="dzg-dvh4013",
    title="DZG DVH4013",
    settings=LineSettings(9600, "E", 1),
    alternatives=(LineSettings(9600, "N", 1),),
    function=3,
    rows=(
        #   address, encoding, scale, field, plausible from, to, pace
        Row(0x0000, U32, 0.1, "power_w", 0, 112_500),
        Row(0x0004, U32, 0.01, "voltage_l1_v", 0, 300),
        Row(0x0006, U32, 0.01, "voltage_l2_v", 0, 300),
        Row(0x0008, U32, 0.01, "voltage_l3_v", 0, 300),
        Row(0x000A, U32, 0.001, "current_l1_a", 0, 125),
        Row(0x000C, U32, 0.001, "current_l2_a", 0, 125),
        Row(0x000E, U32, 0.001, "current_l3_a", 0, 125),
        Row(0x0010, U32, 0.001, "power_factor", 0, 1),
        Row(0x0012, U32, 0.001, "frequency_hz", 45, 65),
        Row(0x4000, U32, 0.001, "energy_import_kwh", 0, FULL, "slow"),
        Row(0x4020, U32, 0.001, "energy_import_l1_kwh", 0, FULL, "slow"),
        Row(0x4040, U32, 0.001, "energy_import_l2_kwh", 0, FULL, "slow"),
        Row(0x4060, U32, 0.001, "energy_import_l3_kwh", 0, FULL, "slow"),
        Row(0x4100, U32, 0.001, "energy_export_kwh", 0, FULL, "slow"),
        Row(0x4120, U32, 0.001, "energy_export_l1_kwh", 0, FULL, "slow"),
        Row(0x4140, U32, 0.001, "energy_export_l2_kwh", 0, FULL, "slow"),
        Row(0x4160, U32, 0.001, "energy_export_l3_kwh", 0, FULL, "slow"),
    ),
    holes=((0x0014, 0x0017),),
    address_change="Its address follows from the serial number: the last two digits plus one, read as hexadecimal (..23 gives 0x24, which is 36). Ask DZG Metering for their tool if two meters share it.",
    source="DZG, Communication Protocol DVH4013; volkszaehler/mbmd",
    sign="unsigned",
)
