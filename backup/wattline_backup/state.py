"""What was found out about sets after they were made: that they restore, that they left the house, what they are needed for.

It may not stand in the sets, which share their files and are never written to again. So it stands beside them, in
``state.json``. Losing it loses no reading: what it said is found out again, but for the restores that have not come to their
end. So a damaged one is put aside as soon as it is read, and as long as it lies there no set is removed.
"""

import fcntl
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Self

from wattline.log import LOG
from wattline_backup.errors import FolderError
from wattline_backup.lost import damaged_files, put_aside, what_is_lost
from wattline_backup.sets import sync
from wattline_backup.unfinished import EVERYTHING, Unfinished, what_is_late, what_to_do_about

NAME = "state.json"
LOCK = "state.lock"
FORM = 1
RESTORED = "restore"
"""How a set was verified that was restored; otherwise only its files were looked at."""


@dataclass(frozen=True, slots=True)
class SetState:
    """What is known of a set.

    Attributes:
        verified_s: when it was last found to be good, in seconds since 1970; None where it never was.
        verified_how: by which means: ``files`` (each file was read and checked) or ``restore`` (and a server restored it).
        offsite_s: when it was copied out of the house, in seconds since 1970; None where it was not.
    """

    verified_s: float | None = None
    verified_how: str = ""
    offsite_s: float | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    """That a shard was restored, and what a server then read in it.

    Attributes:
        at_s: when, in seconds since 1970.
        answers: the checksum of the server's answers about the shard.
        source: what they were compared with.
    """

    at_s: float
    answers: str
    source: str


@dataclass(frozen=True, slots=True)
class _Content:
    sets: Mapping[str, SetState] = field(default_factory=dict)
    proofs: Mapping[str, Proof] = field(default_factory=dict)
    confirmed_sheet_s: float | None = None
    confirmed_sheet_number: str = ""
    begun: Mapping[str, Unfinished] = field(default_factory=dict)


