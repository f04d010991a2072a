"""Which readings that were due did not come, and why: what a sum over the seconds of a day needs to come out."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from wattline.clock import NS, Slot
from wattline.plan import SLOW_S
from wattline.reading import Absence, Reason
from wattline.words import Meter

# Of the slots that were missed in one go, the last so many are told; a process that was stopped for hours tells no more.
MISSED_TOLD = 3600


def due_s(meter: Meter, interval_s: int) -> int:
    """Seconds from one reading of ``meter`` that is due to the next, on a port with slots of ``interval_s``."""
    moves = any(row.pace == "fast" for row in meter.model.rows)
    return max(meter.interval_s, interval_s) if moves else max(meter.interval_s, interval_s, int(SLOW_S))


def offsets_s(meters: Sequence[Meter], interval_s: int) -> dict[str, int]:
    """The second of its term at which a reading of each meter is due, if that term is longer than a slot; else 0.

    Terms are counted from 1970 on. ``meters`` are those of a bus, in their order, which spreads them over the seconds.
    """
    lengths_s = {meter.name: due_s(meter, interval_s) for meter in meters}
    return {
        name: int(place / len(meters) * length_s) if length_s > interval_s else 0
        for place, (name, length_s) in enumerate(lengths_s.items())
    }


class Roll:
    """Calls the roll in each slot.

    Args:
        meters: those on the bus, in their order.
        interval_s: seconds from slot to slot.
    """

    def __init__(self, meters: Iterable[Meter], interval_s: int) -> None:
        meters = list(meters)
        offsets = offsets_s(meters, interval_s)
        self._terms = {meter.name: _Term(due_s(meter, interval_s), interval_s, offsets[meter.name]) for meter in meters}

    def call(self, slot: Slot, reasons: Mapping[str, Reason | None]) -> list[Absence]:
        """Who was due and gave no reading, in ``slot`` and in those that were missed before it.

        Args:
            slot: the slot.
            reasons: the name of each meter that gave no reading to why not; None where none was due.
        """
        absent: dict[int, dict[str, Reason]] = {}
        for name, term in self._terms.items():
            for second in slot.missed[-MISSED_TOLD:]:
                _enter(absent, name, term.note(second, Reason.BUSY, has_reading=False))
            has_reading = name not in reasons
            _enter(absent, name, term.note(slot.time_ns // NS, reasons.get(name), has_reading=has_reading))
        return [Absence(of, second * NS) for second, of in sorted(absent.items())]


def _enter(absent: dict[int, dict[str, Reason]], name: str, found: Iterable[tuple[int, Reason]]) -> None:
    for second, reason in found:
        absent.setdefault(second, {})[name] = reason


class _Term:
    """The readings of one meter: one is due in each slot, or in each of longer terms, which begin at seconds of its own.

    Args:
        length_s: seconds from one that is due to the next.
        interval_s: seconds from slot to slot.
        offset_s: the second of a longer term at which it begins, as a member of the bus has it.
    """

    def __init__(self, length_s: int, interval_s: int, offset_s: int) -> None:
        self._length_s, self._is_each_slot = length_s, length_s <= interval_s
        self._offset_s = offset_s
        self._number: int | None = None
        # Set as a term begins.
        self._has_reading: bool
        self._reason: Reason | None = None

    def note(self, second: int, reason: Reason | None, *, has_reading: bool) -> Iterator[tuple[int, Reason]]:
        """Note what came of a slot; the second and the reason of a reading that is now known to be absent."""
        if self._is_each_slot:
            if reason and not has_reading:
                yield second, reason
            return
        number, into_s = divmod(second - self._offset_s, self._length_s)
        if number != self._number:
            if self._number is not None and not self._has_reading:
                yield self._number * self._length_s + self._offset_s, self._reason or Reason.BUSY
            # Of a term that began before this did, nothing is said; after a step of the clock it may begin in the middle as well.
            is_next = self._number is not None and number == self._number + 1
            self._number, self._reason = number, None
            self._has_reading = bool(into_s) and not is_next
        self._has_reading |= has_reading
        self._reason = self._reason or reason
