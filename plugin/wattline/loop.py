"""The loop that conducts: a slot, what each source says in it, and off to Telegraf."""

from collections.abc import Sequence
from typing import Protocol

from wattline import fields
from wattline.clock import Clock, Slot
from wattline.hold import Hold
from wattline.line import to_line
from wattline.output import Output
from wattline.reading import Point
from wattline.registers import on_grain
from wattline.runs import Run
from wattline.status import Tally, sentence
from wattline.stop import Stopped

REPORT_S = 10.0


class Source(Protocol):
    """Whatever gives points: a bus is polled, other sources may speak unasked.

    Attributes:
        speaks_unasked: whether it speaks when it wants to, so that most slots have no reading.
    """

    speaks_unasked: bool

    def poll(self, slot: Slot) -> list[Point]:
        """The readings of one slot."""

    def idle(self, slot: Slot) -> None:
        """The readings are out; the rest of the slot is free."""

    def attend(self) -> None:
        """Nothing is to be done until the next slot: called every few seconds, and not to take long."""

    def report(self, slot: Slot) -> list[Point]:
        """Points about the source itself."""

    def health(self) -> dict[str, float]:
        """What the source adds to ``wattline_bus``."""

    def status(self) -> str:
        """How it is, in a few words for a person."""

    def meter_id(self) -> str | None:
        """What its first meter is called by its maker; empty where it has no such name, None as long as it is not known."""

    def close(self) -> None:
        """The end."""


class Loop:
    """Turns once a slot.

    Args:
        clock: hands out the slots.
        source: gives the points.
        hold: keeps them while the clock is wrong.
        output: takes the lines.
        port_name: the tag of ``wattline_bus``.
        run: what the readings are taken for.

    Attributes:
        status: how it goes, in a sentence for a person, as of the last report; may be read from any thread.
    """

    def __init__(
        self, clock: Clock, source: Source, hold: Hold, output: Output, port_name: str, *, run: Run | None = None
    ) -> None:
        self._clock = clock
        self._source = source
        self._hold = hold
        self._output = output
        self._port_name = port_name
        self._run = run
        self.status = f"{port_name}: no reading yet."
        self._tally = Tally(clock.interval_s, speaks_unasked=source.speaks_unasked)
        self._slots = 0
        self._worst_delay_s = 0.0
        self._reported_s: float | None = None

    def run(self) -> None:
        """Turn until the process is asked to end."""
        try:
            while slot := self._clock.next_slot(meanwhile=self._attend):
                self._slots += 1
                self._worst_delay_s = max(self._worst_delay_s, slot.delay_s)
                points = self._source.poll(slot)
                has_reading = any(point.measurement == fields.ELECTRICITY for point in points)
                self._tally.note(has_reading=has_reading, missed_slots=self._clock.missed_slots)
                if self._run:
                    points = self._run.through(slot, points, self._source)
                self._put(self._hold.through(slot, points + self._report(slot)))
                self._source.idle(slot)
        except Stopped:
            pass
        finally:
            self._put_due()
            self._hold.close()
            self._source.close()

    def _put(self, points: Sequence[Point]) -> None:
        self._output.put([to_line(point) for point in points])

    def _attend(self) -> None:
        self._put_due()
        self._source.attend()

    def _put_due(self) -> None:
        """Points that were held need not wait for the next slot, which may be an hour away."""
        if points := self._hold.due():
            self._put(points)

    def _report(self, slot: Slot) -> list[Point]:
        """The self-metrics, when the last are ten seconds old; the sentence for a person is made anew with them."""
        due_s = REPORT_S - self._clock.interval_s / 2
        if self._reported_s is not None and slot.began_s - self._reported_s < due_s:
            return []
        self._reported_s = slot.began_s
        own = {
            "slots": float(self._slots),
            "missed_slots": float(self._clock.missed_slots),
            "start_delay_ms": on_grain(self._worst_delay_s * 1000, 1),
            "clock_steps": float(self._clock.steps),
            "clock_synchronised": float(self._hold.believes()),
            "readings_held": float(len(self._hold)),
            "readings_discarded": float(self._hold.discarded),
            "lines_written": float(self._output.written),
            "lines_waiting": float(len(self._output)),
            "lines_dropped": float(self._output.dropped),
        }
        self._worst_delay_s = 0.0
        self.status = sentence(self._port_name, self._source.status(), self._tally, len(self._hold), len(self._output))
        bus = Point(fields.BUS_HEALTH, {"port": self._port_name}, own | self._source.health(), slot.time_ns)
        return [*self._source.report(slot), bus]
