"""The words about the journal on a command line, checked before anything is touched."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

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
        default=usual.days,
        action=_Bound,
        type=_whole("--journal-days", LONGEST_DAYS, "days"),
        help="days that are kept in the journal (default: %(default)s)",
    )
    parser.add_argument(
        "--journal-mb",
        metavar="N",
        default=usual.mb,
        action=_Bound,
        type=_whole("--journal-mb", LARGEST_MB, "megabytes"),
        help="megabytes that the journal of the port may take (default: %(default)s)",
    )
    parser.set_defaults(journal_bounds=())


def limits_of(arguments: argparse.Namespace) -> Limits:
    """How much is to be kept.

    Raises:
        WordError: that is said, and not where.
    """
    if arguments.journal_bounds and not arguments.journal:
        raise WordError(
            f"{arguments.journal_bounds[0]} is about a journal, and none is kept: name its folder by --journal DIR."
        )
    return Limits(arguments.journal_days, arguments.journal_mb)


class _Bound(argparse.Action):
    """Stores a number, and that it was said."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,  # noqa: ARG002 - argparse hands it over
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        setattr(namespace, self.dest, values)
        namespace.journal_bounds = (*namespace.journal_bounds, option_string)


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
