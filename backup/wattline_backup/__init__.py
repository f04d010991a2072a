"""Backups of InfluxDB and of the house's settings: sets that share what did not change, and are proven to restore."""
