"""The dashboards are as a person wants them and as the database can bear them, without a server.

| fault | test |
|---|---|
| a file as an editor left it, with changes that nobody can read | test_the_files_are_normalised |
| the formatter loses or changes something | test_formatting_keeps_every_value, test_formatting_twice_changes_nothing |
| a dashboard whose address changes, or that the browser may edit | test_dashboards_have_fixed_addresses |
| two panels with one number: links and alerts go astray | test_panel_numbers_are_unique_and_stable |
| panels that overlap, or a phone that shows them in a senseless order | test_panels_stand_in_reading_order |
| a panel without title, or a description that is its title again | test_a_panel_says_what_it_shows |
| a number without a unit, or with the meter's noise for decimals | test_a_panel_has_a_unit_and_decimals |
| red for no reason: Grafana's default threshold is 80 | test_no_panel_has_default_thresholds |
| an empty panel that does not say why | test_an_empty_panel_says_why |
| a panel of another data source | test_every_query_goes_to_wattline |
| a zoom rule that differs from panel to panel | test_the_zoom_rule_is_one |
| a year of raw seconds read into memory | test_raw_seconds_are_read_for_six_hours_at_most |
| a panel of now that is empty or of another day after the first zoom | test_what_stands_still_does_not_ask_for_the_chosen_time, test_no_panel_shifts_the_chosen_time |
| a gap drawn as a line, or each second without a reading as a gap | test_gaps_under_a_minute_are_bridged_and_longer_ones_shown |
| a meter that is read every two minutes draws nothing | test_a_reading_between_two_gaps_is_a_dot |
| the link of an alert opens the panel of another meter | test_the_link_of_an_alert_opens_its_meter |
| a field that nobody writes | test_every_field_is_in_the_vocabulary |
| an alert that judges another forecast than the panel shows | test_the_alert_reckons_the_forecast_as_the_panel |
| a day that begins at midnight in Greenwich | test_calendar_days_are_the_household_s |
| a dollar sign that Grafana takes for a variable | test_every_variable_is_defined |
| a token in a file of the repository | test_the_token_is_read_from_a_file |
"""

import json
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from stack.alert_rules import load_rules
from stack.dashboards import (
    DASHBOARDS,
    FOLDER,
    Query,
    duration,
    panels,
    queries,
    query_of,
    rows,
    variable_queries,
    variables,
)
from wattline.costs import COST_FIELDS
from wattline.fields import BACKUP_FIELDS, ELECTRICITY_FIELDS, VOCABULARY

FORMATTER = FOLDER / "format.py"
UIDS = {
    "home": "wattline-home",
    "cost": "wattline-cost",
    "electrical": "wattline-electrical",
    "system": "wattline-system",
}
# The numbers that links, alerts and readers may name. A new panel takes the next one, and one that goes takes its own away.
NUMBERS = {"home": 25, "cost": 18, "electrical": 8, "system": 50}
# What README.md says to be of now, whatever time is chosen.
STANDS_STILL = ("Power now", "Power, the last hour", "Today", "This week", "This month", "This year", "Today's course")
STANDS_STILL_OF_COST = ("Last month", "Price now", "Price of each hour", "Coming hours by price")

GAUGES = {name for name, field in ELECTRICITY_FIELDS.items() if field.kind == "gauge"}
ROLLUPS = {f"{name}_{end}" for name in GAUGES for end in ("min", "max")} | {
    "readings",
    "consumption_counter_kwh",
    "consumption_kwh",
    "export_kwh",
    "base_load_w",
}
# What telegraf.d/20-host.conf, the backup and the set-up write, as far as a panel shows it.
HOST = {
    "cpu": {"usage_idle"},
    "disk": {"used_percent"},
    "diskio": {"write_bytes"},
    "household": {"contract_power_w"},
    "influxdb_memory": {"used_bytes", "limit_bytes", "used_percent"},
    "internal_write": {"buffer_size", "buffer_limit", "metrics_dropped", "metrics_rejected", "write_time_ns"},
    "mem": {"available_percent"},
    "net": {"bytes_recv", "bytes_sent"},
    "pi_power": {"undervoltage", "frequency_capped", "throttled", "soft_temperature_limit"},
    "processes": {"total", "blocked"},
    "swap": {"used_percent"},
    "system": {"load5", "uptime"},
    "temp": {"temp"},
    "wattline_backup": set(BACKUP_FIELDS),
}
FIELDS = {measurement: set(fields) for measurement, fields in (VOCABULARY | COST_FIELDS).items()} | HOST
FIELDS["electricity"] |= ROLLUPS

