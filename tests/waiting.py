"""Waiting for what has no event, and doing one thing while another waits."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


def until(condition: Callable[[], object], within_s: float = 8.0, pause_s: float = 0.005) -> None:
    """Look until ``condition`` holds."""
    deadline_s = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline_s, "it did not happen"
        time.sleep(pause_s)  # between two looks: there is no event to wait for


@contextmanager
def meanwhile(*actions: Callable[[], object]) -> Iterator[None]:
    """Does this one after the other in a thread."""
    failures: list[BaseException] = []

    def act() -> None:
        try:
            for action in actions:
                action()
        except BaseException as failure:
            failures.append(failure)
            raise

    thread = threading.Thread(target=act)
    thread.start()
    yield
    thread.join()
    assert not failures


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Fails when it takes longer."""
    began_s = time.monotonic()
    yield
    assert time.monotonic() - began_s < seconds
