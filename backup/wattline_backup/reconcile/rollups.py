"""Minutes, quarter-hours and days of hours that were filled, made anew by ``compose/influxdb/remake``.

The tasks in InfluxDB look back themselves: that of the minutes at each of the last thirty hours once an hour, when the hour
has more readings than its minutes. So they see what is younger than a day in any case. They see nothing of what is older, nor
of a value that was missing in lines that were there.
"""

import subprocess
from collections.abc import Iterable
from pathlib import Path

from wattline import fields
from wattline.influxdb.flux import instant
from wattline_backup.reconcile.lines import HOUR_S
from wattline_backup.reconcile.memory import Memory
from wattline_backup.reconcile.plan import DAY_S, Compared
from wattline_backup.reconcile.ranges import Range

TIMEOUT_S = 3600


def to_remake(due: Iterable[Compared], now_s: int) -> list[Range]:
    """The ranges of which the tasks would not see that they were filled.

    An hour that is filled changes the one that comes next in its series too: the energy of a gap was counted behind it.
    """
    found: list[Range] = []
    for each in due:
        is_unseen = each.hour * HOUR_S < now_s - DAY_S or each.seems_partial
        if each.series.measurement == fields.ELECTRICITY and is_unseen:
            found += [(hour * HOUR_S, (hour + 1) * HOUR_S) for hour in (each.hour, each.next_hour)]
    return [(start, min(stop, now_s)) for start, stop in found if start < now_s]


def remake(program: Path, memory: Memory) -> list[str]:
    """Make the ranges anew that are to be. What was not done stays noted, and is told in what this gives."""
    for start, stop in list(memory.to_remake):
        if not program.exists():
            since = instant(memory.to_remake[0][0])
            where = "set WATTLINE_BACKUP_REMAKE to compose/influxdb/remake of the checkout"
            return [f"The rollups from {since} on are still to be made anew, and there is no {program}: {where}."]
        complaint = _run([str(program), instant(start), instant(stop)])
        if complaint:
            return [f"The rollups from {instant(start)} to {instant(stop)} were not made anew: {complaint}"]
        memory.to_remake.remove((start, stop))
    return []


def _run(command: list[str]) -> str:
    """Run it; gives its last word if it failed."""
    try:
        ended = subprocess.run(command, capture_output=True, check=False, timeout=TIMEOUT_S, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    said = ended.stderr.decode(errors="replace").strip().splitlines()
    return (said[-1] if said else f"exit code {ended.returncode}") if ended.returncode else ""
