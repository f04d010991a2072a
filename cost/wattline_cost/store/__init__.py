"""What was priced, in the bucket `cost`.

points.py    quarter-hours, days and months as points
stored.py    what the bucket has, and how it becomes what it should have
due.py       the days that have to be priced anew
terms.py     by which terms a month is priced
memory.py    what is remembered from run to run
months.py    the points of a month, written in an order that an interruption bears
clock.py     whether the clock is believed
clearing.py  what is stored and not owed is deleted
meter.py     a contract's meter, by the days of its calendar
account.py   one contract, its meter and its points
publishing.py  today's cost, for Home Assistant
"""
