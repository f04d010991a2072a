"""``wattline journal``: what a journal holds, as line protocol or summed up."""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

from wattline.errors import JournalError
from wattline.journal.reader import files_in, folders_in, read
from wattline.journal.summary import summary

SUMMARY = "prints the journal that `wattline run --journal` keeps, as line protocol"
EXAMPLE = "wattline journal /var/lib/wattline/journal"
ERROR_PREFIX = "wattline: "


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the words of this command."""
    parser.add_argument("folder", metavar="DIR", type=Path, help="the folder of the journal, or that of one port in it")
    parser.add_argument("--json", action="store_true", help="sum up each port in place of printing its lines")


def execute(arguments: argparse.Namespace) -> int:
    """Print it, also while it is written; returns 0.

    Raises:
        JournalError: there is none, or it cannot be read.
    """
    folder = arguments.folder
    try:
        if not (ports := folders_in(folder)):
            raise JournalError(f"There is no journal in {folder}: no port has a folder with files of one there.")
        if arguments.json:
            print(json.dumps([summary(port) for port in ports], indent=2))
        for line in () if arguments.json else _lines(ports):
            print(line)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise JournalError(f"The journal in {folder} cannot be read: {error.strerror}.") from error
    return 0


def _lines(ports: list[Path]) -> Iterator[str]:
    for port in ports:
        for path in files_in(port):
            for record in read(path):
                yield from record.lines
