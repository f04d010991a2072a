"""Prices of hours and quarter-hours that a source publishes.

source.py   what a source is; a span of time and its price
folder.py   a folder into which somebody puts such files: what it has between two moments
gme.py      the file that the Italian exchange publishes: XML, plain or zipped
table.py    CSV, for any other source
written.py  numbers as such files write them
cache.py    what was read of a file, so that it is not parsed again

Nothing here asks a network. What fetches files may be any program: it puts them into the folder. A source of another kind is a
class with ``prices``, which ``folder.sources_of`` hands out.
"""
