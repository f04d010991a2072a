"""Which port is a stick's: by its USB numbers, else by what it says of itself."""

import os
from collections.abc import Callable, Iterable
from typing import NamedTuple

from serial.tools import list_ports

from wattline.rainforest.models import StickModel


class UsbPort(NamedTuple):
    """A serial port as USB describes it.

    Attributes:
        device: its name, such as /dev/ttyUSB0.
        usb_id: vendor and product.
        serial_number: of the stick; may be empty.
        text: its manufacturer and product, in small letters.
    """

    device: str
    usb_id: tuple[int, int]
    serial_number: str
    text: str


Lister = Callable[[], Iterable[UsbPort]]


def usb_ports() -> list[UsbPort]:
    """The serial ports that are on USB now."""
    return [
        UsbPort(
            port.device,
            (port.vid, port.pid),
            port.serial_number or "",
            f"{port.manufacturer or ''} {port.product or ''}".lower(),
        )
        for port in sorted(list_ports.comports(), key=lambda port: port.device)
        if port.vid is not None and port.pid is not None
    ]


def sticks(model: StickModel, ports: Iterable[UsbPort]) -> list[UsbPort]:
    """The ports that are such a stick's, the surest first."""
    listed = list(ports)
    by_number = [port for port in listed if port.usb_id == model.usb_id]
    by_text = [
        port
        for port in listed
        if port not in by_number and "rainforest" in port.text and any(word in port.text for word in model.words)
    ]
    return by_number + by_text


def on_device(name: str, ports: Iterable[UsbPort]) -> UsbPort | None:
    """The USB port behind the device ``name``, which may be a link to it."""
    device = os.path.realpath(name)
    return next((port for port in ports if os.path.realpath(port.device) == device), None)


def same_stick(known: UsbPort, ports: Iterable[UsbPort]) -> UsbPort | None:
    """The port that ``known`` has now, put into whatever socket."""
    return next((port for port in ports if is_same(known, port)), None)


def is_same(known: UsbPort, port: UsbPort) -> bool:
    """Whether two ports are those of one stick."""
    return (port.usb_id, port.serial_number) == (known.usb_id, known.serial_number)
