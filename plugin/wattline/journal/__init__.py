"""The journal: what ``wattline run --journal DIR`` wrote, kept on the card for some days.

Telegraf's buffer is memory, and nothing tells the plugin that a line has arrived: a restart or a power cut loses what has
not been written. So the very lines are kept beside it, for whoever compares them with the database.

In ``DIR`` each port has a folder (``files.py``), and in it files with rising numbers, since a Pi has no clock when it
starts. A file has one size from its first moment, 256 KiB of zeros, which holds about three quarters of an hour of one meter; records
(``record.py``) take the place of the zeros, one after the other. Each is of whole sectors, stands for itself and proves
that it is whole, so a reader (``reader.py``) believes no byte of one that is not, and whatever has become of a file, it
gives whole true lines alone. A thread (``journal.py``) writes what came in ten seconds as one record, so that the bus never
waits for a card.

Why so, measured on ext4 with blocks of 4 KiB, with one meter, in kilobytes that reach the card for one record:

- Beside InfluxDB's own sync in the same ten seconds: 1.0 more when whole sectors go past the page cache (``O_DIRECT``) into
  a file that was filled before; 4.1 through the page cache, since that writes whole pages; 22 when the file grows by each
  record, since its size and its blocks are written as well.
- Where nothing else is synced within five seconds: 14, nearly all of which is the time of the change in the inode. So a
  record is written where the other's sync follows it (``pace.py``): 1.0 just before it, 1.9 two seconds before it, 14 half a
  second behind it. A mount with ``lazytime`` changes none of this.

The files are dropped whole, the oldest first (``shelf.py``). A disk that fails costs the journal alone, never the metering.
"""
