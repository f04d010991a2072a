"""What was found, for people, for programs and for Telegraf's configuration. Pure."""

import json
import shlex
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from wattline.bus.settings import LineSettings
from wattline.meters import Model
from wattline.paragraphs import MOST_COLUMNS, columns, filled, wrapped
from wattline.scan.search import Found
from wattline.scan.verdict import Verdict

# As telegraf/telegraf.d/10-meters.conf has it.
PORT_OF_TELEGRAF = "${WATTLINE_PORT:-/dev/ttyRS485}"
WHERE_IT_GOES = (
    "For Telegraf's configuration. In the 10-meters.conf that comes with wattline, `command` takes the place of the one "
    f'that is there; "{PORT_OF_TELEGRAF}" may stay as its port'
)

# Siblings that answer alike are named together, below one another, and leave the evidence its room.
MODEL_WIDTH = 32


@dataclass(frozen=True, slots=True)
class Findings:
    """What a search has found on a port.

    Attributes:
        port: as the user gave it.
        found: whoever answers.
        doubled: settings and addresses at which two meters seem to answer at once.
        noisy: settings at which bytes come that nobody sent.
        has_settings: whether the line settings are ours to choose, and not a gateway's.
        file_words: the words by which `run` gets to know the models that are not in the library.
        lasting_port: what the port is called after the next start too, where that is not as the user gave it.
        journal: the folder in which `run` is to keep its journal; empty where none is known.
    """

    port: str
    found: Sequence[Found]
    doubled: Sequence[tuple[LineSettings, int]] = field(default_factory=tuple)
    noisy: Collection[LineSettings] = field(default_factory=tuple)
    has_settings: bool = True
    file_words: Sequence[str] = ()
    lasting_port: str = ""
    journal: str = ""

    @property
    def meters(self) -> dict[str, tuple[Found, Verdict]]:
        """Name (meter1, meter2, ...) to the meters that are known, by address."""
        known = [(found, found.best) for found in _sorted(self.found) if found.best]
        return {f"meter{n}": (found, best) for n, (found, best) in enumerate(known, 1)}

    @property
    def unknown(self) -> list[Found]:
        """Whoever answers, and is none of the models."""
        return [found for found in _sorted(self.found) if not found.best]

    def place(self, settings: LineSettings, address: int) -> str:
        """An address and line setting in words."""
        return f"address {address}" + (f" at {settings}" if self.has_settings else "")


def _sorted(found: Sequence[Found]) -> list[Found]:
    return sorted(found, key=lambda each: (each.address, str(each.settings)))


def word(name: str, found: Found, model: Model, *, has_settings: bool = True) -> str:
    """The METER of a command line; settings are named where they are not the factory's."""
    ours, factory = found.settings, model.settings
    keys = {
        "baud": (ours.baud, factory.baud),
        "parity": (ours.parity, factory.parity),
        "stop": (ours.stop, factory.stop),
    }
    given = [f"{key}={value}" for key, (value, usual) in keys.items() if has_settings and value != usual]
    return ",".join([f"{name}={model.name}@{found.address}", *given])


def command(program: str, findings: Findings) -> list[str]:
    """The command that meters all that is known."""
    words = [
        word(name, found, best.model, has_settings=findings.has_settings)
        for name, (found, best) in findings.meters.items()
    ]
    journal = ["--journal", findings.journal] if findings.journal else []
    return [program, "run", *findings.file_words, *journal, findings.lasting_port or findings.port, *words]


def as_telegraf(program: str, findings: Findings) -> str:
    """The part of Telegraf's configuration that meters all that is known; what is a guess says so in a comment."""
    remarks = [f"  # {remark}" for remark in _remarks(findings)]
    words = [json.dumps(each, ensure_ascii=False) for each in command(program, findings)]
    rest = ['  signal = "none"', '  data_format = "influx"']
    return "\n".join(["[[inputs.execd]]", *remarks, *_array(words, len(findings.meters)), *rest])


def _array(words: Sequence[str], meters: int) -> list[str]:
    """The words of the command as TOML: in one line, or, where that is long, the port and each of the ``meters`` behind it in
    its own.
    """
    line = f"  command = [{', '.join(words)}]"
    if len(line) <= MOST_COLUMNS:
        return [line]
    first = len(words) - meters - 1
    return ["  command = [", f"    {', '.join(words[:first])},", *(f"    {word}," for word in words[first:]), "  ]"]


def where_it_goes(findings: Findings) -> str:
    """What becomes of that part, in lines."""
    journal = "" if findings.journal else ", and --journal with its folder before that, where one is kept"
    return filled(f"{WHERE_IT_GOES}{journal}.")


def _remarks(findings: Findings) -> list[str]:
    remarks = []
    for name, (found, best) in findings.meters.items():
        if best.doubt:
            remarks.append(f"{name} is a guess: {best.doubt}; compare the meter's label.")
        if found.others:
            others = " or ".join(each.model.name for each in found.others)
            remarks.append(f"{name} may as well be {others}; nothing that it says tells them apart.")
        if found.may_be_two:
            remarks.append(f"{name} may be two meters with one address, mixed up: see to that first.")
    return remarks


