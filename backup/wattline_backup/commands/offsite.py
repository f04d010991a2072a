"""``wattline-backup offsite``: the copy outside the house."""

import argparse
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from wattline.errors import WattlineError
from wattline.paragraphs import filled
from wattline_backup import outcome
from wattline_backup.offsite.place import place
from wattline_backup.offsite.repository import KEEP, Repository, choose, local
from wattline_backup.offsite.restic import Restic
from wattline_backup.offsite.restoring import LATEST, restore
from wattline_backup.progress import Watcher, watcher
from wattline_backup.settings import settings
from wattline_backup.size import bytes_in_words, sets_in_words
from wattline_backup.state import State

SUMMARY = "keeps an encrypted copy of the sets outside the house: in Azure, S3, Google Cloud, over SFTP or on a disk"
EXAMPLE = "wattline-backup offsite copy"
ERROR_PREFIX = "wattline-backup: "
# A quarter of a year for all of it, at one part a week.
PARTS = 13

# What is told to a person, and to a program, and to the alerts.
Told = tuple[str, dict[str, Any], dict[str, float]]


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the words of this command."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")

    def add(
        name: str, act: Callable[[argparse.Namespace, Repository, Watcher], Told], what: str
    ) -> argparse.ArgumentParser:
        added = actions.add_parser(name, help=what, description=filled(what), allow_abbrev=False)
        added.set_defaults(act=act)
        added.add_argument("--json", action="store_true", help="print JSON, for programs")
        return added

    add("init", _init, "makes the repository; nothing is done where there is one")
    add("list", _list, "tells which sets are in it")
    add("copy", _copy, "sends the newest verified set, or the newest where none was verified within a day of it")
    check = add(
        "check", _check, "reads the structure of the repository and a part of all it stores, each week another one"
    )
    check.add_argument(
        "--parts", type=_parts, default=PARTS, metavar="N", help="how many weeks all of it takes (default: %(default)s)"
    )
    prune = add("prune", _prune, "forgets old sets, and frees what no other set needs")
    for kind, count in KEEP.items():
        prune.add_argument(
            f"--keep-{kind}",
            type=_count,
            default=count,
            metavar="N",
            help=f"how many to keep: {kind} (default: %(default)s)",
        )
    prune.add_argument("--dry-run", action="store_true", help="tell what would go, and let it stay")
    back = add(
        "restore", _restore, "brings a set back into an empty folder, from the repository and its password alone"
    )
    back.add_argument("set", metavar="SET", help=f"its name, or {LATEST}")
    back.add_argument("folder", metavar="FOLDER", type=Path, help="empty, or not there yet")


def execute(arguments: argparse.Namespace) -> int:
    """Do one of the actions; returns 0.

    Raises:
        BackupError: it could not be done.
    """
    file, began_s = settings().outcome, time.monotonic()
    # Each of the three that a timer runs has a line of its own: a copy that succeeds must not hide a check that failed.
    kind = {"copy": "offsite", "check": "offsite_check", "prune": "offsite_prune"}.get(arguments.action)
    try:
        with watcher() as bar:
            text, document, fields = arguments.act(arguments, Repository(Restic(place(), bar), bar), bar)
    except WattlineError:
        _record(file, kind, {"success": 0.0}, began_s)
        raise
    _record(file, kind, {"success": 1.0, **fields}, began_s)
    print(json.dumps(document, indent=2) if arguments.json else text)
    return 0


def _record(file: Path | None, kind: str | None, fields: Mapping[str, float], began_s: float) -> None:
    if kind:
        outcome.record(file, kind, {**fields, "duration_s": time.monotonic() - began_s})


def _init(_: argparse.Namespace, store: Repository, __: Watcher) -> Told:
    is_new = store.init()
    name = store.restic.place.repository
    text = (
        f"The off-site copy {name} is made. It opens with its password alone: print `wattline-backup recovery-sheet` and put it "
        "away outside the house."
        if is_new
        else f"The off-site copy {name} was there already."
    )
    return text, {"repository": name, "made": is_new}, {}


def _list(_: argparse.Namespace, store: Repository, __: Watcher) -> Told:
    found = store.snapshots()
    rows = [f"{each.stamp}  {local(each.stamp)}  {each.id[:8]}  {each.host}" for each in found]
    text = "\n".join(
        [f"{'set':16}  {'begun':16}  {'snapshot':8}  host", *rows] if rows else ["There is no set in it yet."]
    )
    return text, {"sets": [asdict(each) for each in found]}, {}


def _copy(_: argparse.Namespace, store: Repository, __: Watcher) -> Told:
    folder = settings().sets()
    state = State(folder.path)
    chosen = choose(folder.sets(), state)
    copied = store.copy(chosen, state)
    which = f"Set {copied.stamp}" + ("" if copied.is_verified else ", which was not verified yet,")
    text = (
        f"{which} was off-site already."
        if copied.was_there
        else f"{which} is off-site: {bytes_in_words(copied.size)}; the copy grew by about {bytes_in_words(copied.added)}, with restic's "
        "own data."
    )
    fields = {"bytes": float(copied.size), "written_bytes": float(copied.added), "set_s": chosen.at.timestamp()}
    return text, asdict(copied), fields


def _check(arguments: argparse.Namespace, store: Repository, __: Watcher) -> Told:
    part = store.check(arguments.parts, time.time())
    text = f"The off-site copy is sound; of what it stores, part {part} of {arguments.parts} was read."
    return text, {"part": part, "parts": arguments.parts}, {}


def _prune(arguments: argparse.Namespace, store: Repository, __: Watcher) -> Told:
    keep = {kind: getattr(arguments, f"keep_{kind}") for kind in KEEP}
    kept, gone = store.prune(keep, is_dry=arguments.dry_run)
    verb = "would be forgotten" if arguments.dry_run else "were forgotten"
    text = "\n".join([f"{sets_in_words(len(kept))} kept off-site, {len(gone)} {verb}{':' if gone else '.'}", *gone])
    return text, {"kept": kept, "gone": gone, "dry_run": arguments.dry_run}, {"sets": float(len(kept))}


def _restore(arguments: argparse.Namespace, store: Repository, bar: Watcher) -> Told:
    done = restore(store, arguments.set, arguments.folder, bar)
    path = done.restored.path
    text = (
        f"Set {done.restored.stamp} is in {path}, and each of its {done.files} files is as it was. Next: "
        f"`WATTLINE_BACKUP_FOLDER={arguments.folder} wattline-backup restore {done.restored.stamp} --all`, or `influx restore --full {path}`."
    )
    return text, {"set": done.restored.stamp, "path": str(path), "files": done.files}, {}


def _parts(word: str) -> int:
    if not _count(word):
        raise argparse.ArgumentTypeError("all of it is at least one part")
    return _count(word)


def _count(word: str) -> int:
    if not word.isdecimal():
        raise argparse.ArgumentTypeError(f"{word!r} is no whole number")
    return int(word)
