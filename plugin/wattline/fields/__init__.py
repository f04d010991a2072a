"""The closed vocabulary: every measurement, tag and field that wattline may write, named once.

A meter table may use these words and no others. The unit is in the name; a name without one is a ratio or a count.

    field.py        what a word is: name, unit, kind, decimals, meaning
    electricity.py  what meters measure
    stick.py        what a Rainforest stick tells beside that
    health.py       what wattline tells of its meters and their bus
    backup.py       what a backup tells of itself
    completeness.py how many of the seconds that were due were metered and stored
"""

from wattline.fields import stick
from wattline.fields.backup import BACKUP_FIELDS
from wattline.fields.completeness import COMPLETENESS_FIELDS, NOT_METERED
from wattline.fields.electricity import ELECTRICITY_FIELDS
from wattline.fields.field import LINES, TARIFFS, Field, Kind
from wattline.fields.health import BUS_HEALTH_FIELDS, METER_HEALTH_FIELDS

__all__ = [
    "BACKUP_FIELDS",
    "BUS_HEALTH_FIELDS",
    "COMPLETENESS_FIELDS",
    "ELECTRICITY_FIELDS",
    "LINES",
    "METER_HEALTH_FIELDS",
    "NOT_METERED",
    "ROLES",
    "TAGS",
    "TARIFFS",
    "VOCABULARY",
    "Field",
    "Kind",
]

ELECTRICITY = "electricity"
PRICE = "electricity_price"
BLOCK_PRICE = "electricity_block_price"
PERIOD = "electricity_period"
INTERVAL = "electricity_interval"
METER_HEALTH = "wattline_meter"
BUS_HEALTH = "wattline_bus"
STICK_HEALTH = "wattline_stick"
STICK_INFO = "wattline_stick_info"
LINK = "wattline_link"
CLOCK = "wattline_clock"
MESSAGE = "wattline_message"
WARNING = "wattline_warning"
SCHEDULE = "wattline_schedule"
BACKUP = "wattline_backup"
COMPLETENESS = "wattline_completeness"
RUN_INFO = "run_info"

ROLES = ("grid", "solar", "battery", "load")
"""What a meter measures; the value of the tag ``role``."""

VOCABULARY: dict[str, dict[str, Field]] = {
    ELECTRICITY: ELECTRICITY_FIELDS,
    PRICE: stick.PRICE_FIELDS,
    BLOCK_PRICE: stick.BLOCK_PRICE_FIELDS,
    PERIOD: stick.PERIOD_FIELDS,
    INTERVAL: stick.INTERVAL_FIELDS,
    METER_HEALTH: METER_HEALTH_FIELDS,
    BUS_HEALTH: BUS_HEALTH_FIELDS,
    STICK_HEALTH: stick.STICK_FIELDS,
    STICK_INFO: stick.STICK_INFO_FIELDS,
    LINK: stick.LINK_FIELDS,
    CLOCK: stick.CLOCK_FIELDS,
    MESSAGE: stick.MESSAGE_FIELDS,
    WARNING: stick.WARNING_FIELDS,
    SCHEDULE: stick.SCHEDULE_FIELDS,
    BACKUP: BACKUP_FIELDS,
    COMPLETENESS: COMPLETENESS_FIELDS,
    RUN_INFO: stick.RUN_FIELDS,
}

_METER = {"meter": "The user's name of the meter."}
_PORT = {"port": "The port as given to `wattline run`."}
_CURRENCY = {"currency": "The three letters of the currency, or its number where that is not known."}

TAGS: dict[str, dict[str, str]] = {
    ELECTRICITY: _METER
    | {
        "role": "What it measures: grid, solar, battery or load.",
        "run": "With `--run-tags`: the name of the run.",
        "run_id": "With `--run-tags`: the id of the run.",
    },
    PRICE: _METER | _CURRENCY,
    BLOCK_PRICE: _METER | _CURRENCY | {"block": "The number of the block, 1 the first."},
    PERIOD: _METER | {"period": "current, last or block, as the stick counts them."},
    INTERVAL: _METER,
    METER_HEALTH: _METER | {"model": "Its model, as listed by `wattline models`."},
    BUS_HEALTH: _PORT,
    STICK_HEALTH: _PORT,
    STICK_INFO: _METER,
    LINK: _METER,
    CLOCK: _METER,
    MESSAGE: _METER,
    WARNING: _METER | {"level": "warning or error."},
    SCHEDULE: _METER
    | {
        "event": "What is asked for, such as demand, summation or price.",
        "mode": "Of an EMU-2: default, rest or sleep.",
    },
    BACKUP: {
        "kind": "What was done: run, prune, check (of files), verify (by restoring), offsite, offsite_check, offsite_prune, offsite_verify, restore or reconcile."
    },
    COMPLETENESS: _METER | {"site": "Its house, as Telegraf has it on the readings of that day."},
    RUN_INFO: _PORT,
}
