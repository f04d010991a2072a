"""A fragment is given once, however often the stick says it."""

from collections import OrderedDict
from collections.abc import Hashable

from wattline.rainforest.facts import stamp_s
from wattline.rainforest.fragment import Fragment

KEPT = 512
# What holds until it changes, and is said again and again.
_LASTING = {
    "messagecluster": frozenset({"timestamp", "starttime", "duration"}),
    "deviceinfo": frozenset(),
    "meterinfo": frozenset(),
    "scheduleinfo": frozenset(),
}
# Not told as said before: the complaint may be a new one.
_PASSING = frozenset({"warning", "error", "connectionstatus", "networkinfo", "meterlist"})


class Once:
    """Remembers what was said.

    Attributes:
        repeated: fragments that had come before.
    """

    def __init__(self) -> None:
        self.repeated = 0
        self._said: OrderedDict[Hashable, None] = OrderedDict()
        self._last: dict[Hashable, Hashable] = {}

    def is_new(self, fragment: Fragment, *, is_linked: bool) -> bool:
        """Whether a fragment was not said before.

        One without a time of its own may be said again and mean it, unless the stick has lost its meter and repeats what
        it heard last.
        """
        if fragment.name in _PASSING:
            return True
        left_out = _LASTING.get(fragment.name)
        content = frozenset(item for item in fragment.children.items() if item[0] not in (left_out or ()))
        place, key = (fragment.name, fragment.one("MeterMacId"), fragment.one("Event")), (fragment.name, content)
        was_last = self._last.get(place) == key
        self._last[place] = key
        if left_out is not None:
            is_known = was_last
        elif stamp_s(fragment) is not None:
            is_known = key in self._said
        else:
            is_known = was_last and not is_linked
        self.repeated += is_known
        self._said[key] = None
        self._said.move_to_end(key)
        if len(self._said) > KEPT:
            self._said.popitem(last=False)
        return not is_known
