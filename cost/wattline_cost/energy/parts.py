"""Energy by the meter's tariff registers, so that it adds up to that of each quarter-hour."""

from collections.abc import Iterator, Mapping, Sequence

Registers = Mapping[int, int]


def by_register(energies_mwh: Sequence[int], courses: Sequence[Registers]) -> Iterator[Registers]:
    """The part of each register in each of the quarter-hours of a day.

    The registers move in steps of their own, and all of them together need not have moved as the meter's counter did. So the
    day's energy is laid along their course: what was used when a tenth of the day's energy was used counts for the
    register that moved when a tenth of all their steps were done.

    Args:
        energies_mwh: of the quarter-hours in order.
        courses: what each register had gained at the day's begin, at the last reading of each quarter-hour that was read,
            and at the day's end.

    Yields:
        By the number of the register, where it is more than 0; nothing where no register moved on that day.
    """
    whole_mwh = sum(energies_mwh)
    course = _Course(courses, whole_mwh)
    done_mwh, before = 0, course.at(0)
    for energy_mwh in energies_mwh:
        done_mwh += energy_mwh
        after = course.at(done_mwh)
        yield _split(energy_mwh, {number: after[number] - before[number] for number in after})
        before = after


class _Course:
    """The way of the registers, stretched to the energy of the day; asked with places that only grow.

    All is multiplied by the day's energy times the registers' own sum, so that nothing is a fraction.
    """

    def __init__(self, courses: Sequence[Registers], whole_mwh: int) -> None:
        self._courses = courses
        self._whole_mwh = whole_mwh
        self._begin = sum(courses[0].values())
        self._length = sum(courses[-1].values()) - self._begin
        self._index = 0

    def at(self, done_mwh: int) -> dict[int, int]:
        """What each register had gained when ``done_mwh`` of the day's energy was used, times the day's energy."""
        place = done_mwh * self._length
        while self._index + 2 < len(self._courses) and self._place(self._index + 1) < place:
            self._index += 1
        here, there = self._courses[self._index], self._courses[min(self._index + 1, len(self._courses) - 1)]
        ahead, step = place - self._place(self._index), sum(there.values()) - sum(here.values())
        return {
            number: gained * self._whole_mwh + (ahead * (there[number] - gained) // step if step else 0)
            for number, gained in here.items()
        }

    def _place(self, index: int) -> int:
        return (sum(self._courses[index].values()) - self._begin) * self._whole_mwh


def _split(energy_mwh: int, weights: Registers) -> Registers:
    """``energy_mwh`` in whole parts as the weights are to each other."""
    whole = sum(weights.values())
    if not whole:
        return {}
    parts, before, weight = {}, 0, 0
    for number, own in sorted(weights.items()):
        weight += own
        until = energy_mwh * weight // whole
        if until > before:
            parts[number] = until - before
        before = until
    return parts
