"""The closed vocabulary: every measurement, tag and field that wattline may write, named once.

A meter table may use these words and no others. The unit is in the name; a name without one is a ratio or a count.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["gauge", "counter"]

ELECTRICITY = "electricity"
METER_HEALTH = "wattline_meter"
BUS_HEALTH = "wattline_bus"

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
    """

    name: str
    unit: str
    kind: Kind
    decimals: int
    meaning: str


def _by_name(*fields: Field) -> dict[str, Field]:
    return {field.name: field for field in fields}


def _tariffs(stem: str, unit: str, what: str) -> list[Field]:
    return [
        Field(
            f"{stem}_t{n}_{unit.lower()}",
            unit,
            "counter",
            2,
            f"The part of {what} that the meter counted in its tariff {n}.",
        )
        for n in (1, 2, 3, 4)
    ]


ELECTRICITY_FIELDS = _by_name(
    Field("voltage_v", "V", "gauge", 2, "Voltage, root mean square."),
    Field("current_a", "A", "gauge", 3, "Current, root mean square; never negative."),
    Field("power_w", "W", "gauge", 0, "Active power; positive is taken from the grid, negative is given to it."),
    Field("reactive_power_var", "var", "gauge", 0, "Reactive power, signed as the meter gives it."),
    Field("apparent_power_va", "VA", "gauge", 0, "Apparent power."),
    Field("power_factor", "", "gauge", 3, "Active over apparent power, -1 to 1."),
    Field("frequency_hz", "Hz", "gauge", 2, "Frequency of the mains."),
    Field("energy_total_kwh", "kWh", "counter", 2, "What the meter's single counter of active energy counts."),
    *_tariffs("energy_total", "kWh", "`energy_total_kwh`"),
    Field(
        "reactive_energy_total_kvarh",
        "kvarh",
        "counter",
        2,
        "What the meter's single counter of reactive energy counts.",
    ),
    *_tariffs("reactive_energy_total", "kvarh", "`reactive_energy_total_kvarh`"),
)

METER_HEALTH_FIELDS = _by_name(
    Field("polls", "", "counter", 0, "Slots in which the meter was asked."),
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
    Field(
        "round_trip_ms",
        "ms",
        "gauge",
        1,
        "From the request's first byte to the reply's last, median of the last ten seconds.",
    ),
    Field("round_trip_max_ms", "ms", "gauge", 1, "The same, the longest of the last ten seconds."),
    Field("timeout_ms", "ms", "gauge", 0, "How long the meter is waited for, learnt from its latency."),
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
    Field("reopenings", "", "counter", 0, "Times the port was opened again after it had been lost."),
    Field("lines_written", "", "counter", 0, "Lines handed to Telegraf."),
    Field("lines_waiting", "", "gauge", 0, "Lines that wait because Telegraf does not read."),
    Field("lines_dropped", "", "counter", 0, "Lines given up, oldest first, because too many waited."),
)

VOCABULARY: dict[str, dict[str, Field]] = {
    ELECTRICITY: ELECTRICITY_FIELDS,
    METER_HEALTH: METER_HEALTH_FIELDS,
    BUS_HEALTH: BUS_HEALTH_FIELDS,
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
}
