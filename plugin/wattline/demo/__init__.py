"""The demo: a simulated house, read by the real ``wattline run`` over a real pipe, and shown to whoever looks.

The way of a line: ``feed`` (the child and its lines) -> ``state`` (what is known) -> ``view`` (live, with ``chart``) or
``plain`` (a line a second). ``moment`` chooses the time of the house's day at which it begins.
"""
