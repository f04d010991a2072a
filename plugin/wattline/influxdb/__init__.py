"""InfluxDB 2 over HTTP, for whatever stores and asks beside Telegraf; it takes urllib3, which `wattline run` does without.

errors.py   what can go wrong
server.py   a request, and its answer once that is a success
token.py    the token out of its file
flux.py     buckets by name, the rows that a question in Flux is answered with
"""
