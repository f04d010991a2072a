"""The closed vocabulary: every measurement, tag and field that wattline may write, named once.

A meter table may use these words and no others. The unit is in the name; a name without one is a ratio or a count.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

Kind = Literal["gauge", "counter"]

ELECTRICITY = "electricity"
METER_HEALTH = "wattline_meter"
BUS_HEALTH = "wattline_bus"
BACKUP = "wattline_backup"

ROLES = ("grid", "solar", "battery", "load")
"""What a meter measures; the value of the tag ``role``."""


@dataclass(frozen=True, slots=True)
class Field:
    """One word of the vocabulary.

    Attributes:
        name: as written in line protocol.
        unit: for people; empty for a ratio or a count.
        kind: "gauge" moves both ways, "counter" only grows.
        decimals: the most that a meter shows of it; people are shown no more.
        meaning: one sentence.
        part_of: the field of which this is the part of one line or one tariff; empty when it is the whole.
    """

    name: str
    unit: str
    kind: Kind
    decimals: int
    meaning: str
    part_of: str = ""


def _by_name(*fields: Field) -> dict[str, Field]:
    return {field.name: field for field in fields}


LINES = {part: f"of line {n}" for n, part in enumerate(("l1", "l2", "l3"), 1)}
TARIFFS = {f"t{n}": f"that the meter counted in its tariff {n}" for n in (1, 2, 3, 4)}
_SUFFIXES = {"": "", "%": "_percent", "°": "_degrees"}


def _family(whole: Field, parts: Mapping[str, str]) -> list[Field]:
    """A quantity, and its parts: those of each line, of each tariff."""
    suffix = _SUFFIXES.get(whole.unit, f"_{whole.unit.lower()}")
    stem = whole.name.removesuffix(suffix)
    return [
        whole,
        *(
            replace(
                whole, name=f"{stem}_{part}{suffix}", meaning=f"That of `{whole.name}` {which}.", part_of=whole.name
            )
            for part, which in parts.items()
        ),
    ]


def _gauges(name: str, unit: str, decimals: int, meaning: str) -> list[Field]:
    return _family(Field(name, unit, "gauge", decimals, meaning), LINES)


def _counters(name: str, unit: str, meaning: str) -> list[Field]:
    return _family(Field(name, unit, "counter", 3, meaning), LINES | TARIFFS)


ELECTRICITY_FIELDS = _by_name(
    *_gauges("voltage_v", "V", 3, "Voltage against neutral, root mean square; with three lines their average."),
    *_gauges(
        "current_a",
        "A",
        4,
        "Current, root mean square; a few meters give it the sign of the power. With three lines their sum.",
    ),
    *_gauges("power_w", "W", 2, "Active power; positive is taken from the grid, negative is given to it."),
    *_gauges("reactive_power_var", "var", 2, "Reactive power, signed as the meter gives it."),
    *_gauges("apparent_power_va", "VA", 2, "Apparent power."),
    *_gauges("power_factor", "", 4, "Active over apparent power, -1 to 1."),
    *_gauges("phase_angle_degrees", "°", 2, "Angle between voltage and current, -360 to 360."),
    Field("frequency_hz", "Hz", "gauge", 3, "Frequency of the mains."),
    *_gauges(
        "voltage_distortion_percent",
        "%",
        2,
        "Harmonic distortion (THD) of the voltage; with three lines their average.",
    ),
    *_gauges(
        "current_distortion_percent",
        "%",
        2,
        "Harmonic distortion (THD) of the current; with three lines their average.",
    ),
    *_counters(
        "energy_total_kwh",
        "kWh",
        "What the meter's single counter of active energy counts, or the sum of both directions.",
    ),
    *_counters("energy_import_kwh", "kWh", "Active energy taken from the grid."),
    *_counters("energy_export_kwh", "kWh", "Active energy given to the grid."),
    *_counters(
        "reactive_energy_total_kvarh",
        "kvarh",
        "What the meter's single counter of reactive energy counts, or the sum of both directions.",
    ),
    *_counters("reactive_energy_import_kvarh", "kvarh", "Reactive energy while taking it, inductive."),
    *_counters("reactive_energy_export_kvarh", "kvarh", "Reactive energy while giving it, capacitive."),
)

METER_HEALTH_FIELDS = _by_name(
    Field("polls", "", "counter", 0, "Slots in which the meter was asked."),
    Field(
        "crowded_slots",
        "",
        "counter",
        0,
        "Slots that had too little time for all that moves of the meter; what there was none for is left out.",
    ),
    Field("requests", "", "counter", 0, "Requests sent to the meter, retries and trials included."),
    Field("replies", "", "counter", 0, "Sound replies to the question that was asked."),
    Field("retries", "", "counter", 0, "Requests sent again inside their slot."),
    Field("timeouts", "", "counter", 0, "Requests to which nothing came in time."),
    Field("short_replies", "", "counter", 0, "Replies that stopped in the middle."),
    Field("checksum_errors", "", "counter", 0, "Replies with a wrong CRC."),
    Field(
        "wrong_replies", "", "counter", 0, "Sound frames that answered another question, with no right one after them."
    ),
    Field("refusals", "", "counter", 0, "Requests that the meter refused with a code."),
    Field(
        "doubtful_replies", "", "counter", 0, "Replies not believed, since they may have answered an earlier question."
    ),
    Field(
        "late_replies",
        "",
        "counter",
        0,
        "Replies that came after their question was given up, recognised and put aside.",
    ),
    Field("implausible_values", "", "counter", 0, "Values outside the range that the meter can measure, left out."),
    Field("absent_values", "", "counter", 0, "Values of which the meter said that it has none, left out."),
    Field(
        "energy_unconfirmed",
        "",
        "counter",
        0,
        "Readings of a counter after the start, left out until two agreed.",
    ),
    Field(
        "energy_withheld",
        "",
        "counter",
        0,
        "Readings of a counter that fell, or rose faster than the meter's maximum power allows, left out.",
    ),
    Field(
        "energy_resets",
        "",
        "counter",
        0,
        "Times a counter went on at another level and was believed, since three reads agreed.",
    ),
    Field(
        "identical_values",
        "",
        "counter",
        0,
        "Slots in which three or more unrelated values were the same number, dropped whole.",
    ),
    Field(
        "empty_frames",
        "",
        "counter",
        0,
        "Slots in which voltage and frequency were both zero or implausible, or all was zero without them; dropped whole.",
    ),
    Field(
        "inconsistent",
        "",
        "counter",
        0,
        "Slots in which power or apparent power did not agree with voltage, current and power factor, for the second time "
        "in a row, and slots behind one with a zero that its other values contradict; not dropped.",
    ),
    Field(
        "round_trip_ms",
        "ms",
        "gauge",
        1,
        "From the request's first byte to the reply's last, median of the last ten seconds.",
    ),
    Field("round_trip_max_ms", "ms", "gauge", 1, "The same, the longest of the last ten seconds."),
    Field(
        "pause_ms",
        "ms",
        "gauge",
        0,
        "Silence before the meter is asked after another one, by its model or learnt.",
    ),
    Field(
        "timeout_ms",
        "ms",
        "gauge",
        0,
        "How long the meter is waited for at most, learnt from its latency; for shorter reads it may be less.",
    ),
)

BUS_HEALTH_FIELDS = _by_name(
    Field("busy_percent", "%", "gauge", 1, "Share of the last ten seconds in which the bus was used."),
    Field("slots", "", "counter", 0, "Slots in which the meters were read."),
    Field("missed_slots", "", "counter", 0, "Slots that passed unread because the one before took too long."),
    Field(
        "start_delay_ms",
        "ms",
        "gauge",
        1,
        "How late a slot began after its whole second, the worst of the last ten seconds.",
    ),
    Field("clock_steps", "", "counter", 0, "Times the wall clock jumped and the slots were aligned anew."),
    Field(
        "clock_synchronised",
        "",
        "gauge",
        0,
        "1 when the wall clock is believed, 0 when readings are held or stamped in doubt.",
    ),
    Field("readings_held", "", "gauge", 0, "Slots whose points wait for the clock to be set."),
    Field("readings_discarded", "", "counter", 0, "Held slots that were given up because too many waited."),
    Field("round_s", "s", "gauge", 0, "Seconds in which every meter has its turn; the interval when all fit into it."),
    Field("reopenings", "", "counter", 0, "Times the port was opened again after it had been lost."),
    Field("lines_written", "", "counter", 0, "Lines handed to Telegraf."),
    Field("lines_waiting", "", "gauge", 0, "Lines that wait because Telegraf does not read."),
    Field("lines_dropped", "", "counter", 0, "Lines given up, oldest first, because too many waited."),
)

BACKUP_FIELDS = _by_name(
    Field("success", "", "gauge", 0, "1 when it did what it was asked for, 0 when it did not."),
    Field("duration_s", "s", "gauge", 1, "How long it took."),
    Field("bytes", "", "gauge", 0, "Bytes of the set that it was about, shared with other sets or not."),
    Field(
        "written_bytes",
        "",
        "gauge",
        0,
        "Bytes that were written for it; by restic its own data too, so it may be more.",
    ),
    Field("set_s", "s", "gauge", 0, "When the set that was copied off-site was begun, in seconds since 1970."),
    Field("shards", "", "gauge", 0, "Shards that were proven to be what was stored."),
    Field("restored_shards", "", "gauge", 0, "Shards of them that a server restored."),
    Field("restored_bytes", "", "gauge", 0, "Bytes of those."),
    Field("sets", "", "gauge", 0, "Sets that there are afterwards."),
    Field("removed_sets", "", "gauge", 0, "Sets that were removed."),
    Field(
        "disk_bytes", "", "gauge", 0, "Bytes that all sets take on the disk together, each shared file counted once."
    ),
    Field("freed_bytes", "", "gauge", 0, "Bytes that the removed sets shared with no other set."),
    Field(
        "sheet_confirmed",
        "",
        "gauge",
        0,
        "1 when somebody has said that the recovery sheet lies outside the house, 0 until then.",
    ),
)

VOCABULARY: dict[str, dict[str, Field]] = {
    ELECTRICITY: ELECTRICITY_FIELDS,
    METER_HEALTH: METER_HEALTH_FIELDS,
    BUS_HEALTH: BUS_HEALTH_FIELDS,
    BACKUP: BACKUP_FIELDS,
}

TAGS: dict[str, dict[str, str]] = {
    ELECTRICITY: {
        "meter": "The user's name of the meter.",
        "role": "What it measures: grid, solar, battery or load.",
    },
    METER_HEALTH: {
        "meter": "The user's name of the meter.",
        "model": "Its model, as listed by `wattline models`.",
    },
    BUS_HEALTH: {"port": "The port as given to `wattline run`."},
    BACKUP: {
        "kind": "What was done: run, prune, check (of files), verify (by restoring), offsite, offsite_check, offsite_prune, offsite_verify or restore."
    },
}