PANELS = [
    pytest.param(name, panel, id=f"{name}-{panel['id']}")
    for name, dashboard in DASHBOARDS.items()
    for panel in panels(dashboard)
]
QUERIES = [pytest.param(query, id=query.where) for name in DASHBOARDS for query in queries(name)]
ALL_QUERIES = QUERIES + [
    pytest.param(query, id=query.where) for name in DASHBOARDS for query in variable_queries(name).values()
]
each_dashboard = pytest.mark.parametrize("name", DASHBOARDS)
each_panel = pytest.mark.parametrize(("name", "panel"), PANELS)


def run_formatter(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, FORMATTER, *words], capture_output=True, text=True, check=False)


def test_the_files_are_normalised() -> None:
    result = run_formatter("--check")

    assert (result.returncode, result.stderr) == (0, "")


@each_dashboard
def test_formatting_keeps_every_value(name: str, tmp_path: Path) -> None:
    copy = tmp_path / "dashboard.json"
    copy.write_text(json.dumps(DASHBOARDS[name]))

    assert run_formatter("--check", copy).returncode == 1
    assert run_formatter(copy).returncode == 0

    assert json.loads(copy.read_text()) == DASHBOARDS[name]


@each_dashboard
def test_formatting_twice_changes_nothing(name: str, tmp_path: Path) -> None:
    copy = tmp_path / "dashboard.json"
    copy.write_text(json.dumps(DASHBOARDS[name], sort_keys=True))
    run_formatter(copy)

    assert copy.read_text() == (FOLDER / "dashboards" / f"{name}.json").read_text()


def test_a_file_that_is_no_json_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text("{")

    result = run_formatter(tmp_path / "broken.json")

    assert result.returncode == 2
    assert result.stderr.startswith(f"{tmp_path}/broken.json is no JSON: ")
    assert len(result.stderr.splitlines()) == 1


def test_dashboards_have_fixed_addresses() -> None:
    assert {name: dashboard["uid"] for name, dashboard in DASHBOARDS.items()} == UIDS
    for dashboard in DASHBOARDS.values():
        assert dashboard["editable"] is False
        # The database's own number: it belongs to one Grafana.
        assert "id" not in dashboard
        # The zone of the person who looks, which the compose file sets to the household's.
        assert dashboard["timezone"] == ""
        assert dashboard["schemaVersion"] == 41


@each_dashboard
def test_panel_numbers_are_unique_and_stable(name: str) -> None:
    numbers = [panel["id"] for panel in [*panels(DASHBOARDS[name]), *rows(DASHBOARDS[name])]]

    assert sorted(numbers) == list(range(1, NUMBERS[name] + 1))


