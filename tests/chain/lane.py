"""A lane of the chain: simulated meters, the plugin with a journal, a Telegraf, and a tag ``site`` of its own in InfluxDB.

What may befall a house is done to it here, and noted with its time, so that the sum at its end knows what may be lost.
"""

import os
import resource
import select
import signal
import sys
import time
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import pytest
from line_protocol_parser import parse_line

from chain import sums
from chain.conftest import FOLDER, WATTLINE, Telegraf, command_line, read_truth
from chain.sums import Event, Points, Sum, Told
from database import InfluxDB, Program, wait_until
from wattline.journal.notes import is_note, of_line
from wattline.journal.reader import files_in, folders_in, read
from wattline.simulate import Served
from wattline_backup.reconcile.work import UNDER_WAY_S, Result, Work
from wattline_backup.settings import settings

METERS_CONF, INFLUXDB_CONF = "10-meters.conf", "90-influxdb.conf"
# The plugin, with a clock that is ahead of the machine's by the seconds that a file says, to whatever asks it for the time.
# Each line that it gives out is told before, with the machine's time and those seconds: into a pipe, which no disk can fill.
OVERHEARD = """#!{python}
import sys, time
now_ns = time.time_ns
def ahead_s():
    with open("{clock}") as file:
        return int(file.read())
def time_ns():
    return now_ns() + ahead_s() * 10**9
time.time_ns, time.time = time_ns, lambda: time_ns() / 1e9
from wattline.output import Output
put, told = Output.put, open("{told}", "wb", 0)
def tell_and_put(self, lines):
    told.write("".join(f"{{now_ns()}} {{ahead_s()}} {{line}}\\n" for line in lines).encode())
    put(self, lines)
Output.put = tell_and_put
from wattline.cli import main
sys.exit(main())
"""


