"""How characters travel on the wire: baud rate, parity and stop bits, and the times that follow from them."""

from dataclasses import dataclass
from typing import Literal

Parity = Literal["N", "E", "O"]

BAUD_RATES = (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200)
PARITIES: tuple[Parity, ...] = ("N", "E", "O")
STOP_BITS = (1, 2)
# A USB adapter hands on what it received up to 16 ms late; silence shorter than this proves nothing.
ADAPTER_LATENCY_S = 0.02
# Registers that fit into one reply (Modbus Application Protocol 1.1b3, section 6.3).
LONGEST_READ = 125
ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class LineSettings:
    """Settings of a serial line with eight data bits.

    Attributes:
        baud: bits per second.
        parity: "N" none, "E" even, "O" odd.
        stop: stop bits, 1 or 2.
    """

    baud: int = 9600
    parity: Parity = "N"
    stop: int = 1

    def __str__(self) -> str:
        return f"{self.baud} 8{self.parity}{self.stop}"

    @property
    def character_s(self) -> float:
        """Seconds of one character: start bit, eight data bits, parity and stop bits."""
        return (9 + (self.parity != "N") + self.stop) / self.baud

    @property
    def silence_s(self) -> float:
        """Seconds of silence between two frames.

        3.5 characters, and 1.75 ms above 19200 baud (Modbus over Serial Line 1.02, section 2.5.1.1).
        """
        return 0.00175 if self.baud > 19200 else 3.5 * self.character_s

    @property
    def pause_within_s(self) -> float:
        """The longest pause that there may be within a frame, by the time it is handed on to us."""
        return max(self.silence_s, ADAPTER_LATENCY_S)

    def read_s(self, count: int, turnaround_s: float = 0.0) -> float:
        """Seconds on the wire of one read of ``count`` registers.

        A request of 8 characters, the meter's turnaround, a reply of 5 characters and two per register, and the
        silence behind it.
        """
        return (8 + 5 + 2 * count) * self.character_s + turnaround_s + self.silence_s

    def registers_within(self, seconds: float, turnaround_s: float = 0.0) -> int:
        """How many registers a read may have to take no more than so many seconds on the wire; 0 if it cannot be."""
        # What a read takes, has room in just as many seconds.
        share = (seconds - self.read_s(0, turnaround_s)) / (2 * self.character_s) + ROUNDING
        return max(0, int(min(share, LONGEST_READ)))


NETWORK = LineSettings(100_000_000)
"""What stands for a line where whole replies come over a network: characters take no time there that could be noticed."""
