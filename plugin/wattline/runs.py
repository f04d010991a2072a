"""The name and the id of a run: what a series of readings was taken for, when that matters."""

import sys
from dataclasses import replace
from typing import Protocol

from wattline import fields
from wattline.clock import NS, Slot
from wattline.errors import WordError
from wattline.reading import Point

ASK, HOST, METER = "ask", "host-mac", "meter-mac"
# Without the address of a meter by then, the run is told without it.
PATIENCE_S = 30.0
LONGEST = 100


class Named(Protocol):
    """A source whose first meter may have an address of its own."""

    def meter_id(self) -> str | None:
        """It; empty where there is none, None as long as it is not known."""


def run_name(word: str) -> str:
    """The name that the word behind ``--run`` means; that of the meter is not known yet and is empty.

    Raises:
        WordError: it cannot be a name, or there is nobody to be asked for one.
    """
    if word == HOST:
        import uuid  # noqa: PLC0415 - as below

        return f"{uuid.getnode():012x}"
    name = "" if word == METER else _asked() if word == ASK else word
    if word != METER and not (name.strip() and name.isprintable() and len(name) <= LONGEST):
        raise WordError(
            f"The run {name!r} must be a name of at most {LONGEST} characters, {HOST}, {METER}, or {ASK} on a terminal."
        )
    return name.strip()


def _asked() -> str:
    if not (sys.stdin and sys.stdin.isatty()):
        raise WordError("Nobody can be asked for the name of the run, since this is no terminal; give --run TEXT.")
    print("Name of the run: ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip()


class Run:
    """Tells of itself once, and puts its name on readings where that is asked for.

    Args:
        name: the name; empty for the address of the meter.
        port: the port as given.
        tags: whether readings carry the name and the id.
    """

    def __init__(self, name: str, port: str, *, tags: bool = False) -> None:
        import uuid  # noqa: PLC0415 - a fifth of a megabyte, spent only where a run is named

        self.id = str(uuid.uuid4())
        self._name, self._port, self._has_tags = name, port, tags
        self._began: Slot | None = None
        self._told_as: str | None = None

    def through(self, slot: Slot, points: list[Point], source: Named) -> list[Point]:
        """The ``points`` of a slot, and once the one about the run, with the second at which it began.

        A run that is called after a meter is told again when the meter's address comes after it was told without.
        """
        self._began = self._began or slot
        meter_id = source.meter_id()
        name = self._name or meter_id or ""
        is_due = self._told_as is None or bool(name and not self._told_as)
        told = self._told(slot, self._began, meter_id) if is_due else []
        self._told_as = name if told else self._told_as
        if self._has_tags:
            own = {"run": name, "run_id": self.id}
            points = [_tagged(point, own) for point in points]
        return told + points

    def _told(self, slot: Slot, began: Slot, meter_id: str | None) -> list[Point]:
        since_s = slot.began_s - began.began_s
        if meter_id is None and since_s < PATIENCE_S:
            return []
        values = {"name": self._name or meter_id, "id": self.id, "meter_id": meter_id}
        known = {name: value for name, value in values.items() if value}
        return [Point(fields.RUN_INFO, {"port": self._port}, known, slot.time_ns - round(since_s) * NS)]


def _tagged(point: Point, own: dict[str, str]) -> Point:
    if point.measurement != fields.ELECTRICITY:
        return point
    return replace(point, tags={**point.tags, **own})
