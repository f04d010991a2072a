"""Which measurements are ours, and into which bucket Telegraf brings them: what 90-influxdb.conf says by namepass.

The number of seconds is none of them. It is of days, and kept for ever as these are, while `host` forgets.
"""

from collections.abc import Mapping

from wattline import fields
from wattline.rollups import DAYS

ENERGY, HOST = "energy", "host"
COMPLETENESS_BUCKET = DAYS

# The outcome of a backup, and the number of seconds, are written by wattline-backup and are in no journal.
_NOT_IN_A_JOURNAL = {fields.BACKUP, fields.COMPLETENESS}
ROUTES: Mapping[str, str] = {
    measurement: ENERGY
    if measurement == fields.ELECTRICITY or measurement.startswith(f"{fields.ELECTRICITY}_")
    else HOST
    for measurement in fields.VOCABULARY
    if measurement not in _NOT_IN_A_JOURNAL
}
"""Measurement -> bucket."""


def measurements_of(bucket: str) -> list[str]:
    """Those of ours that are in ``bucket``."""
    return sorted(name for name, where in ROUTES.items() if where == bucket)
