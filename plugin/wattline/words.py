"""The words of the command line: ``NAME=MODEL@ADDRESS[,key=value...]`` and the port, checked before anything is touched.

The same words serve ``run``, ``read`` and ``simulate``, so what works by hand works in Telegraf's configuration.
"""

import os
import re
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

from wattline.bus.settings import BAUD_RATES, PARITIES, STOP_BITS, LineSettings
from wattline.errors import WordError
from wattline.fields import ROLES
from wattline.meters import Model, load_models

EXAMPLE = "house=orno-we515@1"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_INTERVAL = re.compile(r"([0-9]+)(s|m|h)")
_SECONDS = {"s": 1, "m": 60, "h": 3600}


@dataclass(frozen=True, slots=True)
class Meter:
    """One meter as the user named it.

    Attributes:
        name: the tag ``meter``.
        model: its table.
        address: 1 to 247.
        settings: its line settings, the factory's unless said otherwise.
        role: the tag ``role``.
    """

    name: str
    model: Model
    address: int
    settings: LineSettings
    role: str = "grid"


def parse_meters(words: Sequence[str]) -> list[Meter]:
    """The meters of a command line.

    Raises:
        WordError: a word is wrong, or two of them contradict each other.
    """
    models = load_models()
    meters = [parse_meter(word, models) for word in words]
    _refuse_doubles(meters)
    return meters


def parse_meter(word: str, models: Mapping[str, Model]) -> Meter:
    """The meter that one ``NAME=MODEL@ADDRESS[,key=value...]`` means.

    Raises:
        WordError: with the word, what it may be, and the nearest thing that exists.
    """
    name, equals, rest = word.partition("=")
    definition, *keys = rest.split(",")
    model_name, at, address = definition.partition("@")
    if not (equals and at):
        raise WordError(f"{word!r} is not a meter: it must be NAME=MODEL@ADDRESS, for example {EXAMPLE}.")
    if not _NAME.fullmatch(name):
        raise WordError(
            f"The name {name!r} in {word!r} cannot be a meter's name: "
            "letters, digits, '-', '_' and '.' only, a letter or digit first, at most 64."
        )
    model = find_model(model_name, models)
    meter = Meter(name, model, _address(address, word), model.settings)
    for key in keys:
        meter = _with_key(meter, key, word)
    return meter


def find_model(name: str, models: Mapping[str, Model]) -> Model:
    """The model called ``name``.

    Raises:
        WordError: there is none; the nearest is named.
    """
    if name not in models:
        raise WordError(f"There is no model {name!r}{_nearest(name, models)}; `wattline models` lists them all.")
    return models[name]


def _address(text: str, word: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 247):
        raise WordError(f"The address {text!r} in {word!r} must be a whole number from 1 to 247.")
    return int(text)


def _with_key(meter: Meter, key_value: str, word: str) -> Meter:
    key, _, value = key_value.partition("=")
    settings = meter.settings
    match key:
        case "baud":
            return replace(meter, settings=replace(settings, baud=int(_one_of(value, BAUD_RATES, key, word))))
        case "parity":
            parity = next(p for p in PARITIES if p == _one_of(value.upper(), PARITIES, key, word))
            return replace(meter, settings=replace(settings, parity=parity))
        case "stop":
            return replace(meter, settings=replace(settings, stop=int(_one_of(value, STOP_BITS, key, word))))
        case "role":
            return replace(meter, role=_one_of(value, ROLES, key, word))
    known = ("baud", "parity", "stop", "role")
    raise WordError(f"There is no key {key!r} ({word!r}){_nearest(key, known)}; a meter's keys are {', '.join(known)}.")


def _one_of(value: str, choices: Iterable[object], key: str, word: str) -> str:
    texts = [str(choice) for choice in choices]
    if value not in texts:
        raise WordError(f"{key}={value!r} in {word!r} must be one of {', '.join(texts)}.")
    return value


def _nearest(word: str, known: Iterable[str]) -> str:
    matches = get_close_matches(word, list(known), n=1, cutoff=0.4)
    return f", the nearest is {matches[0]!r}" if matches else ""


def _refuse_doubles(meters: Sequence[Meter]) -> None:
    names: set[str] = set()
    places: dict[tuple[int, LineSettings], Meter] = {}
    for meter in meters:
        if meter.name in names:
            raise WordError(f"Two meters are called {meter.name!r}; each needs a name of its own.")
        names.add(meter.name)
        other = places.setdefault((meter.address, meter.settings), meter)
        if other is not meter:
            raise WordError(
                f"{other.name!r} and {meter.name!r} both have address {meter.address} at {meter.settings}; "
                "their answers would destroy each other, so one of them needs another address."
            )


def parse_interval(text: str) -> int:
    """Seconds of ``1s`` to ``1h``.

    Raises:
        WordError: it is not a whole number of seconds, minutes or hours, or out of range.
    """
    match = _INTERVAL.fullmatch(text)
    seconds = int(match[1]) * _SECONDS[match[2]] if match else 0
    if not 1 <= seconds <= 3600:
        raise WordError(f"The interval {text!r} must be 1s to 1h, for example 1s, 10s or 5m.")
    return seconds


def check_port(port: str) -> None:
    """Refuse a port that can never be opened; one that is only missing may still be plugged in.

    Raises:
        WordError: the port is no serial port, or this user may not use it.
    """
    if "://" in port:
        if not port.startswith(("socket://", "rfc2217://")):
            raise WordError(
                f"The port {port!r} must be a device such as /dev/ttyUSB0, socket://HOST:PORT or rfc2217://HOST:PORT."
            )
        return
    path = Path(port)
    if not path.exists():
        if not path.is_absolute():
            raise WordError(
                f"The port {port!r} must be a device such as /dev/ttyUSB0, socket://HOST:PORT or rfc2217://HOST:PORT."
            )
        return
    if not stat.S_ISCHR(path.stat().st_mode):
        raise WordError(f"The port {port!r} is no serial device; give one such as /dev/ttyUSB0.")
    if not os.access(path, os.R_OK | os.W_OK):
        raise WordError(
            f"The port {port!r} may not be read and written by this user; add the user to the group dialout and start anew."
        )
