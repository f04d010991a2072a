"""Nothing is believed blindly: which of the values that one slot's reads gave may go out.

A frame with a sound CRC may still say what is not so: a meter that answers while it starts, the value of another
register, a counter that reads 0.0 once. What one value alone can show, its plausible range, was judged when it was
decoded. Here is what only several values, or the values of before, can show. What is not believed is left out, and
counted; nothing is put in its place.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from wattline.fields import ELECTRICITY_FIELDS
from wattline.meters import Model
from wattline.plausibility.consistency import Consistency, Oddity
from wattline.plausibility.counters import EnergyCounter, Finding, max_power_kw
from wattline.plausibility.whole import are_identical, is_empty, is_zero_without_mains

# So many of those that a complaint is about as well are named.
NAMED = 5


@dataclass(frozen=True, slots=True)
class Remark:
    """A sentence for the log.

    Attributes:
        sentence: with a ``%s`` for the name of the meter, and one for each of ``about``.
        about: what it is about, the field first; so the log knows the same complaint again, whatever its numbers.
    """

    sentence: str
    about: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one slot's values.

    Attributes:
        values: field to value, of those that may go out.
        withheld: field to the counter that counts why it may not.
        counts: field of ``wattline_meter`` to what is to be added to it.
        remarks: what the log should say.
    """

    values: dict[str, float] = field(default_factory=dict)
    withheld: dict[str, str] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    remarks: list[Remark] = field(default_factory=list)

    def complaints(self) -> Iterator[Remark]:
        """The remarks; those that say the same of several quantities, as of thirty counters of one bad frame, as one."""
        for sentence in dict.fromkeys(remark.sentence for remark in self.remarks):
            first, *others = [remark.about for remark in self.remarks if remark.sentence == sentence]
            if others:
                names = ", ".join(about[0] for about in others[:NAMED]) + " and others" * (len(others) > NAMED)
                yield Remark(f"{sentence} Likewise %s more: %s.", (*first, str(len(others)), names))
            else:
                yield Remark(sentence, first)


_COUNTERS = {
    Finding.UNCONFIRMED: "energy_unconfirmed",
    Finding.FELL: "energy_withheld",
    Finding.ROSE: "energy_withheld",
}
_SENTENCES = {
    Finding.FELL: "%s: %s fell from %s to %s and is withheld until two more reads agree.",
    Finding.ROSE: "%s: %s rose from %s to %s, faster than the meter's maximum power allows, and is withheld until two more reads agree.",
    Finding.RESET: "%s: %s goes on at another level, after %s at %s: three reads agree, so the meter was reset or replaced.",
}
_IDENTICAL = "%s: Voltage, current, power and the like all say the same number; this reading was dropped whole."
_EMPTY = "%s: Voltage and frequency are both zero or implausible; this reading was dropped whole."
_ZERO = "%s: All that was read is zero, and neither voltage nor frequency came to vouch for it; this reading was dropped whole."
_ODDITIES = {
    Oddity.POWER: "%s: %s does not agree with voltage, current and power factor; check that the model is the right one. It is metered all the same, and counted.",
    Oddity.APPARENT_POWER: "%s: %s does not agree with voltage, current and power; check that the model is the right one. It is metered all the same, and counted.",
    Oddity.ZERO: "%s: %s was zero for one reading, while the other values of that reading say that it was not. It is metered all the same, and counted.",
}


class Judge:
    """Judges what one meter says, slot by slot.

    Args:
        model: the table by which the values were decoded. A ratio of current transformers is applied before both, to
            the table and to the values, or after them.
    """

    def __init__(self, model: Model) -> None:
        self._rows = {row.field: row for row in model.rows}
        limit_kw = max_power_kw(model)
        self._counters = {
            name: EnergyCounter(row, limit_kw)
            for name, row in self._rows.items()
            if ELECTRICITY_FIELDS[name].kind == "counter"
        }
        self._consistency = Consistency(model)

    def judge(
        self, values: Mapping[str, float], at_s: float, implausible: Mapping[str, float] | None = None
    ) -> Verdict:
        """Judge what the reads of one slot decoded to.

        Args:
            values: field to value in its unit, of the fields that were read in this slot.
            at_s: when, in seconds of a clock that never steps and never goes back.
            implausible: field to the value that was left out already, since the meter cannot measure it.
        """
        left_out = implausible or {}
        if are_identical(self._rows, {**left_out, **values}):
            return _dropped(values, "identical_values", _IDENTICAL)
        if is_empty(values, left_out):
            return _dropped(values, "empty_frames", _EMPTY)
        if is_zero_without_mains(self._rows, values):
            return _dropped(values, "empty_frames", _ZERO)
        verdict = Verdict()
        for name, value in values.items():
            counter = self._counters.get(name)
            if counter is None or _is_believed(name, counter, value, at_s, verdict):
                verdict.values[name] = value
        odd = self._consistency.check(values)
        if odd:
            verdict.counts["inconsistent"] += 1
        verdict.remarks.extend(
            Remark(_ODDITIES[oddity], (name,)) for name, oddity in odd if self._consistency.is_news(name, oddity)
        )
        return verdict


def _dropped(values: Mapping[str, float], counter: str, sentence: str) -> Verdict:
    return Verdict(withheld=dict.fromkeys(values, counter), counts=Counter({counter: 1}), remarks=[Remark(sentence)])


def _is_believed(name: str, counter: EnergyCounter, value: float, at_s: float, verdict: Verdict) -> bool:
    """Whether a counter's reading may go out; if there is more to say of it, ``verdict`` says it."""
    before = counter.shown
    finding = counter.judge(value, at_s)
    if finding in _SENTENCES:
        verdict.remarks.append(Remark(_SENTENCES[finding], (name, before, counter.show(value))))
    if finding is Finding.RESET:
        verdict.counts["energy_resets"] += 1
    if finding in _COUNTERS:
        verdict.withheld[name] = _COUNTERS[finding]
        verdict.counts[_COUNTERS[finding]] += 1
    return name not in verdict.withheld
