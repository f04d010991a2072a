"""One simulated meter: its registers at a time, and its answer to a request."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import floor, isfinite

from wattline.fields import ELECTRICITY_FIELDS
from wattline.simulate.display import registers_of, shown
from wattline.simulate.electricity import Load, electricity
from wattline.simulate.energy import EXPORT, IMPORT, OF_MANY, OF_TWO, Energy
from wattline.simulate.frames import ILLEGAL_ADDRESS, Request
from wattline.simulate.gaps import Gaps, RegisterMap
from wattline.simulate.quantities import gauges, lines_of, measured, part_name, transformed, transformer_ratio
from wattline.words import Meter


@dataclass(frozen=True, slots=True)
class Answer:
    """What a meter says to a request.

    Attributes:
        registers: those that are sent; empty in a refusal.
        refusal: the exception code, 0 where it did not refuse.
        values: field to value of the rows that lie wholly in ``registers``, at the meter's decimals.
        is_silent: whether it says nothing.
    """

    registers: tuple[int, ...] = ()
    refusal: int = 0
    values: Mapping[str, float] | None = None
    is_silent: bool = False


class SimulatedMeter:
    """A meter of a simulated house.

    Args:
        meter: its words.
        load: what it measures.
        seed: which house.
        share: its number in the house; 0 measures the whole.
        at_s: seconds of local time at which its counters begin to count.
        gaps: what it does with a read that touches registers that it does not have.
    """

    def __init__(self, meter: Meter, load: Load, seed: int, share: int, at_s: float, *, gaps: Gaps = "refuse") -> None:
        rows = meter.model.rows
        self.meter = meter
        self._load = load
        self._seed = seed
        self._share = share
        self._gaps = gaps
        self._lines = lines_of(rows)
        self._ratio = transformer_ratio(rows)
        self._energy = _energy_of(meter, seed, share, len(self._lines), has_given=load == "solar")
        self._counted_s = at_s
        self._explicit: dict[str, float] = {}
        self._frozen: dict[str, float] | None = None
        self._state: tuple[int, dict[str, float]] | None = None
        self._map = RegisterMap(meter.model)

    def answer(self, request: Request, at_s: float) -> Answer:
        """The answer to a ``request`` that was heard at ``at_s``."""
        model = self.meter.model
        first = request.first
        if refusal := self._map.refusal(request):
            return Answer(refusal=refusal)
        if not self._map.is_within(request):
            if self._gaps == "refuse":
                return Answer(refusal=ILLEGAL_ADDRESS)
            if self._gaps == "silence":
                return Answer(is_silent=True)
            if self._gaps == "shift":
                first += 1
        image = self.image(request.function, at_s)
        registers = tuple(image.get(register, 0) for register in range(first, first + request.count))
        return Answer(registers, values=shown(model, first, registers) if request.function == model.function else {})

    def image(self, function: int, at_s: float) -> dict[int, int]:
        """Address to register of all that ``function`` reads and that is not zero by nature."""
        model, identity = self.meter.model, self.meter.model.identity
        image: dict[int, int] = {}
        if identity and function == (identity.function or model.function):
            image[identity.address] = identity.expected[0]
        if function == model.function:
            image |= registers_of(model, self.values(at_s))
        return image

    def values(self, at_s: float) -> dict[str, float]:
        """Field to value, in the field's unit, before the meter rounds it; NaN for what it has not."""
        self.advance(at_s)
        return self._now(at_s) if self._frozen is None else self._frozen

    def advance(self, at_s: float) -> None:
        """Count the energy until ``at_s``, second by second."""
        while self._counted_s < at_s:
            second = floor(self._counted_s)
            end_s = min(second + 1.0, at_s)
            powers_w, reactive_powers_var = (
                self._counted(second, "power_w"),
                self._counted(second, "reactive_power_var"),
            )
            self._energy.add(powers_w, reactive_powers_var, end_s - self._counted_s, second)
            self._counted_s = end_s

    def check_values(self, values: Mapping[str, float]) -> None:
        """Refuse ``values`` that the meter cannot show.

        Raises:
            ValueError: it has no such field, or no way to say that it has no value.
            OverflowError: a value does not fit into its registers.
        """
        unknown = values.keys() - {row.field for row in self.meter.model.rows}
        if unknown:
            raise ValueError(f"{self.meter.model.title} does not measure {', '.join(sorted(unknown))}")
        registers_of(self.meter.model, values)

    def set_values(self, at_s: float, values: Mapping[str, float]) -> None:
        """Show these ``values`` from ``at_s`` on, whatever the load says; a set power is what is counted from then on.

        NaN is a value that the meter says not to have. The power of a whole is counted as that of its lines in equal parts.
        """
        self.advance(at_s)
        self._explicit.update(values)

    def release_values(self, at_s: float) -> None:
        """Follow the load again."""
        self.advance(at_s)
        self._explicit.clear()

    def freeze(self, at_s: float) -> None:
        """Go on showing the values of ``at_s``."""
        self._frozen = self.values(at_s)

    def thaw(self) -> None:
        """Show the values of the time again."""
        self._frozen = None

    def _now(self, at_s: float) -> dict[str, float]:
        values = self._gauges(floor(at_s)) | self._energy.readings()
        sign = self.meter.model.sign
        for row in self.meter.model.rows:
            if row.field in values:
                values[row.field] = measured(row, values[row.field], sign)
        return values | self._explicit

    def _gauges(self, second: int) -> dict[str, float]:
        if self._state is None or self._state[0] != second:
            lines = [electricity(self._load, self._seed, second, self._share, line) for line in self._lines]
            self._state = (second, gauges(transformed(lines, self._ratio)))
        return self._state[1]

    def _counted(self, second: int, whole: str) -> list[float]:
        """The power of each line in a ``second``, as the counters see it."""
        names = [part_name(whole, line) for line in self._lines]
        given = {field: value for field, value in self._explicit.items() if isfinite(value)}
        even = dict.fromkeys(names, given[whole] / len(names)) if whole in given else {}
        now = self._gauges(second) | even | given
        return [now[name] for name in names]


def _energy_of(meter: Meter, seed: int, share: int, lines: int, *, has_given: bool) -> Energy:
    """The counters of a meter, as fine as its finest row of energy."""
    rows = [row for row in meter.model.rows if ELECTRICITY_FIELDS[row.field].kind == "counter"]
    directions = {part for row in rows if not row.field.startswith("reactive") for part in row.field.split("_")}
    is_of_two = not any("_t3_" in row.field for row in rows)
    return Energy(
        seed,
        share,
        lines=lines,
        decimals=max((row.decimals for row in rows), default=2),
        is_both_ways=not directions.isdisjoint({IMPORT, EXPORT}),
        has_given=has_given,
        day_and_night=OF_TWO if is_of_two else OF_MANY,
    )
