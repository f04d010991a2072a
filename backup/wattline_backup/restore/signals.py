"""What is under way comes to its end before a signal is obeyed.

InfluxDB 2.9.1 closes a shard to take in files and opens it again; where its client goes away meanwhile, it gives up the opening,
and answers every question about the shard with an error until it is started anew.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def obeyed_afterwards() -> Iterator[None]:
    """Obey a signal that ends the program only behind this.

    Raises:
        KeyboardInterrupt: one came.
    """
    came: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        came.append(number)

    before = {number: signal.signal(number, note) for number in ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if came:
        raise KeyboardInterrupt
