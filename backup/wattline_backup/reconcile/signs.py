"""What the values of a series in InfluxDB say of whose they are, beside those of the journal: field by field, and together.

Of ours each field is what the journal has, second by second, but for a few: corrected by hand, rounded by Telegraf, or from
before a clock that was set back. Of a neighbour's some field is another. So no field decides alone: one may stand alike in two
houses, as what two new meters gave to the grid, and one may be another in ours.
"""

from bisect import bisect
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum, auto
from itertools import pairwise
from statistics import median

from wattline.fields import BLOCK_PRICE, PRICE, VOCABULARY, Field
from wattline_backup.reconcile.carriers import LEAST_SECONDS, Verdict

Values = dict[int, str]
"""Second since 1970 -> a number or a text; empty where the journal has two values."""

# What goes up and down evenly proves it too, as an energy that rises by a step now and then, where so many seconds agree.
_MANY_SECONDS = 100
# So many of the moves of a field have to be the same. Of two devices that mostly stand at one value half are by chance.
_MOST, _HARDLY_HALF = 0.75, 0.55
# What all houses on one line have, and what all pay to one utility, proves nothing where it is alike.
_OF_THE_GRID = ("frequency_", "voltage_")
_OF_THE_UTILITY = VOCABULARY[PRICE].keys() | VOCABULARY[BLOCK_PRICE].keys()
_OF_ENERGY = ("kWh", "kvarh")
# Behind so many steps no two meters have counted alike; two that are both new may.
_STEPS = 1000
# A pause that is longer than so many usual ones is one in which the journal kept nothing.
_PAUSES = 2
# Where so many fields more say the one than the other, no further one is asked.
_LEAD = 3


class Sign(Enum):
    """What one field says."""

    PROOF = auto()
    """It is the same, and would be another of any other meter."""
    OTHER = auto()
    """It is another."""
    STRANGE = auto()
    """It speaks against ours where nothing proves them: volts that are others, as if rounded or a neighbour's; or InfluxDB has it
    at seconds at which the journal has it not, though it was there to keep it."""
    ALIKE = auto()
    """It is the same, as it might be of another meter."""
    NONE = auto()
    """There is too little to compare."""


class Tally:
    """Sums up signs."""

    def __init__(self) -> None:
        self._signs: Counter[Sign] = Counter()
        self._of_energy: Counter[Sign] = Counter()

    def add(self, field: Field | None, sign: Sign) -> None:
        """What another field says."""
        self._signs[sign] += 1
        self._of_energy[sign] += _counts_energy(field)

    @property
    def is_decided(self) -> bool:
        """Whether one side leads by so much that no further field is asked."""
        return abs(_lead(self._signs)) >= _LEAD

    @property
    def verdict(self) -> Verdict:
        """What they say together: most of them, else most of the energies, which tell meters apart best.

        A neighbour's readings that pass for ours cost ours, and the reverse a copy: what is in doubt is theirs.
        """
        if (_lead(self._signs), _lead(self._of_energy)) > (0, 0):
            return Verdict.OURS
        if self._signs[Sign.OTHER] or self._signs[Sign.STRANGE]:
            return Verdict.THEIRS
        return Verdict.STILL if self._signs[Sign.ALIKE] else Verdict.UNKNOWN


def _lead(signs: Mapping[Sign, int]) -> int:
    return signs[Sign.PROOF] - signs[Sign.OTHER]


def in_turn(ours: Mapping[str, Values], known: Mapping[str, Field]) -> list[str]:
    """The fields in the order in which they are best asked: what moves most, and a counter of energy, in turn.

    Args:
        ours: values by field.
        known: what the vocabulary says of each.
    """
    counters = sorted(name for name in ours if _counts_energy(known.get(name)))
    others = sorted(ours.keys() - set(counters), key=lambda name: (-len(_paces(ours[name])), name))
    both = [name for pair in zip(others, counters, strict=False) for name in pair]
    return both + others[len(counters) :] + counters[len(others) :]


def sign_of(field: Field | None, ours: Values, theirs: Values, kept: Sequence[int]) -> Sign:
    """What a field says.

    Args:
        field: what the vocabulary says of it.
        ours: its values in the journal.
        theirs: those in InfluxDB.
        kept: the seconds at which the journal has anything of the series, in order.
    """
    common = sorted(second for second in ours.keys() & theirs.keys() if ours[second])
    same = {second: ours[second] for second in common if _are_equal(ours[second], theirs[second])}
    moves = [second for before, second in pairwise(common) if not _are_equal(ours[before], ours[second])]
    same_moves = sum(second in same for second in moves)
    is_shared = field is not None and (field.name.startswith(_OF_THE_GRID) or field.name in _OF_THE_UTILITY)
    if len(common) >= LEAST_SECONDS and 2 * len(same) < len(common):
        return Sign.STRANGE if is_shared else Sign.OTHER
    if len(moves) >= LEAST_SECONDS and same_moves < _HARDLY_HALF * len(moves):
        return Sign.STRANGE if is_shared else Sign.OTHER
    if not is_shared and (_is_precise(field, same) or (_moves(same) and same_moves >= _MOST * len(moves))):
        return Sign.PROOF
    strange = _kept_from(theirs.keys() - ours.keys(), kept)
    if strange >= LEAST_SECONDS and strange > len(common):
        return Sign.STRANGE
    return Sign.ALIKE if len(same) >= LEAST_SECONDS else Sign.NONE


def _is_precise(field: Field | None, same: Values) -> bool:
    """Whether that is what a counter of energy shows which has counted for a while."""
    # Numbers are written on a binary grain (registers.to_grain), so the numerator has no more steps than the meter.
    return _counts_energy(field) and any(abs(float(value).as_integer_ratio()[0]) >= _STEPS for value in same.values())


def _counts_energy(field: Field | None) -> bool:
    return field is not None and field.kind == "counter" and field.unit in _OF_ENERGY


def _moves(same: Values) -> bool:
    """Whether they go up and down as no other would."""
    if len(set(same.values())) < LEAST_SECONDS:
        return False
    paces = _paces(same)
    often = [pace for pace, count in paces.items() if count >= LEAST_SECONDS]
    return len(paces) >= LEAST_SECONDS or (len(same) >= _MANY_SECONDS and len(often) > 1)


def _paces(values: Values) -> Counter[float | str]:
    """In which ways values move, and how often: what rises evenly, as the slots of two programs that began at once, has one, and proves little."""
    known = {second: value for second, value in values.items() if value}
    try:
        numbers = [(second, float(known[second])) for second in sorted(known)]
    except ValueError:
        return Counter(known.values())
    return Counter(round((after - value) / (then - second), 9) for (second, value), (then, after) in pairwise(numbers))


def _kept_from(seconds: Iterable[int], kept: Sequence[int]) -> int:
    """How many of them lie between two that the journal has, with no longer pause than is usual there."""
    if len(kept) < LEAST_SECONDS:
        return 0
    longest = _PAUSES * median(after - before for before, after in pairwise(kept))
    places = (bisect(kept, second) for second in seconds)
    return sum(0 < place < len(kept) and kept[place] - kept[place - 1] <= longest for place in places)


def _are_equal(ours: str, theirs: str) -> bool:
    try:
        return float(ours) == float(theirs)
    except ValueError:
        return ours == theirs
