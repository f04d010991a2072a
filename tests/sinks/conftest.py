"""The first Telegraf, which is fed with lines, and a sink behind it. All listen on 127.0.0.1 only."""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from database import Program, wait_until
from sinks.broker import Mosquitto
from sinks.servers import free_port

PROJECT = Path(__file__).parents[2]
SINKS = PROJECT / "telegraf" / "sinks"
# Between two writes of a Telegraf. The files say a second or two, which a test would only wait for.
FLUSH_S = 0.2
CORE = PROJECT / "telegraf" / "telegraf.d" / "92-sinks.conf.example"


def hurried(text: str) -> str:
    """A configuration whose writes come sooner after one another, and which is as it was otherwise."""
    return re.sub(r'flush_interval = ".*"', f'flush_interval = "{FLUSH_S * 1000:.0f}ms"', text)


class Core(Program):
    """Telegraf with the output of 92-sinks.conf and no other; its meter is a file to which a test adds lines."""

    def __init__(self, telegraf: str, folder: Path, config: pytest.Config, output: str) -> None:
        super().__init__("telegraf-core", folder, config)
        self._telegraf = telegraf
        self._lines = folder / "lines"
        self._lines.touch()
        self._conf = folder / "core.conf"
        words = f'["tail", "-n", "+1", "-F", "{self._lines}"]'
        self._conf.write_text(
            "[agent]\n  omit_hostname = true\n  skip_processors_after_aggregators = true\n"
            f'[[inputs.execd]]\n  command = {words}\n  signal = "none"\n  data_format = "influx"\n{hurried(output)}'
        )

    def start(self) -> None:
        """Start it; it reads the file from its beginning."""
        self.run([self._telegraf, "--config", str(self._conf)], {"PATH": os.environ["PATH"]})

    def add(self, *lines: str) -> None:
        """What a meter says."""
        with self._lines.open("a") as file:
            file.writelines(f"{line}\n" for line in lines)


class Sink(Program):
    """A file of telegraf/sinks/, in which only the port, the pace and the place of rounding.star are others."""

    def __init__(self, telegraf: str, folder: Path, config: pytest.Config, name: str, environment: Mapping[str, str]):
        super().__init__(f"sink-{name}", folder, config)
        self.telegraf, self._environment = telegraf, environment
        self.port = free_port()
        text = (SINKS / f"{name}.conf").read_text().replace("/etc/wattline-sinks", str(SINKS))
        self.conf = folder / f"{name}.conf"
        self.conf.write_text(hurried(re.sub(r'(service_address = "127\.0\.0\.1):\d+"', rf'\1:{self.port}"', text)))

    def replace(self, pattern: str, text: str) -> None:
        """Change the configuration, as a user would."""
        self.conf.write_text(re.sub(pattern, text, self.conf.read_text(), flags=re.DOTALL))

    def start(self) -> None:
        """Start it."""
        own = {"PATH": os.environ["PATH"], **self._environment}
        self.run([self.telegraf, "--config", str(self.conf)], own)

    def start_as_systemd(self) -> None:
        """Start it again and again until it stays, as wattline-sink@.service does."""

        def stays() -> bool:
            if not self.is_alive:
                self.start()
            return "Loaded outputs" in self.log.rpartition("Starting Telegraf")[2] and self.is_alive

        wait_until(f"{self.name} stays", stays, 60)


class Rig:
    """What a test of a sink works with; all that it starts ends with the test."""

    flush_s = FLUSH_S

    def __init__(self, core: str, sinks: str, folder: Path, config: pytest.Config) -> None:
        self.folder, self.config = folder, config
        self.stack = ExitStack()
        self._core, self._sinks = core, sinks

    def sink(self, name: str, environment: Mapping[str, str]) -> Sink:
        """A sink that was not started yet."""
        return self.stack.enter_context(Sink(self._sinks, self.folder, self.config, name, environment))

    def core(self, sink: Sink, extra: str = "") -> Core:
        """The first Telegraf, started, which writes to ``sink`` by the first output of 92-sinks.conf."""
        output = CORE.read_text().partition("# [[outputs")[0]
        output = re.sub(r"127\.0\.0\.1:\d+", f"127.0.0.1:{sink.port}", output)
        return self.started(output + extra)

    def started(self, output: str) -> Core:
        """The first Telegraf, started, with this ``output``."""
        core = self.stack.enter_context(Core(self._core, self.folder, self.config, output))
        core.start()
        return core


@pytest.fixture
def rig(
    server: Callable[[str], str], sinks_server: Callable[[str], str], tmp_path: Path, pytestconfig: pytest.Config
) -> Iterator[Rig]:
    """The rig."""
    rig = Rig(server("telegraf"), sinks_server("telegraf-sinks"), tmp_path, pytestconfig)
    with rig.stack:
        yield rig


@pytest.fixture
def broker(tmp_path: Path, pytestconfig: pytest.Config) -> Iterator[Mosquitto]:
    """Mosquitto, running."""
    with Mosquitto(tmp_path, pytestconfig) as broker:
        broker.start()
        yield broker
