"""What a stick is asked, and what it can never be asked.

| fault | test |
|---|---|
| a command that changes something can be made | test_nothing_can_be_made_that_does_not_ask |
| ... or smuggled in behind an argument | test_an_argument_is_a_word |
| ... or bytes go to a stick from elsewhere | test_bytes_leave_at_one_place_for_each_who_may_send |
| the stick is asked before it could speak | test_it_listens_first |
| ... or never, where it says nothing | test_a_silent_stick_is_asked_after_five_seconds |
| what it has said is asked for all the same | test_what_was_said_is_not_asked_for |
| two commands are under way, or two in a second | test_one_command_at_a_time_and_never_two_within_a_second |
| an answer that does not come is an error, or asked for ever | test_what_is_not_answered_is_asked_once_more |
| the link and the period are those of the last start, weeks ago | test_what_is_hardly_ever_said_is_asked_each_hour |
| another fragment is taken for the answer | test_an_answer_is_known_by_its_kind |
| after the port was opened anew nothing is asked | test_an_opened_port_begins_anew |
"""

import ast
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattline.errors import WordError
from wattline.rainforest.ask import ANSWERS, Asker, Command, for_meter

PACKAGE = Path(__file__).parents[2] / "plugin" / "wattline"
MACS = {""}
# What the makers' texts name beside those that ask.
OTHERS = [
    "restart",
    "factory_reset",
    "set_schedule",
    "set_schedule_default",
    "set_meter_info",
    "confirm_message",
    "set_current_price",
    "close_current_period",
    "set_fast_poll",
    "set_restart_info",
    "set_meter_attributes",
    "set_local_attributes",
    "set_billing_period_list",
    "set_billing_period",
    "set_block_structure",
    "set_price_block",
    "print_network_tables",
    "image_block_dump",
    "image_invalidate",
    "erase_halt",
    "secret",
]


class World:
    """An asker on a virtual clock; what it sends is kept with its second."""

    def __init__(self, *hourly: str) -> None:
        self.now_s = 100.0
        self.sent: list[tuple[float, str]] = []
        self.asker = Asker(self.send, hourly)
        self.asker.opened(self.now_s)

    def send(self, command: Command) -> bool:
        self.sent.append((self.now_s, command.name))
        return True

    def live(self, seconds: float, *heard: str, answers: bool = False) -> list[str]:
        """Let time pass; what was sent meanwhile."""
        before = len(self.sent)
        for kind in heard:
            self.asker.heard(kind)
        for _ in range(round(10 * seconds)):
            known = len(self.sent)
            self.asker.turn(self.now_s, MACS)
            if answers:
                for _, name in self.sent[known:]:
                    self.asker.heard(ANSWERS[name])
            self.now_s += 0.1
        return [name for _, name in self.sent[before:]]


@given(st.text(max_size=20) | st.sampled_from(OTHERS) | st.sampled_from(sorted(ANSWERS)).map(str.upper))
def test_nothing_can_be_made_that_does_not_ask(name: str) -> None:
    if name not in ANSWERS:
        with pytest.raises(WordError, match="is no command that wattline sends"):
            Command(name)


def test_all_that_can_be_made_only_asks() -> None:
    for name in ANSWERS:
        assert re.fullmatch(r"get_[a-z_]+|initialize", name)
        assert Command(name).encoded == f"<Command><Name>{name}</Name></Command>\r\n".encode()
    assert set(OTHERS) & set(ANSWERS) == set()


@pytest.mark.parametrize("value", ["", "a b", "0x1</MeterMacId><Name>restart", "<", "&", "\0", "é", 33 * "a"])
def test_an_argument_is_a_word(value: str) -> None:
    with pytest.raises(WordError, match="is no argument of a command"):
        Command("get_time", (("MeterMacId", value),))
    with pytest.raises(WordError, match="is no argument of a command"):
        Command("get_time", (("Name", "restart"),))


def calls(tree: ast.AST, method: str) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == method:
            yield ast.unparse(node.args[0])


def test_bytes_leave_at_one_place_for_each_who_may_send() -> None:
    """The source and the console, each a command's own bytes; the port hands on what it gets, the recorder writes a file."""
    found = {
        path.name: sorted(
            {text for method in ("write", "send", "sendall") for text in calls(ast.parse(path.read_text()), method)}
        )
        for path in (PACKAGE / "rainforest").glob("*.py")
    }

    assert {name: texts for name, texts in found.items() if texts} == {
        "console.py": ["parse_command(word).encoded"],
        "port.py": ["data"],
        "record.py": ["data"],
        "stick.py": ["command.encoded", "data"],
    }
    assert set(calls(ast.parse((PACKAGE / "rainforest" / "stick.py").read_text()), "write")) == {
        "command.encoded",
        "data",
    }


def test_it_listens_first() -> None:
    world = World()

    assert world.live(4.9) == []


def test_a_silent_stick_is_asked_after_five_seconds() -> None:
    world = World()
    world.live(5.2)

    assert world.sent == [(pytest.approx(105.0, abs=0.11), "get_device_info")]


def test_what_was_said_is_not_asked_for() -> None:
    world = World()
    asked = world.live(30, "pricecluster", "currentsummationdelivered", "timecluster", answers=True)

    assert asked == ["get_device_info", "get_network_info", "get_meter_list"]


def test_one_command_at_a_time_and_never_two_within_a_second() -> None:
    world = World()
    world.live(30, "instantaneousdemand", answers=True)

    seconds = [second for second, _ in world.sent]
    assert len(seconds) == 6
    assert all(later - earlier > 0.95 for earlier, later in pairwise(seconds))


def test_what_is_not_answered_is_asked_once_more() -> None:
    world = World()
    asked = world.live(400, "instantaneousdemand")

    assert sorted(asked) == sorted(
        2
        * [
            "get_device_info",
            "get_network_info",
            "get_meter_list",
            "get_time",
            "get_current_price",
            "get_current_summation_delivered",
        ]
    )
    assert (world.asker.asked, world.asker.unanswered) == (12, 12)
    world.asker.nudge(for_meter("get_time", ""))
    assert world.live(1) == ["get_time"]


def test_what_is_hardly_ever_said_is_asked_each_hour() -> None:
    """Five minutes after the start for the first time; also what was not answered in the hour before."""
    world = World("get_network_info", "get_price_blocks")
    world.live(30, "instantaneousdemand", answers=True)

    assert world.live(260, answers=True) == []
    assert world.live(25) == ["get_network_info", "get_price_blocks"]
    assert world.live(3500) == ["get_network_info", "get_price_blocks"]
    assert world.live(90, answers=True) == ["get_network_info", "get_price_blocks"]


def test_an_answer_is_known_by_its_kind() -> None:
    world = World()
    world.live(0.2, "instantaneousdemand")

    assert world.live(5, "timecluster", "meterinfo") == []
    assert world.live(0.3, "deviceinfo") == ["get_network_info"]


def test_an_opened_port_begins_anew() -> None:
    world = World()
    world.live(400)
    world.asker.opened(world.now_s)

    assert world.live(5.2) == ["get_device_info"]
