"""One question to one meter: asked, waited for, and the books kept on what came, what did not, and what may still come."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from wattline.bus.health import Health
from wattline.bus.latency import Latency
from wattline.bus.modbus import Modbus
from wattline.bus.pause import Pause
from wattline.bus.suspicion import Question, Suspicion
from wattline.errors import ChecksumError, NoReplyError, NotAskedError, ReadError, RefusedError
from wattline.words import Meter

# What a reply may take beyond its usual time before it is thought not to come any more in this slot.
SPARE_S = 0.05


@dataclass(frozen=True, slots=True)
class LateAnswer:
    """A reply that came after its question was given up.

    Attributes:
        question: what it answers; None when that cannot be known.
        length: how many registers were asked for.
        registers: what it says.
    """

    question: Question | None
    length: int
    registers: tuple[int, ...]


class Asking:
    """Puts questions to one meter.

    Args:
        meter: whom.
        modbus: how.
        monotonic: seconds of a clock that never steps.

    Attributes:
        health: the meter's counters.
        silences: questions in a row to which nothing came.
        late_answers: those that came since the list was last emptied.
        deadline_s: when replies are not waited for any more, by the monotonic clock.
    """

    def __init__(self, meter: Meter, modbus: Modbus, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.health = Health()
        self.silences = 0
        self.late_answers: list[LateAnswer] = []
        self.deadline_s = math.inf
        self._meter = meter
        self._modbus = modbus
        self._port = modbus.port
        self._monotonic = monotonic
        self._latency = Latency(meter.timeout_s)
        self._pause = Pause(meter.model.pause_ms / 1000, meter.pause_s)
        self._suspicion = Suspicion()

    @property
    def timeout_s(self) -> float:
        """How long a reply is waited for, from the end of the request to its first byte."""
        return self._latency.timeout_s

    @property
    def turnaround_s(self) -> float:
        """What it usually takes the meter to begin its reply."""
        return self._latency.typical_s

    @property
    def pause_s(self) -> float:
        """The silence that is kept before the meter is asked after another one."""
        return self._pause.before_s(is_change=True)

    def time_for(self, deadline_s: float, length: int) -> bool:
        """Whether a read of ``length`` registers will be over by ``deadline_s`` if the meter takes its usual time.

        What is arriving is heard to its end first, since no request can be sent into it.
        """
        self.listen()
        patience_s = min(self.timeout_s, self.turnaround_s + SPARE_S)
        return self._monotonic() + self._meter.settings.read_s(length, patience_s) <= deadline_s

    def time_to_begin(self, deadline_s: float, length: int) -> bool:
        """Whether a read of ``length`` registers can be over by ``deadline_s`` if the meter answers at once."""
        return self._monotonic() + self._meter.settings.read_s(length, SPARE_S) <= deadline_s

    def doubts(self, length: int, question: Question) -> int:
        """How many replies that may still come could be taken for the answer to ``question`` in ``length`` registers."""
        return self._suspicion.doubts(length, question, self._monotonic())

    def ask(self, first: int, length: int, question: Question, function: int = 0) -> tuple[int, ...]:
        """Read ``length`` registers from ``first`` on; ``question`` is what an answer would answer.

        Args:
            first: the first register.
            length: how many.
            question: what an answer would answer.
            function: 3 or 4; the model's unless given.

        Raises:
            ReadError: of the class that says why there are none; it is counted, unless nothing was asked.
            PortError: the port was lost.
            Stopped: the process was asked to end.
        """
        last = (self._port.address, self._port.settings)
        is_change = self._port.address != 0 and last != (self._meter.address, self._meter.settings)
        self._port.use(self._meter.settings)
        self._port.reply_timeout_s, self._port.ask_by_s = self._wait_s(length), self.deadline_s
        self._port.rest_until(self._port.ended_s + self._pause.before_s(is_change=is_change))
        self.health.count("requests")
        asked_s = self._monotonic()
        try:
            registers = self._modbus.read(self._meter.address, function or self._meter.model.function, first, length)
        except NotAskedError:
            self.health.count("requests", -1)
            raise
        except ReadError as error:
            self.health.failed(error)
            if isinstance(error, NoReplyError):
                self._pause.unanswered(is_change=is_change)
            self.silences = self.silences + 1 if isinstance(error, NoReplyError) else 0
            if not self._was_its_own(error, length):
                self._suspicion.given_up(length, question, asked_s)
            self._recognise_late()
            raise
        self._suspicion.answered(length, question, asked_s)
        self._recognise_late()
        self._pause.answered(is_change=is_change)
        self.silences = 0
        self.health.count("replies")
        self.health.took(self._monotonic() - asked_s)
        if self._port.turnaround_s is not None:
            self._latency.took(self._port.turnaround_s)
        return registers

    def listen(self, deadline_s: float = 0.0) -> None:
        """Take in what has come unasked; until ``deadline_s`` wait for something to come."""
        if self._port.listen(deadline_s):
            self.silences = 0
        self._recognise_late()

    def _wait_s(self, length: int) -> float:
        """How long the reply is waited for: the timeout, but not beyond the deadline."""
        left_s = self.deadline_s - self._monotonic() - self._meter.settings.read_s(length)
        return min(self.timeout_s, max(left_s, SPARE_S))

    def _was_its_own(self, error: ReadError, length: int) -> bool:
        """Whether what came can only have been the reply to this very request, so that none is missing."""
        now = self._monotonic()
        if isinstance(error, RefusedError):
            # A refusal has no length by which to tell whose it is.
            return not self._suspicion.is_any_missing(now)
        # A reply that stopped in the middle may still go on, and one of a length that is missing may be the missing one.
        header = bytes((self._meter.address, self._meter.model.function, 2 * length))
        is_broken_reply = isinstance(error, ChecksumError) and self._port.raw.startswith(header)
        return is_broken_reply and not self._suspicion.is_missing(length, now)

    def _recognise_late(self) -> None:
        """Strike off the missing replies that have come, and leave other meters' replies to them."""
        strays = self._port.strays
        for _ in range(len(strays)):
            stray = strays.popleft()
            if stray.frame.address != self._meter.address:
                strays.append(stray)
                continue
            if stray.frame.function != self._meter.model.function:
                continue
            self.health.count("late_replies")
            if stray.frame.is_refusal:
                continue
            missing = self._suspicion.came_late(stray.frame.count, stray.received_s)
            if missing is not None:
                wire_s = self._meter.settings.read_s(missing.length)
                self._latency.took(max(0.0, stray.received_s - missing.asked_s - wire_s))
                self.late_answers.append(LateAnswer(missing.question, missing.length, stray.frame.registers))
