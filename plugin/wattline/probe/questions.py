"""One request to the meter that is probed, and what came of it: nothing is retried, learnt or left out."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from wattline.bus.modbus import Modbus
from wattline.errors import MODBUS_EXCEPTIONS, NoReplyError, ReadError, RefusedError
from wattline.words import Meter

# Kept until the shortest pause is known; no meter is known to need more.
LONGEST_PAUSE_S = 0.2
FIRST_TIMEOUT_S = 1.0
SHORTEST_TIMEOUT_S = 0.2
SAMPLES_NEEDED = 5
# So long a reply that did not come in time is listened for, so that it is not taken for the next question's.
LATE_S = 0.5
# The other refusals are said of the moment: acknowledged, busy.
LASTING_REFUSALS = (1, 2, 3)


class Kind(Enum):
    """What came of a request."""

    ANSWERED = "answered"
    REFUSED = "refused"
    SILENT = "silent"
    GARBLED = "garbled"


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of one request.

    Attributes:
        kind: which of the four.
        registers: what it says, when it was answered.
        code: the exception code of a refusal, 0 otherwise.
        turnaround_s: from the request's end to the reply's first byte, when it was answered.
        received_s: when all was over, by the monotonic clock.
    """

    kind: Kind
    registers: tuple[int, ...] = ()
    code: int = 0
    turnaround_s: float | None = None
    received_s: float = 0.0

    @property
    def is_answered(self) -> bool:
        """Whether there are registers."""
        return self.kind is Kind.ANSWERED

    @property
    def is_lasting_refusal(self) -> bool:
        """Whether the meter would refuse the same again."""
        return self.code in LASTING_REFUSALS

    def __str__(self) -> str:
        if self.kind is Kind.REFUSED:
            return f"refused with code {self.code}, {MODBUS_EXCEPTIONS.get(self.code, 'unknown code')}"
        return str(self.kind.value)


class Questions:
    """Puts questions to one meter.

    Args:
        meter: whom.
        modbus: how.
        monotonic: seconds of a clock that never steps.

    Attributes:
        pause_s: the silence that is kept before a request.
        counts: requests and failures, by the fields of ``wattline_meter``.
        asked: called after each request.
    """

    def __init__(self, meter: Meter, modbus: Modbus, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.meter = meter
        self.pause_s = LONGEST_PAUSE_S
        self.counts: Counter[str] = Counter()
        self.asked: Callable[[], None] = lambda: None
        self.now_s = monotonic
        self._modbus = modbus
        self._port = modbus.port
        self._slowest_s = 0.0
        self._samples = 0

    @property
    def timeout_s(self) -> float:
        """How long a reply is waited for: long at first, then well beyond the slowest one."""
        if self.meter.timeout_s is not None:
            return self.meter.timeout_s
        if self._samples < SAMPLES_NEEDED:
            return FIRST_TIMEOUT_S
        return min(max(3 * self._slowest_s + 0.05, SHORTEST_TIMEOUT_S), FIRST_TIMEOUT_S)

    @property
    def heard(self) -> bool:
        """Whether anything whole came from the meter, be it a refusal."""
        return self.counts["replies"] + self.counts[RefusedError.counter] > 0

    def ask(self, first: int, count: int, function: int = 0) -> Reply:
        """Read ``count`` registers from ``first`` on, by ``function`` (3 or 4), the model's unless given.

        Raises:
            PortError: the port cannot be opened, or was lost.
            Stopped: the process was asked to end.
        """
        self._port.use(self.meter.settings)
        self._port.reply_timeout_s = self.timeout_s
        self._port.rest_until(self._port.ended_s + self.pause_s)
        self.counts["requests"] += 1
        reply = self._reply(function or self.meter.model.function, first, count)
        self.asked()
        return reply

    def _reply(self, function: int, first: int, count: int) -> Reply:
        try:
            registers = self._modbus.read(self.meter.address, function, first, count)
        except ReadError as error:
            self.counts[error.counter] += 1
            if isinstance(error, RefusedError):
                return Reply(Kind.REFUSED, code=error.code, received_s=self.now_s())
            self._listen()
            kind = Kind.SILENT if isinstance(error, NoReplyError) else Kind.GARBLED
            return Reply(kind, received_s=self.now_s())
        self.counts["replies"] += 1
        turnaround_s = self._port.turnaround_s
        if turnaround_s is not None:
            self._samples += 1
            self._slowest_s = max(self._slowest_s, turnaround_s)
        return Reply(Kind.ANSWERED, registers, turnaround_s=turnaround_s, received_s=self.now_s())

    def _listen(self) -> None:
        """Wait for the reply that may still come."""
        self._port.strays.clear()
        self._port.listen(self.now_s() + LATE_S)
        self.counts["late_replies"] += sum(stray.frame.address == self.meter.address for stray in self._port.strays)
        self._port.strays.clear()
