"""Conducts a probe: what is measured, in which order, and by when each measure has to be done."""

from collections.abc import Callable, Sequence

from wattline.bus.spans import Spans
from wattline.meters import Block, Model
from wattline.plan import Span, is_slow, parts_of
from wattline.probe.findings import Findings
from wattline.probe.questions import Questions, Reply
from wattline.probe.spans import (
    TRIES,
    decoded,
    find_longest,
    pieces_of,
    read_parts,
    summed_up,
    try_functions,
    try_wider,
)
from wattline.probe.timing import READS, find_pause, measure_latency, watch_refresh
from wattline.probe.values import check
from wattline.registers import Decoded

Progress = Callable[[str, float], None]
"""Takes what is being measured, and how much of all is done, 0 to 1."""

# The moving values whose refresh is watched, the liveliest first.
LIVELY = ("power_w", "power_l1_w", "current_a", "current_l1_a", "frequency_hz")
IDENTITY_TRIES = 3


class Probe:
    """One meter and what is found of it.

    Args:
        questions: who asks it.
        findings: what is filled in.
        seconds: how long all may take.
        progress: is told how far it is.
    """

    def __init__(self, questions: Questions, findings: Findings, seconds: float, progress: Progress) -> None:
        self._questions = questions
        self._findings = findings
        self._seconds = seconds
        self._progress = progress
        self._model: Model = questions.meter.model
        self._parts: Sequence[Block] = parts_of(self._model)
        self._answering: list[Block] = []
        self._sweeps: list[dict[int, Decoded]] = []
        self._spans = Spans(self._model, (), questions.meter.settings)

    def run(self) -> bool:
        """Measure all; whether anything was heard of the meter. What was not heard of is asked for nothing more.

        Raises:
            PortError: the port cannot be opened, or was lost.
            Stopped: the process was asked to end; what was found until then is in the findings.
        """
        began_s = self._questions.now_s()
        done = 0.0
        try:
            for title, share, measure in self._measures():
                self._follow(title, began_s, done, share)
                measure(began_s + share * self._seconds)
                done = share
                if not self._questions.heard:
                    return False
        finally:
            self._questions.asked = lambda: None
            self._findings.seconds = self._questions.now_s() - began_s
            self._findings.late_replies = self._questions.counts["late_replies"]
            self._findings.checks = check(self._model, self._sweeps)
        return True

    def _measures(self) -> tuple[tuple[str, float, Callable[[float], None]], ...]:
        """What is measured, by which share of the time it ends at the latest, and how."""
        return (
            ("whether it answers", 0.10, self._contact),
            ("the shortest pause", 0.30, self._pause),
            ("the turnaround", 0.50, self._latency),
            ("the proven reads", 0.62, self._proven),
            ("reads over gaps", 0.82, self._wider),
            ("the longest read", 0.88, self._longest),
            ("functions 03 and 04", 0.90, self._functions),
            ("how often values change", 1.00, self._refresh),
        )

    def _follow(self, title: str, began_s: float, first: float, last: float) -> None:
        def tell() -> None:
            elapsed = (self._questions.now_s() - began_s) / self._seconds
            self._progress(title, min(max(elapsed, first), last))

        self._questions.asked = tell
        tell()

    def _contact(self, until_s: float) -> None:
        """Find the shortest part that is answered; so all that follows knows what to ask for."""
        for part in sorted(self._parts, key=lambda part: (is_slow(self._model, part), part.count)):
            replies = [self._questions.ask(part.address, part.count) for _ in range(2)]
            if any(reply.is_answered for reply in replies):
                self._answering.append(part)
                break
            if self._questions.now_s() >= until_s:
                break
        identity = self._model.identity
        if identity and self._questions.heard:
            for _ in range(IDENTITY_TRIES):
                self._findings.identity = self._questions.ask(identity.address, 1, identity.function)
                if self._findings.identity.is_answered or self._findings.identity.is_lasting_refusal:
                    break

    def _pause(self, until_s: float) -> None:
        if self._answering:
            self._findings.pause, is_whole = find_pause(self._questions, self._answering[0], until_s)
            self._cut_short("the shortest pause", is_cut=not is_whole)

    def _latency(self, until_s: float) -> None:
        if self._answering:
            self._findings.latency = measure_latency(self._questions, self._answering[0], until_s)
            self._cut_short("the turnaround", is_cut=self._findings.latency.requests < READS)

    def _proven(self, until_s: float) -> None:
        """Read what is proven; what is never answered whole, in the largest pieces that are, and the rest with them again."""
        findings = self._findings
        sweeps = self._sweep(until_s)
        findings.parts = summed_up(self._parts, sweeps)
        whole = len(sweeps) == TRIES and len(sweeps[-1]) == len(self._parts)
        vain = [part for part in self._parts if not any(part.address in said for said in self._sweeps)]
        if whole and self._answering and (pieces := pieces_of(self._questions, vain, until_s)):
            self._parts = [*(part for part in self._parts if part not in vain), *pieces]
            self._sweeps.clear()
            findings.pieces = summed_up(pieces, self._sweep(until_s))
            whole = len(self._sweeps) == TRIES
        self._cut_short("the proven reads", is_cut=not whole)

    def _sweep(self, until_s: float) -> list[dict[int, Reply]]:
        """What came of several reads of all parts, as far as there is time."""
        findings = self._findings
        sweeps: list[dict[int, Reply]] = []
        while len(sweeps) < TRIES and self._questions.now_s() < until_s:
            replies = read_parts(self._questions, self._parts, until_s)
            sweeps.append(replies)
            self._sweeps.append(decoded(self._model, self._parts, replies))
            findings.replies |= {address: reply for address, reply in replies.items() if reply.is_answered}
            findings.decoded |= self._sweeps[-1]
        self._answering = [part for part in self._parts if part.address in findings.decoded]
        return sweeps

    def _wider(self, until_s: float) -> None:
        self._spans = Spans(self._model, self._answering, self._questions.meter.settings)
        for tried in self._findings.parts:
            if not any(Span(part.address, part.count) == tried.span for part in self._answering):
                self._spans.drop(tried.span, self._questions.now_s())
        self._findings.wider, is_whole = try_wider(self._questions, self._spans, until_s)
        self._cut_short("the reads over gaps", is_cut=not is_whole)

    def _longest(self, until_s: float) -> None:
        if self._answering:
            answered = [Span(part.address, part.count) for part in self._answering]
            answered += [tried.span for tried in self._findings.wider if tried.is_sound]
            self._findings.longest = longest = find_longest(self._questions, answered, until_s)
            self._cut_short("the longest read", is_cut=longest is None or longest.is_cut_short)

    def _functions(self, _until_s: float) -> None:
        if self._answering:
            part = min(self._answering, key=lambda part: part.count)
            self._findings.functions, self._findings.is_same = try_functions(self._questions, part)

    def _refresh(self, until_s: float) -> None:
        for field in LIVELY:
            for part in self._answering:
                if any(row.field == field for row in self._model.rows_of(part)):
                    self._findings.refresh = watch_refresh(self._questions, part, until_s)
                    return

    def _cut_short(self, what: str, *, is_cut: bool) -> None:
        if is_cut:
            self._findings.cut_short.append(what)
