"""Meters on a line: from the bytes of a client to the bytes of a reply, each at its time. The time is passed in."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from wattline.simulate.dice import Dice
from wattline.simulate.electricity import Load
from wattline.simulate.faults import Fault, Script, spoil
from wattline.simulate.frames import Request, RequestBuffer, refusal, reply
from wattline.simulate.gaps import Gaps
from wattline.simulate.image import Answer, SimulatedMeter
from wattline.simulate.line import Delivery, Gateway, LineKind, Transmission, Utterance, Wire
from wattline.simulate.schedule import Schedule
from wattline.simulate.truth import Served, Truth

# Within a request the operating system may pause for longer than 3.5 characters.
_SILENCE_S = 0.01


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is simulated.

    Attributes:
        load: what the meters measure.
        seed: which house, and which chances.
        line: what happens where two speak at once.
        turnaround_ms: from a request's last character to the reply's first, in milliseconds.
        jitter_ms: how far a turnaround may be from that, either way.
        script: the faults.
        gaps: what the meters do with a read that touches registers that they do not have.
    """

    load: Load = "house"
    seed: int = 1
    line: LineKind = "gateway"
    turnaround_ms: float = 20.0
    jitter_ms: float = 2.0
    script: Script = field(default_factory=Script)
    gaps: Gaps = "refuse"


@dataclass(frozen=True, slots=True)
class Clock:
    """Tells the house's time from the monotonic clock, so that it never steps.

    Attributes:
        start_s: the start of the simulation on the monotonic clock.
        local_s: the house's local time then, in seconds since 1970.
        wall_ns: the wall clock now, in nanoseconds, from the monotonic clock's seconds.
    """

    start_s: float
    local_s: float
    wall_ns: Callable[[float], int]

    def house_s(self, monotonic_s: float) -> float:
        """The house's local time."""
        return self.local_s + monotonic_s - self.start_s


