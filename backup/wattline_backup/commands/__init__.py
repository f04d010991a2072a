"""The commands of ``wattline-backup``, one module each."""
