"""Two meters on one address and line setting answer on top of each other. Told from a noisy line by asking in turns."""

from collections.abc import Iterable
from enum import Enum, auto
from itertools import cycle, islice

from wattline.scan.ear import Ear, Heard
from wattline.scan.order import PATIENCE_S, Step

ROUNDS = 5
# The rest of what was garbled.
REST_S = 0.25
CONTROLS = 2


class Garbled(Enum):
    """Where garbled bytes come from."""

    ADDRESS = auto()
    """From that address alone, and never a frame: most likely two meters."""
    LINE = auto()
    """From addresses without a meter as well: noise."""
    NOWHERE = auto()
    """They do not come back."""
    METER = auto()
    """From a meter that was heard by now."""


def listen_for(ear: Ear, step: Step, silent: Iterable[int]) -> Garbled:
    """Ask the suspect of ``step`` and addresses that were ``silent`` in turns.

    Noise would have to hit every question to the one and none to the others, which ten questions make improbable.

    Raises:
        PortError: the port was lost.
        Stopped: the process was asked to end.
    """
    garbled = 0
    for control in islice(cycle(islice(silent, CONTROLS)), ROUNDS):
        answer = ear.ask(step.address, step.question, PATIENCE_S)
        if answer.is_sound:
            return Garbled.METER
        garbled += answer.heard == Heard.GARBLED
        ear.listen(REST_S)
        if ear.ask(control, step.question, step.timeout_s).heard != Heard.NOTHING:
            return Garbled.LINE
    return Garbled.ADDRESS if garbled == ROUNDS else Garbled.NOWHERE
