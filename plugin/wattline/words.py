"""The words that name the meters, ``NAME=MODEL@ADDRESS[,key=value...]``, checked before anything is touched.

The same words serve ``run``, ``read`` and ``simulate``, so what works by hand works in Telegraf's configuration.
"""

import argparse
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from wattline.bus.settings import BAUD_RATES, PARITIES, STOP_BITS, LineSettings
from wattline.errors import WordError
from wattline.fields import ROLES
from wattline.installation import behind_transformers, turned_round
from wattline.meters import Model, load_models
from wattline.options import nearest
from wattline.ports import PORTS, sets_line

EXAMPLE = "house=orno-we515@1"

T = TypeVar("T")

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
# Meters show their address with leading zeros, so 007 is 7.
_ADDRESS = re.compile(r"[0-9]{1,3}")
_INTERVAL = re.compile(r"([0-9]{1,4})(s|m|h)")
_SECONDS = {"s": 1, "m": 60, "h": 3600}
_SHORT_TIME = re.compile(r"([0-9]{1,5})ms")
LONGEST_SHORT_TIME_S = 5.0
RATIOS = (0.001, 100_000.0)


@dataclass(frozen=True, slots=True)
class Meter:
    """One meter as the user named it.

    Attributes:
        name: the tag ``meter``.
        model: its table.
        address: 1 to 247.
        settings: its line settings, the factory's unless said otherwise.
        role: the tag ``role``.
        interval_s: whole seconds from reading to reading; 0 for that of the port.
        pause_s: seconds of silence before it is asked after another meter; learnt unless given.
        timeout_s: seconds for which the first byte of its reply is waited for; learnt unless given.
    """

    name: str
    model: Model
    address: int
    settings: LineSettings
    role: str = "grid"
    interval_s: int = 0
    pause_s: float | None = None
    timeout_s: float | None = None


def add_port_and_meters(parser: argparse.ArgumentParser) -> None:
    """Add the words PORT and METER, which all commands share that read meters."""
    parser.add_argument("port", metavar="PORT", type=_no_meter, help=PORTS)
    parser.add_argument(
        "meters",
        metavar="METER",
        nargs="+",
        help="NAME=MODEL@ADDRESS[,key=value...]; `wattline models` lists the models, "
        f"the keys are baud, parity ({', '.join(PARITIES)}), stop ({', '.join(map(str, STOP_BITS))}), "
        f"role ({', '.join(ROLES)}), scale (ratio of its current transformers), invert (the current runs the other "
        "way), interval (such as 10s), pause and timeout (such as 50ms; both are learnt unless given)",
    )


def _no_meter(word: str) -> str:
    """A word that may be a port. That it was forgotten is seen here, since a meter then stands in its place."""
    if "=" in word and "@" in word and "/" not in word:
        raise WordError(f"The port comes before the meters: {word!r} is no port, which must be {PORTS}.")
    return word


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
    definition, at, rest = word.partition("@")
    # The last "=" is ours: one more before it is a wrong letter of the name.
    name, equals, model_name = definition.rpartition("=")
    address, *keys = rest.split(",")
    if not (equals and at):
        raise WordError(f"{word!r} is not a meter: it must be NAME=MODEL@ADDRESS, for example {EXAMPLE}.")
    if not _NAME.fullmatch(name):
        raise WordError(
            f"The name {name!r} in {word!r} cannot be a meter's name: "
            "letters, digits, '-', '_' and '.' only, a letter or digit first, at most 64."
        )
    model = find_model(model_name, models)
    meter = Meter(name, model, _address(address, word), model.settings)
    given: set[str] = set()
    for key_value in keys:
        key, _, value = key_value.partition("=")
        _refuse_gap(key, word)
        meter = _with_key(meter, key, value, word)
        if key in given:
            raise WordError(f"The key {key!r} is given twice in {word!r}; once is enough.")
        given.add(key)
    return meter


def find_model(name: str, models: Mapping[str, Model]) -> Model:
    """The model called ``name``.

    Raises:
        WordError: there is none; the nearest is named.
    """
    if name not in models:
        raise WordError(f"There is no model {name!r}{nearest(name, models)}; `wattline models` lists them all.")
    return models[name]


def _address(text: str, word: str) -> int:
    if not (_ADDRESS.fullmatch(text) and 1 <= int(text) <= 247):
        raise WordError(f"The address {text!r} in {word!r} must be a whole number from 1 to 247.")
    return int(text)


