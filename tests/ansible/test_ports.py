"""What the inventory says of the meters' ports, judged before any machine is asked anything.

| fault | test |
|---|---|
| an entry that cannot be one passes, or is told with another's example | test_a_wrong_entry_is_told |
| meters on RS485 are looked for on a stick | test_meters_on_rs485_have_no_port_auto |
| right entries are refused | test_right_entries_are_not_told |
| one port or one name is given twice | test_a_doubled_name_is_told_once, test_a_doubled_port_is_told |
| an inventory that wrong_knobs tells of breaks the judgement | test_what_is_no_list_is_left_to_the_judgement_of_knobs |
"""

from typing import Any

import pytest

from ansible_scripts import script

ports = script("preflight", "wrong_ports", "filter_plugins")
RS485 = ["garage=orno-we515@1"]
GATEWAY: dict[str, Any] = {"port": "socket://192.168.1.50:4196", "meters": RS485}
STICK: dict[str, Any] = {"port": "auto", "meters": ["grid=rainforest-raven"]}


def told(*gateways: Any, **said: Any) -> list[str]:
    sentences: list[str] = ports.wrong_ports({"wattline_gateways": list(gateways), "wattline_meters": []} | said)
    return sentences


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (GATEWAY["port"], "Entry 1 of wattline_gateways has to have a port and meters"),
        ({"port": GATEWAY["port"]}, "Entry 1 of wattline_gateways has to have a port and meters"),
        (GATEWAY | {"port": ""}, "The port of entry 1 of wattline_gateways has to be"),
        (GATEWAY | {"port": " "}, "The port of entry 1 of wattline_gateways has to be"),
        (GATEWAY | {"port": 4196}, "The port of entry 1 of wattline_gateways has to be"),
        (GATEWAY | {"port": None}, "The port of entry 1 of wattline_gateways has to be"),
        (GATEWAY | {"meters": []}, "The meters of socket://192.168.1.50:4196 in wattline_gateways have to be a list"),
        (GATEWAY | {"meters": RS485[0]}, "The meters of socket://192.168.1.50:4196 in wattline_gateways have to be"),
        (STICK | {"meters": []}, "The meters of auto in wattline_gateways have to be a list"),
        ({"port": "auto", "meter": STICK["meters"]}, "Entry 1 of wattline_gateways has to have a port and meters"),
    ],
)
def test_a_wrong_entry_is_told(entry: Any, words: str) -> None:
    (sentence,) = told(entry)
    assert sentence.startswith(words)
    is_stick = isinstance(entry, dict) and entry.get("port") == "auto"
    assert sentence.endswith(f", as in {ports.STICK_EXAMPLE if is_stick else ports.GATEWAY_EXAMPLE}.")


@pytest.mark.parametrize("port", ["auto", "Auto"])
def test_meters_on_rs485_have_no_port_auto(port: str) -> None:
    (sentence,) = told({"port": port, "meters": STICK["meters"] + RS485})
    assert sentence == (
        f"wattline_gateways has garage=orno-we515@1 at the port {port}, by which a Rainforest stick alone is found: meters on "
        "the RS485 adapter belong into wattline_meters, those behind a gateway to its address."
    )


def test_another_spelling_of_auto_is_told() -> None:
    assert told(STICK | {"port": "AUTO"}) == ["wattline_gateways has the port AUTO: the word for a stick is auto."]


def test_right_entries_are_not_told() -> None:
    assert told() == []
    assert told(GATEWAY, STICK, wattline_meters=["house=orno-we515@1"], wattline_adapter="auto") == []
    assert told({"port": "/dev/ttyUSB0", "meters": RS485}, wattline_adapter="/dev/ttyUSB0") == []


def test_a_doubled_name_is_told_once() -> None:
    meters = ["house=orno-we515@1", "roof=orno-we515@2", "house=orno-we514@3"]
    (sentence,) = told({"port": "socket://a:1", "meters": ["roof=orno-we515@1,role=load"]}, wattline_meters=meters)
    assert sentence.startswith("More than one meter is called house, roof: ")


def test_a_doubled_port_is_told() -> None:
    """Among the gateways, and where it is the adapter."""
    (sentence,) = told(*({"port": "socket://a:1", "meters": [f"{name}=orno-we515@1"]} for name in "ab"))
    assert sentence.startswith("A port stands twice in wattline_gateways")
    said = {"wattline_meters": ["house=orno-we515@2"], "wattline_adapter": "/dev/ttyUSB0"}
    (sentence,) = told({"port": "/dev/ttyUSB0", "meters": RS485}, **said)
    assert sentence.startswith("/dev/ttyUSB0 is wattline_adapter and a port of wattline_gateways")


@pytest.mark.parametrize("gateways", [None, "x", GATEWAY])
def test_what_is_no_list_is_left_to_the_judgement_of_knobs(gateways: Any) -> None:
    assert ports.wrong_ports({"wattline_gateways": gateways, "wattline_meters": "x"}) == []
