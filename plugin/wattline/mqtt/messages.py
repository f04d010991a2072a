"""Readings as text: as JSON, and as the programs wrote them that wattline replaces."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

OLD_READINGS, OLD_DIRECT = "test_device/readings", "test_device/readingsTest"


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading of a meter, as it is shown.

    Attributes:
        time_s: seconds since 1970.
        tags: at least ``meter``.
        values: field to value, at the decimals of the meter.
    """

    time_s: int
    tags: Mapping[str, str] = field(hash=False)
    values: Mapping[str, float] = field(hash=False)

    @property
    def meter(self) -> str:
        """The user's name of the meter."""
        return self.tags["meter"]


def to_json(reading: Reading) -> str:
    """The reading with its time, twice, and its tags."""
    time = datetime.fromtimestamp(reading.time_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return _compact({"time": time, "time_s": reading.time_s, **reading.tags, **reading.values})


def to_state(values: Mapping[str, float]) -> str:
    """Values alone."""
    return _compact(values)


def _compact(values: Mapping[str, object]) -> str:
    return json.dumps(values, separators=(",", ":"), ensure_ascii=False)


def old_messages(reading: Reading, energies: Mapping[str, float], meter_id: str) -> dict[str, str]:
    """Topic to message, as a tuple and as a list without its brackets; none where there is no power.

    Args:
        reading: a reading.
        energies: the newest of its meter's counters, ``energy_import_kwh`` and ``energy_export_kwh``.
        meter_id: the address of the meter's radio in hex digits; empty where there is none.
    """
    if "power_w" not in reading.values:
        return {}
    # Their readers take it for local time.
    local = datetime.fromtimestamp(reading.time_s)
    run, run_id = reading.tags.get("run", ""), reading.tags.get("run_id", "")
    # With its seconds always: Python leaves out those that are zero, over which the old reader stumbled.
    moment = f"datetime.datetime({local:%Y}, {local.month}, {local.day}, {local.hour}, {local.minute}, {local.second})"
    demand = round(reading.values["power_w"])
    direct = [local.isoformat(), _number(meter_id), reading.values["power_w"] / 1000, run, run_id]
    summations = [energies.get("energy_import_kwh", ""), energies.get("energy_export_kwh", "")]
    return {
        OLD_READINGS: f"({moment}, {demand}, 1, 1000, {run!r}, {run_id!r})",
        OLD_DIRECT: repr([*direct, *summations])[1:-1],
    }


def _number(meter_id: str) -> int:
    digits = meter_id.removeprefix("0x").replace(":", "")
    try:
        return int(digits, 16)
    except ValueError:
        return 0
