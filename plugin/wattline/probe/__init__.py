"""What one meter does when it is asked: measured, judged, and written down for a person.

The way of a probe: ``questions`` (one request, whatever comes of it) -> ``timing``, ``spans``, ``values`` (what is
measured) -> ``findings`` (all that is known) -> ``noteworthy`` (in sentences) -> ``report`` (Markdown). ``measure``
conducts. What is measured needs a port and a clock, which are passed in; what is said of it is pure.
"""
