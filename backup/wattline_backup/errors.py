"""What can go wrong with a backup. Each message is one sentence: what happened, where, what to do."""

from wattline.errors import WattlineError


class BackupError(WattlineError):
    """Anything that stops a backup, a proof or a restore."""


class ServerError(BackupError):
    """InfluxDB is away, refuses, or answers what it should not.

    Args:
        sentence: the message.
        status: the number of the answer of HTTP that it is about, if there was one.
    """

    def __init__(self, sentence: str, status: int | None = None) -> None:
        super().__init__(sentence)
        self.status = status


class RefusedError(ServerError):
    """InfluxDB was not reached, or refused what was asked before it did any of it."""


class TokenError(RefusedError):
    """InfluxDB does not take the token."""


class GoneError(RefusedError):
    """InfluxDB no longer has the shard: it was forgotten or deleted since it was listed."""


class ArchiveError(BackupError):
    """A shard's archive is not whole, or holds what InfluxDB would not read."""


class SetError(BackupError):
    """A set is not there, or is not what it was when it was made."""


class FolderError(BackupError):
    """The folder of the sets cannot be used: in use, read-only, too full."""


class OffsiteError(BackupError):
    """The off-site copy is away, refuses, or is not what it should be."""
