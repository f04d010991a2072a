"""The simulated stick, read by the real ``wattline``, and by a client that others wrote (aioraven).

| fault | test |
|---|---|
| reader and simulator share a misunderstanding | test_a_client_of_others_understands_the_stick, test_a_client_of_others_reads_the_same_numbers |
| a billing period has no length, or stands still | test_a_period_moves_with_the_meter_and_ends_where_the_next_begins |
| it does not speak by itself, or at the wrong times | test_it_speaks_by_itself |
| `run` gives another value than the stick told, or with another time | test_each_line_is_what_the_stick_told |
| a torn stream costs more than the torn fragment, or gives what was not told | test_every_tear_costs_itself_alone |
| it answers with what it kept, asked for the meter's own word or not | test_a_stick_that_only_repeats_is_made_to_read_its_meter |
| pulled out and put in again, it stays lost | test_a_stick_that_is_pulled_out_comes_back |
| a socket is not what a device is | test_a_stick_behind_a_socket |
| what a gateway said last is lost | test_what_a_gateway_said_before_it_closed_is_given |
| a name, a tag, a recording is not there | test_a_run_has_its_name_and_a_recording |
| `read` waits for ever, shows something else | test_one_reading_by_hand |
| `watch` cannot read the lines | test_watch_shows_a_stick |
| whoever opens the console does not know how to go on | test_the_console_greets_whoever_types |
| the console sends what changes something, or shows a key | test_the_console_asks_and_hides_the_keys |
| a port that is searched for meters, or read as one's, is a stick's, and that is not told | test_a_stick_on_the_port_of_meters_is_told |
| ... or the mask of a torn tag | test_the_console_shows_nothing_of_a_torn_tag |
| the command simulates something else | test_the_command_simulates_a_stick |
| wrong words are taken | test_wrong_words_are_refused |
"""

import asyncio
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path

import pytest
from aioraven.serial import RAVEnSerialDevice

from rainforest.golden import points_of
from waiting import until
from wattline import cli
from wattline.rainforest.console import converse
from wattline.rainforest.interpreter import Interpreter
from wattline.rainforest.words import parse_stick_meters
from wattline.simulate.faults import parse_script
from wattline.simulate.rainforest import StickScenario, StickSimulator
from wattline.simulate.rainforest.faults import KINDS
from wattline.simulate.rainforest.fragments import INSTALL_CODE, LINK_KEY, METER_MAC, Moment, of_kind
from wattline.simulate.rainforest.meter import Raw
from wattline.stop import Stop

NS = 1_000_000_000
GRID = "grid=rainforest-emu2"

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def stick() -> Iterator[Callable[..., StickSimulator]]:
    """Starts a simulated stick: ``stick(link=path, faults="m1=0.5", load="solar", speed=60)``."""
    with ExitStack() as stack:

        def start(word: str = GRID, *, link: Path | None = None, tcp: bool = False, **scenario) -> StickSimulator:
            script = parse_script(scenario.pop("faults", ""), KINDS)
            where = ("127.0.0.1", 0) if tcp else None
            (meter,) = parse_stick_meters([word])
            return stack.enter_context(
                StickSimulator(meter, StickScenario(script=script, **scenario), link=link, tcp=where)
            )

        yield start


# Another program as the reader.


class Aioraven:
    """The client of others, on a device."""

    def __init__(self, port: str) -> None:
        self._port = port

    def ask(self, *names: str) -> list:
        async def converse() -> list:
            async with RAVEnSerialDevice(self._port) as device:
                await device.synchronize()
                return [await asyncio.wait_for(getattr(device, name)(), 5) for name in names]

        return asyncio.run(converse())


