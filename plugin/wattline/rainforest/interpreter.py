"""From bytes to points: framing, parsing, whose a fragment is, what was said before, what is believed.

Nothing here knows a port or a clock; so a recording is read by the same code as a stick.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from wattline import fields
from wattline.clock import NS
from wattline.log import LOG
from wattline.plausibility.counters import UNKNOWN_POWER_KW, EnergyCounter, Finding
from wattline.rainforest.decode import Context, decode
from wattline.rainforest.facts import READINGS, says_linked, stamp_s
from wattline.rainforest.fragment import Fragment, MalformedError, parse
from wattline.rainforest.framer import Framer
from wattline.rainforest.meterclock import RIGHT_S, MeterClock
from wattline.rainforest.models import StickMeter
from wattline.rainforest.numbers import scale_of
from wattline.rainforest.once import Once
from wattline.rainforest.owners import Owners
from wattline.rainforest.scales import Scales
from wattline.reading import Point, Value
from wattline.registers import LARGEST, Encoding, Row

# A summation comes every few minutes, so it need not be said twice at the start, and two agree on another level.
READS_AT_START, READS_AT_ANOTHER_LEVEL = 1, 2
# What no meter with such a radio has: those are in houses, and in what is not much larger.
LARGEST_POWER_W, LARGEST_ENERGY_KWH = 10e6, 100e6
_COUNTERS = ("energy_import_kwh", "energy_export_kwh")
_ENERGIES = (*_COUNTERS, "energy_kwh", "threshold_kwh")
LARGEST_VALUES = {"power_w": LARGEST_POWER_W, **dict.fromkeys(_ENERGIES, LARGEST_ENERGY_KWH)}
# Without their energy they say nothing.
_OF_ENERGY = frozenset({fields.PERIOD, fields.INTERVAL})


@dataclass(frozen=True, slots=True)
class News:
    """A fragment that says what was not said before.

    Attributes:
        fragment: it.
        meter: whose it is.
        is_linked: whether the stick was connected to its meter when it said that.
    """

    fragment: Fragment
    meter: StickMeter
    is_linked: bool


class Interpreter:
    """What a stick says, made into points.

    Args:
        meters: those that are read.

    Attributes:
        framer, owners, once: the stations, which count what they leave out.
        fragments: whole fragments that came.
        malformed: those of them that were not well formed.
        unreadable: numbers that were none.
        warnings: complaints of the stick.
        stale: readings that were made too long ago, or nobody knows when.
        is_linked: whether the stick is connected to its meter, as far as it has said so.
        counts: name of a meter to counters of ``wattline_meter``.
    """

    def __init__(self, meters: Sequence[StickMeter]) -> None:
        self.framer, self.owners, self.once = Framer(), Owners(meters, self._forget), Once()
        self.fragments = self.malformed = self.unreadable = self.warnings = self.stale = 0
        self.is_linked = True
        self.counts: dict[str, Counter[str]] = {meter.name: Counter() for meter in meters}
        self._clocks = {meter.name: MeterClock() for meter in meters}
        self._scales = Scales()
        self._stamps: dict[tuple[str, str], tuple[int, float]] = {}
        self._counters: dict[tuple[str, str], EnergyCounter] = {}

    def feed(self, data: bytes) -> list[Fragment]:
        """The sound fragments that are whole with ``data``."""
        sound = []
        for whole in self.framer.feed(data):
            self.fragments += 1
            try:
                fragment = parse(whole)
            except MalformedError as error:
                self.malformed += 1
                LOG.debug("%s", error)
                continue
            self.owners.learn(fragment)
            sound.append(fragment)
        return sound

    @property
    def is_clock_in_doubt(self) -> bool:
        """Whether the stick has to be asked for the time, to know whether readings are late or a clock was set back."""
        return any(clock.is_in_doubt for clock in self._clocks.values())

    def cut(self) -> None:
        """The port was opened anew: what it left torn is never completed by what comes now."""
        self.framer.cut()

    def news(self, fragment: Fragment, at_s: float) -> News | None:
        """A fragment, as ``feed`` gave it, as news; None where it is another meter's, or was said before.

        Args:
            fragment: it.
            at_s: when it came, by a clock that never steps.
        """
        meter = self.owners.owner(fragment, at_s)
        if meter is None or not self.once.is_new(fragment, is_linked=self.is_linked):
            return None
        self.warnings += fragment.name in {"warning", "error"}
        if (is_linked := says_linked(fragment)) is not None:
            self.is_linked = is_linked
        if fragment.name in READINGS:
            self.owners.spoke(meter, at_s)
            self.is_linked = self._goes_on(fragment, meter, at_s) or self.is_linked
        return News(fragment, meter, self.is_linked)

    def points(self, news: News, host_ns: int, *, is_believed: bool) -> list[Point]:
        """The points of what is new; none where it is too old, or says nothing that is metered.

        Args:
            news: as ``news`` gave it.
            host_ns: when it came, nanoseconds since 1970 UTC, a whole second.
            is_believed: whether that is believed; only then the meter's own time can be compared with it.
        """
        context = self._context(news, host_ns, is_believed=is_believed)
        if self._is_stale(news, context, is_believed=is_believed):
            self.stale += 1
            return []
        if not self._has_usual_scale(news):
            self.counts[news.meter.name]["implausible_values"] += 1
            return []
        decoded = decode(news.fragment, context)
        self.unreadable += decoded.unreadable
        own_s = stamp_s(news.fragment)
        at_s = context.time_ns // NS if is_believed or own_s is None else own_s
        points = [judged for point in decoded.points if (judged := self._judged(point, news.meter, at_s)).fields]
        has_reading = any(point.measurement == fields.ELECTRICITY for point in points)
        self.counts[news.meter.name]["replies"] += has_reading
        return points

    def _goes_on(self, fragment: Fragment, meter: StickMeter, at_s: float) -> bool:
        """Whether the stamps of readings go on with the seconds: then the stick hears its meter, whatever it last said."""
        own_s, place = stamp_s(fragment), (meter.name, fragment.name)
        if own_s is None:
            return False
        before = self._stamps.get(place)
        self._stamps[place] = (own_s, at_s)
        return before is not None and own_s - before[0] > 0 and abs(own_s - before[0] - (at_s - before[1])) <= RIGHT_S

    def _forget(self, meter: StickMeter) -> None:
        """What was known of a meter is not true of the one that has taken its place."""
        self._clocks[meter.name] = MeterClock()
        self._scales.forget(meter.name)
        for name in _COUNTERS:
            self._counters.pop((meter.name, name), None)

    def _context(self, news: News, host_ns: int, *, is_believed: bool) -> Context:
        """What a fragment does not say itself."""
        meter, host_s = news.meter, host_ns // NS
        time_s = self._time_s(news, host_s) if is_believed else None
        return Context(
            meter.name,
            meter.role,
            host_ns if time_s is None else time_s * NS,
            time_s is not None,
            host_s if is_believed else None,
            self._scales.of(meter.name),
        )

    def _is_stale(self, news: News, context: Context, *, is_believed: bool) -> bool:
        """Whether a reading was made too long ago, or nobody knows when."""
        if news.fragment.name not in READINGS or context.is_own_time:
            return False
        # Without a time of its own a reading is of now, unless the stick has lost its meter.
        return is_believed if stamp_s(news.fragment) is not None else not news.is_linked

    def _has_usual_scale(self, news: News) -> bool:
        """Whether a reading is scaled as those before it; one that is not is torn, unless the next one is so as well."""
        scale = scale_of(news.fragment) if news.fragment.name in READINGS else None
        return scale is None or self._scales.is_believed(news.meter.name, news.fragment.name, scale)

    def _time_s(self, news: News, host_s: int) -> int | None:
        """The second that a fragment's own time means, if it has one that can be believed."""
        fragment, clock = news.fragment, self._clocks[news.meter.name]
        own_s = stamp_s(fragment)
        if own_s is None:
            return None
        if fragment.name not in READINGS and fragment.name != "timecluster":
            # A price or a message may have the time at which it was made, long ago.
            return clock.time_s(own_s, host_s)
        is_reading = fragment.name in READINGS
        clock.learn(own_s, host_s, is_linked=news.is_linked, is_time=not is_reading)
        return clock.reading_s(fragment.name, own_s, host_s) if is_reading else clock.time_s(own_s, host_s)

    def _judged(self, point: Point, meter: StickMeter, at_s: int) -> Point:
        """``point`` without what no meter has, and the counters that are not believed; without a field where nothing is left."""
        plausible = {name: value for name, value in point.fields.items() if self._is_plausible(meter, name, value)}
        if point.measurement in _OF_ENERGY and "energy_kwh" not in plausible:
            plausible.clear()
        if point.measurement != fields.ELECTRICITY:
            return replace(point, fields=plausible)
        believed = {
            name: value
            for name, value in point.numbers.items()
            if name in plausible and (name not in _COUNTERS or self._is_believed(meter, name, value, at_s))
        }
        return replace(point, fields=believed)

    def _is_plausible(self, meter: StickMeter, name: str, value: Value) -> bool:
        is_plausible = isinstance(value, str) or abs(value) <= LARGEST_VALUES.get(name, LARGEST)
        self.counts[meter.name]["implausible_values"] += not is_plausible
        return is_plausible

    def _is_believed(self, meter: StickMeter, name: str, value: float, at_s: int) -> bool:
        place = (meter.name, name)
        if place not in self._counters:
            row = Row(0, Encoding.U64, 0.001, name, 0.0, LARGEST, "slow")
            self._counters[place] = EnergyCounter(row, UNKNOWN_POWER_KW, READS_AT_START, READS_AT_ANOTHER_LEVEL)
        counter, counts = self._counters[place], self.counts[meter.name]
        before, finding = counter.shown, self._counters[place].judge(value, float(at_s))
        if finding in {Finding.FELL, Finding.ROSE}:
            counts["energy_withheld"] += 1
            LOG.warning(
                "%s: %s says %s after %s; it is left out until the stick says so again.",
                meter.name,
                name,
                counter.show(value),
                before,
            )
        elif finding is Finding.RESET:
            counts["energy_resets"] += 1
            LOG.warning("%s: %s goes on at another level: %s after %s.", meter.name, name, counter.show(value), before)
        return finding in {Finding.GIVEN, Finding.RESET}
