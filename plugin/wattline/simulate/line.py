"""When each character is on the line, and what happens where two are there at once. Pure: the time is passed in.

Two kinds of line:

- ``gateway``: as behind a TCP gateway with a queue. Requests are heard one after another, replies are formed in
  parallel, and whole frames go out one after another, in the order in which they are ready, 3.5 characters apart.
- ``wire``: two wires, half duplex. What overlaps is destroyed: a request during a reply or during another request is
  not heard, and of the reply arrive bytes that nobody sent.

A character counts as come when its last bit has.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Literal, get_args

from wattline.simulate.truth import Served

LineKind = Literal["gateway", "wire"]
LINES: tuple[LineKind, ...] = get_args(LineKind)

# Below a millisecond the kernel's timers cost more than they tell; above 9600 baud characters go out in pairs or more.
_CHUNK_S = 0.001


@dataclass(slots=True, eq=False)
class Utterance:
    """Characters of a client on the line from ``start_s`` to ``end_s``."""

    start_s: float
    end_s: float
    destroyed: bool = False


@dataclass(slots=True, eq=False)
class Transmission:
    """A frame on its way to a client.

    Attributes:
        channel: the client.
        data: its bytes.
        ready_s: when it may begin.
        character_s: seconds of one character; 0 for an echo, which comes while the request does.
        served: its entry in the truth; None for an echo.
        start_s: when it begins, once that is known.
        sent: bytes that have gone.
    """

    channel: int
    data: bytearray
    ready_s: float
    character_s: float
    served: Served | None = None
    start_s: float = 0.0
    sent: int = 0

    @property
    def end_s(self) -> float:
        """When its last character has come."""
        return self.start_s + len(self.data) * self.character_s

    @property
    def next_s(self) -> float:
        """When bytes are to be written next."""
        return min(self.start_s + self.sent * self.character_s + max(self.character_s, _CHUNK_S), self.end_s)

    def take(self, now: float) -> bytes:
        """The bytes that have come since they were last taken."""
        before = self.sent
        # A thousandth of a character forgives a float that fell just short of its own deadline.
        while self.sent < len(self.data) and self.start_s + (self.sent + 0.999) * self.character_s <= now:
            self.sent += 1
        return bytes(self.data[before : self.sent])

    def destroy(self, from_s: float) -> None:
        """Turn over bits of every byte that has not come by ``from_s``."""
        come = int((from_s - self.start_s) / self.character_s) if self.character_s else self.sent
        for i in range(max(self.sent, come), len(self.data)):
            self.data[i] ^= 0x55 + i % 7
        if self.served and "collision" not in self.served.faults:
            self.served.faults.append("collision")


@dataclass(frozen=True, slots=True)
class Delivery:
    """Bytes to be written to a client now; ``done`` is set with the last ones of a frame."""

    channel: int
    data: bytes
    done: Transmission | None


@dataclass(slots=True)
class Line:
    """What both kinds have in common."""

    _waiting: list[tuple[float, int, Transmission]] = field(default_factory=list)
    _active: list[Transmission] = field(default_factory=list)
    _number: Iterator[int] = field(default_factory=count)

    def speak(self, now: float, characters: int, character_s: float) -> Utterance:
        """A client begins to send."""
        raise NotImplementedError

    def send(self, transmission: Transmission) -> None:
        """Take a frame that goes out from its ``ready_s`` on."""
        heapq.heappush(self._waiting, (transmission.ready_s, next(self._number), transmission))

    def due(self, now: float) -> list[Delivery]:
        """What is to be written by now."""
        self._begin(now)
        taken = [(t, t.take(now)) for t in self._active]
        finished = [t for t, _ in taken if t.sent == len(t.data)]
        self._active = [t for t in self._active if t not in finished]
        return [Delivery(t.channel, data, t if t in finished else None) for t, data in taken if data]

    def next_s(self) -> float | None:
        """When ``due`` has something to give."""
        times = [t.next_s for t in self._active]
        if self._waiting:
            times.append(self._waiting[0][0])
        return min(times, default=None)

    def drop(self) -> list[Transmission]:
        """Forget all that is under way, and return it."""
        dropped = [*self._active, *(transmission for _, _, transmission in self._waiting)]
        self._active.clear()
        self._waiting.clear()
        return dropped

    def _begin(self, now: float) -> None:
        while self._waiting and self._waiting[0][0] <= now:
            _, _, transmission = heapq.heappop(self._waiting)
            self._start(transmission)
            self._active.append(transmission)

    def _start(self, transmission: Transmission) -> None:
        """Say when a frame that is ready begins, and what it meets."""
        raise NotImplementedError


@dataclass(slots=True)
class Gateway(Line):
    """Whole frames one after another, in both directions at once."""

    _requests_end_s: float = 0.0
    _replies_end_s: float = 0.0

    def speak(self, now: float, characters: int, character_s: float) -> Utterance:
        """A client begins to send; its characters wait for those before them."""
        start_s = max(now, self._requests_end_s)
        self._requests_end_s = start_s + characters * character_s
        return Utterance(start_s, self._requests_end_s)

    def _start(self, transmission: Transmission) -> None:
        transmission.start_s = max(transmission.ready_s, self._replies_end_s)
        self._replies_end_s = transmission.end_s + 3.5 * transmission.character_s


@dataclass(slots=True)
class Wire(Line):
    """Half duplex: what overlaps is destroyed."""

    _utterances: list[Utterance] = field(default_factory=list)

    def speak(self, now: float, characters: int, character_s: float) -> Utterance:
        """A client begins to send; what is on the line at the same time is destroyed with it."""
        self._begin(now)
        utterance = Utterance(now, now + characters * character_s)
        self._utterances = [other for other in self._utterances if other.end_s > now]
        replies = [t for t in self._active if t.character_s]
        for reply in replies:
            reply.destroy(now)
        for other in self._utterances:
            other.destroyed = True
        utterance.destroyed = bool(replies or self._utterances)
        self._utterances.append(utterance)
        return utterance

    def _start(self, transmission: Transmission) -> None:
        transmission.start_s = transmission.ready_s
        if transmission.character_s:
            self._collide(transmission)

    def _collide(self, beginning: Transmission) -> None:
        start_s = beginning.start_s
        utterances = [u for u in self._utterances if u.start_s < start_s < u.end_s]
        replies = [t for t in self._active if t.character_s and t.end_s > start_s]
        for utterance in utterances:
            utterance.destroyed = True
        for reply in replies:
            reply.destroy(start_s)
        if utterances or replies:
            beginning.destroy(start_s)