@each_dashboard
def test_panels_stand_in_reading_order(name: str) -> None:
    """A phone shows them one below the other, in the order of the file."""
    entries = DASHBOARDS[name]["panels"]
    inside = [panel for row in rows(DASHBOARDS[name]) for panel in row["panels"]]
    places = [(e["gridPos"]["y"], e["gridPos"]["x"]) for e in entries]

    assert places == sorted(places)
    taken: set[tuple[int, int]] = set()
    for entry in [*entries, *inside]:
        place = entry["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24
        assert cells.isdisjoint(taken), entry["title"]
        taken |= cells


@each_panel
def test_a_panel_says_what_it_shows(name: str, panel: dict[str, Any]) -> None:
    words = {word.lower() for word in re.findall(r"\w+", panel["description"])}

    assert panel["title"].strip()
    assert panel["description"].endswith(".")
    assert len(words - {word.lower() for word in re.findall(r"\w+", panel["title"])}) >= 5


@each_dashboard
def test_titles_are_unique(name: str) -> None:
    titles = [panel["title"] for panel in panels(DASHBOARDS[name])]

    assert len(titles) == len(set(titles))


@each_panel
def test_a_panel_has_a_unit_and_decimals(name: str, panel: dict[str, Any]) -> None:
    defaults = panel["fieldConfig"]["defaults"]

    assert defaults["unit"]
    # "watt" and its like change to kW, MW or mW as they please, and decimals with them.
    assert defaults["unit"] not in {"watt", "kwatth", "watth", "volt", "amp", "voltamp", "voltampreact", "hertz"}
    # No meter of the library shows more; a price per kilowatt-hour has hundredths of a cent.
    assert 0 <= defaults["decimals"] <= (4 if "price" in panel["title"].lower() else 3)


@each_panel
def test_no_panel_has_default_thresholds(name: str, panel: dict[str, Any]) -> None:
    steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]

    assert steps[0]["value"] is None
    assert steps[0]["color"] != "red"
    assert 80 not in [step["value"] for step in steps]
    for override in panel["fieldConfig"]["overrides"]:
        assert "thresholds" not in [item["id"] for item in override["properties"]]


@each_panel
def test_an_empty_panel_says_why(name: str, panel: dict[str, Any]) -> None:
    assert panel["fieldConfig"]["defaults"]["noValue"] not in {"", "-", "No data"}


@each_panel
def test_every_query_goes_to_wattline(name: str, panel: dict[str, Any]) -> None:
    assert panel["targets"]
    for source in [panel["datasource"], *(target["datasource"] for target in panel["targets"])]:
        assert source == {"type": "influxdb", "uid": "wattline"}


def test_the_data_source_is_the_one_that_the_panels_name() -> None:
    text = (FOLDER / "provisioning" / "datasources" / "wattline.yaml").read_text()

    assert re.findall(r"^ +uid: (.*)$", text, re.MULTILINE) == ["wattline"]
    assert re.findall(r"^ +type: (.*)$", text, re.MULTILINE) == ["influxdb"]


def test_the_token_is_read_from_a_file() -> None:
    text = (FOLDER / "provisioning" / "datasources" / "wattline.yaml").read_text()

    (token,) = re.findall(r"^ +token: (.*)$", text, re.MULTILINE)
    assert token == "$__file{/run/secrets/influxdb_grafana_token}"  # noqa: S105 - the place, not the token


def test_the_browser_cannot_edit_the_dashboards() -> None:
    text = (FOLDER / "provisioning" / "dashboards" / "wattline.yaml").read_text()

    assert "allowUiUpdates: false" in text


def test_the_zoom_rule_is_one() -> None:
    """Bucket and window are the same words in every dashboard, and asked for again when the time changes."""
    for rule in ("bucket", "window"):
        definitions = [variables(dashboard)[rule] for dashboard in DASHBOARDS.values()]
        assert all(definition == definitions[0] for definition in definitions)
        assert (definitions[0]["hide"], definitions[0]["refresh"]) == (2, 2)


@each_dashboard
def test_variables_follow_the_time(name: str) -> None:
    assert {variable["refresh"] for variable in variables(DASHBOARDS[name]).values()} == {2}


def bucket_bounds() -> list[tuple[int, str]]:
    flux = variable_queries("home")["bucket"].flux
    return [(int(seconds), bucket) for seconds, bucket in re.findall(r"seconds <= (\d+) then \"(\w+)\"", flux)]


def test_a_window_is_never_shorter_than_the_points_of_its_bucket() -> None:
    """Else the windows between two points are empty, and look like gaps."""
    flux = variable_queries("home")["window"].flux
    windows = re.findall(r"seconds <= (\d+) then \"(\d+)([smhd])\"", flux)
    seconds = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    resolution = {"energy": 1, "energy_1m": 60, "energy_15m": 900, "energy_1d": 86400}

    assert bucket_bounds() == [(6 * 3600, "energy"), (7 * 86400, "energy_1m"), (400 * 86400, "energy_15m")]
    bounds = [*bucket_bounds(), (10**12, "energy_1d")]
    for until, number, unit in windows:
        length = int(number) * seconds[unit]
        bucket = next(bucket for bound, bucket in bounds if int(until) <= bound)
        assert length % resolution[bucket] == 0
        # Few enough to draw on a telephone, and for a Raspberry Pi to send.
        assert int(until) / length <= 2200
    # A day in the household's zone has 23 to 25 hours; in two days there is always one midnight.
    assert [f"{number}{unit}" for until, number, unit in windows if int(until) > 400 * 86400] == ["2d"]


