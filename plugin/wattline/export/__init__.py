"""From InfluxDB to a table for notebooks: what ``wattline export`` is made of.

::

    moment.py      words of time -> seconds; a range -> its days
    server.py      InfluxDB over HTTP: InfluxQL -> what it answers
    catalogue.py   what a bucket has in the range: meters and fields
    query.py       a meter, its fields, a piece of the range -> InfluxQL
    table.py       an answer -> rows of the table      decimals.py  values back to the numbers on the display
    counters.py    where a counter stands -> by how much it rose
    sink.py        rows -> CSV or Parquet, whole under its name or not there at all
    progress.py bar.py   how far it is
    conduct.py     all of it, piece by piece

The table is wide and one for all meters: a row for each time and meter, a column for each field, and what a meter does not
have is empty. A notebook takes one meter out of it with one comparison and lays meters beside each other with one pivot;
a table for each meter would have to be put together first, and a row for each value is seven times as long.

A piece is a day of one meter; nothing of a piece is kept when the next one comes, so a year needs no more memory than a
day. InfluxQL, and not Flux, since it puts the fields of one time into one row while it reads them; in Flux that is
``pivot``, which holds the whole range in the server's memory first.

Needs pyarrow, which parses, rounds and writes whole columns at a time, and urllib3: the extra ``export``. No other command
imports this package.
"""
