"""How long one question may take."""

import math
from enum import Enum, auto
from typing import NamedTuple


class Window(NamedTuple):
    """How long one question may take.

    Attributes:
        reply_s: seconds for which its reply is waited for at most.
        ask_by_s: when it has to be out, by the monotonic clock.
    """

    reply_s: float = math.inf
    ask_by_s: float = math.inf


UNLIMITED = Window()


class Least(Enum):
    """What has to be left of a slot for a reply to begin in, or its question is not put."""

    # What it all but certainly begins in.
    SURE = auto()
    # What it usually begins in.
    USUAL = auto()
    # However slow a meter is thought to be, nothing but a question tells that it has become quicker.
    ANY = auto()
