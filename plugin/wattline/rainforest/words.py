"""The words that name meters behind a stick: ``NAME=MODEL[,key=value...]``, without an address."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from wattline.errors import WordError
from wattline.fields import ROLES
from wattline.options import nearest
from wattline.rainforest.models import STICKS, StickMeter
from wattline.rainforest.numbers import mac
from wattline.words import check_name, refuse_gap

EXAMPLE = "grid=rainforest-raven"


def parse_stick_meters(words: Sequence[str]) -> list[StickMeter]:
    """The meters behind one stick.

    Raises:
        WordError: a word is wrong, or two of them contradict each other.
    """
    meters = [parse_stick_meter(word) for word in words]
    if len({meter.model.name for meter in meters}) > 1:
        raise WordError("All meters on one port are behind one stick, so they have the same model in their words.")
    seen: dict[str, StickMeter] = {}
    for meter in meters:
        if meter.name in {other.name for other in seen.values()}:
            raise WordError(f"Two meters are called {meter.name!r}; each needs a name of its own.")
        if len(meters) > 1 and not meter.mac:
            raise WordError(
                f"{meter.name!r} needs a mac=0x... to be told from the others behind the stick; "
                "`wattline rainforest console` shows those that it knows with get_meter_list."
            )
        other = seen.setdefault(meter.mac, meter)
        if other is not meter:
            raise WordError(f"{other.name!r} and {meter.name!r} are both the meter {meter.mac}; leave one out.")
    return meters


def parse_stick_meter(word: str) -> StickMeter:
    """The meter that one ``NAME=MODEL[,key=value...]`` means.

    Raises:
        WordError: with the word, and what it may be.
    """
    definition, *keys = word.split(",")
    if "@" in definition:
        raise WordError(f"A stick has no address: {word!r} must be NAME=MODEL[,key=value...], for example {EXAMPLE}.")
    name, equals, model_name = definition.rpartition("=")
    model = STICKS.get(model_name)
    if not equals or model is None:
        raise WordError(f"{word!r} is not a meter: behind a stick it must be NAME=MODEL, for example {EXAMPLE}.")
    check_name(name, word)
    meter, given = StickMeter(name, model), set[str]()
    for key_value in keys:
        key, _, value = key_value.partition("=")
        refuse_gap(key, word)
        if key not in _KEYS:
            raise WordError(
                f"There is no key {key!r} ({word!r}){nearest(key, _KEYS)}; behind a stick a meter's keys are "
                f"{', '.join(_KEYS)}."
            )
        if key in given:
            raise WordError(f"The key {key!r} is given twice in {word!r}; once is enough.")
        given.add(key)
        meter = _KEYS[key](meter, value, word)
    return meter


def _with_role(meter: StickMeter, value: str, word: str) -> StickMeter:
    if value.lower() not in ROLES:
        raise WordError(f"role={value!r} in {word!r} must be one of {', '.join(ROLES)}{nearest(value, ROLES)}.")
    return replace(meter, role=value.lower())


def _with_mac(meter: StickMeter, value: str, word: str) -> StickMeter:
    address = mac(value)
    if not address:
        raise WordError(
            f"mac={value!r} in {word!r} must be the address of the meter's radio, for example mac=0x00135003000a1b2c."
        )
    return replace(meter, mac=address)


_KEYS: dict[str, Callable[[StickMeter, str, str], StickMeter]] = {"role": _with_role, "mac": _with_mac}
STICK_KEYS = tuple(_KEYS)
