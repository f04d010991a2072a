"""DDM18SD: one phase, sold under many names; the DDSR9588 has the same map.

Sources: the maker's register list as kept in e-tinkers/Modbus-RTU examples/DDM18SD, with one reply; volkszaehler/mbmd
meters/rs485/ddm18sd.go; reaper7/SDM_Energy_Meter; the Tasmota script of an owner.

Where sources disagree:

- Power: the maker's list says kW, beside var for the reactive power. mbmd, Tasmota and ESPHome owners read W without a
  factor, and evcc controls by it; so W.
- Energy at 0x0100: a total in mbmd, import in reaper7. The list says total.

Nobody reads more than one value at a time, so there are no blocks.
"""

from wattline.bus.settings import LineSettings
from wattline.meters import Model
from wattline.registers import Encoding, Row

F32 = Encoding.F32

# The float of 32 bits that is nearest to 999 999.99, the greatest reading of the display.
FULL = 1_000_000

MODEL = Model(
    name="ddm18sd",
    title="DDM18SD, of various makers",
    settings=LineSettings(9600, "E", 1),
    function=4,
    rows=(
        #   address, encoding, scale, field, plausible from, to, pace
        Row(0x0000, F32, 1, "voltage_v", 80, 300),
        Row(0x0008, F32, 1, "current_a", 0, 125),
        Row(0x0012, F32, 1, "power_w", -37_500, 37_500),
        Row(0x001A, F32, 1, "reactive_power_var", -37_500, 37_500),
        Row(0x002A, F32, 1, "power_factor", -1, 1),
        Row(0x0036, F32, 1, "frequency_hz", 45, 65),
        Row(0x0100, F32, 1, "energy_total_kwh", 0, FULL, "slow"),
        Row(0x0400, F32, 1, "reactive_energy_total_kvarh", 0, FULL, "slow"),
    ),
    address_change="Write the new address as a float to holding registers 0x0008 and 0x0009 (function 16) with mbpoll -t 4:float -B, with no other meter on the bus.",
    source="The maker's register list in e-tinkers/Modbus-RTU; volkszaehler/mbmd; reaper7/SDM_Energy_Meter; Tasmota",
    sign="unknown",
)
