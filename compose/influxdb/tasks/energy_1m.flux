// Minutes from seconds: the task that fills the bucket energy_1m from the bucket energy.
//
//   a gauge F          F (mean), F_min, F_max
//   a counter C        C, its last reading
//   of each meter      readings, and consumption_counter_kwh: here, and only here, it is settled which counter is a
//                      meter's consumption
//
// A point bears the begin of its minute. The tags stay. Written twice, a point is the same point.
//
// The file is a task as it stands. `compose/influxdb/remake` runs it over any range: it puts another record in the place
// of the line that begins with "span =".

import "date"
import "internal/debug"
import "math"

option task = {name: "energy_1m", every: 1m, offset: 20s}

// The number of lines that a meter gave: that of the field which was in most of them, since a value that failed its
// check is left out of its line.
counted = (span) =>
    from(bucket: "energy")
        |> range(start: span.start, stop: span.stop)
        |> filter(fn: (r) => r._measurement == "electricity")
        |> aggregateWindow(every: 1m, fn: count, createEmpty: false, timeSrc: "_start")
        |> group(columns: ["_field", "_time", "_value"], mode: "except")
        |> aggregateWindow(every: 1m, fn: max, createEmpty: false, timeSrc: "_start")
        |> toFloat()

rolled_up = (span) =>
    from(bucket: "energy_1m")
        |> range(start: span.start, stop: span.stop)
        |> filter(fn: (r) => r._measurement == "electricity" and r._field == "readings")

total = (tables=<-) => {
    sums = tables |> group() |> sum() |> findColumn(fn: (key) => true, column: "_value")

    return if length(arr: sums) > 0 then sums[0] else 0.0
}

// The last five minutes. But Telegraf keeps what it cannot deliver, and delivers it hours later with the stamps of old. So
// every other run looks at one of the last thirty hours, each at another, and rolls that up instead when it has more
// readings than were rolled up. What comes late is there within the hour. Rolling up all thirty hours each time would do
// the same, and write them to the SD card again and again.
due = () => {
    minute = date.minute(t: now())
    recent = {start: date.sub(d: 5m, from: now()), stop: now()}
    hour = {
        start: time(v: int(v: now()) - (minute / 2 + 1) * 3600000000000),
        stop: time(v: int(v: now()) - minute / 2 * 3600000000000),
    }
    is_late = minute % 2 == 1 and total(tables: counted(span: hour)) > total(tables: rolled_up(span: hour))

    return if is_late then hour else recent
}

span = due()

// A mean has no decimals to end it. On the binary grain of the finest reading it takes half the space.
on_grain = (v) => math.round(x: v * 16384.0) / 16384.0

gauges = (fn) =>
    from(bucket: "energy")
        |> range(start: span.start, stop: span.stop)
        |> filter(fn: (r) => r._measurement == "electricity" and r._field !~ /_(kwh|kvarh)$/)
        |> aggregateWindow(every: 1m, fn: fn, createEmpty: false, timeSrc: "_start")

counters =
    from(bucket: "energy")
        |> range(start: span.start, stop: span.stop)
        |> filter(fn: (r) => r._measurement == "electricity" and r._field =~ /_(kwh|kvarh)$/)
        |> aggregateWindow(every: 1m, fn: last, createEmpty: false, timeSrc: "_start")

second_of = (t) => int(v: t) / 1000000000
is_over = (r, seen_s) => not exists seen_s or second_of(t: r._time) - seen_s > 3600

// The import where the meter counts it, else the total, else the sum of its tariffs. What was left out for a moment must not
// make another take its place, since they stand at different levels: that takes an hour without any. In that hour a tariff
// which is missing stands in the sum as it was last seen.
energies = (start, stop) =>
    from(bucket: "energy")
        |> range(start: start, stop: stop)
        |> filter(
            fn: (r) =>
                r._measurement == "electricity" and r._field =~ /^energy_(import|total|total_t[1-4])_kwh$/,
        )

consumption =
    union(
        tables: [
            energies(start: date.sub(d: 1h, from: span.start), stop: span.start) |> last(),
            energies(start: span.start, stop: span.stop)
                |> aggregateWindow(every: 1m, fn: last, createEmpty: false, timeSrc: "_start"),
        ],
    )
        |> group(columns: ["_field", "_start", "_stop", "_time", "_value"], mode: "except")
        |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
        |> sort(columns: ["_time"])
        |> map(
            fn: (r) =>
                ({r with
                    import_s: if exists r.energy_import_kwh then second_of(t: r._time) else debug.null(type: "int"),
                    whole_s:
                        if exists r.energy_import_kwh or exists r.energy_total_kwh then
                            second_of(t: r._time)
                        else
                            debug.null(type: "int"),
                    t1: if exists r.energy_total_t1_kwh then r.energy_total_t1_kwh else debug.null(type: "float"),
                    t2: if exists r.energy_total_t2_kwh then r.energy_total_t2_kwh else debug.null(type: "float"),
                    t3: if exists r.energy_total_t3_kwh then r.energy_total_t3_kwh else debug.null(type: "float"),
                    t4: if exists r.energy_total_t4_kwh then r.energy_total_t4_kwh else debug.null(type: "float"),
                }),
        )
        |> fill(column: "import_s", usePrevious: true)
        |> fill(column: "whole_s", usePrevious: true)
        |> fill(column: "t1", usePrevious: true)
        |> fill(column: "t2", usePrevious: true)
        |> fill(column: "t3", usePrevious: true)
        |> fill(column: "t4", usePrevious: true)
        |> filter(
            fn: (r) =>
                exists r.energy_import_kwh
                    or exists r.energy_total_kwh and is_over(r: r, seen_s: r.import_s)
                    or is_over(r: r, seen_s: r.whole_s),
        )
        |> map(
            fn: (r) =>
                ({r with _field: "consumption_counter_kwh",
                    _value:
                        if exists r.energy_import_kwh then
                            r.energy_import_kwh
                        else if exists r.energy_total_kwh then
                            r.energy_total_kwh
                        else
                            (if exists r.t1 then r.t1 else 0.0) + (if exists r.t2 then r.t2 else 0.0)
                                + (if exists r.t3 then r.t3 else 0.0) + (if exists r.t4 then r.t4 else 0.0),
                }),
        )
        |> drop(fn: (column) => column =~ /^(energy_.+_kwh|import_s|whole_s|t[1-4])$/)
        |> filter(fn: (r) => r._time >= span.start and exists r._value)

union(
    tables: [
        gauges(fn: mean) |> map(fn: (r) => ({r with _value: on_grain(v: r._value)})),
        gauges(fn: min) |> map(fn: (r) => ({r with _field: r._field + "_min"})),
        gauges(fn: max) |> map(fn: (r) => ({r with _field: r._field + "_max"})),
        counters,
        counted(span: span) |> set(key: "_field", value: "readings"),
        consumption,
    ],
)
    |> to(bucket: "energy_1m")
    |> group()
    |> count()
