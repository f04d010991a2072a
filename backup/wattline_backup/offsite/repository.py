"""The off-site copy: made, filled with sets, thinned out, checked."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from wattline_backup import index
from wattline_backup.errors import OffsiteError, SetError
from wattline_backup.offsite.complaints import MissingError
from wattline_backup.offsite.restic import Restic
from wattline_backup.progress import Watcher
from wattline_backup.sets import STAMP, Set
from wattline_backup.state import State

TAG = "wattline"
# restic's exit code where it could not read all, and made a snapshot of the rest.
INCOMPLETE = 3
# How much older than the newest set a verified one may be, to be copied in its place.
VERIFIED_WITHIN_S = 86_400.0
WEEK_S = 7 * 86_400
KEEP = {"last": 3, "daily": 14, "weekly": 8, "monthly": 12, "yearly": 100}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A set in the off-site copy.

    Attributes:
        stamp: the set's name.
        id: restic's name for it.
        host: the machine that it came from.
    """

    stamp: str
    id: str
    host: str


@dataclass(frozen=True, slots=True)
class Copied:
    """What a copy has come to.

    Attributes:
        stamp: of the set.
        size: bytes of the set.
        added: bytes by which the repository grew, about, restic's own lists and heads included, so that it may be more than the set;
            0 where the set was there already.
        was_there: whether it was.
        is_verified: whether the set has been.
    """

    stamp: str
    size: int
    added: int
    was_there: bool
    is_verified: bool


