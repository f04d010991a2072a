"""Whether the safety set has all that a swap is going to delete; what is stamped just now goes on coming in, and stays."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from wattline_backup.errors import BackupError
from wattline_backup.restore.content import content_of_live, digests_of_stored
from wattline_backup.restore.target import AHEAD, LATENESS, Group, Target, moment_of
from wattline_backup.sets import Set
from wattline_backup.tsm import Summary

SECOND = timedelta(seconds=1)
FLUSHED = "-000000001.tsm"
"""How the name of a file ends that has what was in InfluxDB's memory; what it has put together is called otherwise."""


def demand_saved(target: Target, group: Group, safety: Set) -> datetime:
    """See that nothing came into a shard since the safety set was made, but what is stamped just now.

    The shard is read twice, the second time only what came while it was read the first time: so its emptying can follow at
    once. What comes between the two is lost.

    Returns:
        The time of InfluxDB's clock.

    Raises:
        BackupError: something came, or the shard cannot be read.
    """
    server, saved, before = target.server, _saved(target, group, safety), target.server.now() - SECOND
    live, now = content_of_live(server, group.shard, safety.path), server.now()
    is_present = group.start - AHEAD <= now < group.end
    # Where InfluxDB put files together that go on getting points, what came of it tells nothing of what is new.
    if not is_present or saved <= set(live.digests.values()):
        came = (summary for name, summary in live.summaries.items() if live.digests[name] not in saved)
        _demand_just_now(target, group, came, safety.index.began, now)
    late = content_of_live(server, group.shard, safety.path, since=before)
    known = saved | set(live.digests.values())
    flushed = (
        summary
        for name, summary in late.summaries.items()
        if name.endswith(FLUSHED) and late.digests[name] not in known
    )
    _demand_just_now(target, group, flushed, safety.index.began, now)
    return now


def _saved(target: Target, group: Group, safety: Set) -> set[str]:
    """The SHA-256 of the files of points that the safety set has of a shard."""
    of_group = (target.id, group.shard)
    shards = (each for each in safety.index.shards if (each.bucket_id, each.shard) == of_group)
    return {digest for shard in shards for digest in digests_of_stored(safety.path, shard).values()}


def _demand_just_now(target: Target, group: Group, came: Iterable[Summary], began: datetime, now: datetime) -> None:
    first, last = began - LATENESS, now + LATENESS
    if any(not first <= moment_of(each.first_ns) <= moment_of(each.last_ns) < last for each in came):
        raise BackupError(
            f"Since the safety set was made, something wrote points into {target.name} that are stamped from {group.start} to "
            f"{group.end}, and not just now: stop it, and try again."
        )
