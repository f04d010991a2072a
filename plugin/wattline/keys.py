"""The keys of a METER word, ``,key=value``: what each means for the meter."""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from wattline.bus.settings import BAUD_RATES, PARITIES, STOP_BITS
from wattline.errors import WordError
from wattline.fields import ROLES
from wattline.installation import behind_transformers, turned_round
from wattline.options import nearest, nearest_number

if TYPE_CHECKING:
    from wattline.words import Meter

T = TypeVar("T")

LONGEST_INTERVAL_S = 3600
# How sentences call what ``seconds_of`` takes.
WHOLE_TIMES = "in whole seconds, minutes or hours"
LONGEST_SHORT_TIME_S = 5.0
RATIOS = (0.001, 100_000.0)

_INTERVAL = re.compile(r"([0-9]{1,4})(s|m|h)")
_SECONDS = {"s": 1, "m": 60, "h": 3600}
_SHORT_TIME = re.compile(r"([0-9]{1,5})(?:ms)?")
_SWITCH = {"": True, "yes": True, "no": False}
_RATIO = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,6})?)(?:/([0-9]{1,6}(?:\.[0-9]{1,6})?))?")


def with_key(meter: "Meter", key: str, value: str, word: str) -> "Meter":
    """``meter`` as ``key=value`` says, both out of ``word``.

    Raises:
        WordError: there is no such key, or it cannot have this value.
    """
    if key not in _KEYS:
        raise WordError(
            f"There is no key {key!r} ({word!r}){nearest(key, KEYS)}; a meter's keys are {', '.join(KEYS)}."
        )
    return _KEYS[key](meter, value, word)


def seconds_of(text: str) -> int:
    """Seconds of ``1s`` to ``1h``; 0 when ``text`` is no such time."""
    match = _INTERVAL.fullmatch(text)
    seconds = int(match[1]) * _SECONDS[match[2]] if match else 0
    return seconds if seconds <= LONGEST_INTERVAL_S else 0


def _with_baud(meter: "Meter", value: str, word: str) -> "Meter":
    baud = next((rate for rate in BAUD_RATES if str(rate) == value), 0)
    if not baud:
        rates = ", ".join(map(str, BAUD_RATES))
        raise WordError(f"baud={value!r} in {word!r} must be one of {rates}{nearest_number(value, BAUD_RATES)}.")
    return replace(meter, settings=replace(meter.settings, baud=baud))


def _with_parity(meter: "Meter", value: str, word: str) -> "Meter":
    return replace(meter, settings=replace(meter.settings, parity=_one_of(PARITIES, value, "parity", word)))


def _with_stop(meter: "Meter", value: str, word: str) -> "Meter":
    return replace(meter, settings=replace(meter.settings, stop=_one_of(STOP_BITS, value, "stop", word)))


def _with_role(meter: "Meter", value: str, word: str) -> "Meter":
    return replace(meter, role=_one_of(ROLES, value, "role", word))


def _with_scale(meter: "Meter", value: str, word: str) -> "Meter":
    return replace(meter, model=behind_transformers(meter.model, _ratio(value, word)))


def _with_invert(meter: "Meter", value: str, word: str) -> "Meter":
    if value.lower() not in _SWITCH:
        raise WordError(f"invert={value!r} in {word!r} must be yes or no; invert with nothing behind it is yes.")
    return replace(meter, model=turned_round(meter.model)) if _SWITCH[value.lower()] else meter


def _with_interval(meter: "Meter", value: str, word: str) -> "Meter":
    interval_s = seconds_of(value)
    if not interval_s:
        raise WordError(f"interval={value!r} in {word!r} must be 1s to 1h {WHOLE_TIMES}, for example 1s, 10s or 5m.")
    return replace(meter, interval_s=interval_s)


def _with_pause(meter: "Meter", value: str, word: str) -> "Meter":
    return replace(meter, pause_s=_short_time(value, "pause", word, least_ms=0))


def _with_timeout(meter: "Meter", value: str, word: str) -> "Meter":
    return replace(meter, timeout_s=_short_time(value, "timeout", word, least_ms=1))


_KEYS: dict[str, Callable[["Meter", str, str], "Meter"]] = {
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
    match = _RATIO.fullmatch(text)
    primary, secondary = (float(match[1]), float(match[2] or 1)) if match else (0.0, 1.0)
    ratio = primary / secondary if secondary else 0.0
    if not RATIOS[0] <= ratio <= RATIOS[1]:
        raise WordError(f"scale={text!r} in {word!r} must be a ratio of transformers, for example 40 or 200/5.")
    return ratio


def _short_time(text: str, key: str, word: str, *, least_ms: int) -> float:
    """Seconds of ``50ms`` or ``50``, which are milliseconds as behind ``--turnaround``."""
    match = _SHORT_TIME.fullmatch(text)
    seconds = int(match[1]) / 1000 if match else -1.0
    if not least_ms / 1000 <= seconds <= LONGEST_SHORT_TIME_S:
        raise WordError(
            f"{key}={text!r} in {word!r} must be a whole number of milliseconds from {least_ms} to "
            f"{1000 * LONGEST_SHORT_TIME_S:.0f}, for example 50ms."
        )
    return seconds


def _one_of(choices: Iterable[T], value: str, key: str, word: str) -> T:
    by_text = {str(choice): choice for choice in choices}
    for text, choice in by_text.items():
        if text.lower() == value.lower():
            return choice
    raise WordError(f"{key}={value!r} in {word!r} must be one of {', '.join(by_text)}{nearest(value, by_text)}.")