class Bus:
    """All meters of one port.

    Args:
        meters: they, the first measures the whole house.
        scenario: what is simulated.
        clock: the house's time.
        truth: takes an entry for each reply.
        unplug: called with seconds when a fault says that the port vanishes.

    Attributes:
        schedule: what happens by the clock, whatever is said on the line.
    """

    def __init__(
        self,
        meters: Sequence[SimulatedMeter],
        scenario: Scenario,
        clock: Clock,
        truth: Truth,
        unplug: Callable[[float], None],
    ) -> None:
        self.meters = meters
        self.schedule = Schedule()
        self._hearing = Schedule()
        self._scenario = scenario
        self._clock = clock
        self._truth = truth
        self._unplug = unplug
        self._line = Gateway() if scenario.line == "gateway" else Wire()
        self._buffers: dict[int, RequestBuffer] = {}
        self._busy: set[str] = set()
        self._stuck = False
        self._injected: list[Fault] = []
        self._throws = Dice(scenario.seed, "faults")
        self._sizes = Dice(scenario.seed, "sizes")
        self._jitter = Dice(scenario.seed, "jitter")

    def receive(self, now: float, channel: int, data: bytes, baud: int | None) -> None:
        """Bytes came from a client, at ``baud`` where the port can tell."""
        buffer = self._buffers.setdefault(channel, RequestBuffer())
        requests = buffer.push(now, data)
        for request in requests:
            self._accept(now, channel, request, self._meter(request.address, baud))
        if len(buffer):
            if not requests:
                self._line.speak(now, len(data), self.meters[0].meter.settings.character_s)
            self._hearing.at(now + _SILENCE_S, partial(self._silence, now, channel, baud))

    def forget(self, channel: int) -> None:
        """A client has gone."""
        self._buffers.pop(channel, None)

    def due(self, now: float) -> list[Delivery]:
        """Bytes that are to be written by now."""
        self._hearing.run(now)
        self.schedule.run(now)
        deliveries = self._line.due(now)
        for delivery in deliveries:
            if delivery.done and delivery.done.served:
                self._busy.discard(delivery.done.served.meter)
        return deliveries

    def next_s(self) -> float | None:
        """When ``due`` has something to do."""
        times = (self._hearing.next_s(), self.schedule.next_s(), self._line.next_s())
        return min((time for time in times if time is not None), default=None)

    def drop(self) -> None:
        """Forget all that is under way: the port has vanished."""
        for transmission in self._line.drop():
            if transmission.served:
                transmission.served.faults.append("unplug")
                self._truth.settled(transmission.served)
        self._hearing.clear()
        self._buffers.clear()
        self._busy.clear()

    def inject(self, fault: Fault, times: int) -> None:
        """Let a fault befall the next requests, before the script is asked."""
        self._injected += [fault] * times

    def freeze(self, now: float) -> None:
        """Let all values stand still."""
        self._stuck = True
        for meter in self.meters:
            meter.freeze(self._clock.house_s(now))

    def thaw(self) -> None:
        """Let them move again."""
        self._stuck = False
        for meter in self.meters:
            meter.thaw()

    def _meter(self, address: int, baud: int | None) -> SimulatedMeter | None:
        for meter in self.meters:
            if meter.meter.address == address and baud in {None, meter.meter.settings.baud}:
                return meter
        return None

    def _accept(self, now: float, channel: int, request: Request, meter: SimulatedMeter | None) -> None:
        character_s = (meter or self.meters[0]).meter.settings.character_s
        utterance = self._line.speak(now, len(request.frame), character_s)
        if meter:
            self._hearing.at(utterance.end_s, partial(self._hear, channel, request, meter, utterance))

    def _silence(self, since: float, channel: int, baud: int | None) -> None:
        buffer = self._buffers.get(channel)
        if buffer is None or buffer.last_s != since:
            return
        for request in buffer.silence():
            meter = self._meter(request.address, baud)
            if meter:
                self._hear(channel, request, meter, Utterance(since, since + _SILENCE_S))

    def _hear(self, channel: int, request: Request, meter: SimulatedMeter, utterance: Utterance) -> None:
        """The last character of a request has come."""
        busy = self._scenario.line == "wire" and meter.meter.name in self._busy
        if utterance.destroyed or busy:
            return
        heard_s = utterance.end_s
        faults = self._faults(heard_s)
        answer = meter.answer(request, self._clock.house_s(heard_s))
        for fault in faults:
            if fault.kind == "refuse":
                answer = Answer(refusal=int(fault.low))
        if answer.is_silent:
            faults = [*faults, Fault("silence")]
        served = self._served(heard_s, meter, request, answer)
        self._truth.formed(served)
        self._respond(channel, request, meter, served, faults)

    def _faults(self, heard_s: float) -> list[Fault]:
        throw = self._throws.fraction()
        if self._injected:
            faults = [self._injected.pop(0)]
        else:
            faults = self._scenario.script.of_request(heard_s - self._clock.start_s, throw)
        # Those of a window have no length of their own: the clock begins and ends them.
        for fault in faults:
            if fault.kind == "stuck" and fault.low:
                self.freeze(heard_s)
                self.schedule.at(heard_s + fault.low, self.thaw)
            if fault.kind == "unplug" and fault.low:
                self.schedule.at(heard_s, partial(self._unplug, fault.low))
        return faults

    def _served(self, heard_s: float, meter: SimulatedMeter, request: Request, answer: Answer) -> Served:
        return Served(
            heard_wall_ns=self._clock.wall_ns(heard_s),
            heard_monotonic_ns=round(heard_s * 1e9),
            meter=meter.meter.name,
            address=request.address,
            function=request.function,
            first=request.first,
            count=request.count,
            registers=answer.registers,
            values=answer.values or {},
            refusal=answer.refusal,
            faults=["stuck"] if self._stuck else [],
        )

    def _respond(
        self, channel: int, request: Request, meter: SimulatedMeter, served: Served, faults: Sequence[Fault]
    ) -> None:
        heard_s, character_s = served.heard_monotonic_ns / 1e9, meter.meter.settings.character_s
        jitter_ms = self._scenario.jitter_ms * self._jitter.between(-1, 1)
        delay_ms = max(0.0, self._scenario.turnaround_ms + jitter_ms)
        frame = _frame(served)
        for fault in faults:
            late_ms = self._sizes.between(fault.low, fault.high) if fault.kind == "late" else 0.0
            delay_ms += late_ms
            frame = spoil(frame, fault, self._sizes)
            if fault.kind == "echo":
                self._line.send(Transmission(channel, bytearray(request.frame), heard_s, 0.0))
            if fault.kind not in {"stuck", "unplug"}:
                served.faults.append(_label(fault, late_ms))
        if any(fault.kind == "silence" for fault in faults):
            self._truth.settled(served)
            return
        self._busy.add(meter.meter.name)
        self._line.send(Transmission(channel, bytearray(frame), heard_s + delay_ms / 1000, character_s, served))


def _frame(served: Served) -> bytes:
    if served.refusal:
        return refusal(served.address, served.function, served.refusal)
    return reply(served.address, served.function, served.registers)


def _label(fault: Fault, late_ms: float) -> str:
    if fault.kind == "late":
        return f"late:{late_ms:.0f}"
    return f"{fault.kind}:{fault.low:.0f}" if fault.kind == "refuse" else fault.kind
