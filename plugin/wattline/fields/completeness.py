"""Of a meter and a day of the household: how many readings were due, metered and stored, and why the others were not."""

from wattline.fields.field import Field, by_name

COMPLETENESS_FIELDS = by_name(
    Field("due", "", "gauge", 0, "Seconds of the day, up to now, in which a reading was due."),
    Field("metered", "", "gauge", 0, "Those of them that were metered, as the journal or InfluxDB knows."),
    Field("stored", "", "gauge", 0, "Those of them that InfluxDB has whole."),
    Field("silent", "", "gauge", 0, "Not metered: the meter gave no sound answer."),
    Field("unbelieved", "", "gauge", 0, "Not metered: nothing of its answer was believed."),
    Field("busy", "", "gauge", 0, "Not metered: there was no time for it on the line."),
    Field("port", "", "gauge", 0, "Not metered: the port was not open."),
    Field("clock", "", "gauge", 0, "Given up, since the time was not known."),
    Field("lost", "", "gauge", 0, "Not known: the journal could not be kept, and InfluxDB has no reading."),
    Field("off", "", "gauge", 0, "Not metered: nothing ran."),
    Field("until_s", "s", "gauge", 0, "Up to when the others tell, in seconds since 1970."),
)
