"""Chooses how meters are shown: drawn where there is a terminal and rich, else in lines."""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from importlib.util import find_spec

from wattline.stop import Stop
from wattline.watch import plain
from wattline.watch.feed import Feed
from wattline.watch.look import Look
from wattline.watch.state import State


def show(words: Sequence[str], state: State, stop: Stop, seconds: float, look: Look) -> None:
    """Run ``wattline run`` with ``words`` and show what it says, until ``stop`` or for ``seconds``.

    Raises:
        WattlineError: the reader ended on its own.
    """
    is_live = _can_draw()
    with Feed(words, stop, state.complain if is_live else plain.say, look.viewer) as feed:
        until_s = time.monotonic() + seconds
        if is_live:
            # Drawn with rich, which only the extra `tui` brings.
            from wattline.watch import view  # noqa: PLC0415 (rich is an extra)

            view.show(feed.moments(until_s), state, look)
        else:
            plain.show_rows(feed.lines(until_s), state)


def parse_seconds(text: str) -> int:
    """The seconds of ``--seconds``.

    Raises:
        ArgumentTypeError: it is no whole number, or less than 1.
    """
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} must be a whole number of seconds, at least 1")
    return int(text)


def _can_draw() -> bool:
    """Whether there is a terminal that can show the picture, and rich to draw it with."""
    is_terminal = sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"
    return is_terminal and sys.stdout.encoding.lower().startswith("utf") and find_spec("rich") is not None
