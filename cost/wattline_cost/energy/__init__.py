"""Quarter-hours of energy: from the counter, shaped by the power.

quarter.py   what InfluxDB has of a quarter-hour, and what becomes of it
shaping.py   from the one to the other: a function of its arguments
reading.py   out of the bucket energy_15m
"""
