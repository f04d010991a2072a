"""A contract applied to quarter-hours of energy.

line.py      what is owed: by day, version, component, and band, register or price
days.py      quarter-hours to the lines of their days
charges.py   what is paid by day, month or year: the part of a day, without a rest
taxes.py     percentages
bill.py      the lines of a month as a supplier prints them
document.py  a bill as a table, CSV and JSON
"""
