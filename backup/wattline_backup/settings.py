"""Where everything is: from the environment, which systemd reads from /etc/default/wattline-backup."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from wattline.errors import WordError
from wattline_backup.house import House
from wattline_backup.server import Server
from wattline_backup.sets import Folder


@dataclass(frozen=True, slots=True)
class Settings:
    """What the environment says.

    Attributes:
        folder: of the sets.
        url: of InfluxDB.
        token_file: a file with the token of an operator.
        house: what else is taken along.
        outcome: the file that Telegraf reads.
    """

    folder: Path
    url: str
    token_file: Path
    house: House
    outcome: Path | None

    def server(self) -> Server:
        """InfluxDB, with the token.

        Raises:
            WordError: there is no token.
        """
        try:
            token = self.token_file.read_text().strip()
        except OSError as error:
            raise WordError(
                f"The token of InfluxDB cannot be read from {self.token_file} ({error.strerror}): set "
                "WATTLINE_BACKUP_TOKEN_FILE to the file that has it, compose/secrets/influxdb_backup_token in the checkout."
            ) from error
        if not token.isascii() or not token:
            raise WordError(f"{self.token_file} holds no token of InfluxDB.")
        return Server(self.url, token, str(self.token_file))

    def sets(self) -> Folder:
        """The folder of the sets."""
        return Folder(self.folder)


def settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """What ``environment`` says, and for the rest what fits the system that the playbook makes."""
    grafana = environment.get("WATTLINE_BACKUP_GRAFANA", "")
    outcome = environment.get("WATTLINE_BACKUP_OUTCOME", "")
    files = [Path(each) for each in environment.get("WATTLINE_BACKUP_FILES", "").split(":") if each]
    return Settings(
        folder=Path(environment.get("WATTLINE_BACKUP_FOLDER", "/var/backups/wattline")),
        url=environment.get("INFLUX_HOST", "http://127.0.0.1:8086"),
        token_file=Path(environment.get("WATTLINE_BACKUP_TOKEN_FILE", "/etc/wattline/influxdb_backup_token")),
        house=House(files, Path(grafana) if grafana else None),
        outcome=Path(outcome) if outcome else None,
    )