@pytest.mark.parametrize("query", ALL_QUERIES)
def test_raw_seconds_are_read_for_six_hours_at_most(query: Query) -> None:
    """`${bucket}` is raw for six hours at most by the zoom rule; who names the bucket himself names the time too.

    A price comes each minute or two and a period now and then: no rollup is made of them, nor needed.
    """
    if 'r._measurement == "electricity_' in query.flux:
        assert not re.search(r'bucket: "energy"\)\s+.*\s+.*r\._measurement == "electricity"', query.flux)
        return
    if '"energy"' not in re.sub(r'"\$\{bucket\}" == "energy"', "", query.flux) or query.where.endswith("$bucket"):
        return
    called = re.findall(r'bucket: "energy", start: -(\w+)\)', query.flux)
    read = re.findall(r'from\(bucket: "energy"\)\s+\|> range\(start: -(\w+)\)', query.flux)

    assert len(called) + len(read) == len(re.findall(r'bucket: "energy"', query.flux)) > 0
    assert all(duration(text) <= timedelta(hours=6) for text in called + read)


@pytest.mark.parametrize("query", QUERIES)
def test_rollups_are_read_by_the_zoom_rule_or_by_name(query: Query) -> None:
    buckets = set(re.findall(r'from\(bucket: "([^"]+)"\)', query.flux))
    assert buckets <= {"${bucket}", "energy", "energy_15m", "energy_1d", "host", "cost"}
    if "energy_1m" in query.flux:
        # Only as what stands in for raw seconds, so at six hours at most.
        assert 'if "${bucket}" == "energy" then "energy_1m" else "${bucket}"' in query.flux or (
            'if "${bucket}" == "energy_1m" then' in query.flux or '"${bucket}" == "energy_1m"' in query.flux
        )
    assert "range(start: 0" not in query.flux


@pytest.mark.parametrize("title", [*STANDS_STILL, *STANDS_STILL_OF_COST])
def test_what_stands_still_does_not_ask_for_the_chosen_time(title: str) -> None:
    """README.md says so, and a trend or a number has no axis of the chosen time either."""
    name = "home" if title in STANDS_STILL else "cost"
    (panel,) = (panel for panel in panels(DASHBOARDS[name]) if panel["title"] == title)

    assert "v.timeRange" not in query_of(name, title).flux
    assert panel["type"] in {"gauge", "stat", "trend", "table", "barchart"}


@each_panel
def test_no_panel_shifts_the_chosen_time(name: str, panel: dict[str, Any]) -> None:
    """Grafana does it for relative times only: after a drag over any panel the shift is gone."""
    assert {"timeFrom", "timeShift", "hideTimeOverride"}.isdisjoint(panel)


@each_panel
def test_gaps_under_a_minute_are_bridged_and_longer_ones_shown(name: str, panel: dict[str, Any]) -> None:
    if panel["type"] not in {"timeseries", "state-timeline", "trend"}:
        return
    custom = panel["fieldConfig"]["defaults"]["custom"]
    # A trend reckons in the unit of its axis, and between quarter-hours each gap is longer.
    bridged = {"minutes": 1, "hour": False}[panel["options"]["xField"]] if panel["type"] == "trend" else 60_000
    assert custom["spanNulls"] == bridged
    if custom.get("drawStyle") != "bars":
        for target in panel["targets"]:
            # The means of days, of which the usual one is sought, are not drawn.
            drawn = target["query"].replace("aggregateWindow(every: 1d, fn: mean, createEmpty: false)", "")
            assert "createEmpty: false" not in drawn


