"""Whoever answers at one address: asked patiently, and remembered what it said."""

from collections.abc import Callable

from wattline.bus.latency import Latency
from wattline.bus.settings import LineSettings
from wattline.scan.ear import NOTHING, Answer, Ear, Heard
from wattline.scan.order import Question

TRIES = 5
# A reply that was given up would be taken for the answer to the next question; so it is waited for. Under load meters
# were seen to take more than 300 ms, and less than 600.
LATEST_S = 0.6
# A meter that was silent so often to the same question twice is silent to what it does not know.
VAIN_RETRIES = 2
# It would answer another time: acknowledge, and busy.
PASSING = (5, 6)
# It is given up once so many of its answers were garbled, and so many for each sound one: asking on would take minutes.
# Noise of which every fifth answer dies is less than that.
HOPELESS = ((12, 1.0), (30, 0.5))
HOPELESS_TWICE = ((6, 0.25),)


def _unheard() -> None:
    """Nobody wants to know of each question."""


class Device:
    """One address at one line setting.

    Args:
        ear: the line, tuned to these settings.
        settings: the line settings.
        address: 1 to 247.
        slack_s: what the way to the line adds to each answer.
        is_twice: whether it answered one question twice, so that garbled answers are no wonder.
        on_ask: called before each question.

    Attributes:
        sound: answers that were frames, refusals included.
        garbled: answers that were not.
    """

    def __init__(
        self,
        ear: Ear,
        settings: LineSettings,
        address: int,
        slack_s: float = 0.0,
        *,
        is_twice: bool = False,
        on_ask: Callable[[], None] = _unheard,
    ) -> None:
        self.settings = settings
        self.address = address
        self.sound = 0
        self.garbled = 0
        self._ear = ear
        self._slack_s = slack_s
        self._hopeless = HOPELESS_TWICE + HOPELESS if is_twice else HOPELESS
        self._on_ask = on_ask
        self._latency = Latency()
        self._vain = 0
        self._answers: dict[Question, Answer] = {}
        self._known: dict[tuple[int, int], int] = {}

    @property
    def is_hopeless(self) -> bool:
        """Whether so much was garbled that it is asked no more; what it has said before is known all the same."""
        return any(self.garbled >= most and self.garbled >= share * self.sound for most, share in self._hopeless)

    def answer(self, question: Question) -> Answer:
        """What it says to ``question``, or has said before.

        Raises:
            PortError: the port was lost.
            Stopped: the process was asked to end.
        """
        registers = [self._known.get((question.function, question.first + n)) for n in range(question.count)]
        whole = tuple(register for register in registers if register is not None)
        if len(whole) == question.count:
            return Answer(Heard.REGISTERS, whole)
        if question not in self._answers:
            self._remember(question, self._ask(question))
        return self._answers[question]

    def forget_values(self) -> None:
        """Ask anew for what moves; what it refuses it would refuse again."""
        self._known.clear()
        self._answers = {
            question: answer for question, answer in self._answers.items() if answer.heard != Heard.REGISTERS
        }

    def _remember(self, question: Question, answer: Answer) -> None:
        self._answers[question] = answer
        places = range(question.first, question.first + len(answer.registers))
        self._known.update(zip([(question.function, place) for place in places], answer.registers, strict=True))

    def _ask(self, question: Question) -> Answer:
        answer = NOTHING
        silences = 0
        for _ in range(TRIES):
            if self.is_hopeless:
                break
            self._on_ask()
            timeout_s = self._latency.timeout_s + self._slack_s
            answer = self._ear.ask(self.address, question, timeout_s)
            if answer.is_sound:
                self.sound += 1
                if self._ear.turnaround_s is not None:
                    self._latency.took(self._ear.turnaround_s)
                if answer.code not in PASSING:
                    break
            self.garbled += answer.heard == Heard.GARBLED
            self._ear.listen(LATEST_S + self._slack_s - timeout_s)
            # One that is late is not mute, and the same question may be in time the next time.
            silences += answer.heard == Heard.NOTHING and not self._ear.came_late(self.address)
            if silences > 1 or (silences and self._vain >= VAIN_RETRIES):
                self._vain += 1
                break
        return answer
