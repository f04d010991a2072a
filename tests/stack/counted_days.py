"""Days of a household as ``wattline-backup reconcile`` counts them: three meters, and gaps of each reason."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from stack.household import MINUTE_S, point

QUARTER_S, HOUR_S, DAY_S = 900, 3600, 86_400
# What is younger is not counted yet.
UNDER_WAY_S = 120
REASONS = ("silent", "unbelieved", "busy", "port", "clock", "lost", "off")
MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Gap:
    """Seconds of a meter and a day that InfluxDB has not.

    Attributes:
        meter: whose they are.
        days_ago: 0 is today.
        reason: one of ``REASONS``, or ``MISSING`` where they were metered.
        seconds: how many.
    """

    meter: str
    days_ago: int
    reason: str
    seconds: int


# The house lost its port, its clock and its supply; the heat pump is on a bad line.
GAPS = (
    Gap("house", 1, MISSING, 75),
    Gap("house", 2, "port", 95 * MINUTE_S),
    Gap("heatpump", 2, "port", 95 * MINUTE_S),
    *(Gap("heatpump", day, "silent", 200 + 170 * (day % 5)) for day in range(1, 30)),
    Gap("heatpump", 3, "unbelieved", 480),
    *(Gap("heatpump", day, "busy", 610) for day in (5, 6)),
    Gap("solar", 6, MISSING, 3 * HOUR_S),
    *(Gap(meter, 4, "off", 2 * HOUR_S) for meter in ("house", "heatpump", "solar")),
    *(Gap(meter, 4, "clock", 9 * MINUTE_S) for meter in ("house", "heatpump", "solar")),
    Gap("solar", 5, "lost", 40 * MINUTE_S),
    Gap("house", 20, "off", 7 * HOUR_S),
)


class CountedDays:
    """The days of a household up to a moment.

    Args:
        end: the present, seconds since 1970.
        zone: of the household.
        gaps: what is not in InfluxDB.
        meters: that there are.
        days: how many of them, today with them; thirty unless said.
    """

    def __init__(
        self,
        end: int,
        zone: tzinfo,
        gaps: Sequence[Gap] = GAPS,
        meters: Sequence[str] = ("house", "heatpump", "solar"),
        days: int = 30,
    ) -> None:
        self.end, self.zone, self.gaps, self.meters, self.days = end, zone, gaps, meters, days

    def begin(self, days_ago: int) -> int:
        """The first second of a day."""
        today = datetime.fromtimestamp(self.end, self.zone).replace(tzinfo=None, hour=0, minute=0, second=0)
        return int((today - timedelta(days=days_ago)).replace(tzinfo=self.zone).timestamp())

    def numbers(self, meter: str, days_ago: int) -> dict[str, int]:
        """The fields of a meter and a day."""
        stop = min(self.begin(days_ago - 1), self.end - UNDER_WAY_S)
        due = max(0, stop - self.begin(days_ago))
        told = dict.fromkeys((*REASONS, MISSING), 0)
        for gap in self.gaps:
            if (gap.meter, gap.days_ago) == (meter, days_ago):
                told[gap.reason] += gap.seconds
        missing = told.pop(MISSING)
        metered = due - sum(told.values())
        return {"due": due, "metered": metered, "stored": metered - missing} | told

    def total(self, meter: str, days: int, name: str) -> int:
        """Of a field, over the last ``days`` days and today."""
        return sum(self.numbers(meter, day)[name] for day in range(min(days + 1, self.days)))

    def lines(self) -> Iterator[str]:
        """The number, in seconds."""
        for meter in self.meters:
            for day in range(self.days):
                numbers = {name: float(number) for name, number in self.numbers(meter, day).items()}
                if numbers["due"]:
                    numbers["until_s"] = float(min(self.begin(day - 1), self.end - UNDER_WAY_S))
                    yield point("wattline_completeness", {"meter": meter}, numbers, self.begin(day))

    def runs(self) -> Iterator[str]:
        """What came of each run of those days, the newest ten minutes ago; one in a day filled 180 values."""
        for number in range((self.days - 1) * DAY_S // QUARTER_S):
            ended = self.end - 600 - number * QUARTER_S
            values = {"success": 1.0, "duration_s": 1.4, "filled": 180.0 if number % 96 == 5 else 0.0}
            yield point("wattline_backup", {"kind": "reconcile"}, values, ended)
