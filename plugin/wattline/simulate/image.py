"""One simulated meter: its registers at a time, and its answer to a request."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import floor, ldexp

from wattline.registers import Encoding, encode
from wattline.simulate.electricity import Electricity, Load, electricity
from wattline.simulate.energy import Energy, tariff_of
from wattline.simulate.frames import ILLEGAL_ADDRESS, ILLEGAL_FUNCTION, ILLEGAL_VALUE, LONGEST_READ, Request
from wattline.words import Meter


@dataclass(frozen=True, slots=True)
class Answer:
    """What a meter says to a request.

    Attributes:
        registers: from the first that was asked for; empty in a refusal.
        refusal: the exception code, 0 where it did not refuse.
        values: field to value of the rows that lie wholly in ``registers``, at the meter's decimals.
    """

    registers: tuple[int, ...] = ()
    refusal: int = 0
    values: Mapping[str, float] | None = None


class SimulatedMeter:
    """A meter of a simulated house.

    Args:
        meter: its words.
        load: what it measures.
        seed: which house.
        share: its number in the house; 0 measures the whole.
        at_s: seconds of local time at which its counters begin to count.
    """

    def __init__(self, meter: Meter, load: Load, seed: int, share: int, at_s: float) -> None:
        self.meter = meter
        self._load = load
        self._seed = seed
        self._share = share
        self._energy = Energy(seed, share)
        self._counted_s = at_s
        self._explicit: dict[str, float] = {}
        self._frozen: dict[str, float] | None = None
        self._state: tuple[int, Electricity] | None = None
        self._documented = {register for first, last in meter.model.documented for register in range(first, last + 1)}

    def answer(self, request: Request, at_s: float) -> Answer:
        """The answer to a ``request`` that was heard at ``at_s``."""
        model = self.meter.model
        if request.function not in {3, model.function}:
            return Answer(refusal=ILLEGAL_FUNCTION)
        if not 1 <= request.count <= LONGEST_READ:
            return Answer(refusal=ILLEGAL_VALUE)
        asked = range(request.first, request.first + request.count)
        if not self._documented.issuperset(asked):
            return Answer(refusal=ILLEGAL_ADDRESS)
        image = self.image(at_s)
        registers = tuple(image.get(register, 0) for register in asked)
        return Answer(registers, values=self._shown(request.first, registers))

    def image(self, at_s: float) -> dict[int, int]:
        """Address to register of all that is not zero by nature."""
        model = self.meter.model
        identity = {model.identity.address: model.identity.expected[0]} if model.identity else {}
        return identity | encode(model.rows, self.values(at_s))

    def values(self, at_s: float) -> dict[str, float]:
        """Field to value, in the field's unit, before the meter rounds it."""
        self.advance(at_s)
        return self._now(at_s) if self._frozen is None else self._frozen

    def advance(self, at_s: float) -> None:
        """Count the energy until ``at_s``, second by second."""
        while self._counted_s < at_s:
            second = floor(self._counted_s)
            end_s = min(second + 1.0, at_s)
            now = self._gauges(second)
            lasted_s = end_s - self._counted_s
            self._energy.add(now["power_w"], now["reactive_power_var"], lasted_s, tariff_of(second))
            self._counted_s = end_s

    def check_values(self, values: Mapping[str, float]) -> None:
        """Refuse ``values`` that the meter cannot show.

        Raises:
            ValueError: it has no such field.
            OverflowError: a value does not fit into its registers.
        """
        unknown = values.keys() - {row.field for row in self.meter.model.rows}
        if unknown:
            raise ValueError(f"{self.meter.model.title} does not measure {', '.join(sorted(unknown))}")
        encode(self.meter.model.rows, values)

    def set_values(self, at_s: float, values: Mapping[str, float]) -> None:
        """Show these ``values`` from ``at_s`` on, whatever the load says; a set power is what is counted from then on."""
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
        return self._gauges(floor(at_s)) | self._energy.readings() | self._explicit

    def _gauges(self, second: int) -> dict[str, float]:
        if self._state is None or self._state[0] != second:
            self._state = (second, electricity(self._load, self._seed, second, self._share))
        return asdict(self._state[1]) | self._explicit

    def _shown(self, first: int, registers: tuple[int, ...]) -> dict[str, float]:
        """What a person would read on the display, worked out from the very registers."""
        shown: dict[str, float] = {}
        for row in self.meter.model.rows:
            start, stop = row.address - first, row.end - first
            if start >= 0 and stop <= len(registers):
                raw = _number(row.encoding, registers[start:stop])
                shown[row.field] = round(raw * row.scale, row.decimals)
        return shown


def _number(encoding: Encoding, registers: tuple[int, ...]) -> float:
    """The number, by another way than the reader's, so that a mistake of the one is seen by the other."""
    words = registers[::-1] if encoding.name.endswith("LOW_FIRST") else registers
    raw = 0
    for word in words:
        raw = raw << 16 | word
    if encoding.is_float:
        return _ieee_754(raw, *((8, 23) if encoding.count == 2 else (11, 52)))
    is_negative = encoding.is_signed and words[0] & 0x8000
    return raw - (1 << 16 * encoding.count) if is_negative else raw


def _ieee_754(bits: int, exponent_bits: int, mantissa_bits: int) -> float:
    sign = -1.0 if bits >> (exponent_bits + mantissa_bits) else 1.0
    exponent = bits >> mantissa_bits & (1 << exponent_bits) - 1
    mantissa = bits & (1 << mantissa_bits) - 1
    bias = (1 << exponent_bits - 1) - 1
    if exponent == 0:
        return sign * ldexp(mantissa, 1 - bias - mantissa_bits)
    return sign * ldexp(mantissa | 1 << mantissa_bits, exponent - bias - mantissa_bits)
