"""Sets are removed, as the rules of ``retention`` say."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from wattline_backup.disk import usage
from wattline_backup.errors import FolderError, SetError
from wattline_backup.retention import Candidate, Policy, Verdict, judge
from wattline_backup.sets import Folder, Set
from wattline_backup.state import State


@dataclass(frozen=True, slots=True)
class Pruned:
    """What has become of the sets.

    Attributes:
        verdicts: about each, newest first.
        freed: bytes that those that go shared with no other.
        left: bytes that the others take together.
    """

    verdicts: Sequence[Verdict]
    freed: int
    left: int

    @property
    def gone(self) -> list[str]:
        """The stamps of those that go, newest first."""
        return [verdict.stamp for verdict in self.verdicts if not verdict.is_kept]


def plan(folder: Folder, policy: Policy, zone: tzinfo | None, now: datetime) -> Pruned:
    """What would become of the sets. Nothing is changed.

    Raises:
        FolderError: they cannot be looked at.
    """
    state = State(folder.path)
    sets = folder.sets()
    verdicts = judge([_candidate(each, state) for each in sets], policy, now, zone)
    kept = {verdict.stamp for verdict in verdicts if verdict.is_kept}
    left = usage([each.path for each in sets if each.stamp in kept]).total
    return Pruned(verdicts, usage([each.path for each in sets]).total - left, left)


def prune(folder: Folder, policy: Policy, zone: tzinfo | None, now: datetime) -> Pruned:
    """Remove the sets that no rule keeps, oldest first.

    Raises:
        FolderError: somebody else is at work in the folder, or a set cannot be removed.
    """
    with folder.locked():
        # An interrupted removal is brought to its end.
        folder.clear()
        pruned = plan(folder, policy, zone, now)
        state = State(folder.path)
        for stamp in reversed(pruned.gone):
            try:
                folder.remove(folder.find(stamp))
            except OSError as error:
                raise FolderError(f"The set {stamp} cannot be removed from {folder.path}: {error.strerror}.") from error
            state.forget(stamp)
    return pruned


def _candidate(each: Set, state: State) -> Candidate:
    known = state.of(each.stamp)
    verified = known.verified_how or "somehow" if known.verified_s is not None else ""
    undoes = any(each.stamp in {begun.stamp, begun.origin} for begun in state.begun.values())
    return Candidate(
        each.stamp, each.at, verified, known.offsite_s is not None, _is_damaged(each), undoes, state.was_lost
    )


def _is_damaged(each: Set) -> bool:
    try:
        # Each of another object, since the indexes of all sets together are many megabytes.
        _ = Set(each.path).index
    except SetError:
        return True
    return False
