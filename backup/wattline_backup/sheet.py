"""The one page that must live outside the house.

The off-site copy opens with a password that lies on the Pi. When the Pi is gone, so is the password, and the copy with it,
unless it stands on paper somewhere else; so do the token, which InfluxDB keeps as a hash alone, and the commands.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import Enum, auto
from pathlib import Path
from shlex import quote

from wattline.errors import WordError
from wattline_backup.errors import BackupError
from wattline_backup.offsite.place import Place, place_if_any
from wattline_backup.state import State

COLUMNS = 80
NUMBER_LENGTH = 8
LONGEST_NAME = 40
# Beyond this a file that the credentials name is no key.
LARGEST_KEY = 16_384
NO_COPY = "There is no off-site copy yet: what is on the Pi is lost with the Pi."


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that somebody may have to type.

    Attributes:
        title: what it is.
        value: a line, or the lines of a file.
    """

    title: str
    value: str

    @property
    def number(self) -> str:
        """What tells whether it was typed right."""
        return _number(self.value)


@dataclass(frozen=True, slots=True)
class Sheet:
    """What stands on the page.

    Attributes:
        host: the machine that it is of.
        secrets: all that opens the copy and the server.
        repository: of the off-site copy; empty where there is none.
        has_credentials: whether the store wants any.
        files: names of further files with a key, by the variable that says where they are.
    """

    host: str
    secrets: tuple[Secret, ...] = field(repr=False)
    repository: str = ""
    has_credentials: bool = False
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def number(self) -> str:
        """Of the whole page: another one as soon as anything on it is."""
        return _number("\n".join(f"{each.title}={each.value}" for each in self.secrets))

    def text(self, today: date) -> str:
        """The page, in lines of 80 columns; only a value may go on over several, which then end in a backslash."""
        return "\n".join(self._lines(today)) + "\n"

    def _lines(self, today: date) -> Iterator[str]:
        title, head = "WATTLINE RECOVERY SHEET", f"{today.isoformat()}, {self.host[:LONGEST_NAME]}"
        yield f"{title}{head:>{COLUMNS - len(title)}}"
        yield "=" * COLUMNS
        yield from INTRODUCTION
        for each in self.secrets:
            yield each.title + f"# {each.number}".rjust(COLUMNS - len(each.title))
            yield from _wrapped(each.value)
            yield ""
        yield from self._commands()
        yield "=" * COLUMNS
        yield "Put this page away outside the house, then confirm that on the Pi:"
        yield f"  sudo wattline-backup recovery-sheet --confirm    number of this page: {self.number}"

    def _commands(self) -> Iterator[str]:
        if not self.repository:
            yield NO_COPY
            return
        yield from BLANK_MACHINE
        if self.has_credentials:
            yield "     nano credentials        # the lines of the credentials, as they stand"
        yield from (f"     nano {name}   # the lines of that file" for name in self.files.values())
        yield "  3. Bring the newest set back:"
        if self.has_credentials:
            yield "     set -a; . ./credentials; set +a"
        for variable, name in self.files.items():
            yield from _shell(f'export {variable}="$PWD/{name}"')
        yield from _shell(f"export RESTIC_REPOSITORY={quote(self.repository)}")
        yield from RESTIC_ALONE
        if self.repository.startswith("sftp:"):
            yield "     (restic logs in by ssh; the key of the Pi is gone, so take another one,"
            yield "     or the account's password.)"
        yield from REST


INTRODUCTION = """\
With this page a house comes back onto a blank machine. Without it the copy
outside the house is lost together with the Pi. Keep it where neither fire nor
thief of the house comes, and show it to nobody: it opens everything.
A line that ends in \\ goes on in the next. What stands behind a # is how
`printf %s 'VALUE' | sha256sum` begins, to see whether a value was typed right.
""".splitlines()

BLANK_MACHINE = """\
ON A BLANK MACHINE (Debian, Raspberry Pi OS)
  1. sudo apt-get install restic rsync, and Docker as docs.docker.com says
  2. umask 077; mkdir recovery; cd recovery
     nano password           # the password of the off-site copy, in one line
     nano token              # the operator's token, in one line""".splitlines()

RESTIC_ALONE = """\
     export RESTIC_PASSWORD_FILE="$PWD/password"
     restic restore latest --tag wattline --target set
     In set/house/ is what else the house had, each file under its whole path:
     settings, secrets, the checkout's compose/ folder; and grafana.db.""".splitlines()

