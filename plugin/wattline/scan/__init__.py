"""The search for meters on a bus: which serial settings, which addresses, which models.

The way of a find: ``order`` (which question next, pure) -> ``search`` (conducts) -> ``ear`` (one question, what was
heard) -> ``device`` (whoever answered, asked patiently) -> ``recognise`` (each model's registers are read) ->
``verdict`` and ``evidence`` (what speaks for a model, pure) -> ``report`` (words, JSON and Telegraf's line, pure).
Where bytes come that are never a frame, ``doubles`` tells two meters on one address from a noisy line.
"""
