"""``wattline-backup recovery-sheet``: the page that must live outside the house, and that somebody put it there."""

import argparse
import json
import socket
import sys
import time
from datetime import datetime

from wattline.errors import WordError
from wattline_backup.errors import BackupError
from wattline_backup.offsite.place import place_if_any
from wattline_backup.settings import settings
from wattline_backup.sheet import NO_COPY, Sheet, sheet
from wattline_backup.state import State

SUMMARY = (
    "prints the one page that must live outside the house: what opens the off-site copy, and how a house comes back"
)
EXAMPLE = "wattline-backup recovery-sheet | lp"
ERROR_PREFIX = "wattline-backup: "


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the words of this command."""
    parser.add_argument("--confirm", action="store_true", help="print nothing; note that the page was put away")
    parser.add_argument(
        "--yes", action="store_true", help="with --confirm: do not ask for the number at the foot of the page"
    )
    parser.add_argument(
        "--json", action="store_true", help="print whether it was confirmed, as JSON and without secrets"
    )


def execute(arguments: argparse.Namespace) -> int:
    """Print the page, or note that it was put away; returns 0.

    Raises:
        WordError: the words contradict each other, or nobody can be asked.
        BackupError: something that belongs on the page cannot be read, or what was typed is not its number.
    """
    if arguments.yes and not arguments.confirm:
        raise WordError("--yes goes with --confirm.")
    chosen = settings()
    page = sheet(chosen.token_file, place_if_any(), socket.gethostname())
    if arguments.confirm:
        if not arguments.yes:
            _ask(page)
        chosen.sets().make()
        State(chosen.folder).note_sheet(time.time(), page.number)
    if arguments.json:
        confirmed_s = State(chosen.folder).confirmed_sheet_s
        print(
            json.dumps({"number": page.number, "offsite": bool(page.repository), "confirmed_s": confirmed_s}, indent=2)
        )
    elif arguments.confirm:
        print(
            "Noted: the recovery sheet lies outside the house. Print it anew when a password, a key or the token changes."
        )
    else:
        print(page.text(datetime.now().astimezone().date()), end="")
        if not page.repository:
            print(f"wattline-backup: {NO_COPY}", file=sys.stderr)
    return 0


def _ask(page: Sheet) -> None:
    """The number stands on the page alone, so who can type it has it; and has it as it is now."""
    if not sys.stdin.isatty():
        raise WordError(
            "To confirm the recovery sheet, its number is typed on a terminal; without one, --yes says it was put away."
        )
    print("The number at the foot of the page that was put away: ", end="", file=sys.stderr, flush=True)
    typed = sys.stdin.readline().strip()
    if typed != page.number:
        raise BackupError(
            f"{typed!r} is not the number of the recovery sheet as it is now, so nothing was noted: print it, and put that one away."
        )
