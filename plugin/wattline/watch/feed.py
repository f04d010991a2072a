"""The child: ``wattline run`` as Telegraf would start it, and the lines that it writes."""

import os
import select
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Self

from wattline.errors import WattlineError
from wattline.stop import Stop

# `wattline run` promises to end within a second of the end of its stdin; a busy machine gets more.
LEAVE_S = 5.0
CHUNK_BYTES = 65536
# How long nothing may come before whoever shows the lines looks at the clock.
LOOK_S = 1.0


class Feed:
    """``wattline run`` as a child, as a context manager.

    Args:
        words: what it reads: the port, the meters, an interval.
        stop: set when nobody wants more lines.
        complain: takes each line of its log.
        viewer: who ends when it does, as its last sentence calls it.
    """

    def __init__(self, words: Sequence[str], stop: Stop, complain: Callable[[str], None], viewer: str) -> None:
        # A clock that is not synchronised is no reason to show nothing: nobody keeps these readings.
        self._words = ["run", *words, "--clock-wait", "0s", "--log-level", "warning"]
        self._viewer = viewer
        self._stop = stop
        self._complain = complain
        self._last_words = ""

    def __enter__(self) -> Self:
        # In a session of its own, so that Ctrl-C reaches this process alone, which then ends it by the end of its stdin.
        self._child = subprocess.Popen(
            [sys.executable, "-m", "wattline", *self._words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._child.kill()
        self._child.communicate()

    def lines(self, until_s: float) -> Iterator[str]:
        """Each line when it comes, as ``moments`` has them."""
        for lines in self.moments(until_s):
            yield from lines

    def moments(self, until_s: float) -> Iterator[list[str]]:
        """What has come, whenever a line or a complaint did and once a second, when it may be nothing.

        This goes on until ``until_s`` of the monotonic clock or the stop, and then for what is still under way.

        Raises:
            WattlineError: the child ended before it was asked to.
        """
        yield from self._moments_until(until_s, self._stop)
        if self._child.stdin:
            self._child.stdin.close()
            self._child.stdin = None
        yield from self._moments_until(time.monotonic() + LEAVE_S, None)

    def _moments_until(self, until_s: float, stop: Stop | None) -> Iterator[list[str]]:
        """Those until then; without a ``stop`` the end of the child is what is waited for."""
        pipes = self._pipes()
        rests = dict.fromkeys(pipes, b"")
        wakers = [stop.fileno()] if stop else []
        while pipes and not (stop and stop.is_set) and (left_s := until_s - time.monotonic()) > 0:
            ready, _, _ = select.select([*pipes, *wakers], [], [], min(left_s, LOOK_S))
            lines = []
            for pipe in [pipe for pipe in pipes if pipe in ready]:
                data = os.read(pipe, CHUNK_BYTES)
                if not data:
                    pipes.remove(pipe)
                *whole, rests[pipe] = (rests[pipe] + data).split(b"\n")
                lines += self._sorted(pipe, [line.decode(errors="replace") for line in whole])
            yield lines
        if stop and not pipes:
            raise WattlineError(self._obituary())

    def _pipes(self) -> list[int]:
        return [pipe.fileno() for pipe in (self._child.stdout, self._child.stderr) if pipe]

    def _sorted(self, pipe: int, lines: list[str]) -> list[str]:
        """The lines of its stdout; those of its log go elsewhere."""
        if self._child.stdout and pipe == self._child.stdout.fileno():
            return lines
        for line in lines:
            self._last_words = line
            self._complain(line)
        return []

    def _obituary(self) -> str:
        code = self._child.wait()
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        words = f" Its last words: {self._last_words}" if self._last_words else ""
        return f"The reader, `wattline {shlex.join(self._words)}`, {how}, and {self._viewer} with it.{words}"
