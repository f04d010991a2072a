"""How much of a journal is kept."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is kept of a port; what is beyond either goes.

    Attributes:
        days: by the stamps in a file, where the clock is believed.
        mb: megabytes.
    """

    days: int = 7
    mb: int = 256