def _refuse_gap(key: str, word: str) -> None:
    if not key or key[0].isspace():
        follows = "A space" if key else "Nothing"
        raise WordError(
            f"{follows} follows a comma in {word!r}; the keys come right behind it, as in {EXAMPLE},role=load."
        )


def _with_key(meter: Meter, key: str, value: str, word: str) -> Meter:
    if key not in _KEYS:
        raise WordError(
            f"There is no key {key!r} ({word!r}){nearest(key, KEYS)}; a meter's keys are {', '.join(KEYS)}."
        )
    return _KEYS[key](meter, value, word)


def _with_baud(meter: Meter, value: str, word: str) -> Meter:
    return replace(meter, settings=replace(meter.settings, baud=_one_of(BAUD_RATES, value, "baud", word)))


def _with_parity(meter: Meter, value: str, word: str) -> Meter:
    return replace(meter, settings=replace(meter.settings, parity=_one_of(PARITIES, value, "parity", word)))


def _with_stop(meter: Meter, value: str, word: str) -> Meter:
    return replace(meter, settings=replace(meter.settings, stop=_one_of(STOP_BITS, value, "stop", word)))


def _with_role(meter: Meter, value: str, word: str) -> Meter:
    return replace(meter, role=_one_of(ROLES, value, "role", word))


def _with_scale(meter: Meter, value: str, word: str) -> Meter:
    return replace(meter, model=behind_transformers(meter.model, _ratio(value, word)))


def _with_invert(meter: Meter, value: str, word: str) -> Meter:
    is_turned = _one_of(("yes", "no"), value or "yes", "invert", word) == "yes"
    return replace(meter, model=turned_round(meter.model)) if is_turned else meter


def _with_interval(meter: Meter, value: str, word: str) -> Meter:  # noqa: ARG001 (one shape for all keys)
    return replace(meter, interval_s=parse_interval(value))


def _with_pause(meter: Meter, value: str, word: str) -> Meter:
    return replace(meter, pause_s=_short_time(value, "pause", word))


def _with_timeout(meter: Meter, value: str, word: str) -> Meter:
    return replace(meter, timeout_s=_short_time(value, "timeout", word))


_KEYS: dict[str, Callable[[Meter, str, str], Meter]] = {
    "baud": _with_baud,
    "parity": _with_parity,
    "stop": _with_stop,
    "role": _with_role,
    "scale": _with_scale,
    "invert": _with_invert,
    "interval": _with_interval,
    "pause": _with_pause,
    "timeout": _with_timeout,
}
KEYS = tuple(_KEYS)


def _ratio(text: str, word: str) -> float:
    """The ratio of the transformers: ``40``, ``1.5`` or ``200/5``."""
    primary, _, secondary = text.partition("/")
    try:
        ratio = float(primary) / float(secondary or 1)
    except (ValueError, ZeroDivisionError):
        ratio = 0.0
    if not RATIOS[0] <= ratio <= RATIOS[1]:
        raise WordError(f"scale={text!r} in {word!r} must be a ratio of transformers, for example 40 or 200/5.")
    return ratio


def _short_time(text: str, key: str, word: str) -> float:
    match = _SHORT_TIME.fullmatch(text)
    seconds = int(match[1]) / 1000 if match else -1.0
    if not 0 <= seconds <= LONGEST_SHORT_TIME_S:
        raise WordError(f"{key}={text!r} in {word!r} must be 0ms to {LONGEST_SHORT_TIME_S * 1000:.0f}ms.")
    return seconds


def _one_of(choices: Iterable[T], value: str, key: str, word: str) -> T:
    by_text = {str(choice): choice for choice in choices}
    for text, choice in by_text.items():
        if text.lower() == value.lower():
            return choice
    raise WordError(f"{key}={value!r} in {word!r} must be one of {', '.join(by_text)}{nearest(value, by_text)}.")


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


def check_addresses(meters: Sequence[Meter], port: str) -> None:
    """Refuse two meters of one address where the port cannot choose the line settings that would tell them apart.

    Raises:
        WordError: there are two.
    """
    seen: dict[int, Meter] = {}
    for meter in meters:
        other = seen.setdefault(meter.address, meter)
        if other is not meter and not sets_line(port):
            raise WordError(
                f"{other.name!r} and {meter.name!r} both have address {meter.address}, and the gateway behind {port} has "
                "one line setting for all, so one of them needs another address."
            )
