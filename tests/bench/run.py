"""``make bench``: what metering one OR-WE-515 costs, beside Telegraf's own ``inputs.modbus`` in the same run.

Two simulated meters on two pseudo-terminals, 9600 8E1, 20 ms turnaround. One is read by ``wattline run``, the other by
a Telegraf that has only ``inputs.modbus``, both every second for the same two minutes. When each request came and each
reply ended is taken from the simulators' own logs, so neither reader measures itself.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from wattline.bus.settings import LineSettings
from wattline.plan import sweep_s

SETTINGS = LineSettings(9600, "E", 1)
TURNAROUND_S = 0.020
REQUEST_S = 8 * SETTINGS.character_s
# Between two sweeps the bus is quiet for longer than this, inside one never.
PAUSE_S = 0.15
# The meter's longer lengths are learnt and Telegraf has settled by then.
WARM_UP_S = 40
BUILD = str(Path(__file__).parents[1] / "servers" / "build")
WATTLINE = [sys.executable, "-m", "wattline"]
METER = "house=orno-we515@1"

TELEGRAF_CONFIGURATION = """
[agent]
  interval = "1s"
  flush_interval = "10s"
  omit_hostname = true
  skip_processors_after_aggregators = true
[[inputs.modbus]]
  name = "house"
  controller = "file://{port}"
  baud_rate = 9600
  parity = "E"
  timeout = "400ms"
  configuration_type = "metric"
  optimization = "{optimization}"
  [[inputs.modbus.metric]]
    slave_id = 1
    measurement = "electricity"
    fields = [
      {{ address=0x130, name="frequency_hz", type="UINT16", scale=0.01 }},
      {{ address=0x131, name="voltage_v", type="UINT16", scale=0.01 }},
      {{ address=0x139, name="current_a", type="UINT32", scale=0.001 }},
      {{ address=0x140, name="power_w", type="INT32" }},
      {{ address=0x148, name="reactive_power_var", type="INT32" }},
      {{ address=0x150, name="apparent_power_va", type="INT32" }},
      {{ address=0x158, name="power_factor", type="INT16", scale=0.001 }},
    ]
[[outputs.file]]
  files = ["/dev/null"]
"""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One read, as the meter saw it: seconds of the wall clock, and registers."""

    began_s: float
    ended_s: float
    count: int
    address: int


@dataclass(frozen=True, slots=True)
class Use:
    """What a process has used: CPU seconds since its start, resident megabytes now."""

    cpu_s: float
    resident_mb: float


def main() -> int:
    """Measure and print; returns 0."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=120, help="how long is measured (default: %(default)s)")
    parser.add_argument("--telegraf", help="a Telegraf with inputs.modbus (default: that of `make servers`)")
    arguments = parser.parse_args()
    telegraf = arguments.telegraf or built_telegraf()
    if telegraf is None:
        print("Telegraf is not built; `make servers` builds it.", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        print(f"Measuring for {WARM_UP_S} + {arguments.seconds} s ...", file=sys.stderr, flush=True)
        rows = measure(Path(folder), arguments.seconds, telegraf)
    print(table(rows))
    return 0


def built_telegraf() -> str | None:
    """The Telegraf that `make servers` has built; None when it has not."""
    folders = subprocess.run([BUILD, "--path"], check=True, capture_output=True, text=True).stdout.strip()
    return shutil.which("telegraf", path=folders)


def measure(folder: Path, seconds: int, telegraf: str) -> list[tuple[str, ...]]:
    """Run both readers side by side and return the rows of the table."""
    readers = {
        "wattline run": [*WATTLINE, "run", str(folder / "wattline"), METER],
        "inputs.modbus": [telegraf, "--quiet", "--config", str(folder / "telegraf.conf")],
    }
    links = dict(zip(readers, ("wattline", "telegraf"), strict=True))
    configuration = TELEGRAF_CONFIGURATION.format(port=folder / "telegraf", optimization="none")
    (folder / "telegraf.conf").write_text(configuration)
    with simulator(folder, "wattline"), simulator(folder, "telegraf"):
        processes = {name: start(words, folder / f"{links[name]}.out") for name, words in readers.items()}
        time.sleep(WARM_UP_S)
        from_s, before = time.time(), {name: used(process.pid) for name, process in processes.items()}
        time.sleep(seconds)
        until_s, after = time.time(), {name: used(process.pid) for name, process in processes.items()}
        for process in processes.values():
            process.terminate()
            process.wait()
    rows = []
    for name in readers:
        exchanges = [e for e in served(folder / f"{links[name]}.truth") if from_s <= e.began_s < until_s]
        rows.append(row(name, exchanges, before[name], after[name], seconds))
    return rows


@contextmanager
def simulator(folder: Path, name: str) -> Iterator[None]:
    """A meter on ``folder/name``, its log beside it."""
    words = ["--link", str(folder / name), "--truth", str(folder / f"{name}.truth"), "--jitter", "0"]
    words += ["--turnaround", str(int(TURNAROUND_S * 1000)), METER]
    process = subprocess.Popen([*WATTLINE, "simulate", *words], stdout=subprocess.PIPE)
    try:
        if process.stdout is None or not process.stdout.readline():
            raise SystemExit("The simulated meter did not start.")
        yield
    finally:
        process.terminate()
        process.wait()


def start(words: list[str], output: Path) -> subprocess.Popen[bytes]:
    """A reader whose stdin stays open and whose output goes to a file."""
    with output.open("wb") as file:
        return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=file, stderr=file)


def used(pid: int) -> Use:
    """What the process ``pid`` has used, by /proc."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ticks = int(fields[11]) + int(fields[12])
    status = Path(f"/proc/{pid}/status").read_text()
    resident_kb = int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])
    return Use(ticks / os.sysconf("SC_CLK_TCK"), resident_kb / 1024)


