"""One question on the bus, and what was heard: the thin edge between the search and the port."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from wattline.bus.modbus import Modbus
from wattline.bus.settings import LineSettings
from wattline.errors import ChecksumError, PortError, ReadError, RefusedError, ShortReplyError
from wattline.scan.order import ADDRESSES, PATIENCE_S, Question
from wattline.stop import Stop, Stopped

# Said by a gateway or a server for an address at which nobody is: device failure, path unavailable, target did not
# respond.
NOBODY_CODES = (4, 10, 11)


class Heard(Enum):
    """What came of a question."""

    REGISTERS = auto()
    REFUSAL = auto()
    GARBLED = auto()
    NOTHING = auto()


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a question.

    Attributes:
        heard: which of the four it was.
        registers: what was asked for; empty unless they came.
        code: of the refusal, else 0.
    """

    heard: Heard
    registers: tuple[int, ...] = ()
    code: int = 0

    @property
    def is_sound(self) -> bool:
        """Whether a sound frame came from the address that was asked."""
        return self.heard in (Heard.REGISTERS, Heard.REFUSAL)


NOTHING = Answer(Heard.NOTHING)


class Ear:
    """Asks, listens, and notices who answers late.

    Args:
        modbus: how to ask.
        stop: ends every wait.
        monotonic: seconds of a clock that never steps.

    Attributes:
        late: (settings, address) of each sound frame that answered no question of its moment.
        refused: settings that the port does not take, with the reason.
    """

    def __init__(self, modbus: Modbus, stop: Stop, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.late: list[tuple[LineSettings, int]] = []
        self.refused: dict[LineSettings, str] = {}
        self._modbus = modbus
        self._port = modbus.port
        self._stop = stop
        self._monotonic = monotonic
        self._settings: LineSettings | None = None
        self._asked_s = 0.0

    @property
    def turnaround_s(self) -> float | None:
        """Seconds from the last request to the first byte of its answer; None when none came."""
        return self._port.turnaround_s

    def tune(self, settings: LineSettings) -> bool:
        """Set the line; False when the port does not take ``settings``.

        Late answers at the old settings are heard out first. A meter at other settings takes what it hears for noise,
        and needs a silence before it takes the next byte for a beginning.

        Raises:
            PortError: the port cannot be opened, or was lost.
            Stopped: the process was asked to end.
        """
        before = self._settings
        if settings == before:
            return True
        if settings in self.refused:
            return False
        if before:
            self.listen_until(self._asked_s + PATIENCE_S)
        try:
            self._port.use(settings)
        except PortError as error:
            if before is None:
                raise
            self._port.use(before)
            self.refused[settings] = str(error)
            return False
        if self._stop.wait(max(settings.silence_s, before.silence_s if before else 0.0)):
            raise Stopped
        self._settings = settings
        return True

    def ask(self, address: int, question: Question, timeout_s: float) -> Answer:
        """Ask ``address`` at the present settings; its first byte is waited for ``timeout_s`` seconds.

        Raises:
            PortError: the port was lost.
            Stopped: the process was asked to end.
        """
        self._port.reply_timeout_s = timeout_s
        try:
            registers = self._modbus.read(address, question.function, question.first, question.count)
            return self._answered(Answer(Heard.REGISTERS, registers))
        except RefusedError as error:
            if error.code not in NOBODY_CODES:
                return self._answered(Answer(Heard.REFUSAL, code=error.code))
            heard = Heard.NOTHING
        except (ChecksumError, ShortReplyError):
            heard = Heard.GARBLED
        except ReadError:
            # Nothing, or another's late answer, which is among the strays.
            heard = Heard.NOTHING
        self._asked_s = self._monotonic() - timeout_s
        self._note_late()
        return Answer(heard)

    def listen_until(self, deadline_s: float) -> None:
        """Hear what is still under way until ``deadline_s`` of the monotonic clock.

        Raises:
            PortError: the port was lost.
            Stopped: the process was asked to end.
        """
        while self._monotonic() < deadline_s and self._port.listen(deadline_s):
            pass
        self._note_late()

    def came_late(self, address: int) -> bool:
        """Whether frames came late from ``address`` at the present settings; they are told once."""
        place, before = (self._settings, address), len(self.late)
        self.late = [other for other in self.late if other != place]
        return len(self.late) < before

    def listen(self, seconds: float) -> None:
        """Hear what is still under way for ``seconds``; raises as ``listen_until``."""
        self.listen_until(self._monotonic() + seconds)

    def _answered(self, answer: Answer) -> Answer:
        # Whoever has answered has nothing under way, and nobody else was asked since.
        self._asked_s = 0.0
        self._note_late()
        return answer

    def _note_late(self) -> None:
        while self._port.strays:
            address = self._port.strays.popleft().frame.address
            if self._settings and address in ADDRESSES:
                self.late.append((self._settings, address))
