"""``wattline simulate``: meters without hardware, for other programs to read."""

import argparse
import re
import signal
import sys
from collections.abc import Collection
from pathlib import Path
from types import FrameType, ModuleType

from wattline import program
from wattline.errors import WordError
from wattline.meters import Library
from wattline.options import SLIP_OF_THE_FINGER, milliseconds, nearest, one_of, whole_number
from wattline.rainforest.models import STICKS, is_stick
from wattline.rainforest.words import parse_stick_meters
from wattline.simulate import Scenario, Simulator, faults
from wattline.simulate.electricity import LOADS
from wattline.simulate.gaps import GAPS
from wattline.simulate.line import LINES
from wattline.simulate.rainforest import StickScenario, StickSimulator
from wattline.simulate.rainforest import faults as stick_faults
from wattline.simulate.rainforest.faults import KINDS as STICK_FAULTS
from wattline.words import Meter, add_meter_files, library_of, meter_file_words, parse_meters

SUMMARY = "simulates meters on a pseudo-terminal or a TCP port"
EXAMPLE = "wattline simulate --link /tmp/ttyMeter house=orno-we515@1"
ERROR_PREFIX = "wattline: "

FASTEST = 1000

_DESCRIPTION = f"""\
{SUMMARY}

They are there for other programs to read, and answer at the speed of their
line, as real ones do. Standard output gets two lines: the port to read them
from, and a command that does so. It ends with Ctrl-C, with SIGTERM and with
its terminal.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the words of the command."""
    parser.description = _DESCRIPTION
    parser.epilog = f"faults:\n{_help_of(faults)}\n\nfaults of a stick:\n{_help_of(stick_faults)}\n\n{parser.epilog}"
    _add_where(parser)
    _add_what(parser)
    _add_how(parser)
    parser.add_argument(
        "meters",
        metavar="METER",
        nargs="+",
        help="[NAME=]MODEL@ADDRESS[,key=value...], with the keys that `wattline run --help` lists, or one stick, "
        "[NAME=]MODEL[,mac=...]; `wattline models` lists the models",
    )
    add_meter_files(parser)


def _add_where(parser: argparse.ArgumentParser) -> None:
    port = parser.add_mutually_exclusive_group()
    port.add_argument("--link", metavar="PATH", type=Path, help="a link that leads to the pseudo-terminal")
    port.add_argument(
        "--tcp", metavar="HOST:PORT", help="listen there instead of on a pseudo-terminal; port 0 is a free one"
    )


def _add_what(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--load",
        choices=LOADS,
        type=one_of(LOADS),
        default="house",
        help="what the meters measure (default: %(default)s)",
    )
    parser.add_argument(
        "--seed", metavar="N", type=whole_number, default=1, help="which house and which chances (default: %(default)s)"
    )
    parser.add_argument("--faults", metavar="SPEC", default="", help="what goes wrong and when, see below")
    parser.add_argument(
        "--truth",
        metavar="FILE",
        type=Path,
        help="append one JSON object for each reply: what was served, and each fault",
    )


def _add_how(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--line",
        choices=LINES,
        type=one_of(LINES),
        default="gateway",
        help="gateway: replies are formed in parallel and queue; wire: half duplex, what overlaps is destroyed (default: %(default)s)",
    )
    parser.add_argument(
        "--turnaround",
        metavar="MS",
        type=milliseconds,
        default=20.0,
        help="from a request's end to the reply's start (default: %(default)g)",
    )
    parser.add_argument(
        "--jitter",
        metavar="MS",
        type=milliseconds,
        default=2.0,
        help="how far a turnaround may be from that (default: %(default)g)",
    )
    parser.add_argument(
        "--speed",
        metavar="N",
        type=_speed,
        default=1.0,
        help="of a stick: how many times as fast it speaks and the house lives, 1 to 1000 (default: %(default)g)",
    )
    parser.add_argument(
        "--gaps",
        type=one_of(GAPS),
        choices=GAPS,
        default="refuse",
        help="what a read does that touches registers which the model does not have: refuse with code 2, give zeros for "
        "them, bring no reply, or give every register of the reply one further on (default: %(default)s)",
    )


def execute(arguments: argparse.Namespace) -> int:
    """Simulate until a signal comes."""
    simulator, words = (_stick if any(map(is_stick, arguments.meters)) else _bus)(arguments)

    def end(_number: int, _frame: FrameType | None) -> None:
        simulator.request_end()

    # Also when its terminal is closed: a link that it left behind would lead to whoever gets that terminal next.
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, end)
    with simulator:
        # In one piece: a script may take the first line and leave.
        read = program.called("read", *meter_file_words(arguments), simulator.port, *words)
        sys.stdout.write(f"{simulator.port}\n{read}\n")
        sys.stdout.flush()
        simulator.wait()
    return 0


