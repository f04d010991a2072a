// Quarter-hours from minutes: the task that fills the bucket energy_15m from the bucket energy_1m.
//
//   a gauge F          F (mean, each minute weighing as many readings as it has), F_min, F_max
//   a counter C        C, its last reading
//   of each meter      readings, consumption_kwh and export_kwh
//
// A point bears the begin of its quarter-hour; the last one is that which is under way. The tags stay. Written twice, a
// point is the same point.
//
// The file is a task as it stands. `compose/influxdb/remake` runs it over any range: it puts another record in the place
// of the line that begins with "span =".

import "date"
import "experimental"
import "math"

option task = {name: "energy_15m", every: 5m, offset: 40s}

// What can be metered within an hour, and beyond an hour on average. A counter that rose by more was replaced by one that
// stands higher, or lied for a while; one that fell began anew, and what it shows was metered since, unless that is more than
// the average allows. They have to be above what is really used, or energy will be missing: a building raises them.
hour_limit_kw = 100.0
average_limit_kw = 20.0

// The coarsest step in which a counter moves. Such a step was metered since the one before it, not since the last reading.
// More is not believed of it, since a counter may stand still for a night and then lie.
coarsest_step_kwh = 10.0

// What a counter that began anew may show at once.
first_step_kwh = 1.0

minutes = (start, stop) =>
    from(bucket: "energy_1m")
        |> range(start: start, stop: stop)
        |> filter(fn: (r) => r._measurement == "electricity")

readings = (bucket, start, stop) => {
    sums =
        from(bucket: bucket)
            |> range(start: start, stop: stop)
            |> filter(fn: (r) => r._measurement == "electricity" and r._field == "readings")
            |> sum()
            |> group()
            |> sum()
            |> findColumn(fn: (key) => true, column: "_value")

    return if length(arr: sums) > 0 then sums[0] else 0.0
}

// The last hour; but all of the last 37 when minutes before it have more readings than their quarter-hours: some came late.
// All, since energy that comes late was counted after the gap, and has to leave it again.
due = () => {
    recent = date.truncate(t: date.sub(d: 1h, from: now()), unit: 15m)
    first = date.sub(d: 36h, from: recent)
    is_late =
        readings(bucket: "energy_1m", start: first, stop: recent)
            > readings(bucket: "energy_15m", start: first, stop: recent)

    return {start: if is_late then first else recent, stop: now()}
}

span = due()

// A mean has no decimals to end it. On the binary grain of the finest reading it takes half the space.
on_grain = (v) => math.round(x: v * 16384.0) / 16384.0

weighed = (column, tables=<-) =>
    tables
        |> reduce(
            identity: {weighed: 0.0, readings: 0.0},
            fn: (r, accumulator) =>
                ({
                    weighed: accumulator.weighed + r._value * r.readings,
                    readings: accumulator.readings + r.readings,
                }),
        )

gauge_means =
    minutes(start: span.start, stop: span.stop)
        |> filter(fn: (r) => r._field !~ /_(kwh|kvarh|min|max)$/)
        |> group(columns: ["_field", "_time", "_value"], mode: "except")
        |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
        |> experimental.unpivot(otherColumns: ["_time", "readings"])
        |> aggregateWindow(every: 15m, fn: weighed, createEmpty: false, timeSrc: "_start")
        |> map(fn: (r) => ({r with _value: on_grain(v: r.weighed / r.readings)}))
        |> drop(columns: ["readings", "weighed"])

lowest =
    minutes(start: span.start, stop: span.stop)
        |> filter(fn: (r) => r._field =~ /_min$/)
        |> aggregateWindow(every: 15m, fn: min, createEmpty: false, timeSrc: "_start")

highest =
    minutes(start: span.start, stop: span.stop)
        |> filter(fn: (r) => r._field =~ /_max$/)
        |> aggregateWindow(every: 15m, fn: max, createEmpty: false, timeSrc: "_start")

coverage =
    minutes(start: span.start, stop: span.stop)
        |> filter(fn: (r) => r._field == "readings")
        |> aggregateWindow(every: 15m, fn: sum, createEmpty: false, timeSrc: "_start")

counters =
    minutes(start: span.start, stop: span.stop)
        |> filter(
            fn: (r) =>
                r._field =~ /_(kwh|kvarh)$/ and r._field != "consumption_counter_kwh" and r._field != "energy_export_kwh",
        )
        |> aggregateWindow(every: 15m, fn: last, createEmpty: false, timeSrc: "_start")

