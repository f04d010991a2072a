"""``wattline-backup list``: the sets that there are, and what should be known about them."""

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo

from wattline.paragraphs import filled
from wattline_backup.disk import usage
from wattline_backup.errors import SetError
from wattline_backup.household import age_in_words, local
from wattline_backup.nags import Situation, nags
from wattline_backup.sets import Set, moment_of
from wattline_backup.settings import settings
from wattline_backup.sheet import confirmed
from wattline_backup.size import bytes_in_words, sets_in_words
from wattline_backup.state import SetState, State
from wattline_backup.unfinished import restores_of

SUMMARY = (
    "lists the sets: how old, how large, of which how much no other set has, verified, off-site; and what is amiss"
)
EXAMPLE = "wattline-backup list"
ERROR_PREFIX = "wattline-backup: "

HEAD = f"{'set':16}  {'local time':12}  {'age':>6}  shards    size     own verified off-site"


@dataclass(frozen=True, slots=True)
class Row:
    """A set.

    Attributes:
        stamp: its name.
        at_s: when it was begun, in seconds since 1970.
        shards: how many it has; None where it cannot be read.
        size: bytes that it would take alone.
        own: bytes that no other set has.
        state: what was found out about it.
        unfinished: the buckets, or ``EVERYTHING``, in the middle of whose restore it was made.
    """

    stamp: str
    at_s: float
    shards: int | None
    size: int
    own: int
    state: SetState
    unfinished: Sequence[str] = ()


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the words of this command."""
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")


def execute(arguments: argparse.Namespace) -> int:
    """List the sets; returns 0.

    Raises:
        FolderError: they cannot be looked at.
    """
    chosen = settings()
    folder = chosen.sets()
    state, sets = State(folder.path), folder.sets()
    taken = usage([each.path for each in sets])
    rows = [
        _row(each, size, own, state.of(each.stamp)) for each, size, own in zip(sets, taken.size, taken.own, strict=True)
    ]
    # What was removed while it was looked at.
    rows = [row for row in rows if row.shards is not None or (folder.path / row.stamp).exists()]
    now_s = time.time()
    situation = Situation(
        now_s,
        rows[-1].at_s if rows else None,
        [row.state for row in rows],
        [row.stamp for row in rows if row.shards is None],
        confirmed(state, chosen.token_file),
        state.unfinished(),
    )
    if arguments.json:
        print(json.dumps(_as_json(rows, taken.total, nags(situation), now_s), indent=2))
    else:
        print(_as_table(rows, taken.total, nags(situation), now_s, chosen.zone))
    return 0


def _row(each: Set, size: int, own: int, state: SetState) -> Row:
    try:
        # Of another object, since the indexes of all sets together are many megabytes.
        index = Set(each.path).index
    except SetError:
        return Row(each.stamp, each.at.timestamp(), None, size, own, state)
    return Row(each.stamp, each.at.timestamp(), len(index.shards), size, own, state, index.unfinished)


def _as_table(rows: Sequence[Row], total: int, remarks: Sequence[str], now_s: float, zone: tzinfo | None) -> str:
    lines = [HEAD, *(_line(row, now_s, zone) for row in rows)] if rows else []
    if rows:
        alone = sum(row.size for row in rows)
        told = f"On the disk {sets_in_words(len(rows))}: {bytes_in_words(total)}; if they shared nothing, it would be {bytes_in_words(alone)}."
        lines += ["", filled(told)]
    return "\n".join([*lines, *(filled(f"! {each}", indent=2) for each in remarks)])


def _line(row: Row, now_s: float, zone: tzinfo | None) -> str:
    shards = "damaged" if row.shards is None else str(row.shards)
    when = f"{row.stamp:16}  {local(moment_of(row.stamp), zone)} {age_in_words(now_s - row.at_s):>7}"
    sizes = f"{shards:>7} {bytes_in_words(row.size):>7} {bytes_in_words(row.own):>7}"
    since = f"{_since(row.state.verified_s, now_s):>8} {_since(row.state.offsite_s, now_s):>8}"
    half = f"  half: in the middle of {' and '.join(restores_of(row.unfinished))}" if row.unfinished else ""
    return f"{when} {sizes} {since}{half}"


def _since(moment_s: float | None, now_s: float) -> str:
    return "no" if moment_s is None else age_in_words(now_s - moment_s)


def _as_json(rows: Sequence[Row], total: int, remarks: Sequence[str], now_s: float) -> dict[str, object]:
    return {
        "sets": [
            {
                "set": row.stamp,
                "at": moment_of(row.stamp).isoformat(),
                "age_s": round(now_s - row.at_s),
                "shards": row.shards,
                "damaged": row.shards is None,
                "unfinished": list(row.unfinished),
                "bytes": row.size,
                "own_bytes": row.own,
                "verified_s": row.state.verified_s,
                "verified_how": row.state.verified_how,
                "offsite_s": row.state.offsite_s,
            }
            for row in rows
        ],
        "disk_bytes": total,
        "remarks": list(remarks),
    }