def _bus(arguments: argparse.Namespace) -> tuple[Simulator, list[str]]:
    """Meters on a bus, and the words that read them."""
    words, meters = _meters(arguments.meters, library_of(arguments))
    if arguments.speed != 1:
        raise WordError("--speed is for a simulated stick; a meter on RS485 shows the time of day.")
    scenario = Scenario(
        load=arguments.load,
        seed=arguments.seed,
        line=arguments.line,
        turnaround_ms=arguments.turnaround,
        jitter_ms=arguments.jitter,
        script=_script(arguments, faults.KINDS),
        gaps=arguments.gaps,
    )
    return Simulator(meters, scenario, link=arguments.link, tcp=_tcp(arguments), truth=arguments.truth), words


def _stick(arguments: argparse.Namespace) -> tuple[StickSimulator, list[str]]:
    """A stick, and the word that reads it."""
    if len(arguments.meters) > 1:
        raise WordError("A stick is simulated alone: give one METER, such as rainforest-raven.")
    word = arguments.meters[0] if "=" in arguments.meters[0].partition(",")[0] else f"grid={arguments.meters[0]}"
    (meter,) = parse_stick_meters([word])
    scenario = StickScenario(arguments.load, arguments.seed, _script(arguments, STICK_FAULTS), arguments.speed)
    return StickSimulator(meter, scenario, link=arguments.link, tcp=_tcp(arguments), truth=arguments.truth), [word]


def _script(arguments: argparse.Namespace, kinds: Collection[str]) -> faults.Script:
    script = faults.parse_script(arguments.faults, kinds)
    if script.uses("unplug") and not (arguments.link or arguments.tcp):
        raise WordError(
            "The fault 'unplug' needs --link or --tcp, since the pseudo-terminal comes back under another name."
        )
    return script


def _tcp(arguments: argparse.Namespace) -> tuple[str, int] | None:
    return host_and_port(arguments.tcp) if arguments.tcp else None


def _speed(text: str) -> float:
    """The type of ``--speed``.

    Raises:
        ArgumentTypeError: it is no number, or not from 1 to 1000.
    """
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= FASTEST):
        raise argparse.ArgumentTypeError(f"{text!r} must be a whole number from 1 to {FASTEST}")
    return float(text)


def _meters(bare: list[str], models: Library) -> tuple[list[str], list[Meter]]:
    """The words with their names, and their meters. A complaint about a name that was not given says where it is from."""
    words = named(bare)
    try:
        return words, parse_meters(words, models)
    except WordError as error:
        from_here = {word.partition("=")[0] for word in set(words) - set(bare)}
        if not any(name in str(error) for name in from_here):
            raise
        explained = " (a meter without a name is called by its place: meter1, meter2, ...)."
        raise WordError(str(error).removesuffix(".") + explained) from error


def named(words: list[str]) -> list[str]:
    """The words with a name in front of each MODEL@ADDRESS that has none: meter1, meter2, ...

    Raises:
        WordError: a word has no address.
    """
    for word in words:
        if not {"=", "@"} & set(word):
            stick = nearest(word, STICKS, SLIP_OF_THE_FINGER)
            raise WordError(
                f"{word!r} is not a meter: it must be [NAME=]MODEL@ADDRESS, for example orno-we515@1{stick}."
            )
    return [f"meter{n}={word}" if _is_bare(word) else word for n, word in enumerate(words, 1)]


def host_and_port(text: str) -> tuple[str, int]:
    """The host and the port of ``HOST:PORT``.

    Raises:
        WordError: it is none.
    """
    host, _, port = text.rpartition(":")
    if not host or not (re.fullmatch("[0-9]{1,5}", port) and int(port) <= 65535):
        raise WordError(
            f"The address {text!r} after --tcp must be HOST:PORT with PORT from 0 to 65535, for example 127.0.0.1:0."
        )
    return host.strip("[]"), int(port)


def _is_bare(word: str) -> bool:
    model, at, _ = word.partition("@")
    return bool(at) and "=" not in model


def _help_of(module: ModuleType) -> str:
    """The grammar, from the docstring of the module that keeps it."""
    return str(module.__doc__).partition("\n\n")[2].strip()
