"""A conversation with a stick by hand: commands in, what it says out, its keys masked."""

import select
import sys
import time
from typing import TextIO

from wattline.errors import PortError, WordError
from wattline.paragraphs import filled
from wattline.rainforest.ask import ANSWERS, Command
from wattline.rainforest.port import Stream
from wattline.rainforest.redact import Redactor
from wattline.stop import Stop

LOOK_S = 0.05
# Behind the last command of a script, so long its answer is waited for.
LINGER_S = 3.0
HELP, ENDS = "help", ("quit", "exit")


def parse_command(line: str) -> Command:
    """The command of a line, ``get_meter_info MeterMacId=0x00135003000a1b2c``.

    Raises:
        WordError: it is none that only asks.
    """
    name, *arguments = line.split()
    pairs = [argument.partition("=") for argument in arguments]
    return Command(name, tuple((key, value) for key, _, value in pairs))


def converse(port: Stream, stop: Stop, lines: TextIO = sys.stdin) -> None:
    """Send the commands that ``lines`` hold, and print what the stick says, until they end or the process is to end.

    Raises:
        PortError: the port was lost.
    """
    redactor = Redactor()
    shown, end_s = "\n", None
    while not stop.is_set and (end_s is None or time.monotonic() < end_s):
        readers = [stop.fileno(), *([lines.fileno()] if end_s is None else [])]
        ready, _, _ = select.select(readers, [], [], LOOK_S)
        try:
            if end_s is None and lines.fileno() in ready and not _turn(lines.readline(), port):
                end_s = time.monotonic() + (0.0 if lines.isatty() else LINGER_S)
            said = redactor.feed(port.read(max(1, port.in_waiting)))
        except OSError as error:
            raise PortError(f"The stick was lost ({error}).") from error
        shown = _show(said) or shown
    # What the redactor still holds is a torn tag, of which only a mask could be shown.
    if not shown.endswith("\n"):
        print(flush=True)


def _turn(line: str, port: Stream) -> bool:
    """Do what a line says; False at the end."""
    word = line.strip()
    if not line or word in ENDS:
        return False
    if word == HELP:
        print(filled(f"The commands are {', '.join(ANSWERS)}; each may be followed by KEY=VALUE. {ENDS[0]} ends."))
    elif word:
        try:
            port.write(parse_command(word).encoded)
        except WordError as error:
            print(error, file=sys.stderr, flush=True)
    return True


def _show(said: bytes) -> str:
    """Print what came, without what a terminal would obey, and return what was printed."""
    text = said.decode("cp1252", errors="replace").replace("\r", "")
    shown = "".join(sign for sign in text if sign.isprintable() or sign in "\n\t")
    print(shown, end="", flush=True)
    return shown
