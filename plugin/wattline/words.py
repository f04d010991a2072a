"""The words that name the meters, ``NAME=MODEL@ADDRESS[,key=value...]``, checked before anything is touched.

The same words serve every command that knows meters, so what works by hand works in Telegraf's configuration.
"""

import argparse
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from wattline.bus.settings import PARITIES, STOP_BITS, LineSettings
from wattline.errors import WordError
from wattline.fields import ROLES
from wattline.keys import WHOLE_TIMES, seconds_of, with_key
from wattline.meterfile import load_meter_files
from wattline.meters import Library, Model
from wattline.options import begun_by, nearest
from wattline.ports import PORTS, STICK_PORTS, sets_line
from wattline.rainforest.models import STICKS, is_stick

EXAMPLE = "house=orno-we515@1"

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
# Meters show their address with leading zeros, so 007 is 7.
_ADDRESS = re.compile(r"[0-9]{1,3}")


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
    parser.add_argument("port", metavar="PORT", type=_no_meter, help=f"{PORTS}; {STICK_PORTS}")
    add_meters(parser)


def add_meters(parser: argparse.ArgumentParser) -> None:
    """Add the words METER, and what they may need."""
    parser.add_argument(
        "meters",
        metavar="METER",
        nargs="+",
        help="NAME=MODEL@ADDRESS[,key=value...], or behind a Rainforest stick NAME=MODEL[,role=...][,mac=...]; `wattline "
        "models` lists the models, "
        f"the keys are baud, parity ({', '.join(PARITIES)}), stop ({', '.join(map(str, STOP_BITS))}), "
        f"role ({', '.join(ROLES)}), scale (ratio of its current transformers), invert (the current runs the other "
        "way), interval (such as 10s), pause and timeout (such as 50ms; both are learnt unless given)",
    )
    add_meter_files(parser)


def add_meter_files(parser: argparse.ArgumentParser) -> None:
    """Add the option by which every command that knows models gets to know more of them."""
    parser.add_argument(
        "--meter-file",
        metavar="FILE",
        type=Path,
        action="append",
        default=[],
        help="the table of a model that is not in the library, a TOML file; may be given several times",
    )


def library_of(arguments: argparse.Namespace) -> Library:
    """The models of the library, and those of the files that were named.

    Raises:
        WordError: a file cannot be read, or something in it is wrong.
    """
    return Library(load_meter_files(arguments.meter_file))


def meter_file_words(arguments: argparse.Namespace) -> list[str]:
    """The words by which another command, in whatever folder it is started, gets to know the same files."""
    return [word for path in arguments.meter_file for word in ("--meter-file", str(path.absolute()))]


def meters_of(arguments: argparse.Namespace) -> list[Meter]:
    """The meters of a command line, of models of the library or of the files that were named.

    Raises:
        WordError: as ``library_of`` and ``parse_meters``.
    """
    return parse_meters(arguments.meters, library_of(arguments))


def _no_meter(word: str) -> str:
    """A word that may be a port. That it was forgotten is seen here, since a meter then stands in its place."""
    if "=" in word and "/" not in word and ("@" in word or is_stick(word)):
        raise WordError(f"The port comes before the meters: {word!r} is no port, which must be {PORTS}.")
    return word


def parse_meters(words: Sequence[str], models: Mapping[str, Model] | None = None) -> list[Meter]:
    """The meters of a command line; their models are those of the library unless given.

    Raises:
        WordError: a word is wrong, or two of them contradict each other.
    """
    known = Library() if models is None else models
    meters = [parse_meter(word, known) for word in words]
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
    if is_stick(word):
        raise WordError(
            f"{word!r} is a Rainforest stick, which speaks by itself and has no registers; `wattline run`, `read`, `watch`, "
            "`plan` and `simulate` take it, and `wattline rainforest console` shows what it says."
        )
    if not (equals and at):
        # A stick has no address: where the model is not known, that comes first.
        name, equals, model_name = word.partition(",")[0].partition("@")[0].rpartition("=")
        if equals and model_name.lower() not in models and _near(model_name, models):
            find_model(model_name, models)
        raise WordError(f"{word!r} is not a meter: it must be NAME=MODEL@ADDRESS, for example {EXAMPLE}.")
    check_name(name, word)
    model = find_model(model_name, models)
    meter = Meter(name, model, _address(address, word), model.settings)
    given: set[str] = set()
    for key_value in keys:
        key, _, value = key_value.partition("=")
        refuse_gap(key, word)
        meter = with_key(meter, key, value, word)
        if key in given:
            raise WordError(f"The key {key!r} is given twice in {word!r}; once is enough.")
        given.add(key)
    return meter


def check_name(name: str, word: str) -> None:
    """Refuse a ``name`` that no meter may have; it stands in ``word``.

    Raises:
        WordError: it is such a one.
    """
    if not NAME.fullmatch(name):
        raise WordError(
            f"The name {name!r} in {word!r} cannot be a meter's name: "
            "letters, digits, '-', '_' and '.' only, a letter or digit first, at most 64."
        )


def find_model(name: str, models: Mapping[str, Model]) -> Model:
    """The model called ``name``, in whatever case.

    Raises:
        WordError: there is none; those that begin so are named, or the nearest.
    """
    if name.lower() not in models:
        raise WordError(f"There is no model {name!r}{_near(name, models)}; `wattline models` lists them all.")
    return models[name.lower()]


def _near(name: str, models: Mapping[str, Model]) -> str:
    """The end of a complaint that names the models, of sticks as well, which ``name`` may have been meant for."""
    known = [*models, *STICKS]
    return begun_by(name, known) or nearest(name, known)


def _address(text: str, word: str) -> int:
    if not (_ADDRESS.fullmatch(text) and 1 <= int(text) <= 247):
        raise WordError(f"The address {text!r} in {word!r} must be a whole number from 1 to 247.")
    return int(text)


def refuse_gap(key: str, word: str) -> None:
    """Refuse a ``key`` that is none, since it is empty or has a space before it.

    Raises:
        WordError: it is such a one.
    """
    if not key or key[0].isspace():
        follows = "A space" if key else "Nothing"
        raise WordError(
            f"{follows} follows a comma in {word!r}; the keys come right behind it, as in {EXAMPLE},role=load."
        )


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
    seconds = seconds_of(text)
    if not seconds:
        raise WordError(f"The interval {text!r} must be 1s to 1h {WHOLE_TIMES}, for example 1s, 10s or 5m.")
    return seconds


def check_intervals(meters: Sequence[Meter], interval_s: int) -> None:
    """Refuse a meter whose own interval does not fall on the slots of the port.

    Raises:
        WordError: an interval is not a whole multiple of ``interval_s``.
    """
    for meter in meters:
        if meter.interval_s % interval_s:
            raise WordError(
                f"{meter.name!r} is to be read every {meter.interval_s} s, but the slots of --interval come every "
                f"{interval_s} s; its interval must be a whole multiple of that, such as {2 * interval_s}s."
            )


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
