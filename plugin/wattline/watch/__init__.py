"""Meters live in a terminal, read by the real ``wattline run`` over a real pipe; for ``wattline watch`` and the demo.

The way of a line: ``feed`` (the child and its lines) -> ``state`` (what is known) -> ``view`` (live: ``single`` for one
meter, ``several`` for more, with ``chart`` and ``cells``) or ``plain`` (a line for each reading). ``show`` chooses.
"""
