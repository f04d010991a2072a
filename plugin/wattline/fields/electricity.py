"""What meters measure."""

from wattline.fields.field import Field, by_name, counters, gauges

ELECTRICITY_FIELDS = by_name(
    *gauges("voltage_v", "V", 3, "Voltage against neutral, root mean square; with three lines their average."),
    *gauges(
        "current_a",
        "A",
        4,
        "Current, root mean square; a few meters give it the sign of the power. With three lines their sum.",
    ),
    *gauges("power_w", "W", 2, "Active power; positive is taken from the grid, negative is given to it."),
    *gauges("reactive_power_var", "var", 2, "Reactive power, signed as the meter gives it."),
    *gauges("apparent_power_va", "VA", 2, "Apparent power."),
    *gauges("power_factor", "", 4, "Active over apparent power, -1 to 1."),
    *gauges("phase_angle_degrees", "°", 2, "Angle between voltage and current, -360 to 360."),
    Field("frequency_hz", "Hz", "gauge", 3, "Frequency of the mains."),
    *gauges(
        "voltage_distortion_percent",
        "%",
        2,
        "Harmonic distortion (THD) of the voltage; with three lines their average.",
    ),
    *gauges(
        "current_distortion_percent",
        "%",
        2,
        "Harmonic distortion (THD) of the current; with three lines their average.",
    ),
    *counters(
        "energy_total_kwh",
        "kWh",
        "What the meter's single counter of active energy counts, or the sum of both directions.",
    ),
    *counters("energy_import_kwh", "kWh", "Active energy taken from the grid."),
    *counters("energy_export_kwh", "kWh", "Active energy given to the grid."),
    *counters(
        "reactive_energy_total_kvarh",
        "kvarh",
        "What the meter's single counter of reactive energy counts, or the sum of both directions.",
    ),
    *counters("reactive_energy_import_kvarh", "kvarh", "Reactive energy while taking it, inductive."),
    *counters("reactive_energy_export_kvarh", "kvarh", "Reactive energy while giving it, capacitive."),
)
