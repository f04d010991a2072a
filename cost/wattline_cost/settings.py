"""Where everything is: from the environment, which systemd reads from /etc/default/wattline-cost."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from wattline.errors import WordError
from wattline.influxdb.server import Server
from wattline.influxdb.token import token_in


@dataclass(frozen=True, slots=True)
class Settings:
    """What the environment says.

    Attributes:
        url: of InfluxDB.
        token_file: a file with a token that reads energy_15m, energy_1d and cost, and writes cost.
        tariffs: the folder of the contracts.
        site: the tag that Telegraf puts on every point.
        state: the folder in which `update` keeps what it has to know the next time.
        publisher: where `wattline mqtt` takes what it publishes; empty: nothing is published.
    """

    url: str
    token_file: Path
    tariffs: Path
    site: str
    state: Path
    publisher: str

    def server(self) -> Server:
        """InfluxDB, with the token.

        Raises:
            WordError: there is no token.
        """
        token = token_in(self.token_file, "WATTLINE_COST_TOKEN_FILE", "influxdb_cost_token", "that of wattline-cost")
        return Server(self.url, token, str(self.token_file), "that of wattline-cost")

    def contracts(self) -> list[Path]:
        """The files of the contracts, in the order of their names.

        Raises:
            WordError: the folder cannot be read.
        """
        try:
            return sorted(path for path in self.tariffs.iterdir() if path.suffix == ".toml" and path.name[0] != ".")
        except FileNotFoundError:
            return []
        except OSError as error:
            raise WordError(
                f"The folder {self.tariffs} of the contracts cannot be read ({error.strerror}); WATTLINE_COST_TARIFFS names it."
            ) from error


def settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """What ``environment`` says, and for the rest what fits the system that the playbook makes."""
    return Settings(
        url=environment.get("INFLUX_HOST", "http://127.0.0.1:8086"),
        token_file=Path(environment.get("WATTLINE_COST_TOKEN_FILE", "/etc/wattline/influxdb_cost_token")),
        tariffs=Path(environment.get("WATTLINE_COST_TARIFFS", "/etc/wattline/tariffs")),
        site=environment.get("WATTLINE_SITE", "") or "home",
        state=Path(environment.get("WATTLINE_COST_STATE", "/var/lib/wattline-cost")),
        publisher=environment.get("WATTLINE_COST_PUBLISHER", ""),
    )
