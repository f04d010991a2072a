"""``wattline-backup prune``: remove the sets that no rule keeps."""

import argparse
import json
import time
from dataclasses import replace
from datetime import UTC, datetime, tzinfo

from wattline.errors import WattlineError
from wattline.paragraphs import filled
from wattline_backup import outcome
from wattline_backup.household import local
from wattline_backup.pruning import Pruned, plan, prune
from wattline_backup.retention import RULES, Policy
from wattline_backup.sets import moment_of
from wattline_backup.settings import Settings, count_of, settings
from wattline_backup.size import bytes_in_words

SUMMARY = "removes the sets that no rule keeps: the newest stay, then one an hour, a day, a week, a month and a year"
EXAMPLE = "wattline-backup prune --dry-run"
ERROR_PREFIX = "wattline-backup: "

KEEPS = {
    "newest": "sets that are kept whatever their time",
    "hourly": "hours of which the last set is kept",
    "daily": "days, likewise",
    "weekly": "weeks from Monday to Sunday, likewise",
    "monthly": "months, likewise",
    "yearly": "years, likewise",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the words of this command."""
    parser.add_argument(
        "--dry-run", action="store_true", help="remove nothing: tell what would go, and why what stays stays"
    )
    defaults = Policy()
    for rule, what in KEEPS.items():
        count = getattr(defaults, rule)
        unless = f"{'all' if count is None else count} unless WATTLINE_BACKUP_KEEP_{rule.upper()} says otherwise"
        parser.add_argument(f"--keep-{rule}", metavar="N", help=f"{what}, or `all`; {unless}")
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")


def execute(arguments: argparse.Namespace) -> int:
    """Remove what no rule keeps, or tell what that is; returns 0.

    Raises:
        BackupError: a set cannot be removed.
        WordError: a number is none.
    """
    chosen = settings()
    given = {rule: getattr(arguments, f"keep_{rule}") for rule in RULES}
    counts = {rule: count_of(f"--keep-{rule}", text) for rule, text in given.items() if text is not None}
    chosen = replace(chosen, policy=replace(chosen.policy, **counts))
    if arguments.dry_run:
        pruned = plan(chosen.sets(), chosen.policy, chosen.zone, datetime.now(UTC))
    else:
        pruned = prune_and_record(chosen)
    if arguments.json:
        print(json.dumps(as_json(pruned), indent=2))
    else:
        print(_as_table(pruned, chosen.zone) if arguments.dry_run else as_text(pruned))
    return 0


def prune_and_record(chosen: Settings) -> Pruned:
    """Prune as the settings say, and write down what came of it.

    Raises:
        BackupError: a set cannot be removed.
    """
    began_s = time.monotonic()
    try:
        pruned = prune(chosen.sets(), chosen.policy, chosen.zone, datetime.now(UTC))
    except WattlineError:
        outcome.record(chosen.outcome, "prune", {"success": 0.0, "duration_s": time.monotonic() - began_s})
        raise
    fields = {"success": 1.0, "duration_s": time.monotonic() - began_s}
    fields |= {"sets": float(_kept(pruned)), "removed_sets": float(len(pruned.gone))}
    fields |= {"disk_bytes": float(pruned.left), "freed_bytes": float(pruned.freed)}
    outcome.record(chosen.outcome, "prune", fields)
    return pruned


def as_text(pruned: Pruned) -> str:
    """What was removed, in a sentence."""
    return filled(
        f"Sets removed: {len(pruned.gone)}, which frees {bytes_in_words(pruned.freed)}; sets that stay: {_kept(pruned)}, "
        f"which take {bytes_in_words(pruned.left)}."
    )


def as_json(pruned: Pruned) -> dict[str, object]:
    """The same for programs."""
    return {
        "sets": [{"set": each.stamp, "kept": each.is_kept, "reasons": list(each.reasons)} for each in pruned.verdicts],
        "freed_bytes": pruned.freed,
        "disk_bytes": pruned.left,
    }


def _as_table(pruned: Pruned, zone: tzinfo | None) -> str:
    lines = [f"{'set':16}  {'local time':12}"]
    for each in pruned.verdicts:
        start = f"{each.stamp:16}  {local(moment_of(each.stamp), zone)}  {'keep' if each.is_kept else 'GOES'}"
        lines.append(filled(f"{start}  {', '.join(each.reasons)}".rstrip(), indent=len(start) + 2))
    told = (
        f"{len(pruned.gone)} of {len(pruned.verdicts)} sets would go, and {bytes_in_words(pruned.freed)} be free again; "
        f"the others take {bytes_in_words(pruned.left)} together."
    )
    return "\n".join([*lines, "", filled(told)])


def _kept(pruned: Pruned) -> int:
    return len(pruned.verdicts) - len(pruned.gone)