def as_table(findings: Findings) -> str:
    """One row for each meter."""
    rows = [("name", "model", "address", "settings", "evidence")]
    for name, (found, best) in findings.meters.items():
        doubt = [f"a guess: {best.doubt}"] if best.doubt else []
        doubt += ["but perhaps two meters"] if found.may_be_two else []
        settings = str(found.settings) if findings.has_settings else "the gateway's"
        models = " or ".join(each.model.name for each in [best, *found.others])
        rows.append((name, models, str(found.address), settings, "; ".join(best.evidence + doubt)))
    *widths, _ = (max(map(len, column)) for column in zip(*rows, strict=True))
    widths[1] = min(widths[1], MODEL_WIDTH)
    return "\n".join(line for row in rows for line in _lines(row, widths))


def _lines(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    """One row of the table: the models and the evidence go on below where they are long, each in its column."""
    left = columns() - sum(width + 2 for width in widths)
    cells = [wrapped(cell, width) for cell, width in zip(row, (*widths, max(left, 1)), strict=True)]
    return [
        "".join(f"{cell:{width}}  " for cell, width in zip(line, (*widths, 0), strict=True)).rstrip()
        for line in zip_longest(*cells, fillvalue="")
    ]


def remarks(findings: Findings, models: Collection[Model]) -> list[str]:
    """What else there is to say about the findings, each in whole sentences, filled to lines."""
    said = list(_unknown(findings, models))
    said += [_doubled(findings, settings, address) for settings, address in findings.doubled]
    for found in findings.found:
        place = findings.place(found.settings, found.address)
        if found.may_be_two:
            said.append(_may_be_two(findings, found))
        if found.also:
            also = " and ".join(map(str, found.also))
            said.append(f"The meter of {place} answers at {also} too: this port does not tell parities apart.")
    said += [
        f"At {settings} bytes come that no meter sent: check that A and B are not swapped, and the line's termination "
        "and ground."
        for settings in findings.noisy
    ]
    return [filled(text) for text in said]


def _unknown(findings: Findings, models: Collection[Model]) -> Iterator[str]:
    """What is said of whoever answers and has no name; those of which the same can be said are told together."""
    alike: dict[tuple[bool, tuple[str, ...]], list[Found]] = {}
    for found in findings.unknown:
        if found.is_given_up:
            # There is nothing to describe in a file.
            continue
        alike.setdefault((found.is_examined, tuple(model.name for model in found.not_excluded)), []).append(found)
    for (is_examined, perhaps), group in alike.items():
        places = "; ".join(findings.place(found.settings, found.address) for found in group)
        if not is_examined:
            yield f"Something answers at {places}; the search ended before it was asked what it is."
            continue
        hint = f" It may be {' or '.join(perhaps)}, which no value proves: compare its label." if perhaps else ""
        others = f"the {len(models) - len(perhaps)} other" if perhaps else f"the {len(models)}"
        first = group[0]
        model = first.not_excluded[0] if perhaps else None
        meter = word("unknown", first, model, has_settings=findings.has_settings) if model else "METER"
        probe = shlex.join([*findings.file_words, findings.port, meter])
        yield (
            f"Something answers at {places}, and it is none of {others} models that are known.{hint} If you have the "
            f"meter's register map, describe it in a file for `--meter-file`; `wattline probe {probe}` "
            "tells what it answers."
        )


def _doubled(findings: Findings, settings: LineSettings, address: int) -> str:
    return (
        f"From {findings.place(settings, address)} alone come bytes that are never a frame: most likely two meters have "
        f"that address and answer at once. {_change('NAME')}"
    )


def _may_be_two(findings: Findings, found: Found) -> str:
    name = found.best.model.name if found.best else "NAME"
    twice = ", and one question was answered twice" if found.is_twice else ""
    where = ", and where nobody has the address nothing is garbled" if found.is_alone else ""
    verdict = "most likely two meters have" if found.is_twice or found.is_alone else "either two meters have"
    other = "" if found.is_twice or found.is_alone else ", or the line is disturbed"
    return (
        f"{found.garbled} of the {found.garbled + found.sound} answers of {findings.place(found.settings, found.address)} "
        f"came garbled{twice}{where}: {verdict} that address{other}. {_change(name)}"
    )


def _change(name: str) -> str:
    """What is to be done where two meters have one address."""
    return (
        f"wattline never writes, so it cannot change one: `wattline models {name}` tells how that make's address is "
        "changed, with the other meter taken off the line."
    )


def as_json(program: str, findings: Findings) -> str:
    """All of it, for programs."""
    document: dict[str, Any] = {
        "port": findings.port,
        "meters": [
            {
                "name": name,
                "model": best.model.name,
                "equally_likely": [each.model.name for each in found.others],
                **_place(found.settings, found.address, has_settings=findings.has_settings),
                "word": word(name, found, best.model, has_settings=findings.has_settings),
                "is_guess": bool(best.doubt),
                "doubt": best.doubt,
                "evidence": best.evidence,
                "may_be_two": found.may_be_two,
            }
            for name, (found, best) in findings.meters.items()
        ],
        "unknown": [
            {
                **_place(found.settings, found.address, has_settings=findings.has_settings),
                "perhaps": [model.name for model in found.not_excluded],
                "may_be_two": found.may_be_two,
            }
            for found in findings.unknown
        ],
        "doubled": [_place(*place, has_settings=findings.has_settings) for place in findings.doubled],
        "noisy": [str(settings) for settings in findings.noisy],
        "command": command(program, findings) if findings.meters else [],
    }
    return json.dumps(document, indent=2)


def _place(settings: LineSettings, address: int, *, has_settings: bool) -> dict[str, Any]:
    line = {"baud": settings.baud, "parity": settings.parity, "stop": settings.stop} if has_settings else {}
    return {"address": address, **line}
