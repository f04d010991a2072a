"""What leaves a source: points, readings and self-metrics alike."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

Value = float | str
"""A number, or words for people."""


@dataclass(frozen=True, slots=True)
class Point:
    """One line to be.

    Attributes:
        measurement: a name of ``fields.VOCABULARY``.
        tags: tag to value; an empty value is left out.
        fields: field to value, at least one; numbers are finite.
        time_ns: nanoseconds since 1970 UTC, a whole second.
        is_own_time: whether that is the time of the meter's own clock, which a step of this machine's does not change.
    """

    measurement: str
    tags: Mapping[str, str] = field(hash=False)
    fields: Mapping[str, Value] = field(hash=False)
    time_ns: int
    is_own_time: bool = False

    def at(self, time_ns: int) -> "Point":
        """The same point at another time."""
        return replace(self, time_ns=time_ns)

    @property
    def numbers(self) -> dict[str, float]:
        """The fields that are numbers."""
        return {name: value for name, value in self.fields.items() if not isinstance(value, str)}
