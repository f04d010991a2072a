"""The words about the journal on a command line, checked before anything is touched."""

import argparse
from collections.abc import Callable
from pathlib import Path

from wattline.errors import WordError
from wattline.journal.limits import Limits

LONGEST_DAYS = 3650
LARGEST_MB = 1_000_000


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of a journal that is kept."""
    usual = Limits()
    parser.add_argument(
        "--journal",
        metavar="DIR",
        type=_folder,
        help="keep what is written in this folder, for what the database lacks",
    )
    parser.add_argument(
        "--journal-days",
        metavar="N",
        type=_whole("--journal-days", LONGEST_DAYS, "days"),
        help=f"days that are kept in the journal (default: {usual.days})",
    )
    parser.add_argument(
        "--journal-mb",
        metavar="N",
        type=_whole("--journal-mb", LARGEST_MB, "megabytes"),
        help=f"megabytes that the journal of the port may take (default: {usual.mb})",
    )


def limits_of(arguments: argparse.Namespace) -> Limits:
    """How much is to be kept.

    Raises:
        WordError: that is said, and not where.
    """
    given = {"days": arguments.journal_days, "mb": arguments.journal_mb}
    said = {name: number for name, number in given.items() if number is not None}
    if said and not arguments.journal:
        raise WordError(
            f"--journal-{min(said)} is about a journal, and none is kept: name its folder by --journal DIR."
        )
    return Limits(**said)


def _folder(text: str) -> Path:
    """A folder that is there or can be made. That the disk may refuse it is no matter of the words."""
    path = Path(text)
    there = next((place for place in (path, *path.absolute().parents) if place.exists()), path)
    if not text or not there.is_dir():
        raise WordError(f"The journal {text!r} must be a folder, and {str(there)!r} is none; name another one.")
    return path


def _whole(option: str, largest: int, what: str) -> Callable[[str], int]:
    def parse(text: str) -> int:
        number = int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(largest)) else 0
        if not 1 <= number <= largest:
            raise WordError(f"{option} {text!r} must be whole {what}, 1 to {largest}.")
        return number

    return parse
