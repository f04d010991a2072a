"""What a stick may be asked, and when: the only place that makes the bytes of a command.

A stick speaks by itself. It is asked once, after the start, for what it says rarely, and each hour for what it hardly
ever says; one command at a time, and never two within a second. Answers are known by their kind, whatever else comes
between. One that does not come is no fault: the stick writes its reports over its answers now and then.
"""

import re
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from wattline.errors import WordError
from wattline.options import nearest

ANSWERS: Mapping[str, str] = {
    "initialize": "",
    "get_connection_status": "connectionstatus",
    "get_device_info": "deviceinfo",
    "get_schedule": "scheduleinfo",
    "get_meter_list": "meterlist",
    "get_meter_info": "meterinfo",
    "get_network_info": "networkinfo",
    "get_time": "timecluster",
    "get_message": "messagecluster",
    "get_current_price": "pricecluster",
    "get_price_blocks": "blockpricedetail",
    "get_instantaneous_demand": "instantaneousdemand",
    "get_current_summation_delivered": "currentsummationdelivered",
    "get_current_period_usage": "currentperiodusage",
    "get_last_period_usage": "lastperiodusage",
    "get_profile_data": "profiledata",
    "get_billing_periods": "billingperiodlist",
    "get_fast_poll_status": "fastpollstatus",
}
"""All that can ever be sent, with the kind of fragment that answers it; each only asks."""

ARGUMENTS = ("MeterMacId", "Refresh", "Event", "Mode", "NumberOfPeriods", "EndTime", "IntervalChannel")
_VALUE = re.compile(r"[A-Za-z0-9_]{1,32}")

# Of a command that changes something none that asks is a slip of the finger.
NEAR = 0.7

APART_S = 1.0
PATIENCE_S = 10.0
TRIES = 2
# How long the stick may speak first.
LISTEN_S = 5.0
# How long after that what is asked each hour is asked for the first time.
SETTLED_S, HOUR_S = 300.0, 3600.0

AT_START = ("get_device_info", "get_network_info", "get_meter_list", "get_time", "get_current_price")
# From the meter itself; without it a stick answers with what it has kept, and may remember a time of long ago.
REFRESH = (("Refresh", "Y"),)
REFRESHED = frozenset({"get_time"})
PER_METER = "get_current_summation_delivered"
NUDGE = "get_instantaneous_demand"
# About the radio of the stick, which is one, whatever meters it hears.
OF_THE_STICK = frozenset({"get_network_info"})


@dataclass(frozen=True, slots=True)
class Command:
    """A command that may be sent.

    Args:
        name: a key of ``ANSWERS``.
        arguments: argument to its value.

    Raises:
        WordError: it is none of those, or an argument is none.
    """

    name: str
    arguments: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if self.name not in ANSWERS:
            raise WordError(
                f"{self.name!r} is no command that wattline sends{nearest(self.name, ANSWERS, NEAR)}; it sends those alone "
                "that only ask, and `help` lists them."
            )
        for key, value in self.arguments:
            if key not in ARGUMENTS or not _VALUE.fullmatch(value):
                raise WordError(
                    f"{key}={value!r} is no argument of a command; those are {', '.join(ARGUMENTS)}, each with letters, "
                    "digits and '_' behind it."
                )

    @property
    def answer(self) -> str:
        """The kind of fragment that answers it; empty where none does."""
        return ANSWERS[self.name]

    @property
    def encoded(self) -> bytes:
        """Its bytes."""
        children = "".join(f"<{key}>{value}</{key}>" for key, value in (("Name", self.name), *self.arguments))
        return f"<Command>{children}</Command>\r\n".encode()


def for_meter(name: str, mac: str, *, is_refreshed: bool = False) -> Command:
    """A command about one meter, about the only one where ``mac`` is empty; refreshed, the stick has to ask the meter."""
    return Command(name, ((("MeterMacId", mac),) if mac else ()) + (REFRESH if is_refreshed else ()))


def at_start(name: str) -> Command:
    """A command that is sent once the port is open."""
    return Command(name, REFRESH if name in REFRESHED else ())


class Asker:
    """Says what is to be asked, and when.

    Args:
        send: sends a command; False where it could not.
        hourly: what is asked each hour.

    Attributes:
        asked: commands sent.
        unanswered: commands to which no answer came in time.
    """

    def __init__(self, send: Callable[[Command], bool], hourly: Sequence[str] = ()) -> None:
        self.asked = self.unanswered = 0
        self._send, self._hourly = send, hourly
        self._hourly_s = float("inf")
        self._heard: set[str] = set()
        self._waiting: deque[Command] = deque()
        self._tries: dict[Command, int] = {}
        self._outstanding: Command | None = None
        self._asked_s = float("-inf")
        self._opened_s = 0.0
        self._has_begun = False

    def opened(self, now_s: float) -> None:
        """The port was opened: the stick may speak first, and is asked then for what it has not said."""
        self._heard.clear()
        self._waiting.clear()
        self._tries.clear()
        self._outstanding, self._has_begun, self._opened_s = None, False, now_s

    def heard(self, kind: str) -> None:
        """A fragment of this kind came, asked for or not."""
        self._heard.add(kind)
        if self._outstanding and self._outstanding.answer == kind:
            self._outstanding = None

    def want(self, command: Command) -> None:
        """Ask for something when its turn comes, unless it is asked for already."""
        if command != self._outstanding and command not in self._waiting and self._tries.get(command, 0) < TRIES:
            self._waiting.append(command)

    def nudge(self, command: Command) -> None:
        """Ask for something next, however often it was asked before."""
        self._tries.pop(command, None)
        if command in self._waiting:
            self._waiting.remove(command)
        if command != self._outstanding:
            self._waiting.appendleft(command)

    def turn(self, now_s: float, macs: Collection[str]) -> None:
        """Send what is due; ``macs`` are the meters that are read, an empty one where it is the only one."""
        if not self._has_begun and (self._heard or now_s - self._opened_s >= LISTEN_S):
            self._has_begun, self._hourly_s = True, now_s + SETTLED_S
            missing = [at_start(name) for name in AT_START] + [
                for_meter(PER_METER, mac) for mac in sorted(macs) or [""]
            ]
            self._waiting.extend(command for command in missing if command.answer not in self._heard)
        if self._has_begun and now_s >= self._hourly_s:
            self._hourly_s = now_s + HOUR_S
            self._want_hourly(macs)
        if self._outstanding and now_s - self._asked_s >= PATIENCE_S:
            self._give_up(self._outstanding)
        if self._waiting and not self._outstanding and now_s - self._asked_s >= APART_S:
            self._ask(self._waiting.popleft(), now_s)

    def _want_hourly(self, macs: Collection[str]) -> None:
        for name in self._hourly:
            for mac in [""] if name in OF_THE_STICK else sorted(macs) or [""]:
                command = for_meter(name, mac)
                self._tries.pop(command, None)
                self.want(command)

    def _give_up(self, command: Command) -> None:
        self.unanswered += 1
        self._outstanding = None
        # A reading of the meter itself costs the radio: whoever still wants one asks when it is time for it.
        is_costly = command.name == NUDGE and REFRESH[0] in command.arguments
        if self._tries.get(command, TRIES) < TRIES and not is_costly:
            self._waiting.append(command)

    def _ask(self, command: Command, now_s: float) -> None:
        if not self._send(command):
            return
        self.asked += 1
        self._asked_s = now_s
        self._tries[command] = self._tries.get(command, 0) + 1
        self._outstanding = command if command.answer else None
