"""``wattline-backup run``: make a set."""

import argparse
import json
import time

from wattline.errors import WattlineError
from wattline.influxdb.errors import ServerError
from wattline_backup import outcome
from wattline_backup.commands import prune
from wattline_backup.errors import BackupError
from wattline_backup.progress import watcher
from wattline_backup.run import Made, Run
from wattline_backup.settings import settings
from wattline_backup.sheet import Confirmed, confirmed
from wattline_backup.size import bytes_in_words, shards_in_words
from wattline_backup.state import State

SUMMARY = "makes a set: what changed since the one before is fetched, the rest is shared with it"
EXAMPLE = "wattline-backup run"
ERROR_PREFIX = "wattline-backup: "


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the words of this command."""
    parser.add_argument(
        "--full", action="store_true", help="read every shard; the first run of each day does in any case"
    )
    parser.add_argument("--prune", action="store_true", help="afterwards remove the sets that no rule keeps")
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")


def execute(arguments: argparse.Namespace) -> int:
    """Make a set and tell what it has come to; returns 0.

    Raises:
        BackupError: it could not be made, or older ones could not be removed.
    """
    chosen = settings()
    began_s = time.monotonic()
    try:
        with watcher() as bar:
            made = Run(chosen.server(), chosen.sets(), chosen.house, bar, is_full=arguments.full).make()
    except WattlineError as error:
        outcome.record(chosen.outcome, "run", {"success": 0.0, "duration_s": time.monotonic() - began_s})
        if isinstance(error, BackupError | ServerError) and (unfinished := State(chosen.folder).unfinished()):
            # A restore that was killed is most likely why.
            raise BackupError(" ".join([str(error), *unfinished])) from error
        raise
    size = float(made.made.index.size)
    written = float(made.made.index.written)
    fields = {"success": 1.0, "duration_s": made.seconds, "bytes": size, "written_bytes": written}
    # Told each hour, so that the alerts know it although `recovery-sheet` itself leaves no outcome.
    state = State(chosen.folder)
    fields |= {"sheet_confirmed": float(confirmed(state, chosen.token_file) is Confirmed.AS_IT_IS)}
    made.remarks += state.unfinished()
    outcome.record(chosen.outcome, "run", fields)
    if not arguments.json:
        # Before anything else can go wrong: there is a set.
        print(_as_text(made), flush=True)
    pruned = prune.prune_and_record(chosen) if arguments.prune else None
    if arguments.json:
        print(json.dumps(_as_json(made) | ({"prune": prune.as_json(pruned)} if pruned else {}), indent=2))
    elif pruned and pruned.gone:
        print(prune.as_text(pruned))
    return 0


def _as_text(made: Made) -> str:
    index = made.made.index
    told = (
        f"Set {made.made.stamp}: {shards_in_words(len(index.shards))}, {bytes_in_words(index.size)}, of which "
        f"{made.fetched} were fetched and {bytes_in_words(index.written)} written, in {made.seconds:.1f} s."
    )
    return "\n".join([told, *made.remarks])


def _as_json(made: Made) -> dict[str, object]:
    index = made.made.index
    return {
        "set": made.made.stamp,
        "shards": len(index.shards),
        "fetched": made.fetched,
        "linked": made.linked,
        "bytes": index.size,
        "written_bytes": index.written,
        "full": index.is_full,
        "seconds": round(made.seconds, 3),
        "remarks": made.remarks,
    }
