"""How a meter scales its numbers: steadily, so that a scale that differs is torn until it is told again. Pure."""

from wattline.rainforest.numbers import Scale


class Scales:
    """Remembers the scale of each meter and kind of reading."""

    def __init__(self) -> None:
        self._believed: dict[tuple[str, str], Scale] = {}
        self._other: dict[tuple[str, str], Scale] = {}

    def is_believed(self, meter: str, kind: str, scale: Scale) -> bool:
        """Whether a reading may be read by its own scale: the first of all, the usual one, or another that was just told."""
        place = (meter, kind)
        is_usual = self._believed.setdefault(place, scale) == scale
        other = self._other.pop(place, None)
        if not is_usual and other != scale:
            self._other[place] = scale
            return False
        self._believed[place] = scale
        return True

    def of(self, meter: str) -> Scale | None:
        """The scale of a meter's energies, or else of its power; None where it has told none."""
        kinds = ("currentsummationdelivered", "instantaneousdemand")
        return next((scale for kind in kinds if (scale := self._believed.get((meter, kind)))), None)

    def forget(self, meter: str) -> None:
        """Another meter has the name."""
        for scales in (self._believed, self._other):
            for place in [place for place in scales if place[0] == meter]:
                del scales[place]
