"""A contract as a file tells it.

model.py      what a contract is made of
file.py       TOML to a contract; what is wrong with it, and where
holidays.py   the days that rules of bands call holidays: dates, dates of each year, days from Easter
bands.py      the band of a moment
versions.py   the version of a moment; that dates neither gap nor overlap
explain.py    which version, band and price holds at a moment, and why
"""
