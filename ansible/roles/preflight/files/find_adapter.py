#!/usr/bin/env python3
"""Find the serial adapter that the meters are on; changes nothing.

Ansible runs it on the Pi: ``find_adapter.py WANTED``, where WANTED is ``wattline_adapter``, ``auto`` or a name below
``/dev``. It prints JSON: which adapter it is, by what udev knows it again, and otherwise, in a sentence, why it is none. With
``--gateway PORT``, once for each device of ``wattline_gateways``, it tells likewise which devices those are.
"""

import argparse
import dataclasses
import json
import os
import re
import stat
import subprocess
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

LINK = "dev/ttyRS485"
SERIAL_KINDS = {"serial", "pty:slave"}
# As in plugin/wattline/rainforest/models.py: RAVEn, EMU-2.
STICKS = {("0403", "8a28"), ("04b4", "0003")}
UARTS = ("ttyAMA*", "ttyS*", "ttySC*")
# Bytes of a serial number that mean something else in a rule of udev's.
NOT_PLAIN = re.compile(r"[^A-Za-z0-9._:-]")


@dataclasses.dataclass(frozen=True)
class Adapter:
    """A serial device.

    Attributes:
        node: its path, which the next start may change.
        names: the links below ``/dev/serial/`` that stay, those with a serial number first.
        kind: ``usb``, ``uart`` or ``mini-uart``.
        identity: idVendor, idProduct and serial, as far as it has them.
        interface: which part of the USB device it is.
        driver: the kernel's name for its chip.
        latency_ms: how long the chip keeps received bytes back; None where it does not tell.
    """

    node: str
    names: tuple[str, ...]
    kind: str
    identity: tuple[tuple[str, str], ...] = ()
    interface: str = ""
    driver: str = ""
    latency_ms: int | None = None

    @property
    def is_stick(self) -> bool:
        """Whether it is a stick by Rainforest, which wattline finds by itself, and no adapter for RS485."""
        identity = dict(self.identity)
        return (identity.get("idVendor"), identity.get("idProduct")) in STICKS

    @property
    def lasting_name(self) -> str:
        """The name that belongs into a configuration."""
        return self.names[0] if self.names else self.node


def adapters_of(root: Path) -> list[Adapter]:
    """All serial devices that a meter can be on, by their nodes."""
    device_folder = root / "dev"
    links: dict[Path, list[str]] = {}
    for folder in ("by-id", "by-path"):
        for link in sorted((device_folder / "serial" / folder).glob("*")):
            links.setdefault(link.resolve(), []).append(f"/{link.relative_to(root)}")
    usb = {path.resolve() for pattern in ("ttyUSB*", "ttyACM*") for path in device_folder.glob(pattern)} | set(links)
    uarts = {path for pattern in UARTS for path in device_folder.glob(pattern) if _is_uart(root, path.name)} - usb
    return [_adapter(root, node, tuple(links.get(node, ()))) for node in sorted(usb | uarts) if node.exists()]


def _is_uart(root: Path, name: str) -> bool:
    """Whether hardware is behind a name: a PC's kernel keeps 32 of them ready."""
    return _text(root / "sys/class/tty" / name / "type") not in {"", "0"} or name.startswith(("ttyAMA", "ttySC"))


def _adapter(root: Path, node: Path, names: tuple[str, ...]) -> Adapter:
    path = f"/{node.relative_to(root)}" if node.is_relative_to(root) else str(node)
    device = root / "sys/class/tty" / node.name / "device"
    if not (names or node.name.startswith(("ttyUSB", "ttyACM"))):
        compatible = _text(device / "of_node/compatible")
        return Adapter(path, names, "mini-uart" if "bcm2835-aux-uart" in compatible else "uart")
    place = device.resolve()
    interface = next((at for at in (place, *place.parents) if (at / "bInterfaceNumber").exists()), place)
    usb = next((at for at in place.parents if (at / "idVendor").exists()), None)
    values = [(key, _text(usb / key)) for key in ("idVendor", "idProduct", "serial")] if usb else []
    latency = _text(place / "latency_timer")
    return Adapter(
        path,
        names,
        "usb",
        tuple((key, value) for key, value in values if value),
        _text(interface / "bInterfaceNumber"),
        (place / "driver").resolve().name if (place / "driver").exists() else "",
        int(latency) if latency else None,
    )


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace").strip("\0\n ")
    except OSError:
        return ""


