"""Out of the buckets energy_15m and energy_1d: the rows of a contract's meter."""

import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from wattline.fields import ELECTRICITY
from wattline.influxdb.flux import Bucket, bucket_of, instant, rows, second_of
from wattline.influxdb.server import Server
from wattline.options import nearest
from wattline.rollups import DAYS, QUARTER_HOURS
from wattline_cost.energy.quarter import QUARTER_S, Rolled
from wattline_cost.errors import CostError
from wattline_cost.local_days import day_of, day_start_s
from wattline_cost.tariff.model import Contract, Direction

GAINS = {Direction.IMPORT: "consumption_kwh", Direction.EXPORT: "export_kwh"}
"""By how much the counter of a direction rose in a quarter-hour or a day."""

_COUNTERS = {
    Direction.IMPORT: ("consumption_counter_kwh",),
    Direction.EXPORT: ("energy_export_kwh",),
}
_REGISTERS = {Direction.IMPORT: ("energy_import", "energy_total"), Direction.EXPORT: ("energy_export",)}
# Beyond the longest day before and after nothing is read unless it has to be looked for.
_BESIDE_S = 25 * 3600
EVER_S = 4_102_444_800
"""The end of 2099: nobody looks beyond."""

# One pushed-down read: the engine hands out blocks of the fields that are asked for and of nothing else.
_ROWS = """from(bucketID: "{bucket}") |> range(start: {start}, stop: {stop}) |> filter(fn: (r) => {which}){end}
|> keep(columns: ["_time", "_field", "_value", "meter"])"""


@dataclass(frozen=True, slots=True)
class DaySum:
    """A day of the bucket ``energy_1d``: what tells whether it is what it was when it was priced.

    Attributes:
        start_s: its stamp, in seconds since 1970.
        readings: how often the meter was read.
        gained_kwh: in the direction of the contract.
    """

    start_s: int
    readings: float
    gained_kwh: float


