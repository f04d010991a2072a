"""Which model a device is: the registers of each model that it could be are read, the telling ones first."""

from collections.abc import Iterable, Iterator

from wattline.meters import Model
from wattline.plan import Cost, Span, known_reads, parts_of, proven_spans
from wattline.registers import Decoded, Row, decode
from wattline.scan.device import Device
from wattline.scan.order import VOLTAGES, Question, has_settings, questions_of
from wattline.scan.verdict import FREQUENCY, LEAST_MAINS_V, Verdict, ranked

# A load that changed while it was read breaks every law once; not thrice.
LOOKS = 3


def recognise(device: Device, models: Iterable[Model]) -> list[Verdict]:
    """The models that ``device`` may be, the likeliest first; empty when it is none of them.

    The identity registers are read first, since they are few and tell most. Then come the models with its line
    settings. Once it is one of them without any doubt, of the others only those are tried that have a voltage at the
    same place: a larger sibling answers all that the smaller does.

    Raises:
        PortError: the port was lost.
        Stopped: the process was asked to end.
    """
    known = list(models)
    identities = {model.name: _identity(device, model) for model in known}
    identified = [model for model in known if model.identity and identities[model.name] in model.identity.expected]
    if identified:
        return ranked(_verdict(device, model, identities[model.name], len(model.rows)) for model in identified)
    verdicts: list[Verdict] = []
    for model in sorted(known, key=lambda model: not has_settings(model, device.settings)):
        certain = [verdict.model for verdict in verdicts if verdict.is_certain]
        is_foreign = bool(certain) and not has_settings(model, device.settings)
        if (is_foreign and not _is_related(model, certain)) or not _has_mains(device, model):
            continue
        # Whoever lacks more than one that fits has lost against it.
        most_missing = min((each.missing for each in verdicts if each.is_consistent), default=len(model.rows))
        verdicts.append(_verdict(device, model, identities[model.name], most_missing))
    return ranked(verdicts)


def _is_related(model: Model, others: Iterable[Model]) -> bool:
    """Whether it has a voltage where one of ``others`` has one."""
    return any(set(questions_of(model)) & set(questions_of(other)) for other in others)


def not_excluded(device: Device, models: Iterable[Model]) -> Iterator[Model]:
    """Models without a voltage or a frequency, so that their values prove nothing, of which all was answered."""
    for model in models:
        fields = {row.field for row in model.rows}
        if (fields.isdisjoint(VOLTAGES) or FREQUENCY not in fields) and _has_all(device, model, model.rows):
            yield model


def _identity(device: Device, model: Model) -> int | None:
    known = model.identity
    if known is None:
        return None
    answer = device.answer(Question(known.function or model.function, known.address, 1))
    return answer.registers[0] if answer.registers else None


def _has_mains(device: Device, model: Model) -> bool:
    """Whether a voltage is one of the mains, and the frequency plausible if the model tells one."""
    frequencies = [row for row in model.rows if row.field == FREQUENCY]
    voltages = (row for row in model.rows if row.field in VOLTAGES)
    return any(_is_mains(device, model, row) for row in voltages) and _has_all(device, model, frequencies)


def _is_mains(device: Device, model: Model, row: Row) -> bool:
    """Whether ``row`` tells a voltage of the mains; a line that is not connected tells 0 V, which is no evidence."""
    said = _decoded(device, model, row.address, row.encoding.count).values
    return said.get(row.field, 0.0) >= LEAST_MAINS_V


def _has_all(device: Device, model: Model, rows: Iterable[Row]) -> bool:
    """Whether each of ``rows`` is answered and plausible; asked one by one, up to the first that is not."""
    return all(row.field in _decoded(device, model, row.address, row.encoding.count).values for row in rows)


def _decoded(device: Device, model: Model, first: int, count: int) -> Decoded:
    """What these registers say when they are the model's; nothing when they are not answered."""
    return decode(model.rows, first, device.answer(Question(model.function, first, count)).registers, model.absent)


def _verdict(device: Device, model: Model, identity: int | None, most_missing: int) -> Verdict:
    verdict = _look(device, model, identity, most_missing)
    for _ in range(LOOKS - 1):
        if not verdict.is_broken or verdict.missing > most_missing or device.is_hopeless:
            break
        device.forget_values()
        verdict = _look(device, model, identity, most_missing)
    return verdict


def _look(device: Device, model: Model, identity: int | None, most_missing: int) -> Verdict:
    """Read the whole table in as few requests as the model is known to answer, up to more than ``most_missing`` rows."""
    reads = known_reads(parts_of(model), proven_spans(model), Cost(device.settings))
    seen = Decoded({}, {})
    missing = 0
    for row in model.rows:
        spans = [read.span for read in reads if read.span.holds(row.address, row.end)]
        # Behind the long read the row alone: it may not take so many registers at once as its model.
        for span in [*spans, Span(row.address, row.encoding.count)]:
            if not _is_seen(seen, row):
                seen = _joined(seen, _decoded(device, model, span.first, span.count))
        missing += not _is_seen(seen, row)
        if missing > most_missing:
            break
    return Verdict(model, device.settings, identity, seen.values, missing)


def _joined(one: Decoded, other: Decoded) -> Decoded:
    return Decoded(one.values | other.values, {}, one.absent + other.absent)


def _is_seen(seen: Decoded, row: Row) -> bool:
    return row.field in seen.values or row.field in seen.absent