def choose(wanted: str, adapters: Sequence[Adapter], linked: str) -> tuple[Adapter | None, str]:
    """The adapter that is meant, or a sentence that says why there is none.

    Args:
        wanted: ``auto`` or a name.
        adapters: those that there are.
        linked: the node that /dev/ttyRS485 is about already, empty where there is none.
    """
    if wanted != "auto":
        return _named(wanted, adapters, "wattline_adapter is")
    usb = [adapter for adapter in adapters if adapter.kind == "usb" and not adapter.is_stick]
    # What was once taken stays, whatever is plugged in beside it later.
    taken = [adapter for adapter in usb if adapter.node == linked] if len(usb) > 1 else usb
    if taken:
        return taken[0], ""
    if usb:
        several = f"{len(usb)} USB serial adapters are plugged in, and wattline_adapter is auto"
        return None, f"{several}: set it in inventory.yml to the one that the meters are on. {_listed(usb)}"
    if any(adapter.is_stick for adapter in adapters):
        return None, (
            "No USB serial adapter is plugged in but a Rainforest stick, which is an entry of wattline_gateways with the port "
            f"auto; where there is no other meter, wattline_meters is []. {_listed(adapters)}"
        )
    return None, (
        "No USB serial adapter is plugged in: plug it in and run this again, or set wattline_adapter in inventory.yml "
        f"if the meters are on something else. {_listed(adapters)}"
    )


def _named(wanted: str, adapters: Sequence[Adapter], said: str) -> tuple[Adapter | None, str]:
    refused = f"{said} {wanted}"
    if "://" in wanted:
        return None, f"{refused}, a network gateway: that belongs into wattline_gateways."
    if wanted in {"/dev/serial0", "/dev/serial1"}:
        return None, f"{refused}, which is another device on each kind of Pi: name /dev/ttyAMA0."
    if not wanted.startswith("/dev/"):
        return None, f"{refused}: it must be auto or a name that begins with /dev/. {_listed(adapters)}"
    path = Path(wanted)
    if not path.exists():
        return None, f"{refused}, which is not there: plug it in, or name another. {_listed(adapters)}"
    if not _is_serial(path):
        return None, f"{refused}, which is no serial device. {_listed(adapters)}"
    node = str(path.resolve())
    found = next((adapter for adapter in adapters if adapter.node == node), Adapter(node, (), "uart"))
    # Whoever names it by a link of their own means that link.
    own = wanted not in (node, f"/{LINK}")
    return (dataclasses.replace(found, names=(wanted, *found.names)) if own else found), ""


def _is_serial(path: Path, drivers: Path = Path("/proc/tty/drivers")) -> bool:
    """Whether a device is a line of a driver for serial ports, or a pseudo-terminal in the place of one.

    Each driver has a line there: name, node, major number, minor numbers, kind.
    """
    status = path.stat()
    if not stat.S_ISCHR(status.st_mode):
        return False
    major, minor = os.major(status.st_rdev), os.minor(status.st_rdev)
    for words in (line.split() for line in _text(drivers).splitlines()):
        if words[-1] in SERIAL_KINDS and int(words[-3]) == major:
            least, _, most = words[-2].partition("-")
            if int(least) <= minor <= int(most or least):
                return True
    return False


def of_gateways(
    ports: Sequence[str], adapters: Sequence[Adapter], meters: Adapter | None
) -> tuple[list[Adapter], list[str]]:
    """The devices of ``ports``, each ``auto`` or a name, and a sentence for each that has none, or that of ``meters``."""
    devices: list[Adapter] = []
    troubles = []
    for port in ports:
        device, trouble = _gateway(port, adapters)
        if device and meters and device.node == meters.node:
            trouble = _is_the_meters(port, device)
        elif device and device.node in [other.node for other in devices]:
            trouble = (
                f"Two entries of wattline_gateways are on {device.lasting_name}: put all its meters into one of them."
            )
        elif device:
            devices.append(device)
        troubles += [trouble] if trouble else []
    return devices, troubles


def _gateway(port: str, adapters: Sequence[Adapter]) -> tuple[Adapter | None, str]:
    if port != "auto":
        return _named(port, adapters, "wattline_gateways has the port")
    sticks = [adapter for adapter in adapters if adapter.is_stick]
    if not sticks:
        none = (
            "wattline_gateways has the port auto, and no Rainforest stick is plugged in: plug it in, or name its port."
        )
        return None, f"{none} {_listed(adapters)}"
    # Among several wattline takes the one that it can open.
    return (sticks[0] if len(sticks) == 1 else None), ""


