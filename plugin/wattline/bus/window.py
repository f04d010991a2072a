"""How long one question may take."""

import math
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
