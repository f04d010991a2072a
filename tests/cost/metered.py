"""A meter in a house, as the rollups have it: rows of the bucket ``energy_15m``."""

import random
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from hypothesis import settings
from hypothesis import strategies as st

from wattline.registers import to_grain
from wattline_cost.energy.quarter import Rolled

ROME = ZoneInfo("Europe/Rome")
SANTIAGO = ZoneInfo("America/Santiago")
BEIRUT = ZoneInfo("Asia/Beirut")
QUARTER_S = 900
MWH_PER_W = 250
# Each month has up to four days of quarter-hours.
FEWER = settings(max_examples=25)


def at(text: str, zone: ZoneInfo = ROME, fold: int = 0) -> int:
    """Seconds since 1970 of a local time such as ``2026-03-29 03:00``."""
    return int(datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).timestamp())


@dataclass
class Meter:
    """What a meter shows whose true energy is known.

    Attributes:
        decimals: of its counters.
        counter_mwh: the true energy of import so far.
        readings: in a quarter-hour that is read to its end.
    """

    decimals: int = 2
    counter_mwh: int = 1_234_567_891
    readings: int = 900
    registers_mwh: dict[int, int] = field(default_factory=dict)
    _stored: dict[str, float] = field(default_factory=dict)

    def shown(self, true_mwh: int) -> float:
        """A counter as it is stored: the display does not round, and the grain is the nearest."""
        return to_grain(true_mwh // 10 ** (6 - self.decimals), self.decimals)

    def rows(
        self, start_s: int, powers_w: Sequence[float], missing: Collection[int] = (), registers: Sequence[int] = ()
    ) -> Iterator[Rolled]:
        """A row for each of ``powers_w`` whose number is not ``missing``; ``registers``: which one counts in each."""
        for number, power_w in enumerate(powers_w):
            self.counter_mwh += round(power_w * MWH_PER_W)
            if registers:
                own = self.registers_mwh
                own[registers[number]] = own.get(registers[number], 0) + round(power_w * MWH_PER_W)
            if number not in missing:
                yield self._row(start_s + number * QUARTER_S, power_w)

    def _row(self, start_s: int, power_w: float) -> Rolled:
        counters = {"consumption_counter_kwh": self.shown(self.counter_mwh)}
        before = self._stored.get("consumption_counter_kwh", counters["consumption_counter_kwh"])
        for number, gained_mwh in self.registers_mwh.items():
            counters[f"energy_total_t{number}_kwh"] = self.shown(gained_mwh)
        self._stored = counters
        gained = {"consumption_kwh": counters["consumption_counter_kwh"] - before}
        return Rolled(start_s, self.readings, power_w, counters, gained)


def row(
    start_s: int,
    counter_kwh: float,
    gained_kwh: float,
    power_w: float | None = None,
    *,
    readings: int = 900,
    registers: Mapping[int, float] | None = None,
) -> Rolled:
    """A row told by hand; its counters are stored as the decimals they are."""
    counters = {"consumption_counter_kwh": counter_kwh}
    counters |= {f"energy_total_t{number}_kwh": kwh for number, kwh in (registers or {}).items()}
    return Rolled(start_s, readings, power_w, counters, {"consumption_kwh": gained_kwh})


def without_power(rows: Sequence[Rolled]) -> list[Rolled]:
    return [replace(each, power_w=None) for each in rows]


@st.composite
def months(draw: st.DrawFn) -> tuple[list[Rolled], ZoneInfo]:
    """Some days of a house with gaps, a part read quarter-hour beside each, and a reset."""
    zone = draw(st.sampled_from([ROME, SANTIAGO, BEIRUT]))
    start_s = draw(
        st.sampled_from(
            [at("2026-03-27 21:00"), at("2026-10-23 21:00"), at("2026-04-03 00:00"), at("2026-05-04 00:00")]
        )
    )
    dice = random.Random(draw(st.integers(0, 2**32)))
    powers = [dice.choice([30.0, 100.0, 250.5, 3000.25]) * dice.random() for _ in range(96 * dice.randint(1, 4))]
    missing: set[int] = set()
    for _ in range(draw(st.integers(0, 4))):
        begin, length = dice.randrange(len(powers)), dice.choice([1, 3, 40, 200])
        missing |= set(range(begin, min(begin + length, len(powers) - 1)))
    meter = Meter(decimals=draw(st.sampled_from([0, 1, 2, 3])))
    rows = list(meter.rows(start_s, powers, missing, [1 + (n // 28) % 2 for n in range(len(powers))]))
    rows = [replace(each, readings=dice.choice([900, 900, 900, 880, 500, 20])) for each in rows]
    if draw(st.booleans()):
        rows = without_power(rows)
    return rows, zone
