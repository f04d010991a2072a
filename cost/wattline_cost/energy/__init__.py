"""Quarter-hours of energy: from the counter, shaped by the power.

quarter.py   what InfluxDB has of a quarter-hour, and what becomes of it
display.py   the decimals of the meter's display, and how often it is read, as its rows show
reads.py     rows as readings of one counter that only rises
course.py    the counter's course through what was read and what was not; the display at midnight
parts.py     energy by the meter's tariff registers
shaping.py   from rows to quarter-hours: a function of its arguments
reading.py   out of the bucket energy_15m
"""
