"""Judges what the inventory says of the meters' ports together; of each knob alone does wrong_knobs.py."""

import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

AUTO = "auto"
STICK_WORD = re.compile(r"[^=]*=rainforest-")
GATEWAY_EXAMPLE = '{port: "socket://192.168.1.50:4196", meters: ["garage=orno-we515@1"]}'
STICK_EXAMPLE = '{port: auto, meters: ["grid=rainforest-raven"]}'


class FilterModule:
    """Ansible asks for this class by its name."""

    def filters(self) -> dict[str, Callable[..., list[str]]]:
        """The filters, by the names that templates use."""
        return {"wrong_ports": wrong_ports}


def wrong_ports(said: Mapping[str, Any]) -> list[str]:
    """A sentence for each entry of a port that cannot be; ``said`` is all that the inventory and the command line say."""
    gateways = said.get("wattline_gateways")
    if not isinstance(gateways, list):
        # Of another kind than a list: wrong_knobs tells.
        return []
    wrong = [sentence for number, entry in enumerate(gateways, 1) if (sentence := _wrong_entry(number, entry))]
    return wrong or [*_doubled_names(said, gateways), *_doubled_ports(said, gateways)]


def _wrong_entry(number: int, entry: Any) -> str:
    """What is wrong with an entry by itself; empty if nothing is."""
    port = entry.get("port") if isinstance(entry, Mapping) else None
    is_auto = isinstance(port, str) and port.lower() == AUTO
    example = STICK_EXAMPLE if is_auto else GATEWAY_EXAMPLE
    if not isinstance(entry, Mapping) or entry.keys() != {"port", "meters"}:
        return f"Entry {number} of wattline_gateways has to have a port and meters, and nothing else, as in {example}."
    if not isinstance(port, str) or not re.fullmatch(r"\S+", port):
        return f"The port of entry {number} of wattline_gateways has to be a text without blanks that is not empty, as in {example}."
    meters = entry["meters"]
    if not _are_words(meters) or not meters:
        return f"The meters of {port} in wattline_gateways have to be a list with a word for each, as in {example}."
    return _wrong_auto(port, meters) if is_auto else ""


def _wrong_auto(port: str, meters: Sequence[str]) -> str:
    others = [word for word in meters if not STICK_WORD.match(word)]
    if others:
        return (
            f"wattline_gateways has {' and '.join(others)} at the port {port}, by which a Rainforest stick alone is found: "
            "meters on the RS485 adapter belong into wattline_meters, those behind a gateway to its address."
        )
    return "" if port == AUTO else f"wattline_gateways has the port {port}: the word for a stick is {AUTO}."


def _are_words(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _doubled_names(said: Mapping[str, Any], gateways: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    words = itertools.chain(_adapters_meters(said), *(each["meters"] for each in gateways))
    names = [word.partition("=")[0] for word in words]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        yield (
            f"More than one meter is called {', '.join(twice)}: their readings could not be told apart in the database. Give "
            "each meter of wattline_meters and wattline_gateways a name of its own."
        )


def _doubled_ports(said: Mapping[str, Any], gateways: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    ports = [each["port"] for each in gateways]
    if len(set(ports)) < len(ports):
        yield "A port stands twice in wattline_gateways; put all its meters into one entry."
    adapter = said.get("wattline_adapter")
    # `auto` is another device here than there.
    if adapter != AUTO and adapter in ports and _adapters_meters(said):
        yield f"{adapter} is wattline_adapter and a port of wattline_gateways; put all its meters into wattline_meters."


def _adapters_meters(said: Mapping[str, Any]) -> Sequence[str]:
    meters = said.get("wattline_meters")
    return meters if isinstance(meters, list) and _are_words(meters) else []
