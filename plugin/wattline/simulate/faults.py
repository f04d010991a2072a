"""Scripted faults: the words after ``--faults``, and what each of them does to a reply. Pure.

A script is a list of items with commas between them. Each item is one of

    KIND=RATE[:PARAMETER]      for this share of the requests, 0 to 1; at most one of the rates hits a request
    KIND@FROM-TO[:PARAMETER]   always between these seconds after the start
    KIND[:PARAMETER]           always

    kind      what happens                                             parameter
    silence   no reply
    noise     junk bytes in front of the reply or in its place         before or instead; either unless given
    crc       one bit of the reply is turned over, its CRC is wrong
    short     the reply ends early                                     bytes that come; any number unless given
    late      the reply is late                                        MS or MS-MS; 100-1200 unless given
    refuse    the meter refuses                                        exception code, 1 to 255; 4 unless given
    echo      the request itself comes back in front of the reply
    stuck     the values stay what they were                           seconds, with a rate only; 10 unless given
    unplug    the port vanishes and comes back                         seconds, with a rate only; 3 unless given

For example: late=0.1667:100-1200,crc=0.1,silence=0.0667,echo,stuck@30-40,unplug@60-65
"""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from math import inf, isfinite

from wattline.errors import WordError
from wattline.options import nearest
from wattline.simulate.dice import Dice

_LASTING = ("stuck", "unplug")
_DEFAULTS = {"short": (0, 0), "late": (100, 1200), "refuse": (4, 4), "stuck": (10, 10), "unplug": (3, 3)}
_WITH_PARAMETER = ("noise", *_DEFAULTS)
KINDS = ("silence", "crc", "echo", *_WITH_PARAMETER)
"""Those that befall a reply of a meter on a bus."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault.

    Attributes:
        kind: a name of the table above.
        low, high: its parameter: milliseconds late, seconds stuck or unplugged, the exception code, the bytes left
            (0: any number).
        place: where noise goes: "before", "instead" or "" for either.
    """

    kind: str
    low: float = 0.0
    high: float = 0.0
    place: str = ""


@dataclass(frozen=True, slots=True)
class Window:
    """A fault between two times, in seconds after the start."""

    start_s: float
    end_s: float
    fault: Fault


@dataclass(frozen=True, slots=True)
class Script:
    """All faults of a simulation."""

    rates: tuple[tuple[float, Fault], ...] = ()
    windows: tuple[Window, ...] = ()

    def of_request(self, since_start_s: float, throw: float) -> list[Fault]:
        """The faults of a request that came ``since_start_s``; ``throw`` is a number from 0 to 1."""
        faults = [w.fault for w in self.windows if w.start_s <= since_start_s < w.end_s]
        for rate, fault in self.rates:
            if throw < rate:
                return [*faults, fault]
            throw -= rate
        return faults

    def uses(self, kind: str) -> bool:
        """Whether a kind of fault occurs in it."""
        return any(fault.kind == kind for _, fault in self.rates) or any(w.fault.kind == kind for w in self.windows)


def parse_script(text: str, kinds: Collection[str] = KINDS) -> Script:
    """The script that the words of ``--faults`` mean; empty words mean no faults. ``kinds`` are those that there are.

    Raises:
        WordError: with the item, and what it may be.
    """
    rates: list[tuple[float, Fault]] = []
    windows: list[Window] = []
    for item in filter(None, text.split(",")):
        match = _ITEM.fullmatch(item)
        if match is None:
            raise WordError(
                f"The fault {item!r} must be KIND=RATE, KIND@FROM-TO or KIND, each with :PARAMETER if need be."
            )
        fault = _fault(match, item, kinds)
        if match["rate"] is None:
            windows.append(_window(match, fault, item))
        else:
            rates.append((_rate(match["rate"], item), fault))
    if sum(rate for rate, _ in rates) > 1 + 1e-9:
        raise WordError(f"The rates in {text!r} add up to more than 1, but at most one of them hits a request.")
    return Script(tuple(rates), tuple(windows))


def parse_fault(text: str, kinds: Collection[str] = KINDS) -> Fault:
    """The fault that ``KIND[:PARAMETER]`` means, of those ``kinds``.

    Raises:
        WordError: with the word, and what it may be.
    """
    match = _ITEM.fullmatch(text)
    if match is None or match["rate"] or match["start"]:
        raise WordError(f"The fault {text!r} must be KIND or KIND:PARAMETER.")
    return _fault(match, text, kinds)


