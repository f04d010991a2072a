"""Which reads the meter answers: the proven ones, those over gaps, how long, and by which function."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from wattline.bus.evidence import agree
from wattline.bus.settings import LONGEST_READ
from wattline.bus.spans import Spans
from wattline.bus.trial import Outcome, Trial
from wattline.meters import Block, Model
from wattline.plan import Read, Span, halves, proven_spans
from wattline.probe.findings import AGREES, DIFFERS, UNCERTAIN, UNPROVEN, Longest, Tried
from wattline.probe.questions import Kind, Questions, Reply
from wattline.registers import Decoded, decode

TRIES = 3
# Twice the same no is the meter's, once may be the line's.
FAILURES_NEEDED = 2

Replies = Mapping[int, Reply]
"""Address of a part to what came of a read of it."""

_JUDGED = {Outcome.AGREES: AGREES, Outcome.DIFFERS: DIFFERS, Outcome.UNCERTAIN: UNCERTAIN}


def read_parts(questions: Questions, parts: Iterable[Block], until_s: float) -> dict[int, Reply]:
    """What came of one read of each of ``parts``, as far as it came by ``until_s``."""
    replies = {}
    for part in parts:
        if questions.now_s() >= until_s:
            break
        replies[part.address] = questions.ask(part.address, part.count)
    return replies


def summed_up(parts: Iterable[Block], sweeps: Sequence[Replies]) -> list[Tried]:
    """What the ``sweeps`` say of each part that was asked for."""
    return [
        Tried(Span(part.address, part.count), outcomes)
        for part in parts
        if (outcomes := [str(sweep[part.address]) for sweep in sweeps if part.address in sweep])
    ]


def decoded(model: Model, parts: Iterable[Block], replies: Replies) -> dict[int, Decoded]:
    """Address of each part that was answered to what it said."""
    return {
        part.address: decode(model.rows_of(part), part.address, replies[part.address].registers, model.absent)
        for part in parts
        if part.address in replies and replies[part.address].is_answered
    }


def pieces_of(questions: Questions, parts: Iterable[Block], until_s: float) -> list[Block]:
    """The largest pieces of ``parts``, none of which is answered whole, that are; found by halving them."""
    model, answered = questions.meter.model, []
    waiting = [piece for part in parts for piece in halves(model, part)]
    while waiting and questions.now_s() < until_s:
        piece = waiting.pop(0)
        if _ask_twice(questions, piece.address, piece.count).is_answered:
            answered.append(piece)
        else:
            waiting[:0] = halves(model, piece)
    return answered


# Over gaps.


def try_wider(questions: Questions, spans: Spans, until_s: float) -> tuple[list[Tried], bool]:
    """Try each span that the planner would like, narrower ones where a wider one fails.

    Args:
        questions: who asks.
        spans: what is known; knows more afterwards.
        until_s: when to end, by the monotonic clock.

    Returns:
        What came of each, and whether all were tried.
    """
    tried: list[Tried] = []
    while wanted := spans.wanted(questions.now_s()):
        if questions.now_s() >= until_s:
            return tried, False
        outcomes = _try_span(questions, wanted[0], until_s)
        tried.append(Tried(wanted[0].span, outcomes))
        _note(spans, tried[-1], questions.now_s())
    return tried, True


def _note(spans: Spans, tried: Tried, now_s: float) -> None:
    if tried.is_sound:
        for _ in tried.outcomes:
            spans.agreed(tried.span)
    elif UNCERTAIN in tried.outcomes and set(tried.outcomes) <= {AGREES, UNCERTAIN}:
        spans.postpone(tried.span, now_s)
    else:
        spans.drop(tried.span, now_s)


def _try_span(questions: Questions, read: Read, until_s: float) -> list[str]:
    """What came of ``TRIES`` trials, each between two proven reads; fewer when the first were answer enough."""
    model = questions.meter.model
    outcomes: list[str] = []
    before = _read_proven(questions, model, read.parts)
    while len(outcomes) < TRIES and (not outcomes or questions.now_s() < until_s):
        reply = questions.ask(read.span.first, read.span.count)
        after = _read_proven(questions, model, read.parts)
        outcomes.append(_outcome(model, read, reply, (before, after)))
        before = after
        is_no = reply.is_lasting_refusal or reply.kind is Kind.SILENT or outcomes[-1] == DIFFERS
        if is_no and outcomes.count(outcomes[-1]) >= FAILURES_NEEDED:
            break
    return outcomes


def _outcome(
    model: Model, read: Read, reply: Reply, proven: tuple[dict[int, Decoded] | None, dict[int, Decoded] | None]
) -> str:
    before, after = proven
    if not reply.is_answered:
        return str(reply)
    if before is None or after is None:
        return UNPROVEN
    return _JUDGED[Trial(read, reply.registers, 0.0, before).judge(model, after)]


def _read_proven(questions: Questions, model: Model, parts: Sequence[Block]) -> dict[int, Decoded] | None:
    """What the proven reads of ``parts`` say; None when one of them failed."""
    said = decoded(model, parts, {part.address: questions.ask(part.address, part.count) for part in parts})
    return said if len(said) == len(parts) else None


# How long.


def runs_of(model: Model, known: Iterable[Span]) -> list[Span]:
    """The registers that are documented, proven (be it that they are refused here) or ``known``, as runs without a gap, the longest first."""
    had: set[int] = set()
    for first, end in (
        *((row.address, row.end) for row in model.rows),
        *((first, last + 1) for first, last in model.documented),
        *((span.first, span.end) for span in (*proven_spans(model), *known)),
    ):
        had.update(range(first, end))
    for first, last in model.holes:
        had.difference_update(range(first, last + 1))
    runs: list[Span] = []
    for register in sorted(had):
        if runs and runs[-1].end == register:
            runs[-1] = Span(runs[-1].first, runs[-1].count + 1)
        else:
            runs.append(Span(register, 1))
    return sorted(runs, key=lambda run: -run.count)


def find_longest(questions: Questions, answered: Sequence[Span], until_s: float) -> Longest | None:
    """The longest read that is answered, by halving, within registers that the meter has; None when there is none.

    It may be longer than the model's table allows: that is what is to be found out.

    Args:
        questions: who asks.
        answered: reads that were answered.
        until_s: when to end, by the monotonic clock.
    """
    model = questions.meter.model
    run = runs_of(model, answered)[0]
    # A meter whose numbers take two registers may refuse to give half of one.
    step = 1 if any(row.encoding.count == 1 for row in model.rows) else 2
    most = min(run.count, LONGEST_READ) // step * step
    low = max((min(span.count, most) for span in answered if run.holds(span.first, span.end)), default=0)
    high, reason, count = most + step, "", most
    while low < count < high and questions.now_s() < until_s:
        reply = _ask_twice(questions, run.first, count)
        if reply.is_answered:
            low = count
        else:
            high, reason = count, str(reply)
        count = (low + high) // 2 // step * step
    found = Longest(run, low, high if reason else 0, reason, is_cut_short=low < count < high)
    longest = max(answered, key=lambda span: span.count, default=Span(run.first, 0))
    if longest.count > low:
        # Elsewhere more were answered, so what failed here has another reason than its length.
        found = replace(found, run=longest, answered=longest.count, failed=0, reason="")
    return found if found.answered else None


def _ask_twice(questions: Questions, first: int, count: int) -> Reply:
    reply = questions.ask(first, count)
    return reply if reply.is_answered or reply.is_lasting_refusal else questions.ask(first, count)


# By which function.


def try_functions(questions: Questions, part: Block) -> tuple[dict[int, Reply], bool | None]:
    """What comes of a read of ``part`` by functions 3 and 4, and whether both say the same; None where not both answer."""
    model = questions.meter.model
    replies = {function: _ask_function(questions, part, function) for function in (3, 4)}
    if not all(reply.is_answered for reply in replies.values()):
        return replies, None
    rows = model.rows_of(part)
    one, other = (decode(rows, part.address, replies[function].registers, model.absent) for function in (3, 4))
    return replies, agree(rows, one, other)


def _ask_function(questions: Questions, part: Block, function: int) -> Reply:
    reply = questions.ask(part.address, part.count, function)
    is_final = reply.is_answered or reply.is_lasting_refusal
    return reply if is_final else questions.ask(part.address, part.count, function)