class State:
    """What is known of the sets of a folder. Each change is made to what the file says at that moment.

    Args:
        folder: of the sets.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._content = _Content()
        self._is_damaged = self._is_newer = False
        self.load()
        if self._is_damaged:
            self._put_aside()

    def load(self) -> Self:
        """Read the file again; another process may have written it. Gives itself."""
        self._content, self._is_damaged, self._is_newer = _Content(), False, False
        try:
            self._content = _read((self._folder / NAME).read_text())
        except FileNotFoundError:
            pass
        except _NewerError as error:
            self._is_newer = True
            _warn(self._folder / NAME, str(error))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            self._is_damaged = True
            _warn(self._folder / NAME, f"cannot be read ({error})")
        return self

    def of(self, stamp: str) -> SetState:
        """What is known of a set."""
        return self._content.sets.get(stamp, SetState())

    def note_verified(self, stamp: str, at_s: float, how: str) -> None:
        """Write down that a set was found to be good, at ``at_s`` in seconds since 1970; one that was restored stays so.

        Raises:
            FolderError: it cannot be written.
        """
        if how == RESTORED or self.load().of(stamp).verified_how != RESTORED:
            self._note(stamp, verified_s=at_s, verified_how=how)

    def note_offsite(self, stamp: str, at_s: float) -> None:
        """Write down that a set was copied out of the house, at ``at_s`` in seconds since 1970.

        Raises:
            FolderError: it cannot be written.
        """
        self._note(stamp, offsite_s=at_s)

    def forget(self, stamp: str) -> None:
        """Know nothing of a set any more.

        Raises:
            FolderError: it cannot be written.
        """
        self._change(lambda known: replace(known, sets={key: each for key, each in known.sets.items() if key != stamp}))

    @property
    def confirmed_sheet_s(self) -> float | None:
        """When somebody said that the recovery sheet lies outside the house, in seconds since 1970."""
        return self._content.confirmed_sheet_s

    @property
    def confirmed_sheet_number(self) -> str:
        """The number of that sheet; empty where none was noted."""
        return self._content.confirmed_sheet_number

    def note_sheet(self, at_s: float, number: str) -> None:
        """Write down that somebody said so of the sheet with that number.

        Raises:
            FolderError: it cannot be written.
        """
        self._change(lambda known: replace(known, confirmed_sheet_s=at_s, confirmed_sheet_number=number))

    @property
    def begun(self) -> Mapping[str, Unfinished]:
        """The restores that have begun and are not known to have come to their end, by bucket, or ``EVERYTHING``."""
        return self._content.begun

    def unfinished(self) -> list[str]:
        """What to do about them, in sentences."""
        told = what_to_do_about(self.begun)
        if self._is_newer:
            told.append(
                f"{self._folder / NAME} was written by a newer wattline-backup, so which restores have not come to their end is not "
                "known: upgrade this one. No set is removed until then."
            )
        elif damaged := self._damaged:
            told.append(what_is_lost(self._folder, damaged))
        return told + what_is_late(self._folder)

    @property
    def was_lost(self) -> bool:
        """Whether the file was damaged, and nobody has looked since, or is of a newer wattline-backup."""
        return self._is_newer or bool(self._damaged)

    @property
    def _damaged(self) -> list[Path]:
        return damaged_files(self._folder) + ([self._folder / NAME] if self._is_damaged else [])

    def begin(self, bucket: str, begun: Unfinished) -> None:
        """Write down that a bucket, or everything, is no more what it was.

        Raises:
            FolderError: it cannot be written.
        """
        self._change(lambda known: replace(known, begun={**known.begun, bucket: begun}))

    def end(self, bucket: str, earlier: Unfinished | None = None) -> None:
        """Write down that a bucket, or everything, is whole; or what it was the middle of before, where nothing has changed.

        Raises:
            FolderError: it cannot be written.
        """
        left = {bucket: earlier} if earlier else {}
        self._change(
            lambda known: replace(known, begun={key: each for key, each in known.begun.items() if key != bucket} | left)
        )

    def proof_of(self, tar_sha256: str) -> Proof | None:
        """The proof of a shard's content; None where it was never restored."""
        return self._content.proofs.get(tar_sha256)

    def note_proofs(self, proofs: Mapping[str, Proof]) -> None:
        """Write down that shards were restored, by the SHA-256 of their tars.

        Raises:
            FolderError: it cannot be written.
        """
        self._change(lambda known: replace(known, proofs={**known.proofs, **proofs}))

    def keep_proofs(self, tar_sha256s: set[str]) -> None:
        """Know nothing of all shards but these, which some set still has.

        Raises:
            FolderError: it cannot be written.
        """
        self._change(
            lambda known: replace(known, proofs={key: each for key, each in known.proofs.items() if key in tar_sha256s})
        )

    def _note(self, stamp: str, **fields: Any) -> None:
        self._change(
            lambda known: replace(
                known, sets={**known.sets, stamp: replace(known.sets.get(stamp, SetState()), **fields)}
            )
        )

    def _change(self, change: Callable[[_Content], _Content]) -> None:
        try:
            with self._alone():
                self.load()
                content = change(self._content)
                if content == self._content:
                    return
                if self._is_newer:
                    raise FolderError(
                        f"{self._folder / NAME} was written by a newer wattline-backup: upgrade this one."
                    )
                self._write(content)
                self._content = content
        except OSError as error:
            raise FolderError(f"{self._folder / NAME} cannot be written: {error.strerror}.") from error

    def _write(self, content: _Content) -> None:
        if self._is_damaged:
            put_aside(self._folder / NAME)
            self._is_damaged = False
        fresh = self._folder / (NAME + ".new")
        fresh.write_text(json.dumps({"form": FORM, **asdict(content)}, indent=1) + "\n")
        fresh.chmod(0o600)
        sync(fresh)
        fresh.replace(self._folder / NAME)
        sync(self._folder)

    def _put_aside(self) -> None:
        """Keep a damaged file from being taken for one again, where anything can be written."""
        with suppress(OSError), self._alone():
            # Another process may have done so, and written a new one.
            self.load()
            if self._is_damaged:
                put_aside(self._folder / NAME)
                self.load()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """A lock of its own, held for a moment: a proof takes long, and notes what it found while a run is at work."""
        descriptor = os.open(self._folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


@cache
def _warn(file: Path, what: str) -> None:
    """Once, however often a command reads the file."""
    LOG.warning("%s %s: the sets count as unverified and as never copied out of the house.", file, what)


class _NewerError(ValueError):
    """A file of a newer wattline-backup."""


def _read(text: str) -> _Content:
    document = json.loads(text)
    if document["form"] > FORM:
        raise _NewerError("was written by a newer wattline-backup")
    return _Content(
        {stamp: SetState(**each) for stamp, each in document["sets"].items()},
        {sha256: Proof(**each) for sha256, each in document["proofs"].items()},
        document["confirmed_sheet_s"],
        document.get("confirmed_sheet_number", ""),
        _begun_of_old(document) | {bucket: Unfinished(**each) for bucket, each in document.get("begun", {}).items()},
    )


def _begun_of_old(document: Mapping[str, Any]) -> dict[str, Unfinished]:
    """What the version before wrote: of a swap only what was live before, of a restore of everything only what is restored."""
    begun = {bucket: Unfinished("", origin) for bucket, origin in document.get("swaps", {}).items()}
    return begun | ({EVERYTHING: Unfinished(stamp, "")} if (stamp := document.get("restoring")) else {})
