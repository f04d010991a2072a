"""The files of a set against what was written down of them, the cheapest question first.

| rung | what it finds that those before it did not |
|---|---|
| sizes | a manifest that nobody can read, a second one, a file that is missing, cut off, or exchanged for a shorter one |
| checksums | a byte that changed on the disk |
| archives | an archive that was never whole, or holds other files than were listed |
| points | a block of points that was damaged before it was packed |
| databases | a metadata database, or Grafana's, that does not open |
"""

import gzip
import json
import sqlite3
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from wattline_backup import index
from wattline_backup.checks import check_stored
from wattline_backup.errors import ArchiveError, SetError
from wattline_backup.house import FOLDER, GRAFANA, describe
from wattline_backup.index import Index, Shard
from wattline_backup.progress import Watcher
from wattline_backup.sets import Set

MANIFEST = ".manifest"
OTHERS_TOLD = 3
BOLT_MAGIC, BOLT_MAGIC_AT = bytes.fromhex("EDDA0CED"), 16
# A database that is kept with a log does not open in memory, where there is none; what is copied has no log beside it.
SQLITE_MODES, SQLITE_WITHOUT_LOG = slice(18, 20), b"\x01\x01"
CHECKSUMS: Final = "checksums"
POINTS: Final = "archives and points"
DATABASES: Final = "databases"


class Files:
    """Checks the files of sets. A file that several sets share is read once.

    Args:
        watcher: is told how far it is.
        is_quick: whether a file that a set shares with the set before is believed by its size.
    """

    def __init__(self, watcher: Watcher, *, is_quick: bool = False) -> None:
        self._watcher, self._is_quick = watcher, is_quick
        self._read: set[tuple[str, int, str]] = set()
        self.read_bytes = 0

    def check(self, checked: Set) -> list[str]:
        """Climb the ladder.

        Returns:
            What a person should know besides, in sentences.

        Raises:
            SetError: a file is missing, or not what it was.
            ArchiveError: a shard's archive is not whole, or its points are damaged.
        """
        known = checked.index
        check_manifest(checked)
        check_sizes(checked)
        remarks = check_others(checked)
        shards = [shard for shard in known.shards if self._is_to_read(checked, shard)]
        self._rung(CHECKSUMS, [shard.file for shard in shards] + list(known.files), _checksum(checked))
        by_file = {shard.file: shard for shard in shards}
        self._rung(POINTS, list(by_file), lambda file: check_stored(checked.path, by_file[file], with_points=True))
        self._rung(DATABASES, _databases(known), lambda file: check_database(checked.path / file))
        for shard in shards:
            self._read.add(_identity(checked, shard))
            self.read_bytes += shard.stored.size
        return remarks

    def _is_to_read(self, checked: Set, shard: Shard) -> bool:
        return not (self._is_quick and shard.is_linked) and _identity(checked, shard) not in self._read

    def _rung(self, name: str, files: list[str], check: Callable[[str], None]) -> None:
        for done, file in enumerate(files):
            self._watcher.move(name, done, len(files))
            check(file)
        self._watcher.move(name, len(files), len(files))


def check_manifest(checked: Set) -> None:
    """Whether the manifest that `influx restore` reads names the shards that ``wattline.json`` names, with their sizes.

    Raises:
        SetError: it does not, or cannot be read.
    """
    named = dict(_named(manifest_of(checked)))
    known = checked.index
    databases = [f"{checked.stamp}.bolt.gz", f"{checked.stamp}.sqlite.gz"]
    written = {shard.file: shard.stored.size for shard in known.shards}
    written |= {name: known.files[name].size for name in databases if name in known.files}
    if wrong := sorted({name for name, _ in named.items() ^ written.items()} | (set(databases) - named.keys())):
        raise SetError(
            f"The manifest of {checked.path} and its wattline.json do not say the same of {wrong[0]}: this set cannot be "
            "trusted, take another."
        )


def manifest_of(checked: Set) -> Mapping[str, Any]:
    """The manifest of a set.

    Raises:
        SetError: it cannot be read.
    """
    file = checked.path / (checked.stamp + MANIFEST)
    try:
        document = json.loads(file.read_text())
        list(_named(document))
    except OSError as error:
        raise SetError(f"{file} cannot be read ({error.strerror}): this set cannot be restored.") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SetError(f"{file} is damaged ({error}): this set cannot be restored.") from error
    return dict(document)


