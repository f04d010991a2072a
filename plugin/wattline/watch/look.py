"""What differs between those who show meters."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Look:
    """How meters are shown.

    Attributes:
        viewer: what shows them, within a sentence.
        title: what is shown, in the frame.
        farewell: a sentence that is left behind in the terminal, after the one that counts the lines.
        names: field to what it is called where its usual name says too little.
        clock: takes a second since 1970 UTC and gives what stands behind the time of day.
    """

    viewer: str
    title: str
    farewell: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    clock: Callable[[int], str] = lambda _second: ""
