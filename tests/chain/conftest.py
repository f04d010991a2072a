"""The chain: a simulated meter, the real plugin under a real Telegraf, a real InfluxDB. All listen on 127.0.0.1 only."""

import json
import os
import shutil
import sys
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from database import NS, InfluxDB, Program, wait_until
from wattline.meters import load_models
from wattline.simulate import Served

FOLDER = Path(__file__).parent.parent.parent / "telegraf"
WATTLINE = str(Path(sys.executable).with_name("wattline"))
MODEL = load_models()["orno-we515"]
DECIMALS = {row.field: row.decimals for row in MODEL.rows}


def sleep_until(wall_s: float) -> None:
    """Let the world go on until ``wall_s`` seconds since 1970."""
    time.sleep(max(0.0, wall_s - time.time()))  # the time itself is waited for


class Telegraf(Program):
    """Telegraf on a copy of telegraf/ in which only the place of wattline is another.

    Args:
        site: the tag by which a test finds its points.
    """

    def __init__(self, program: str, folder: Path, config: pytest.Config, site: str) -> None:
        super().__init__(f"telegraf-{site}", folder, config)
        self._program, self._site = program, site
        self._copy = Path(shutil.copytree(FOLDER, folder / f"telegraf-{site}"))

    def start(self, database: InfluxDB, port: Path, extra: Mapping[str, str]) -> None:
        """Start it, with ``port`` in WATTLINE_PORT and ``extra`` files in telegraf.d, as a user would add them."""
        for name, text in extra.items():
            (self._copy / "telegraf.d" / name).write_text(text)
        for path in (self._copy / "telegraf.d").iterdir():
            text = path.read_text().replace("/opt/wattline/bin/wattline", WATTLINE)
            path.write_text(text.replace("/var/lib/wattline/journal", f"{self._copy}/journal"))
        words = ["--config", f"{self._copy}/telegraf.conf", "--config-directory", f"{self._copy}/telegraf.d"]
        own = {"WATTLINE_SITE": self._site, "WATTLINE_PORT": str(port)}
        shared = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "NOTIFY_SOCKET") if name in os.environ}
        shared |= {"INFLUX_URL": database.url, "INFLUX_TOKEN": database.token}
        self.run([self._program, *words], own | shared)

    @property
    def restart_delay_s(self) -> int:
        """What 10-meters.conf says."""
        (execd,) = tomllib.loads((self._copy / "telegraf.d" / "10-meters.conf").read_text())["inputs"]["execd"]
        return int(execd["restart_delay"].removesuffix("s"))

    @property
    def plugins(self) -> list[int]:
        """The processes of wattline that are its children."""
        assert self.process
        children = Path(f"/proc/{self.process.pid}/task")
        pids = [int(pid) for task in children.iterdir() for pid in (task / "children").read_text().split()]
        return [pid for pid in pids if b"wattline" in command_line(pid)]


def command_line(pid: int) -> bytes:
    """The words of a process; none when it is gone or not reaped."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def read_truth(path: Path) -> list[Served]:
    """What `wattline simulate --truth` has written."""
    return [Served(**json.loads(line)) for line in path.read_text().splitlines()]


def compare(points: Mapping[int, Mapping[str, float]], truth: Sequence[Served]) -> list[str]:
    """A sentence about each stored value that the meter did not serve, at its decimals, in the second of its stamp."""
    served: dict[tuple[int, str], set[float]] = {}
    for entry in truth:
        for name, value in entry.values.items():
            served.setdefault((entry.heard_wall_ns // NS * NS, name), set()).add(value)
    wrong = []
    for stamp, fields in points.items():
        for name, value in fields.items():
            shown, believable = round(value, DECIMALS[name]), served.get((stamp, name), set())
            if shown not in believable:
                wrong.append(f"{stamp // NS} {name} = {shown}, served in that second: {sorted(believable)}")
    return wrong


@pytest.fixture(scope="session")
def influxdb(
    server: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Iterator[InfluxDB]:
    """One InfluxDB for all; the tests tell their points apart by the tag ``site``."""
    with InfluxDB(server("influxd"), server("influx"), tmp_path_factory.mktemp("influxdb"), pytestconfig) as database:
        database.start()
        database.set_up()
        yield database


class Chain:
    """What a chain test works with; all that it starts ends with the module."""

    wait_until = staticmethod(wait_until)
    sleep_until = staticmethod(sleep_until)
    compare = staticmethod(compare)
    read_truth = staticmethod(read_truth)
    command_line = staticmethod(command_line)

    def __init__(self, influxdb: InfluxDB, telegraf: str, folder: Path, config: pytest.Config) -> None:
        self.influxdb, self.folder = influxdb, folder
        self.stack = ExitStack()
        self._telegraf, self._config = telegraf, config

    def start_telegraf(self, site: str, port: Path, extra: Mapping[str, str] | None = None) -> Telegraf:
        """Telegraf on a copy of telegraf/, writing into the database."""
        telegraf = self.stack.enter_context(Telegraf(self._telegraf, self.folder, self._config, site))
        telegraf.start(self.influxdb, port, extra or {})
        return telegraf

    def start_simulator(self, name: str, *words: str) -> tuple[Path, Path]:
        """`wattline simulate` with one meter and further ``words``; returns its port and its file of the truth."""
        link, truth = self.folder / name, self.folder / f"{name}.truth"
        simulator = self.stack.enter_context(Program(f"simulate-{name}", self.folder, self._config))
        files = ["--link", str(link), "--truth", str(truth)]
        simulator.run([WATTLINE, "simulate", *files, *words, f"{name}=orno-we515@1"])
        wait_until(f"the simulator of {name} is there", lambda: link.exists() or not simulator.is_alive, 10)
        assert simulator.is_alive
        return link, truth


@pytest.fixture(scope="module")
def chain(
    server: Callable[[str], str],
    influxdb: InfluxDB,
    tmp_path_factory: pytest.TempPathFactory,
    pytestconfig: pytest.Config,
) -> Iterator[Chain]:
    """The chain."""
    chain = Chain(influxdb, server("telegraf"), tmp_path_factory.mktemp("chain"), pytestconfig)
    with chain.stack:
        yield chain
