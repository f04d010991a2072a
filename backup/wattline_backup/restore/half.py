"""How things stand with a bucket whose swap has not come to its end, and that it is over."""

from collections.abc import Iterable
from pathlib import Path

from wattline_backup.errors import BackupError, FolderError
from wattline_backup.restore.signals import reason_of
from wattline_backup.state import State
from wattline_backup.unfinished import undoing


def half_swapped(
    name: str, origin: str, failure: BaseException, second: BaseException | None = None, late: Iterable[Path] = ()
) -> BackupError:
    """How things stand, and why.

    Args:
        name: the bucket's.
        origin: the set that has what it was.
        failure: why the swap failed.
        second: why the way back did, where that was tried.
        late: the files that have what came in meanwhile.
    """
    kept = " and ".join(map(str, late))
    told = f"{name} is half swapped. Start InfluxDB anew; then `{undoing(origin, name)}` makes it what it was"
    told += f", with what came in meanwhile, which is in {kept}" if kept else ""
    told += f". What went wrong: {reason_of(failure)}"
    return BackupError(f"{told} And on the way back: {reason_of(second)}" if second else told)


def note_end(state: State, name: str, stamp: str) -> None:
    """Write down that a bucket is whole, and has what it has in that set.

    Raises:
        BackupError: it cannot be written.
    """
    try:
        state.end(name)
    except FolderError as error:
        raise BackupError(
            f"{name} has all that it has in the set {stamp}, but {error} So `list` goes on calling that unfinished; "
            f"`{undoing(stamp, name)}`, once there is room, ends it."
        ) from error
