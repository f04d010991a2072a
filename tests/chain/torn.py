"""What a power cut leaves of a journal. What was committed is on the disk; what was being written may be there in part."""

import os
import random
from pathlib import Path

from wattline.journal.files import number_of
from wattline.journal.reader import files_in, folders_in, read
from wattline.journal.record import SECTOR_BYTES, pack, whole


def tear(journal: Path) -> None:
    """Half of a record stands behind the last that was committed."""
    path, end = _last_commit(journal)
    record = pack(number_of(path), [f'run_info name="{random.Random(end).randbytes(1200).hex()}" 0'])
    with path.open("r+b") as file:
        file.seek(end)
        file.write(record[: whole(len(record) // 2)])


def truncate(journal: Path) -> None:
    """The file ends with that, as where a file system had not noted its size."""
    path, end = _last_commit(journal)
    os.truncate(path, end)


def _last_commit(journal: Path) -> tuple[Path, int]:
    """The newest file of a journal of one port, and the offset behind its last record."""
    (folder,) = folders_in(journal)
    path = files_in(folder)[-1]
    records = read(path)
    records.pass_over()
    return path, whole(records.end, SECTOR_BYTES)
