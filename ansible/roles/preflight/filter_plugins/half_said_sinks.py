"""Judges what the inventory says of the sinks together; of each knob alone does wrong_knobs.py."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

SINKS = ["mariadb", "mqtt", "postgresql"]
SWITCHED_ON = {"yes", "true", "on", "y", "t", "1"}


class FilterModule:
    """Ansible asks for this class by its name."""

    def filters(self) -> dict[str, Callable[..., list[str]]]:
        """The filters, by the names that templates use."""
        return {"impossible_sinks": impossible_sinks, "doubtful_sinks": doubtful_sinks}


def impossible_sinks(said: Mapping[str, Any]) -> list[str]:
    """A sentence for each thing that cannot work; ``said`` is all that the inventory and the command line say."""
    return list(_impossible(said))


def doubtful_sinks(said: Mapping[str, Any]) -> list[str]:
    """A sentence for each thing that works, but may not be what was meant; ``said`` as there."""
    return list(_doubtful(said) if _is_on(said) else _switched_off(said))


def _impossible(said: Mapping[str, Any]) -> Iterator[str]:
    if _is_on(said) and not _named(said):
        yield "sinks_enabled is true, and no sink is named: say where one is in sinks_mariadb, sinks_postgresql or sinks_mqtt."
    for name in _named(said):
        if _password(said, name) and not _has_user(said, name):
            yield (
                f"sinks_passwords has a password of {name}, and sinks_{name} says no user whose it is: write "
                f"{_scheme(said, name)}://USER@... there, or leave the password out."
            )


def _doubtful(said: Mapping[str, Any]) -> Iterator[str]:
    for name in SINKS:
        if name in _named(said):
            if _has_user(said, name) and not _password(said, name):
                yield f"sinks_{name} says a user, and sinks_passwords has no password of {name}: few servers let one in without."
        elif _password(said, name):
            yield f"sinks_passwords has a password of {name}, and sinks_{name} is empty: there is no such sink."


def _switched_off(said: Mapping[str, Any]) -> Iterator[str]:
    if names := _named(said):
        yield (
            f"sinks_enabled is false, so that what {' and '.join(f'sinks_{name}' for name in names)} "
            f"{'says' if len(names) == 1 else 'say'} does nothing: there are no sinks."
        )


def _is_on(said: Mapping[str, Any]) -> bool:
    return str(said.get("sinks_enabled")).lower() in SWITCHED_ON


def _named(said: Mapping[str, Any]) -> list[str]:
    return [name for name in SINKS if said.get(f"sinks_{name}")]


def _scheme(said: Mapping[str, Any], name: str) -> str:
    return str(said[f"sinks_{name}"]).partition(":")[0]


def _has_user(said: Mapping[str, Any], name: str) -> bool:
    # What is no address is told of by wrong_addresses.
    return re.match(r"\w+://[^@/]+$|\w+://[^@/]+/", str(said[f"sinks_{name}"])) is None


def _password(said: Mapping[str, Any], name: str) -> bool:
    passwords = said.get("sinks_passwords")
    return isinstance(passwords, Mapping) and passwords.get(name) not in (None, "")
