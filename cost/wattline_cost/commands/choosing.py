"""The words that commands share: which contracts, which days."""

import argparse
from collections.abc import Sequence
from datetime import date

from wattline.errors import WordError
from wattline.options import nearest
from wattline_cost.settings import Settings
from wattline_cost.store.work import File


def add_contract(parser: argparse.ArgumentParser) -> None:
    """Add the option that chooses one contract."""
    parser.add_argument("--contract", metavar="NAME", help="this contract alone (default: all of them)")


def chosen_of(files: Sequence[File], name: str | None) -> list[File]:
    """The contract of that name, or all.

    Raises:
        WordError: there is none.
    """
    if name is None:
        return list(files)
    found = [file for file in files if file.contract.name == name]
    if not found:
        names = [file.contract.name for file in files]
        there = f"those there are: {', '.join(names)}" if names else "there is none"
        raise WordError(f"There is no contract {name!r}{nearest(name, names)}; {there}.")
    return found


def told_day(text: str) -> date:
    """A day as on the command line.

    Raises:
        WordError: it is none.
    """
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise WordError(f"{text} is no day: write it like 2026-03-01.") from error


def told_month(text: str) -> date:
    """The first day of a month as on the command line.

    Raises:
        WordError: it is none.
    """
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError as error:
        raise WordError(f"{text} is no month: write it like 2026-03.") from error


def no_contract(chosen: Settings) -> str:
    """That there is none, and what to do."""
    return (
        f"There is no contract in {chosen.tariffs}: copy one of the examples there, edit it, and ask `wattline-cost check` "
        "whether it says what yours says."
    )
