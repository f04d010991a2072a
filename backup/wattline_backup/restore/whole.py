"""A whole server becomes what it was: users, tokens, tasks, dashboards, and all points.

InfluxDB replaces its databases and deletes every shard at the first request; from then on it takes the tokens of the set alone.
A failure after that is mended by the same command once more.
"""

import secrets
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from wattline.errors import WattlineError
from wattline.influxdb.errors import RefusedError, ServerError, TokenError
from wattline_backup.errors import BackupError, FolderError
from wattline_backup.manifest import shards_of
from wattline_backup.progress import Watcher
from wattline_backup.restore.reading import opened
from wattline_backup.restore.signals import reason_of
from wattline_backup.restore.source import check_files, check_shards, manifest_of
from wattline_backup.restore.target import Target
from wattline_backup.restore.tokens import database_of, token_of_set
from wattline_backup.restore.upload import send
from wattline_backup.restore.values import values_by_day
from wattline_backup.server import Server
from wattline_backup.sets import Set
from wattline_backup.size import shards_in_words
from wattline_backup.state import State
from wattline_backup.unfinished import EVERYTHING, Unfinished, undoing

# InfluxDB's own buckets, which it fills by itself.
OF_SYSTEM = "_"


class UntouchedError(BackupError):
    """The server is what it was."""


