"""The heartbeat of telegraf.d/95-heartbeat.conf.example, on the real Telegraf, against a server of the test.

| fault | what would be seen |
|---|---|
| the file has rusted | Telegraf does not start once it is put in place |
| it beats without readings | the dead man's switch is held by a dead meter |
| it beats for each reading | the service behind the URL throws it out |
| a reading is in the body, the URL or a header | what the house draws is known outside |
| the URL is away | readings wait for it, or are lost |
| what waited for it is sent for hours | a dead meter seems alive |
"""

import re
import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from chain.conftest import FOLDER, WATTLINE, Program, wait_until
from wattline.simulate import Scenario, Simulator
from wattline.words import parse_meters

pytestmark = [pytest.mark.chain, pytest.mark.timeout(120)]

EXAMPLE = FOLDER / "telegraf.d" / "95-heartbeat.conf.example"
# In place of a minute, so that the story is short.
BEAT_S = 2
# Telegraf writes what came last, and a beat may be under way.
LAG_S = BEAT_S + 1
QUIET_S, DEAD_S = 7, 8


@dataclass
class Beat:
    """One call."""

    at: float
    method: str
    path: str
    body: str
    headers: dict[str, str] = field(repr=False)


class Switch:
    """A dead man's switch: it listens, and can be taken away and put back at the same place."""

    def __init__(self) -> None:
        self.beats: list[Beat] = []
        self._port = 0
        self.open()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/ping/a-house"

    def open(self) -> None:
        beats = self.beats

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                beats.append(Beat(time.time(), self.command, self.path, body, dict(self.headers)))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), Handler)
        self._port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def since(self, moment: float) -> list[Beat]:
        return [beat for beat in self.beats if beat.at > moment]


@dataclass
class Story:
    """What happened, in seconds since 1970."""

    began: float = 0.0
    silent: float = 0.0
    heard: float = 0.0
    dead: float = 0.0
    back: float = 0.0
    over: float = 0.0
    beats: list[Beat] = field(default_factory=list)
    beats_after_the_end: list[Beat] = field(default_factory=list)
    seconds: set[int] = field(default_factory=set)
    log: str = ""

    def beats_between(self, begin: float, end: float) -> list[Beat]:
        return [beat for beat in self.beats if begin < beat.at < end]


def deploy(folder: Path, readings: Path) -> Path:
    """A copy of telegraf/ with the example put in place, and what is read going to a file as well."""
    copy = Path(shutil.copytree(FOLDER, folder / "telegraf"))
    written = EXAMPLE.read_text()
    assert 'flush_interval = "60s"' in written
    beat = written.replace('flush_interval = "60s"', f'flush_interval = "{BEAT_S}s"')
    (copy / "telegraf.d" / "95-heartbeat.conf").write_text(beat)
    meters = copy / "telegraf.d" / "10-meters.conf"
    text = meters.read_text().replace("/opt/wattline/bin/wattline", WATTLINE)
    meters.write_text(text.replace("/var/lib/wattline/journal", f"{folder}/journal"))
    (copy / "telegraf.d" / "99-file.conf").write_text(
        f'[[outputs.file]]\n  files = ["{readings}"]\n  namepass = ["electricity"]\n  flush_interval = "1s"\n'
    )
    return copy