REST = """\
  4. Set the machine up as wattline's README says, with those files, which are
     root's alone until the READMEs' owners and modes are given to them:
     sudo rsync -rlt --exclude=/grafana.db set/house/ /
     then in compose/: sudo ./make-secrets && docker compose up -d
  5. Everything into InfluxDB, which must be set up with this same token:
     INFLUX_TOKEN="$(cat token)" influx restore --full \\
       --host http://127.0.0.1:8086 set
     or, with wattline-backup installed and the same files in /etc:
     wattline-backup offsite restore latest /var/tmp/sets
     WATTLINE_BACKUP_FOLDER=/var/tmp/sets wattline-backup restore SET --all
  6. docker compose stop grafana; docker compose cp set/house/grafana.db \\
       grafana:/var/lib/grafana/grafana.db; docker compose start grafana""".splitlines()


def sheet(token_file: Path, place: Place | None, host: str) -> Sheet:
    """The page of this machine as it is now.

    Args:
        token_file: with the token of InfluxDB's operator.
        place: of the off-site copy; None where there is none.
        host: the machine's name.

    Raises:
        BackupError: something that belongs on it cannot be read.
    """
    token = Secret("TOKEN OF INFLUXDB'S OPERATOR", _read(token_file))
    if place is None:
        return Sheet(host, (token,))
    secrets = [
        Secret("REPOSITORY OF THE OFF-SITE COPY", place.repository),
        Secret("PASSWORD OF THE OFF-SITE COPY (restic)", _read(place.password_file)),
    ]
    if place.credentials:
        secrets.append(Secret("CREDENTIALS OF ITS STORE", _listed(place)))
    # Google's key is a file that the credentials only name.
    files = _named_files(place)
    secrets += [Secret(f"FILE {path.name[:LONGEST_NAME]}", _read(path)) for path in files.values()]
    names = {variable: path.name[:LONGEST_NAME] for variable, path in files.items()}
    return Sheet(host, (*secrets, token), place.repository, bool(place.credentials), names)


class Confirmed(Enum):
    """Whether somebody has confirmed that the page lies outside the house."""

    NEVER = auto()
    # The page of then opens no more what the page of now does.
    AS_IT_WAS = auto()
    AS_IT_IS = auto()


def confirmed(state: State, token_file: Path) -> Confirmed:
    """Whether the page of now lies outside the house; that of before, only where it is certain that it is another.

    Args:
        state: what was noted.
        token_file: with the token of InfluxDB's operator.
    """
    if state.confirmed_sheet_s is None:
        return Confirmed.NEVER
    try:
        place = place_if_any()
        number = sheet(token_file, place, "").number if place else ""
    except (WordError, BackupError):
        # What cannot be read now, is no other password.
        number = ""
    is_other = bool(number and state.confirmed_sheet_number) and number != state.confirmed_sheet_number
    return Confirmed.AS_IT_WAS if is_other else Confirmed.AS_IT_IS


def nag(is_confirmed: Confirmed) -> str:
    """What is said again and again until somebody confirmed that the page lies outside the house."""
    if is_confirmed is Confirmed.AS_IT_IS:
        return ""
    if is_confirmed is Confirmed.AS_IT_WAS:
        return (
            "What stands on the recovery sheet has changed since somebody put it away, and the old page may open nothing: "
            "`wattline-backup recovery-sheet` prints the new one, with --confirm it is confirmed."
        )
    return (
        "Nobody has confirmed that the recovery sheet lies outside the house: if the Pi is gone, the off-site copy can be opened "
        "by nobody. `wattline-backup recovery-sheet` prints it, with --confirm it is confirmed."
    )


def _listed(place: Place) -> str:
    # In whatever order they stand in the file, it is the same page.
    return "\n".join(f"{name}={quote(value)}" for name, value in sorted(place.credentials.items()))


def _named_files(place: Place) -> dict[str, Path]:
    paths = {name: Path(value) for name, value in sorted(place.credentials.items()) if value.startswith("/")}
    return {name: path for name, path in paths.items() if path.is_file() and path.stat().st_size <= LARGEST_KEY}


def _read(file: Path) -> str:
    try:
        value = file.read_text().strip()
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise BackupError(f"{file} belongs on the recovery sheet and cannot be read: {reason}.") from error
    if not value:
        raise BackupError(f"{file} belongs on the recovery sheet and is empty.")
    return value


def _number(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()[:NUMBER_LENGTH]


def _wrapped(value: str) -> Iterator[str]:
    width = COLUMNS - len("  ") - len("\\")
    for line in value.splitlines():
        pieces = [line[start : start + width] for start in range(0, len(line), width)]
        yield from (f"  {piece}\\" for piece in pieces[:-1])
        yield from (f"  {piece}" for piece in pieces[-1:])


def _shell(command: str) -> Iterator[str]:
    width = COLUMNS - len("     ") - len("\\")
    pieces = [command[start : start + width] for start in range(0, len(command), width)]
    yield from (f"     {piece}\\" for piece in pieces[:-1])
    yield f"     {pieces[-1]}"
