"""``wattline-backup verify``: prove that sets can be restored."""

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace

from wattline.errors import WattlineError, WordError
from wattline.influxdb.errors import ServerError
from wattline_backup import outcome
from wattline_backup.errors import BackupError, SetError
from wattline_backup.offsite.place import place
from wattline_backup.offsite.proving import brought_back
from wattline_backup.offsite.repository import Repository
from wattline_backup.offsite.restic import Restic
from wattline_backup.offsite.restoring import LATEST
from wattline_backup.progress import Watcher, watcher
from wattline_backup.proof.ladder import How, Ladder, Verified
from wattline_backup.server import Server
from wattline_backup.sets import Folder, Set
from wattline_backup.settings import Settings, settings
from wattline_backup.size import bytes_in_words, shards_in_words

SUMMARY = "proves that sets can be restored: by their files, or by restoring what is new into a scratch InfluxDB"
EXAMPLE = "wattline-backup verify --latest --restore"
ERROR_PREFIX = "wattline-backup: "


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the words of this command."""
    which = parser.add_mutually_exclusive_group()
    which.add_argument("set", nargs="?", metavar="SET", help="the set, for example 20261126T140503Z; else the newest")
    which.add_argument("--latest", action="store_true", help="the newest set")
    which.add_argument("--all", action="store_true", help="every set; a file that several share is read once")
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--quick",
        action="store_true",
        help="read only what the set does not share with the set before; of the rest the sizes",
    )
    how.add_argument(
        "--restore", action="store_true", help="and restore what was not proven before, and compare it with InfluxDB"
    )
    parser.add_argument(
        "--all-shards", action="store_true", help="with --restore: restore the whole set, with users and tokens"
    )
    parser.add_argument(
        "--offsite",
        action="store_true",
        help="the set as the off-site copy has it, brought back for the proof; its newest unless said",
    )
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")


def execute(arguments: argparse.Namespace) -> int:
    """Prove sets and tell what it has come to; returns 0.

    Raises:
        WordError: the words do not go together, or a setting is missing.
        BackupError: a set cannot be restored; the others were looked at all the same.
    """
    _demand_sense(arguments)
    chosen = settings()
    began_s = time.monotonic()
    # Only what was restored is proven; the alert waits for that.
    kind = "offsite_verify" if arguments.offsite else "verify" if arguments.restore else "check"
    try:
        with watcher() as bar, _sets(chosen.sets(), arguments, bar) as sets:
            verified = _prove(chosen, arguments, sets, bar)
    except WattlineError:
        outcome.record(chosen.outcome, kind, {"success": 0.0, "duration_s": time.monotonic() - began_s})
        raise
    outcome.record(chosen.outcome, kind, _fields(verified) | {"duration_s": time.monotonic() - began_s})
    print(
        json.dumps([asdict(each) for each in verified], indent=2) if arguments.json else _as_text(verified, arguments)
    )
    return 0


def _demand_sense(arguments: argparse.Namespace) -> None:
    if arguments.all_shards and not arguments.restore:
        raise WordError("--all-shards tells how much is restored, so it goes with --restore.")
    if arguments.offsite and (arguments.all or arguments.quick):
        raise WordError(
            "--offsite brings one set back and reads all of it, so it goes neither with --all nor with --quick."
        )


@contextmanager
def _sets(folder: Folder, arguments: argparse.Namespace, bar: Watcher) -> Iterator[Sequence[Set]]:
    if not arguments.offsite:
        yield _chosen(folder, arguments)
        return
    with brought_back(Repository(Restic(place(), bar), bar), arguments.set or LATEST, folder, bar) as back:
        yield [back]


def _prove(chosen: Settings, arguments: argparse.Namespace, sets: Sequence[Set], bar: Watcher) -> list[Verified]:
    folder = chosen.sets()

    def server(url: str | None) -> Server:
        return (replace(chosen, url=url) if url else chosen).server()

    how = How.QUICK if arguments.quick else How.RESTORE if arguments.restore else How.FILES
    ladder = Ladder(folder, chosen.scratch, server, bar, how, all_shards=arguments.all_shards)
    verified, faults = [], []
    for each in sets:
        try:
            verified.append(ladder.prove(each))
        except (BackupError, ServerError) as error:
            faults.append(error)
            if arguments.all:
                bar.say(f"{ERROR_PREFIX}{error}")
    if len(faults) > 1:
        raise SetError(f"{len(faults)} of {len(faults) + len(verified)} sets did not pass, see above.")
    if faults:
        raise faults[0]
    if how is How.RESTORE and not arguments.offsite:
        ladder.forget_others(folder.sets())
    return verified


def _chosen(folder: Folder, arguments: argparse.Namespace) -> Sequence[Set]:
    if arguments.set:
        return [folder.find(arguments.set)]
    sets = folder.sets()
    if not sets:
        raise SetError(f"There is no set in {folder.path} yet; `wattline-backup run` makes one.")
    return sets if arguments.all else sets[-1:]


def _fields(verified: Sequence[Verified]) -> dict[str, float]:
    return {
        "success": 1.0,
        "bytes": float(sum(each.read_bytes for each in verified)),
        "shards": float(sum(each.shards for each in verified)),
        "restored_shards": float(sum(sum(each.restored.values()) for each in verified)),
        "restored_bytes": float(sum(each.restored_bytes for each in verified)),
    }


def _as_text(verified: Sequence[Verified], arguments: argparse.Namespace) -> str:
    whence = " of the off-site copy" if arguments.offsite else ""
    lines = []
    for each in verified:
        told = (
            f"Set {each.stamp}{whence} is good: {shards_in_words(each.shards)}, {bytes_in_words(each.read_bytes)} read"
        )
        if each.how is How.RESTORE:
            compared = [f"{count} compared with {source}" for source, count in each.restored.items()]
            told += f", {sum(each.restored.values())} restored ({', '.join(compared) or 'all were proven before'})"
        lines += [f"{told}, in {each.seconds:.1f} s.", *each.remarks]
    return "\n".join(lines)
