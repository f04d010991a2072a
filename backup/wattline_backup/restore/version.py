"""Whether a server can take what a set has."""

import re

from wattline.influxdb.errors import ServerError
from wattline_backup.server import Server
from wattline_backup.sets import Set


def demand_version(server: Server, chosen: Set) -> None:
    """See that the server is no older than the one that the set was made of.

    Raises:
        ServerError: it is, or is away, or is one whose requests are not known.
    """
    version = server.version()
    if _numbers(version) < _numbers(chosen.index.version):
        raise ServerError(
            f"InfluxDB at {server.url} is {version}, and the set {chosen.stamp} was made of {chosen.index.version}: an older "
            "one may not read it, so upgrade InfluxDB first."
        )


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)[:2]]
