"""A set's shards, restored into a scratch server one by one, and what that server then has and answers.

One by one, so that neither memory nor disk has to hold more than the largest. A restore that InfluxDB answers with 200 proves
nothing: of a broken archive it keeps what it likes. So of each shard it is demanded that the scratch server

1. counts the files and the bytes that are in the archive,
2. hands out the very files again, by their checksums: so every value, text, and stamp is there as it was stored,
3. answers, by series, field and day, what the live server answers where that can be compared (see ``live``), and what a server
   answered when the same content was proven before.
"""

import shutil
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from wattline.influxdb.errors import ServerError
from wattline_backup.archive import pieces_of
from wattline_backup.errors import FolderError, SetError
from wattline_backup.index import Shard
from wattline_backup.progress import Watcher
from wattline_backup.proof.answers import Answers, ask
from wattline_backup.proof.content import Passing, content_of
from wattline_backup.proof.files import manifest_of
from wattline_backup.proof.live import Live, Standing
from wattline_backup.proof.scratch import Scratch
from wattline_backup.run import SPARE_BYTES
from wattline_backup.sets import Set
from wattline_backup.state import Proof, State
from wattline_backup.tsm_files import NONE, stored_files


class Source(StrEnum):
    """What a restored shard's answers were compared with."""

    LIVE = "the live server"
    LIVE_BEFORE = "the live server, but for the last days"
    EARLIER = "the proof before"
    NOTHING = "nothing"


@dataclass
class Restored:
    """What was restored.

    Attributes:
        sources: of each shard, what it was compared with.
        bytes: of the archives.
        answers: how many of the server's answers were looked at.
        proofs: to be kept, by the SHA-256 of the tar.
    """

    sources: dict[str, Source] = field(default_factory=dict)
    bytes: int = 0
    answers: int = 0
    proofs: dict[str, Proof] = field(default_factory=dict)


def to_restore(shards: Iterable[Shard], state: State, *, all_shards: bool) -> list[Shard]:
    """The shards whose content was not proven yet, or all; an empty one has nothing to restore."""
    return [shard for shard in shards if shard.tsm and (all_shards or not _is_proven(shard, state))]


def _is_proven(shard: Shard, state: State) -> bool:
    proof = state.proof_of(shard.stored.tar_sha256)
    return proof is not None and proof.source != Source.NOTHING


