"""A house that has a Rainforest stick and no other meter: what `wattline run` would have made of all that it said.

The fragments are those of the simulated stick, and a few that it never sends: a tariff of two tiers, blocks, a billing
period, messages. They go through the interpreter and the line writer of the plugin.
"""

from collections.abc import Iterator

from rainforest.golden import points_of
from wattline import fields
from wattline.clock import NS
from wattline.line import to_line
from wattline.rainforest.interpreter import Interpreter
from wattline.rainforest.models import STICKS, StickMeter
from wattline.reading import Point
from wattline.simulate.rainforest.fragments import Moment, fragment, hexadecimal, of_kind
from wattline.simulate.rainforest.meter import Raw

HOUR, DAY = 3600, 86_400
NIGHT_W, DAY_W, EVENING_W = 180, 420, 2100
NIGHT_PRICE, DAY_PRICE = 0.0981, 0.1524
REPORT_S = 10
PERIODS_S = {"demand": 15, "summation": 240, "price": 90, "time": 900}
START_WH = 2_063_000

# Hours before the end to what the utility wrote then, how urgent it is, and whether it is to be confirmed.
MESSAGES = {
    30: ("Planned outage on Monday, 9 to 11 o'clock", "High", True),
    5: ("Your bill is ready", "Low", False),
}


def power_w(second: int) -> int:
    """What the house takes: little by night, much in the evening."""
    hour = second % DAY // HOUR
    return NIGHT_W if hour < 6 else EVENING_W if 18 <= hour < 21 else DAY_W


def price(second: int) -> float:
    """What a kilowatt-hour costs: by night less."""
    return NIGHT_PRICE if second % DAY // HOUR < 6 else DAY_PRICE


def taken_wh(start: int, stop: int) -> float:
    """The energy between two whole quarter-hours."""
    return sum(power_w(quarter) / 4 for quarter in range(start, stop, 900))


def paid(start: int, stop: int) -> float:
    """What that cost."""
    return sum(power_w(quarter) / 4000 * price(quarter) for quarter in range(start, stop, 900))


class StickHouse:
    """The house between two moments.

    Args:
        begin, end: whole quarter-hours, seconds since 1970.
        silences: seconds before the end between which the stick said nothing.
        behind_s: how far the meter's clock is behind.
        is_plugged_in: whether its port is open in the silences.
    """

    def __init__(
        self,
        begin: int,
        end: int,
        silences: tuple[tuple[int, int], ...] = (),
        behind_s: int = 0,
        *,
        is_plugged_in: bool = True,
    ) -> None:
        self.begin, self.end, self.silences, self.behind_s = begin, end, silences, behind_s
        self._is_plugged_in, self._polls = is_plugged_in, 0.0
        self._meter = StickMeter("grid", STICKS["rainforest-raven"])
        self._interpreter = Interpreter([self._meter])

    def is_heard(self, second: int) -> bool:
        """Whether the stick spoke in a second."""
        return not any(first > self.end - second >= last for first, last in self.silences)

    def lines(self) -> Iterator[tuple[str, str]]:
        """Bucket and line, with stamps in seconds."""
        counted_wh = float(START_WH)
        for second in range(self.begin, self.end):
            if self.is_heard(second):
                yield from self._said(second, list(self._fragments(second, counted_wh)))
            if second % REPORT_S == 0:
                yield from self._health(second)
            counted_wh += power_w(second) / HOUR

    def _moment(self, second: int, counted_wh: float) -> Moment:
        return Moment(False, second - self.behind_s, 0, Raw(power_w(second), int(counted_wh), 0))

    def _fragments(self, second: int, counted_wh: float) -> Iterator[bytes]:
        moment = self._moment(second, counted_wh)
        for kind, name in (
            ("demand", "InstantaneousDemand"),
            ("summation", "CurrentSummationDelivered"),
            ("time", "TimeCluster"),
        ):
            if second % PERIODS_S[kind] == 0:
                yield of_kind(name, moment)
        if second % PERIODS_S["price"] == 0:
            yield self._price(moment, second)
        if second % HOUR == 300:
            yield of_kind("NetworkInfo", moment)
            yield of_kind("CurrentPeriodUsage", moment)
            yield of_kind("LastPeriodUsage", moment)
            yield self._blocks(moment)
        for hours, (text, priority, is_asked) in MESSAGES.items():
            if second == max(self.begin, self.end - hours * HOUR):
                yield self._message(moment, text, priority, is_asked)

    @staticmethod
    def _price(moment: Moment, second: int) -> bytes:
        is_night = price(second) == NIGHT_PRICE
        own = {"Price": hexadecimal(round(10_000 * price(second)), 8), "Tier": "0x01" if is_night else "0x02"}
        own |= {"TrailingDigits": "0x04", "Currency": "0x0348", "RateLabel": "Night" if is_night else "Day"}
        return fragment("PriceCluster", [("MeterMacId", moment.meter_mac), ("TimeStamp", moment.stamp), *own.items()])

    @staticmethod
    def _blocks(moment: Moment) -> bytes:
        blocks = {"NumberOfBlocks": "0x02", "Price1": "0x000005f4", "Threshold1": "0x000493e0", "Price2": "0x00000898"}
        scale = {"Multiplier": "0x00000001", "Divisor": "0x000003e8", "TrailingDigits": "0x04", "Currency": "0x0348"}
        head = {"MeterMacId": moment.meter_mac, "TimeStamp": moment.stamp}
        return fragment("BlockPriceDetail", [*(head | blocks | scale).items()])

    @staticmethod
    def _message(moment: Moment, text: str, priority: str, is_asked: bool) -> bytes:
        own = {"Id": "0x0000000a", "Text": text, "Priority": priority, "Queue": "Active"}
        own |= {"ConfirmationRequired": "Y" if is_asked else "N", "Confirmed": "N", "StartTime": hexadecimal(0, 8)}
        return fragment("MessageCluster", [("MeterMacId", moment.meter_mac), ("TimeStamp", moment.stamp), *own.items()])

    def _said(self, second: int, said: list[bytes]) -> Iterator[tuple[str, str]]:
        for whole in said:
            for point in points_of(self._interpreter, whole, second * NS):
                yield stored(point)

    def _health(self, second: int) -> Iterator[tuple[str, str]]:
        age, time_ns = float(second - self.begin), second * NS
        self._polls += REPORT_S * (self._is_plugged_in or self.is_heard(second))
        replies = float(self._interpreter.counts["grid"]["replies"])
        meter = {"polls": self._polls, "replies": replies, "energy_withheld": 0.0, "energy_resets": 0.0}
        stick = {"fragments": replies, "dropped_fragments": age // 9000, "unknown_fragments": 0.0, "warnings": 0.0}
        stick |= {"unreadable_values": 0.0, "silence_s": float(second % 15), "is_open": 1.0, "reopenings": 0.0}
        bus = dict.fromkeys(("missed_slots", "readings_discarded", "lines_dropped", "reopenings"), 0.0)
        yield stored(Point(fields.METER_HEALTH, {"meter": "grid", "model": self._meter.model.name}, meter, time_ns))
        yield stored(Point(fields.STICK_HEALTH, {"port": "auto"}, stick, time_ns))
        yield stored(Point(fields.BUS_HEALTH, {"port": "auto"}, bus | {"slots": age}, time_ns))


def stored(point: Point) -> tuple[str, str]:
    """The bucket in which Telegraf puts a point, and its line with a stamp in seconds."""
    bucket = "energy" if point.measurement.startswith(fields.ELECTRICITY) else "host"
    return bucket, to_line(point).removesuffix(9 * "0")
