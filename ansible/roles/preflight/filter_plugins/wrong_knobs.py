"""Judges what the inventory and the command line say, before any machine is asked anything.

A knob is of the kind that its usual value in group_vars/all.yml is of. What it has to be beyond that, and that is more than
the role that reads it would tell in a sentence, stands in the table RULES; wrong_addresses.py and wrong_ports.py tell the rest.
"""

import difflib
import ipaddress
import re
import zoneinfo
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, NamedTuple

SWITCHES = {"yes", "true", "on", "y", "t", "1", "no", "false", "off", "n", "f", "0"}
# systemd is told every 5 s that all goes on, and no more once Telegraf has taken nothing for 10 s.
SHORTEST_WATCHDOG_S = 15
OLDEST_DOCKER = 25
INFLUXDB_PORT = 8086
# A folder of backups belongs to root alone, which these must not.
OF_THE_SYSTEM = re.compile("|bin|boot|dev|etc|home|lib|opt|proc|root|run|sbin|sys|tmp|usr|var")
PART = r"[A-Za-z0-9]+(?:[._-]+[A-Za-z0-9]+)*"
IMAGE = re.compile(rf"{PART}(?::\d+)?(?:/{PART})*(?::(?P<tag>\w[\w.-]*))?(?P<digest>@sha256:[0-9a-f]{{64}})?", re.ASCII)
OTHER_INFLUXDB = re.compile(r"latest|alpine|[013-9](\D.*)?|.*\b(core|enterprise)\b.*")
LONGEST_SHOWN = 60
# These have a password in them, or could have one by mistake.
NEVER_SHOWN = {"telegraf_heartbeat_url", "stack_alert_environment", "sinks_passwords", "backup_offsite_credentials"}
SINKS = ["mariadb", "mqtt", "postgresql"]


class Rule(NamedTuple):
    """What a knob has to be.

    Attributes:
        holds: tells whether a value, which is of the right kind, is that.
        what: how it goes on behind "has to be".
    """

    holds: Callable[[Any], bool]
    what: str


class FilterModule:
    """Ansible asks for this class by its name."""

    def filters(self) -> dict[str, Callable[..., list[str]]]:
        """The filters, by the names that templates use."""
        return {"wrong_knobs": wrong_knobs}


def wrong_knobs(said: Mapping[str, Any], usual: Mapping[str, Any], contact_points: Sequence[str]) -> list[str]:
    """A sentence for each knob that cannot be what it is; none if all can.

    Args:
        said: all variables that begin like a knob.
        usual: every knob with its usual value.
        contact_points: the names that ``stack_alert_contact`` may be.
    """
    rules = RULES | {"stack_alert_contact": _one_of(["", *contact_points])}
    complaints = [_complaint(name, said[name], usual[name], rules.get(name)) for name in usual if name in said]
    return [sentence for sentence in complaints if sentence] + list(_misspelt(said, usual))


def _complaint(name: str, value: Any, usual: Any, rule: Rule | None) -> str:
    what = "" if name.startswith("backup_keep_") or _is_like(value, usual) else _kind(usual)
    if not what and rule and not rule.holds(value):
        what = rule.what
    return f"{name}{_shown(name, value)} has to be {what}." if what else ""


def _shown(name: str, value: Any) -> str:
    """The value, where it is short and cannot be a secret."""
    text = "empty" if value is None or value == "" else str(value)
    is_open = not isinstance(value, list | dict) and name not in NEVER_SHOWN
    return f" is {text}, and" if is_open and len(text) < LONGEST_SHOWN and text.isprintable() else ""


# --- Of what kind it is. A knob that was said by `-e name=value` is a text.

KINDS = {
    bool: "true or false",
    int: "a whole number",
    str: "a text",
    list: "a list, as in [one, another], with the brackets also around a single one",
    dict: "names with their values, as in {NAME: value}",
}


