"""The simulator: simulated meters that speak on a port."""

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from wattline.errors import WordError
from wattline.simulate.bus import Bus, Clock, Scenario
from wattline.simulate.faults import parse_fault
from wattline.simulate.image import SimulatedMeter
from wattline.simulate.line import Delivery
from wattline.simulate.player import Player
from wattline.simulate.truth import Served, Truth
from wattline.words import Meter

# Energies are counted at least this often, so that no request has to wait for a long sum.
_COUNT_EVERY_S = 10.0


class Simulator(Player):
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
        super().__init__("simulator", link, tcp)
        _refuse_twins(meters, by_baud=tcp is None)
        self._meters = meters
        self._scenario = scenario or Scenario()
        self._local_s = local_s
        self._truth_path = truth
        self._next_count_s = 0.0

    @property
    def truth(self) -> list[Served]:
        """Every reply formed until now, the oldest first (the last 50 000)."""
        return list(self._truth.entries)

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

    def _begin(self) -> None:
        self._truth = Truth(self._truth_path)
        self._bus = self._make_bus()

    def _end(self) -> None:
        self._truth.close()

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
        self._play_windows(scenario.script, bus.schedule, now)
        return bus

    def _turn(self, now_s: float) -> float:
        if now_s >= self._next_count_s:
            self._count()
            self._next_count_s = now_s + _COUNT_EVERY_S
        for delivery in self._bus.due(now_s):
            self._deliver(delivery)
        return min(self._next_count_s, self._bus.next_s() or self._next_count_s)

    def _receive(self, channel: int, data: bytes) -> None:
        if data:
            self._bus.receive(time.monotonic(), channel, data, self._endpoint.baud())
        else:
            self._bus.forget(channel)

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

    def _drop(self) -> None:
        self._bus.drop()

    def _unplug_for(self, seconds: float) -> None:
        self._unplug()
        self._bus.schedule.at(time.monotonic() + seconds, self._plug_in)

    def _freeze(self) -> None:
        self._bus.freeze(time.monotonic())

    def _thaw(self) -> None:
        self._bus.thaw()


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
