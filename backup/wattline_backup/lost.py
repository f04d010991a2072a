"""What is said of restores that were cut off where ``state.json``, which knew of them, was damaged: what the sets are marked with."""

from collections.abc import Sequence
from itertools import chain, count
from pathlib import Path

from wattline_backup.errors import SetError
from wattline_backup.index import Index
from wattline_backup.sets import Folder, Set
from wattline_backup.unfinished import restores_of, undoing

DAMAGED = "state.json.damaged"


def damaged_files(folder: Path) -> list[Path]:
    """Those that were put aside, and that nobody has removed since."""
    return sorted(folder.glob(f"{DAMAGED}*"))


def put_aside(file: Path) -> None:
    """Give a damaged file a name of its own, and none that an earlier one has.

    Raises:
        OSError: nothing can be written there.
    """
    names = chain([DAMAGED], (f"{DAMAGED}-{number}" for number in count(2)))
    file.rename(next(path for name in names if not (path := file.with_name(name)).exists()))


def what_is_lost(folder: Path, damaged: Sequence[Path]) -> str:
    """What may be unfinished, and what to do about it.

    Args:
        folder: of the sets.
        damaged: the files that were.

    Raises:
        FolderError: the sets cannot be looked at.
    """
    sets = [index for each in Folder(folder).sets() if (index := _index(each))]
    halves = [number for number, each in enumerate(sets) if each.unfinished]
    told = "state.json was damaged, so which restores had not come to their end, if any, is no longer known."
    if halves:
        sets = sets[: halves[-1] + 1]
        abouts = [_about(sets, bucket) for bucket in sorted(sets[-1].unfinished)]
        told = " ".join([told, *abouts, "Sets made after that one may be half too."])
    else:
        told += (
            " No set was made in the middle of one. Where you know of one that was cut off since the newest, restore the last set "
            "from before it: by --bucket NAME --swap if it was a swap, else by --all."
        )
    return f"{told} No set is removed until somebody has looked and removed {' and '.join(map(str, damaged))}."


def _about(sets: Sequence[Index], bucket: str) -> str:
    """About a restore in whose middle the last of these sets was made."""
    (name,) = restores_of([bucket])
    whole = [each.stamp for each in sets if not each.is_half(bucket)]
    told = f"The set {sets[-1].stamp} was made in the middle of {name}: unless you know that this is over,"
    if not whole:
        return f"{told} restore a set that is whole; of those from before it none is left."
    return f"{told} start InfluxDB anew; then `{undoing(whole[-1], bucket)}` makes {bucket or 'everything'} what it was before."


def _index(each: Set) -> Index | None:
    try:
        # Of another object, since the indexes of all sets together are many megabytes.
        return Set(each.path).index
    except SetError:
        return None