@each_panel
def test_a_reading_between_two_gaps_is_a_dot(name: str, panel: dict[str, Any]) -> None:
    custom = panel["fieldConfig"]["defaults"].get("custom", {})
    if panel["type"] in {"timeseries", "trend"} and custom["drawStyle"] == "line":
        assert custom["showPoints"] == "auto"


def test_the_link_of_an_alert_opens_its_meter() -> None:
    """Grafana's own link to a panel says nothing of the variables."""
    text = re.sub(r"\s*{{-", "{{", (FOLDER / "provisioning" / "alerting" / "templates.yaml").read_text())

    assert "{{ .PanelURL }}{{ with .Labels.meter }}&var-meter={{ urlquery . }}{{ end }}" in text
    assert "{{ with .Labels.contract }}&var-contract={{ urlquery . }}{{ end }}" in text
    assert all("meter" in variables(dashboard) for dashboard in DASHBOARDS.values())


def fields_of(flux: str) -> set[str]:
    """The names that a query asks the column `_field` for, those of its regular expressions spelt out."""
    plain = set(re.findall(r'_field == "([^"]+)"', flux)) | set(re.findall(r'(?<!_)field: "([^"]+)"', flux))
    plain |= {word for pair in re.findall(r'field = if .* then "(\w+)" else "(\w+)"', flux) for word in pair}
    patterns = re.findall(r"_field =~ /([^/]+)/", flux) + re.findall(r"field: /([^/]+)/", flux)
    # What the dashboard chooses of the two.
    if "${counted}" in plain:
        plain = plain - {"${counted}"} | {"consumption_kwh", "export_kwh"}
    known = set().union(*FIELDS.values())
    for pattern in patterns:
        matched = {name for name in known if re.search(pattern, name)}
        assert matched, f"{pattern} matches no field"
        # Each alternative of an enumeration is a field by itself.
        plain |= (
            set(pattern.strip("^$").strip("()").split("|")) if re.fullmatch(r"\^\([\w|]+\)\$", pattern) else matched
        )
    return plain


@pytest.mark.parametrize("query", QUERIES)
def test_every_field_is_in_the_vocabulary(query: Query) -> None:
    measurements = set(re.findall(r'measurement(?: ==|:) "(\w+)"', query.flux))
    measurements |= {
        name for pair in re.findall(r'measurement = if .* then "(\w+)" else "(\w+)"', query.flux) for name in pair
    }
    assert measurements
    known = set().union(*(FIELDS[measurement] for measurement in measurements))

    assert fields_of(query.flux)
    assert fields_of(query.flux) <= known


def test_the_alert_reckons_the_forecast_as_the_panel() -> None:
    """By a function that is the same to the letter."""
    (rule,) = (rule for rule in load_rules() if rule.title == "WattlineOverBudget")
    functions = [
        re.findall(r"(?ms)^comes_to = .*?^}$", dedent(flux))
        for flux in (query_of("cost", "This month").flux, rule.queries["query"])
    ]
    assert len(functions[0]) == 1
    assert functions[0] == functions[1]


@pytest.mark.parametrize("query", QUERIES)
def test_calendar_days_are_the_household_s(query: Query) -> None:
    calendar = re.search(r"date\.(weekDay|hour|month|truncate\([^)]*unit: 1(d|mo|y))", query.flux)

    # Days and months of a contract are stored as such.
    if calendar and not re.search("energy_1d|cost_1mo", query.flux.partition("unit")[0]):
        assert 'option location = timezone.location(name: if "${__timezone}" == "utc"' in query.flux


@pytest.mark.parametrize("name", DASHBOARDS)
def test_every_variable_is_defined(name: str) -> None:
    known = {*variables(DASHBOARDS[name]), "__timezone"}
    for query in [*queries(name), *variable_queries(name).values()]:
        assert set(re.findall(r"\$\{(\w+)", query.flux)) <= known
        assert "$" not in re.sub(r"\$\{\w+(:regex)?\}|/[^/\n]*\$/", "", query.flux)
        assert set(re.findall(r"\bv\.(\w+)", query.flux)) <= {"timeRangeStart", "timeRangeStop"}
