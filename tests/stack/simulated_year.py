"""Four hundred days of a simulated house, written as the rollups would have written them, in line protocol.

Three meters: `house` at the grid (with tariffs, and counters both ways), `heatpump` (a load on three lines), `solar`. The
house is metered each second for six hours; before that there are minutes for eight days, quarter-hours and days for 400.
Of the price of `house`, and of the radio and the clock of its meter, a stick tells.
"""

import math
import random
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from stack.counted_days import CountedDays

DAYS, MINUTE_DAYS, RAW_HOURS, HOST_DAYS = 400, 8, 6, 2
MINUTE, QUARTER, DAY = 60, 900, 86400
TAGS = {"house": "grid", "heatpump": "load", "solar": "solar"}
# Seconds before the end at which nothing was metered, and for how long.
GAPS = {1800: 90, 3000: 40, 5 * 3600: 420, 20 * DAY: 3 * 3600}


def _noise(key: int) -> float:
    """-1 to 1, the same for the same key."""
    return ((key * 2654435761) % 4294967296) / 2147483648 - 1


def load_w(second: int) -> float:
    """What the house uses, without the heat pump."""
    hour, weekday = (second + 3600) % DAY / 3600, ((second + 3600) // DAY + 3) % 7
    evening = 900 * math.exp(-(((hour - 19.5) / 1.8) ** 2))
    morning = (450 if weekday < 5 else 250) * math.exp(-(((hour - (7.2 if weekday < 5 else 9.5)) / 1.1) ** 2))
    noon = (80 if weekday < 5 else 500) * math.exp(-(((hour - 12.7) / 1.3) ** 2))
    appliance = 700 if _noise(second // 2700) > 0.8 and 7 < hour < 23 else 0
    fridge = 90 if second % 2400 < 900 else 0
    habits = (evening + morning + noon) * (1 + 0.3 * _noise(second // 420))
    return 110 + habits + appliance + fridge + 12 * _noise(second // 40) + 5 * _noise(second)


def heat_w(second: int) -> float:
    """What the heat pump uses."""
    winter = 0.5 + 0.5 * math.cos(2 * math.pi * (second / DAY - 20) / 365.25)
    return 20 + 500 * winter * (_noise(second // 1500 * 7) > 0.2) + 5 * _noise(second + 7)


def solar_w(second: int) -> float:
    """What the panels give."""
    hour = (second + 3600) % DAY / 3600
    summer = 0.5 - 0.5 * math.cos(2 * math.pi * (second / DAY + 10) / 365.25)
    sun = max(0.0, math.cos((hour - 13) / (8 + 6 * summer) * math.pi))
    return (500 + 1500 * summer) * sun * (0.6 + 0.4 * _noise(second // DAY)) * (1 + 0.05 * _noise(second // 60))


def gauges(second: int, meter: str) -> dict[str, float]:
    """The gauges of a meter in a second."""
    sun = solar_w(second)
    if meter == "solar":
        return {"power_w": -sun, "voltage_v": 231 + _noise(second)}
    power = heat_w(second) if meter == "heatpump" else load_w(second) + heat_w(second) - sun
    voltage, reactive = 230 + 4 * _noise(second // 600) + 0.5 * _noise(second) - power / 1500, 90 + 0.05 * power
    apparent = math.hypot(power, reactive)
    values = {
        "voltage_v": voltage,
        "current_a": apparent / voltage,
        "power_w": power,
        "reactive_power_var": reactive,
        "apparent_power_va": apparent,
        "power_factor": power / apparent,
        "frequency_hz": 50 + 0.02 * _noise(second // 20),
    }
    if meter == "heatpump":
        for line in (1, 2, 3):
            values[f"voltage_l{line}_v"] = voltage + 2 * _noise(second // 600 + line)
            values[f"current_l{line}_a"] = values["current_a"] / 3 * (0.8 + 0.1 * line)
            values[f"power_l{line}_w"] = power / 3 * (0.8 + 0.1 * line)
    return values


def line(measurement: str, tags: Mapping[str, str], fields: Mapping[str, float | str], second: int) -> str:
    """A line of line protocol with the tag of the site."""
    words = "".join(f",{key}={value}" for key, value in {**tags, "site": "home"}.items())
    texts = {key: f'"{value}"' if isinstance(value, str) else f"{value:.10g}" for key, value in fields.items()}
    values = ",".join(f"{key}={text}" for key, text in texts.items())
    return f"{measurement}{words} {values} {second}"


class SimulatedYear:
    """The house, and what it has counted.

    Args:
        end: the present, UTC.
        zone: of the household, for its days.
    """

    def __init__(self, end: datetime, zone: str) -> None:
        self.end = int(end.timestamp())
        self.zone = ZoneInfo(zone)
        self._began = self.end // QUARTER * QUARTER - DAYS * DAY
        # Meter to begin of each quarter-hour that is stored to kWh used and given.
        self.energies = {meter: dict(self._quarters(meter)) for meter in TAGS}
        self._totals = {
            meter: tuple(sum(pair[n] for pair in energies.values()) for n in (0, 1))
            for meter, energies in self.energies.items()
        }

    def is_metered(self, second: int) -> bool:
        """Whether there is a reading in a second."""
        return not any(before - length <= self.end - second < before for before, length in GAPS.items())

    def lines(self) -> Iterator[tuple[str, Iterator[str]]]:
        """Bucket and lines, of all buckets."""
        for meter in TAGS:
            yield "energy", self._raw(meter)
            yield "energy_1m", self._minutes(meter)
            yield "energy_15m", self._quarter_lines(meter)
            yield "energy_1d", self._days(meter)
        yield "energy_1d", iter([line("household", {}, {"contract_power_w": 3000}, self.end - DAYS * DAY)])
        yield "energy", self._tariff()
        yield "host", self._stick()
        yield "host", self._host()
        yield "host", self._backups()
        counted = CountedDays(self.end, self.zone)
        yield "energy_1d", counted.lines()
        yield "host", counted.runs()

    def _quarters(self, meter: str) -> Iterator[tuple[int, tuple[float, float]]]:
        used = given = 0.0
        for quarter in range(self._began, self.end - QUARTER, QUARTER):
            kwh = sum(gauges(second, meter)["power_w"] for second in (quarter + 225, quarter + 675)) / 8000
            used, given = used + max(kwh, 0.0), given + max(-kwh, 0.0)
            # What was metered over a gap counts where the counter is seen again.
            if self.is_metered(quarter):
                yield quarter, (used, given)
                used = given = 0.0

    @staticmethod
    def _tags(meter: str) -> dict[str, str]:
        return {"meter": meter, "role": TAGS[meter]}

    def _counters(self, meter: str, used: float, given: float) -> dict[str, float]:
        tariffs = {f"energy_total_t{n}_kwh": 4000 * n + used / 4 for n in (1, 2, 3, 4)} if meter == "house" else {}
        return {
            "energy_total_kwh": 9000 + used,
            "energy_import_kwh": 7000 + used,
            "energy_export_kwh": given,
            **tariffs,
        }

    def _counted(self, meter: str, second: int) -> dict[str, float]:
        """The counters near the end: there the year's steps are too coarse."""
        used, given = self._totals[meter]
        return self._counters(meter, used + (second - self.end) * 0.0001, given + (second - self.end) * 0.00002)

    def _raw(self, meter: str) -> Iterator[str]:
        for second in range(self.end - RAW_HOURS * 3600, self.end - 4):
            if self.is_metered(second):
                slow = self._counted(meter, second) if second % 10 == 0 else {}
                yield line("electricity", self._tags(meter), gauges(second, meter) | slow, second)

    @staticmethod
    def _spread(values: Mapping[str, float]) -> dict[str, float]:
        """The gauges of a window, with its lowest and highest second."""
        share = {"frequency": 0.0004, "voltage": 0.008, "power_factor": 0.0}
        widths = {name: next((s for stem, s in share.items() if name.startswith(stem)), 0.35) for name in values}
        lowest = {f"{name}_min": value - widths[name] * abs(value) for name, value in values.items()}
        highest = {f"{name}_max": value + widths[name] * abs(value) for name, value in values.items()}
        return {**values, **lowest, **highest}

    def _minutes(self, meter: str) -> Iterator[str]:
        for minute in range(self.end // MINUTE * MINUTE - MINUTE_DAYS * DAY, self.end - MINUTE, MINUTE):
            readings = sum(self.is_metered(second) for second in range(minute, minute + MINUTE, 10)) * 10
            if readings:
                values = self._spread(gauges(minute + 30, meter)) | self._counted(meter, minute)
                counter = {"readings": readings, "consumption_counter_kwh": values["energy_import_kwh"]}
                yield line("electricity", self._tags(meter), values | counter, minute)

    def _quarter_lines(self, meter: str) -> Iterator[str]:
        used = given = 0.0
        for quarter, (consumption, export) in self.energies[meter].items():
            used, given = used + consumption, given + export
            values = self._spread(gauges(quarter + 450, meter)) | self._counters(meter, used, given)
            energies = {"consumption_kwh": consumption, "export_kwh": export, "readings": 900}
            energies["consumption_counter_kwh"] = values["energy_import_kwh"]
            yield line("electricity", self._tags(meter), values | energies, quarter)

    def day(self, second: int) -> int:
        """The begin of the household's day."""
        local = datetime.fromtimestamp(second, self.zone).replace(hour=0, minute=0, second=0, fold=0)
        return int(local.timestamp())

    def _days(self, meter: str) -> Iterator[str]:
        days: dict[int, list[int]] = {}
        for quarter in self.energies[meter]:
            days.setdefault(self.day(quarter), []).append(quarter)
        total_used = total_given = 0.0
        for day, quarters in days.items():
            powers = [gauges(quarter + 450, meter)["power_w"] for quarter in quarters]
            used, given = (sum(self.energies[meter][quarter][n] for quarter in quarters) for n in (0, 1))
            total_used, total_given = total_used + used, total_given + given
            values = self._spread(gauges(day + DAY // 2, meter)) | self._counters(meter, total_used, total_given)
            own = {
                "consumption_counter_kwh": values["energy_import_kwh"],
                "consumption_kwh": used,
                "export_kwh": given,
                "base_load_w": min(powers) if min(powers) >= 0 else max(min(powers[:16]), 0.0),
                "readings": 900 * len(quarters),
            }
            yield line("electricity", self._tags(meter), values | own, day)

    def _host(self) -> Iterator[str]:
        began = self.end // 30 * 30 - HOST_DAYS * DAY
        for second in range(began, self.end - 5, 10):
            yield from self._metering(second, second - began)
        for second in range(began, self.end - 5, 30):
            yield from self._machine(second, second - began)

    @staticmethod
    def _metering(second: int, age: int) -> Iterator[str]:
        wave = math.sin(second / 7000)
        bus = {"busy_percent": 34 + 5 * wave, "missed_slots": age // 30_000, "readings_discarded": 0}
        bus |= {"lines_dropped": 0, "reopenings": 0, "slots": age, "journal_on": 1, "journal_bytes": 120 * age}
        bus |= {"journal_lines_lost": 0, "journal_files_dropped": age // 2700}
        yield line("wattline_bus", {"port": "/dev/ttyRS485"}, bus, second)
        for number, meter in enumerate(TAGS):
            trip = {"round_trip_ms": 31 + number + wave, "round_trip_max_ms": 44 + number + 5 * _noise(second)}
            errors = {"timeouts": age // (700 + 300 * number), "checksum_errors": age // 9000, "refusals": 0}
            yield line("wattline_meter", {"meter": meter, "model": "orno-we515"}, trip | errors, second)

    @staticmethod
    def _machine(second: int, age: int) -> Iterator[str]:
        wave, strained = math.sin(second / 7000), int(age % 40_000 < 60)
        flags = {"undervoltage": strained, "frequency_capped": strained, "throttled": 0, "soft_temperature_limit": 0}
        memory = {"used_bytes": 1.6e8 + 2e7 * wave, "limit_bytes": 4e8, "used_percent": 40 + 5 * wave}
        yield line("cpu", {"cpu": "cpu-total"}, {"usage_idle": 88 + 6 * wave + 3 * _noise(second)}, second)
        yield line("mem", {}, {"available_percent": 41 + 5 * wave}, second)
        yield line("swap", {}, {"used_percent": 12 + 3 * wave}, second)
        yield line("system", {}, {"load5": 0.5 + 0.3 * wave + 0.1 * _noise(second), "uptime": 3_000_000 + age}, second)
        yield line("processes", {}, {"total": 151 + age // 30 % 4, "blocked": int(age % 9000 < 60)}, second)
        for interface, rate in {"eth0": 900, "wlan0": 40}.items():
            traffic = {"bytes_recv": 1e6 + rate * age, "bytes_sent": 2e6 + 4 * rate * age}
            yield line("net", {"interface": interface}, traffic, second)
        yield line("disk", {"path": "/", "device": "mmcblk0p2"}, {"used_percent": 23 + age / 1e6}, second)
        yield line("diskio", {"name": "mmcblk0"}, {"write_bytes": 5e6 + 14_000 * age}, second)
        yield line("temp", {"sensor": "cpu_thermal"}, {"temp": 51 + 4 * wave + _noise(second)}, second)
        yield line("pi_power", {}, flags, second)
        yield line("influxdb_memory", {}, memory, second)
        for alias in ("energy", "host"):
            fields = {"buffer_size": 30 + 20 * wave, "buffer_limit": 86400, "metrics_dropped": 0}
            fields |= {"metrics_rejected": 0, "write_time_ns": 2.1e7 + 8e6 * _noise(second)}
            yield line("internal_write", {"output": "influxdb_v2", "alias": alias}, fields, second)

    def _tariff(self) -> Iterator[str]:
        money = {"meter": "house", "currency": "EUR"}
        for second in range(self.end // 90 * 90 - 60 * DAY, self.end, 90):
            is_night = second % DAY < 6 * 3600
            told = {"price_per_kwh": 0.21 if is_night else 0.29, "tier": 1 if is_night else 2}
            yield line("electricity_price", money, told | {"rate_label": "Night" if is_night else "Day"}, second)
        for block, values in {"1": {"price_per_kwh": 0.29, "threshold_kwh": 300}, "2": {"price_per_kwh": 0.35}}.items():
            yield line("electricity_block_price", money | {"block": block}, values, self.end - 3600)
        period = {"energy_kwh": 123, "start_s": self.end - 20 * DAY}
        yield line("electricity_period", {"meter": "house", "period": "current"}, period, self.end - 3600)

    def _stick(self) -> Iterator[str]:
        house, link = {"meter": "house"}, {"link_percent": 90, "is_connected": 1, "status": "Connected"}
        for hour in range(HOST_DAYS * 24):
            yield line("wattline_link", house, link, self.end - 900 - hour * 3600)
        message = {"text": "The power is off on Monday.", "is_confirmation_required": 1, "is_confirmed": 0}
        yield line("wattline_message", house, message, self.end - DAY)
        for second in range(self.end // 900 * 900 - HOST_DAYS * DAY, self.end - 5, 900):
            yield line("wattline_clock", house, {"drift_s": _noise(second)}, second)
        for second in range(self.end // 30 * 30 - HOST_DAYS * DAY, self.end - 5, 10):
            left_out = dict.fromkeys(("dropped_fragments", "unknown_fragments", "unreadable_values", "warnings"), 0)
            yield line("wattline_stick", {"port": "auto"}, left_out | {"silence_s": second % 15}, second)

    def _backups(self) -> Iterator[str]:
        dice = random.Random(1)
        for hour in range(29 * 24):
            ended, size, took = self.end - 1200 - hour * 3600, 2.9e8 - 2e5 * hour, 20 + 10 * dice.random()
            # A fortnight's shard, which is fetched whole; it begins anew when the shard does.
            written = {"bytes": size, "written_bytes": 1e5 + 4e4 * ((29 * 24 - hour) % 336), "sheet_confirmed": 1}
            yield outcome("run", written | {"duration_s": took}, ended)
            kept = {"sets": 64, "removed_sets": 1, "disk_bytes": 1.3 * size, "freed_bytes": 2e6}
            yield outcome("prune", kept | {"duration_s": 0.3}, ended + 1)
        for day in range(29):
            ended = self.end - 6 * 3600 - day * DAY
            sent = {"bytes": 2.9e8 - 5e6 * day, "written_bytes": 1.5e7, "set_s": ended - 2400}
            yield outcome("offsite", sent | {"duration_s": 48}, ended)
        for week in range(4):
            ended = self.end - 3 * DAY - week * 7 * DAY
            proof = {"bytes": 2.9e8 - 2e5 * week, "shards": 61, "restored_shards": 3, "restored_bytes": 3e7}
            yield outcome("verify", proof | {"duration_s": 190}, ended)
            yield outcome("offsite_prune", {"sets": 37, "duration_s": 12}, ended + DAY)
            yield outcome("offsite_check", {"duration_s": 75}, ended + DAY + 90)


def outcome(kind: str, fields: Mapping[str, float], second: int) -> str:
    """What ``wattline-backup`` leaves of a command that succeeded."""
    return line("wattline_backup", {"kind": kind}, {"success": 1, **fields}, second)


def present() -> datetime:
    """Now, to the second."""
    return datetime.now(UTC).replace(microsecond=0)
