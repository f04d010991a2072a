"""What a person should know of a meter that was probed, in sentences. Pure."""

from collections.abc import Iterator

from wattline.plan import in_a_sentence, parts_of
from wattline.probe.findings import DIFFERS, UNCERTAIN, Findings, Tried
from wattline.probe.timing import PAUSES_MS, percentile

# Replies that come later than this keep a bus of several meters waiting.
SLOW_MS = 100.0


def sentences(findings: Findings) -> list[str]:
    """The sentences, what is wrong with the meter's identity and its proven reads first."""
    return [
        *_of_identity(findings),
        *_of_parts(findings),
        *_of_wider(findings),
        *_of_longest(findings),
        *_of_pause(findings),
        *_of_latency(findings),
        *_of_functions(findings),
        *_of_refresh(findings),
        *_of_values(findings),
        *_of_time(findings),
    ]


def _of_identity(findings: Findings) -> Iterator[str]:
    identity, reply, model = findings.meter.model.identity, findings.identity, findings.meter.model
    if identity is None or reply is None:
        return
    if not reply.is_answered:
        yield f"The identity register 0x{identity.address:04X} was {reply}."
    elif reply.registers[0] not in identity.expected:
        expected = " or ".join(f"0x{value:04X}" for value in identity.expected)
        yield (
            f"The identity register 0x{identity.address:04X} says 0x{reply.registers[0]:04X} where a {model.title} "
            f"says {expected}: check the model."
        )


def _of_parts(findings: Findings) -> Iterator[str]:
    failed = [tried for tried in findings.parts if not tried.is_sound]
    if not findings.parts:
        return
    if not failed:
        yield _all_answered(findings)
    for tried in failed:
        which = "proven read of" if findings.is_proven(tried.span) else "read alone of"
        yield f"The {which} {in_a_sentence(tried.span)} failed: {tried}."
    if findings.pieces:
        yield f"What was not answered whole is answered in pieces, the longest of {max(t.span.count for t in findings.pieces)} registers."


def _all_answered(findings: Findings) -> str:
    asked, wanted = len(findings.parts), len(parts_of(findings.meter.model))
    alone = sum(not findings.is_proven(tried.span) for tried in findings.parts)
    if asked < wanted:
        return f"Of the {wanted} reads that carry all at the start there was time for {asked}; they are answered."
    if not alone:
        return "All proven reads are answered."
    rows = f"the {alone} rows" if alone > 1 else "the row"
    if alone == asked:
        return f"{rows.capitalize()} of its table {'are' if alone > 1 else 'is'} answered, each read alone: none lies in a proven read."
    return f"All proven reads are answered, and {rows} that none of them holds."


def _of_wider(findings: Findings) -> Iterator[str]:
    for tried in _widest([tried for tried in findings.wider if tried.is_sound]):
        yield f"Answers {in_a_sentence(tried.span)} in one read."
    for tried in _narrowest([tried for tried in findings.wider if not tried.is_sound]):
        registers = in_a_sentence(tried.span)
        if DIFFERS in tried.outcomes:
            yield f"Answers {registers} in one read, but says something else than the proven reads: that gap must not be read."
        elif UNCERTAIN in tried.outcomes:
            yield f"Answers {registers} in one read; whether rightly cannot be told while so much is zero."
        else:
            yield f"Does not answer {registers} in one read: {tried}."


def _widest(all_tried: list[Tried]) -> list[Tried]:
    """Those that lie in no other: the others are answered for the same reason."""
    return [one for one in all_tried if not any(_is_within(one, other) for other in all_tried)]


def _narrowest(all_tried: list[Tried]) -> list[Tried]:
    """Those that hold no other: the others fail for the same reason."""
    return [one for one in all_tried if not any(_is_within(other, one) for other in all_tried)]


def _is_within(one: Tried, other: Tried) -> bool:
    return one.span != other.span and other.span.holds(one.span.first, one.span.end)


def _of_longest(findings: Findings) -> Iterator[str]:
    longest, allowed = findings.longest, findings.meter.model.longest
    if longest is None:
        return
    if longest.failed:
        between = "; there was no time to try what lies between" if longest.is_cut_short else ""
        yield f"Answers {longest.answered} registers at once, and not {longest.failed} ({longest.reason}){between}."
        if longest.answered < allowed < longest.failed:
            yield f"That is less than the {allowed} of its table."
    else:
        registers = "1 register" if longest.answered == 1 else f"{longest.answered} registers"
        why = "there was no time to try more" if longest.is_cut_short else "no longer run of registers is known of it"
        yield f"Answers {registers} at once; {why}."
    if longest.answered > allowed:
        yield f"That is more than the {allowed} of its table."


def _of_pause(findings: Findings) -> Iterator[str]:
    pause = findings.pause
    if pause is None:
        return
    if pause.ms is None:
        # Without a failure there it was the time that did not suffice.
        _, failures = pause.tried.get(PAUSES_MS[-1], (0, 0))
        if failures:
            yield f"Requests fail even after {PAUSES_MS[-1]} ms of silence: look at the cable and at who else uses the line."
    elif pause.ms == 0:
        yield "Needs no more silence between requests than the 3.5 characters of Modbus."
    else:
        yield f"Needs {pause.ms} ms of silence between requests."


def _of_latency(findings: Findings) -> Iterator[str]:
    latency = findings.latency
    if latency is None or not latency.ms:
        return
    middle, most = (percentile(latency.ms, share) for share in (0.5, 0.99))
    slow = "Replies slowly" if middle > SLOW_MS else "Replies"
    yield f"{slow} after {middle:.0f} ms, in 99 of 100 cases within {most:.0f} ms."
    if lost := latency.requests - len(latency.ms):
        yield f"{lost} of {latency.requests} equal requests were not answered: the line loses replies."
    if findings.late_replies:
        yield f"{findings.late_replies} replies came after they had been given up."


def _of_functions(findings: Findings) -> Iterator[str]:
    answering = [f"{function:02d}" for function, reply in findings.functions.items() if reply.is_answered]
    if len(answering) == 2:
        yield f"Answers functions 03 and 04, and says {'the same' if findings.is_same else 'different things'}."
    elif answering:
        yield f"Answers function {answering[0]} alone."


def _of_refresh(findings: Findings) -> Iterator[str]:
    refresh = findings.refresh
    if refresh is None or not refresh.reads:
        return
    if refresh.interval_s is None:
        yield f"Its values changed {refresh.changes} times in {refresh.seconds:.0f} s, too rarely to tell how often they are measured."
    elif refresh.is_too_fast:
        yield f"Its values change as often as they are read, every {1000 * refresh.interval_s:.0f} ms."
    else:
        read_ms = 1000 * refresh.seconds / refresh.reads
        yield f"Its values change every {1000 * refresh.interval_s:.0f} ms, give or take the {read_ms:.0f} ms of a read."


def _of_values(findings: Findings) -> Iterator[str]:
    failed = [check for check in findings.checks if not check.holds]
    for check in failed:
        yield f"This should hold and does not: {check.claim}; it says {check.detail}."
    if findings.checks and not failed:
        yield f"Its values obey all {len(findings.checks)} checks of their documentation."
    absent = [field for said in findings.decoded.values() for field in said.absent]
    if absent:
        yield f"It says that it has no value for {', '.join(f'`{field}`' for field in absent)}."


def _of_time(findings: Findings) -> Iterator[str]:
    if findings.cut_short:
        yield f"There was not enough time for {', '.join(findings.cut_short)}: give `--seconds` more than these {findings.seconds:.0f}."