class Repository:
    """A restic repository of sets.

    Args:
        restic: that runs on it.
        watcher: is told how far it is.
    """

    def __init__(self, restic: Restic, watcher: Watcher) -> None:
        self.restic, self._watcher = restic, watcher

    def init(self) -> bool:
        """Make it; whether it was not there before.

        Raises:
            OffsiteError: it cannot be made.
        """
        path = self.restic.place.path
        if path and not path.parent.is_dir():
            raise OffsiteError(
                f"There is no folder {path.parent} to make the off-site copy {path} in: mount the disk first, or make the folder."
            )
        try:
            self.restic.ask("cat", "config")
        except MissingError:
            self.restic.run("init")
            return True
        return False

    def snapshots(self) -> list[Snapshot]:
        """All sets that are in it, oldest first.

        Raises:
            OffsiteError: it does not say.
        """
        said = self.restic.ask("snapshots", "--tag", TAG)
        listed = [each for document in said.documents if isinstance(document, list) for each in document]
        return sorted((_snapshot(each) for each in listed if _stamp(each)), key=lambda each: each.stamp)

    def size(self, snapshot: Snapshot) -> int:
        """Bytes of its files; 0 where this version of restic does not say.

        Raises:
            OffsiteError: the repository is away.
        """
        said = self.restic.run("stats", "--mode", "restore-size", "--no-lock", snapshot.id)
        return max(
            (int(each["total_size"]) for each in said.documents if isinstance(each, dict) and "total_size" in each),
            default=0,
        )

    def copy(self, chosen: Set, state: State) -> Copied:
        """Send a set.

        Args:
            chosen: the set.
            state: of its folder; that it is off-site is noted there.

        Raises:
            SetError: it is not whole.
            OffsiteError: it could not be sent.
        """
        _demand_whole(chosen)
        is_verified = state.of(chosen.stamp).verified_s is not None
        was_there = any(each.stamp == chosen.stamp for each in self.snapshots())
        summary = {} if was_there else self._send(chosen)
        state.note_offsite(chosen.stamp, time.time())
        # Older ones tell only what it was before it was packed.
        added = int(summary.get("data_added_packed", summary.get("data_added", 0)))
        return Copied(chosen.stamp, chosen.index.size, added, was_there, is_verified)

    def _send(self, chosen: Set) -> dict[str, Any]:
        # The set's own time, so that days and weeks are kept by when it was made, not by when it was sent.
        made = chosen.at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
        said = self.restic.change(
            "backup",
            *("--tag", f"{TAG},{chosen.stamp}", "--time", made),
            ".",
            folder=chosen.path,
            hear=self._hear_copy,
            fine=(0, INCOMPLETE),
        )
        summary = said.summary()
        if said.code == INCOMPLETE:
            self.restic.change("forget", str(summary["snapshot_id"]))
            raise OffsiteError(
                f"{chosen.path} could not be read whole while it was copied: it was pruned meanwhile, or the disk is failing. "
                "The off-site copy keeps nothing of it; run it again."
            )
        return summary

    def check(self, parts: int, now_s: float) -> int:
        """Read the structure of the repository, and one part in ``parts`` of what it stores: in as many weeks, all.

        Args:
            parts: how many.
            now_s: seconds since 1970.

        Returns:
            The part that was read, from 1 on.

        Raises:
            OffsiteError: it is damaged, or away.
        """
        part = int(now_s // WEEK_S) % parts + 1
        self.restic.ask("cat", "config")
        self._watcher.move(f"part {part}", 0, 1)
        self.restic.change("check", f"--read-data-subset={part}/{parts}")
        return part

    def prune(self, keep: Mapping[str, int], *, is_dry: bool) -> tuple[list[str], list[str]]:
        """Forget sets by their age, and free what none of the others needs.

        Args:
            keep: how many of each kind: last, daily, weekly, monthly, yearly. The newest set always stays.
            is_dry: whether to tell only.

        Returns:
            The stamps that stay, and those that go, oldest first.

        Raises:
            OffsiteError: it could not be done.
        """
        self.restic.ask("cat", "config")
        rules = [f"--keep-{kind}={count}" for kind, count in {**keep, "last": max(keep["last"], 1)}.items() if count]
        dry = ["--dry-run"] if is_dry else []
        said = self.restic.change("forget", "--tag", TAG, "--group-by", "", *rules, *dry)
        groups = [group for document in said.documents if isinstance(document, list) for group in document]
        kept, gone = (_stamps(groups, key) for key in ("keep", "remove"))
        if not is_dry:
            # Also without anything to forget: a run that was cut off has forgotten, and freed nothing.
            self.restic.change("prune")
        return kept, gone

    def _hear_copy(self, document: Mapping[str, Any]) -> None:
        total = int(document.get("total_bytes", 0))
        self._watcher.move("kB off-site", int(document.get("bytes_done", 0)) // 1000, total // 1000)


def choose(sets: Sequence[Set], state: State) -> Set:
    """The set to copy: the newest that was verified, unless that is more than a day older than the newest.

    Raises:
        SetError: there is none at all.
    """
    if not sets:
        raise SetError("There is no set to copy off-site yet; `wattline-backup run` makes one.")
    newest = sets[-1]
    verified = [each for each in sets if state.of(each.stamp).verified_s is not None]
    if verified and (newest.at - verified[-1].at).total_seconds() <= VERIFIED_WITHIN_S:
        return verified[-1]
    return newest


def _demand_whole(chosen: Set) -> None:
    """That each file is there, with its size; what is in it, `verify` reads."""
    sizes = {shard.file: shard.stored.size for shard in chosen.index.shards}
    sizes |= {name: file.size for name, file in chosen.index.files.items()}
    for name, size in {**sizes, index.NAME: None}.items():
        file = chosen.path / name
        if not file.is_file() or (size is not None and file.stat().st_size != size):
            raise SetError(
                f"{file} is missing or changed, so the set {chosen.stamp} is not copied off-site; `wattline-backup verify` tells "
                "which sets are whole."
            )


def _stamp(document: Mapping[str, Any]) -> str:
    return next((tag for tag in document.get("tags") or [] if STAMP.fullmatch(tag)), "")


def _snapshot(document: Mapping[str, Any]) -> Snapshot:
    return Snapshot(_stamp(document), str(document["id"]), str(document.get("hostname", "")))


def _stamps(groups: Sequence[Mapping[str, Any]], key: str) -> list[str]:
    return sorted(_stamp(each) for group in groups for each in group.get(key) or [])


def local(stamp: str) -> str:
    """When a set was begun, by this machine's calendar, for people."""
    at = datetime.strptime(f"{stamp}+0000", "%Y%m%dT%H%M%SZ%z")
    return at.astimezone().strftime("%Y-%m-%d %H:%M")
