"""The golden folders: what a stick wrote, the lines that it means, and what was left out."""

from collections.abc import Iterator
from pathlib import Path

from wattline.clock import NS
from wattline.line import to_line
from wattline.rainforest.interpreter import Interpreter
from wattline.rainforest.replay import replay
from wattline.rainforest.words import EXAMPLE, parse_stick_meters
from wattline.reading import Point

CASES = Path(__file__).parent / "cases"
# 2024-01-01: what is given to points that no time came with.
OTHERWISE_S = 1_704_067_200


def interpreter_of(case: Path) -> Interpreter:
    """The reader of the meters that a case names; the example's unless it does."""
    words = case / "words"
    return Interpreter(parse_stick_meters(words.read_text().split() if words.exists() else [EXAMPLE]))


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


def points_of(interpreter: Interpreter, data: bytes, host_ns: int) -> list[Point]:
    """The points of all that is whole with ``data``, by a clock that is believed."""
    heard = [news for fragment in interpreter.feed(data) if (news := interpreter.news(fragment, host_ns / NS))]
    return [point for news in heard for point in interpreter.points(news, host_ns, is_believed=True)]


def lines(interpreter: Interpreter, data: bytes, size: int = 65536) -> list[str]:
    """The lines of ``data``, which comes in pieces of ``size`` bytes."""
    return [to_line(point) for point in replay(pieces(data, size), interpreter, OTHERWISE_S)]


def counts(interpreter: Interpreter) -> dict[str, int]:
    """What was left out, and why; what was not is not told."""
    framer = interpreter.framer
    counted = {
        "dropped_fragments": framer.dropped_fragments + interpreter.malformed,
        "unknown_fragments": framer.unknown_fragments,
        "repeated_fragments": interpreter.once.repeated,
        "foreign_fragments": interpreter.owners.foreign,
        "stale_fragments": interpreter.stale,
        "unreadable_values": interpreter.unreadable,
        "nul_bytes": framer.nul_bytes,
        "warnings": interpreter.warnings,
    }
    for counter in interpreter.counts.values():
        for name in ("implausible_values", "energy_withheld", "energy_resets"):
            counted[name] = counted.get(name, 0) + counter[name]
    return {name: count for name, count in counted.items() if count}
