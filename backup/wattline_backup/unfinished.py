"""A restore that has begun and not come to its end, be it the swap of a bucket or a restore of everything.

What is live is half of each then, and so is a set that is made meanwhile. Only a set that is whole ends that.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from shlex import join

EVERYTHING = ""
"""Stands for the name of a bucket where all of them are restored."""


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A restore that has begun.

    Attributes:
        stamp: the set that is restored.
        origin: the set that has what was live before; empty where nothing was.
    """

    stamp: str
    origin: str


def undoing(stamp: str, bucket: str) -> str:
    """The command that makes a bucket, or everything, what it was when that set was made."""
    way = ["--bucket", bucket, "--swap"] if bucket else ["--all"]
    return join(["wattline-backup", "restore", stamp, *way])


def what_to_do(bucket: str, begun: Unfinished) -> str:
    """About a restore that has begun, in a sentence."""
    if bucket == EVERYTHING:
        before = f" What was live before is in the set {begun.origin}." if begun.origin else ""
        return (
            f"A restore of everything from the set {begun.stamp} has begun and not come to its end, so InfluxDB lacks points: "
            f"unless it is still at work, `{undoing(begun.stamp, bucket)}` does it again.{before}"
        )
    return (
        f"A swap of {bucket} has begun and not come to its end: unless it is still at work, start InfluxDB anew; then "
        f"`{undoing(begun.origin, bucket)}` makes {bucket} what it was."
    )


def in_the_middle_of(buckets: Iterable[str]) -> list[str]:
    """What a set is that was made in the middle of restores of ``buckets``, a sentence for each."""
    names = [f"a swap of {bucket}" if bucket else "a restore of everything" for bucket in buckets]
    return [f"The set was made in the middle of {name}: it has what that had left of it." for name in names]