class Lane:
    """One house; all that it starts ends with it.

    Args:
        site: its tag.
        influxdb: where its readings go.
        telegraf: the program.
        folder: for its files.
        config: of pytest, which shows the logs of what fails.
        meters: the words behind the port.
        buffer: how many points Telegraf can hold; as in 90-influxdb.conf unless given.

    Attributes:
        events: what was done to it.
    """

    def __init__(
        self,
        site: str,
        influxdb: InfluxDB,
        telegraf: str,
        folder: Path,
        config: pytest.Config,
        *,
        meters: Sequence[str] = ("house=orno-we515@1",),
        buffer: int | None = None,
    ) -> None:
        self.site, self.folder = site, folder / site
        self.folder.mkdir()
        self.meters = [word.partition("=")[0] for word in meters]
        self.events: list[Event] = []
        self.journal = self.folder / "journal"
        self._influxdb, self._words = influxdb, list(meters)
        self._link, self._truth = self.folder / "port", self.folder / "truth"
        self._clock, self._told = self.folder / "clock", self.folder / "told"
        self._stack = ExitStack()
        self._simulator = Program(f"simulate-{site}", self.folder, config)
        self._listener = Program(f"told-{site}", self.folder, config)
        self.telegraf = Telegraf(telegraf, self.folder, config, site)
        self._files = self._configuration(buffer, self._program())

    def _configuration(self, buffer: int | None, program: str) -> Mapping[str, str]:
        """The two files of telegraf.d that are others than a house's."""
        meters, influxdb = ((FOLDER / "telegraf.d" / name).read_text() for name in (METERS_CONF, INFLUXDB_CONF))
        words = ", ".join(f'"{word}"' for word in self._words)
        command = f'["{program}", "run", "--journal", "{self.journal}", "{self._link}", {words}]'
        meters = meters.replace(
            '["/opt/wattline/bin/wattline", "run", "--journal", "/var/lib/wattline/journal", "${WATTLINE_PORT:-/dev/ttyRS485}", "house=orno-we515@1"]',
            command,
            1,
        )
        assert command in meters
        if buffer:
            influxdb = influxdb.replace("metric_buffer_limit = 86400", f"metric_buffer_limit = {buffer}")
            influxdb = influxdb.replace("metric_batch_size = 2000", f"metric_batch_size = {buffer // 2}", 1)
        return {METERS_CONF: meters, INFLUXDB_CONF: influxdb}

    def _program(self) -> str:
        """The plugin; Telegraf's children are known by the name."""
        self._clock.write_text("0")
        path = self.folder / "wattline-overheard"
        path.write_text(OVERHEARD.format(python=sys.executable, clock=self._clock, told=self._told))
        path.chmod(0o700)
        return str(path)

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            os.mkfifo(self._told)
            # It stays open when a plugin has ended.
            self._pipe = stack.enter_context(self._told.open("r+b", 0))
            self._listener.run(["cat", str(self._told)])
            stack.enter_context(self._listener)
            stack.enter_context(self._simulator)
            stack.enter_context(self.telegraf)
            # By its values a house is told from another with a meter of the same name.
            dice = ["--load", "random", "--seed", str(zlib.crc32(self.site.encode()))]
            words = ["--link", str(self._link), "--truth", str(self._truth), *dice, *self._words]
            self._simulator.run([WATTLINE, "simulate", *words])
            wait_until("the simulator is there", lambda: self._link.exists() or not self._simulator.is_alive, 20)
            assert self._simulator.is_alive
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    # What happens in it.

    def start(self) -> None:
        """Start Telegraf, and with it the plugin."""
        self.telegraf.start(self._influxdb, self._link, self._files)

    def is_metering(self) -> None:
        """Return when the meters have answered anew, for a second or more."""
        self.plugin()
        enough = self._size + 3000 * len(self.meters)
        wait_until(f"the meters of {self.site} are asked", lambda: self._size > enough, 60)

    def meter(self, seconds: float) -> None:
        """Let it be metered for so long from now on, or from when it is."""
        self.is_metering()
        time.sleep(seconds)  # the time itself is waited for

    def says(self, words: str, within_s: float = 60) -> None:
        """Wait until the plugin has said that."""
        wait_until(f"the plugin of {self.site} says {words!r}", lambda: words in self.telegraf.log, within_s)

    @property
    def _size(self) -> int:
        """Of what the meters said."""
        return self._truth.stat().st_size if self._truth.exists() else 0

    def plugin(self) -> int:
        """The process of the plugin, once there is one."""
        (pid,) = wait_until(f"the plugin of {self.site} is there", lambda: self.telegraf.plugins, 60)
        return int(pid)

    def note(self, kind: str, began_s: float, ended_s: float | None = None) -> None:
        """Something was done; it ends now unless said."""
        self.events.append(Event(kind, began_s, time.time() if ended_s is None else ended_s))

    def kill_plugin(self) -> None:
        """SIGKILL; Telegraf starts it again."""
        pid, began_s = self.plugin(), time.time()
        os.kill(pid, signal.SIGKILL)
        wait_until("it is gone", lambda: not command_line(pid), 20)
        self.note(sums.PLUGIN_KILLED, began_s)

    def kill_telegraf(self, *, waits: bool = True) -> None:
        """SIGKILL; the plugin ends by itself, since nobody reads any more.

        Args:
            waits: for that; as whoever starts Telegraf again at once does not.
        """
        pids, began_s = self.telegraf.plugins, time.time()
        assert self.telegraf.process
        self.telegraf.process.kill()
        self.telegraf.process.wait()
        if waits:
            wait_until("the plugin has ended", lambda: not any(map(command_line, pids)), 20)
        self.note(sums.TELEGRAF_KILLED, began_s, None if waits else time.time() + 2)

    def stop_telegraf(self) -> None:
        """SIGTERM, as its service is stopped."""
        began_s = time.time()
        self.telegraf.stop()
        self.note(sums.TELEGRAF_ENDED, began_s)

    def cut_power(self, *others: Program) -> None:
        """Plugin, Telegraf and ``others`` are gone in the same moment."""
        plugins = self.telegraf.plugins
        programs = [self.telegraf, *others]
        pids = [*plugins, *(program.process.pid for program in programs if program.process and program.is_alive)]
        began_s = time.time()
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in pids:
                os.kill(pid, number)
        for program in programs:
            assert program.process
            program.process.wait()
        wait_until("the plugin is gone", lambda: not any(map(command_line, plugins)), 20)
        self.note(sums.POWER_CUT, began_s)

    def limit_files(self, limit_bytes: int) -> None:
        """Let no file of the plugin grow, nor be written, beyond that."""
        resource.prlimit(self.plugin(), resource.RLIMIT_FSIZE, (limit_bytes, resource.RLIM_INFINITY))

    def set_clock(self, by_s: int) -> None:
        """Set the plugin's clock ahead of the machine's by so many seconds."""
        fresh = self._clock.with_suffix(".new")
        fresh.write_text(str(by_s))
        fresh.replace(self._clock)
        self.note(sums.CLOCK_SET, time.time() - 2, time.time() + 2)

    # What is where.

    def truth(self) -> list[Served]:
        """All that the meters said."""
        return read_truth(self._truth)

    def told(self) -> list[Told]:
        """All readings that the plugin gave out."""
        wait_until("all is heard", lambda: not select.select([self._pipe], [], [], 0)[0], 20)
        found = []
        for at, ahead, line in (line.split(" ", 2) for line in self._listener.log.splitlines()):
            if line.startswith("electricity,"):
                point = parse_line(line)
                found.append(Told(int(at), int(ahead), point["tags"]["meter"], point["time"], point["fields"]))
        return found

    def stored(self) -> dict[str, Points]:
        """Meter to what InfluxDB has of it."""
        series = self._influxdb.series("energy", self.site, "electricity")
        found = {dict(word.split("=") for word in tags)["meter"]: points for tags, points in series.items()}
        assert len(found) == len(series), f"a meter has several series: {list(series)}"
        return {meter: found.get(meter, {}) for meter in self.meters}

    def lines(self) -> list[str]:
        """All that the journal has, notes among them."""
        paths = [path for folder in folders_in(self.journal) for path in files_in(folder)]
        return [line for path in paths for record in read(path) for line in record.lines]

    def notes(self) -> list[dict[str, object]]:
        """The notes in the journal."""
        return [note for line in self.lines() if (note := of_line(line))]

    def kept(self) -> dict[str, dict[int, dict[str, float]]]:
        """Meter to what the journal has of it; of a second that was metered twice the later values."""
        found: dict[str, dict[int, dict[str, float]]] = {meter: {} for meter in self.meters}
        for point in (parse_line(line) for line in self.lines() if not is_note(line)):
            if point["measurement"] == "electricity":
                found[point["tags"]["meter"]].setdefault(point["time"], {}).update(point["fields"])
        return found

    def sum_up(self) -> dict[str, Sum]:
        """Meter to its sum, as things are stored now."""
        truth, told, stored = self.truth(), self.told(), self.stored()
        return {meter: sums.sum_up(meter, truth, told, stored[meter], self.events) for meter in self.meters}

    # What is made of it.

    def environment(self) -> dict[str, str]:
        """What `wattline-backup` needs."""
        (token := self.folder / "token").write_text(self._influxdb.token)
        return {
            "INFLUX_HOST": self._influxdb.url,
            "WATTLINE_BACKUP_FOLDER": str(self.folder / "sets"),
            "WATTLINE_BACKUP_TOKEN_FILE": str(token),
            "WATTLINE_BACKUP_JOURNAL": str(self.journal),
            "WATTLINE_BACKUP_REMAKE": "/bin/true",
            "WATTLINE_SITE": self.site,
            "WATTLINE_TIMEZONE": "UTC",
        }

    def reconcile(self, cut_s: float) -> Result:
        """As it does when nothing before ``cut_s`` is under way any more."""
        chosen = settings(self.environment())
        server = chosen.server()
        try:
            return Work(chosen, server, lambda: cut_s + UNDER_WAY_S).run()
        finally:
            server.close()

    def numbers(self) -> dict[str, Counter[str]]:
        """Meter to the numbers of seconds of all days together."""
        found: dict[str, Counter[str]] = {meter: Counter() for meter in self.meters}
        for tags, days in self._influxdb.series("energy_1d", self.site, "wattline_completeness").items():
            meter = dict(word.split("=") for word in tags)["meter"]
            for numbers in days.values():
                found[meter].update({name: int(number) for name, number in numbers.items()})
        return found
