"""What restic says when it fails, as one sentence with what to do. The same words have been in it from 0.14 to 0.18."""

import re
from typing import NamedTuple

from wattline_backup.errors import OffsiteError
from wattline_backup.offsite.place import Place


class Complaint(NamedTuple):
    """A kind of failure.

    Attributes:
        code: restic's exit code for it, from 0.17 on; 0 where it has none.
        words: what restic says, in any version.
        sentence: for people; ``{said}`` is the line in which restic says it.
    """

    code: int
    words: str
    sentence: str


# In this order: a store that is away or refuses ends in the words of a missing repository as well.
COMPLAINTS = (
    Complaint(
        12,
        r"wrong password or no key found",
        "The password in {password_file} does not open the off-site copy {repository}: it is the one of another repository, "
        "or it was changed; the recovery sheet has the right one.",
    ),
    Complaint(
        11,
        r"repository is already locked",
        "The off-site copy {repository} is in use by another restic ({said}): wait for its end. If there is none, the lock "
        "of one that died goes by itself after half an hour.",
    ),
    Complaint(
        0,
        r"AuthenticationFailed|AuthorizationFailure|AuthorizationPermissionMismatch|AccessDenied|Access Denied|InvalidAccessKeyId"
        r"|SignatureDoesNotMatch|request signature we calculated|[Aa]ccess [Kk]ey (ID|[Ii]d)|invalid_client|invalid_grant|\b40[13]\b|[Ff]orbidden"
        r"|no credentials found|could not find default credentials|DefaultAzureCredential|Permission denied \(|AZURE_ACCOUNT_NAME",
        "The store of {repository} refuses what {credentials} ({said}): see that they are this store's, that they have not "
        "expired, and that this machine's clock is right.",
    ),
    Complaint(
        0,
        r"Host key verification failed",
        "The SSH server of {repository} is not known to this user, or is another than it was: connect to it once by hand with "
        "`ssh`, as the user that runs the backup.",
    ),
    Complaint(
        0,
        r"no such host|connection refused|Connection refused|connection reset|[Nn]etwork is unreachable|i/o timeout|server misbehaving"
        r"|no route to host|No route to host|TLS handshake|dial tcp|Could not resolve hostname|Temporary failure in name resolution"
        r"|Connection timed out|unexpected EOF|: EOF|Bad Gateway|Service Unavailable|\b50[0234]\b",
        "The off-site copy {repository} does not answer ({said}): the network or the store is away. Nothing is lost: the next "
        "copy sends what this one could not.",
    ),
    Complaint(
        0,
        r"no space left on device|[Dd]isk quota exceeded|InsufficientStorage|QuotaExceeded",
        "The off-site copy {repository} is full ({said}): make room, or keep less with `wattline-backup offsite prune`.",
    ),
    Complaint(
        0,
        r"read-only file system|permission denied|operation not permitted",
        "The off-site copy {repository} cannot be used by this user ({said}).",
    ),
    Complaint(
        0,
        r"does not match|ciphertext verification failed|repository contains errors|pack .* (damaged|contains)|invalid data returned",
        "The off-site copy {repository} is damaged ({said}): start another one (a new place in WATTLINE_OFFSITE_REPOSITORY, `offsite "
        "init`, `offsite copy`), and keep this one until restic's manual has told what can be repaired.",
    ),
    Complaint(
        10,
        r"Is there a repository at the following location|repository does not exist",
        "There is no restic repository at {repository}: see that the address is right (and a disk plugged in and mounted); "
        "`wattline-backup offsite init` makes a new one.",
    ),
)
MISSING, LOCKED = COMPLAINTS[-1], COMPLAINTS[1]
PREAMBLE = re.compile(
    r"^(\x1b\[2K)?(.* retrying after [^:]+: )?(Fatal: )?(unable to (open config file|create lock in backend): )?"
)
LONGEST = 240


class MissingError(OffsiteError):
    """There is no repository."""


class LockedError(OffsiteError):
    """Another restic has it, or one that died has left its lock."""


KINDS = {MISSING: MissingError, LOCKED: LockedError}


def explain(place: Place, code: int, said: str) -> OffsiteError:
    """The error for what restic said.

    Args:
        place: of the off-site copy.
        code: restic's exit code.
        said: its standard error, and what it said besides.
    """
    text = place.redacted(said)
    for complaint in COMPLAINTS:
        if found := _line(text, complaint.words):
            return _error(place, complaint, found)
    for complaint in COMPLAINTS:
        if code and code == complaint.code:
            return _error(place, complaint, _last(text))
    return OffsiteError(f"restic failed on the off-site copy {place.repository} with exit code {code}: {_last(text)}.")


def _error(place: Place, complaint: Complaint, said: str) -> OffsiteError:
    kind = KINDS.get(complaint, OffsiteError)
    credentials = f"{place.credentials_file} holds" if place.credentials_file else "it was given"
    return kind(
        complaint.sentence.format(
            repository=place.repository, password_file=place.password_file, credentials=credentials, said=said
        )
    )


def _line(text: str, words: str) -> str:
    return next((_short(line) for line in text.splitlines() if re.search(words, line)), "")


def _last(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    fatal = [line for line in lines if line.startswith("Fatal:")]
    return _short((fatal or lines or ["without a word"])[-1])


def _short(line: str) -> str:
    """What is behind restic's own preamble, without its end and not too long."""
    return PREAMBLE.sub("", line.strip()).removesuffix(".")[:LONGEST]
