"""What electricity costs: tariffs, bills, and the price of yesterday evening.

    tariff/     a contract as a file tells it: versions, components, bands, holidays
    prices/     prices of hours and quarter-hours that a source publishes
    energy/     quarter-hours of energy, out of InfluxDB: from the counter, shaped by the power
    pricing/    a contract applied to them: what each day owes to each component
    store/      what was priced, in InfluxDB, and which of it has to be priced anew
    commands/   the command line
    money.py        sums and products of which no digit is lost
    local_days.py   the days of a calendar as spans of time, and its months

Everything in the first four but the reading from InfluxDB is a function of its arguments. Energy is counted in whole
milliwatt-hours and money in ``Decimal``, and neither is ever divided without saying where the rest goes: so the quarter-hours
of a day add up to the day, the days to the month, and the month to what the counter shows, to the last digit.
"""
