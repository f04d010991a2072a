"""A Rainforest stick on a port that is taken for a line of meters. It understands no question, but its XML tells.

By its USB numbers it is known before the port is opened; where there are none (a network bridge, a pseudo-terminal), what
it says by itself is all there is to go by.
"""

import re
from typing import Any, cast

import serial

from wattline.bus.device import Opener
from wattline.bus.settings import LineSettings
from wattline.errors import WordError
from wattline.rainforest.models import STICKS

# Two tags with nothing but text between them: no reply of a meter has them, nor has noise.
_SPEECH = re.compile(rb"</?[A-Z][A-Za-z0-9]{1,31}>[\t\r\n -;=?-~]{0,80}</?[A-Z][A-Za-z0-9]{1,31}>")
_KEPT_BYTES = 200


def refusing_sticks(opener: Opener) -> Opener:
    """As ``opener``, but what is read from the port raises WordError as soon as a stick speaks there."""

    def opened(name: str, settings: LineSettings) -> serial.Serial:
        return cast("serial.Serial", _Overheard(name, opener(name, settings)))

    return opened


class _Overheard:
    """An open port that is listened to; it has all that the port itself has."""

    def __init__(self, name: str, port: serial.Serial) -> None:
        self._name = name
        self._port = port
        self._heard = b""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._port, name)

    def read(self, size: int = 1) -> bytes:
        """What the port has to give; raises WordError when that is a stick's."""
        data = self._port.read(size)
        self._heard += data
        if _SPEECH.search(self._heard):
            raise WordError(
                f"What hangs on {self._name} speaks as a Rainforest stick does, and cannot be asked as a meter on RS485 is; "
                f"try `wattline run {self._name} grid={next(iter(STICKS))}`."
            )
        self._heard = self._heard[-_KEPT_BYTES:]
        return data
