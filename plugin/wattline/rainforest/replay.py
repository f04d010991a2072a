"""A recording of a stick as points, by the stick's own time."""

from collections.abc import Iterable, Iterator

from wattline.clock import NS
from wattline.rainforest.facts import stamp_s
from wattline.rainforest.interpreter import Interpreter, News
from wattline.reading import Point


def replay(pieces: Iterable[bytes], interpreter: Interpreter, otherwise_s: int) -> Iterator[Point]:
    """The points of a recording; what has no time of its own has that of what came before it.

    Args:
        pieces: the bytes, cut anyhow.
        interpreter: of the meters that are read; it counts what it leaves out.
        otherwise_s: the time of what no time came before or after, in seconds since 1970.
    """
    untimed: list[News] = []
    now_s: int | None = None
    for piece in pieces:
        for fragment in interpreter.feed(piece):
            own_s = stamp_s(fragment)
            if own_s is not None:
                now_s = own_s
            news = interpreter.news(fragment, now_s or otherwise_s)
            untimed += [news] if news else []
            if now_s is not None:
                for timed in untimed:
                    yield from interpreter.points(timed, now_s * NS, is_believed=False)
                untimed.clear()
    for timed in untimed:
        yield from interpreter.points(timed, otherwise_s * NS, is_believed=False)
