"""A restore that has begun and not come to its end, be it the swap of a bucket or a restore of everything.

What is live is half of each then, and so is a set that is made meanwhile. Only a set that is whole ends that.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from shlex import join
from urllib.parse import quote, unquote

EVERYTHING = ""
"""Stands for the name of a bucket where all of them are restored."""
LATE, LATE_FORM = "late-", "%Y%m%dT%H%M%SZ"
NEW = ".new"
"""What the name of such a file ends with until it is whole."""


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A restore that has begun.

    Attributes:
        stamp: the set that is restored; empty where that was not noted.
        origin: the set that has what was live before; empty where nothing was, or that was not noted.
    """

    stamp: str
    origin: str


def undoing(stamp: str, bucket: str) -> str:
    """The command that makes a bucket, or everything, what it was when that set was made."""
    way = ["--bucket", bucket, "--swap"] if bucket else ["--all"]
    return join(["wattline-backup", "restore", stamp, *way])


def what_to_do_about(begun: Mapping[str, Unfinished]) -> list[str]:
    """About restores that have begun, by bucket, in sentences.

    One of everything comes first: mostly it ends those of buckets as well, and the set that a bucket would go back to may be half
    of it.
    """
    if EVERYTHING not in begun:
        return [_what_to_do(bucket, each) for bucket, each in sorted(begun.items())]
    told, others = [_what_to_do(EVERYTHING, begun[EVERYTHING])], sorted(bucket for bucket in begun if bucket)
    if others:
        told.append(
            f"Nor has a swap of {' and of '.join(others)}: if anything is left to do about that afterwards, it is told then."
        )
    return told


def _what_to_do(bucket: str, begun: Unfinished) -> str:
    """About a restore that has begun, in a sentence."""
    if bucket == EVERYTHING:
        before = (
            f"What was live before is in the set {begun.origin}."
            if begun.origin
            else "Which set has what was live before, if anything was, was not noted."
        )
        return (
            f"A restore of everything from the set {begun.stamp} has begun and not come to its end, so InfluxDB lacks points: "
            f"unless it is still at work, `{undoing(begun.stamp, bucket)}` does it again. {before}"
        )
    return (
        f"A swap of {bucket} has begun and not come to its end: unless it is still at work, start InfluxDB anew; then "
        f"`{undoing(begun.origin, bucket)}` makes {bucket} what it was."
    )


def late_file(folder: Path, bucket: str, start: datetime) -> Path:
    """Where beside the sets lies what came into a bucket, of the shard that begins then, while the way back was made; not there yet."""
    paths = (folder / f"{_late(bucket)}{start.astimezone(UTC):{LATE_FORM}}-{number}.tar" for number in count(1))
    return next(path for path in paths if not path.exists())


def late_files(folder: Path, bucket: str) -> dict[Path, datetime]:
    """Those of a bucket that are there, each with when its shard begins."""
    prefix, found = _late(bucket), sorted(folder.glob(f"{LATE}*.tar"))
    return {
        path: datetime.strptime(path.name[len(prefix) :].split("-")[0], LATE_FORM).replace(tzinfo=UTC)
        for path in found
        if path.name.startswith(prefix)
    }


def unwritten(folder: Path) -> list[Path]:
    """What is left of such files where the writing of one was cut off; the shard still has all of it."""
    return sorted(folder.glob(f"{LATE}*.tar{NEW}"))


def what_is_late(folder: Path) -> list[str]:
    """About all of them, a sentence for each."""
    return [
        f"What came into {unquote(path.name.split('-')[1])} while a swap failed is in {path}, and not in InfluxDB: the next swap of "
        "that bucket brings it in, be it to a set that `wattline-backup run` makes now; where it is older than what the bucket keeps, "
        "remove it."
        for path in sorted(folder.glob(f"{LATE}*.tar"))
    ]


def _late(bucket: str) -> str:
    # A minus would end the name.
    return f"{LATE}{quote(bucket, safe='').replace('-', '%2D')}-"


def in_the_middle_of(buckets: Iterable[str]) -> list[str]:
    """What a set is that was made in the middle of restores of ``buckets``, a sentence for each."""
    return [
        f"The set was made in the middle of {name}: it has what that had left of it." for name in restores_of(buckets)
    ]


def restores_of(buckets: Iterable[str]) -> list[str]:
    """What the restores of ``buckets`` are called."""
    return [f"a swap of {bucket}" if bucket else "a restore of everything" for bucket in buckets]
