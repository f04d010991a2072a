"""Role preflight finds the adapter, and what udev knows it again by.

| fault | test |
|---|---|
| the one adapter is not taken, or by a name that the next start changes | test_the_one_adapter_is_taken_by_the_name_that_stays |
| a second stick that is plugged in later takes the meters' place | test_what_was_taken_stays |
| the person is not told what to write | test_none_and_several_are_told_with_what_there_is, test_a_name_that_cannot_be_one_is_refused |
| a name of the person's own is replaced by another | test_a_name_of_ones_own_is_kept |
| the rule fits another adapter too, or none | test_an_adapter_is_known_again, test_twins_are_known_by_their_sockets, test_the_ports_of_one_chip_are_told_apart |
| the mini UART passes for a whole one | test_the_uarts_are_told_apart |
| a UART that is about to be turned on stops the playbook | test_a_uart_that_comes_is_no_trouble |
| a stick counts as an adapter, or is taken for the meters' | test_a_stick_is_no_adapter |
| gateways alone need an adapter | test_gateways_need_no_adapter |
| a gateway's device that is not there, or is another's, passes | test_a_gateway_without_a_device_of_its_own_is_told |
| one that has a device is refused, or the device is not told for a look | test_the_devices_of_gateways_are_found |
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from ansible_scripts import script
from wattline.rainforest.models import STICKS, StickModel

adapters = script("preflight", "find_adapter")

FTDI = {"idVendor": "0403", "idProduct": "6001", "serial": "A900WXPC"}
CH340 = {"idVendor": "1a86", "idProduct": "7523"}
FTDI_NAME = "usb-FTDI_FT232R_USB_UART_A900WXPC-if00-port0"
CH340_NAME = "usb-1a86_USB_Serial-if00-port0"


class Pi:
    """The files of a machine that tell of its serial devices."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for folder in ("dev/serial/by-id", "dev/serial/by-path", "sys/class/tty", "proc/device-tree"):
            (root / folder).mkdir(parents=True)

    def plug(self, node: str, socket: str, identity: dict[str, str], by_id: str = "", part: str = "00") -> None:
        """An adapter in a socket; several parts of one chip share it."""
        usb = self.root / "sys/devices/usb1" / socket
        interface = usb / f"{socket}:1.{int(part)}"
        driver = self.root / "sys/bus/usb-serial/drivers" / ("ftdi_sio" if identity == FTDI else "ch341-uart")
        (interface / node).mkdir(parents=True)
        driver.mkdir(parents=True, exist_ok=True)
        for name, value in identity.items():
            (usb / name).write_text(f"{value}\n")
        (interface / "bInterfaceNumber").write_text(f"{part}\n")
        (interface / node / "driver").symlink_to(driver)
        if identity == FTDI:
            (interface / node / "latency_timer").write_text("16\n")
        self._device(node, interface / node)
        path = f"platform-usb-0:{socket}:1.{int(part)}-port0"
        for folder, name in (("by-id", by_id), ("by-path", path)):
            if name:
                link = self.root / "dev/serial" / folder / name
                link.unlink(missing_ok=True)
                link.symlink_to(self.root / "dev" / node)

    def uart(self, node: str, compatible: str, kind: str = "32") -> None:
        """A UART of the machine's own; kind 0 is a name without hardware behind it."""
        device = self.root / "sys/devices/platform" / node
        (device / "of_node").mkdir(parents=True)
        (device / "of_node/compatible").write_text(f"{compatible}\0")
        self._device(node, device)
        (self.root / "sys/class/tty" / node / "type").write_text(f"{kind}\n")

    def _device(self, node: str, device: Path) -> None:
        (self.root / "dev" / node).touch()
        entry = self.root / "sys/class/tty" / node
        entry.mkdir()
        (entry / "device").symlink_to(device)

    def find(
        self, wanted: str = "auto", *, uart_comes: bool = False, gateways: Sequence[str] = ()
    ) -> dict[str, object]:
        """What the script prints."""

        def id_path(node: str) -> str:
            links = (self.root / "dev/serial/by-path").iterdir()
            names = [link.name for link in links if f"/{link.resolve().relative_to(self.root)}" == node]
            return names[0].removesuffix("-port0")

        return dict(adapters.found(wanted, self.root, id_path, uart_comes=uart_comes, gateways=gateways))


@pytest.fixture
def pi(tmp_path: Path) -> Pi:
    """A Pi without adapters."""
    return Pi(tmp_path)


def test_the_one_adapter_is_taken_by_the_name_that_stays(pi: Pi) -> None:
    pi.uart("ttyAMA0", "arm,pl011")
    pi.plug("ttyUSB0", "1-1.1", FTDI, FTDI_NAME)
    found = pi.find()
    assert (found["trouble"], found["node"], found["kind"]) == ("", "/dev/ttyUSB0", "usb")
    assert found["device"] == f"/dev/serial/by-id/{FTDI_NAME}"
    assert (found["driver"], found["latency_ms"], found["is_linked"]) == ("ftdi_sio", 16, False)


