"""What a Rainforest stick tells beside power and energy, and what wattline tells of the stick."""

from wattline.fields.field import Field, by_name

PRICE_FIELDS = by_name(
    Field("price_per_kwh", "1/kWh", "gauge", 5, "What a kilowatt-hour costs now, in the currency of the tag."),
    Field("tier", "", "gauge", 0, "The tier of the tariff that holds now, as the meter counts them."),
    Field("rate_label", "", "text", 0, "What the utility calls that tier."),
    Field("start_s", "s", "gauge", 0, "Since when it holds, in seconds since 1970."),
    Field("duration_min", "min", "gauge", 0, "For how long it holds."),
    Field("is_user_set", "", "gauge", 0, "1 when it was typed in at the stick, 0 when the meter sent it."),
)

BLOCK_PRICE_FIELDS = by_name(
    Field("price_per_kwh", "1/kWh", "gauge", 5, "What a kilowatt-hour of this block costs."),
    Field("threshold_kwh", "kWh", "gauge", 3, "Where the block ends; the last one has no end."),
)

PERIOD_FIELDS = by_name(
    Field("energy_kwh", "kWh", "gauge", 3, "Energy of the period so far; below zero when more was given than taken."),
    Field("start_s", "s", "gauge", 0, "When it began, as the stick says it: some sticks mean local time."),
    Field("end_s", "s", "gauge", 0, "When it ended, likewise."),
)

INTERVAL_FIELDS = by_name(
    Field("energy_kwh", "kWh", "gauge", 3, "Energy of the interval that ends at the time of the point."),
    Field("interval_s", "s", "gauge", 0, "How long the interval is."),
)

LINK_FIELDS = by_name(
    Field("is_connected", "", "gauge", 0, "1 while the stick is connected to the meter, else 0."),
    Field("link_percent", "%", "gauge", 0, "Strength of the radio link."),
    Field("channel", "", "gauge", 0, "The radio channel, 11 to 26."),
    Field("status", "", "text", 0, "How the stick calls its state."),
    Field("description", "", "text", 0, "What it adds to that."),
    Field("status_code", "", "gauge", 0, "The number that it gives for that."),
)

CLOCK_FIELDS = by_name(
    Field("drift_s", "s", "gauge", 0, "The meter's clock less this machine's; only while this machine's is believed."),
    Field("utc_offset_s", "s", "gauge", 0, "The meter's local time less UTC; not every meter knows daylight saving."),
)

MESSAGE_FIELDS = by_name(
    Field("text", "", "text", 0, "The utility's message."),
    Field("id", "", "gauge", 0, "Its number."),
    Field("queue", "", "text", 0, "Where it stands, such as Active."),
    Field("priority", "", "text", 0, "How urgent it is."),
    Field(
        "is_confirmation_required", "", "gauge", 0, "1 when the utility asks for a confirmation, which is never sent."
    ),
    Field("is_confirmed", "", "gauge", 0, "1 when somebody has confirmed it at the stick."),
)

WARNING_FIELDS = by_name(Field("text", "", "text", 0, "What the stick complains about."))

SCHEDULE_FIELDS = by_name(
    Field("period_s", "s", "gauge", 0, "How often the stick asks the meter for it."),
    Field("is_enabled", "", "gauge", 0, "1 when it does, else 0."),
)

STICK_INFO_FIELDS = by_name(
    Field("manufacturer", "", "text", 0, "The maker of the stick."),
    Field("model", "", "text", 0, "What the stick calls its model."),
    Field("firmware", "", "text", 0, "The version of its program."),
    Field("hardware", "", "text", 0, "The version of its board."),
    Field("image_type", "", "text", 0, "The kind of its program."),
    Field("date_code", "", "text", 0, "When it was made, and its lot."),
    Field("meter_type", "", "text", 0, "What the meter measures: electric, gas, water or other."),
    Field("nickname", "", "text", 0, "The name of the meter that is kept in the stick."),
)

STICK_FIELDS = by_name(
    Field("fragments", "", "counter", 0, "Whole fragments that came."),
    Field("dropped_fragments", "", "counter", 0, "Fragments that were torn, too long or not well formed, left out."),
    Field("unknown_fragments", "", "counter", 0, "Fragments of a kind that wattline does not know, left out."),
    Field("repeated_fragments", "", "counter", 0, "Fragments that had come before, left out."),
    Field("foreign_fragments", "", "counter", 0, "Fragments of a meter that is not read, left out."),
    Field(
        "exchanged_meters",
        "",
        "counter",
        0,
        "Times that a meter fell silent for an hour while another one spoke, which is read since then.",
    ),
    Field(
        "stale_fragments",
        "",
        "counter",
        0,
        "Readings that were made too long ago, or without their time while the stick had lost its meter, left out.",
    ),
    Field("unreadable_values", "", "counter", 0, "Numbers that are none, left out."),
    Field("nul_bytes", "", "counter", 0, "NUL bytes and other control characters that no text has, left out."),
    Field("dropped_bytes", "", "counter", 0, "Bytes outside of any whole fragment, left out."),
    Field("asked", "", "counter", 0, "Commands sent; all of them only ask."),
    Field("unanswered", "", "counter", 0, "Commands to which no answer came in time, which is no fault."),
    Field("warnings", "", "counter", 0, "Complaints of the stick."),
    Field(
        "reopenings", "", "counter", 0, "Times the port was opened again after it had been lost or had fallen silent."
    ),
    Field("silence_s", "s", "gauge", 0, "Seconds since the last fragment that was no repetition."),
    Field("is_open", "", "gauge", 0, "1 while the port is open, else 0."),
)

RUN_FIELDS = by_name(
    Field("name", "", "text", 0, "The name of the run, from `--run`."),
    Field("id", "", "text", 0, "A number that no other run has (UUID, version 4)."),
    Field("meter_id", "", "text", 0, "The address of the meter's radio, where the meter is behind a Rainforest stick."),
)
