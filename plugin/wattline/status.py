"""One sentence about how the metering goes, for the person who asks systemd: bounded, whatever the names and how many."""

from collections import deque
from collections.abc import Mapping, Sequence

HOUR_S = 3600
PORT_CHARACTERS = 100
LIST_CHARACTERS = 200


class Tally:
    """In how many of the slots of the last hour there was a reading; with longer intervals, of the last 24 slots.

    Slots are counted, not the time of day: so no step of the clock, no midnight and no time zone changes it.

    Args:
        interval_s: seconds from slot to slot.
        speaks_unasked: whether a slot without a reading is nothing lost, since nothing was asked in it.
    """

    def __init__(self, interval_s: int, *, speaks_unasked: bool = False) -> None:
        self._interval_s, self._speaks_unasked = interval_s, speaks_unasked
        self._slots: deque[bool] = deque(maxlen=max(24, HOUR_S // interval_s))
        self._missed_slots = 0

    def note(self, *, has_reading: bool, missed_slots: int) -> None:
        """Count a slot, and those that were missed before it; ``missed_slots`` is how many there were since the start."""
        self._slots.extend([False] * (missed_slots - self._missed_slots))
        self._missed_slots = missed_slots
        self._slots.append(has_reading)

    def __str__(self) -> str:
        if self._speaks_unasked:
            minutes = max(1, round(len(self._slots) * self._interval_s / 60))
            return f"readings in the last {minutes} min: {sum(self._slots)}"
        slots = "seconds" if self._interval_s == 1 else f"slots of {self._interval_s} s"
        return f"a reading in {sum(self._slots)} of the last {len(self._slots)} {slots}"


def of_meter(name: str, values: Mapping[str, float] | None) -> str:
    """A meter with the power and the voltage that it said last; None is one that does not answer."""
    if values is None:
        return f"{name} does not"
    power_w, voltage_v = (values.get(field) for field in ("power_w", "voltage_v"))
    power = f" {round(power_w)} W" if power_w is not None else ""
    voltage = f" {voltage_v:.1f} V" if voltage_v is not None else ""
    return f"{name}{power}{voltage}"


def listed(words: Sequence[str]) -> str:
    """``words`` with commas between them; where they are too many, how many more there are. The first is always there."""
    length = shown = 0
    for word in words:
        length += len(word) + len(", ")
        if shown and length > LIST_CHARACTERS:
            break
        shown += 1
    more = [f"{len(words) - shown} more"] if shown < len(words) else []
    return ", ".join([*words[:shown], *more])


def sentence(port_name: str, source: str, tally: Tally, held: int, waiting: int) -> str:
    """How it goes on a port, the port first, since those of several ports are shown in turn.

    Args:
        port_name: the port.
        source: what the source says of itself.
        tally: the slots.
        held: slots whose readings wait for the clock.
        waiting: lines that wait for Telegraf.
    """
    port = port_name if len(port_name) <= PORT_CHARACTERS else f"...{port_name[-PORT_CHARACTERS:]}"
    clock = f"; those of {held} wait until the clock is right" if held else ""
    lines = f"; {waiting} lines wait for Telegraf to read them" if waiting else ""
    return f"{port}: {source}; {tally}{clock}{lines}."