def test_none_and_several_are_told_with_what_there_is(pi: Pi) -> None:
    assert str(pi.find()["trouble"]).endswith("There is no serial device here at all.")
    pi.uart("ttyAMA0", "arm,pl011")
    assert str(pi.find()["trouble"]).endswith("The serial devices here: /dev/ttyAMA0.")
    pi.plug("ttyUSB0", "1-1.1", FTDI, FTDI_NAME)
    pi.plug("ttyUSB1", "1-1.2", CH340)
    trouble = str(pi.find()["trouble"])
    assert trouble.startswith("2 USB serial adapters are plugged in, and wattline_adapter is auto: set it")
    for name in (f"by-id/{FTDI_NAME}", "by-path/platform-usb-0:1-1.2:1.0-port0 (now /dev/ttyUSB1)"):
        assert f"/dev/serial/{name}" in trouble


@pytest.mark.parametrize("model", STICKS.values(), ids=STICKS)
def test_a_stick_is_no_adapter(pi: Pi, model: StickModel) -> None:
    vendor, product = (f"{number:04x}" for number in model.usb_id)
    pi.plug("ttyUSB0", "1-1.1", {"idVendor": vendor, "idProduct": product, "serial": "A1"}, "usb-Rainforest-if00")
    trouble = str(pi.find()["trouble"])
    assert "but a Rainforest stick, which is an entry of wattline_gateways with the port auto" in trouble
    assert trouble.endswith(
        "The serial devices here: /dev/serial/by-id/usb-Rainforest-if00 or "
        "/dev/serial/by-path/platform-usb-0:1-1.1:1.0-port0 (now /dev/ttyUSB0)."
    )
    pi.plug("ttyUSB1", "1-1.2", FTDI, FTDI_NAME)
    assert (pi.find()["trouble"], pi.find()["node"]) == ("", "/dev/ttyUSB1")


def test_what_was_taken_stays(pi: Pi) -> None:
    pi.plug("ttyUSB0", "1-1.1", CH340)
    pi.plug("ttyUSB1", "1-1.2", FTDI, FTDI_NAME)
    (pi.root / "dev/ttyRS485").symlink_to("ttyUSB1")
    found = pi.find()
    assert (found["node"], found["is_linked"]) == ("/dev/ttyUSB1", True)


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ("socket://192.168.1.50:4196", "belongs into wattline_gateways"),
        ("/dev/serial0", "name /dev/ttyAMA0"),
        ("ttyUSB0", "must be auto or a name that begins with /dev/"),
        ("/dev/ttyUSB99", "is not there"),
        ("/dev", "is no serial device"),
        ("/dev/null", "is no serial device"),
        ("/dev/ptmx", "is no serial device"),
    ],
)
def test_a_name_that_cannot_be_one_is_refused(pi: Pi, wanted: str, words: str) -> None:
    found = pi.find(wanted)
    assert str(found["trouble"]).startswith(f"wattline_adapter is {wanted}")
    assert words in str(found["trouble"])
    assert found["device"] == ""


def test_a_name_of_ones_own_is_kept(pi: Pi) -> None:
    _, terminal = os.openpty()
    name = os.ttyname(terminal)
    assert pi.find(name)["device"] == name
    os.close(terminal)


@pytest.mark.parametrize(
    ("identity", "matches"),
    [
        (FTDI, ['ATTRS{idVendor}=="0403"', 'ATTRS{idProduct}=="6001"', 'ATTRS{serial}=="A900WXPC"']),
        (CH340, ['ENV{ID_PATH}=="platform-usb-0:1-1.1:1.0"']),
        (
            FTDI | {"serial": 'A"*?9 x'},
            ['ATTRS{idVendor}=="0403"', 'ATTRS{idProduct}=="6001"', 'ATTRS{serial}=="A???9?x"'],
        ),
    ],
    ids=["by its serial number", "by its socket", "whatever its serial number has in it"],
)
def test_an_adapter_is_known_again(pi: Pi, identity: dict[str, str], matches: list[str]) -> None:
    pi.plug("ttyUSB0", "1-1.1", identity)
    assert pi.find()["matches"] == matches


def test_twins_are_known_by_their_sockets(pi: Pi) -> None:
    """Cheap chips all have the serial number 0001."""
    for number in (1, 2):
        pi.plug(f"ttyUSB{number}", f"1-1.{number}", FTDI | {"serial": "0001"}, FTDI_NAME)
    (pi.root / "dev/ttyRS485").symlink_to("ttyUSB2")
    assert pi.find()["matches"] == ['ENV{ID_PATH}=="platform-usb-0:1-1.2:1.0"']


