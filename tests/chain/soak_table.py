"""What came of a soak, as a table."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from chain.lane import Lane
from chain.sums import NS, Sum

REASONS = ("silent", "unbelieved", "busy", "port", "clock", "lost", "off")
SHOWN = 20
HOUR_S = 3600


@dataclass
class Verdict:
    """What came of it.

    Attributes:
        sums: by meter.
        numbers: of ``wattline_completeness``, by meter.
        deeds: how often each was done.
        faults: a sentence about each thing that must not be.
        filled: values that the last run of reconcile brought.
    """

    sums: Mapping[str, Sum]
    numbers: Mapping[str, Counter[str]]
    deeds: Counter[str]
    filled: int
    faults: list[str] = field(default_factory=list)

    @property
    def is_sound(self) -> bool:
        """Whether nothing is missing that may not, and nothing wrong."""
        return not self.faults


def verdict_of(lane: Lane, ended_s: float, deeds: Counter[str]) -> Verdict:
    """Reconcile when the hour is over, and sum up.

    Where both the journal and InfluxDB may lack seconds, equal numbers prove nothing; that is settled once an hour has ended.
    """
    cut_s = (int(ended_s) // HOUR_S + 1) * HOUR_S
    first, second = (lane.reconcile(cut_s) for _ in range(2))
    verdict = Verdict(lane.sum_up(), lane.numbers(), deeds, first.filled)
    verdict.faults += [*first.remarks, *second.remarks]
    if (second.filled, second.missing) != (0, 0):
        verdict.faults.append(f"a second run of reconcile filled {second.filled}, and {second.missing} are missing")
    kept, stored = lane.kept(), lane.stored()
    begins = [note["at"] for note in lane.notes() if "began" in note]
    for meter, found in verdict.sums.items():
        verdict.faults += [f"{meter}: {second} is missing" for second in sorted(found.missing)]
        verdict.faults += [f"{meter}: {sentence}" for sentence in found.wrong]
        for stamp, fields in kept[meter].items():
            if not fields.items() <= stored[meter].get(stamp, {}).items():
                verdict.faults.append(f"{meter}: {stamp // NS} is {fields} in the journal, not in InfluxDB")
        verdict.faults += _of_the_number(meter, verdict.numbers[meter], found, cut_s - min(map(int, map(str, begins))))
    return verdict


def _of_the_number(meter: str, numbers: Counter[str], found: Sum, due: int) -> Iterator[str]:
    expected = {"due": due, "metered": found.stored, "stored": found.stored}
    for name, number in expected.items():
        if numbers[name] != number:
            yield f"{meter}: the number says {numbers[name]} {name}, where it is {number}"
    if numbers["lost"]:
        yield f"{meter}: the number says {numbers['lost']} lost, and no disk was full"
    if numbers["due"] != numbers["metered"] + sum(numbers[reason] for reason in REASONS):
        yield f"{meter}: the reasons do not add up: {dict(numbers)}"


def table(verdict: Verdict) -> str:
    """The sums beside the numbers, and what is wrong."""
    lines = [
        "done: " + ", ".join(f"{name} {count}" for name, count in verdict.deeds.most_common()),
        f"the last run of reconcile filled {verdict.filled} values",
        "",
        "meter   metered  stored  missing, allowed  missing  wrong  cut short  unread | the number: due  metered  stored  not metered, since",
    ]
    for meter, found in verdict.sums.items():
        numbers = verdict.numbers[meter]
        since = ", ".join(f"{reason} {numbers[reason]}" for reason in REASONS if numbers[reason])
        lines.append(
            f"{meter:7} {found.metered:7} {found.stored:7} {len(found.allowed):17} {len(found.missing):8} {len(found.wrong):6} "
            f"{found.cut_short:10} {found.unread:7} | {numbers['due']:15} {numbers['metered']:8} {numbers['stored']:7}  {since}"
        )
    shown = verdict.faults[:SHOWN]
    more = [f"... and {len(verdict.faults) - SHOWN} more"] if len(verdict.faults) > SHOWN else []
    return "\n".join([*lines, "", *shown, *more, "" if verdict.faults else "Nothing is missing that may not be."])
