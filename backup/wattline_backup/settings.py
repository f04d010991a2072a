"""Where everything is: from the environment, which systemd reads from /etc/default/wattline-backup."""

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

from wattline.errors import WordError
from wattline.influxdb.token import token_in
from wattline_backup.house import House
from wattline_backup.household import zone_of
from wattline_backup.retention import ALL, RULES, Policy
from wattline_backup.server import Server
from wattline_backup.sets import Folder

if TYPE_CHECKING:
    from wattline_backup.proof.influxd import Way

# The one that compose.yaml names, so that a proof downloads nothing.
IMAGE = "influxdb:2.9.1-alpine"


@dataclass(frozen=True, slots=True)
class Settings:
    """What the environment says.

    Attributes:
        folder: of the sets.
        url: of InfluxDB.
        token_file: a file with the token of an operator.
        house: what else is taken along.
        outcome: the file that Telegraf reads.
        policy: how many sets are kept.
        zone: whose calendar tells hours, days, weeks, months and years apart; None is the system's.
        influxd: a program that a scratch InfluxDB is run by; None has it run in a container.
        image: of that container.
        journal: the folder that `wattline run --journal` keeps.
        site: the tag that Telegraf puts on every point.
        remake: the program that rolls up a range anew.
    """

    folder: Path
    url: str
    token_file: Path
    house: House
    outcome: Path | None
    policy: Policy
    zone: tzinfo | None
    influxd: Path | None
    image: str
    journal: Path
    site: str
    remake: Path

    @property
    def scratch(self) -> "Way":
        """How a scratch InfluxDB is run."""
        from wattline_backup.proof.influxd import Container, Program  # noqa: PLC0415 - costs the hourly run 3 ms

        return Program(self.influxd) if self.influxd else Container(self.image)

    @property
    def influx(self) -> str:
        """How a person calls the influx CLI: by the script of the stack to which ``remake`` belongs, else by its own name."""
        script = self.remake.parent.with_name("influx")
        return f"sudo {shlex.quote(str(script))}" if os.access(script, os.X_OK) else "influx"

    def server(self) -> Server:
        """InfluxDB, with the token.

        Raises:
            WordError: there is no token.
        """
        token = token_in(
            self.token_file, "WATTLINE_BACKUP_TOKEN_FILE", "influxdb_backup_token", "the token of an operator"
        )
        return Server(self.url, token, str(self.token_file))

    def sets(self) -> Folder:
        """The folder of the sets."""
        return Folder(self.folder)


def settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """What ``environment`` says, and for the rest what fits the system that the playbook makes.

    Raises:
        WordError: one of its words is none.
    """
    grafana = environment.get("WATTLINE_BACKUP_GRAFANA", "")
    outcome = environment.get("WATTLINE_BACKUP_OUTCOME", "")
    influxd = environment.get("WATTLINE_BACKUP_INFLUXD", "")
    files = [Path(each) for each in environment.get("WATTLINE_BACKUP_FILES", "").split(":") if each]
    return Settings(
        folder=Path(environment.get("WATTLINE_BACKUP_FOLDER", "/var/backups/wattline")),
        url=environment.get("INFLUX_HOST", "http://127.0.0.1:8086"),
        token_file=Path(environment.get("WATTLINE_BACKUP_TOKEN_FILE", "/etc/wattline/influxdb_backup_token")),
        house=House(files, Path(grafana) if grafana else None),
        outcome=Path(outcome) if outcome else None,
        policy=_policy(environment),
        zone=zone_of(environment),
        influxd=Path(influxd) if influxd else None,
        image=environment.get("WATTLINE_BACKUP_IMAGE", IMAGE),
        journal=Path(environment.get("WATTLINE_BACKUP_JOURNAL", "/var/lib/wattline/journal")),
        site=environment.get("WATTLINE_SITE", "") or "home",
        remake=Path(environment.get("WATTLINE_BACKUP_REMAKE", "/opt/wattline/compose/influxdb/remake")),
    )


def count_of(name: str, text: str) -> int | None:
    """How many sets a rule keeps; None is all.

    Args:
        name: of the word or option, for the message.
        text: a number, or ``all``.

    Raises:
        WordError: it is neither, or would keep none of the newest.
    """
    if text == ALL:
        return None
    least = 1 if name.lower().endswith("newest") else 0
    if not (text.isascii() and text.isdigit()) or int(text) < least:
        raise WordError(f"{name} is {text!r}, but has to be {ALL!r} or a whole number from {least} on.")
    return int(text)


def _policy(environment: Mapping[str, str]) -> Policy:
    names = {rule: f"WATTLINE_BACKUP_KEEP_{rule.upper()}" for rule in RULES}
    return Policy(**{rule: count_of(name, environment[name]) for rule, name in names.items() if environment.get(name)})
