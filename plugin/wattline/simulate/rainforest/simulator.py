"""The simulated stick, which speaks on a port, and answers."""

import re
import time
from collections import deque
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from wattline.rainforest.models import StickMeter
from wattline.rainforest.numbers import mac
from wattline.simulate.dice import Dice
from wattline.simulate.electricity import Load
from wattline.simulate.faults import Fault, Script, parse_fault
from wattline.simulate.player import Player
from wattline.simulate.rainforest.faults import KINDS, spoilt
from wattline.simulate.rainforest.fragments import METER_MAC, SCHEDULE_S, Moment, answers, of_kind
from wattline.simulate.rainforest.meter import HouseMeter, Raw
from wattline.simulate.rainforest.outbox import Outbox
from wattline.simulate.rainforest.truth import Told, Truth
from wattline.simulate.schedule import Schedule

_COMMAND = re.compile(rb"<Command>(.*?)</Command>", re.DOTALL | re.IGNORECASE)
_CHILD = re.compile(rb"<([A-Za-z]+)>([^<]*)</\1>")
_LONGEST_COMMAND_BYTES = 4096
_ANSWER_S = 0.05


@dataclass(frozen=True, slots=True)
class StickScenario:
    """How the simulated stick is.

    Attributes:
        load: what the house takes.
        seed: which house and which chances.
        script: what goes wrong and when.
        speed: how many times as fast the house lives, and the stick speaks.
    """

    load: Load = "house"
    seed: int = 1
    script: Script = field(default_factory=Script)
    speed: float = 1.0


class StickSimulator(Player):
    """A simulated stick on a port, as a context manager that runs in a thread of its own.

    Args:
        meter: the stick, and the meter behind it.
        scenario: load, seed, faults and speed.
        link: a link that leads to the pseudo-terminal, and returns with it.
        tcp: host and port (0 for a free one), in place of a pseudo-terminal.
        truth: a file that gets one JSON object for each fragment.
        local_s: the house's local time at the start, in seconds since 1970; now unless given.

    Raises:
        PortError: on entering, the port cannot be had; on ``wait``, it could not be had again.

    Attributes:
        asked: the commands that came.
    """

    def __init__(
        self,
        meter: StickMeter,
        scenario: StickScenario | None = None,
        *,
        link: Path | None = None,
        tcp: tuple[str, int] | None = None,
        truth: Path | None = None,
        local_s: float | None = None,
    ) -> None:
        super().__init__("stick", link, tcp)
        self.asked: list[str] = []
        self._scenario = scenario or StickScenario()
        self._is_emu2 = meter.model.name.endswith("emu2")
        self._meter_mac = meter.mac or METER_MAC
        self._truth_path, self._local_s = truth, local_s
        self._schedule, self._outbox = Schedule(), Outbox()
        self._dice = Dice(self._scenario.seed, "stick")
        self._injected: deque[Fault] = deque()
        self._heard: dict[int, bytes] = {}
        self._frozen: Raw | None = None
        self._kept: dict[bytes, bytes] = {}

    def _begin(self) -> None:
        self._truth = Truth(self._truth_path)
        self._began_s, self._offset_s = time.monotonic(), time.localtime().tm_gmtoff
        self._house_began_s = time.time() + self._offset_s if self._local_s is None else self._local_s
        self._meter = HouseMeter(self._scenario.load, self._scenario.seed, int(self._house_began_s))
        self._plan()

    def _end(self) -> None:
        self._truth.close()

    @property
    def truth(self) -> list[Told]:
        """What was told until now, the oldest first."""
        return list(self._truth.entries)

    def inject(self, fault: str, times: int = 1) -> None:
        """Let a fault befall the next fragments.

        Raises:
            WordError: there is no such fault.
        """
        parsed = parse_fault(fault, KINDS)
        self._do(lambda: self._injected.extend(times * [parsed]))

    def say(self, data: bytes) -> None:
        """Let these very bytes be written next."""
        self._do(lambda: self._put(data))

    def tell(self, kind: str) -> None:
        """Let a fragment of this kind be written now."""
        self._do(lambda: self._tell(kind))

    def _plan(self) -> None:
        """What the stick says by itself from now on, and the faults that last."""
        for kind, period_s in SCHEDULE_S.items():
            self._schedule.at(self._began_s + min(period_s, 2) / self._scenario.speed, partial(self._repeat, kind))
        self._play_windows(self._scenario.script, self._schedule, self._began_s)

    def _turn(self, now_s: float) -> float:
        self._schedule.run(now_s)
        if data := self._outbox.due(now_s):
            for channel in self._endpoint.channels():
                self._endpoint.send(channel, data)
        times = [time_s for time_s in (self._schedule.next_s(), self._outbox.next_s(now_s)) if time_s is not None]
        return min(times, default=now_s + 1.0)

    def _receive(self, channel: int, data: bytes) -> None:
        heard, done = self._heard.get(channel, b"") + data, 0
        for match in _COMMAND.finditer(heard):
            children = {name.decode(): text.decode(errors="replace") for name, text in _CHILD.findall(match[1])}
            name = children.pop("Name", "")
            self.asked.append(name)
            self._schedule.at(time.monotonic() + _ANSWER_S, partial(self._answer, name, children))
            done = match.end()
        self._heard[channel] = heard[done:][-_LONGEST_COMMAND_BYTES:] if data else b""

    def _answer(self, name: str, arguments: dict[str, str]) -> None:
        asked_mac = mac(arguments.get("MeterMacId", ""))
        if asked_mac in {"", self._meter_mac}:
            moment = self._moment()
            for answer in answers(name, moment, arguments):
                self._spoil_and_put(f"answer:{name}", answer, moment, is_refreshed=arguments.get("Refresh") == "Y")

    def _repeat(self, kind: str) -> None:
        self._tell(kind)
        self._schedule.at(time.monotonic() + SCHEDULE_S[kind] / self._scenario.speed, partial(self._repeat, kind))

    def _tell(self, kind: str) -> None:
        moment = self._moment()
        self._spoil_and_put(kind, of_kind(kind, moment), moment)

    def _spoil_and_put(self, kind: str, whole: bytes, moment: Moment, *, is_refreshed: bool = False) -> None:
        faults = self._scenario.script.of_request(time.monotonic() - self._began_s, self._dice.fraction())
        faults += [self._injected.popleft()] if self._injected else []
        root, heard = whole[: whole.index(b">")], whole
        if not is_refreshed and any(fault.kind == "kept" for fault in faults):
            heard = self._kept.get(root, whole)
        self._kept[root] = heard
        for fault in faults:
            if fault.kind == "unplug":
                self._unplug()
                self._schedule.at(time.monotonic() + fault.high, self._plug_in)
            elif fault.kind not in {"stuck", "kept"}:
                heard = spoilt(heard, of_kind("TimeCluster", moment), fault, self._dice) if heard else heard
        self._truth.tell(Told(kind, moment.utc_s, moment.raw, tuple(fault.kind for fault in faults)))
        self._put(heard)

    def _put(self, data: bytes) -> None:
        if self._endpoint.channels():
            self._outbox.put(data, time.monotonic())

    def _moment(self) -> Moment:
        since_s = time.monotonic() - self._began_s
        raw = self._frozen or self._meter.at(int(self._house_began_s + since_s * self._scenario.speed))
        return Moment(self._is_emu2, int(time.time()), self._offset_s, raw, self._meter_mac)

    def _freeze(self) -> None:
        self._frozen = self._moment().raw

    def _thaw(self) -> None:
        self._frozen = None

    def _drop(self) -> None:
        self._outbox.clear()
        self._heard.clear()
