"""What is known of a meter: its newest values, and whether what comes of it is of now."""

import math
from dataclasses import dataclass, field

from wattline.fields import ELECTRICITY_FIELDS
from wattline.mqtt.discovery import EXPIRE_AFTER_S
from wattline.mqtt.messages import Reading

# As far as the clock of a stick's meter is believed to be behind; see the plugin's README.
MOST_BEHIND_S = 15 * 60
# A clock that is off stays off by as much, while a backlog catches up: at more than twice the pace of the clock this is seen.
COMPARED_AFTER_S, STEADY_S = 10, 15


class Lag:
    """By how much the readings of a meter are behind, and whether they are of now all the same."""

    def __init__(self) -> None:
        self._compared_s, self._lag_s, self._is_steady = -math.inf, math.inf, False

    def is_now(self, time_s: float, now_s: float) -> bool:
        """Whether a reading of ``time_s`` that comes at ``now_s`` is the meter's present.

        It is when it is less than a minute behind; and when it is no more than ``MOST_BEHIND_S`` behind, and as much as
        the one before, so that it is the clock that is off.
        """
        lag_s = now_s - time_s
        is_alike = abs(lag_s - self._lag_s) < STEADY_S
        if now_s - self._compared_s >= COMPARED_AFTER_S:
            self._compared_s, self._lag_s, self._is_steady = now_s, lag_s, is_alike
        return lag_s < EXPIRE_AFTER_S or (lag_s <= MOST_BEHIND_S and is_alike and self._is_steady)


@dataclass(slots=True)
class Meter:
    """What is known of one.

    Attributes:
        site: where it is.
        values: the newest of each field.
        told: the fields of which Home Assistant was told.
        said_s: when the state was said.
    """

    site: str
    values: dict[str, float] = field(default_factory=dict)
    told: frozenset[str] = frozenset()
    said_s: float = -math.inf
    _read_s: dict[str, int] = field(default_factory=dict)
    _holds_from_s: dict[str, float] = field(default_factory=dict)
    _lag: Lag = field(default_factory=Lag)

    def take(self, reading: Reading, now_s: float) -> bool:
        """Keep what is newer than what is known; returns whether ``reading`` is of now."""
        is_now = self._lag.is_now(reading.time_s, now_s)
        for name, value in reading.values.items():
            if reading.time_s < self._read_s.get(name, 0):
                continue
            self.values[name] = value
            self._read_s[name] = reading.time_s
            self._holds_from_s[name] = now_s if is_now else reading.time_s
        return is_now

    def state(self, now_s: float) -> dict[str, float]:
        """The values that hold: a counter for ever, a gauge for a minute."""
        return {
            name: value
            for name, value in self.values.items()
            if ELECTRICITY_FIELDS[name].kind == "counter" or now_s - self._holds_from_s[name] < EXPIRE_AFTER_S
        }
