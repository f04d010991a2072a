"""The simulator's own meters, line and faults on a virtual clock: ten minutes of a bus in some seconds.

The simulator's bus is told the time, so it is the very one of ``wattline simulate``; what is read is compared with its
truth.
"""

import io
from collections.abc import Callable, Iterator, Sequence
from types import SimpleNamespace

import minimalmodbus
import pytest

from wattline.bus.bus import Bus
from wattline.bus.port import Port
from wattline.clock import Slot
from wattline.errors import PortError
from wattline.reading import Point
from wattline.simulate import Scenario
from wattline.simulate.bus import Bus as SimulatedBus
from wattline.simulate.bus import Clock
from wattline.simulate.image import SimulatedMeter
from wattline.simulate.truth import Truth
from wattline.words import Meter, parse_meters

DAY_S = 20_000 * 86_400.0
EVENING_S = 18 * 3600.0
NS = 1_000_000_000


class SimulatedLine:
    """A serial port, and the stop that its reader waits for, on a virtual clock."""

    is_set = False

    def __init__(self, meters: Sequence[Meter], scenario: Scenario) -> None:
        self.now = 0.0
        self.truth = Truth()
        self.baud = 0
        self._gone_until_s = 0.0
        self._waiting = b""
        local_s = DAY_S + EVENING_S
        simulated = [
            SimulatedMeter(meter, scenario.load, scenario.seed, share, local_s, gaps=scenario.gaps)
            for share, meter in enumerate(meters)
        ]
        clock = Clock(0.0, local_s, lambda at_s: round(at_s * NS))
        self._bus = SimulatedBus(simulated, scenario, clock, self.truth, self._unplug)

    # A clock and a stop.

    def monotonic(self) -> float:
        return self.now

    def wait(self, seconds: float) -> bool:
        self.until(self.now + max(0.0, seconds))
        return False

    def until(self, moment_s: float) -> None:
        """Let all happen that happens until then."""
        while self.step(moment_s):
            pass

    def step(self, limit_s: float) -> bool:
        """Go on to the next thing that happens; False, and at ``limit_s``, when nothing does until then."""
        next_s = self._bus.next_s()
        if next_s is None or next_s > limit_s:
            self.now = max(self.now, limit_s)
            return False
        self.now = max(self.now, next_s)
        self._waiting += b"".join(delivery.data for delivery in self._bus.due(self.now))
        return True

    # A serial port.

    @property
    def is_gone(self) -> bool:
        return self.now < self._gone_until_s

    @property
    def has_bytes(self) -> bool:
        return bool(self._waiting) or self.is_gone

    def _unplug(self, seconds: float) -> None:
        self._gone_until_s = self.now + seconds
        self._waiting = b""
        self._bus.drop()

    def fileno(self) -> int:
        raise io.UnsupportedOperation

    def close(self) -> None:
        return

    def apply_settings(self, settings: dict[str, object]) -> None:
        self.baud = int(str(settings["baudrate"]))

    def opener(self, name: str, settings: object) -> "SimulatedLine":
        if self.is_gone:
            raise PortError(f"There is no {name}.")
        self.baud = getattr(settings, "baud", 0)
        return self

    def write(self, data: bytes) -> int:
        self._check()
        self._bus.receive(self.now, 0, data, self.baud)
        return len(data)

    def read(self, size: int) -> bytes:
        self._check()
        data, self._waiting = self._waiting[:size], self._waiting[size:]
        return data

    def _check(self) -> None:
        if self.is_gone:
            raise OSError(5, "Input/output error")


class SimulatedPort(Port):
    """A port on such a line: waiting for a byte is a jump of the clock."""

    def _wait_readable(self, seconds: float) -> bool:
        line = self._stop
        deadline_s = line.now + max(0.0, seconds)
        while not line.has_bytes and line.step(deadline_s):
            pass
        return line.has_bytes


Play = Callable[..., Iterator[tuple[int, list[Point]]]]


@pytest.fixture
def play_simulated(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[SimulatedLine, list[list[Point]]]]:
    """Plays ``slots`` seconds of the meters that ``words`` name; gives the line, and each slot's points if it ``keeps`` them."""

    def run(
        words: Sequence[str],
        scenario: Scenario,
        slots: int,
        each: Callable[[int], None] = lambda _slot: None,
        *,
        keeps: bool = True,
    ) -> tuple[SimulatedLine, list[list[Point]]]:
        meters = parse_meters(words)
        line = SimulatedLine(meters, scenario)
        monkeypatch.setattr(minimalmodbus, "time", SimpleNamespace(monotonic=line.monotonic, sleep=line.wait))
        monkeypatch.setattr(minimalmodbus, "_latest_read_times", {})
        bus = Bus(SimulatedPort("virtual", line, line.opener, line.monotonic), meters, 1, line.monotonic)
        points: list[list[Point]] = []
        for number in range(1, slots + 1):
            points.append([])
            each(number)
            if line.now > number + 0.5:
                continue
            line.until(float(number))
            slot = Slot(number * NS, float(number), number + 0.95)
            points[-1] += bus.poll(slot)
            bus.idle(slot)
            if number % 10 == 0:
                points[-1] += bus.report(slot)
            if not keeps:
                points.clear()
                line.truth.entries.clear()
        return line, points

    return run
