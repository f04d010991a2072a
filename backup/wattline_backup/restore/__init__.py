"""A set, or a part of it, goes back into InfluxDB.

| way | what happens | what is live meanwhile |
|---|---|---|
| beside (``beside.py``) | a bucket of the set becomes a new bucket | is not touched |
| swap (``swap.py``) | a live bucket gets the content that it has in the set | is left as it was when anything fails |
| merge (``merge.py``) | what a live bucket lacks is brought in | wins wherever both have a value |
| all (``whole.py``) | the whole server becomes what it was | is replaced |

InfluxDB answers 200 to uploads that it could not read, so each file is looked through before it is sent and each shard
after it has arrived.
"""
