"""``wattline scan``: which meters are on a port, and the line for Telegraf's configuration that meters them."""

import argparse
import os
import signal
import sys
from collections.abc import Collection
from contextlib import AbstractContextManager, nullcontext, suppress
from importlib.util import find_spec
from pathlib import Path

from wattline.bus.device import open_by_hand
from wattline.bus.modbus import Modbus
from wattline.bus.port import Port
from wattline.bus.settings import LineSettings
from wattline.errors import NoReplyError, PortError, WordError
from wattline.meters import Model
from wattline.overheard import refusing_sticks
from wattline.ports import AUTO, PORTS, check_port, lasting_name, sets_line
from wattline.rainforest.find import on_device, sticks, usb_ports
from wattline.rainforest.models import STICKS
from wattline.scan import report
from wattline.scan.ear import Ear
from wattline.scan.order import NETWORK_S, Round, known_settings, rounds, steps
from wattline.scan.progress import Lines
from wattline.scan.search import Search, Watcher
from wattline.scan.words import parse_addresses, parse_settings
from wattline.stop import Stop, Stopped
from wattline.words import add_meter_files, library_of, meter_file_words

# So many serial settings are named in one sentence.
MOST_NAMED = 4

SUMMARY = "finds the meters on a port, and prints the line for Telegraf"
EXAMPLE = "wattline scan /dev/ttyUSB0"
ERROR_PREFIX = "wattline: "

INSTALLED = "/opt/wattline/bin/wattline"
# The folder that the playbook makes, and who follows the READMEs.
JOURNAL = "/var/lib/wattline/journal"

_DESCRIPTION = f"""\
{SUMMARY}

It asks the addresses 1 to 16 at each of the serial settings that the meter
library knows, the most common first, and then the addresses up to 247. What
answers is compared with every model. Nothing is ever written to a meter.
Ctrl-C ends the search, and what was found until then is printed. The port must
be free: stop Telegraf first.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the words of this command."""
    parser.description = _DESCRIPTION
    parser.add_argument("port", metavar="PORT", help=PORTS)
    parser.add_argument(
        "--addresses",
        metavar="LIST",
        default="1-247",
        help="look only there, such as 1-16 or 1,5 (default: %(default)s)",
    )
    parser.add_argument(
        "--settings", metavar="LIST", default="", help="only these serial settings, such as 9600-8E1,2400-8N1"
    )
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")
    add_meter_files(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Search and print; returns 0.

    Raises:
        WordError: the words are wrong, or a stick speaks on the port.
        PortError: the port cannot be opened, or was lost; what was found is printed.
        NoReplyError: nothing was found.
    """
    models = list(library_of(arguments).values())
    addresses = parse_addresses(arguments.addresses)
    has_settings = sets_line(arguments.port)
    searched = _rounds(models, arguments.settings, has_settings=has_settings)
    _refuse_a_stick(arguments.port)
    check_port(arguments.port)
    slack_s = NETWORK_S if "://" in arguments.port else 0.0
    stop = Stop()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    port = Port(arguments.port, stop, refusing_sticks(open_by_hand))
    # Before anything is said of a search, since the port may be in use.
    port.open()
    with _watcher(has_settings=has_settings) as watcher:
        ear = Ear(Modbus(port), stop)
        search = Search(ear, models, list(steps(searched, addresses, slack_s)), watcher, slack_s)
        failure = _run(search, port)
    findings = _findings(arguments, search, has_settings=has_settings)
    if arguments.json or findings.found or findings.doubled:
        print(report.as_json(_program(), findings) if arguments.json else _text(findings, models))
    if failure:
        raise failure
    if not findings.found and not findings.doubled:
        what = {"has_settings": has_settings, "is_cut_short": stop.is_set, "is_noisy": bool(search.noise)}
        raise NoReplyError(_nothing(arguments.port, searched, **what))
    return 0


def _refuse_a_stick(port: str) -> None:
    """Refuse the port of a stick, which understands no question and would only be noise."""
    ports = usb_ports()
    there = on_device(port, ports)
    stick = next((model for model in STICKS.values() if there in sticks(model, ports)), None) if there else None
    if port == AUTO or stick:
        name = stick.name if stick else next(iter(STICKS))
        raise WordError(
            f"A Rainforest stick speaks by itself, so there is nothing to search for on {port}; try `wattline read {port} "
            f"grid={name}`."
        )


def _rounds(models: list[Model], settings: str, *, has_settings: bool) -> list[Round]:
    chosen = parse_settings(settings) if settings else known_settings(models)
    if has_settings:
        return rounds(models, chosen)
    if settings:
        raise WordError(
            "A gateway behind socket:// or modbus-tcp:// has line settings of its own: set them there, and leave "
            "--settings away."
        )
    return [Round(LineSettings(), tuple(models))]


def _run(search: Search, port: Port) -> PortError | None:
    """Search until the end, Ctrl-C or the loss of the port, which is returned once something was found."""
    try:
        search.run()
    except Stopped:
        return None
    except PortError as error:
        return error
    finally:
        port.close()
    return None


def _findings(arguments: argparse.Namespace, search: Search, *, has_settings: bool) -> report.Findings:
    return report.Findings(
        arguments.port,
        search.found,
        search.doubled,
        [settings for settings in search.noise if has_settings],
        has_settings,
        meter_file_words(arguments),
        lasting_name(arguments.port),
        _journal(),
    )


def _watcher(*, has_settings: bool) -> "AbstractContextManager[Watcher]":
    is_terminal = sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb"
    if is_terminal and find_spec("rich") is not None:
        # Drawn with rich, which only the extra `tui` brings.
        from wattline.scan.bar import Bar  # noqa: PLC0415 (rich is an extra)

        return Bar(has_settings=has_settings)
    return nullcontext(Lines(_say, has_settings=has_settings))


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _text(findings: report.Findings, models: Collection[Model]) -> str:
    parts = report.remarks(findings, models)
    if findings.meters:
        parts = [
            report.as_table(findings),
            *parts,
            report.where_it_goes(findings),
            report.as_telegraf(_program(), findings),
        ]
    return "\n\n".join(parts)


def _program() -> str:
    """The path by which Telegraf may start this program."""
    path = Path(sys.argv[0])
    return str(path.absolute()) if path.name == "wattline" else INSTALLED


def _journal() -> str:
    """The folder of the journal, so that who pastes the command does not lose it; empty where there is none."""
    with suppress(PermissionError):
        return JOURNAL if Path(JOURNAL).is_dir() else ""
    return ""


def _where(searched: list[Round]) -> str:
    """At which settings; of many only how many they were."""
    if len(searched) > MOST_NAMED:
        return f"at {len(searched)} serial settings"
    return ", ".join(str(each.settings) for each in searched)


def _nothing(port: str, searched: list[Round], *, has_settings: bool, is_cut_short: bool, is_noisy: bool) -> str:
    if is_cut_short:
        return f"The search on {port} was ended before anything was found."
    where = _where(searched) if has_settings else "at the gateway's settings"
    noise = " Bytes came that no meter sent, so the line is disturbed, or A and B are swapped." if is_noisy else ""
    return (
        f"Nothing answers on {port} ({where}).{noise} Check that the meters have power, that A and B are not swapped, "
        "that nothing else reads the port, and on the meter's display its address and serial settings."
    )