def _kind(usual: Any) -> str:
    # Ansible's values are of types of its own, beneath these; a switch is a number too, and stands first.
    return next(what for kind, what in KINDS.items() if isinstance(usual, kind))


def _is_like(value: Any, usual: Any) -> bool:
    if isinstance(usual, bool):
        return str(value).lower() in SWITCHES
    if isinstance(usual, int):
        return not isinstance(value, bool) and _is_number(value)
    if isinstance(usual, str):
        return isinstance(value, str | int | float)
    return isinstance(value, list if isinstance(usual, list) else dict)


def _is_number(value: Any) -> bool:
    return re.fullmatch(r"-?\d+", str(value), re.ASCII) is not None


# --- What it has to be beyond its kind.


def _from(least: int, what: str, *others: int) -> Rule:
    return Rule(lambda value: int(value) >= least or int(value) in others, what)


def _between(least: int, most: int, what: str) -> Rule:
    return Rule(lambda value: least <= int(value) <= most, what)


def _pattern(pattern: str, what: str) -> Rule:
    return Rule(lambda value: re.fullmatch(pattern, str(value), re.ASCII) is not None, what)


def _one_of(values: Sequence[str]) -> Rule:
    named = [value or "empty" for value in values]
    return Rule(lambda value: value in values, f"{', '.join(named[:-1])} or {named[-1]}")


def _is_time_zone(value: Any) -> bool:
    known = zoneinfo.available_timezones()
    # A controller without a list of them cannot tell.
    return not value or not known or value in known


def _is_count(least: int) -> Callable[[Any], bool]:
    return lambda value: value == "all" or (not isinstance(value, bool) and _is_number(value) and int(value) >= least)


def _is_image(value: Any) -> bool:
    return IMAGE.fullmatch(str(value)) is not None


def _is_influxdb(value: Any) -> bool:
    found = IMAGE.fullmatch(str(value))
    if found is None:
        return False
    return bool(found["digest"]) or not (found["tag"] is None or OTHER_INFLUXDB.fullmatch(found["tag"]))


def _is_listened_on(value: Any) -> bool:
    address, _, port = str(value).rpartition(":")
    try:
        version = ipaddress.ip_address(address.removeprefix("[").removesuffix("]")).version
    except ValueError:
        return False
    if (version == 6) != address.startswith("["):
        return False
    return port.isdecimal() and 0 < int(port) < 1 << 16 and int(port) != INFLUXDB_PORT


def _is_folder(value: Any) -> bool:
    path = PurePosixPath(str(value))
    parts = path.parts[1:] or ("",)
    return _is_path(value) and ".." not in parts and not (len(parts) == 1 and OF_THE_SYSTEM.fullmatch(parts[0]))


