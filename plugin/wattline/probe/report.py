"""The report of a probe, in Markdown, made to be pasted into a bug report. Pure."""

from collections.abc import Iterator, Sequence

from wattline import __version__
from wattline.fields import ELECTRICITY_FIELDS
from wattline.plan import Span, parts_of
from wattline.ports import sets_line
from wattline.probe.findings import Findings, Latency
from wattline.probe.noteworthy import sentences
from wattline.probe.questions import Reply
from wattline.probe.timing import histogram, percentile
from wattline.registers import Row

BAR_CHARACTERS = 30


def report(findings: Findings, date: str) -> str:
    """The whole report; ``date`` is when it was measured, in words. Ends with a newline."""
    return "\n".join(
        [
            f"# Probe of {findings.meter.model.title}",
            "",
            *_head(findings, date),
            *_section("Noteworthy", [f"- {sentence}" for sentence in sentences(findings)]),
            *_section("Reads", [*_reads(findings)]),
            *_section("Timing", [*_timing(findings)]),
            *_section("Values", [*_values(findings)]),
            *_section("Checks", [*_checks(findings)]),
        ]
    )


def _section(title: str, lines: Sequence[str]) -> list[str]:
    return [f"## {title}", "", *(lines or ["Not measured."]), ""]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"
    yield ""


def _settings(findings: Findings) -> str:
    if not sets_line(findings.port):
        return "those of the gateway"
    settings, model = findings.meter.settings, findings.meter.model
    others = ", ".join(str(other) for other in model.alternatives if other != settings)
    factory = "" if settings == model.settings else f"; {model.settings} from the factory"
    return f"{settings}, which hold{factory}{f'; known as well: {others}' if others else ''}"


def _head(findings: Findings, date: str) -> Iterator[str]:
    meter, model = findings.meter, findings.meter.model
    rows = [
        ("wattline", __version__),
        ("date", date),
        ("model", f"{model.title} (`{model.name}`)"),
        ("table verified on a real meter", "yes" if model.verified else "no"),
        ("port", f"`{findings.port}`"),
        ("address", str(meter.address)),
        ("serial settings", _settings(findings)),
        ("identity register", _identity(findings)),
        ("took", f"{findings.seconds:.0f} s"),
    ]
    yield from _table(("what", "found"), rows)


def _identity(findings: Findings) -> str:
    identity, reply = findings.meter.model.identity, findings.identity
    if identity is None:
        return "the model has none"
    if reply is None or not reply.is_answered:
        return f"0x{identity.address:04X}: {reply or 'not measured'}"
    expected = " or ".join(f"0x{value:04X}" for value in identity.expected)
    is_right = reply.registers[0] in identity.expected
    return f"0x{identity.address:04X} = 0x{reply.registers[0]:04X}, {'as expected' if is_right else f'expected {expected}'}"


# Reads.


def _reads(findings: Findings) -> Iterator[str]:
    rows = [
        (_registers(tried.span), str(tried.span.count), kind, str(tried))
        for kind, all_tried in (
            ("proven", [tried for tried in findings.parts if findings.is_proven(tried.span)]),
            ("alone", [tried for tried in findings.parts if not findings.is_proven(tried.span)]),
            ("piece of a proven one", findings.pieces),
            ("over gaps", findings.wider),
        )
        for tried in all_tried
    ]
    if rows:
        yield from _table(("registers", "count", "kind", "outcome"), rows)
    if longest := findings.longest:
        why = "there was no time to try more" if longest.is_cut_short else "no longer one could be tried"
        failed = f"{longest.failed} were {longest.reason}" if longest.failed else why
        yield f"Longest read: {longest.answered} registers of {_registers(longest.run)}; {failed}."
        yield ""
    for function, reply in findings.functions.items():
        yield f"Function {function:02d}: {reply}."
    if findings.is_same is not None:
        yield f"Both say {'the same' if findings.is_same else 'different things'}."


def _registers(span: Span) -> str:
    return f"0x{span.first:04X}" if span.count == 1 else f"0x{span.first:04X} to 0x{span.end - 1:04X}"


# Timing.


def _timing(findings: Findings) -> Iterator[str]:
    if findings.latency and findings.latency.ms:
        yield from _latency(findings.latency)
    if findings.pause:
        rows = [
            (f"{ms} ms", str(requests), str(failures))
            for ms, (requests, failures) in sorted(findings.pause.tried.items())
        ]
        yield f"Silence between requests; the 3.5 characters of Modbus, {1000 * findings.meter.settings.silence_s:.1f} ms, are kept in any case:"
        yield ""
        yield from _table(("silence", "requests", "failed"), rows)
    if refresh := findings.refresh:
        part = Span(refresh.part.address, refresh.part.count)
        yield f"{part} changed {refresh.changes} times in {refresh.reads} reads in {refresh.seconds:.1f} s" + (
            f", every {1000 * refresh.interval_s:.0f} ms in the middle." if refresh.interval_s else "."
        )


def _latency(latency: Latency) -> Iterator[str]:
    named = [(f"p{round(100 * share)}", percentile(latency.ms, share)) for share in (0.5, 0.9, 0.99)]
    shown = ", ".join(f"{name} {ms:.1f} ms" for name, ms in [*named, ("longest", latency.ms[-1])])
    part = Span(latency.part.address, latency.part.count)
    yield f"Turnaround, from the request's end to the reply's first byte, of {latency.requests} reads of {_registers(part)}: {shown}."
    yield ""
    yield "```"
    bins = histogram(latency.ms)
    most = max(times for _, times in bins)
    for begin_ms, times in bins:
        bar = "#" * -(-BAR_CHARACTERS * times // most)
        yield f"{begin_ms:8.1f} ms {times:4} {bar}".rstrip()
    yield "```"
    yield ""


# Values.


def _values(findings: Findings) -> Iterator[str]:
    model = findings.meter.model
    rows = [
        (
            f"0x{row.address:04X}",
            _raw(row, findings.replies[part.address], part.address),
            f"`{row.field}`",
            _value(row, findings, part.address),
        )
        for part in parts_of(model)
        if part.address in findings.replies
        for row in model.rows_of(part)
    ]
    if rows:
        yield from _table(("register", "raw", "field", "value"), rows)


def _raw(row: Row, reply: Reply, first: int) -> str:
    return " ".join(f"{register:04X}" for register in reply.registers[row.address - first : row.end - first])


def _value(row: Row, findings: Findings, part: int) -> str:
    said, unit = findings.decoded[part], ELECTRICITY_FIELDS[row.field].unit
    if row.field in said.values:
        return f"{said.values[row.field]:.{row.decimals}f} {unit}".rstrip()
    if row.field in said.implausible:
        return f"{said.implausible[row.field]:g} {unit}, which it cannot measure"
    return "none"


def _checks(findings: Findings) -> Iterator[str]:
    if findings.checks:
        rows = [(check.claim, "yes" if check.holds else "NO", check.detail) for check in findings.checks]
        yield from _table(("claim", "holds", "found"), rows)
