"""A bucket of a set becomes a new bucket, beside what is live. It keeps all it has: days that come back must not be forgotten at once."""

import shlex
from dataclasses import dataclass
from typing import Any, Self

from wattline.errors import WattlineError, WordError
from wattline_backup.errors import BackupError
from wattline_backup.progress import Watcher
from wattline_backup.restore.bucket import OfBucket
from wattline_backup.restore.signals import disregarded, reason_of
from wattline_backup.restore.source import Source
from wattline_backup.restore.target import bucket_named
from wattline_backup.restore.upload import send
from wattline_backup.restore.values import values_by_day
from wattline_backup.server import Server
from wattline_backup.sets import Set

KEPT_FOR_EVER = 0


@dataclass(frozen=True)
class Beside(OfBucket):
    """A bucket that is going to be made.

    Attributes:
        source: the bucket of the set.
        server: InfluxDB.
        name: the new bucket's.
        organisation_id: of its organisation.
        influx: how a person calls the influx CLI.
    """

    server: Server
    name: str
    organisation_id: str
    influx: str

    @classmethod
    def prepare(cls, server: Server, source: Source, name: str, influx: str) -> Self:
        """See that it can be made.

        Raises:
            WordError: the name is taken, or the organisation is not there.
            ServerError: InfluxDB is away, or refuses.
        """
        buckets = server.metadata().buckets
        if bucket_named(buckets, name, source.organisation):
            raise WordError(
                f"InfluxDB at {server.url} has a bucket {name} already: give another name with --as, or delete that one, which "
                "may also be what a restore that was killed has left half filled."
            )
        organisations = server.ask("GET", "/api/v2/orgs?limit=100")["orgs"]
        found = next((each for each in organisations if each["name"] == source.organisation), None)
        if found is None:
            raise WordError(
                f"InfluxDB at {server.url} has no organisation {source.organisation}, to which {source.bucket} belongs: make "
                "it, or restore everything with --all."
            )
        return cls(source, server, name, str(found["id"]), influx)

    @property
    def has_work(self) -> bool:
        """An empty bucket is made too."""
        return True

    @property
    def changes_live(self) -> bool:
        """It does not."""
        return False

    def plan(self) -> list[str]:
        """What is going to happen, in sentences."""
        return [
            f"Into: a new bucket {self.name} of {self.server.url}, which forgets nothing; no live bucket is touched."
        ]

    def act(self, _safety: Set | None, watcher: Watcher) -> dict[str, int]:
        """Make the bucket and fill it; where that fails it is removed again.

        Returns:
            How many values it has of each day.

        Raises:
            BackupError: it could not be filled.
        """
        made = self.server.ask("POST", "/api/v2/restore/bucketMetadata", self._document())
        numbers = {int(each["oldId"]): int(each["newId"]) for each in made["shardMappings"]}
        try:
            for done, shard in enumerate(self.source.shards):
                watcher.move("shards", done, len(self.source.shards))
                send(self.server, numbers[shard.shard], self.source.set.path, shard)
            watcher.move("shards", len(self.source.shards), len(self.source.shards))
            return values_by_day(self.server, self.organisation_id, made["id"], self.source.filled, watcher)
        except BaseException as failure:
            with disregarded():
                self._remove(str(made["id"]), failure)
            if isinstance(failure, KeyboardInterrupt):
                raise BackupError(f"It was interrupted; the new bucket {self.name} is removed again.") from failure
            raise

    def remarks(self, _safety: Set | None) -> list[str]:
        """That it keeps everything, and what to do where that is too long."""
        which = shlex.join(["--org", self.source.organisation, "--name", self.name])
        told = [f"{self.name} forgets nothing; delete it when it has served: `{self.influx} bucket delete {which}`."]
        if self.name == self.source.bucket:
            told = [
                (
                    f"{self.name} is a new bucket to InfluxDB, which takes none of the old tokens for it and forgets nothing: "
                    "compose/influxdb/setup makes new tokens and sets how long it is kept."
                )
            ]
        return told

    def _document(self) -> dict[str, Any]:
        """The request: the bucket of the set under another name, which keeps what it has."""
        policies = [{**policy, "duration": KEPT_FOR_EVER} for policy in self.source.document["retentionPolicies"]]
        own = {"bucketName": self.name, "organizationID": self.organisation_id, "retentionPolicies": policies}
        return {**self.source.document, **own}

    def _remove(self, bucket: str, failure: BaseException) -> None:
        try:
            self.server.ask("DELETE", f"/api/v2/buckets/{bucket}")
        except WattlineError as error:
            raise BackupError(
                f"The bucket {self.name} is half filled and could not be removed again: start InfluxDB anew, then delete it "
                f"(`{self.influx} bucket delete --id {bucket}`) and try again. What went wrong: {reason_of(failure)}"
            ) from error
