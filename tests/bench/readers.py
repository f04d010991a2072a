"""Who is measured: ``wattline run``, Telegraf's own ``inputs.modbus``, and a plain reader with one request per value.

All read the same quantities every second. A reader is a command line with two places left open: ``{port}``, and
``{configuration}`` for the file that its configuration is written to.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from wattline.meters import Model, load_models
from wattline.registers import Encoding, Row

ORNO = "orno-we515"
WATTLINE = (sys.executable, "-m", "wattline")
BUILD = Path(__file__).parents[1] / "servers" / "build"
PLAIN = (sys.executable, "-m", "bench.plain")
# Beside what changes every second, the two totals: the nine quantities of the best-known meter daemon.
TOTALS = ("energy_total_kwh", "reactive_energy_total_kvarh")
TELEGRAF_TYPES = {Encoding.U16: "UINT16", Encoding.I16: "INT16", Encoding.U32: "UINT32", Encoding.I32: "INT32"}

# Addresses are decimal: Telegraf's TOML knows no hexadecimal numbers.
AGENT = """\
[agent]
  interval = "1s"
  flush_interval = "1s"
  omit_hostname = true
  skip_processors_after_aggregators = true
[[outputs.file]]
  files = ["stdout"]
[[inputs.modbus]]
  name = "bench"
  controller = "file://{{port}}"
  baud_rate = {baud}
  parity = "{parity}"
  stop_bits = {stop}
  timeout = "400ms"
  configuration_type = "metric"
  optimization = "{optimization}"
"""
METRIC = """\
  [[inputs.modbus.metric]]
    slave_id = {address}
    measurement = "electricity"
    fields = [
{fields}
    ]
"""


@dataclass(frozen=True, slots=True)
class Reader:
    """A program that reads meters.

    Attributes:
        name: what the tables call it.
        gaps: what its meters do when a read touches registers that they do not have, as in ``wattline simulate --gaps``.
        command: its command line.
        configuration: what is written to its configuration file; empty where it has none.
    """

    name: str
    gaps: str
    command: tuple[str, ...]
    configuration: str = ""

    @property
    def learns(self) -> bool:
        """Whether it learns wider reads at first, and says so in its log."""
        return self.command[: len(WATTLINE)] == WATTLINE and "--proven" not in self.command


def meter_words(model: str, meters: int) -> list[str]:
    """That many meters of a model, from address 1 on, as ``wattline`` takes them."""
    return [f"meter{address}={model}@{address}" for address in range(1, meters + 1)]


def wattline_readers(words: Sequence[str]) -> list[Reader]:
    """``wattline run`` on meters that answer gaps and on some that refuse them, and with the proven reads alone."""
    command = (*WATTLINE, "run")
    readers = [
        Reader("wattline, gaps answered", "zero", (*command, "{port}", *words)),
        Reader("wattline, gaps refused", "refuse", (*command, "{port}", *words)),
    ]
    if has_option("--proven"):
        readers.append(Reader("wattline, --proven", "refuse", (*command, "--proven", "{port}", *words)))
    return readers


def has_option(option: str) -> bool:
    """Whether ``wattline run`` knows it."""
    result = subprocess.run([*WATTLINE, "run", "--help"], check=True, capture_output=True, text=True)
    return option in result.stdout.split()


def telegraf_readers(program: str, meters: int, *, with_totals: bool) -> list[Reader]:
    """``inputs.modbus`` as it is shipped, and with the optimisation that makes the fewest requests.

    That one reads over gaps, so its meters answer them.
    """
    command = (program, "--quiet", "--config", "{configuration}")
    chosen = [("as shipped", "none", "refuse"), ("max_insert", "max_insert", "zero")]
    return [
        Reader(f"inputs.modbus, {name}", gaps, command, telegraf_configuration(meters, optimization, with_totals))
        for name, optimization, gaps in chosen
    ]


def plain_reader(words: Sequence[str]) -> Reader:
    """One request per value, and 200 ms of pause on a change of meter."""
    return Reader("one request per value", "refuse", (*PLAIN, "{port}", *words))


def quantities(model: Model, *, with_totals: bool = True) -> list[Row]:
    """What the other readers read: all that changes every second, and the totals; of a bigger meter all that it has."""
    if model.name != ORNO:
        return list(model.rows)
    return [row for row in model.rows if row.pace == "fast" or (with_totals and row.field in TOTALS)]


def telegraf_configuration(meters: int, optimization: str, with_totals: bool) -> str:
    """A Telegraf that reads that many OR-WE-515; ``{port}`` is left open."""
    model = load_models()[ORNO]
    fields = telegraf_fields(quantities(model, with_totals=with_totals))
    settings = model.settings
    agent = AGENT.format(baud=settings.baud, parity=settings.parity, stop=settings.stop, optimization=optimization)
    return agent + "".join(METRIC.format(address=address, fields=fields) for address in range(1, meters + 1))


def telegraf_fields(rows: Iterable[Row]) -> str:
    """The rows as fields of ``inputs.modbus``."""
    return "\n".join(
        f'      {{ address={row.address}, name="{row.field}", type="{TELEGRAF_TYPES[row.encoding]}", scale={row.scale:.3f} }},'
        for row in rows
    )


def built_telegraf() -> str | None:
    """The Telegraf that `make servers` has built; None when it has not."""
    folders = subprocess.run([BUILD, "--path"], check=True, capture_output=True, text=True).stdout.strip()
    return shutil.which("telegraf", path=folders)
