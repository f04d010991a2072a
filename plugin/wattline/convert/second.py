"""Samples to whole seconds: of two in one second the later wins."""

from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

from wattline.convert.sample import NS
from wattline.convert.tally import OUTDONE, Tally

Value = TypeVar("Value", bound=Hashable)


class Seconds(Generic[Value]):
    """Holds the newest second of each stream until the next one begins.

    In a stream time moves forward, but for the joints of its pieces: what is moved back there is a second like any other.
    Fields of an export that stand one by one are not brought together; InfluxDB does that, since their tags and their
    second agree, and nothing but the whole history would be room enough for it here.

    Args:
        tally: counts what a later sample has outdone.
    """

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._held: dict[str, tuple[int, dict[str, Value]]] = {}

    def take(self, stream: str, time_ns: int, values: dict[str, Value]) -> tuple[int, dict[str, Value]] | None:
        """The second before of ``stream`` with its values, once it is over; ``values`` are kept."""
        held = self._held.get(stream)
        if held is None or held[0] // NS != time_ns // NS:
            self._held[stream] = (time_ns, values)
            return None if held is None else (held[0] // NS, held[1])
        self._tally.leave_out(OUTDONE, count=len(held[1].keys() & values.keys()))
        older, newer = (held[1], values) if time_ns >= held[0] else (values, held[1])
        self._held[stream] = (max(time_ns, held[0]), older | newer)
        return None

    def rest(self) -> Iterator[tuple[str, int, dict[str, Value]]]:
        """Stream, second and values of what is still held."""
        for stream, (time_ns, values) in self._held.items():
            yield stream, time_ns // NS, values
        self._held.clear()
