"""Which token the server of a set will take, found out before anything is replaced.

InfluxDB stores tokens hashed, without salt, so whether a token is one of a set can be seen in the set's own database. A token
that is not would lock everybody out of the restored server.
"""

import base64
import gzip
import hashlib
from collections.abc import Sequence
from pathlib import Path

from wattline.errors import WordError
from wattline_backup.errors import SetError
from wattline_backup.house import FOLDER
from wattline_backup.restore.source import check_files
from wattline_backup.sets import Set

# What the set-up calls the files of the tokens that a restore may use; the first can do all that the second can.
FILES = ("influxdb_operator_token", "influxdb_backup_token")


def has_token(database: bytes, token: str) -> bool:
    """Whether a token is in InfluxDB's Bolt database, hashed in one of its two ways, or as it is where hashing is off."""
    plain = token.encode()
    forms = [
        b"$influxdb2-sha256$" + base64.urlsafe_b64encode(hashlib.sha256(plain).digest()),
        b"$influxdb2-sha512$" + base64.urlsafe_b64encode(hashlib.sha512(plain).digest()),
        b'"' + plain + b'"',
    ]
    return any(form in database for form in forms)


def database_of(chosen: Set) -> bytes:
    """InfluxDB's Bolt database, as it is in a set.

    Raises:
        SetError: it is damaged.
    """
    name = f"{chosen.stamp}.bolt.gz"
    check_files(chosen, [name])
    try:
        return gzip.decompress((chosen.path / name).read_bytes())
    except (OSError, EOFError) as error:
        raise SetError(f"{chosen.path / name} is damaged: {error}.") from error


def token_files_of(chosen: Set) -> list[Path]:
    """The files of a set that have a token which a restore may use, the best first."""
    names = [Path(name) for name in chosen.index.files if Path(name).name in FILES and Path(name).parts[0] == FOLDER]
    return [chosen.path / name for name in sorted(names, key=lambda name: FILES.index(name.name))]


def token_in(file: Path) -> tuple[str, str]:
    """The token in a file, empty where there is none, and why it cannot be read, where it cannot."""
    try:
        return file.read_text().strip() if file.is_file() else "", ""
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        return "", f"{file} cannot be read ({reason})"


def token_of_set(chosen: Set, database: bytes, others: Sequence[Path]) -> tuple[str, Path]:
    """A token that is valid once the set is restored, and the file that it is from.

    Args:
        chosen: the set.
        database: its Bolt database.
        others: files to look into before those of the set.

    Raises:
        WordError: none of the files has one.
    """
    for file in [*others, *token_files_of(chosen)]:
        token, _ = token_in(file)
        if token and has_token(database, token):
            return token, file
    raise unknown_token(chosen, others)


def unknown_token(chosen: Set, others: Sequence[Path]) -> WordError:
    """That none of the files has a token which is valid once the set is restored, and where there is one."""
    faults = [fault for file in [*others, *token_files_of(chosen)] if (fault := token_in(file)[1])]
    looked = ", ".join(str(each) for each in others)
    return WordError(
        f"No token of the server that {chosen.stamp} was made of is known, and InfluxDB would be locked for everybody: put its "
        f"operator token, which the recovery sheet has, into a file and name that by --set-token-file (looked at: {looked}, and "
        f"the secrets in the set{''.join(f'; {fault}' for fault in faults)})."
    )