class Restoring:
    """Restores shards of a set.

    Args:
        checked: the set.
        scratch: the server that they go to.
        live: the server that they came from; None where it cannot be asked.
        state: of the folder.
        watcher: is told how far it is.
    """

    def __init__(self, checked: Set, scratch: Scratch, live: Live | None, state: State, watcher: Watcher) -> None:
        self._set, self._scratch, self._live = checked, scratch, live
        self._state, self._watcher = state, watcher
        self._buckets = {str(each["bucketID"]): each for each in manifest_of(checked)["buckets"]}
        self.done = Restored()

    def restore(self, shards: Sequence[Shard]) -> Restored:
        """Restore them, and compare.

        Raises:
            SetError: one does not restore, or does not answer as it should.
            FolderError: there is no room.
            ServerError: a server is away, or refuses.
        """
        guard(self._set.path.parent, shards)
        for done, shard in enumerate(shards):
            self._watcher.move("restored", done, len(shards))
            self._one(shard)
        self._watcher.move("restored", len(shards), len(shards))
        return self.done

    def _one(self, shard: Shard) -> None:
        try:
            bucket, numbers = self._scratch.restore_bucket(self._description(shard))
            self._upload(shard, numbers[shard.shard])
        except ServerError as error:
            raise SetError(f"{self._place(shard)} does not restore: {error}") from error
        answers = self._ask(bucket, shard, shard.end)
        if not answers.rows:
            raise SetError(f"{self._place(shard)} was restored, and InfluxDB finds no point in it: take another set.")
        earlier = self._state.proof_of(shard.stored.tar_sha256)
        if earlier and earlier.answers != answers.checksum:
            when = time.strftime("%Y-%m-%d", time.gmtime(earlier.at_s))
            raise SetError(
                f"{self._place(shard)} is the same file as on {when}, but restored it answers something else."
            )
        source = self._compare_with_live(shard, bucket, answers)
        if source is None:
            source = Source.EARLIER if _is_proven(shard, self._state) else Source.NOTHING
        self._scratch.remove_bucket(bucket)
        self.done.sources[shard.file] = source
        self.done.bytes += shard.stored.size
        self.done.answers += answers.rows
        kept = earlier.source if source is Source.EARLIER and earlier else source
        self.done.proofs[shard.stored.tar_sha256] = Proof(time.time(), answers.checksum, kept)

    def _description(self, shard: Shard) -> dict[str, Any]:
        """The bucket with this shard alone, in the scratch server's organisation and under a name of its own."""
        bucket = self._buckets[shard.bucket_id]
        policies = [
            # What the set's own retention would forget is wanted here.
            {**policy, "duration": 0, "shardGroups": _only(policy["shardGroups"], shard.shard)}
            for policy in bucket["retentionPolicies"]
        ]
        return {
            **bucket,
            "organizationID": self._scratch.organisation,
            "bucketName": f"{shard.bucket_id}-{shard.shard}",
            "retentionPolicies": policies,
        }

    def _upload(self, shard: Shard, number: int) -> None:
        file = self._set.path / shard.file
        passing = Passing(f"shard {shard.shard} of {shard.bucket} in {self._set.path}", is_gzip=True)
        path = f"/api/v2/restore/shards/{number}"
        body = passing.through(pieces_of(file))
        with self._scratch.server.request("POST", path, body=body, headers={"Content-Encoding": "gzip"}):
            stored = passing.content()
        expected = stored_files(shard)
        if (found := self._scratch.server.files().get(number, NONE)) != expected:
            raise SetError(
                f"{file} has {expected.count} files of points with {expected.size} bytes, and restored InfluxDB has "
                f"{found.count} with {found.size}: take another set."
            )
        if content_of(self._scratch.server, number, f"{file}, restored,").sha256s != stored.sha256s:
            raise SetError(
                f"{file} was restored, and InfluxDB gives back other files than those in it: take another set."
            )

    def _ask(self, bucket: str, shard: Shard, stop: str) -> Answers:
        return ask(self._scratch.server, self._scratch.organisation, bucket, shard.start, stop)

    def _compare_with_live(self, shard: Shard, bucket: str, answers: Answers) -> Source | None:
        """What could be compared: all, all but the last days, or nothing."""
        if self._live is None or (standing := self._live.standing(shard)) is Standing.GONE:
            return None
        if standing is Standing.SAME:
            if not (series := answers.difference(self._live.answers(shard, shard.end))):
                return Source.LIVE
            # It may have gone on since it was looked at.
            if self._live.standing(shard) is Standing.SAME:
                raise SetError(
                    f"{self._place(shard)} was restored, and does not answer what InfluxDB answers: {series}."
                )
        stop = self._live.settled(shard)
        if stop is None or not (mine := self._ask(bucket, shard, stop)).rows:
            return None
        return None if mine.difference(self._live.answers(shard, stop)) else Source.LIVE_BEFORE

    def _place(self, shard: Shard) -> str:
        return str(self._set.path / shard.file)


def _only(groups: Sequence[Mapping[str, Any]], shard: int) -> list[Mapping[str, Any]]:
    return [group for group in groups if any(int(each["id"]) == shard for each in group["shards"])]


def guard(folder: Path, shards: Sequence[Shard]) -> None:
    """See to it that there is room for the largest shard.

    Raises:
        FolderError: there is not.
    """
    needed = max((sum(member.size for member in shard.tsm) for shard in shards), default=0) + SPARE_BYTES
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise FolderError(f"{folder} has {free >> 20} MiB free, and the proof may take {needed >> 20} MiB: make room.")
