"""The commands of ``wattline-cost``, one module each."""
