"""Two meters on one address and line setting answer on top of each other. Told from a noisy line by asking in turns."""

from collections.abc import Iterable
from enum import Enum, auto
from itertools import cycle, islice

from wattline.scan.ear import Ear, Heard
from wattline.scan.order import PATIENCE_S, Question, Step

ROUNDS = 5
# The rest of what was garbled.
REST_S = 0.25
CONTROLS = 2
# As improbable is it that noise of which a fifth of all answers dies hits none of so many.
CONTROL_ROUNDS = 14


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


def is_quiet(ear: Ear, question: Question, timeout_s: float, silent: Iterable[int]) -> bool:
    """Whether nothing is heard where addresses that were ``silent`` are asked ``question``.

    Raises:
        PortError: the port was lost.
        Stopped: the process was asked to end.
    """
    ear.listen(REST_S)
    controls = islice(cycle(islice(silent, CONTROLS)), CONTROL_ROUNDS)
    return all(ear.ask(control, question, timeout_s).heard == Heard.NOTHING for control in controls)
