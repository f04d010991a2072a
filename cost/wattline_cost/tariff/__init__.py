"""A contract as a file tells it.

model.py       what a contract is made of
file.py        TOML to a contract; what is wrong with it, and where
version.py     ... its versions, and that these go with the rules of bands
components.py  ... what is paid for
rules.py       ... rules of bands, and holidays
sources.py     ... where prices of an exchange lie
table.py       a table of such a file: keys asked for by name and kind, refused with one sentence
words.py       weekdays, months and hours as people write them
coverage.py    that rules give every moment a band: proven by walking
holidays.py    the days that rules of bands call holidays: dates, dates of each year, days from Easter
bands.py       the band of a moment
versions.py    the version of a moment; that dates neither gap nor overlap
steps.py       the step of a price in which a month is that has used so much
rate.py        what one kilowatt-hour more costs, taxes included
explain.py     which version, band and price holds at a moment, and why
told.py        a contract in words
week.py        the bands of a week as a table
"""
