"""A contract applied to quarter-hours of energy.

line.py        what is owed: by day, version, component, and band or register
terms.py       versions as spans of time, and the part of a day in which each held
published.py   what sources say, by quarter-hours
used.py        what was used in a month before each quarter-hour
consumed.py    the energy of a day, counted by all that prices tell apart
energies.py    what is paid for it
charges.py     what is paid by day, month or year: the part of a day, without a rest
taxes.py       percentages
days.py        all of it: quarter-hours to the lines of their days, and the price of one kilowatt-hour more
bill_items.py  what has a line of its own on a bill
bill_lines.py  the lines of many days as those of a bill, rounded
bill.py        a bill: its lines and sums
document.py    a bill as a table, CSV and JSON
"""