def test_the_ports_of_one_chip_are_told_apart(pi: Pi) -> None:
    for part in ("00", "01"):
        pi.plug(f"ttyUSB{int(part)}", "1-1.1", FTDI, f"usb-FTDI_Dual-if{part}-port0", part)
    (pi.root / "dev/ttyRS485").symlink_to("ttyUSB1")
    assert pi.find()["matches"] == [
        'ATTRS{idVendor}=="0403"',
        'ATTRS{idProduct}=="6001"',
        'ATTRS{serial}=="A900WXPC"',
        'ENV{ID_USB_INTERFACE_NUM}=="01"',
    ]


def test_the_uarts_are_told_apart(pi: Pi) -> None:
    pi.uart("ttyAMA0", "arm,pl011")
    pi.uart("ttyS0", "brcm,bcm2835-aux-uart")
    pi.uart("ttyS1", "", kind="0")
    kinds = {adapter.node: adapter.kind for adapter in adapters.adapters_of(pi.root)}
    assert kinds == {"/dev/ttyAMA0": "uart", "/dev/ttyS0": "mini-uart"}
    whole = next(adapter for adapter in adapters.adapters_of(pi.root) if adapter.kind == "uart")
    assert adapters.matches_of(whole, [], str) == ['KERNEL=="ttyAMA0"']


def test_a_uart_that_comes_is_no_trouble(pi: Pi) -> None:
    (pi.root / "proc/device-tree/model").write_text("Raspberry Pi 5 Model B Rev 1.0\0")
    assert "is not there" in str(pi.find("/dev/ttyAMA9")["trouble"])
    found = pi.find("/dev/ttyAMA9", uart_comes=True)
    assert (found["trouble"], found["device"], found["matches"]) == ("", "/dev/ttyAMA9", ['KERNEL=="ttyAMA9"'])


def test_gateways_need_no_adapter(pi: Pi) -> None:
    assert (pi.find("")["trouble"], pi.find("")["device"]) == ("", "")


RAVEN = {"idVendor": "0403", "idProduct": "8a28"}


@pytest.fixture
def terminal() -> Iterator[str]:
    """The name of a serial device that there is."""
    ends = os.openpty()
    yield os.ttyname(ends[1])
    for end in ends:
        os.close(end)


def test_the_devices_of_gateways_are_found(pi: Pi, terminal: str) -> None:
    pi.plug("ttyUSB0", "1-1.1", FTDI, FTDI_NAME)
    pi.plug("ttyUSB1", "1-1.2", RAVEN, "usb-Rainforest-if00")
    found = pi.find(gateways=["auto", terminal])
    assert found["gateway_troubles"] == []
    assert found["gateway_devices"] == ["/dev/serial/by-id/usb-Rainforest-if00", terminal]
    assert found["device"] == f"/dev/serial/by-id/{FTDI_NAME}"


def test_which_of_several_sticks_is_left_to_wattline(pi: Pi) -> None:
    for number in (1, 2):
        pi.plug(f"ttyUSB{number}", f"1-1.{number}", RAVEN)
    found = pi.find("", gateways=["auto"])
    assert (found["gateway_devices"], found["gateway_troubles"]) == ([], [])


@pytest.mark.parametrize(
    ("wanted", "gateways", "words"),
    [
        ("", ["auto"], "the port auto, and no Rainforest stick is plugged in"),
        ("", ["/dev/ttyUSB99"], "the port /dev/ttyUSB99, which is not there"),
        ("", ["/dev/null"], "the port /dev/null, which is no serial device"),
        ("TERMINAL", ["TERMINAL"], "which is the adapter of wattline_meters"),
        ("", ["TERMINAL", "TERMINAL"], "Two entries of wattline_gateways are on"),
    ],
)
def test_a_gateway_without_a_device_of_its_own_is_told(
    pi: Pi, terminal: str, wanted: str, gateways: list[str], words: str
) -> None:
    named = [gateway.replace("TERMINAL", terminal) for gateway in gateways]
    found = pi.find(wanted.replace("TERMINAL", terminal), gateways=named)
    (trouble,) = troubles_of(found)
    assert "wattline_gateways" in trouble
    assert words in trouble
    assert found["trouble"] == ""


def test_a_stick_that_is_named_as_the_adapter_is_told_as_one(pi: Pi) -> None:
    pi.plug("ttyUSB1", "1-1.2", RAVEN)
    stick, *_ = adapters.adapters_of(pi.root)
    _, (trouble,) = adapters.of_gateways(["auto"], [stick], stick)
    assert "let wattline_adapter name the other, or set wattline_meters to []" in trouble


def troubles_of(found: dict[str, object]) -> list[str]:
    troubles = found["gateway_troubles"]
    assert isinstance(troubles, list)
    return troubles
