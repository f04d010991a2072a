"""A recording of a stick as points, by the stick's own time."""

from collections.abc import Iterable, Iterator

from wattline.clock import NS
from wattline.rainforest.facts import READINGS, stamp_s
from wattline.rainforest.fragment import Fragment
from wattline.rainforest.interpreter import Interpreter, News
from wattline.rainforest.meterclock import LATEST_S
from wattline.reading import Point

# Only these are made when they are told; a price or a message may be of long ago.
_DATING = READINGS | {"timecluster"}


def replay(pieces: Iterable[bytes], interpreter: Interpreter, otherwise_s: int) -> Iterator[Point]:
    """The points of a recording; what has no time of its own, or one of long ago, has that of what came before it.

    Args:
        pieces: the bytes, cut anyhow.
        interpreter: of the meters that are read; it counts what it leaves out.
        otherwise_s: the time of what no time came before or after, in seconds since 1970.
    """
    untimed: list[News] = []
    course = Course()
    for piece in pieces:
        for fragment in interpreter.feed(piece):
            course.follow(fragment)
            news = interpreter.news(fragment, course.now_s or otherwise_s)
            untimed += [news] if news else []
            if course.now_s is not None:
                for timed in untimed:
                    yield from interpreter.points(timed, course.second(timed.fragment) * NS, is_believed=False)
                untimed.clear()
    for timed in untimed:
        second = stamp_s(timed.fragment) or otherwise_s
        yield from interpreter.points(timed, second * NS, is_believed=False)


class Course:
    """The seconds that a recording goes through.

    Attributes:
        now_s: the one that it has come to, in seconds since 1970; None as long as nothing has told it.
    """

    def __init__(self) -> None:
        self.now_s: int | None = None
        self._leap_s: int | None = None

    def follow(self, fragment: Fragment) -> None:
        """Go on with a reading or a time; a leap needs a second one, since a stamp may have a wrong digit."""
        own_s = stamp_s(fragment)
        if own_s is None or fragment.name not in _DATING:
            return
        if self.now_s is None or abs(own_s - self.now_s) <= LATEST_S:
            self.now_s, self._leap_s = max(own_s, self.now_s or own_s), None
        elif self._leap_s is not None and abs(own_s - self._leap_s) <= LATEST_S:
            self.now_s, self._leap_s = own_s, None
        else:
            self._leap_s = own_s

    def second(self, fragment: Fragment) -> int:
        """The second of a fragment: its own, unless it is of long ago and no reading."""
        own_s, now_s = stamp_s(fragment), self.now_s or 0
        is_own = own_s is not None and (fragment.name in _DATING or abs(own_s - now_s) <= LATEST_S)
        return own_s if own_s is not None and is_own else now_s
