// Days from quarter-hours: the task that fills the bucket energy_1d from the bucket energy_15m.
//
//   a gauge F          F (mean, each quarter-hour weighing as many readings as it has), F_min, F_max
//   a counter C        C, its last reading
//   of each meter      readings, consumption_kwh, export_kwh, base_load_w
//
// Days are those of the household: a point bears the instant of its local midnight, and two days of the year have 23 and
// 25 hours. The last one is that which is under way. The tags stay. Written twice, a point is the same point.
//
// The file is a task once the zone below is that of the household; `compose/influxdb/setup` puts it there.
// `compose/influxdb/remake` runs it over any range: it puts another record in the place of the line that begins with
// "span =".

import "date"
import "experimental"
import "math"
import "timezone"

option task = {name: "energy_1d", every: 15m, offset: 1m}
option location = timezone.location(name: "Europe/Rome")

// date.add and date.sub miss by an hour where the clocks change, once a location is set; this does not.
later = (t, hours) => time(v: int(v: t) + hours * 3600000000000)

// Today and the two days before, of which one may have 25 hours: readings that come late are at most a day and a half late.
span = {start: later(t: now(), hours: -49), stop: now()}

// Whole days, from midnight to midnight; 26 hours after a midnight it is the next day, whatever its length.
first = date.truncate(t: span.start, unit: 1d)
last_day = date.truncate(t: time(v: int(v: span.stop) - 1), unit: 1d)
end = date.truncate(t: later(t: last_day, hours: 26), unit: 1d)

quarters =
    from(bucket: "energy_15m")
        |> range(start: first, stop: end)
        |> filter(fn: (r) => r._measurement == "electricity")

by_day = (fn, tables=<-) => tables |> aggregateWindow(every: 1d, fn: fn, createEmpty: false, timeSrc: "_start")

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
    quarters
        |> filter(fn: (r) => r._field !~ /_(kwh|kvarh|min|max)$/)
        |> group(columns: ["_field", "_time", "_value"], mode: "except")
        |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
        |> experimental.unpivot(otherColumns: ["_time", "readings"])
        |> aggregateWindow(every: 1d, fn: weighed, createEmpty: false, timeSrc: "_start")
        |> map(fn: (r) => ({r with _value: on_grain(v: r.weighed / r.readings)}))
        |> drop(columns: ["readings", "weighed"])

// What a house takes at its quietest. Panels hide it by day, so on a day on which power was given to the grid only the
// first four hours count, and where a battery hides the night too there is none. Nor is there one where the night was not
// read: the quietest quarter-hour of an evening is no base load.
lower = (a, b) => if a < b then a else b
quietest = (column, tables=<-) =>
    tables
        |> reduce(
            identity: {of_day: math.mInf(sign: 1), of_night: math.mInf(sign: 1), moment: math.mInf(sign: 1)},
            fn: (r, accumulator) =>
                ({
                    of_day: lower(a: accumulator.of_day, b: r.power_w),
                    of_night:
                        if r._time < later(t: r._start, hours: 4) then
                            lower(a: accumulator.of_night, b: r.power_w)
                        else
                            accumulator.of_night,
                    moment: lower(a: accumulator.moment, b: r.power_w_min),
                }),
        )

base_loads =
    quarters
        |> filter(fn: (r) => r._field == "power_w" or r._field == "power_w_min")
        |> group(columns: ["_field", "_time", "_value"], mode: "except")
        |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
        |> aggregateWindow(every: 1d, fn: quietest, createEmpty: false, timeSrc: "_start")
        |> map(
            fn: (r) =>
                ({r with _field: "base_load_w", _value: if r.moment < 0.0 then r.of_night else r.of_day}),
        )
        |> filter(fn: (r) => r._value >= 0.0 and r.of_night < math.mInf(sign: 1))
        |> drop(columns: ["of_day", "of_night", "moment"])

union(
    tables: [
        gauge_means,
        quarters |> filter(fn: (r) => r._field =~ /_min$/) |> by_day(fn: min),
        quarters |> filter(fn: (r) => r._field =~ /_max$/) |> by_day(fn: max),
        quarters
            |> filter(fn: (r) => r._field =~ /_(kwh|kvarh)$/ and r._field !~ /^(consumption|export)_kwh$/)
            |> by_day(fn: last),
        quarters |> filter(fn: (r) => r._field =~ /^(readings|consumption_kwh|export_kwh)$/) |> by_day(fn: sum),
        base_loads,
    ],
)
    |> to(bucket: "energy_1d")
    |> group()
    |> count()
