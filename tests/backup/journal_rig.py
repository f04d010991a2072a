"""A journal as `wattline run` writes it, a real InfluxDB, and `wattline-backup reconcile` as a person calls it."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from backup.restore_rig import Database, Desk
from wattline.journal import notes
from wattline.journal.files import folder_name
from wattline.journal.limits import Limits
from wattline.journal.writer import Writer
from wattline_backup.reconcile import work

NS = 1_000_000_000
FIELDS = ("power_w", "voltage_v", "energy_total_kwh")
PORT = "/dev/ttyRS485"
SITE = "villa"
GROUP_S = 10


def reading(second: int, meter: str = "house", fields: Sequence[str] = FIELDS, **tags: str) -> str:
    """A line of the journal; another value each second, which goes up and down."""
    words = ",".join(f"{key}={value}" for key, value in sorted(({"meter": meter, "role": "grid"} | tags).items()))
    values = ",".join(f"{name}={scattered(second) + place / 4}" for place, name in enumerate(sorted(fields)))
    return f"electricity,{words} {values} {second * NS}"


def scattered(second: int) -> int:
    """Of two seconds in a row never the same; from 1 to 976."""
    return pow(3, second, 977)


def bus(second: int) -> str:
    """A self-metric."""
    return f"wattline_bus,port={PORT} busy_percent={scattered(second) / 10} {second * NS}"


def day_of(start: int, stop: int, meter: str = "house") -> Iterator[str]:
    """A reading each second, and a self-metric each ten."""
    for second in range(start, stop):
        yield reading(second, meter)
        if second % 10 == 0 and meter == "house":
            yield bus(second)


def write_journal(
    folder: Path,
    lines: Iterable[str],
    *,
    began_s: int,
    meters: Mapping[str, int] | None = None,
    port: str = PORT,
    group_lines: int = 12,
) -> Path:
    """Write it as a process does that began then, in groups; gives the folder of the port."""
    known = {"house": 1} if meters is None else dict(meters)
    place = folder / folder_name(port)
    began = notes.began("0.1.0", {"at": began_s}, port, known, 1)
    writer = Writer(place, lambda: began, Limits(days=100_000), lambda: None)
    whole = list(lines)
    for first in range(0, len(whole), group_lines):
        writer.commit(whole[first : first + group_lines])
    writer.close()
    return place


class JournalDesk:
    """The settings of `wattline-backup` for a server and a journal, and a clock that stands."""

    def __init__(self, desk: Desk, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.desk, self.journal = desk, folder / "journal"
        self.remake = folder / "remake"
        self.remake.write_text("#!/bin/sh\n")
        self.remake.chmod(0o755)
        self.now_s = 0
        monkeypatch.setenv("WATTLINE_BACKUP_JOURNAL", str(self.journal))
        monkeypatch.setenv("WATTLINE_BACKUP_REMAKE", str(self.remake))
        monkeypatch.setenv("WATTLINE_SITE", SITE)
        monkeypatch.setenv("WATTLINE_TIMEZONE", "Europe/Rome")
        begin = work.Work.__init__
        monkeypatch.setattr(
            work.Work,
            "__init__",
            lambda itself, chosen, server: begin(itself, chosen, server, lambda: float(self.now_s)),
        )

    def reconcile(self, *words: str, exit_code: int = 0) -> dict[str, Any]:
        """What `reconcile` answers in JSON, once it has succeeded, or ended as it is to."""
        code, out, err = self.desk.call("reconcile", *words, "--json")
        assert code == exit_code, err
        return dict(json.loads(out))

    def completeness(self, month: str) -> list[dict[str, Any]]:
        """What `completeness` answers in JSON."""
        code, out, err = self.desk.call("completeness", "--month", month, "--json")
        assert code == 0, err
        return list(json.loads(out))


def store(database: Database, lines: Iterable[str], site: str = SITE) -> None:
    """As Telegraf stores them; without a tag ``site`` if that is empty."""
    further = f",site={site}" if site else ""
    batches: dict[str, list[str]] = {"energy": [], "host": []}
    for line in lines:
        series, rest = line.split(" ", 1)
        batches["energy" if series.startswith("electricity") else "host"].append(f"{series}{further} {rest}")
    for bucket, batch in batches.items():
        for first in range(0, len(batch), 20_000):
            database.ask("POST", f"write?org=home&bucket={bucket}", "\n".join(batch[first : first + 20_000]))


def everything(database: Database, bucket: str) -> list[tuple[tuple[str, str], ...]]:
    """All points of a bucket, in a form that can be compared; without the number of seconds."""
    flux = (
        f'from(bucket: "{bucket}") |> range(start: 0, stop: 2100-01-01T00:00:00Z) |> drop(columns: ["_start", "_stop"])'
    )
    found = (
        tuple(sorted((key, value) for key, value in row.items() if key not in {"", "result", "table"} and value))
        for row in database.query(flux)
    )
    return sorted(row for row in found if ("_measurement", "wattline_completeness") not in row)


def sites(database: Database) -> Counter[str]:
    """Of the bucket ``energy`` the values of each site."""
    return Counter(dict(row).get("site", "") for row in everything(database, "energy"))


def make_buckets(database: Database) -> None:
    """Those that `reconcile` writes to, beside energy."""
    for name in ("host", "energy_1d"):
        database.ask("POST", "buckets", {"name": name, "orgID": database.org_id, "retentionRules": []})


@pytest.fixture
def house(database: Database, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> JournalDesk:
    """The module's InfluxDB with empty buckets energy and host, and `reconcile` beside it."""
    make_buckets(database)
    return JournalDesk(desk.at(database), tmp_path, monkeypatch)
