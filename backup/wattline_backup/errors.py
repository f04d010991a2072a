"""What can go wrong with a backup. Each message is one sentence: what happened, where, what to do."""

from wattline.errors import WattlineError


class BackupError(WattlineError):
    """Anything that stops a backup, a proof or a restore."""


class ArchiveError(BackupError):
    """A shard's archive is not whole, or holds what InfluxDB would not read."""


class SetError(BackupError):
    """A set is not there, or is not what it was when it was made."""


class FolderError(BackupError):
    """The folder of the sets cannot be used: in use, read-only, too full."""


class OffsiteError(BackupError):
    """The off-site copy is away, refuses, or is not what it should be."""
