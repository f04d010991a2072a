"""Where the off-site copy is, and what opens it.

All of it comes from the environment and from the files that it names. restic in turn gets it by its environment, and
nothing by its words, which everybody on the machine can read in the list of processes.
"""

import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from wattline.errors import WordError

REPOSITORY, PASSWORD_FILE, CREDENTIALS = (
    "WATTLINE_OFFSITE_REPOSITORY",
    "WATTLINE_OFFSITE_PASSWORD_FILE",
    "WATTLINE_OFFSITE_CREDENTIALS",
)
# What restic may know of the environment around it. Credentials are not among it: a forgotten `export` must not decide.
OUTER = (
    "PATH",
    "HOME",
    "LANG",
    "TZ",
    "TMPDIR",
    "SSH_AUTH_SOCK",
    "SSL_CERT_FILE",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "RESTIC_CACERT",
    "GOGC",
    "GOMAXPROCS",
    "GOMEMLIMIT",
)
# A Pi has one gigabyte, and a meter to read meanwhile: so restic takes 95 MiB where it took 140 (a set of 400 MB).
FRUGAL = {"GOGC": "20", "GOMAXPROCS": "2", "GOMEMLIMIT": "200MiB"}
LINE = re.compile(r"(?P<name>[A-Z][A-Z0-9_]*)=(?P<value>.+)")
# A short value, as of a region, also stands where it is no secret.
SECRET_LENGTH = 8
SIGNATURE = re.compile(r"(sig=)[^&\s\"']+")


@dataclass(frozen=True, slots=True)
class Place:
    """The off-site copy.

    Attributes:
        repository: as restic writes it: ``azure:container:/``, ``s3:https://host/bucket``, ``gs:bucket:/``, ``sftp:user@host:/path``
            or a path.
        password_file: a file with the password that encrypts it.
        credentials_file: a file of KEY=VALUE lines for the store; None where there is nothing to say.
        credentials: what is in that.
    """

    repository: str
    password_file: Path
    credentials_file: Path | None = None
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def path(self) -> Path | None:
        """The folder of a repository on a disk; None for all others."""
        return Path(self.repository) if self.repository.startswith("/") else None

    def environment(self, outer: Mapping[str, str] = os.environ) -> dict[str, str]:
        """What restic gets; ``outer`` is the environment of this process."""
        known = {name: outer[name] for each in OUTER for name in (each, each.lower()) if name in outer}
        # Else it goes to /tmp, which is memory on a Pi.
        cache = outer.get("CACHE_DIRECTORY", f"{outer.get('HOME', '/root')}/.cache/wattline-backup")
        own = {
            "RESTIC_REPOSITORY": self.repository,
            "RESTIC_PASSWORD_FILE": str(self.password_file),
            "RESTIC_CACHE_DIR": cache,
            "RESTIC_PROGRESS_FPS": "2",
        }
        return {**FRUGAL, **known, **self.credentials, **own}

    def redacted(self, text: str) -> str:
        """``text`` without what is secret; a store's error may quote the whole address with its signature."""
        for value in self.credentials.values():
            if len(value) >= SECRET_LENGTH:
                text = text.replace(value, "***")
        return SIGNATURE.sub(r"\1***", text)


def place(environment: Mapping[str, str] = os.environ) -> Place:
    """Where the off-site copy is, by ``environment``.

    Raises:
        WordError: that does not say so, or a file that it names cannot be used.
    """
    repository = environment.get(REPOSITORY, "")
    if not repository:
        raise WordError(
            f"Where the off-site copy goes is not said: set {REPOSITORY} to a restic repository, for example "
            "s3:https://s3.eu-south-1.amazonaws.com/my-house or /mnt/usb/wattline."
        )
    if not repository.startswith("/") and ":" not in repository:
        raise WordError(
            f"{REPOSITORY}={repository!r} is no repository: a path begins with /, all others with azure:, s3:, gs: or sftp:."
        )
    password_file = Path(environment.get(PASSWORD_FILE, "/etc/wattline/offsite_password"))
    if not _secret(password_file, PASSWORD_FILE).strip():
        raise WordError(f"{password_file} is empty, and should hold the password of the off-site copy.")
    if not (named := environment.get(CREDENTIALS, "")):
        return Place(repository, password_file)
    return Place(repository, password_file, Path(named), _credentials(Path(named)))


def place_if_any(environment: Mapping[str, str] = os.environ) -> Place | None:
    """Where the off-site copy is, by ``environment``; None where that names none.

    Raises:
        WordError: as ``place``.
    """
    return place(environment) if environment.get(REPOSITORY) else None


def _credentials(file: Path) -> dict[str, str]:
    found = {}
    for number, line in enumerate(_secret(file, CREDENTIALS).splitlines(), 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if not (pair := LINE.fullmatch(text)):
            # The line itself is not shown: it may be a secret.
            raise WordError(f"Line {number} of {file} is not of the form KEY=VALUE.")
        value = pair["value"]
        found[pair["name"]] = value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value
    return found


def _secret(file: Path, variable: str) -> str:
    try:
        mode = file.stat().st_mode
        text = file.read_text()
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise WordError(
            f"{file} cannot be read ({reason}): set {variable} to the file that has it, or make that one, readable for its "
            "owner alone."
        ) from error
    if mode & stat.S_IROTH:
        raise WordError(f"{file} holds a secret, and everybody on this machine may read it: `chmod 600 {file}`.")
    return text