def _is_path(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("/") and value.isprintable() and ":" not in value


def _is_word(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def _is_environment(value: Mapping[str, Any]) -> bool:
    names_are = all(re.fullmatch(r"[A-Za-z_]\w*", str(name), re.ASCII) for name in value)
    return names_are and all(
        isinstance(each, str | int | float) and not re.search(r"[\r\n\0]", str(each)) for each in value.values()
    )


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _is_passwords(value: Mapping[str, Any]) -> bool:
    return all(name in SINKS and _is_password(password) for name, password in value.items())


def _is_password(value: Any) -> bool:
    # Empty is none.
    return _is_word(value) and str(value).isprintable() and (value == "" or not str(value).isspace())


ENVIRONMENT = "names of letters, digits and _ with their values, each a text of one line"
FINGERPRINT = _pattern("[0-9A-F]{40}", "the 40 digits of a fingerprint, 0 to 9 and A to F, without spaces")
URL = _pattern(r"(https?://\S+)?", "an address that begins with http:// or https://, or empty")
MEGABYTES = _from(0, "a number of megabytes")
KEPT = Rule(_is_count(0), "a whole number, or all")

RULES = {
    "wattline_meters": Rule(
        lambda value: _are_texts(value) and not any("=rainforest-" in each for each in value),
        'a list of words of meters on RS485, as in ["house=orno-we515@1"], or []; a stick is an entry of wattline_gateways, '
        '{port: auto, meters: ["grid=rainforest-raven"]}',
    ),
    "wattline_adapter": _pattern(r"\S+", "auto, or the name of a device below /dev"),
    "wattline_site": Rule(lambda value: str(value).isprintable(), "a text of one line"),
    "wattline_timezone": Rule(
        _is_time_zone, "a name that `timedatectl list-timezones` lists, such as Europe/Rome, or empty"
    ),
    "wattline_contract_power_w": _from(1, "a number of watts, such as 3000"),
    "wattline_journal_days": _between(1, 3650, "a number of days from 1 to 3650"),
    "wattline_journal_mb": _between(1, 1_000_000, "a number of megabytes from 1 to 1000000"),
    "preflight_memory_mb": MEGABYTES,
    "preflight_disk_mb": MEGABYTES,
    "preflight_disk_upgrade_mb": MEGABYTES,
    "host_journal_max": _pattern(r"\d+[KMG]?", "a size such as 64M"),
    "docker_provider": _one_of(["docker", "debian", "existing"]),
    "docker_key_fingerprint": FINGERPRINT,
    "docker_major": Rule(
        lambda value: _is_number(value) and int(value) >= OLDEST_DOCKER, f"a major version from {OLDEST_DOCKER} on"
    ),
    "stack_influxdb_image": Rule(_is_influxdb, "an image of InfluxDB 2 with its tag, such as influxdb:2.9.1-alpine"),
    "stack_grafana_image": Rule(_is_image, "the name of an image, such as grafana/grafana:12.4.3"),
    "stack_raw_retention": _pattern("0|[1-9][0-9]{0,3}[dw]", "0 (for ever), or days or weeks such as 400d or 52w"),
    "stack_grafana_address": Rule(
        _is_listened_on, "an address in numbers and a port that is not InfluxDB's, such as 0.0.0.0:3000"
    ),
    "stack_grafana_url": URL,
    "stack_alert_environment": Rule(_is_environment, ENVIRONMENT),
    "telegraf_version": _pattern(r"\d[\w.*+~-]*", "a version such as 1.39.*"),
    "telegraf_key_fingerprint": FINGERPRINT,
    "telegraf_watchdog_s": _from(
        SHORTEST_WATCHDOG_S, f"a number of seconds from {SHORTEST_WATCHDOG_S} on, or 0 for never", 0
    ),
    "telegraf_heartbeat_url": URL,
    "sinks_mqtt_prefix": _pattern(
        r"[\w-]+(/[\w-]+)*", "how topics begin, such as wattline, of letters, digits, _, - and /"
    ),
    "sinks_passwords": Rule(
        _is_passwords,
        "a password of one line, and not of blanks alone, for each of mariadb, mqtt and postgresql that has one, as in {mqtt: ...}",
    ),
    "backup_folder": Rule(_is_folder, "a folder of its own, by its whole path, such as /mnt/disk/wattline"),
    "backup_keep_newest": Rule(_is_count(1), "a whole number from 1 on, or all"),
    **{f"backup_keep_{often}": KEPT for often in ("hourly", "daily", "weekly", "monthly", "yearly")},
    "backup_files": Rule(
        lambda value: all(_is_path(each) for each in value), "a list of whole paths, such as [/home/pi/notes]"
    ),
    "backup_offsite_credentials": Rule(_is_environment, ENVIRONMENT),
    "finish_patience_s": _from(5, "a number of seconds from 5 on"),
}


# --- What no single knob tells.


def _misspelt(said: Mapping[str, Any], usual: Mapping[str, Any]) -> Iterator[str]:
    """A name of the household's own is like none of ours."""
    for name in sorted(set(said) - set(usual)):
        if near := difflib.get_close_matches(name, usual, n=1, cutoff=0.8):
            yield f"There is no knob {name}: the nearest is {near[0]}."
