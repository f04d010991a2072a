"""What the port notes of an exchange, on a line of which every moment is known: no real time passes.

| fault                                                   | test                                             |
|---------------------------------------------------------|--------------------------------------------------|
| a character's own time is taken for the meter's         | test_the_turnaround_ends_where_the_reply_begins  |
| a refusal is noted where there was none                 | test_only_a_refusal_is_one                       |
| after a loss the last meter is still thought to be spoken to | test_a_port_that_was_opened_has_spoken_to_nobody |
"""

import io

import pytest

from wattline.bus.frames import crc
from wattline.bus.port import LOOK_S, Port
from wattline.bus.settings import LineSettings

SETTINGS = LineSettings(1200, "N", 1)
TURNAROUND_S = 0.05


def sealed(body: bytes) -> bytes:
    return body + crc(body)


REQUEST = sealed(bytes((7, 3, 0, 0, 0, 1)))
REPLY, REFUSAL = sealed(bytes((7, 3, 2, 0, 1))), sealed(bytes((7, 0x83, 2)))


class Line:
    """A meter that answers, a serial port, a stop that nobody sets, and a clock that all go by."""

    is_set = False

    def __init__(self) -> None:
        self.now_s = 100.0
        self.reply = REPLY
        self._coming: list[tuple[float, int]] = []

    def monotonic(self) -> float:
        return self.now_s

    def wait(self, seconds: float) -> bool:
        self.now_s += max(0.0, seconds)
        return False

    def opener(self, _name: str, _settings: LineSettings) -> "Line":
        return self

    def fileno(self) -> int:
        raise io.UnsupportedOperation

    @property
    def in_waiting(self) -> int:
        return sum(at_s <= self.now_s for at_s, _ in self._coming)

    def write(self, data: bytes) -> int:
        begins_s = self.now_s + len(data) * SETTINGS.character_s + TURNAROUND_S
        self._coming = [(begins_s + (n + 1) * SETTINGS.character_s, byte) for n, byte in enumerate(self.reply)]
        return len(data)

    def read(self, _size: int) -> bytes:
        data = bytes(byte for at_s, byte in self._coming if at_s <= self.now_s)
        self._coming = self._coming[len(data) :]
        return data

    def close(self) -> None:
        return


@pytest.fixture
def line() -> Line:
    return Line()


@pytest.fixture
def port(line) -> Port:
    port = Port("line", line, line.opener, line.monotonic)
    port.use(SETTINGS)
    return port


def exchange(port: Port) -> bytes:
    port.write(REQUEST)
    return port.read(len(REPLY))


def test_the_turnaround_ends_where_the_reply_begins(port):
    """Not where its first character is whole, which at 1200 baud is 8 ms later."""
    assert exchange(port) == REPLY
    assert port.turnaround_s == pytest.approx(TURNAROUND_S, abs=LOOK_S)


def test_only_a_refusal_is_one(port, line):
    exchange(port)
    assert port.refusal is None
    line.reply = REFUSAL
    assert exchange(port) == REFUSAL
    assert port.refusal.code == 2
    line.reply = REPLY
    exchange(port)
    assert port.refusal is None


def test_a_port_that_was_opened_has_spoken_to_nobody(port):
    assert port.address == 0
    exchange(port)
    assert port.address == 7
    port.close()
    port.open()
    assert port.address == 0
