"""The thread that plays what is simulated on a port: how it begins and ends, and how other threads have a word in it."""

import os
import select
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Self

from wattline.errors import PortError
from wattline.simulate.endpoint import Endpoint, PseudoTerminal, TcpPort
from wattline.simulate.faults import Script
from wattline.simulate.schedule import Schedule


class Player(ABC):
    """Something simulated on a port, as a context manager that runs in a thread of its own.

    Args:
        name: of the thread.
        link: a link that leads to the pseudo-terminal, and returns with it.
        tcp: host and port (0 for a free one), in place of a pseudo-terminal.

    Raises:
        PortError: on entering, the port cannot be had; on ``wait``, it could not be had again.
    """

    def __init__(self, name: str, link: Path | None, tcp: tuple[str, int] | None) -> None:
        self._endpoint: Endpoint = TcpPort(*tcp) if tcp else PseudoTerminal(link)
        self._calls: deque[Callable[[], None]] = deque()
        self._ending = False
        self._ended = Event()
        self._error: PortError | None = None
        self._woken = self._waker = -1
        self._thread = Thread(target=self._run, name=name, daemon=True)

    def __enter__(self) -> Self:
        self._endpoint.open()
        try:
            self._begin()
        except PortError:
            self._endpoint.close()
            raise
        self._woken, self._waker = os.pipe()
        os.set_blocking(self._waker, False)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def port(self) -> str:
        """What to give to ``wattline run`` and ``wattline read``; a link or a socket stays the same over ``unplug``."""
        return self._endpoint.port

    def unplug(self) -> None:
        """Let the port vanish, and all that was under way with it."""
        self._do(self._unplug)

    def plug_in(self) -> None:
        """Let it come back: a new pseudo-terminal under the same link, or the same TCP port.

        Raises:
            PortError: it cannot be had again.
        """
        self._do(self._plug_in)

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait for the end, whoever brings it; returns whether it came.

        Raises:
            PortError: the port could not be had again.
        """
        ended = self._ended.wait(timeout_s)
        if self._error:
            raise self._error
        return ended

    def close(self) -> None:
        """End, and take the link away."""
        self._ending = True
        self._wake()
        self._thread.join()
        self._endpoint.close()
        self._end()
        if self._woken >= 0:
            os.close(self._woken)
            os.close(self._waker)
            self._woken = self._waker = -1

    def request_end(self) -> None:
        """Let ``wait`` return; may be called from a signal handler."""
        self._ended.set()

    @abstractmethod
    def _begin(self) -> None:
        """The port is open, and time begins. Raises PortError."""

    @abstractmethod
    def _turn(self, now_s: float) -> float:
        """Do what is due; returns when something will be, by the monotonic clock."""

    @abstractmethod
    def _receive(self, channel: int, data: bytes) -> None:
        """Bytes came, or none where the client has gone."""

    @abstractmethod
    def _drop(self) -> None:
        """The port vanishes, and all that was under way with it."""

    @abstractmethod
    def _freeze(self) -> None:
        """The values stand still from now on."""

    @abstractmethod
    def _thaw(self) -> None:
        """They move again."""

    @abstractmethod
    def _end(self) -> None:
        """The thread has ended."""

    def _play_windows(self, script: Script, schedule: Schedule, began_s: float) -> None:
        """Put the faults that last into ``schedule``; the script's time begins at ``began_s``."""
        windows = {"stuck": (self._freeze, self._thaw), "unplug": (self._unplug, self._plug_in)}
        for window in script.windows:
            if window.fault.kind in windows:
                begin, end = windows[window.fault.kind]
                schedule.at(began_s + window.start_s, begin)
                schedule.at(began_s + window.end_s, end)

    def _run(self) -> None:
        try:
            while not self._ending:
                self._listen(self._turn(time.monotonic()))
        except PortError as error:
            self._error = error
        finally:
            self._ended.set()

    def _listen(self, until_s: float) -> None:
        timeout_s = max(0.0, until_s - time.monotonic())
        readable, _, _ = select.select([self._woken, *self._endpoint.filenos()], [], [], timeout_s)
        for fileno in readable:
            if fileno == self._woken:
                os.read(fileno, 4096)
            else:
                self._receive(*self._endpoint.receive(fileno))
        while self._calls:
            self._calls.popleft()()

    def _unplug(self) -> None:
        self._drop()
        self._endpoint.close()

    def _plug_in(self) -> None:
        if not self._endpoint.filenos():
            self._endpoint.open()

    def _do(self, call: Callable[[], None]) -> None:
        """Make a call in the player's thread, and wait for it, so that what comes after sees its effect."""
        done = Event()
        errors: list[PortError] = []

        def run() -> None:
            try:
                call()
            except PortError as error:
                errors.append(error)
            finally:
                done.set()

        self._calls.append(run)
        self._wake()
        while not done.wait(0.1) and self._thread.is_alive():
            pass
        if errors:
            raise errors[0]

    def _wake(self) -> None:
        if self._waker >= 0:
            os.write(self._waker, b"!")