def _is_the_meters(port: str, device: Adapter) -> str:
    remedy = "put all its meters there, or name another port"
    if device.is_stick:
        remedy = "let wattline_adapter name the other, or set wattline_meters to [] where no meter is on RS485"
    return f"wattline_gateways has the port {port}, which is the adapter of wattline_meters ({device.node}): {remedy}."


def _listed(adapters: Sequence[Adapter]) -> str:
    if not adapters:
        return "There is no serial device here at all."
    return f"The serial devices here: {', '.join(_name_and_node(adapter) for adapter in adapters)}."


def _name_and_node(adapter: Adapter) -> str:
    node = adapter.node
    return node if adapter.lasting_name == node else f"{' or '.join(adapter.names)} (now {node})"


def matches_of(adapter: Adapter, others: Iterable[Adapter], id_path: Callable[[str], str]) -> list[str]:
    """The words of a rule of udev's that fit this adapter and no other; none where it cannot be described.

    By its serial number, or, where it has none or another has the same, by the socket that it is plugged into.
    """
    if adapter.kind != "usb":
        name = Path(adapter.node).name
        return [f'KERNEL=="{name}"'] if re.fullmatch(r"tty[A-Z]+[0-9]+", name) else []
    twins = [other for other in others if other.node != adapter.node and other.identity == adapter.identity]
    by_identity = [f'ATTRS{{{key}}}=="{NOT_PLAIN.sub("?", value)}"' for key, value in adapter.identity]
    by_interface = [f'ENV{{ID_USB_INTERFACE_NUM}}=="{adapter.interface}"'] if twins and adapter.interface else []
    parts = [other.interface for other in twins]
    if "serial" in dict(adapter.identity) and adapter.interface not in parts:
        return by_identity + by_interface
    path = id_path(adapter.node)
    return [f'ENV{{ID_PATH}}=="{NOT_PLAIN.sub("?", path)}"'] if path else []


def id_path_by_udev(node: str) -> str:
    """Where a device is plugged in, in udev's words; empty where udev does not know."""
    query = ["udevadm", "info", "--query=property", "--property=ID_PATH", "--value", f"--name={node}"]
    try:
        return subprocess.run(query, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:
        return ""


def found(
    wanted: str, root: Path, id_path: Callable[[str], str], *, uart_comes: bool, gateways: Sequence[str] = ()
) -> dict[str, object]:
    """All that is found out, ready for JSON.

    Args:
        wanted: ``auto`` or a name; empty where no adapter is needed.
        root: the folder that ``dev`` and ``sys`` are in.
        id_path: tells where a node is plugged in.
        uart_comes: a Pi's own UART that is not there yet is going to be turned on.
        gateways: the ports of ``wattline_gateways`` that are devices.
    """
    adapters = adapters_of(root)
    link = root / LINK
    linked = f"/{link.resolve().relative_to(root)}" if link.exists() and link.resolve().is_relative_to(root) else ""
    adapter, trouble = choose(wanted, adapters, linked) if wanted else (None, "")
    is_pi = "Raspberry Pi" in _text(root / "proc/device-tree/model")
    if trouble and uart_comes and is_pi and re.fullmatch(r"/dev/ttyAMA[0-9]", wanted):
        adapter, trouble = Adapter(wanted, (), "uart"), ""
    gateway_devices, gateway_troubles = of_gateways(gateways, adapters, adapter)
    return {
        "trouble": trouble,
        "device": adapter.lasting_name if adapter else "",
        "node": adapter.node if adapter else "",
        "kind": adapter.kind if adapter else "",
        "driver": adapter.driver if adapter else "",
        "identity": dict(adapter.identity) if adapter else {},
        "latency_ms": adapter.latency_ms if adapter else None,
        "matches": matches_of(adapter, adapters, id_path) if adapter else [],
        "is_linked": bool(adapter and adapter.node == linked),
        "is_raspberry_pi": is_pi,
        "gateway_devices": [device.lasting_name for device in gateway_devices],
        "gateway_troubles": gateway_troubles,
    }


def main() -> None:
    """Print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wanted")
    parser.add_argument("--uart-comes", action="store_true")
    parser.add_argument("--gateway", action="append", default=[])
    said = parser.parse_args()
    told = found(said.wanted, Path("/"), id_path_by_udev, uart_comes=said.uart_comes, gateways=said.gateway)
    print(json.dumps(told))


if __name__ == "__main__":
    main()
