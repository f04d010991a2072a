"""The fixtures of the rigs."""

from backup.journal_rig import house
from backup.restore_rig import database, database_of_module, desk, own_database
from backup.verify_rig import backup, filled

__all__ = ["backup", "database", "database_of_module", "desk", "filled", "house", "own_database"]
