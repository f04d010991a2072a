"""``wattline-backup restore``: a set, or a bucket of it, goes back into InfluxDB."""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from wattline.errors import WattlineError, WordError
from wattline.paragraphs import filled
from wattline_backup import outcome
from wattline_backup.progress import Watcher, watcher
from wattline_backup.restore import ways
from wattline_backup.restore.signals import before_any_change, obeyed_alike
from wattline_backup.restore.tokens import token_files_of, token_in, unknown_token
from wattline_backup.restore.ways import Restored, Way
from wattline_backup.sets import Set
from wattline_backup.settings import Settings, settings
from wattline_backup.size import bytes_in_words
from wattline_backup.unfinished import EVERYTHING, in_the_middle_of

SUMMARY = "brings a set, or a bucket of it, back into InfluxDB: beside what is live, in its place, or into its gaps"
EXAMPLE = "wattline-backup restore 20261126T140503Z --bucket energy --as energy_restored"
ERROR_PREFIX = "wattline-backup: "


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the words of this command."""
    parser.add_argument("set", metavar="SET", help="the set, as `wattline-backup list` names it")
    parser.add_argument("--bucket", metavar="NAME", help="one bucket of the set; one of the next three says where to")
    parser.add_argument(
        "--as", dest="new_name", metavar="NEW", help="into a new bucket of this name, beside the live one"
    )
    parser.add_argument(
        "--swap", action="store_true", help="into the live bucket, which is then as it was; its tokens go on working"
    )
    parser.add_argument(
        "--merge",
        action="store_true",
        help="into the gaps of the live bucket; what is live stays wherever both have a value",
    )
    parser.add_argument(
        "--all",
        action="store_true",
        help="everything: users, tokens, tasks, dashboards, points; replaces the whole server",
    )
    parser.add_argument(
        "--set-token-file",
        metavar="FILE",
        type=Path,
        help="for --all: a file with an operator's token of the server that the set was made of; found by itself where it is "
        "the token in use or among the secrets in the set",
    )
    parser.add_argument("--dry-run", action="store_true", help="look through the set and tell what would happen")
    parser.add_argument("--yes", action="store_true", help="do not ask; needed where nobody can be asked")
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")


def execute(arguments: argparse.Namespace) -> int:
    """Restore, once it was confirmed; returns 0.

    Raises:
        WordError: the words do not say what to do, or nobody confirmed.
        BackupError: it could not be done.
    """
    _demand_one_way(arguments)
    chosen = settings()
    began_s = time.monotonic()
    try:
        with obeyed_alike():
            restored = _restore(arguments, chosen)
    except WordError:
        raise
    except WattlineError:
        outcome.record(chosen.outcome, "restore", {"success": 0.0, "duration_s": time.monotonic() - began_s})
        raise
    if restored:
        seconds = time.monotonic() - began_s
        fields = {"success": 1.0, "duration_s": seconds, "bytes": float(restored.size)}
        outcome.record(chosen.outcome, "restore", fields)
        print(json.dumps(_as_json(restored, seconds), indent=2) if arguments.json else _as_text(restored, seconds))
    return 0


def _demand_one_way(arguments: argparse.Namespace) -> None:
    given = [
        word
        for word, is_given in (
            ("--as", arguments.new_name),
            ("--swap", arguments.swap),
            ("--merge", arguments.merge),
            ("--all", arguments.all),
        )
        if is_given
    ]
    if len(given) != 1:
        told = f"{' and '.join(given)} do not go together" if given else "It was not said where to restore to"
        raise WordError(f"{told}: give one of --as NEW, --swap and --merge with --bucket NAME, or --all alone.")
    if bool(arguments.bucket) == arguments.all:
        raise WordError(
            "Give --bucket NAME with --as, --swap and --merge, and not with --all, which restores them all."
        )
    if arguments.set_token_file and not arguments.all:
        raise WordError("--set-token-file is for --all alone; the other ways need no token of the set.")


def _restore(arguments: argparse.Namespace, chosen: Settings) -> Restored | None:
    """What the restore has come to; None where there was nothing to do, or nothing was to be done."""
    folder = chosen.sets()
    found = folder.find(arguments.set)
    with before_any_change(), watcher() as bar:
        way = _way(arguments, chosen, found, bar)
    plan = [_of(found, way), *_halves(found, arguments.bucket), *way.plan()]
    if not way.has_work or arguments.dry_run:
        print(json.dumps({"plan": plan}, indent=2) if arguments.json else "\n".join(map(filled, plan)))
        return None
    if not arguments.yes:
        with before_any_change():
            _ask(plan)
    with watcher() as bar:
        return ways.restore(way, folder, chosen.house, bar)


def _way(arguments: argparse.Namespace, chosen: Settings, found: Set, bar: Watcher) -> Way:
    if arguments.all:
        given = [arguments.set_token_file] if arguments.set_token_file else []
        token_files = [*given, chosen.token_file]
        # On a blank machine a token of the set may be the only one there is.
        known = (file for file in (chosen.token_file, *given, *token_files_of(found)) if token_in(file)[0])
        in_use = next(known, None)
        if in_use is None:
            raise unknown_token(found, token_files)
        return ways.whole(replace(chosen, token_file=in_use).server(), found, token_files, bar)
    server = chosen.server()
    if arguments.new_name:
        return ways.beside(server, found, arguments.bucket, arguments.new_name, bar, influx=chosen.influx)
    return ways.into_live(server, found, arguments.bucket, bar, is_swap=arguments.swap)


def _of(found: Set, way: Way) -> str:
    age_h = (datetime.now(UTC) - found.at).total_seconds() / 3600
    return (
        f"From: the set {found.stamp}, {age_h:.1f} hours old, of InfluxDB {found.index.version}: {way.what}, "
        f"{bytes_in_words(way.size)}. Each of its files was looked through and is sound."
    )


def _halves(found: Set, bucket: str | None) -> list[str]:
    return in_the_middle_of(name for name in found.index.unfinished if bucket is None or name in {bucket, EVERYTHING})


def _ask(plan: Sequence[str]) -> None:
    if not sys.stdin.isatty():
        raise WordError("Nobody can be asked whether this is meant: look at it with --dry-run, then give --yes.")
    print(*map(filled, plan), "Type yes to do this: ", sep="\n", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() != "yes":
        raise WordError("Nothing was done, since the answer was not yes.")


def _as_text(restored: Restored, seconds: float) -> str:
    told = [f"Restored {restored.what} in {seconds:.1f} s, and found it there: {sum(restored.values.values())} values."]
    told += [f"  {name:12}{count:>14}" for name, count in restored.values.items()]
    # Not broken into lines: there are commands in them.
    told += restored.remarks
    return "\n".join(told)


def _as_json(restored: Restored, seconds: float) -> dict[str, object]:
    return {
        "set": restored.stamp,
        "restored": restored.what,
        "bytes": restored.size,
        "safety_set": restored.safety,
        "values": restored.values,
        "seconds": round(seconds, 3),
        "remarks": restored.remarks,
    }
