"""When a signal that ends the program is obeyed: what must not be left in the middle comes to its end first.

InfluxDB 2.9.1 closes a shard to take in files and opens it again; where its client goes away meanwhile, it gives up the opening,
and answers every question about the shard with an error until it is started anew.
"""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from wattline_backup.errors import BackupError

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


Handler = Callable[[int, FrameType | None], None]


@contextmanager
def obeyed_alike() -> Iterator[None]:
    """SIGTERM and SIGHUP end what is in here as Ctrl-C does, so that it can still say how things stand.

    Raises:
        KeyboardInterrupt: one came.
    """

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    with _handled(interrupt):
        yield


@contextmanager
def obeyed_afterwards() -> Iterator[None]:
    """Obey a signal that ends the program only behind this.

    Raises:
        KeyboardInterrupt: one came.
    """
    came: list[int] = []
    with _handled(lambda number, _frame: came.append(number)):
        yield
    if came:
        raise KeyboardInterrupt


@contextmanager
def disregarded() -> Iterator[None]:
    """Obey no signal at all: what is in here is the way back, and half of it would be worse than none."""
    with _handled(lambda _number, _frame: None):
        yield


@contextmanager
def before_any_change() -> Iterator[None]:
    """What is in here may be interrupted at any moment.

    Raises:
        BackupError: it was.
    """
    try:
        yield
    except KeyboardInterrupt:
        raise BackupError("It was interrupted before anything in InfluxDB was changed.") from None


def reason_of(failure: BaseException) -> str:
    """What went wrong, for people; an interruption has no words of its own."""
    if isinstance(failure, OSError):
        return f"{failure.filename or 'A file beside the sets'} cannot be written or read: {failure.strerror}."
    return str(failure) or "it was interrupted."


@contextmanager
def _handled(handler: Handler) -> Iterator[None]:
    # What the program was told to ignore, as by nohup, it goes on ignoring.
    numbers = [number for number in ENDING if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)
