"""The demo: a simulated house, read by the real ``wattline run`` and shown as ``wattline watch`` shows a real one.

``moment`` chooses the time of the house's day at which it begins; all else is in ``simulate`` and ``watch``.
"""
