"""One question to one meter: asked, waited for, and the books kept on what came, what did not, and what may still come."""

import time
from collections import Counter
from collections.abc import Callable, Iterable

from wattline.bus.health import Health, Tally
from wattline.bus.latency import Latencies, patience_s
from wattline.bus.modbus import Modbus
from wattline.bus.originals import Originals
from wattline.bus.patience import Patience
from wattline.bus.pause import LOSSES_NEEDED, Pause
from wattline.bus.suspicion import Late, LateAnswer, Question
from wattline.bus.window import UNLIMITED, Least, Window
from wattline.errors import ChecksumError, EqualReplyError, NoReplyError, NotAskedError, ReadError, RefusedError
from wattline.plan import Span
from wattline.words import Meter

# A gateway says that it has no path to the meter, so that nothing was sent to it, or that the meter did not respond in
# time, which it may do yet (Modbus Application Protocol 1.1b3, section 7).
NO_PATH, NO_RESPONSE = 10, 11
GATEWAY_REFUSALS = (NO_PATH, NO_RESPONSE)
# However little is left of a slot, so much is waited for a reply to what was asked.
LEAST_WAIT_S = 0.05
SLACK_S = 0.02


class Asking:
    """Puts questions to one meter.

    Args:
        meter: whom.
        modbus: how.
        monotonic: seconds of a clock that never steps.

    Attributes:
        health: the meter's counters.
        silences: questions in a row to which nothing came.
        heard: how often something came from the meter, be it a reply, in time or late, or a refusal.
        late_answers: those that came since the list was last emptied.
        longest_late: how many registers the longest reply had that came too late since this was last set to 0.
    """

    def __init__(self, meter: Meter, modbus: Modbus, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.health = Health()
        self.silences = 0
        self.heard = 0
        self.late_answers: list[LateAnswer] = []
        self.longest_late = 0
        self._meter = meter
        self._modbus = modbus
        self._port = modbus.port
        self._monotonic = monotonic
        self._latency = Latencies(meter.timeout_s)
        self._patience = Patience(meter)
        self._pause = Pause(meter.model.pause_ms / 1000, meter.pause_s)
        self._suspicion = modbus.suspicion_of(meter.address)
        self._originals = Originals(meter, modbus.port, self._suspicion, monotonic)
        self._failures: Counter[Span] = Counter()

    def spare_s(self, lengths: Iterable[int]) -> float:
        """Seconds that have to be left of a slot, beyond what reads of ``lengths`` usually take, for each to be begun."""
        return max(map(self._latency.spare_s, lengths), default=0.0)

    @property
    def turnaround_s(self) -> float:
        """What it usually takes the meter to begin its reply."""
        return self._latency.typical_s

    @property
    def pause_s(self) -> float:
        """The silence that is kept before the meter is asked after another one."""
        return self._pause.before_s(is_change=True)

    def report(self) -> dict[str, float]:
        """The fields of ``wattline_meter``."""
        return self.health.report() | {
            "timeout_ms": float(round(self._latency.longest_timeout_s * 1000)),
            "pause_ms": float(round(self.pause_s * 1000)),
        }

    def time_for(self, deadline_s: float, length: int) -> bool:
        """Whether a read of ``length`` registers is over by ``deadline_s`` even if it is not answered."""
        return self._monotonic() + self._meter.settings.read_s(length, self._latency.timeout_s(length)) <= deadline_s

    def window(self, deadline_s: float, length: int, least: Least = Least.SURE) -> Window | None:
        """How long a read of ``length`` registers may take to be over by ``deadline_s``; None if that is too little.

        What is arriving is heard to its end first, since no request can be sent into it.

        Args:
            deadline_s: by the monotonic clock.
            length: how many registers.
            least: what has to be left for the reply to begin in.
        """
        self.listen()
        left_s = self.left_s(deadline_s) - self.pause_s - self._meter.settings.read_s(length)
        is_enough = left_s >= self._least_s(length, least)
        return Window(max(left_s, LEAST_WAIT_S), deadline_s) if is_enough else None

    def _least_s(self, length: int, least: Least) -> float:
        if least is Least.SURE:
            return self._latency.least_s(length)
        return max(LEAST_WAIT_S, self._latency.typical_of_s(length) + SLACK_S if least is Least.USUAL else 0.0)

    def tally(self) -> Tally:
        """What was asked and what came, so far."""
        health = self.health
        return Tally(health["requests"], health["replies"], health["replies"] + health["refusals"], self.heard)

    def left_s(self, deadline_s: float) -> float:
        """Seconds until ``deadline_s``."""
        return deadline_s - self._monotonic()

    def reads_s(self, lengths: Iterable[int]) -> float:
        """Seconds that reads of ``lengths`` registers usually take."""
        return sum(self._meter.settings.read_s(length, self._idle_s(length)) for length in lengths)

    def waits_s(self, lengths: Iterable[int]) -> float:
        """Seconds that reads of ``lengths`` registers take when none is answered."""
        return sum(self._meter.settings.read_s(0, self._latency.timeout_s(length)) for length in lengths)

    def is_measured(self, lengths: Iterable[int]) -> bool:
        """Whether it is known what reads of ``lengths`` registers take; presumed of one at least if not."""
        return all(map(self._latency.is_heard, lengths))

    def registers_within(self, seconds: float) -> int:
        """How many registers a read may have that usually takes no more than so many seconds, its patience included."""
        most = self._meter.settings.registers_within(seconds)
        lengths = range(most, 0, -1)
        return next((n for n in lengths if self.reads_s([n]) + self._latency.spare_s(n) <= seconds), 0)

    def _idle_s(self, length: int) -> float:
        """Seconds that a read usually takes beyond its characters and the silence behind it."""
        pause_s = self._pause.before_s(is_change=False) - self._meter.settings.silence_s
        return self._latency.idle_s(length) + max(0.0, pause_s)

    def trial_s(self, length: int) -> float:
        """Seconds that have to be left of a slot for a trial of ``length`` registers."""
        return self.pause_s + self._meter.settings.read_s(length, self._latency.least_s(length))

    def is_lost(self, span: Span) -> bool:
        """Whether reads of ``span`` were not answered several times in a row."""
        return self._failures[span] >= LOSSES_NEEDED

    def doubts(self, length: int, question: Question) -> int:
        """How many replies that may still come could be taken for the answer to ``question`` in ``length`` registers."""
        return self._suspicion.doubts(length, self._own(question), self._monotonic())

    def ask(
        self, first: int, length: int, question: Question, function: int = 0, within: Window = UNLIMITED
    ) -> tuple[int, ...]:
        """Read ``length`` registers from ``first`` on; ``question`` is what an answer would answer.

        Args:
            first: the first register.
            length: how many.
            question: what an answer would answer.
            function: 3 or 4; the model's unless given.
            within: how long it may take.

        Raises:
            ReadError: of the class that says why there are none; it is counted, unless nothing was asked.
            PortError: the port was lost.
            Stopped: the process was asked to end.
        """
        question = self._own(question)
        timeout_s = min(self._latency.timeout_s(length), within.reply_s)
        is_change = self._prepare(timeout_s, within.ask_by_s)
        asked_s, busy_s = self._monotonic(), self._port.busy_s
        try:
            registers = self._modbus.read(self._meter.address, function or self._meter.model.function, first, length)
        except NotAskedError:
            raise
        except ReadError as error:
            self._note_failure(error, Span(first, length), is_change=is_change)
            self._doubt(error, length, question, asked_s)
            raise
        registers = self._not_a_copy(registers, question, asked_s, timeout_s)
        is_its_own = not self._may_be_late(length, question)
        self._suspicion.answered(length, question, asked_s)
        self._recognise_late()
        self._pause.answered(is_change=is_change, is_its_own=is_its_own)
        self._failures.pop(Span(first, length), None)
        self._note_reply(length, self._monotonic() - asked_s, self._port.busy_s - busy_s, is_its_own=is_its_own)
        return registers

    def _prepare(self, timeout_s: float, ask_by_s: float) -> bool:
        """Make the port ready for a request to this meter; whether another was spoken to before."""
        last = (self._port.address, self._port.settings)
        is_change = self._port.address != 0 and last != (self._meter.address, self._meter.settings)
        self._port.use(self._meter.settings)
        self._port.reply_timeout_s, self._port.ask_by_s = timeout_s, ask_by_s
        self._port.rest_until(self._port.ended_s + self._pause.before_s(is_change=is_change))
        return is_change

    def _doubt(self, error: ReadError, length: int, question: Question, asked_s: float) -> None:
        """Note that a reply may still come, unless ``error`` came of the only one that could."""
        if isinstance(error, ChecksumError):
            # A late reply, into which the question was put once more.
            self._may_be_late(length, question)
        is_its_own = self._was_its_own(error, length)
        if not is_its_own:
            self._suspicion.given_up(length, question, asked_s)
        if isinstance(error, RefusedError):
            error.is_doubtful = not is_its_own
        self._recognise_late()

    def _not_a_copy(
        self, registers: tuple[int, ...], question: Question, asked_s: float, timeout_s: float
    ) -> tuple[int, ...]:
        """The answer itself, where ``registers`` may be the reply to a question before, sent twice. Raises EqualReplyError."""
        usual_s = min(timeout_s, patience_s(self._latency.typical_of_s(len(registers))))
        try:
            return self._originals.original_of(registers, question, asked_s, timeout_s=timeout_s, usual_s=usual_s)
        except EqualReplyError as error:
            self.heard, self.silences = self.heard + 1, 0
            # It came, and is not believed.
            self.health.replied()
            self.health.count(error.counter)
            raise

    def _may_be_late(self, length: int, question: Question) -> bool:
        """Whether the reply that came may be the late one to ``question`` when it was asked before: then nobody knows what it took."""
        first_asked_s = self._suspicion.first_asked_s(length, question)
        if first_asked_s is None:
            return False
        since_s = self._monotonic() - first_asked_s - self._meter.settings.read_s(length)
        return self._latency.may_have_taken(length, max(0.0, since_s), self._port.turnaround_s or 0.0)

    def _note_reply(self, length: int, round_trip_s: float, busy_s: float, *, is_its_own: bool) -> None:
        """Keep the books on a reply; on its times only if it is known which question it answers."""
        self.silences = 0
        self.heard += 1
        self.health.replied()
        if not is_its_own:
            return
        settings = self._meter.settings
        self.health.took(round_trip_s)
        self._latency.took_whole(length, busy_s - settings.read_s(length) + settings.silence_s)
        if self._port.turnaround_s is not None:
            self._latency.took(length, self._port.turnaround_s)

    def listen(self, deadline_s: float = 0.0) -> None:
        """Take in what has come unasked; until ``deadline_s`` wait for something to come."""
        if self._port.listen(deadline_s):
            self.silences = 0
        self._recognise_late()

    def _own(self, question: Question) -> Question:
        """``question`` as one to this meter: another may have the same address at other line settings."""
        return question._replace(meter=self._meter.name)

    def _note_failure(self, error: ReadError, span: Span, *, is_change: bool) -> None:
        """Keep the books on a request that was not answered rightly."""
        self.health.failed(error)
        is_silence = isinstance(error, NoReplyError)
        if is_silence:
            self._pause.unanswered(is_change=is_change, is_known=not self.is_lost(span))
            self._failures[span] += 1
        self.silences = self.silences + 1 if is_silence else 0
        # A gateway says in the meter's name that it did not hear the meter.
        self.heard += isinstance(error, RefusedError) and error.code not in GATEWAY_REFUSALS

    def _was_its_own(self, error: ReadError, length: int) -> bool:
        """Whether what came can only have been the reply to this very request, so that none is missing."""
        now = self._monotonic()
        if isinstance(error, RefusedError):
            # It has no length by which to tell whose it is. And what a gateway gave up may come all the same: some give it
            # out as the answer to the next question.
            return error.code != NO_RESPONSE and not self._suspicion.is_any_missing(now)
        # A reply that stopped in the middle may still go on, and one of a length that is missing may be the missing one.
        header = bytes((self._meter.address, self._meter.model.function, 2 * length))
        is_broken_reply = isinstance(error, ChecksumError) and self._port.raw.startswith(header)
        return is_broken_reply and not self._suspicion.is_missing(length, now)

    def _recognise_late(self) -> None:
        """Strike off the missing replies that have come, and keep the books on this meter's; other meters' are left to them."""
        strays = self._port.strays
        for _ in range(len(strays)):
            stray = strays.popleft()
            if (stray.frame.address, stray.frame.function) == (self._meter.address, self._meter.model.function):
                self._suspicion.sort_late(stray.frame, stray.received_s, self._meter.name)
            else:
                strays.append(stray)
        for late in self._suspicion.late_of(self._meter.name):
            self._came_late(late)

    def _came_late(self, late: Late) -> None:
        self.health.count("late_replies")
        self.heard += not (late.frame.is_refusal and late.frame.code in GATEWAY_REFUSALS)
        if missing := late.missing:
            self.longest_late = max(self.longest_late, missing.length)
            wire_s = self._meter.settings.read_s(missing.length)
            turnaround_s = max(0.0, late.received_s - missing.asked_s - wire_s)
            self._latency.took_too_long(missing.length, turnaround_s)
            self._patience.came_late(turnaround_s)
            self.late_answers.append(LateAnswer(missing.question, missing.length, late.frame.registers))