@dataclass(frozen=True)
class Whole:
    """A server that is going to be replaced.

    Attributes:
        server: InfluxDB, with a token that it takes now, or will when it has been set up.
        restored: InfluxDB, with a token that it takes afterwards.
        token_file: where that token is from.
        token: itself.
        chosen: the set.
        database: the set's Bolt database.
        is_blank: whether the server was never set up.
        live_shards: how many shards it has in the buckets of people.
    """

    server: Server
    restored: Server
    token_file: Path
    token: str = field(repr=False)
    chosen: Set
    database: bytes
    is_blank: bool
    live_shards: int

    def again(self, watcher: Watcher) -> Self:
        """The same, once its files are known to be what they were when this was planned.

        Raises:
            BackupError: they are not.
        """
        manifest_of(self.chosen)
        check_files(self.chosen, [f"{self.chosen.stamp}.bolt.gz", f"{self.chosen.stamp}.sqlite.gz"])
        check_shards(self.chosen, self.chosen.index.shards, watcher, with_points=False)
        return self

    @classmethod
    def prepare(cls, server: Server, chosen: Set, token_files: Sequence[Path], watcher: Watcher) -> "Whole":
        """Look through the set, and see that a token of it is known.

        Args:
            server: InfluxDB.
            chosen: the set.
            token_files: where the set's token may be, besides in the set.
            watcher: is told how far it is.

        Raises:
            WordError: no token is known.
            BackupError: the set is damaged, or InfluxDB is away or refuses.
        """
        manifest_of(chosen)
        check_files(chosen, [f"{chosen.stamp}.sqlite.gz"])
        database = database_of(chosen)
        token, file = token_of_set(chosen, database, token_files)
        check_shards(chosen, chosen.index.shards, watcher)
        restored = Server(server.url, token, str(file))
        is_blank = bool(server.ask("GET", "/api/v2/setup")["allowed"])
        if is_blank:
            return cls(restored, restored, file, token, chosen, database, is_blank, 0)
        try:
            return cls(server, restored, file, token, chosen, database, is_blank, _live_shards(server))
        except TokenError:
            # As after a restore that did not come to its end.
            return cls(restored, restored, file, token, chosen, database, is_blank, _live_shards(restored))

    @property
    def set(self) -> Set:
        """The set."""
        return self.chosen

    @property
    def what(self) -> str:
        """What is restored, for people."""
        return f"everything, {shards_in_words(len(self.chosen.index.shards))}"

    @property
    def size(self) -> int:
        """Bytes of the files that it is in."""
        return self.chosen.index.size

    @property
    def has_work(self) -> bool:
        """Always."""
        return True

    @property
    def changes_live(self) -> bool:
        """Whether there is anything live, or may come in."""
        return not self.is_blank

    @property
    def has_data(self) -> bool:
        """Whether the server has points, or had some."""
        return self.live_shards > 0

    def plan(self) -> list[str]:
        """What is going to happen, in sentences."""
        server = self.server.url
        if self.is_blank:
            told = f"Into: the blank InfluxDB at {server}."
        elif self.has_data:
            told = (
                f"Into: the InfluxDB at {server}, WHICH HAS DATA ({shards_in_words(self.live_shards)}). All of it is replaced; "
                "it is in the safety set then."
            )
        else:
            told = f"Into: the InfluxDB at {server}, which has no points. Its users, tokens and tasks are replaced."
        return [told, f"Afterwards it takes the tokens of the set, such as the one in {self.token_file}."]

    def act(self, safety: Set | None, watcher: Watcher) -> dict[str, int]:
        """Replace everything.

        Args:
            safety: has all that is live; None where nothing is.
            watcher: is told how far it is.

        Returns:
            How many values each bucket has, as "bucket".

        Raises:
            BackupError: it could not be done.
        """
        if self.is_blank:
            self._set_up()
        earlier = self._state.begun.get(EVERYTHING)
        # Where an earlier one was cut off, what was live before has its safety set, and this one's is half.
        origin = earlier.origin if earlier else safety.stamp if safety else ""
        is_left_half = earlier is not None and self.chosen.index.is_half(EVERYTHING)
        if not is_left_half:
            self._note_begin(Unfinished(self.chosen.stamp, origin))
        try:
            self._replace_database(earlier)
            values = self._fill(watcher)
        except UntouchedError:
            raise
        except (WattlineError, KeyboardInterrupt, OSError) as error:
            back = f", and `{undoing(origin, EVERYTHING)}` makes it what it was" if origin else ""
            raise BackupError(
                f"InfluxDB at {self.server.url} is not whole; the same command does it again{back}. What went wrong: "
                f"{reason_of(error)}"
            ) from error
        self._note_ends(watcher, is_left_half=is_left_half)
        return values

    def remarks(self, _safety: Set | None) -> list[str]:
        """What to do afterwards."""
        return [
            (
                f"InfluxDB takes the tokens of the set alone now, such as the one in {self.token_file}: put the secrets of the set "
                "into compose/secrets, where they are others, and start Telegraf and Grafana anew. InfluxDB may forget at once "
                "what is older than its buckets keep."
            )
        ]

    @property
    def _state(self) -> State:
        return State(self.chosen.path.parent)

    def _note_begin(self, begun: Unfinished) -> None:
        # A disk that is read-only because it fails has to be restored from as well.
        with suppress(FolderError):
            self._state.begin(EVERYTHING, begun)

    def _note_ends(self, watcher: Watcher, *, is_left_half: bool) -> None:
        """Neither this nor what was unfinished before is so now, but what was so already when the set was made."""
        state, index = self._state, self.chosen.index
        over = [bucket for bucket in state.begun if bucket == EVERYTHING or not index.is_half(bucket)]
        over = [] if is_left_half else over
        try:
            for bucket in over:
                state.end(bucket)
        except FolderError as error:
            if unfinished := [bucket or "this restore" for bucket in over if bucket in state.begun]:
                watcher.say(
                    f"InfluxDB has all that it has in the set, but {error} So `list` goes on calling {' and '.join(unfinished)} "
                    f"unfinished, which is not so; `{undoing(self.chosen.stamp, EVERYTHING)}`, once the disk can be written, ends "
                    "that."
                )

    def _fill(self, watcher: Watcher) -> dict[str, int]:
        self._send("sql", self.restored, f"{self.chosen.stamp}.sqlite.gz")
        shards = self.chosen.index.shards
        for done, shard in enumerate(shards):
            watcher.move("shards", done, len(shards))
            send(self.restored, shard.shard, self.chosen.path, shard)
        watcher.move("shards", len(shards), len(shards))
        return {name: sum(days.values()) for name, days in self._count(watcher)}

    def _count(self, watcher: Watcher) -> Iterator[tuple[str, dict[str, int]]]:
        """The values of each bucket, none of which may be missing."""
        there = {str(each["bucketID"]): each for each in self.restored.metadata().buckets}
        for bucket_id in dict.fromkeys(shard.bucket_id for shard in self.chosen.index.shards):
            if bucket_id not in there:
                raise ServerError(f"The bucket {bucket_id} of the set is not on the restored server.")
            bucket = Target(self.restored, there[bucket_id])
            mine = (shard for shard in self.chosen.index.shards if shard.bucket_id == bucket_id and shard.tsm)
            kept = [shard for shard in mine if not bucket.forgets(shard, datetime.now(UTC))]
            yield bucket.name, values_by_day(self.restored, bucket.organisation_id, bucket_id, kept, watcher)

    def _replace_database(self, earlier: Unfinished | None) -> None:
        """The first request, from which on nothing is what it was.

        Raises:
            UntouchedError: it is, since InfluxDB was not reached or refused; what was noted is as before.
            BackupError: anything else.
        """
        try:
            self._send("kv", self.server, f"{self.chosen.stamp}.bolt.gz")
        except RefusedError as error:
            with suppress(FolderError):
                self._state.end(EVERYTHING, earlier)
            raise UntouchedError(f"Nothing in InfluxDB was replaced. What went wrong: {error}") from error

    def _set_up(self) -> None:
        """Give a blank server a first user, whose token is that of the set; all of it is replaced at once."""
        names = {"username": "restore", "org": "restore", "bucket": "restore"}
        words = {**names, "password": secrets.token_urlsafe(24), "token": self.token}
        try:
            self.server.ask("POST", "/api/v2/setup", words)
        except KeyboardInterrupt:
            raise BackupError(
                f"It was interrupted while the blank InfluxDB at {self.server.url} was set up, and nothing was restored: the same "
                "command goes on, whether that came to its end or not."
            ) from None

    def _send(self, what: str, server: Server, name: str) -> None:
        file = self.chosen.path / name
        with (
            opened(file, self.chosen.index.files[name].size) as body,
            server.request("POST", f"/api/v2/restore/{what}", body=body, headers=_headers(self.chosen, name)),
        ):
            pass


def _headers(chosen: Set, name: str) -> dict[str, str]:
    return {"Content-Encoding": "gzip", "Content-Length": str(chosen.index.files[name].size)}


def _live_shards(server: Server) -> int:
    shards = shards_of(server.metadata().buckets)
    return sum(not str(bucket["bucketName"]).startswith(OF_SYSTEM) for bucket, _, _ in shards)
