"""``make soak``: minutes or hours in which the plugin, Telegraf and InfluxDB are killed at random, and the sum of them.

A simulated house with two meters is metered with a journal. Dice with a seed kill, stop and starve each part, cut the power
of all of them, and leave the journal torn. `wattline-backup reconcile` runs each minute, and is killed as well. At the end
what is stored is compared with what the meters said, second by second and value by value, and with what
`wattline_completeness` says of it. Exit code 1 if anything is missing that may not, or is wrong.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from chain import sums, torn
from chain.lane import Lane
from chain.soak_table import Verdict, table, verdict_of
from database import NS, InfluxDB, wait_until

METERS = ("house=orno-we515@1", "roof=orno-we515@2,role=solar")
RECONCILE_S = 60
BACK_S = 180
# What is done, how often beside the rest, and for how long at the most, in seconds.
DEEDS = {
    "kill_plugin": (5, 0),
    "kill_telegraf": (5, 12),
    "kill_both": (3, 12),
    "cut_power": (2, 20),
    "take_influxdb": (4, 70),
    "stop_plugin": (2, 20),
    "stop_telegraf": (2, 20),
    "stop_influxdb": (2, 15),
    "kill_reconcile": (2, 0),
}


def main() -> int:
    """Returns 0, or 1 if something is missing or wrong."""
    arguments = _arguments()
    # As Ctrl-C does: what it started ends with it, also what stands still.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    folders = subprocess.run(
        [Path(__file__).parents[1] / "servers" / "build", "--path"], check=True, capture_output=True, text=True
    ).stdout.strip()
    programs = [shutil.which(name, path=folders) for name in ("influxd", "influx", "telegraf")]
    if None in programs:
        print("Telegraf or InfluxDB is not built; `make servers` builds them.", file=sys.stderr)
        return 1
    folder = arguments.keep or Path(tempfile.mkdtemp(prefix="wattline-soak-"))
    folder.mkdir(parents=True, exist_ok=True)
    verdict = soak(folder, cast(Sequence[str], programs), arguments.minutes, arguments.seed)
    print(table(verdict))
    if not verdict.is_sound:
        print(f"What is left of it lies in {folder}.", file=sys.stderr)
    elif not arguments.keep:
        shutil.rmtree(folder)
    return int(not verdict.is_sound)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make soak", description=str(__doc__).partition("\n\n")[0])
    parser.add_argument("--minutes", type=float, default=15, help="how long (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="which chances (default: %(default)s)")
    parser.add_argument("--keep", type=Path, help="a folder for logs, journal and truth, which are left there")
    return parser.parse_args()


def soak(folder: Path, programs: Sequence[str], minutes: float, seed: int) -> Verdict:
    """Do it.

    Args:
        folder: for all files.
        programs: influxd, influx and telegraf.
        minutes: how long.
        seed: of the dice.
    """
    config = cast(pytest.Config, SimpleNamespace(stash={}))
    (place := folder / "influxdb").mkdir()
    with (
        InfluxDB(programs[0], programs[1], place, config) as influxdb,
        Lane("soak", influxdb, programs[2], folder, config, meters=METERS) as lane,
    ):
        influxdb.start()
        influxdb.set_up()
        lane.start()
        lane.is_metering()
        dice = Soak(lane, influxdb, random.Random(seed))
        dice.run(minutes * 60)
        return verdict_of(lane, dice.end(), dice.deeds)


class Soak:
    """The dice, and what they do.

    Attributes:
        deeds: how often each was done.
    """

    def __init__(self, lane: Lane, influxdb: InfluxDB, dice: random.Random) -> None:
        self.deeds: Counter[str] = Counter()
        self._lane, self._influxdb, self._dice = lane, influxdb, dice
        self._later: list[tuple[float, Callable[[], None]]] = []
        self._away_since_s: float | None = None
        self._is_telegraf_up = True
        self._reconcile: subprocess.Popen[bytes] | None = None
        self._environment = os.environ | lane.environment()

    def run(self, seconds: float) -> None:
        """Live so long."""
        until_s = time.time() + seconds
        self._at(time.time() + RECONCILE_S, self._reconcile_again)
        self._at(time.time() + 15, self._next_deed)
        while (now_s := time.time()) < until_s:
            self._later.sort(key=lambda each: each[0])
            if self._later[0][0] <= now_s:
                self._later.pop(0)[1]()
            else:
                time.sleep(min(0.2, self._later[0][0] - now_s))  # the time itself is waited for

    def end(self) -> float:
        """Have all be there again, and what Telegraf holds be stored, and stop it; gives the second of that."""
        for _, deed in sorted(self._later, key=lambda each: each[0]):
            if deed in (self._start_telegraf, self._start_influxdb):
                deed()
        back_s = time.time()
        self._lane.is_metering()
        stored = self._lane.stored
        wait_until(
            "Telegraf has caught up",
            lambda: all(max(points, default=0) / NS > back_s for points in stored().values()),
            BACK_S,
        )
        self._lane.stop_telegraf()
        self._finish_reconcile()
        return time.time()

    def _at(self, moment_s: float, deed: Callable[[], None]) -> None:
        self._later.append((moment_s, deed))

    def _next_deed(self) -> None:
        names = [name for name in DEEDS if self._can(name)]
        (name,) = self._dice.choices(names, [DEEDS[name][0] for name in names])
        longest_s = DEEDS[name][1]
        seconds = self._dice.choice([0, self._dice.uniform(0, longest_s)])
        print(f"{time.strftime('%H:%M:%S')} {name} {seconds:.1f}", file=sys.stderr, flush=True)
        self.deeds[name] += 1
        getattr(self, f"_{name}")(seconds)
        self._at(time.time() + self._dice.choice([0.5, 3, 8, 8, 20, 30]), self._next_deed)

    def _can(self, name: str) -> bool:
        if name.endswith("influxdb"):
            return self._away_since_s is None
        return name == "kill_reconcile" or self._is_telegraf_up

    # Deeds.

    def _kill_plugin(self, _seconds: float) -> None:
        self._lane.kill_plugin()

    def _kill_telegraf(self, seconds: float) -> None:
        """Sometimes it is started again before the plugin has ended."""
        self._lane.kill_telegraf(waits=seconds > 0)
        self._telegraf_is_away(seconds)

    def _kill_both(self, seconds: float) -> None:
        """As systemd does to what a service leaves behind."""
        self._lane.cut_power()
        self._telegraf_is_away(seconds)

    def _cut_power(self, seconds: float) -> None:
        """InfluxDB is gone as well, and the journal was just being written."""
        if self._away_since_s is None:
            self._lane.cut_power(self._influxdb)
            self._influxdb_is_away(seconds)
        else:
            self._lane.cut_power()
        if self._lane.journal.exists():
            self._dice.choice([torn.tear, torn.truncate, lambda _journal: None])(self._lane.journal)
        self._telegraf_is_away(seconds)

    def _take_influxdb(self, seconds: float) -> None:
        assert self._influxdb.process
        self._influxdb.process.kill()
        self._influxdb.process.wait()
        self._influxdb_is_away(seconds)

    def _stop_plugin(self, seconds: float) -> None:
        self._stop(self._lane.plugin(), seconds, sums.PLUGIN_STOPPED)

    def _stop_telegraf(self, seconds: float) -> None:
        assert self._lane.telegraf.process
        self._stop(self._lane.telegraf.process.pid, seconds, sums.TELEGRAF_STOPPED)

    def _stop_influxdb(self, seconds: float) -> None:
        assert self._influxdb.process
        self._stop(self._influxdb.process.pid, seconds, sums.INFLUXDB_AWAY)

    def _kill_reconcile(self, _seconds: float) -> None:
        self._finish_reconcile()
        self._start_reconcile()
        time.sleep(self._dice.uniform(0.1, 0.8))  # so long it is let do
        assert self._reconcile
        self._reconcile.kill()
        self._reconcile.communicate()
        self._reconcile = None

    # What they need.

    def _stop(self, pid: int, seconds: float, kind: str) -> None:
        began_s = time.time()
        os.kill(pid, signal.SIGSTOP)
        time.sleep(seconds)  # the stop itself
        os.kill(pid, signal.SIGCONT)
        self._lane.note(kind, began_s)

    def _telegraf_is_away(self, seconds: float) -> None:
        self._is_telegraf_up = False
        self._at(time.time() + seconds, self._start_telegraf)

    def _start_telegraf(self) -> None:
        self._lane.start()
        self._is_telegraf_up = True

    def _influxdb_is_away(self, seconds: float) -> None:
        self._away_since_s = time.time()
        self._at(time.time() + seconds, self._start_influxdb)

    def _start_influxdb(self) -> None:
        self._influxdb.start()
        assert self._away_since_s
        self._lane.note(sums.INFLUXDB_AWAY, self._away_since_s)
        self._away_since_s = None

    def _reconcile_again(self) -> None:
        self._finish_reconcile()
        self._start_reconcile()
        self._at(time.time() + RECONCILE_S, self._reconcile_again)

    def _start_reconcile(self) -> None:
        words = [sys.executable, "-m", "wattline_backup", "reconcile", "--json"]
        self._reconcile = subprocess.Popen(words, env=self._environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def _finish_reconcile(self) -> None:
        if self._reconcile:
            out, err = self._reconcile.communicate()
            said = err.decode().strip() or "filled {filled}, missing {missing}".format(**json.loads(out))
            print(f"{time.strftime('%H:%M:%S')} reconcile: {said}", file=sys.stderr, flush=True)
            self._reconcile = None


if __name__ == "__main__":
    sys.exit(main())
