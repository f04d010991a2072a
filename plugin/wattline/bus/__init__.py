"""The RS485 bus: who is asked when, the conversation with each meter, Modbus RTU, and the port.

From the slot down to the bytes, each module calls those below it:

- ``system``: what the commands know of it. ``once`` reads each meter one time by hand.
- ``bus``: the meters of one port as a source of points. ``rota`` says whose turn it is, ``attendance`` which readings that
  were due did not come, and why.
- ``member``: one meter on it. ``timetable`` says what is due of it, ``rest`` when it is asked again while it is silent.
- ``session``: the conversation with it. ``sweep`` is what is asked of it in one slot, by ``reader``, which asks for
  parts and spans in lengths that no late reply has; ``knock`` finds out whether it is there at all.
- What is believed of it: ``belief``, by the ``evidence`` of one slot.
- What is known of it: ``parts`` and ``lengths`` (what is read at once), ``spans`` (what it answers), ``failures`` (what it
  does not) and ``losses`` (what the line loses), ``needs`` (the time that it takes, by which ``turns`` reckons who fits
  into which slot). ``learning`` tries wider reads and judges them by ``trial``; ``tolerance`` is what two reads may differ
  by.
- ``asking``: one question within its ``window``, and the books on it: ``latency``, ``pause``, ``patience`` (whether
  the user's is too short), ``originals`` (what came twice), ``health`` (its counters).
- ``modbus``: request and reply, as RTU frames or on Modbus TCP (``mbap``), and ``suspicion``: what may still come.
- ``port``: bytes, from a ``device`` or a ``remote`` one, at the ``settings`` of the line, in ``frames``.
"""
