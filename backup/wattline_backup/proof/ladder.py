"""The proof of a set, rung by rung: its files by themselves, then against InfluxDB, then restored."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from wattline.influxdb.errors import GoneError, ServerError
from wattline_backup.errors import BackupError, FolderError, SetError
from wattline_backup.manifest import key_of, shards_of
from wattline_backup.progress import Watcher
from wattline_backup.proof.files import Files, manifest_of
from wattline_backup.proof.influxd import Way
from wattline_backup.proof.live import Live
from wattline_backup.proof.restored import Restored, Restoring, to_restore
from wattline_backup.proof.scratch import Scratch, scratch
from wattline_backup.server import Server
from wattline_backup.sets import Folder, Set
from wattline_backup.state import RESTORED, State
from wattline_backup.unfinished import in_the_middle_of


class How(StrEnum):
    """How far up the ladder."""

    QUICK = "quick"
    FILES = "files"
    RESTORE = RESTORED


@dataclass
class Verified:
    """What a proof has come to.

    Attributes:
        stamp: the set.
        how: how far up.
        shards: of the set.
        read_bytes: of the archives that were read.
        restored: the shards that were restored, by what they were compared with.
        restored_bytes: of their archives.
        answers: how many of the scratch server's answers were looked at.
        seconds: how long it took.
        remarks: whatever a person should know, in sentences.
    """

    stamp: str
    how: How
    shards: int
    read_bytes: int
    restored: Mapping[str, int] = field(default_factory=dict)
    restored_bytes: int = 0
    answers: int = 0
    seconds: float = 0.0
    remarks: list[str] = field(default_factory=list)


class Ladder:
    """Proves sets.

    Args:
        folder: of the sets, and of what is known of them. It is not locked, since a proof takes long: a set that is removed
            meanwhile is said to be.
        way: how a scratch server is run.
        server: an InfluxDB at that address, for ``None`` the live one, with the operator's token.
        watcher: is told how far it is.
        how: how far up.
        all_shards: whether shards that were proven before are restored again, and users and tokens as well.
    """

    def __init__(
        self,
        folder: Folder,
        way: Way,
        server: Callable[[str | None], Server],
        watcher: Watcher,
        how: How,
        *,
        all_shards: bool = False,
    ) -> None:
        self._folder, self._way, self._server = folder, way, server
        self._watcher, self._how, self._all_shards = watcher, how, all_shards
        self._state = State(folder.path)
        self._files = Files(watcher, is_quick=how is How.QUICK)

    def prove(self, checked: Set) -> Verified:
        """Prove a set, be it in the folder or come back from off-site.

        Raises:
            BackupError: it is not what it should be, or could not be looked at; the message says which file.
        """
        began_s = time.monotonic()
        try:
            verified = self._climb(checked)
        except (BackupError, ServerError):
            if not checked.path.exists():
                raise SetError(f"The set {checked.stamp} was removed while it was looked at.") from None
            raise
        except OSError as error:
            raise SetError(f"{checked.path} cannot be read or proven: {error}.") from error
        verified.seconds = time.monotonic() - began_s
        # What came back from off-site says nothing of the files at home.
        if self._how is not How.QUICK and checked.path.parent == self._folder.path:
            _noted(verified, lambda: self._state.note_verified(checked.stamp, time.time(), self._how))
        return verified

    def forget_others(self, sets: Iterable[Set]) -> None:
        """Keep the proofs of what is in ``sets`` alone."""
        kept = set()
        for each in sets:
            try:
                kept |= {shard.stored.tar_sha256 for shard in each.index.shards}
            except SetError:
                # What it has is proven anew, should it be mended.
                continue
        self._state.keep_proofs(kept)

    def _climb(self, checked: Set) -> Verified:
        before = self._files.read_bytes
        remarks = [*self._files.check(checked), *in_the_middle_of(checked.index.unfinished)]
        shards = checked.index.shards
        verified = Verified(checked.stamp, self._how, len(shards), self._files.read_bytes - before, remarks=remarks)
        if self._how is How.RESTORE:
            live = self._live(checked, verified)
            if live:
                for shard in shards:
                    live.standing_by_size(shard)
            self._restore(checked, live, verified)
            verified.remarks += live.remarks if live else []
        return verified

    def _live(self, checked: Set, verified: Verified) -> Live | None:
        is_newest = all(each.stamp <= checked.stamp for each in self._folder.sets())
        try:
            return Live(self._server(None), checked, is_newest=is_newest)
        except ServerError as error:
            verified.remarks.append(f"{error} So the restored points were compared with earlier proofs alone.")
            return None

    def _restore(self, checked: Set, live: Live | None, verified: Verified) -> None:
        wanted = to_restore(checked.index.shards, self._state.load(), all_shards=self._all_shards)
        with scratch(self._folder.path, self._way) as server:
            restoring = Restoring(checked, server, live, self._state, self._watcher)
            try:
                restoring.restore(wanted)
            finally:
                _noted(verified, lambda: self._state.note_proofs(restoring.done.proofs))
            if self._all_shards:
                # It opens every shard of the set, empty: after ten years that takes as much memory as the live server.
                verified.remarks += self._restore_metadata(checked, server)
        _tell(restoring.done, verified)

    def _restore_metadata(self, checked: Set, server: Scratch) -> list[str]:
        """Whether the scratch server takes the set's users and tokens, and today's token opens them. Gives what is to be said."""
        kv, sql = (checked.path / f"{checked.stamp}.{name}.gz" for name in ("bolt", "sqlite"))
        try:
            server.restore_metadata(server.server, "kv", kv)
        except ServerError as error:
            raise SetError(f"{kv} does not restore: {error}") from error
        operator = self._server(server.server.url)
        try:
            server.restore_metadata(operator, "sql", sql)
            for bucket in manifest_of(checked)["buckets"]:
                operator.ask("GET", f"/api/v2/buckets/{bucket['bucketID']}")
            _demand_known(checked, operator, kv)
        except GoneError as error:
            raise SetError(f"{kv} was restored, and lacks a bucket of the manifest: {error}") from error
        except ServerError:
            remark = (
                f"Today's token does not open the users of set {checked.stamp}: to restore all of it you need the token that "
                "was the operator's when it was made."
            )
            return [remark]
        return []


def _noted(verified: Verified, note: Callable[[], None]) -> None:
    """What was found out counts, also where there is no room to write it down."""
    try:
        note()
    except FolderError as error:
        verified.remarks.append(f"{error} So it will be proven again.")


def _demand_known(checked: Set, operator: Server, kv: Path) -> None:
    """A restore of everything stops at a shard that the database does not know."""
    known = {key_of(*each) for each in shards_of(operator.metadata().buckets)}
    unknown = next((shard for shard in checked.index.shards if shard.key not in known), None)
    if unknown:
        raise SetError(
            f"{kv} was restored, and does not know shard {unknown.shard} of {unknown.bucket}, which the manifest has: "
            "`influx restore --full` and `restore --all` stop there; take another set, or restore bucket by bucket."
        )


def _tell(restored: Restored, verified: Verified) -> None:
    verified.restored = dict(Counter(str(source) for source in restored.sources.values()))
    verified.restored_bytes, verified.answers = restored.bytes, restored.answers