def spoil(reply: bytes, fault: Fault, dice: Dice) -> bytes:
    """What is heard of a sound ``reply`` that is hit by ``fault``."""
    spoiler = _SPOILERS.get(fault.kind)
    return spoiler(reply, fault, dice) if spoiler else reply


def _crc(reply: bytes, _fault: Fault, dice: Dice) -> bytes:
    """One bit behind the address and the function, so that the CRC alone can tell."""
    spoilt = bytearray(reply)
    spoilt[dice.whole(2, len(reply) - 1)] ^= 1 << dice.whole(0, 7)
    return bytes(spoilt)


def _short(reply: bytes, fault: Fault, dice: Dice) -> bytes:
    return reply[: min(int(fault.low), len(reply) - 1) or dice.whole(1, len(reply) - 1)]


def _noise(reply: bytes, fault: Fault, dice: Dice) -> bytes:
    junk = bytes(dice.whole(0, 255) for _ in range(dice.whole(1, 8)))
    before = fault.place == "before" or (not fault.place and dice.fraction() < 0.5)
    return junk + reply if before else junk


_SPOILERS: dict[str, Callable[[bytes, Fault, Dice], bytes]] = {"crc": _crc, "short": _short, "noise": _noise}

_ITEM = re.compile(
    r"(?P<kind>[^=@:]+)(?:=(?P<rate>[^=@:]+)|@(?P<start>[^-:]+)-(?P<end>[^-:]+))?(?::(?P<parameter>.*))?"
)


def _fault(match: re.Match[str], item: str, kinds: Collection[str]) -> Fault:
    kind, parameter = match["kind"], match["parameter"]
    if kind not in kinds:
        raise WordError(
            f"There is no fault {kind!r} ({item!r}){nearest(kind, kinds)}; the faults are {', '.join(kinds)}."
        )
    if parameter is None:
        return Fault(kind, *_DEFAULTS.get(kind, ()))
    if kind not in _WITH_PARAMETER:
        raise WordError(f"The fault {item!r} takes no parameter {parameter!r} here.")
    return _with_parameter(kind, parameter, item)


def _with_parameter(kind: str, parameter: str, item: str) -> Fault:
    if kind == "noise":
        if parameter not in {"before", "instead"}:
            raise WordError(f"The parameter {parameter!r} of {item!r} must be before or instead.")
        return Fault(kind, place=parameter)
    if kind == "late":
        low, dash, high = parameter.partition("-")
        fault = Fault(kind, _number(low, 0, item), _number(high if dash else low, 0, item))
        if fault.high < fault.low:
            raise WordError(f"The milliseconds in {item!r} must begin with the smaller one.")
        return fault
    value = _number(parameter, 0 if kind in _LASTING else 1, item)
    if kind in {"refuse", "short"} and value != int(value):
        raise WordError(f"The parameter {parameter!r} of {item!r} must be a whole number.")
    if kind == "refuse" and value > 255:
        raise WordError(f"The exception code {parameter!r} in {item!r} must be 1 to 255.")
    return Fault(kind, value, value)


def _rate(text: str, item: str) -> float:
    rate = _number(text, 0, item)
    if not 0 < rate <= 1:
        raise WordError(f"The rate {text!r} in {item!r} must be more than 0 and at most 1.")
    return rate


def _window(match: re.Match[str], fault: Fault, item: str) -> Window:
    if fault.kind in _LASTING and match["parameter"] is not None:
        raise WordError(f"The fault {item!r} takes no parameter {match['parameter']!r} here.")
    if match["start"] is None:
        if fault.kind == "unplug":
            raise WordError("The fault 'unplug' needs a time or a rate, for example unplug@20-25.")
        return Window(0.0, inf, _without_length(fault))
    window = Window(_number(match["start"], 0, item), _number(match["end"], 0, item), _without_length(fault))
    if window.end_s <= window.start_s:
        raise WordError(f"The seconds in {item!r} must be FROM-TO with TO after FROM, for example {fault.kind}@20-25.")
    return window


def _without_length(fault: Fault) -> Fault:
    """A window says how long it is stuck or unplugged; the fault itself then has no length."""
    return Fault(fault.kind) if fault.kind in _LASTING else fault


def _number(text: str, least: float, item: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise WordError(f"{text!r} in {item!r} must be a number.") from None
    if not isfinite(value) or value < least:
        raise WordError(f"{text!r} in {item!r} must be a number of at least {least:g}.")
    return value
