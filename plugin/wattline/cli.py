"""The command line: finds the command, hands it its words, and turns errors into one sentence and an exit code."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType, TracebackType
from typing import NoReturn

from wattline import __version__, log, stdout
from wattline.errors import WattlineError, WordError
from wattline.options import nearest
from wattline.paragraphs import filled

# The options that a program has without a command.
OPTIONS = ("--help", "--version")
# How alike an option has to be to one that there is: all begin alike.
NEAR_OPTION = 0.7

DONE, WORLD_SAID_NO, WORDS_WRONG = 0, 1, 2
"""Exit codes."""


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are sentences like all others."""

    def error(self, message: str) -> NoReturn:
        raise WordError(f"{message[:1].upper()}{message[1:]}; see `{self.prog} --help`.")

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        # Behind a help or the version.
        stdout.flush()
        super().exit(status, message)

    def parse(self, words: Sequence[str]) -> argparse.Namespace:
        """``words`` understood. An option that there is not is named together with the nearest that there is."""
        arguments, unknown = self.parse_known_args(words)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}{self._nearest_option(unknown)}")
        return arguments

    def _nearest_option(self, words: Sequence[str]) -> str:
        option = next((word.partition("=")[0] for word in words if word.startswith("--")), "")
        return nearest(option, (name for action in self._actions for name in action.option_strings), NEAR_OPTION)


@dataclass(frozen=True, slots=True)
class Program:
    """A program with commands, each of which is a module.

    Args:
        name: as it is called, and as its errors begin.
        description: what it does, in a sentence.
        commands: their names.
        package: the package that has a module for each of them, with SUMMARY, EXAMPLE, ERROR_PREFIX, ``configure`` and ``execute``.
        example: a command to begin with.
        stops_quietly: the commands that Ctrl-C ends on purpose, even before they have begun.
    """

    name: str
    description: str
    commands: Sequence[str]
    package: str
    example: str
    stops_quietly: Sequence[str] = ()

    def main(self, argv: Sequence[str] | None = None) -> int:
        """Run one command; ``argv`` is ``sys.argv[1:]`` unless given. Returns the exit code: 0 done, 1 the world said no, 2 wrong words."""
        words = list(sys.argv[1:] if argv is None else argv)
        prefix = f"{self.name}: "

        def tell_bug(_kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
            if not isinstance(error, KeyboardInterrupt):
                complain(prefix, log.bug(error))

        if argv is None:
            # Only where this is the program, and not a function that another one calls.
            sys.excepthook = tell_bug
            stdout.guard()
        try:
            if not words or words[0].startswith("-"):
                return self._without_command(words)
            command = self._command(words[0])
            prefix = command.ERROR_PREFIX
            return _execute(command, self.parser_of(words[0]).parse(words[1:]))
        except WordError as error:
            complain(prefix, str(error))
            return WORDS_WRONG
        except WattlineError as error:
            complain(prefix, str(error))
            return WORLD_SAID_NO
        except KeyboardInterrupt:
            if not words or words[0] not in self.stops_quietly:
                raise
            return DONE
        except BrokenPipeError:
            # Whoever read it has seen enough.
            stdout.give_up()
            return DONE

    def parser_of(self, name: str) -> _Parser:
        """The parser of one command, with its help and its example."""
        command = self._command(name)
        parser = _Parser(
            prog=f"{self.name} {name}",
            description=filled(command.SUMMARY),
            epilog=f"example:\n  {command.EXAMPLE}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        command.configure(parser)
        return parser

    def _command(self, name: str) -> ModuleType:
        if name not in self.commands:
            raise WordError(
                f"There is no command {name!r}{nearest(name, [*self.commands, *OPTIONS])}; the commands are "
                f"{', '.join(self.commands)}."
            )
        return import_module(f"{self.package}.{name.replace('-', '_')}")

    def _without_command(self, words: Sequence[str]) -> int:
        width = max(len(name) for name in self.commands) + 2
        parser = _Parser(
            prog=self.name,
            usage=f"{self.name} COMMAND ...",
            description=filled(self.description),
            epilog="\n".join(
                [
                    "commands:",
                    *(filled(f"  {name:{width}}{self._command(name).SUMMARY}", width + 2) for name in self.commands),
                    f"\n`{self.name} COMMAND --help` tells more.",
                    f"\nexample:\n  {self.example}",
                ]
            ),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        parser.add_argument("--version", action="version", version=f"{self.name} {__version__}")
        parser.parse(words)
        raise WordError(f"No command was given; the commands are {', '.join(self.commands)}.")


def _execute(command: ModuleType, arguments: argparse.Namespace) -> int:
    code = int(command.execute(arguments))
    stdout.flush()
    return code


def complain(prefix: str, sentence: str) -> None:
    """Say on standard error what is wrong."""
    line = log.one_line(prefix, sentence).decode()
    # Telegraf takes each line for an entry of its own, a person wants whole words.
    print(filled(line) if sys.stderr and sys.stderr.isatty() else line.rstrip("\n"), file=sys.stderr)


WATTLINE = Program(
    name="wattline",
    description="Reads RS485 electricity meters every second, or a Rainforest stick, and hands the readings to Telegraf.",
    commands=(
        "run",
        "read",
        "watch",
        "plan",
        "scan",
        "probe",
        "models",
        "simulate",
        "demo",
        "convert",
        "export",
        "journal",
        "rainforest",
        "mqtt",
    ),
    package="wattline.commands",
    example="wattline demo",
    # The plugin is ended like this by whoever runs it.
    stops_quietly=("run",),
)

COMMANDS = WATTLINE.commands
main = WATTLINE.main
parser_of = WATTLINE.parser_of
