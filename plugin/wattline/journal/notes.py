"""What a journal keeps besides the lines: notes, which are comments of line protocol with a JSON object behind the ``#``.

So a journal that is printed stays line protocol, and whoever sums up its seconds knows why one is missing. ``at`` is in
seconds since 1970; where the clock was not believed, ``"believed": false`` stands beside it.

::

    {"began": VERSION, "at": ..., "port": PORT, "meters": {NAME: SECONDS, ...}, "interval_s": SECONDS,
     "offsets": {NAME: SECONDS, ...}}
    {"ended": WHY, "at": ...}
    {"at": ..., "absent": {NAME: REASON, ...}}
    {"at": ..., "clock": SLOTS}
    {"at": ..., "lost": LINES, "since": ...}

``began`` stands where the process began, at the head of each file, and where the clock was set back, and has for each meter the seconds from one reading
that is due to the next, 0 of a meter that speaks when it wants to. Where these are more than those of a slot, ``offsets``
has at which of them a reading is due, counted from 1970 on, unless that is 0: it may come later, up to when the next one is
due, and where it does not the absence bears that second. ``absent`` has the meters that were due in a slot and
gave no reading: ``silent`` (asked, and no sound answer; or not asked, since late replies could have been taken for it),
``unbelieved`` (an answer of which nothing was believed), ``busy`` (no time for it) or ``port`` (the port was not open).
``clock`` counts slots whose readings were given up, because it was not known what time it was. ``lost`` counts lines that
could not be kept, of the seconds from ``since`` to ``at``; the notes of those seconds were lost with them.
"""

import json
from collections.abc import Mapping

from wattline.clock import NS
from wattline.reading import Absence


def began(
    version: str,
    at: Mapping[str, object],
    port: str,
    meters: Mapping[str, int],
    interval_s: int,
    *,
    offsets: Mapping[str, int] | None = None,
) -> str:
    """The note that a process began; as of an early version, which did not say them, without ``offsets``."""
    said = {"began": version, **at, "port": port, "meters": dict(meters), "interval_s": interval_s}
    if offsets is not None:
        said["offsets"] = {name: offset_s for name, offset_s in offsets.items() if offset_s}
    return _note(said)


def ended(why: str, at: Mapping[str, object]) -> str:
    """The note that it ended."""
    return _note({"ended": why, **at})


def absent(absence: Absence) -> str:
    """The note that meters gave no reading."""
    return _note({"at": absence.time_ns // NS, "absent": dict(absence.reasons)})


def clock(slots: int, at: Mapping[str, object]) -> str:
    """The note that the readings of some slots were given up."""
    return _note({**at, "clock": slots})


def lost(lines: int, since_s: int, at: Mapping[str, object]) -> str:
    """The note that some lines, and their notes, could not be kept."""
    return _note({**at, "lost": lines, "since": since_s})


def is_note(line: str) -> bool:
    """Whether it is no point."""
    return line.startswith("#")


def of_line(line: str) -> dict[str, object] | None:
    """The object of a note; None of any other line."""
    note = json.loads(line[1:]) if is_note(line) else None
    return note if isinstance(note, dict) else None


def _note(said: Mapping[str, object]) -> str:
    return "#" + json.dumps(said, separators=(",", ":"))
