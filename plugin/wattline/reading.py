"""What leaves a source: points, readings and self-metrics alike."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Point:
    """One line to be.

    Attributes:
        measurement: a name of ``fields.VOCABULARY``.
        tags: tag to value; an empty value is left out.
        fields: field to value, at least one, all finite.
        time_ns: nanoseconds since 1970 UTC, a whole second.
    """

    measurement: str
    tags: Mapping[str, str] = field(hash=False)
    fields: Mapping[str, float] = field(hash=False)
    time_ns: int

    def at(self, time_ns: int) -> "Point":
        """The same point at another time."""
        return replace(self, time_ns=time_ns)