def test_a_client_of_others_understands_the_stick(stick) -> None:
    simulator = stick()
    info, network, meters, meter, when, price = Aioraven(simulator.port).ask(
        "get_device_info", "get_network_info", "get_meter_list", "get_meter_info", "get_time", "get_current_price"
    )

    assert (info.model_id, info.fw_version) == ("Z105-2-EMU2-LEDD_JM", "2.0.0 (7400)")
    assert (network.channel, network.link_strength) == (20, 100)
    assert [mac.hex() for mac in meters.meter_mac_ids] == [METER_MAC[2:]]
    assert meter.meter_type.name == "ELECTRIC"
    assert abs(when.utc_time.timestamp() - time.time()) < 5
    assert (float(price.price), price.currency.code) == (0.1524, "USD")


@pytest.mark.parametrize("word", [GRID, "grid=rainforest-raven"])
@pytest.mark.parametrize("load", ["house", "solar"])
def test_a_client_of_others_reads_the_same_numbers(stick, word: str, load: str) -> None:
    simulator = stick(word, load=load)
    demand, summation = Aioraven(simulator.port).ask("get_instantaneous_demand", "get_current_summation_delivered")

    told = simulator.truth
    assert Decimal(demand.demand) * 1000 in {each.raw.demand_w for each in told}
    assert Decimal(summation.summation_delivered) * 1000 in {each.raw.delivered_wh for each in told}
    assert Decimal(summation.summation_received) * 1000 in {each.raw.received_wh for each in told}


# Our own reader.


def lines_of(program, parsed, measurement: str = "electricity") -> list[dict]:
    return [point for point in map(parsed, program.stdout.texts) if point["measurement"] == measurement]


def test_a_period_moves_with_the_meter_and_ends_where_the_next_begins() -> None:
    def told(kind: str, wh: int, utc_s: int = 1_900_000_000) -> dict[str, float]:
        moment = Moment(True, utc_s, 0, Raw(0, wh, 0))
        (point,) = points_of(Interpreter(parse_stick_meters([GRID])), of_kind(kind, moment), utc_s * NS)
        return point.numbers

    current, later = (told("CurrentPeriodUsage", wh) for wh in (5_000_000, 5_000_250))
    last = told("LastPeriodUsage", 5_000_000)
    assert later["energy_kwh"] - current["energy_kwh"] == pytest.approx(0.25, abs=0.001)
    assert later["start_s"] == current["start_s"] == last["end_s"] > last["start_s"]


def test_it_speaks_by_itself(stick) -> None:
    """Without a command, each kind in its own time; sixty times as fast."""
    simulator = stick(speed=60, tcp=True)
    host, port = simulator.port.removeprefix("socket://").split(":")
    with socket.create_connection((host, int(port))) as client:
        until(lambda: sum(told.kind == "InstantaneousDemand" for told in simulator.truth) > 25, within_s=20)
        data = client.recv(1 << 20)

    kinds = [told.kind for told in simulator.truth]
    assert (
        0.6 < kinds.count("InstantaneousDemand") / (30 * kinds.count("CurrentSummationDelivered")) < 1.7
        or kinds.count("CurrentSummationDelivered") < 2
    )
    assert kinds.count("PriceCluster") >= 2
    assert b"<Demand>" in data
    assert simulator.asked == []


def test_each_line_is_what_the_stick_told(stick, program, parsed) -> None:
    simulator = stick(speed=8, load="solar")
    plugin = program("run", simulator.port, GRID)
    until(lambda: sum("power_w" in text for text in plugin.stdout.texts) > 6, within_s=30)
    until(lambda: any("energy_import_kwh" in text for text in plugin.stdout.texts), within_s=30)

    told = {(each.utc_s, each.raw.demand_w) for each in simulator.truth}
    energies = {(each.utc_s, each.raw.delivered_wh, each.raw.received_wh) for each in simulator.truth}
    for point in lines_of(plugin, parsed):
        values, second = point["fields"], point["time"] // NS
        assert point["tags"] == {"meter": "grid", "role": "grid"}
        if "power_w" in values:
            assert (second, values["power_w"]) in told
        else:
            assert (
                second,
                round(1000 * values["energy_import_kwh"]),
                round(1000 * values["energy_export_kwh"]),
            ) in energies
    assert set(simulator.asked) <= {
        "get_device_info",
        "get_network_info",
        "get_meter_list",
        "get_meter_info",
        "get_time",
        "get_current_price",
        "get_current_summation_delivered",
        "get_instantaneous_demand",
    }


