"""Bringing into InfluxDB what the journal of ``wattline run --journal`` has and InfluxDB has not, and the number that proves it.

    routes.py    which measurements are ours, and which bucket has them
    lines.py     the series, the fields and the second of a line
    kept.py      what the journal has: of each series, field and hour the seconds
    cache.py     the same of a full file, kept so that it is read once
    carriers.py  which series of InfluxDB carry the journal's readings, of those under other further tags
    values.py    ... by their values
    signs.py     ... field by field, and together
    stored.py    how many points InfluxDB has, and under which further tags
    seconds.py   in which very seconds, where the numbers prove nothing
    plan.py      the journal beside InfluxDB, and which seconds of which series are written again
    comparison.py  the same, as often as it is asked for in a run
    fill.py      writing them
    memory.py    what is remembered from run to run
    ranges.py    of time, and what becomes of them together
    rollups.py   minutes, quarter-hours and days of what was filled
    due.py       when each meter was due
    terms.py     ... by the times in each of which one reading is
    days.py      of each meter and day the seconds that were due, metered and stored, and why not
    account.py   ... told on from what was told before, also after a change of the time zone
    told.py      ... as InfluxDB has it
    work.py      one run, from the lock to the number

The same point twice is one point to InfluxDB, so a line may be written again at any time. Nothing is ever deleted.
"""
