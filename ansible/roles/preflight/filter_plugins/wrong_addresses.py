"""Judges the addresses beside which a password belongs, and into which some write it; of each other knob does wrong_knobs.py."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

REPOSITORY = "backup_offsite_repository"
LONGEST_SHOWN = 60
USER, HOST = r"[\w.-]+@", r"(?:[\w.-]+|\[[0-9a-f:]+\])"
# A password of digits would look like a port, and is longer.
LONGEST_PORT = 5
# What may be shown: nothing in it can be a password.
WITHOUT_SECRET = re.compile(rf"\w+://(?:{USER})?{HOST}(?::\d{{0,{LONGEST_PORT}}})?(?P<rest>/[\w/-]*)?", re.ASCII)
# An @ in a path is the path's own, but where what stands before it could be a user with a password.
REPOSITORIES = (
    r"/.+",
    r"(azure|gs):[^@]+",
    rf"s3:(https?://)?{HOST}(:\d+)?(/.*)?",
    rf"sftp:([^:@/]+@)?{HOST}:(/[^@:]*(@[^:]*)?|[^@]+)",
    rf"sftp://([^:@/]+@)?{HOST}(:\d+)?/.*",
)
PASSWORD_IN_SERVER, PASSWORD_IN_REPOSITORY = r"://[^@]*:.*@", r":[^@]*:.*@"


class Server(NamedTuple):
    """What the address of a sink's server is.

    Attributes:
        scheme: how it begins, as a pattern.
        user: who comes before the host, likewise.
        path: what comes behind it, likewise.
        example: one for people.
    """

    scheme: str
    user: str
    path: str
    example: str


SERVERS = {
    "sinks_mariadb": Server("mysql", USER, r"/[\w-]+", "mysql://telegraf@192.168.1.2/energychannel"),
    "sinks_postgresql": Server("postgres", USER, r"/[\w-]+", "postgres://telegraf@192.168.1.2/energychannel"),
    "sinks_mqtt": Server("mqtts?", f"(?:{USER})?", "", "mqtt://wattline@192.168.1.2"),
}


class FilterModule:
    """Ansible asks for this class by its name."""

    def filters(self) -> dict[str, Callable[..., list[str]]]:
        """The filters, by the names that templates use."""
        return {"wrong_addresses": wrong_addresses}


def wrong_addresses(said: Mapping[str, Any]) -> list[str]:
    """A sentence for each that cannot be one; ``said`` is all that the inventory and the command line say."""
    return list(_wrong(said))


def _wrong(said: Mapping[str, Any]) -> Iterator[str]:
    for name, server in SERVERS.items():
        if (value := _text(said, name)) and (what := _wrong_server(value, server)):
            yield f"{name}{_shown(value)} has to be {what}, or empty."
    if (value := _text(said, REPOSITORY)) and (what := _wrong_repository(value)):
        yield f"{REPOSITORY} has to be {what}, or empty."


def _text(said: Mapping[str, Any], name: str) -> str:
    # What cannot be a text at all wrong_knobs tells.
    value = said.get(name)
    return str(value) if isinstance(value, str | int | float) else ""


def _wrong_server(value: str, server: Server) -> str:
    """What it has to be; empty if it is that."""
    such = f"an address such as {server.example}"
    found = re.fullmatch(rf"{server.scheme}://{server.user}{HOST}(:(?P<port>\d*))?{server.path}", value, re.ASCII)
    if found:
        port = found["port"]
        return (
            ""
            if port is None or _is_port(port)
            else f"{such}, with a port from 1 to 65535 behind its host or without one"
        )
    open_address = WITHOUT_SECRET.fullmatch(value)
    if open_address and open_address["rest"] and not server.path:
        return f"{such}, with nothing behind its host and port, not even a /"
    return (
        f"{such}, without a password, which goes into sinks_passwords" if re.search(PASSWORD_IN_SERVER, value) else such
    )


def _is_port(text: str) -> bool:
    return bool(text) and len(text) <= LONGEST_PORT and 0 < int(text) < 1 << 16


def _shown(value: str) -> str:
    return f" is {value}, and" if len(value) < LONGEST_SHOWN and WITHOUT_SECRET.fullmatch(value) else ""


def _wrong_repository(value: str) -> str:
    if value.isprintable() and any(re.fullmatch(pattern, value) for pattern in REPOSITORIES):
        return ""
    line = "" if value.isprintable() else "in one line "
    without = ", without a password, which goes into backup_offsite_credentials"
    return (
        f"a restic repository {line}that begins with azure:, gs:, s3:, sftp: or /, such as s3:https://... or /mnt/disk/copy"
        f"{without if re.search(PASSWORD_IN_REPOSITORY, value) else ''}"
    )
