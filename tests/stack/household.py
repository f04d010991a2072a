"""A household as it stands in its buckets at one moment, well or with a fault: what the alerts are tried on.

All stamps count back from ``NOW``, which is also the "now" of the queries, so that no test depends on the hour.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

NOW = datetime(2026, 3, 10, 12, 0, 0, tzinfo=UTC)
NOW_S = int(NOW.timestamp())
MINUTE_S, HOUR_S, DAY_S = 60, 3_600, 86_400
LAG_S = 10

BUCKETS = ("energy", "energy_1m", "energy_15m", "energy_1d", "cost", "host")

ROLES = {"house": "grid", "flat": "grid", "roof": "solar"}
SOURCES = ("mem", "disk", "diskio", "temp", "pi_power", "internal_write", "wattline_bus", "influxdb_memory")

Lines = Iterator[tuple[str, str]]


def by_meter(**of: float) -> dict[str, float]:
    """What differs by meter, as the floats that all readings are."""
    return {meter: float(value) for meter, value in of.items()}


@dataclass(frozen=True)
class Household:
    """One household. The defaults are one in which all is well.

    Attributes:
        silent_s: meter to seconds since its last reading.
        power_w, voltage_v, frequency_hz: meter to what it measured in its last minutes.
        voltage_l2_v: that of the second line of the flat, which has three.
        fall_kwh: meter to what its counters lost two hours ago.
        base_load_w: meter to that of the last whole day; it was 120 W on the days before.
        usual_load_w: meter of a load to its base load on those days; of these meters there is nothing else.
        whole_days: how many days there are.
        drawn_before: what the house drew in other minutes than the last five: from so many minutes ago, until so many, watts.
        pace_s: seconds from reading to reading.
        before_s: for how long it has been so; before that all was well.
        rollup_age_s: the age of the newest minute.
        contract_power_w: what the set-up wrote; None where it did not.
        dropped: of Telegraf's output `energy`, refused: of its output `host`; heartbeats: given up by an output of another
            kind; lines_dropped: by the plugin. All within the last minutes.
        card_gb_a_day: what is written to the SD card.
        last_run_h, last_verify_h, last_offsite_h: hours since a backup, a proof, a copy out of the house succeeded; None
            where none ever did.
        failed_h: kind of what is done about backups to hours since it failed.
        sheet_confirmed: what the last backup told of the recovery sheet.
        has_journal: whether the plugin keeps one.
        journal_off_s: for how long its disk has not taken it.
        journal_gone_s: for how long the plugin has been without the word to keep it, which it had before; None where it has it.
        last_reconcile_h: hours since what InfluxDB lacks of it was brought there; None where it never was.
        missing_s: meter to the seconds that were metered and are not stored.
        missing_day: how many days ago that was.
        stopped_s: source of host metrics to seconds since it stopped.
    """

    silent_s: dict[str, float] = field(default_factory=dict)
    power_w: dict[str, float] = field(default_factory=dict)
    voltage_v: dict[str, float] = field(default_factory=dict)
    frequency_hz: dict[str, float] = field(default_factory=dict)
    voltage_l2_v: float = 231.0
    fall_kwh: dict[str, float] = field(default_factory=dict)
    base_load_w: dict[str, float] = field(default_factory=dict)
    usual_load_w: dict[str, float] = field(default_factory=dict)
    whole_days: int = 32
    drawn_before: tuple[tuple[int, int, float], ...] = ()
    pace_s: int = 1
    before_s: int = 5 * MINUTE_S
    rollup_age_s: int = 90
    contract_power_w: float | None = None
    temperature_celsius: float = 55.0
    throttled: int = 0
    undervoltage: int = 0
    disk_percent: float = 40.0
    card_gb_a_day: float = 0.3
    dropped: int = 0
    refused: int = 0
    heartbeats: int = 0
    lines_dropped: int = 0
    memory_percent: float = 50.0
    memory_left_percent: float = 39.0
    last_run_h: float | None = 0.5
    last_verify_h: float | None = 30.0
    last_offsite_h: float | None = 12.0
    failed_h: dict[str, float] = field(default_factory=dict)
    sheet_confirmed: float = 1.0
    has_journal: bool = True
    journal_off_s: float = 0
    journal_gone_s: int | None = None
    last_reconcile_h: float | None = 0.2
    missing_s: dict[str, float] = field(default_factory=dict)
    missing_day: int = 0
    stopped_s: dict[str, float] = field(default_factory=dict)

    def without_a_meter(self, meter: str) -> "Household":
        """The same, but ``meter`` has said nothing for ten minutes."""
        return replace(self, silent_s={**self.silent_s, meter: 10 * MINUTE_S})

    def lines(self) -> Lines:
        """Bucket and line of line protocol, in seconds."""
        yield from self._readings()
        yield from self._minutes()
        yield from self._days()
        yield from self._meter_health()
        yield from self._machine()
        yield from self._losses()
        yield from self._backups()
        yield from self._completeness()

    def _readings(self) -> Lines:
        for meter, role in ROLES.items():
            ended_s = NOW_S - int(self.silent_s.get(meter, LAG_S))
            voltage_v = self.voltage_v.get(meter, 231.0)
            values = {
                "power_w": self.power_w.get(meter, 420.0 if role == "grid" else -5200.0),
                "voltage_v": voltage_v,
                "frequency_hz": self.frequency_hz.get(meter, 50.02),
                "energy_total_kwh": 1234.5,
            }
            if meter == "flat":
                values |= {"voltage_l1_v": voltage_v, "voltage_l2_v": self.voltage_l2_v, "voltage_l3_v": voltage_v}
            usual = values | {
                "power_w": 420.0 if role == "grid" else -5200.0,
                "voltage_v": 231.0,
                "frequency_hz": 50.02,
            }
            for second in range(ended_s, ended_s - 5 * MINUTE_S - 1, -self.pace_s):
                yield (
                    "energy",
                    point("electricity", tags(meter), values if second > ended_s - self.before_s else usual, second),
                )

    def _minutes(self) -> Lines:
        for meter in ROLES:
            newest_s = NOW_S - int(max(self.rollup_age_s, self.silent_s.get(meter, 0)))
            for second in range(NOW_S - 7 * HOUR_S, newest_s + 1, MINUTE_S):
                total_kwh = 1000.0 + (second - NOW_S) / HOUR_S * 0.5
                if second > NOW_S - 2 * HOUR_S:
                    total_kwh -= self.fall_kwh.get(meter, 0.0)
                values = {"readings": 60.0, "energy_total_kwh": total_kwh, "consumption_counter_kwh": total_kwh}
                values["energy_import_kwh"] = total_kwh - 100.0
                values["power_w"] = self._drawn_w(meter, (NOW_S - second) / MINUTE_S)
                yield "energy_1m", point("electricity", tags(meter), values, second - second % MINUTE_S)

    def _drawn_w(self, meter: str, minutes_ago: float) -> float:
        """The mean of the minute that began so many minutes ago."""
        if ROLES[meter] == "solar":
            return -5200.0
        of_house = self.drawn_before if meter == "house" else ()
        return next((float(watts) for begin, end, watts in of_house if begin >= minutes_ago > end), 420.0)

    def _days(self) -> Lines:
        # Local midnight of Rome, in winter.
        last_s = NOW_S - 13 * HOUR_S
        for meter, usual_w in (dict.fromkeys(ROLES, 120.0) | self.usual_load_w).items():
            for day in range(self.whole_days + 1):
                begin_s = last_s - day * DAY_S
                # Today, which is not over, has a quarter-hour of cooking and no night yet.
                base_load_w = (
                    900.0 if day == 0 else self.base_load_w.get(meter, usual_w) if day == 1 else usual_w + day % 3
                )
                yield "energy_1d", point("electricity", tags(meter), {"base_load_w": base_load_w}, begin_s)
        if self.contract_power_w:
            values = {"contract_power_w": self.contract_power_w}
            yield "energy_1d", point("household", {}, {"contract_power_w": 1000.0}, NOW_S - 900 * DAY_S)
            yield "energy_1d", point("household", {}, values, NOW_S - 40 * DAY_S)

    def _meter_health(self) -> Lines:
        for meter in ROLES:
            silent_s = self.silent_s.get(meter, 0)
            for second in range(NOW_S - 15 * MINUTE_S, NOW_S + 1, 10):
                polls = float(second - (NOW_S - HOUR_S))
                replies = 8 * min(polls, float(HOUR_S - silent_s))
                values = {"polls": polls, "replies": replies, "timeouts": polls - replies / 8}
                yield "host", point("wattline_meter", {"meter": meter, "model": "orno-we515"}, values, second)

    def _machine(self) -> Lines:
        sources = {
            "mem": [({}, {"available_percent": self.memory_left_percent})],
            "disk": [
                ({"path": "/", "device": "mmcblk0p2"}, {"used_percent": self.disk_percent}),
                ({"path": "/boot/firmware", "device": "mmcblk0p1"}, {"used_percent": 14.0}),
            ],
            "temp": [
                ({"sensor": "cpu_thermal"}, {"temp": self.temperature_celsius}),
                ({"sensor": "nvme_composite"}, {"temp": 79.0}),
            ],
            "pi_power": [({}, {"throttled": self.throttled, "undervoltage": self.undervoltage, "frequency_capped": 0})],
            "influxdb_memory": [({}, {"used_bytes": 1, "used_percent": self.memory_percent})],
        }
        for name, series in sources.items():
            ended_s = NOW_S - int(self.stopped_s.get(name, 0))
            for second in range(ended_s - 15 * MINUTE_S, ended_s + 1, 10):
                for of, values in series:
                    yield "host", point(name, of, values, second)
        # Nobody asks for that, so it is not heard where the other one stops.
        yield "host", point("mem", {}, {"used_percent": 100.0 - self.memory_left_percent}, NOW_S - LAG_S)
        for second in range(NOW_S - 25 * HOUR_S, NOW_S - int(self.stopped_s.get("diskio", 0)) + 1, MINUTE_S):
            # The Pi was started nine hours ago.
            up_s = (second - NOW_S + 9 * HOUR_S) % (40 * HOUR_S)
            written = int(self.card_gb_a_day * 1e9 * up_s / DAY_S)
            yield "host", point("diskio", {"name": "mmcblk0"}, {"write_bytes": written}, second)
            yield "host", point("diskio", {"name": "sda"}, {"write_bytes": 9_000_000 * up_s}, second)

    def _losses(self) -> Lines:
        for second in range(NOW_S - 20 * MINUTE_S, NOW_S - int(self.stopped_s.get("internal_write", 0)) + 1, 10):
            # An old loss, from before Telegraf was started anew.
            old = 7 if second < NOW_S - 13 * MINUTE_S else 0
            is_late = second > NOW_S - 3 * MINUTE_S
            outputs = {
                ("energy", "influxdb_v2"): (is_late * self.dropped + old, 0),
                ("host", "influxdb_v2"): (0, is_late * self.refused),
                ("heartbeat", "http"): (is_late * self.heartbeats, 0),
            }
            for (alias, output), (dropped, rejected) in outputs.items():
                values = {"metrics_dropped": dropped, "metrics_rejected": rejected, "buffer_size": 3}
                yield "host", point("internal_write", {"alias": alias, "output": output}, values, second)
        for second in range(NOW_S - 20 * MINUTE_S, NOW_S - int(self.stopped_s.get("wattline_bus", 0)) + 1, 10):
            lines_dropped = float(self.lines_dropped) if second > NOW_S - 3 * MINUTE_S else 0.0
            values = {"lines_dropped": lines_dropped, "slots": float(second - NOW_S + HOUR_S)}
            if self.has_journal and second <= NOW_S - (self.journal_gone_s or 0):
                values["journal_on"] = float(second <= NOW_S - self.journal_off_s)
            yield "host", point("wattline_bus", {"port": "/dev/ttyRS485"}, values, second)
        if self.journal_gone_s:
            last_s = NOW_S - self.journal_gone_s
            yield "host", point("wattline_bus", {"port": "/dev/ttyRS485"}, {"slots": 0.0, "journal_on": 1.0}, last_s)

    def _backups(self) -> Lines:
        ended = {"run": self.last_run_h, "verify": self.last_verify_h, "offsite": self.last_offsite_h}
        ended["reconcile"] = self.last_reconcile_h if self.has_journal else None
        for kind, hours in ended.items():
            if hours is not None:
                values = {"success": 1.0, "bytes": 1e8, "duration_s": 20.0}
                if kind == "run":
                    # That of an older backup is not asked for.
                    older = {"success": 1.0, "sheet_confirmed": 1.0 - self.sheet_confirmed}
                    yield "host", point("wattline_backup", {"kind": kind}, older, NOW_S - int((hours + 1) * HOUR_S))
                    values["sheet_confirmed"] = self.sheet_confirmed
                yield "host", point("wattline_backup", {"kind": kind}, values, NOW_S - int(hours * HOUR_S))
        for kind, hours in self.failed_h.items():
            yield "host", point("wattline_backup", {"kind": kind}, {"success": 0.0}, NOW_S - int(hours * HOUR_S))

    def _completeness(self) -> Lines:
        # Local midnight of Rome, in winter; an hour of each day is known not to have been metered.
        for meter in ROLES if self.has_journal else ():
            for day in range(10):
                due = 13.0 * HOUR_S if day == 0 else float(DAY_S)
                metered = due - HOUR_S
                values = {"due": due, "metered": metered, "off": float(HOUR_S)}
                values["stored"] = metered - (self.missing_s.get(meter, 0.0) if day == self.missing_day else 0.0)
                yield (
                    "energy_1d",
                    point("wattline_completeness", {"meter": meter}, values, NOW_S - 13 * HOUR_S - day * DAY_S),
                )


def tags(meter: str) -> dict[str, str]:
    """Those of a meter's readings."""
    return {"meter": meter, "role": ROLES.get(meter, "load")}


def point(measurement: str, of: dict[str, str], values: dict[str, float], second: int) -> str:
    """One line of line protocol; whole numbers of Python are integers in it."""
    key = ",".join([measurement, *(f"{name}={value}" for name, value in ({"site": "home"} | of).items())])
    written = (f"{name}={value}i" if isinstance(value, int) else f"{name}={value}" for name, value in values.items())
    return f"{key} {','.join(written)} {second}"
