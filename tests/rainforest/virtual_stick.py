"""A stick, its USB socket and the clocks, all virtual: no real time passes."""

from collections.abc import Sequence

from wattline.bus.settings import LineSettings
from wattline.clock import NS, Slot
from wattline.errors import PortError
from wattline.rainforest.ask import ANSWERS
from wattline.rainforest.find import UsbPort
from wattline.rainforest.port import StickPort
from wattline.rainforest.record import Recorder
from wattline.rainforest.stick import Stick
from wattline.rainforest.words import parse_stick_meters
from wattline.reading import Point
from wattline.simulate.rainforest.fragments import Moment, of_kind
from wattline.simulate.rainforest.meter import Raw

START_S = 1_900_000_000


def usb(device: str, number: str = "A1", usb_id: tuple[int, int] = (0x0403, 0x8A28), text: str = "") -> UsbPort:
    return UsbPort(device, usb_id, number, text)


class World:
    """The clocks, the socket, and the source.

    Attributes:
        sockets: the ports on USB.
        refuses: devices that cannot be opened.
        sent: commands that went out, with their second.
        waiting: bytes that the stick has written.
        kept: the last demand that it has told.
        is_gone: whether the next read finds the stick gone.
    """

    def __init__(
        self, *words: str, name: str = "auto", is_believed: bool = True, recorder: Recorder | None = None
    ) -> None:
        self.now_s = 50.0
        self.sockets = [usb("/dev/ttyUSB0")]
        self.refuses: dict[str, PortError] = {}
        self.sent: list[tuple[float, str]] = []
        self.opened: list[str] = []
        self.waiting = self.kept = b""
        self.is_gone = False
        self.is_believed = is_believed
        self.port = StickPort(
            name,
            parse_stick_meters(words or ["grid=rainforest-raven"])[0].model,
            self.open,
            lambda: self.sockets,
            lambda: self.now_s,
        )
        self.stick = Stick(
            self.port,
            parse_stick_meters(words or ["grid=rainforest-raven"]),
            lambda: self.is_believed,
            lambda: self.now_s,
            recorder,
        )

    # A serial port.

    def open(self, name: str, settings: LineSettings) -> "World":
        assert str(settings) == "115200 8N1"
        if error := self.refuses.get(name):
            raise error
        if "://" not in name and name not in {port.device for port in self.sockets}:
            raise PortError(f"There is no {name}.")
        self.opened.append(name)
        return self

    @property
    def in_waiting(self) -> int:
        if self.is_gone:
            raise OSError(5, "Input/output error")
        return len(self.waiting)

    def read(self, size: int = 1) -> bytes:
        data, self.waiting = self.waiting[:size], self.waiting[size:]
        return data

    def write(self, data: bytes) -> int:
        name = data.decode().partition("<Name>")[2].partition("</Name>")[0]
        assert name in ANSWERS
        self.sent.append((self.now_s, data.decode()))
        return len(data)

    def close(self) -> None:
        return

    # The world.

    def moment(self, watts: int = 333, wh: int = 1_000_000, behind_s: int = 0) -> Moment:
        utc_s = int(START_S + self.now_s - 50) - behind_s
        return Moment(is_emu2=False, utc_s=utc_s, offset_s=0, raw=Raw(watts, wh, 0))

    def say(self, kind: str, watts: int = 333, wh: int = 1_000_000, behind_s: int = 0) -> None:
        said = of_kind(kind, self.moment(watts, wh, behind_s))
        self.kept = said if kind == "InstantaneousDemand" else self.kept
        self.waiting += said

    def slot(self) -> list[Point]:
        """Go on to the next second, and what is given in it."""
        self.now_s += 1
        time_ns = int(START_S + self.now_s - 50) * NS
        return self.stick.poll(Slot(time_ns, self.now_s, self.now_s + 0.95))

    def slots(self, count: int) -> list[Point]:
        return [point for _ in range(count) for point in self.slot()]

    def live(self, seconds: int, every_s: int = 8) -> list[Point]:
        """Seconds in which the stick tells its demand now and then."""
        points = []
        for second in range(seconds):
            if second % every_s == 0:
                self.say("InstantaneousDemand", 300 + second)
            points += self.slot()
        return points

    def names_sent(self) -> list[str]:
        return [text.partition("<Name>")[2].partition("</Name>")[0] for _, text in self.sent]


def powers(points: Sequence[Point]) -> list[tuple[int, float]]:
    """Seconds since the start and watts."""
    return [(point.time_ns // NS - START_S, point.numbers["power_w"]) for point in points if "power_w" in point.fields]