def _named(document: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """The files that a manifest names, with their sizes."""
    for database in (document["kv"], document["sql"]):
        yield str(database["fileName"]), int(database["size"])
    for bucket in document["buckets"]:
        for policy in bucket["retentionPolicies"]:
            for group in policy["shardGroups"]:
                for shard in group["shards"]:
                    yield str(shard["fileName"]), int(shard["size"])


def check_sizes(checked: Set) -> None:
    """Whether each file is there, as long as it was.

    Raises:
        SetError: one is not.
    """
    known = checked.index
    sizes = {shard.file: shard.stored.size for shard in known.shards}
    sizes |= {name: file.size for name, file in known.files.items()}
    for name, size in sizes.items():
        file = checked.path / name
        if not file.is_file():
            raise SetError(f"{file} is missing: this set cannot be restored whole, take another.")
        if (found := file.stat().st_size) != size:
            raise SetError(
                f"{file} has {found} bytes and was written with {size}: this set cannot be restored whole, take another."
            )


def check_others(checked: Set) -> list[str]:
    """What is in a set besides what was written into it: most of it harms nobody, and is told.

    Returns:
        A sentence where there is anything.

    Raises:
        SetError: there is a second manifest. `influx restore` reads them all, of each bucket the one whose name comes last.
    """
    known = checked.index
    written = {shard.file for shard in known.shards} | known.files.keys() | {index.NAME}
    others = sorted(name for name in _names(checked) if name not in written)
    if manifests := [name for name in others if "/" not in name and name.endswith(MANIFEST)]:
        raise SetError(
            f"{checked.path / manifests[0]} is a manifest that was not written with this set, and `influx restore` would read it "
            "as well: move it away."
        )
    if not others:
        return []
    are = f"{others[0]} is" if len(others) == 1 else f"{', '.join(others[:OTHERS_TOLD])}{_more(others)} are"
    return [f"{are} in {checked.path} and not of this set; it is whole all the same."]


def _names(checked: Set) -> Iterator[str]:
    """All in it but folders, and but links in what was taken along, of which it keeps no list."""
    for each in checked.path.rglob("*"):
        name = each.relative_to(checked.path)
        is_folder = each.is_dir() and not each.is_symlink()
        is_taken_along = each.is_symlink() and name.parts[0] == FOLDER
        if not (is_folder or is_taken_along):
            yield str(name)


def _more(names: Sequence[str]) -> str:
    return f" and {len(names) - OTHERS_TOLD} more" if len(names) > OTHERS_TOLD else ""


def _checksum(checked: Set) -> Callable[[str], None]:
    known = checked.index
    sha256s = {shard.file: shard.stored.sha256 for shard in known.shards}
    sha256s |= {name: file.sha256 for name, file in known.files.items()}

    def check(name: str) -> None:
        file = checked.path / name
        try:
            found = describe(file)
        except OSError as error:
            raise SetError(
                f"{file} cannot be read ({error.strerror}): the disk is failing, take another set."
            ) from error
        if found.sha256 != sha256s[name]:
            raise SetError(
                f"{file} has another checksum than when it was written: the disk changed it, in every set that shares it."
            )

    return check


def _databases(known: Index) -> list[str]:
    names = {f"{known.stamp}.bolt.gz", f"{known.stamp}.sqlite.gz", f"{FOLDER}/{GRAFANA}"}
    return sorted(names & known.files.keys())


def check_database(file: Path) -> None:
    """Whether a database opens: all of an SQLite database, of a Bolt database its first page.

    Raises:
        ArchiveError: it does not.
    """
    if file.suffix != ".gz":
        # Immutable: SQLite would otherwise want to write a journal beside it.
        _check_sqlite(f"{file.resolve().as_uri()}?mode=ro&immutable=1", None, file)
        return
    try:
        content = bytearray(gzip.decompress(file.read_bytes()))
    except (OSError, EOFError, zlib.error) as error:
        raise ArchiveError(f"{file} cannot be unpacked ({error}): this set cannot be restored whole.") from error
    if ".sqlite" in file.suffixes:
        content[SQLITE_MODES] = SQLITE_WITHOUT_LOG
        _check_sqlite(":memory:", bytes(content), file)
    elif content[BOLT_MAGIC_AT : BOLT_MAGIC_AT + len(BOLT_MAGIC)] != BOLT_MAGIC:
        raise ArchiveError(f"{file} is no Bolt database: this set brings back points, but no user and no token.")


def _check_sqlite(place: str, content: bytes | None, file: Path) -> None:
    try:
        with closing(sqlite3.connect(place, uri=True)) as database:
            if content is not None:
                database.deserialize(content)
            (verdict,) = database.execute("PRAGMA integrity_check").fetchone()
    except sqlite3.Error as error:
        raise ArchiveError(f"{file} does not open ({error}): this set cannot be restored whole.") from error
    if verdict != "ok":
        raise ArchiveError(f"{file} is damaged ({verdict}): this set cannot be restored whole.")


def _identity(checked: Set, shard: Shard) -> tuple[str, int, str]:
    """What a file is, however many sets have it."""
    return shard.stored.sha256, (checked.path / shard.file).stat().st_ino, shard.start