def served(truth: Path) -> list[Exchange]:
    """The reads of a simulator's log."""
    exchanges = []
    for line in truth.read_text().splitlines():
        entry = json.loads(line)
        if entry["sent_monotonic_ns"] is None:
            continue
        heard_s = entry["heard_wall_ns"] / 1e9
        took_s = (entry["sent_monotonic_ns"] - entry["heard_monotonic_ns"]) / 1e9
        exchanges.append(Exchange(heard_s - REQUEST_S, heard_s + took_s, entry["count"], entry["first"]))
    return exchanges


def sweeps(exchanges: list[Exchange]) -> list[list[Exchange]]:
    """The exchanges of each second, told apart by the pause between them."""
    found: list[list[Exchange]] = [exchanges[:1]]
    for before, after in pairwise(exchanges):
        if after.began_s - before.ended_s > PAUSE_S:
            found.append([])
        found[-1].append(after)
    # The first and the last may have been cut off.
    return found[1:-1]


def row(name: str, exchanges: list[Exchange], before: Use, after: Use, seconds: int) -> tuple[str, ...]:
    """One row of the table."""
    all_sweeps = sweeps(exchanges)
    took_s, least_s = [], []
    for sweep in all_sweeps:
        took_s.append(sweep[-1].ended_s - sweep[0].began_s)
        least_s.append(sweep_s((e.count for e in sweep), SETTINGS, TURNAROUND_S) - SETTINGS.silence_s)
    ratios = [took / least for took, least in zip(took_s, least_s, strict=True)]
    delays_ms = sorted(1000 * (sweep[0].began_s % 1) for sweep in all_sweeps)
    begun = {int(sweep[0].began_s) for sweep in all_sweeps}
    missed = max(begun) - min(begun) + 1 - len(begun)
    cpu_ms = 1000 * (after.cpu_s - before.cpu_s) / seconds
    return (
        name,
        str(statistics.mode(len(sweep) for sweep in all_sweeps)),
        f"{1000 * statistics.median(took_s):.1f}",
        f"{1000 * statistics.median(least_s):.1f}",
        f"{statistics.median(ratios):.3f}",
        f"{statistics.median(delays_ms):.2f}",
        f"{statistics.quantiles(delays_ms, n=100)[98]:.2f}",
        str(missed),
        f"{cpu_ms:.2f}",
        f"{after.resident_mb:.1f}",
    )


def table(rows: list[tuple[str, ...]]) -> str:
    """The rows as Markdown."""
    head = (
        "reader",
        "reads a sweep",
        "sweep, ms",
        "wire's minimum, ms",
        "ratio",
        "start jitter p50, ms",
        "p99, ms",
        "missed slots",
        "CPU a slot, ms",
        "resident, MB",
    )
    lines = ["| " + " | ".join(cells) + " |" for cells in (head, ("---",) * len(head), *rows)]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
