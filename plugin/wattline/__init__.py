"""wattline reads RS485 electricity meters every second and hands the readings to Telegraf."""

__version__ = "0.1.0"

RELEASED_ON = "2026-11-24"
"""Day of the release (UTC). A wall clock that is older than this is wrong, whoever set it."""
