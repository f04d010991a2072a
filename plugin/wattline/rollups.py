"""The vocabulary of the rollups: every field of the buckets that InfluxDB fills from the readings, named once.

They are made by compose/influxdb/tasks/*.flux; measurement and tags are those of the readings. A point bears the instant
at which its minute, its quarter-hour or its day begins.
"""

from collections.abc import Iterator
from dataclasses import replace

from wattline.fields import ELECTRICITY_FIELDS, Field

MINUTES = "energy_1m"
QUARTER_HOURS = "energy_15m"
DAYS = "energy_1d"


def _of_readings() -> Iterator[Field]:
    """The mean, the lowest and the highest of each gauge, and the last of each counter."""
    for field in ELECTRICITY_FIELDS.values():
        if field.kind == "counter":
            yield replace(field, meaning=f"The last `{field.name}`.")
        else:
            yield replace(field, meaning=f"The mean of `{field.name}`.")
            for end, which in (("min", "lowest"), ("max", "highest")):
                meaning, part_of = f"The {which} `{field.name}`.", field.part_of and f"{field.part_of}_{end}"
                yield replace(field, name=f"{field.name}_{end}", meaning=meaning, part_of=part_of)


OWN_FIELDS: dict[Field, tuple[str, ...]] = {
    Field("readings", "", "gauge", 0, "How often the meter was read: 60 in a minute in which nothing was missed."): (
        MINUTES,
        QUARTER_HOURS,
        DAYS,
    ),
    Field(
        "consumption_counter_kwh",
        "kWh",
        "counter",
        3,
        "The counter of what is consumed: the import where the meter counts it, else the total, else the sum of its tariffs.",
    ): (MINUTES, QUARTER_HOURS, DAYS),
    Field("consumption_kwh", "kWh", "gauge", 3, "What was consumed: by how much that counter rose."): (
        QUARTER_HOURS,
        DAYS,
    ),
    Field("export_kwh", "kWh", "gauge", 3, "What was given to the grid: by how much `energy_export_kwh` rose."): (
        QUARTER_HOURS,
        DAYS,
    ),
    Field(
        "base_load_w",
        "W",
        "gauge",
        2,
        "The lowest mean power of a quarter-hour of the day, where its first four hours were read; of these alone where power was given to the grid that day.",
    ): (DAYS,),
}
"""What no meter says, and the buckets that have it."""

ROLLUP_FIELDS: dict[str, dict[str, Field]] = {
    bucket: {
        field.name: field
        for field in [*_of_readings(), *(own for own, buckets in OWN_FIELDS.items() if bucket in buckets)]
    }
    for bucket in (MINUTES, QUARTER_HOURS, DAYS)
}
"""Bucket to name to field."""