@pytest.fixture(scope="module")
def story(server: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Story:
    """A minute: readings, none, readings, no switch, the switch again, none."""
    story, folder, switch = Story(), tmp_path_factory.mktemp("heartbeat"), Switch()
    readings, link = folder / "readings", folder / "ttyMeter"
    copy = deploy(folder, readings)
    words = ["--config", f"{copy}/telegraf.conf", "--config-directory", f"{copy}/telegraf.d"]
    # There is no database: its outputs wait, as they do while it is away.
    own = {
        "INFLUX_TOKEN": "a-token",
        "INFLUX_URL": "http://127.0.0.1:9",
        "WATTLINE_PORT": str(link),
        "PATH": "/usr/bin:/bin",
    }

    def beats_again(seconds: float) -> None:
        moment = time.time()
        wait_until("the heart beats", lambda: len(switch.since(moment)) >= 2, seconds)

    def rest(seconds: float) -> None:
        time.sleep(seconds)  # the time itself is waited for

    with (
        Simulator(parse_meters(["house=orno-we515@1"]), Scenario(load="random"), link=link) as simulator,
        Program("telegraf-heartbeat", folder, pytestconfig) as telegraf,
    ):
        telegraf.run([server("telegraf"), *words], own | {"WATTLINE_HEARTBEAT_URL": switch.url})
        beats_again(20)
        story.began = time.time()
        rest(3 * BEAT_S)
        story.silent = time.time()
        simulator.unplug()
        rest(LAG_S + QUIET_S)
        story.heard = time.time()
        simulator.plug_in()
        beats_again(30)
        story.dead = time.time()
        switch.close()
        rest(DEAD_S)
        story.back = time.time()
        switch.open()
        beats_again(10)
        story.over = time.time()
        switch.close()
        rest(BEAT_S + 1)
        simulator.unplug()
        rest(LAG_S)
        # What waited is sent in one beat, and then the heart is still.
        story.beats, moment = list(switch.beats), time.time()
        switch.open()
        rest(3 * BEAT_S)
        story.beats_after_the_end = switch.since(moment)
        switch.close()
        telegraf.stop()
        story.log = telegraf.log
    story.seconds = {int(line.rsplit(" ", 1)[1]) // 1_000_000_000 for line in readings.read_text().splitlines()}
    return story


def test_it_beats_at_its_own_pace_while_readings_arrive(story: Story) -> None:
    beats = story.beats_between(story.began, story.silent)
    assert 2 <= len(beats) <= 4


def test_it_is_still_while_no_reading_arrives(story: Story) -> None:
    assert story.beats_between(story.silent + LAG_S, story.heard) == []


def test_no_second_is_lost_while_its_url_is_away(story: Story) -> None:
    assert set(range(int(story.dead), int(story.over))) - story.seconds == set()


def test_it_beats_again_when_its_url_is_back(story: Story) -> None:
    assert story.beats_between(story.back, story.back + LAG_S)


def test_what_waited_for_its_url_is_one_beat(story: Story) -> None:
    assert len(story.beats_after_the_end) <= 1


def test_no_reading_leaves_the_house(story: Story) -> None:
    beats = [*story.beats, *story.beats_after_the_end]
    assert {(beat.method, beat.path, beat.body) for beat in beats} == {("POST", "/ping/a-house", "Readings arrive.")}
    names = {"Host", "User-Agent", "Content-Length", "Content-Type", "Accept-Encoding"}
    assert {name for beat in beats for name in beat.headers} <= names


def test_only_the_absent_url_is_complained_of(story: Story) -> None:
    complaints = [
        line for line in story.log.splitlines() if " E! " in line and "influxdb" not in line and "execd" not in line
    ]
    assert complaints
    assert [line for line in complaints if "http::heartbeat" not in line and "connection refused" not in line] == []


def test_without_its_url_telegraf_does_not_start_and_says_why(server: Callable[[str], str], tmp_path: Path) -> None:
    copy = deploy(tmp_path, tmp_path / "readings")
    where = ["--config", f"{copy}/telegraf.conf", "--config-directory", f"{copy}/telegraf.d"]
    command = [server("telegraf"), "config", "check", "--strict-env-handling", *where]

    def check(**environment: str) -> subprocess.CompletedProcess[str]:
        own = {"INFLUX_TOKEN": "a-token"} | environment
        return subprocess.run(command, env=own, capture_output=True, text=True, check=False)

    refused = check()
    assert refused.returncode == 1
    assert "WATTLINE_HEARTBEAT_URL is missing a value: is not set: write WATTLINE_HEARTBEAT_URL=" in refused.stderr
    assert check(WATTLINE_HEARTBEAT_URL="https://example.org/").returncode == 0


def test_what_waits_is_little() -> None:
    """At 0.83 KB a metric, as 90-influxdb.conf says."""
    (limit,) = re.findall(r"^  metric_buffer_limit = (\d+)$", EXAMPLE.read_text(), flags=re.MULTILINE)
    (batch,) = re.findall(r"^  metric_batch_size = (\d+)$", EXAMPLE.read_text(), flags=re.MULTILINE)
    assert int(batch) == int(limit) <= 1000
