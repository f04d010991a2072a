"""What wattline tells of its meters and of their bus."""

from wattline.fields.field import Field, by_name

METER_HEALTH_FIELDS = by_name(
    Field("polls", "", "counter", 0, "Slots in which the meter was asked, or the stick before it listened to."),
    Field(
        "crowded_slots",
        "",
        "counter",
        0,
        "Slots that had too little time for all that moves of the meter; what there was none for is left out.",
    ),
    Field(
        "requests",
        "",
        "counter",
        0,
        "Requests sent to the meter, retries and trials included; not those during which the port was lost.",
    ),
    Field(
        "replies",
        "",
        "counter",
        0,
        "Sound replies to the question that was asked; readings of a stick, which speaks unasked.",
    ),
    Field("retries", "", "counter", 0, "Requests sent again inside their slot."),
    Field("timeouts", "", "counter", 0, "Requests to which nothing came in time."),
    Field("short_replies", "", "counter", 0, "Replies that stopped in the middle."),
    Field("checksum_errors", "", "counter", 0, "Replies with a wrong CRC."),
    Field(
        "wrong_replies", "", "counter", 0, "Sound frames that answered another question, with no right one after them."
    ),
    Field("refusals", "", "counter", 0, "Requests that the meter refused with a code."),
    Field(
        "doubtful_replies", "", "counter", 0, "Replies not believed, since they may have answered an earlier question."
    ),
    Field(
        "late_replies",
        "",
        "counter",
        0,
        "Replies that came after their question was given up, recognised and put aside.",
    ),
    Field("implausible_values", "", "counter", 0, "Values outside the range that the meter can measure, left out."),
    Field("absent_values", "", "counter", 0, "Values of which the meter said that it has none, left out."),
    Field(
        "energy_unconfirmed",
        "",
        "counter",
        0,
        "Readings of a counter after the start, left out until two agreed.",
    ),
    Field(
        "energy_withheld",
        "",
        "counter",
        0,
        "Readings of a counter that fell, or rose faster than the meter's maximum power allows, left out.",
    ),
    Field(
        "energy_resets",
        "",
        "counter",
        0,
        "Times a counter went on at another level and was believed, since three reads agreed.",
    ),
    Field(
        "identical_values",
        "",
        "counter",
        0,
        "Slots in which three or more unrelated values were the same number, dropped whole.",
    ),
    Field(
        "empty_frames",
        "",
        "counter",
        0,
        "Slots in which voltage and frequency were both zero or implausible, or all was zero without them; dropped whole.",
    ),
    Field(
        "inconsistent",
        "",
        "counter",
        0,
        "Slots in which power or apparent power did not agree with voltage, current and power factor, for the second time "
        "in a row, and slots behind one with a zero that its other values contradict; not dropped.",
    ),
    Field(
        "round_trip_ms",
        "ms",
        "gauge",
        1,
        "From the request's first byte to the reply's last, median of the last ten seconds.",
    ),
    Field("round_trip_max_ms", "ms", "gauge", 1, "The same, the longest of the last ten seconds."),
    Field(
        "pause_ms",
        "ms",
        "gauge",
        0,
        "Silence before the meter is asked after another one, by its model or learnt.",
    ),
    Field(
        "timeout_ms",
        "ms",
        "gauge",
        0,
        "How long the meter is waited for at most, learnt from its latency; for shorter reads it may be less.",
    ),
)

BUS_HEALTH_FIELDS = by_name(
    Field("busy_percent", "%", "gauge", 1, "Share of the last ten seconds in which the bus was used."),
    Field("slots", "", "counter", 0, "Slots in which the meters were read."),
    Field("missed_slots", "", "counter", 0, "Slots that passed unread because the one before took too long."),
    Field(
        "start_delay_ms",
        "ms",
        "gauge",
        1,
        "How late a slot began after its whole second, the worst of the last ten seconds.",
    ),
    Field("clock_steps", "", "counter", 0, "Times the wall clock jumped and the slots were aligned anew."),
    Field(
        "clock_synchronised",
        "",
        "gauge",
        0,
        "1 when the wall clock is believed, 0 when readings are held or stamped in doubt.",
    ),
    Field("readings_held", "", "gauge", 0, "Slots whose points wait for the clock to be set."),
    Field("readings_discarded", "", "counter", 0, "Held slots that were given up because too many waited."),
    Field("round_s", "s", "gauge", 0, "Seconds in which every meter has its turn; the interval when all fit into it."),
    Field("reopenings", "", "counter", 0, "Times the port was opened again after it had been lost."),
    Field("lines_written", "", "counter", 0, "Lines handed to Telegraf."),
    Field("lines_waiting", "", "gauge", 0, "Lines that wait because Telegraf does not read."),
    Field("lines_dropped", "", "counter", 0, "Lines given up, oldest first, because too many waited."),
    Field("journal_on", "", "gauge", 0, "Where a journal is kept: 1 while its disk takes it, else 0."),
    Field("journal_lines", "", "counter", 0, "Lines kept in the journal."),
    Field("journal_lines_lost", "", "counter", 0, "Lines that the journal lacks because its disk did not take them."),
    Field("journal_files_dropped", "", "counter", 0, "Files of the journal deleted, oldest first, to keep its limits."),
    Field("journal_bytes", "", "counter", 0, "Bytes written to the disk for the journal."),
)
