"""Shards are sent to InfluxDB, and looked for afterwards.

Into a new shard the stored archive goes as it is. Into a live one its files go under names that are not in use there, since
a file of the same name is replaced, and all its points are lost. The name also tells which value is read where two files
have one of the same moment: that of the later name. The files that InfluxDB writes begin at 000000001, so ours begin with
000000000: what is live wins. Among ours a later one wins, as in the set; what is brought in by a later restore gets lower
names, so that it does not win over what is there either.
"""

import tarfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from wattline_backup.archive import BLOCK, PIECE
from wattline_backup.errors import ArchiveError, BackupError
from wattline_backup.index import Shard
from wattline_backup.restore.content import digests_of_live, digests_of_stored
from wattline_backup.restore.reading import as_file, opened
from wattline_backup.server import Server
from wattline_backup.tsm_files import NONE, stored_files

GENERATION = "000000000"
# Numbers below 4 mean to InfluxDB that a file is young and has to be compacted soon.
FIRST_NUMBER, LEAST_NUMBER = 500_000_000, 4


def send(server: Server, shard: int, folder: Path, stored: Shard) -> None:
    """Send a stored archive to a shard that has nothing, and see that it has all of it.

    Args:
        server: InfluxDB.
        shard: its number there.
        folder: of the set.
        stored: the shard of the set.

    Raises:
        BackupError: it did not arrive.
    """
    if not stored.tsm:
        return
    headers = {"Content-Encoding": "gzip", "Content-Length": str(stored.stored.size)}
    with (
        opened(folder / stored.file, stored.stored.size) as body,
        server.request("POST", f"/api/v2/restore/shards/{shard}", body=body, headers=headers),
    ):
        pass
    expected = stored_files(stored)
    found = server.files().get(shard, NONE)
    if found != expected:
        raise BackupError(
            f"Shard {stored.shard} of {stored.bucket} did not arrive: {expected.count} files of {expected.size} bytes "
            f"were sent, and InfluxDB has {found.count} of {found.size} bytes."
        )


def inject(server: Server, shard: int, folder: Path, stored: Shard) -> None:
    """Bring the points of a stored shard into a live one, where what is live wins; see that all of them are there.

    Raises:
        BackupError: they did not arrive.
    """
    file, content = folder / stored.file, digests_of_stored(folder, stored)
    try:
        with opened(file, stored.stored.size) as body, tarfile.open(fileobj=as_file(body), mode="r|gz") as archive:
            put(server, shard, archive, content, f"shard {stored.shard} of {stored.bucket}")
    except (tarfile.TarError, zlib.error, EOFError) as error:
        raise ArchiveError(f"{file} is damaged, and was not when it was looked through: {error}.") from error


def put(server: Server, shard: int, archive: tarfile.TarFile, content: Mapping[str, str], what: str) -> None:
    """Bring files of points into a live shard, where what is live wins, also what was brought in before.

    Args:
        server: InfluxDB.
        shard: its number there.
        archive: has the files; it is read from its beginning to its end.
        content: the SHA-256 of each, by its name, in the order in which a later one wins.
        what: whose files they are, for the message.

    Raises:
        BackupError: they did not arrive.
    """
    names = dict(zip(content, unused_names(digests_of_live(server, shard), len(content)), strict=True))
    with server.request("POST", f"/api/v2/restore/shards/{shard}", body=renamed(archive, names)):
        pass
    found = digests_of_live(server, shard)
    lost = [name for name, new in names.items() if found.get(new) != content[name]]
    if lost:
        raise BackupError(f"Of {what} {', '.join(lost)} did not arrive in InfluxDB.")


def unused_names(live: Iterable[str], count: int) -> list[str]:
    """So many names that a live shard does not have, in order, below all that an earlier restore brought.

    Raises:
        BackupError: there are none left.
    """
    taken = [int(name[len(GENERATION) + 1 :].split(".")[0]) for name in live if name.startswith(GENERATION)]
    first = min([FIRST_NUMBER, *taken]) - count
    if first < LEAST_NUMBER:
        raise BackupError("There is no name left for what is to be brought in: wait until InfluxDB compacts the shard.")
    return [f"{GENERATION}-{first + number:09d}.tsm" for number in range(count)]


def renamed(archive: tarfile.TarFile, names: Mapping[str, str]) -> Iterator[bytes]:
    """A tar with other names for its files, and without those that get none."""
    for member in archive:
        name = names.get(member.name.rsplit("/", 1)[-1])
        content = archive.extractfile(member)
        if name is None or content is None:
            continue
        info = tarfile.TarInfo(name)
        info.size, info.mtime = member.size, member.mtime
        yield info.tobuf()
        while piece := content.read(PIECE):
            yield piece
        yield bytes(-member.size % BLOCK)
    yield bytes(2 * BLOCK)