class Reader:
    """Reads a contract's meter.

    Args:
        server: to be asked.
        site: the tag of the points.
        contract: whose meter is read, that with the role grid where it names none, and whose direction counts.
        has_registers: whether the tariff registers are wanted too.

    Raises:
        ServerError: a bucket is not there, or InfluxDB does not answer.
    """

    def __init__(self, server: Server, site: str, contract: Contract, *, has_registers: bool = False) -> None:
        self._server, self._contract = server, contract.name
        self._meter = meter = contract.meter
        self._quarters, self._days = bucket_of(server, QUARTER_HOURS), bucket_of(server, DAYS)
        self._direction, self._has_registers = contract.direction, has_registers
        of_meter = f"r.meter == {json.dumps(meter)}" if meter is not None else 'r.role == "grid"'
        self._at_site = f"r._measurement == {json.dumps(ELECTRICITY)} and r.site == {json.dumps(site)}"
        self._who = f"{self._at_site} and {of_meter}"
        self.what = f"the meter {meter!r}" if meter is not None else "a meter with the role grid"

    def around(self, start_s: int, stop_s: int, zone: ZoneInfo, *, with_all_counters: bool = False) -> list[Rolled]:
        """The rows of a span, those of the last day before it that was read and the first one after it, in order.

        Args:
            start_s: the first second, a midnight.
            stop_s: the one after the last, likewise.
            zone: whose midnights they are.
            with_all_counters: also those that are not priced by, but of which the one that is may be made.

        Raises:
            ServerError: InfluxDB does not answer.
            CostError: several meters have the role.
        """
        found = self._rolled(start_s - _BESIDE_S, stop_s + _BESIDE_S, with_all_counters=with_all_counters)
        within = [row for row in found if start_s <= row.start_s < stop_s]
        after = [row for row in found if row.start_s >= stop_s][:1]
        # Over a gap it is farther away.
        last = [row for row in found if row.start_s < start_s][-1:] or self._one(0, start_s - _BESIDE_S, "last")
        after = after or self._one(stop_s + _BESIDE_S, EVER_S, "first")
        before: list[Rolled] = []
        if last:
            begin_s = day_start_s(day_of(last[0].start_s, zone), zone)
            before = [row for row in found if begin_s <= row.start_s < start_s]
            if begin_s < start_s - _BESIDE_S:
                before = self._rolled(begin_s, last[0].start_s + QUARTER_S, with_all_counters=with_all_counters)
        return [*before, *within, *after]

    def days(self, start_s: int, stop_s: int = EVER_S) -> list[DaySum]:
        """The days whose stamps are from ``start_s`` on and before ``stop_s``, in order.

        Raises:
            ServerError: InfluxDB does not answer.
            CostError: several meters have the role.
        """
        gain = GAINS[self._direction]
        found = self._found(self._days, start_s, stop_s, ("readings", gain), "")
        return [
            DaySum(second, values.get("readings", 0.0), values.get(gain, 0.0))
            for second, values in sorted(found.items())
        ]

    def first_s(self) -> int | None:
        """The stamp of the first day that was read; None where there is none.

        Raises:
            ServerError: InfluxDB does not answer.
            CostError: several meters have the role.
        """
        return min(self._found(self._days, 0, EVER_S, ("readings",), " |> first()"), default=None)

    def newest_s(self, since_s: int) -> int | None:
        """The stamp of the newest quarter-hour that was read, of those from ``since_s`` on; None where there is none.

        Raises:
            ServerError: InfluxDB does not answer.
            CostError: several meters have the role.
        """
        found = self._found(self._quarters, max(since_s, 0), EVER_S, ("readings",), " |> last()")
        return max(found, default=None)

    def why_no_day(self) -> str:
        """Of a meter of which no day is there: in a sentence what that comes of, which passes by itself.

        Raises:
            ServerError: InfluxDB does not answer.
            CostError: there are meters, and this is none of them; or several have the role.
        """
        if self.newest_s(0) is not None:
            return (
                f"{self.what} is read, but no day of it is summed up yet: InfluxDB does so each quarter of an hour, and of a "
                "history that was written to it compose/influxdb/remake does"
            )
        if names := self._names():
            near = nearest(self._meter, names) if self._meter else ""
            raise CostError(
                f"{self._contract}: There are no readings of {self.what}{near}; there are those of {', '.join(names)}, and the "
                "contract's key 'meter' says by which of them it counts."
            )
        return f"there is no day both of the contract and of readings of {self.what}"

    def _names(self) -> list[str]:
        """The meters of the site that were ever read, in order."""
        flux = _ROWS.format(
            bucket=self._quarters.id,
            start=instant(0),
            stop=instant(EVER_S),
            which=f'{self._at_site} and r._field == "readings"',
            end=" |> last()",
        )
        return sorted({row["meter"] for row in rows(self._server, self._quarters.organisation, flux)})

    def _rolled(self, start_s: int, stop_s: int, *, with_all_counters: bool = False) -> list[Rolled]:
        found = self._found(self._quarters, start_s, stop_s, self._fields(with_all_counters=with_all_counters), "")
        return [_row(second, values) for second, values in sorted(found.items())]

    def _one(self, start_s: int, stop_s: int, which: str) -> list[Rolled]:
        """The nearest row, on the far side of a gap; it is where the counter is."""
        start_s = max(start_s, 0)
        if start_s >= stop_s:
            return []
        counter = _COUNTERS[self._direction]
        found = self._found(self._quarters, start_s, stop_s, counter, f" |> {which}()")
        if not found:
            return []
        second = max(found) if which == "last" else min(found)
        return self._rolled(second, second + QUARTER_S)

    def _fields(self, *, with_all_counters: bool) -> Collection[str]:
        names = ["readings", "power_w", GAINS[self._direction], *_COUNTERS[self._direction]]
        if with_all_counters:
            names += [f"{stem}_kwh" for stem in _REGISTERS[self._direction]]
        if with_all_counters or self._has_registers:
            names += [f"{stem}_t{number}_kwh" for stem in _REGISTERS[self._direction] for number in (1, 2, 3, 4)]
        return list(dict.fromkeys(names))

    def _found(
        self, bucket: Bucket, start_s: int, stop_s: int, fields: Iterable[str], end: str
    ) -> Mapping[int, Mapping[str, float]]:
        """Second to field to value."""
        of_fields = " or ".join(f"r._field == {json.dumps(name)}" for name in fields)
        flux = _ROWS.format(
            bucket=bucket.id,
            start=instant(start_s),
            stop=instant(stop_s),
            which=f"{self._who} and ({of_fields})",
            end=end,
        )
        found: dict[int, dict[str, float]] = {}
        meters = set()
        for row in rows(self._server, bucket.organisation, flux):
            meters.add(row["meter"])
            found.setdefault(second_of(row["_time"]), {})[row["_field"]] = float(row["_value"])
        if len(meters) > 1:
            raise CostError(
                f"{self._contract}: Several meters have the role grid: {', '.join(sorted(meters))}; write the one that the "
                'contract counts by into its file, such as meter = "house".'
            )
        return found


_COUNTER = re.compile(r"energy_.*_kwh|consumption_counter_kwh")


def _row(second: int, values: Mapping[str, float]) -> Rolled:
    counters = {name: value for name, value in values.items() if _COUNTER.fullmatch(name)}
    gains = {name: values[name] for name in GAINS.values() if name in values}
    return Rolled(second, int(values.get("readings", 0)), values.get("power_w"), counters, gains)
