"""Prices of hours and quarter-hours that a source publishes.

source.py   what a source is; a span of time and its price
gme.py      the file that the Italian exchange publishes: XML, plain or zipped
table.py    CSV, for any other source
cache.py    what has been read, kept in small files, so that a price is never asked for twice
folder.py   a folder into which somebody puts such files
"""
