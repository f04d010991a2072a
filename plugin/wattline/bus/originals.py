"""The answer itself, where a gateway sends replies twice and the copy of one comes when another is waited for."""

from collections.abc import Callable

from wattline.bus.frames import Stray
from wattline.bus.port import Port
from wattline.bus.suspicion import Question, Suspicion
from wattline.errors import EqualReplyError
from wattline.plan import Span
from wattline.words import Meter


class Originals:
    """Tells answers from copies of answers before.

    Args:
        meter: who answers.
        port: where.
        suspicion: knows what came lately, and what may still come.
        monotonic: seconds of a clock that never steps.
    """

    def __init__(self, meter: Meter, port: Port, suspicion: Suspicion, monotonic: Callable[[], float]) -> None:
        self._meter = meter
        self._port = port
        self._suspicion = suspicion
        self._copies = suspicion.copies
        self._monotonic = monotonic

    def original_of(
        self, registers: tuple[int, ...], question: Question, asked_s: float, *, timeout_s: float, usual_s: float
    ) -> tuple[int, ...]:
        """The answer to ``question``: ``registers``, or if they may be a copy, what comes next.

        Args:
            registers: what came.
            question: what was asked.
            asked_s: when, by the monotonic clock.
            timeout_s: how long the next is waited for where copies are likely.
            usual_s: how long where all is in order: then two values are the same, and nothing is under way.

        Raises:
            EqualReplyError: no other came; then this may as well be the answer, which the next time tells.
        """
        now_s = self._monotonic()
        if self._copies.suspects(registers, question, now_s):
            is_likely = self._copies.are_known(now_s) or self._suspicion.is_any_missing(now_s)
            real = self._next(len(registers), question, now_s + (timeout_s if is_likely else usual_s))
            if real is None:
                if is_likely:
                    self._suspicion.given_up(len(registers), question, asked_s)
                raise EqualReplyError(
                    f"The reply to a read of {Span(question.first, len(registers))} of address {self._meter.address} answers "
                    "another question or is the same by chance; it is believed when it is given again."
                )
            self._copies.seen(now_s)
            registers = real
        self._copies.came(registers, question, self._monotonic())
        self._copies.believed(registers, question)
        return registers

    def _next(self, length: int, question: Question, deadline_s: float) -> tuple[int, ...] | None:
        """The next reply of ``length`` that is no copy of one before; None when there is none by ``deadline_s``."""
        strays = self._port.strays
        while self._port.listen(deadline_s):
            for stray in [stray for stray in strays if self._is_from_it(stray) and stray.frame.count == length]:
                strays.remove(stray)
                if not self._copies.suspects(stray.frame.registers, question, stray.received_s):
                    return stray.frame.registers
        return None

    def _is_from_it(self, stray: Stray) -> bool:
        frame = stray.frame
        is_its_own = (frame.address, frame.function) == (self._meter.address, self._meter.model.function)
        return is_its_own and not frame.is_refusal
