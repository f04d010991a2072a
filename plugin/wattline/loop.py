"""The loop that conducts: a slot, what each source says in it, and off to Telegraf, and into the journal if there is one."""

from collections.abc import Sequence
from typing import Protocol

from wattline import fields
from wattline.clock import NS, Clock, Slot
from wattline.hold import Hold
from wattline.line import to_line
from wattline.output import Output
from wattline.reading import Absence, Outcome, Point
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

    def absences(self, slot: Slot) -> list[Absence]:
        """Which readings that were due did not come, in ``slot`` and those missed before it; asked once, after ``poll``.

        Nothing is due of a source that speaks unasked.
        """

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


class Keeper(Protocol):
    """Keeps what goes out; none of it waits."""

    def put(self, lines: Sequence[str]) -> None:
        """Keep ``lines``."""

    def note_absences(self, absences: Sequence[Absence]) -> None:
        """Keep that readings did not come."""

    def note_clock(self, slots: int) -> None:
        """Keep that the readings of so many slots were given up, since the time was not known."""

    def note_set_back(self, second: int) -> None:
        """Keep that the clock was set back, and that what follows is of ``second`` since 1970 and later."""

    def health(self) -> dict[str, float]:
        """What it adds to ``wattline_bus``."""


class Loop:
    """Turns once a slot.

    Args:
        clock: hands out the slots.
        source: gives the points.
        hold: keeps them while the clock is wrong.
        output: takes the lines.
        port_name: the tag of ``wattline_bus``.
        run: what the readings are taken for.
        journal: keeps what goes out.

    Attributes:
        status: how it goes, in a sentence for a person, as of the last report; may be read from any thread.
    """

    def __init__(
        self,
        clock: Clock,
        source: Source,
        hold: Hold,
        output: Output,
        port_name: str,
        *,
        run: Run | None = None,
        journal: Keeper | None = None,
    ) -> None:
        self._clock = clock
        self._source = source
        self._hold = hold
        self._output = output
        self._port_name = port_name
        self._run = run
        self._journal = journal
        self._discarded = 0
        self.status = f"{port_name}: no reading yet."
        self._tally = Tally(clock.interval_s, speaks_unasked=source.speaks_unasked)
        self._slots = 0
        self._worst_delay_s = 0.0
        self._reported_s: float | None = None
        self._last_ns = 0

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
                self._put(self._hold.through(slot, [*points, *self._report(slot), *self._absences(slot)]))
                self._note_discarded()
                self._source.idle(slot)
        except Stopped:
            pass
        finally:
            self._put_due()
            self._hold.close()
            self._note_discarded(len(self._hold))
            self._source.close()

    def _put(self, outcomes: Sequence[Outcome]) -> None:
        lines = [to_line(point) for point in outcomes if isinstance(point, Point)]
        self._output.put(lines)
        if self._journal:
            self._note_set_back(self._journal, outcomes)
            self._journal.put(lines)
            self._journal.note_absences([absence for absence in outcomes if isinstance(absence, Absence)])

    def _note_set_back(self, journal: Keeper, outcomes: Sequence[Outcome]) -> None:
        """Tell the journal where what comes is of an earlier time than what went before.

        The stamps tell, and not the slots: of a slot that was under way they are of the new time already.
        """
        stamps = [outcome.time_ns for outcome in outcomes if not outcome.is_own_time]
        if stamps:
            if max(stamps) < self._last_ns:
                journal.note_set_back(min(stamps) // NS)
            self._last_ns = max(stamps)

    def _absences(self, slot: Slot) -> list[Absence]:
        """For the journal alone."""
        return self._source.absences(slot) if self._journal else []

    def _note_discarded(self, still_held: int = 0) -> None:
        """Tell the journal of slots that were given up since the last call, and of those that are now."""
        discarded = self._hold.discarded + still_held
        if self._journal and discarded > self._discarded:
            self._journal.note_clock(discarded - self._discarded)
        self._discarded = discarded

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
        own |= self._source.health() | (self._journal.health() if self._journal else {})
        bus = Point(fields.BUS_HEALTH, {"port": self._port_name}, own, slot.time_ns)
        return [*self._source.report(slot), bus]