@pytest.mark.parametrize("fault", KINDS[:3] + KINDS[5:])
def test_every_tear_costs_itself_alone(stick, program, parsed, fault: str) -> None:
    """The fragment behind each that is hit is given, and whatever is given was told."""
    simulator = stick()
    plugin = program("run", simulator.port, GRID)
    plugin.stdout.wait_for("power_w", within_s=15)
    simulator.inject(fault)
    simulator.tell("InstantaneousDemand")
    # The stick's clock is in whole seconds, and what is said twice in one is given once.
    threading.Event().wait(1.1)
    simulator.tell("InstantaneousDemand")
    whole = [each for each in simulator.truth if each.kind == "InstantaneousDemand" and not each.faults][-1]
    until(
        lambda: any(f"power_w={whole.raw.demand_w} {whole.utc_s}" in text for text in plugin.stdout.texts), within_s=20
    )

    told = {(each.utc_s, float(each.raw.demand_w)) for each in simulator.truth}
    powers = [point for point in lines_of(plugin, parsed) if "power_w" in point["fields"]]
    assert {(point["time"] // NS, point["fields"]["power_w"]) for point in powers} <= told


def test_a_stick_that_only_repeats_is_made_to_read_its_meter(stick, program, tmp_path: Path) -> None:
    """Each second of its own reports is the first one's; only what is fetched is new."""
    simulator = stick(faults="kept=1", speed=8)
    patch = "from wattline.rainforest import stick; stick.LONGEST_PERIOD_S = 1.0; stick.SHORTEST_PERIOD_S = 1.0"
    plugin = program("run", simulator.port, GRID, patch=patch)
    until(lambda: sum("power_w" in text for text in plugin.stdout.texts) == 2, within_s=40)
    powers = [text for text in plugin.stdout.texts if "power_w" in text]

    assert simulator.asked.count("get_instantaneous_demand") >= 2
    assert len({text.split()[-1] for text in powers}) == 2


def test_a_stick_that_is_pulled_out_comes_back(stick, program, tmp_path: Path) -> None:
    simulator = stick(link=tmp_path / "ttyStick", speed=8)
    plugin = program("run", simulator.port, GRID)
    plugin.stdout.wait_for("power_w", within_s=15)
    simulator.unplug()
    plugin.stderr.wait_for("was lost", within_s=15)
    simulator.plug_in()
    plugin.stderr.wait_for("The stick is back after", within_s=15)
    before = sum("power_w" in text for text in plugin.stdout.texts)
    until(lambda: sum("power_w" in text for text in plugin.stdout.texts) > before, within_s=15)

    assert [text[:2] for text in plugin.stderr.texts] == ["I!", "E!", "I!"]


def test_a_stick_behind_a_socket(stick, program, tmp_path: Path) -> None:
    simulator = stick(tcp=True, speed=8)
    plugin = program("run", simulator.port, GRID)
    plugin.stdout.wait_for("power_w", within_s=15)
    simulator.unplug()
    plugin.stderr.wait_for("the gateway has closed the connection", within_s=15)
    simulator.plug_in()
    plugin.stderr.wait_for("The stick is back after", within_s=15)


def test_what_a_gateway_said_before_it_closed_is_given(program) -> None:
    said = b"<InstantaneousDemand><Demand>0x00014d</Demand><Multiplier>0x1</Multiplier><Divisor>0x3e8</Divisor></InstantaneousDemand>"
    with socket.create_server(("127.0.0.1", 0)) as server:
        plugin = program("run", f"socket://127.0.0.1:{server.getsockname()[1]}", "grid=rainforest-raven")
        client, _ = server.accept()
        client.sendall(said)
        client.close()
        plugin.stdout.wait_for("power_w=333 ", within_s=10)
        plugin.stderr.wait_for("has closed the connection", within_s=10)


def test_a_run_has_its_name_and_a_recording(stick, program, parsed, tmp_path: Path) -> None:
    simulator, recording = stick(speed=4), tmp_path / "recording"
    words = ["--run", "meter-mac", "--run-tags", "--record", str(recording)]
    plugin = program("run", *words, simulator.port, GRID)
    plugin.stdout.wait_for("power_w", within_s=15)
    plugin.stdout.wait_for("run_info", within_s=15)
    plugin.stdout.wait_for("firmware=", within_s=15)
    (run,) = lines_of(plugin, parsed, "run_info")
    readings = lines_of(plugin, parsed)
    plugin.end_stdin()
    assert plugin.wait(5) == 0

    assert run["fields"]["name"] == run["fields"]["meter_id"] == METER_MAC
    assert {point["tags"]["run_id"] for point in readings} == {run["fields"]["id"]}
    kept = recording.read_bytes()
    assert b"<Demand>0x" in kept
    assert b"<LinkKey>x" in kept
    assert LINK_KEY[2:].encode() not in kept
    assert INSTALL_CODE[2:].encode() not in kept


def test_one_reading_by_hand(stick, capsys: pytest.CaptureFixture[str]) -> None:
    simulator = stick()
    assert cli.main(["read", "--json", simulator.port, GRID]) == 0
    (reading,) = json.loads(capsys.readouterr().out)

    assert (reading["meter"], reading["role"]) == ("grid", "grid")
    assert reading["values"].keys() == {"power_w", "energy_import_kwh", "energy_export_kwh"}
    assert reading["values"]["power_w"] in {each.raw.demand_w for each in simulator.truth}


def test_a_meter_that_is_not_there_is_told(stick, program) -> None:
    simulator = stick()
    patch = "from wattline.rainforest import by_hand; by_hand.LONGEST_S = 3.0"
    reader = program("read", simulator.port, f"{GRID},mac=0x1", patch=patch)

    assert reader.wait(20) == 1
    assert reader.stderr.to_the_end()[0].startswith(
        f"wattline: The stick on {simulator.port} said nothing of grid in 3 s: "
    )


def test_watch_shows_a_stick(stick, program) -> None:
    simulator = stick(speed=8)
    watcher = program("watch", "--seconds", "8", simulator.port, GRID)

    assert watcher.wait(30) == 0
    shown = watcher.stdout.to_the_end()
    assert any(" W" in line for line in shown), shown
    assert watcher.stderr.to_the_end() == []


def test_the_console_asks_and_hides_the_keys(stick, program) -> None:
    simulator = stick()
    console = program("rainforest", "console", simulator.port)
    console.process.stdin.write(b"get_device_info\nfactory_reset\nget_time MeterMacId=" + METER_MAC.encode() + b"\n")
    console.stdout.wait_for("</TimeCluster>", within_s=10)
    console.stdout.wait_for("</DeviceInfo>", within_s=10)
    console.end_stdin()

    assert console.wait(10) == 0
    assert simulator.asked == ["get_device_info", "get_time"]
    said = "".join(console.stdout.texts)
    assert "<InstallCode>xxxxxxxxxxxxxxxxxx</InstallCode>" in said
    assert LINK_KEY[2:] not in said
    assert console.stderr.texts[0].startswith(
        "'factory_reset' is no command that wattline sends; it sends those alone "
    )


def test_the_console_greets_whoever_types(stick, terminal) -> None:
    """With the port, the help and the end; and its help fits the window, here of 100 columns."""
    simulator = stick()
    words = [sys.executable, "-m", "wattline", "rainforest", "console", simulator.port]
    process = subprocess.Popen(words, **terminal.options())
    try:
        terminal.wait_for(rf"The stick on {simulator.port}: `help` lists the commands, Ctrl-D ends")
        os.write(terminal.master, b"help\n")
        terminal.wait_for("quit ends")
        assert max(map(len, terminal.shown.splitlines())) <= 100
    finally:
        process.kill()
        process.wait()


class Torn:
    """A stick that is cut off in the middle of a tag; then the person has had enough."""

    def __init__(self, stop: Stop) -> None:
        self.said = b"<TimeCluster>\r\n  <UTCTime>0x1</UTCTime>\r\n  <LocalTi"
        self.stop = stop

    @property
    def in_waiting(self) -> int:
        return len(self.said)

    def read(self, size: int = 1) -> bytes:
        data, self.said = self.said[:size], b""
        self.stop.set()
        return data


def test_the_console_shows_nothing_of_a_torn_tag(capsys: pytest.CaptureFixture[str]) -> None:
    stop = Stop()
    reading, writing = os.pipe()
    with os.fdopen(reading) as lines, os.fdopen(writing, "w"):
        converse(Torn(stop), stop, lines)
    assert capsys.readouterr().out == "<TimeCluster>\n  <UTCTime>0x1</UTCTime>\n  \n"


@pytest.mark.parametrize("where", ["device", "socket"])
@pytest.mark.parametrize(("command", "words"), [("scan", ()), ("read", ("house=orno-we515@1",))])
def test_a_stick_on_the_port_of_meters_is_told(
    stick, capsys: pytest.CaptureFixture[str], where: str, command: str, words: tuple[str, ...]
) -> None:
    """Where no USB number tells it, it is known as soon as it speaks, and not after the search."""
    port = stick(tcp=where == "socket", speed=60).port
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        assert cli.main([command, port, *words]) == 2
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    assert (
        f"What hangs on {port} speaks as a Rainforest stick does, and cannot be asked as a meter on RS485 is; "
        f"try `wattline run {port} grid=rainforest-raven`." in capsys.readouterr().err
    )


def test_the_command_simulates_a_stick(program, tmp_path: Path) -> None:
    link, truth = tmp_path / "ttyStick", tmp_path / "truth"
    simulator = program(
        "simulate", "--link", str(link), "--truth", str(truth), "--speed", "8", "--faults", "m4=0.5", "rainforest-raven"
    )
    assert simulator.stdout.wait_for("ttyStick", within_s=10) == str(link)
    assert "read" in simulator.stdout.wait_for("grid=rainforest-raven", within_s=10)
    reader = program("read", str(link), "grid=rainforest-raven")
    assert reader.wait(20) == 0
    assert {"kind", "utc_s", "raw", "faults"} == json.loads(truth.read_text().splitlines()[0]).keys()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["rainforest-raven", "house=orno-we515@1"],
            "A stick is simulated alone: give one METER, such as rainforest-raven.",
        ),
        (
            ["--speed", "2", "house=orno-we515@1"],
            "--speed is for a simulated stick; a meter on RS485 shows the time of day.",
        ),
        (["--faults", "crc", "rainforest-raven"], "There is no fault 'crc' ('crc')"),
        (["--faults", "m1", "house=orno-we515@1"], "There is no fault 'm1' ('m1')"),
        (["--faults", "unplug@3-4", "rainforest-raven"], "The fault 'unplug' needs --link or --tcp"),
        (["--speed", "0", "rainforest-raven"], "Argument --speed: '0' must be a whole number from 1 to 1000"),
    ],
)
def test_wrong_words_are_refused(capsys: pytest.CaptureFixture[str], words: list[str], sentence: str) -> None:
    assert cli.main(["simulate", *words]) == 2
    assert sentence in capsys.readouterr().err


def test_the_line_takes_its_time(stick) -> None:
    """64 KiB at 115 200 baud are 5.7 s; what is behind them waits."""
    simulator = stick(tcp=True)
    host, port = simulator.port.removeprefix("socket://").split(":")
    with socket.create_connection((host, int(port))) as client:
        until(simulator._endpoint.channels)
        began_s = time.monotonic()
        simulator.say(11_520 * b"x")
        received = 0
        while received < 11_520 and select.select([client], [], [], 5)[0]:
            received += client.recv(65_536).count(b"x")
    assert 0.8 < time.monotonic() - began_s < 3
