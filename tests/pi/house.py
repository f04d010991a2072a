"""A Pi with the playbook's system on it: playing on it, and asking what it metered."""

import csv
import io
import itertools
import os
import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

import waiting
from pi.machine import CHECKOUT, Built, Machine

SECRETS = "/opt/wattline/compose/secrets"
READINGS = """from(bucket: "energy") |> range(start: {start}, stop: {stop})
 |> filter(fn: (r) => r._measurement == "electricity" and r.meter == "house" and r._field == "voltage_v")
 |> keep(columns: ["_time"]) |> map(fn: (r) => ({{second: int(v: r._time) / 1000000000}}))"""
ASK = f"""exec curl --silent --show-error --fail-with-body 'http://127.0.0.1:8086/api/v2/query?org=home' --data-binary @- \
--header "Authorization: Token $(cat {SECRETS}/influxdb_backup_token)" --header 'Content-Type: application/vnd.flux'"""


@dataclass(frozen=True)
class Played:
    """What came of a playbook.

    Attributes:
        said: all of its output.
        ended_well: whether nothing failed.
        changed: how many tasks changed something.
    """

    said: str
    ended_well: bool
    changed: int

    @property
    def changes(self) -> list[str]:
        """The tasks that changed something, each with what was changed."""
        tasks = re.split(r"^(?:TASK|RUNNING HANDLER) ", self.said, flags=re.MULTILINE)[1:]
        return [task for task in tasks if re.search(r"^changed: ", task, re.MULTILINE)]


def failed_with(played: Played, *sentences: str) -> None:
    """See that it failed, and said all of this."""
    assert not played.ended_well
    one_line = " ".join(played.said.split())
    assert not [sentence for sentence in sentences if sentence not in one_line], played.said


class House:
    """A Pi, and the playbook that is played on it."""

    def __init__(self, machine: Machine, built: Built) -> None:
        self.machine, self._ansible = machine, built.ansible

    def play(
        self,
        *words: str,
        book: str = "site.yml",
        tree: Path = CHECKOUT,
        inventory: Path | None = None,
        **variables: Any,
    ) -> Played:
        """Play a playbook of the checkout ``tree``; ``variables`` go before those of the ``inventory``, else the machine's."""
        extra = [
            f"-e{yaml.safe_dump({name: value}, default_flow_style=True).strip()}" for name, value in variables.items()
        ]
        command = [
            self._ansible / "bin/ansible-playbook",
            "-i",
            inventory or self.machine.inventory,
            book,
            *extra,
            *words,
        ]
        environment = os.environ | {"ANSIBLE_NOCOLOR": "1", "ANSIBLE_FORCE_COLOR": "0", "COLUMNS": "200"}
        done = subprocess.run(
            command,
            cwd=tree / "ansible",
            env=environment,
            check=False,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        recap = re.search(r"changed=(\d+) +unreachable=(\d+) +failed=(\d+)", done.stdout)
        assert recap, done.stdout
        return Played(done.stdout, done.returncode == 0 and recap[2] == recap[3] == "0", int(recap[1]))

    def seconds(self, start: float, stop: float | None = None) -> list[int]:
        """The whole seconds from ``start`` on, before ``stop``, in which the meter was read."""
        flux = READINGS.format(start=int(start), stop=int(stop or time.time() + 60))
        told = self.machine.run("sh", "-c", ASK, text=flux)
        return sorted(int(row["second"]) for row in csv.DictReader(io.StringIO(told)))

    def wait_for_reading(self, since: float, within_s: float = 60) -> int:
        """The first second from ``since`` on with a reading, once it is in the database."""
        found: list[int] = []

        def look() -> bool:
            try:
                found[:] = self.seconds(since)
            except AssertionError:  # InfluxDB is not there yet
                return False
            return bool(found)

        waiting.until(look, within_s, pause_s=0.5)
        return found[0]

    def longest_gap_s(self, start: float, stop: float) -> int:
        """The most seconds in a row without a reading, once those after ``stop`` are in the database."""
        self.wait_for_reading(stop)
        metered = [int(start) - 1, *self.seconds(start, stop), int(stop)]
        return max(later - earlier - 1 for earlier, later in itertools.pairwise(metered))

    def plugin(self) -> int:
        """The number of the process that reads the meter."""
        return int(self.machine.run("pgrep", "--oldest", "--full", "/wattline run "))

    def command_line(self) -> str:
        """The words of that process."""
        return self.machine.run("ps", "--no-headers", "-o", "args", str(self.plugin()))