// The two counters that are turned into energy: the last reading before, so that what was metered over a gap counts where
// the counter is seen again, and those of the next day, by which the last one is judged.
readings_before =
    from(bucket: "energy_15m")
        |> range(start: 1970-01-01T00:00:00Z, stop: span.start)
        |> filter(
            fn: (r) =>
                r._measurement == "electricity"
                    and (r._field == "consumption_counter_kwh" or r._field == "energy_export_kwh"),
        )
        |> last()

// A reading that lies outside its two neighbours, while these follow one another, is a bad one: a dip or a spike. A fall
// that nothing follows yet is not believed yet.
judged =
    union(
        tables: [
            readings_before,
            minutes(start: span.start, stop: date.add(d: 24h, to: span.stop))
                |> filter(fn: (r) => r._field == "consumption_counter_kwh" or r._field == "energy_export_kwh"),
        ],
    )
        |> group(columns: ["_start", "_stop", "_time", "_value"], mode: "except")
        |> sort(columns: ["_time"])
        |> map(fn: (r) => ({r with above_previous: r._value, above_next: r._value}))
        |> difference(columns: ["above_previous"], keepFirst: true)
        |> sort(columns: ["_time"], desc: true)
        |> difference(columns: ["above_next"], keepFirst: true)
        |> map(
            fn: (r) =>
                ({r with is_believed:
                        not exists r.above_previous or (if exists r.above_next then
                            r.above_previous * r.above_next <= 0.0 or r.above_previous < r.above_next
                        else
                            r.above_previous >= 0.0),
                }),
        )
        |> drop(columns: ["above_previous", "above_next"])
believed = judged |> filter(fn: (r) => r.is_believed) |> sort(columns: ["_time"])

// Before something followed it, a rise was believed: what was written for it then is written over.
refused = judged |> filter(fn: (r) => not r.is_believed)
levels =
    union(tables: [believed, refused |> drop(columns: ["_value"])])
        |> sort(columns: ["_time"])
        |> fill(usePrevious: true)
named_energy = (field) => if field == "energy_export_kwh" then "export_kwh" else "consumption_kwh"

lower = (a, b) => if a < b then a else b
possible_kwh = (hours, hour_kw) => hour_kw * lower(a: hours, b: 1.0) + average_limit_kw * (hours - lower(a: hours, b: 1.0))

// From one believed reading to the next: the step, the hours since the reading before, and of a counter that moved the hours
// since it moved before.
steps =
    believed
        |> map(fn: (r) => ({r with step: r._value, hours: float(v: int(v: r._time)) / 3600000000000.0}))
        |> duplicate(column: "hours", as: "moved_hours")
        |> difference(columns: ["step", "hours"], keepFirst: true)
moves =
    steps
        |> filter(fn: (r) => not exists r.step or r.step != 0.0)
        |> difference(columns: ["moved_hours"], keepFirst: true)
rests = steps |> filter(fn: (r) => exists r.step and r.step == 0.0)

limit_kwh = (r) =>
    if r.step >= 0.0 then
        possible_kwh(hours: r.hours, hour_kw: hour_limit_kw)
            + lower(a: coarsest_step_kwh, b: possible_kwh(hours: r.moved_hours, hour_kw: hour_limit_kw))
    else
        possible_kwh(hours: r.hours, hour_kw: average_limit_kw) + first_step_kwh

// Nearly every step is a small one, for which the first question is enough.
is_possible = (r, gained) => r.step >= 0.0 and r.step <= average_limit_kw * r.hours or gained <= limit_kwh(r: r)

energy =
    union(tables: [moves, rests])
        |> filter(fn: (r) => r._time >= span.start and r._time < span.stop)
        |> map(
            fn: (r) => {
                gained = if r.step >= 0.0 then r.step else r._value

                return {r with
                    _field: named_energy(field: r._field),
                    _value: if exists r.step and gained >= 0.0 and is_possible(r: r, gained: gained) then gained else 0.0,
                }
            },
        )
        |> drop(columns: ["is_believed", "step", "hours", "moved_hours"])
nothing_of_the_refused =
    refused
        |> filter(fn: (r) => r._time >= span.start and r._time < span.stop)
        |> map(fn: (r) => ({r with _field: named_energy(field: r._field), _value: 0.0}))
        |> drop(columns: ["is_believed"])

union(
    tables: [
        gauge_means,
        lowest,
        highest,
        coverage,
        counters,
        levels
            |> filter(fn: (r) => r._time >= span.start and r._time < span.stop)
            |> drop(columns: ["is_believed"])
            |> aggregateWindow(every: 15m, fn: last, createEmpty: false, timeSrc: "_start"),
        union(tables: [energy, nothing_of_the_refused])
            |> aggregateWindow(every: 15m, fn: sum, createEmpty: false, timeSrc: "_start"),
    ],
)
    |> to(bucket: "energy_15m")
    |> group()
    |> count()
