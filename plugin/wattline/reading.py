"""What leaves a source: points, readings and self-metrics alike; and, for the journal, which readings did not come."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import ClassVar

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


class Reason(StrEnum):
    """Why a meter gave no reading when one was due.

    Attributes:
        SILENT: it was asked, and there was no sound answer; or it is asked rarely, since there is none; or not at all, since
            its answer could not have been told from late ones.
        UNBELIEVED: it answered, and nothing of that was believed.
        BUSY: there was no time for it on the bus, or none was left for it, or the slot was missed.
        PORT: the port was not open.
    """

    SILENT = "silent"
    UNBELIEVED = "unbelieved"
    BUSY = "busy"
    PORT = "port"


@dataclass(frozen=True, slots=True)
class Absence:
    """That meters gave no reading when one was due.

    Attributes:
        reasons: the name of each to why not.
        time_ns: the second at which it was due, nanoseconds since 1970 UTC.
    """

    reasons: Mapping[str, Reason] = field(hash=False)
    time_ns: int
    is_own_time: ClassVar[bool] = False

    def at(self, time_ns: int) -> "Absence":
        """The same at another time."""
        return replace(self, time_ns=time_ns)


Outcome = Point | Absence
"""What may come of a slot."""
