"""A stick as a source of points: it speaks unasked, and its port comes and goes."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from statistics import median

from wattline import fields
from wattline.clock import NS, Slot
from wattline.fields import ELECTRICITY
from wattline.log import LOG
from wattline.rainforest.ask import NUDGE, PATIENCE_S, PER_METER, Asker, Command, at_start, for_meter
from wattline.rainforest.fragment import Fragment
from wattline.rainforest.interpreter import Interpreter, News
from wattline.rainforest.models import USUAL_PERIOD_S, StickMeter
from wattline.rainforest.port import StickPort
from wattline.rainforest.record import Recorder
from wattline.reading import Absence, Point
from wattline.status import listed, of_meter

# Periods of silence after which the stick is asked.
NUDGE_PERIODS = 3
SHORTEST_PERIOD_S, LONGEST_PERIOD_S = 4.0, 60.0
PERIODS_KEPT = 9
SILENT_S = 300.0
# So often at the most it is asked for the time because readings come late.
TIME_S = 900.0
# A power that the meter itself is asked for costs the radio; so it is never asked for more often.
REFRESH_S = 60.0
# So often a stick that has lost its meter is asked for it, since its word that it is back may be lost.
LINK_S = 60.0
# What waits for a slot; a stick says no more in an hour.
FRAGMENTS_KEPT = 5000


class Stick:
    """The meters behind one stick.

    Args:
        port: the port, closed.
        meters: who is read.
        believes: whether the wall clock is right.
        monotonic: seconds of a clock that never steps.
        recorder: keeps all that comes.

    Attributes:
        interpreter: makes points of what comes.
    """

    speaks_unasked = True

    def __init__(
        self,
        port: StickPort,
        meters: Sequence[StickMeter],
        believes: Callable[[], bool] = lambda: True,
        monotonic: Callable[[], float] = time.monotonic,
        recorder: Recorder | None = None,
    ) -> None:
        self.interpreter = Interpreter(meters)
        self._port, self._meters = port, meters
        self._believes, self._monotonic, self._recorder = believes, monotonic, recorder
        self._asker = Asker(self._send, meters[0].model.hourly)
        self._came: deque[tuple[float, News]] = deque(maxlen=FRAGMENTS_KEPT)
        # When it told a demand last, and since when one is waited for: that it was opened anew brings none.
        self._demand_s = self._waiting_s = monotonic()
        self._heard_s = self._reading_s = self._demand_s
        self._periods: deque[float] = deque(maxlen=PERIODS_KEPT)
        self._nudged_s = self._refreshed_s = self._link_s = self._time_s = float("-inf")
        self._said: dict[str, dict[str, float]] = {}
        self._polls = 0

    def poll(self, slot: Slot) -> list[Point]:
        """What has come since the last slot; nothing is waited for."""
        self.attend()
        self._polls += self._port.is_open
        is_believed = self._believes()
        points = []
        while self._came:
            came_s, news = self._came.popleft()
            before_s = max(0, int(slot.began_s - came_s))
            points += self.interpreter.points(news, slot.time_ns - before_s * NS, is_believed=is_believed)
        for point in points:
            if point.measurement == ELECTRICITY:
                self._said.setdefault(point.tags["meter"], {}).update(point.numbers)
                self._reading_s = slot.began_s - (slot.time_ns - point.time_ns) / NS
        return points

    def attend(self) -> None:
        """Take what has come, ask what is due, and look whether the stick still speaks."""
        now_s = self._monotonic()
        if self._port.ready():
            self._asker.opened(now_s)
            self._heard_s = self._waiting_s = now_s
            self.interpreter.cut()
            if self._recorder:
                self._recorder.cut()
        if not self._port.is_open:
            return
        data = self._port.read()
        if data and self._recorder:
            self._recorder.write(data)
        for fragment in self.interpreter.feed(data):
            self._hear(fragment, now_s)
        self._look_at_silence(now_s)
        if self._port.is_open and self._port.is_stick:
            self._asker.turn(now_s, self.interpreter.owners.macs)

    def ask(self, name: str) -> None:
        """Ask for something now, of each meter that is read.

        Raises:
            WordError: it is never asked.
        """
        for mac in sorted(self.interpreter.owners.macs):
            self._asker.nudge(for_meter(name, mac))

    def ask_for_all(self) -> None:
        """Ask for what a person wants to see at once."""
        for name in (NUDGE, PER_METER):
            self.ask(name)

    def absences(self, slot: Slot) -> list[Absence]:  # noqa: ARG002 (nothing is due of a stick)
        """None: it speaks when it wants to."""
        return []

    def idle(self, slot: Slot) -> None:
        """There is nothing to be done: the stick speaks when it wants to."""

    def report(self, slot: Slot) -> list[Point]:
        """The health of the stick, and of each meter behind it."""
        interpreter, asker, framer = self.interpreter, self._asker, self.interpreter.framer
        health = {
            "fragments": interpreter.fragments,
            "dropped_fragments": framer.dropped_fragments + interpreter.malformed,
            "unknown_fragments": framer.unknown_fragments,
            "repeated_fragments": interpreter.once.repeated,
            "foreign_fragments": interpreter.owners.foreign,
            "exchanged_meters": interpreter.owners.exchanged,
            "stale_fragments": interpreter.stale,
            "unreadable_values": interpreter.unreadable,
            "nul_bytes": framer.nul_bytes,
            "dropped_bytes": framer.dropped_bytes,
            "asked": asker.asked,
            "unanswered": asker.unanswered,
            "warnings": interpreter.warnings,
            "reopenings": self._port.reopenings,
            "silence_s": max(0, round(self._monotonic() - self._heard_s)),
            "is_open": self._port.is_open,
        }
        values = {name: float(value) for name, value in health.items()}
        return [
            *(self._report_of(meter, slot) for meter in self._meters),
            Point(fields.STICK_HEALTH, {"port": self._port.name}, values, slot.time_ns),
        ]

    def health(self) -> dict[str, float]:
        """What the stick adds to ``wattline_bus``."""
        return {"reopenings": float(self._port.reopenings)}

    def status(self) -> str:
        """Whether the stick is there, and what its meters said last."""
        now_s = self._monotonic()
        if self._port.lost_s is not None:
            return f"the stick is away for {now_s - self._port.lost_s:.0f} s"
        if not self._said:
            return "the stick has told no reading yet"
        link = "" if self.interpreter.is_linked else ", and has lost its meter"
        words = [of_meter(meter.name, self._said.get(meter.name)) for meter in self._meters]
        return f"the stick's last reading is {now_s - self._reading_s:.0f} s old{link} ({listed(words)})"

    def meter_id(self) -> str | None:
        """The radio's address of the first meter; None as long as it is not known."""
        return self.interpreter.owners.id_of(self._meters[0]) or None

    def close(self) -> None:
        """Give the port back."""
        self._port.close()
        if self._recorder:
            self._recorder.close()

    def _report_of(self, meter: StickMeter, slot: Slot) -> Point:
        counts = self.interpreter.counts[meter.name]
        names = ("replies", "implausible_values", "energy_withheld", "energy_resets")
        values = {"polls": float(self._polls)} | {name: float(counts[name]) for name in names}
        return Point(fields.METER_HEALTH, {"meter": meter.name, "model": meter.model.name}, values, slot.time_ns)

    def _send(self, command: Command) -> bool:
        """The one place from which anything goes to a stick."""
        LOG.debug("%s: %s is asked.", self._port.name, command.name)
        return self._port.write(command.encoded)

    def _hear(self, fragment: Fragment, now_s: float) -> None:
        """Take a fragment: whatever it is, a stick is there; what it has said before is no sign that it hears anything."""
        self._port.heard()
        self._asker.heard(fragment.name)
        for mac in self.interpreter.owners.unknown:
            self._asker.want(for_meter("get_meter_info", mac))
        repeated = self.interpreter.once.repeated
        news = self.interpreter.news(fragment, now_s)
        if self.interpreter.once.repeated == repeated:
            self._heard_s = now_s
        if news is None:
            return
        self._came.append((now_s, news))
        if fragment.name == "instantaneousdemand":
            # One that it was made to fetch tells nothing of its own periods.
            if now_s > self._waiting_s and now_s - self._refreshed_s > PATIENCE_S:
                self._periods.append(now_s - self._waiting_s)
            self._demand_s = self._waiting_s = now_s

    def _look_at_silence(self, now_s: float) -> None:
        """Ask a stick that has told no demand for three of its periods; open its port anew after five minutes of nothing."""
        if now_s - self._heard_s >= SILENT_S:
            self._port.reopen(f"The stick has said nothing new for {SILENT_S:.0f} s")
        elif not self.interpreter.is_linked and now_s - self._link_s >= LINK_S:
            self._link_s = now_s
            self._asker.nudge(Command("get_network_info"))
        elif self.interpreter.is_clock_in_doubt and now_s - self._time_s >= TIME_S:
            self._time_s = now_s
            self._asker.nudge(at_start("get_time"))
        elif now_s - max(self._waiting_s, self._nudged_s) >= NUDGE_PERIODS * self._period_s():
            self._nudge(now_s)

    def _nudge(self, now_s: float) -> None:
        """Ask for the power: first for what the stick has kept, and where that was nothing new, of the meter itself."""
        was_in_vain = self._nudged_s > self._demand_s or self._refreshed_s >= self._demand_s - PATIENCE_S
        is_due = was_in_vain and now_s - self._refreshed_s >= REFRESH_S
        self._nudged_s = now_s
        self._refreshed_s = now_s if is_due else self._refreshed_s
        for mac in sorted(self.interpreter.owners.macs):
            self._asker.nudge(for_meter(NUDGE, mac, is_refreshed=is_due))

    def _period_s(self) -> float:
        """Seconds from demand to demand, as they were of late."""
        usual_s = median(self._periods) if self._periods else USUAL_PERIOD_S
        return min(max(usual_s, SHORTEST_PERIOD_S), LONGEST_PERIOD_S)
