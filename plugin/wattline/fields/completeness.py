"""Of a meter and a day of the household: how many readings were due, metered and stored, and why the others were not.

What stands before the colon of a reason is what the dashboard calls it.
"""

from wattline.fields.field import Field, by_name

NOT_METERED = ("silent", "unbelieved", "busy", "port", "clock", "lost", "off")
"""Of these fields each is a reason; ``off`` is whatever the journal tells of none."""

COMPLETENESS_FIELDS = by_name(
    Field(
        "due",
        "",
        "gauge",
        0,
        "Readings that were due on the day, up to now; of a meter that is read each second, its seconds; of one behind a "
        "stick, which speaks when it wants to, what it said.",
    ),
    Field("metered", "", "gauge", 0, "Those of them that were metered, as the journal or InfluxDB knows."),
    Field("stored", "", "gauge", 0, "Those of them that InfluxDB has whole."),
    Field("silent", "", "gauge", 0, "Meter silent: it gave no sound answer."),
    Field("unbelieved", "", "gauge", 0, "Not believed: nothing of the meter's answer was."),
    Field("busy", "", "gauge", 0, "No time on the line: the meter was not asked, or the second was missed."),
    Field("port", "", "gauge", 0, "Port not open: it was gone, or could not be opened."),
    Field("clock", "", "gauge", 0, "Time not known: the readings waited for it, and were given up."),
    Field(
        "lost",
        "",
        "gauge",
        0,
        "Journal gone or off: no more in the journal, or it could not be kept, and InfluxDB has no reading.",
    ),
    Field(
        "off",
        "",
        "gauge",
        0,
        "Nothing ran, or killed: nothing ran, or what ran was killed before it had kept what it read.",
    ),
    Field("until_s", "s", "gauge", 0, "Up to when the others tell, in seconds since 1970."),
    Field(
        "parts",
        "",
        "text",
        0,
        "Of what time they are: begin and end, with a stroke between. It is the day as far as it was told, in parts where the time "
        "zone was changed.",
    ),
)
