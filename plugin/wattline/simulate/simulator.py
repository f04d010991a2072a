"""The simulator: a thread that lets simulated meters speak on a port."""

import os
import select
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Self

from wattline.errors import PortError, WordError
from wattline.simulate.bus import Bus, Clock, Scenario
from wattline.simulate.endpoint import Endpoint, PseudoTerminal, TcpPort
from wattline.simulate.faults import parse_fault
from wattline.simulate.image import SimulatedMeter
from wattline.simulate.line import Delivery
from wattline.simulate.truth import Served, Truth
from wattline.words import Meter

# Energies are counted at least this often, so that no request has to wait for a long sum.
_COUNT_EVERY_S = 10.0


class Simulator:
    """Simulated meters on a port, as a context manager that runs in a thread of its own.

    ::

        with Simulator(parse_meters(["house=orno-we515@1"])) as simulator:
            subprocess.run(["wattline", "read", simulator.port, "house=orno-we515@1"])

    Args:
        meters: the meters; the first measures the whole house, each other one a share of it.
        scenario: load, seed, line, turnaround, faults and gaps.
        link: a link that leads to the pseudo-terminal, and returns with it.
        tcp: host and port (0 for a free one), in place of a pseudo-terminal.
        truth: a file that gets one JSON object for each reply.
        local_s: the house's local time at the start, in seconds since 1970; now unless given.

    Raises:
        WordError: two meters have one address and nothing on this port tells them apart.
        PortError: on entering, the port cannot be had; on ``wait``, it could not be had again.
    """

    def __init__(
        self,
        meters: Sequence[Meter],
        scenario: Scenario | None = None,
        *,
        link: Path | None = None,
        tcp: tuple[str, int] | None = None,
        truth: Path | None = None,
        local_s: float | None = None,
    ) -> None:
        _refuse_twins(meters, by_baud=tcp is None)
        self._meters = meters
        self._scenario = scenario or Scenario()
        self._local_s = local_s
        self._endpoint: Endpoint = TcpPort(*tcp) if tcp else PseudoTerminal(link)
        self._truth_path = truth
        self._calls: deque[Callable[[], None]] = deque()
        self._ending = False
        self._ended = Event()
        self._error: PortError | None = None

    def __enter__(self) -> Self:
        self._endpoint.open()
        try:
            self._truth = Truth(self._truth_path)
        except PortError:
            self._endpoint.close()
            raise
        self._bus = self._make_bus()
        self._woken, self._waker = os.pipe()
        os.set_blocking(self._waker, False)
        self._thread = Thread(target=self._run, name="simulator", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def port(self) -> str:
        """What to give to ``wattline run`` and ``wattline read``; a link or a socket stays the same over ``unplug``."""
        return self._endpoint.port

    @property
    def truth(self) -> list[Served]:
        """Every reply formed until now, the oldest first (the last 50 000)."""
        return list(self._truth.entries)

    def unplug(self) -> None:
        """Let the port vanish, and all that was under way with it."""
        self._do(self._unplug)

    def plug_in(self) -> None:
        """Let it come back: a new pseudo-terminal under the same link, or the same TCP port.

        Raises:
            PortError: it cannot be had again.
        """
        self._do(self._plug_in)

    def inject(self, fault: str, times: int = 1) -> None:
        """Let ``KIND`` or ``KIND:PARAMETER`` befall the next requests, in place of the script.

        Raises:
            WordError: there is no such fault.
        """
        self._do(partial(self._bus.inject, parse_fault(fault), times))

    def set_values(self, meter: str, **values: float) -> None:
        """Let a meter show these values, by field and in its unit, from now on; other fields follow the load.

        NaN lets it say that it has no such value.

        Raises:
            ValueError: the meter has no such field, or no way to say that it has no value.
            OverflowError: a value does not fit into its registers.
        """
        simulated = self._meter(meter)
        simulated.check_values(values)
        self._do(lambda: simulated.set_values(self._house_s(), values))

    def release_values(self, meter: str) -> None:
        """Let a meter follow the load again."""
        simulated = self._meter(meter)
        self._do(lambda: simulated.release_values(self._house_s()))

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait for the end, whoever brings it; returns whether it came.

        Raises:
            PortError: the port could not be had again.
        """
        ended = self._ended.wait(timeout_s)
        if self._error:
            raise self._error
        return ended

    def close(self) -> None:
        """End, and take the link away."""
        self._stop()
        self._thread.join()
        self._endpoint.close()
        self._truth.close()
        if self._woken >= 0:
            os.close(self._woken)
            os.close(self._waker)
            self._woken = self._waker = -1

    def request_end(self) -> None:
        """Let ``wait`` return; may be called from a signal handler."""
        self._ended.set()

    def _make_bus(self) -> Bus:
        now = time.monotonic()
        local_s = _local_now_s() if self._local_s is None else self._local_s
        self._clock = Clock(now, local_s, lambda at_s: time.time_ns() - round((time.monotonic() - at_s) * 1e9))
        scenario = self._scenario
        meters = [
            SimulatedMeter(meter, scenario.load, scenario.seed, share, local_s, gaps=scenario.gaps)
            for share, meter in enumerate(self._meters)
        ]
        bus = Bus(meters, scenario, self._clock, self._truth, self._unplug_for)
        for window in scenario.script.windows:
            begin, end = _WINDOWS.get(window.fault.kind, (None, None))
            if begin and end:
                bus.schedule.at(now + window.start_s, partial(begin, self))
                bus.schedule.at(now + window.end_s, partial(end, self))
        return bus

    def _run(self) -> None:
        try:
            next_count_s = 0.0
            while not self._ending:
                now = time.monotonic()
                if now >= next_count_s:
                    self._count()
                    next_count_s = now + _COUNT_EVERY_S
                for delivery in self._bus.due(now):
                    self._deliver(delivery)
                self._listen(min(next_count_s, self._bus.next_s() or next_count_s))
        except PortError as error:
            self._error = error
        finally:
            self._ended.set()

    def _listen(self, until_s: float) -> None:
        timeout_s = max(0.0, until_s - time.monotonic())
        readable, _, _ = select.select([self._woken, *self._endpoint.filenos()], [], [], timeout_s)
        for fileno in readable:
            if fileno == self._woken:
                os.read(fileno, 4096)
            else:
                channel, data = self._endpoint.receive(fileno)
                if data:
                    self._bus.receive(time.monotonic(), channel, data, self._endpoint.baud())
                else:
                    self._bus.forget(channel)
        while self._calls:
            self._calls.popleft()()

    def _deliver(self, delivery: Delivery) -> None:
        served = delivery.done.served if delivery.done else None
        if served:
            served.sent_monotonic_ns = time.monotonic_ns()
            # Before the bytes, so that who has the reply finds the truth.
            self._truth.settled(served)
        self._endpoint.send(delivery.channel, delivery.data)

    def _count(self) -> None:
        for meter in self._bus.meters:
            meter.advance(self._house_s())

    def _house_s(self) -> float:
        return self._clock.house_s(time.monotonic())

    def _meter(self, name: str) -> SimulatedMeter:
        return {simulated.meter.name: simulated for simulated in self._bus.meters}[name]

    def _unplug(self) -> None:
        self._bus.drop()
        self._endpoint.close()

    def _plug_in(self) -> None:
        if not self._endpoint.filenos():
            self._endpoint.open()

    def _unplug_for(self, seconds: float) -> None:
        self._unplug()
        self._bus.schedule.at(time.monotonic() + seconds, self._plug_in)

    def _freeze(self) -> None:
        self._bus.freeze(time.monotonic())

    def _thaw(self) -> None:
        self._bus.thaw()

    def _do(self, call: Callable[[], None]) -> None:
        """Make a call in the simulator's thread, and wait for it, so that what comes after sees its effect."""
        done = Event()
        errors: list[PortError] = []

        def run() -> None:
            try:
                call()
            except PortError as error:
                errors.append(error)
            finally:
                done.set()

        self._calls.append(run)
        self._wake()
        while not done.wait(0.1) and self._thread.is_alive():
            pass
        if errors:
            raise errors[0]

    def _wake(self) -> None:
        if self._waker >= 0:
            os.write(self._waker, b"!")

    def _stop(self) -> None:
        self._ending = True
        self._wake()


_WINDOWS: dict[str, tuple[Callable[[Simulator], None], Callable[[Simulator], None]]] = {
    "stuck": (Simulator._freeze, Simulator._thaw),  # noqa: SLF001 (its own table)
    "unplug": (Simulator._unplug, Simulator._plug_in),  # noqa: SLF001 (its own table)
}


def _local_now_s() -> float:
    return time.time() + time.localtime().tm_gmtoff


def _refuse_twins(meters: Sequence[Meter], *, by_baud: bool) -> None:
    seen: dict[tuple[int, int], Meter] = {}
    for meter in meters:
        other = seen.setdefault((meter.address, meter.settings.baud if by_baud else 0), meter)
        if other is not meter:
            raise WordError(
                f"{other.name!r} and {meter.name!r} both have address {meter.address}, and this port cannot tell "
                "them apart; give one of them another address."
            )
