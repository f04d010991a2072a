"""From another system's history to line protocol: what ``wattline convert`` is made of.

::

    source.py              bytes of files or of standard input -> numbered lines of text
    annotated.py lines.py  lines of an InfluxDB export -> samples        table.py  lines of any table -> samples
    export.py              which of the two it is
    energy_monitor.py      its names and units -> our fields             mapping.py  columns by the user's words
    raven.py               rows of python-raven -> samples, and its units       dump.py  rows out of SQL
    second.py              samples -> whole seconds, the later of two wins
    shelf.py counter.py    the counters, kept until the end -> in order of time, their turns undone
    tally.py               what became of it all, for people

Nothing here knows of the terminal but ``bar.py`` and ``progress.py``; all else are functions of what is handed in. Memory
hardly grows with the history: one sample a stream waits, and a counter takes some ten kilobytes a day.
"""
