"""Grafana's alert rules: how they are written, and what they say of households that are well, have a fault, or are empty.

| fault | what would be seen |
|---|---|
| a rule lacks its text, its severity, its panel | a message that says nothing, or leads nowhere |
| it is judged on one look | a hiccup wakes the house |
| what happens without data is left to Grafana | an outage raises every rule, or none |
| a dollar sign | the environment in place of what was meant, in some versions of Grafana |
| a query gives no row, a null, a text, or two rows | "no data" instead of an alert, or an evaluation error |
| a query is empty for one reason and calm for another | the fault that silences the metric silences its alert |
| one of several meters goes | its alert ends, or that of the others with it |
| a house without a journal passes for one whose journal is off, or is never compared | an alert for ever |
| --journal is lost out of the command, as when it is pasted anew | nobody hears of it until the day on which it was needed |
| two houses in one database are taken together | one rings for both, or the one that is well hides the other |
| a stick that speaks each 15 s passes for silent, or a silent one for well | an alert for ever, or none |
| a number that stands for something in a query gets into the text | "604800 s old" wakes the house |
| what befalls a meter is told of each of its counters | six alerts for one event |
| a load of a few watts draws a few more | an alert for nothing |
| a threshold stands twice | one is changed, the other is not |
"""

import csv
import io
import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import yaml

from chain.conftest import InfluxDB
from stack.alert_rules import EXPRESSION, FOLDER, Labels, Rule, Series, load_rules, seconds
from stack.household import BUCKETS, HOUR_S, MINUTE_S, NOW, NOW_S, SOURCES, Household, Lines, by_meter, point
from stack.stick_house import StickHouse

RULES = load_rules()
CONTACTS = sorted((FOLDER.parent.parent / "contact-points").glob("*.yaml"))
DASHBOARDS = FOLDER.parent.parent / "dashboards"

# The panels that the alerts lead to: dashboard, and number of the panel in it.
PANELS = {
    "WattlineMeterTrips": ("wattline-home", 1),
    "WattlineMeterTripsSoon": ("wattline-home", 1),
    "WattlineOverBudget": ("wattline-cost", 2),
    "WattlineBaseLoad": ("wattline-home", 11),
    "WattlineVoltage": ("wattline-electrical", 2),
    "WattlineFrequency": ("wattline-electrical", 8),
    "WattlineNoReadings": ("wattline-system", 1),
    "WattlineRollupsLate": ("wattline-system", 2),
    "WattlineMeterSilent": ("wattline-system", 9),
    "WattlineEnergyBackwards": ("wattline-home", 14),
    "WattlineTelegrafDropping": ("wattline-system", 15),
    "WattlineBlind": ("wattline-system", 14),
    "WattlinePiHot": ("wattline-system", 20),
    "WattlinePiThrottled": ("wattline-system", 24),
    "WattlineCardWearing": ("wattline-system", 23),
    "WattlineDiskFull": ("wattline-system", 22),
    "WattlineMemoryShort": ("wattline-system", 21),
    "WattlineDatabaseMemory": ("wattline-system", 16),
    "WattlineBackupLate": ("wattline-system", 3),
    "WattlineRestoreUnproven": ("wattline-system", 4),
    "WattlineBackupFailed": ("wattline-system", 26),
    "WattlineOffsiteLate": ("wattline-system", 32),
    "WattlineSheetUnconfirmed": ("wattline-system", 32),
    "WattlineSecondsMissing": ("wattline-system", 49),
    "WattlineReconcileLate": ("wattline-system", 47),
    "WattlineJournalOff": ("wattline-system", 48),
}

# Of these the number is 1 or 0, and not worth a word.
FLAGS = {"WattlinePiThrottled"}

# What stands for nothing found in all the time that is looked for: seconds, or hours.
ENDLESS = {
    "WattlineNoReadings": 604_800,
    "WattlineRollupsLate": 604_800,
    "WattlineBlind": 86_400,
    "WattlineBackupLate": 720,
    "WattlineRestoreUnproven": 720,
    "WattlineOffsiteLate": 720,
    "WattlineReconcileLate": 720,
}

# The one that speaks when the database itself cannot be asked.
WATCHER = "WattlineNoReadings"

each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.title)


# How they are written


@each_rule
def test_a_rule_says_what_is_wrong_with_its_numbers_how_bad_it_is_and_where_to_look(rule: Rule) -> None:
    annotations = rule.written["annotations"]
    assert re.fullmatch(r"[A-Z].*\.", annotations["summary"])
    assert "{{" not in annotations["summary"]
    number = r"(printf \"%\.\df\"|humanizeDuration) \.Values\.(\w+)\.Value"
    assert bool(re.search(number, annotations["description"])) == (rule.title not in FLAGS)
    assert rule.written["labels"]["severity"] in {"critical", "warning", "info"}
    assert PANELS[rule.title] == (annotations["__dashboardUid__"], int(annotations["__panelId__"]))


@each_rule
def test_a_rules_text_has_no_number_of_the_query_s_own(rule: Rule) -> None:
    """What stands for "nothing" or "yes" in a query is put into words, of which a template chooses."""
    said = re.sub(r"{{.*?}}", "", rule.written["annotations"]["description"])
    meant = re.findall(r"_value: (?:day|(\d+)\.0)}", rule.queries["query"])
    assert not {"0", "604800", "86400", "720", *meant} & set(re.findall(r"\d+", said))
    assert "longest that is looked for" not in said
    assert "is yes" not in said


@pytest.mark.parametrize("title", ENDLESS)
def test_what_stands_for_nothing_has_words_of_its_own(title: str) -> None:
    """A week without any reading is no age of one, and 720 hours are no backup's."""
    (rule,) = (rule for rule in RULES if rule.title == title)
    assert f"{ENDLESS[title]}.0" in rule.queries["query"]
    assert f"ge .Values.number.Value {ENDLESS[title]}.0" in rule.written["annotations"]["description"]


@each_rule
def test_a_rule_waits_for_two_looks_at_least(rule: Rule) -> None:
    assert seconds(rule.written["for"]) >= 2 * rule.interval_s


@each_rule
def test_a_rule_says_what_happens_without_data_and_without_an_answer(rule: Rule) -> None:
    expected = ("Alerting", "Alerting") if rule.title == WATCHER else ("NoData", "Error")
    assert (rule.written["noDataState"], rule.written["execErrState"]) == expected


@each_rule
def test_a_rules_nodes_lead_to_its_condition(rule: Rule) -> None:
    """Each name stands before its use, says itself twice as Grafana wants it, and is used."""
    known: set[str] = set()
    used = {rule.written["condition"]}
    for name, node in rule.nodes.items():
        assert node["model"]["refId"] == name
        if node["datasourceUid"] == EXPRESSION:
            expression = node["model"]["expression"]
            needs = set(re.findall(r"\$(\w+)", expression)) or {expression}
            assert needs <= known
            used |= needs
        else:
            assert node["datasourceUid"] == "wattline"
            assert node["relativeTimeRange"]["from"] > node["relativeTimeRange"]["to"] == 0
        known.add(name)
    used |= set(re.findall(r"\.Values\.(\w+)", rule.written["annotations"]["description"]))
    assert used == known


@each_rule
def test_a_rules_text_names_labels_that_its_query_gives(rule: Rule) -> None:
    named = set(re.findall(r"\.Labels\.(\w+)", rule.written["annotations"]["description"]))
    given = re.findall(r"group\(columns: \[([^]]*)\]\)", rule.queries["query"])[-1:]
    assert named <= set(re.findall(r"\w+", given[0] if given else ""))


@each_rule
def test_a_query_asks_for_fixed_times_and_says_which_number_stands_for_nothing(rule: Rule) -> None:
    for flux in rule.queries.values():
        assert "v.time" not in flux
        assert "windowPeriod" not in flux
        assert "nothing = array.from(" in flux


def test_a_rule_has_a_name_of_its_own_and_one_that_outlasts_its_title() -> None:
    titles, uids = [rule.title for rule in RULES], [rule.written["uid"] for rule in RULES]
    assert len(set(titles)) == len(titles)
    assert uids == ["-".join(re.findall("[A-Z][a-z]+", title)).lower() for title in titles]


def test_a_file_has_one_subject_and_a_group_one_file() -> None:
    """Grafana takes a group of a folder from one file; a second one of that name would take its place."""
    groups = [
        (group["folder"], group["name"], path.stem)
        for path in sorted(FOLDER.glob("*.yaml"))
        for group in yaml.safe_load(path.read_text()).get("groups", [])
    ]
    assert [name for _, name, _ in groups] == [stem for *_, stem in groups]


def test_a_threshold_stands_once_with_the_reason_to_change_it() -> None:
    for path in FOLDER.glob("*.yaml"):
        thresholds = re.search(r"^thresholds:\n((?:(?:  .*)?\n)+)", path.read_text(), flags=re.MULTILINE)
        if thresholds:
            assert re.findall(r"^  (\w+): &(\w+) ", thresholds[1], flags=re.MULTILINE)
            for block in re.findall(r"(?:^  #.*\n)*(?:^  \w+: .*\n)+", thresholds[1], flags=re.MULTILINE):
                assert block.startswith("  # "), block
        params = re.findall(r"params: (.*?)\}", path.read_text())
        # A flag is 1 or 0, and one lost reading or one failure is one too many: those have nothing to change.
        assert all(param.strip("[]").startswith("*") or param == "[0]" for param in params)


def test_there_is_no_dollar_sign_but_in_expressions_and_for_the_environment_of_a_contact() -> None:
    for path in [*FOLDER.glob("*.yaml"), *CONTACTS]:
        for line in path.read_text().splitlines():
            is_expression = "type: math" in line
            is_contact = path in CONTACTS and re.fullmatch(
                r'\s+\w+: "?\$\{WATTLINE_ALERT_\w+\}(\?template=grafana| ")?', line
            )
            assert "$" not in line or is_expression or is_contact, line


def test_each_alert_is_documented_with_its_severity() -> None:
    rows = re.findall(
        r"^\| `(Wattline\w+)` \| (\w+) \|", (CONTACTS[0].parent / "README.md").read_text(), flags=re.MULTILINE
    )
    assert dict(rows) == {rule.title: rule.written["labels"]["severity"] for rule in RULES}


def test_an_alert_leads_to_a_panel_that_is_there() -> None:
    for uid, number in set(PANELS.values()):
        path = DASHBOARDS / f"{uid.removeprefix('wattline-')}.json"
        if path.exists():
            panels = json.loads(path.read_text())["panels"]
            numbers = {panel["id"] for row in panels for panel in [row, *row.get("panels", [])]}
            assert number in numbers, f"{path.name} has no panel {number}"


def test_without_a_word_in_the_environment_there_is_a_contact_that_grafana_takes() -> None:
    text = (FOLDER / "contact-points.yaml").read_text()
    assert "$" not in text
    (point,) = yaml.safe_load(text)["contactPoints"]
    (receiver,) = point["receivers"]
    assert receiver["settings"]["url"].startswith("http://127.0.0.1:9/")


@pytest.mark.parametrize("path", CONTACTS, ids=lambda path: path.stem)
def test_a_contact_takes_the_place_of_that_of_nobody_and_its_words_are_documented(path: Path) -> None:
    (nobody,) = yaml.safe_load((FOLDER / "contact-points.yaml").read_text())["contactPoints"]
    (point,) = yaml.safe_load(path.read_text())["contactPoints"]
    assert (point["name"], point["receivers"][0]["uid"]) == (nobody["name"], nobody["receivers"][0]["uid"])
    words = set(re.findall(r"\$\{(\w+)\}", path.read_text()))
    assert words == set(re.findall(r"^#   (WATTLINE_\w+)=", path.read_text(), flags=re.MULTILINE))
    row = re.search(rf"^\| `{path.name}` \|.*$", (path.parent / "README.md").read_text(), flags=re.MULTILINE)
    assert row
    assert set(re.findall(r"`(WATTLINE_\w+)`", row[0])) == words


def test_the_policy_sends_all_to_the_household_and_an_outage_in_one_message() -> None:
    (policy,) = yaml.safe_load((FOLDER / "policies.yaml").read_text())["policies"]
    assert policy["group_by"] == ["alertname"]
    assert {policy["receiver"], *(route["receiver"] for route in policy["routes"])} == {"household"}


# What they say


NOBODY: set[Labels] = set()


def labels(**of: str) -> Labels:
    return frozenset(of.items())


HOUSE, FLAT = labels(meter="house"), labels(meter="flat")
HOUSE_GRID = labels(meter="house", role="grid")
OVER_3000 = labels(meter="house", contract_w="3000")
TRIPS = {"WattlineMeterTrips": {OVER_3000}, "WattlineMeterTripsSoon": {OVER_3000}}
NO_LABELS = labels()


@dataclass(frozen=True)
class TwoHouses(Household):
    """A household in whose database another one is as well, with a port of the same name.

    Attributes:
        next_journal_off_s: for how long the disk of the other has not taken its journal.
        next_reconcile_h: hours since that was compared; None where it never was.
    """

    next_journal_off_s: float = 0
    next_reconcile_h: float | None = 0.2

    def lines(self) -> Lines:
        yield from super().lines()
        for second in range(NOW_S - 20 * MINUTE_S, NOW_S + 1, 10):
            values = {
                "slots": float(second - NOW_S + HOUR_S),
                "journal_on": float(second <= NOW_S - self.next_journal_off_s),
            }
            yield "host", point("wattline_bus", dict(NEXT_PORT), values, second)
        if self.next_reconcile_h is not None:
            ended_s = NOW_S - int(self.next_reconcile_h * HOUR_S)
            yield "host", point("wattline_backup", {"kind": "reconcile"} | dict(NEXT), {"success": 1.0}, ended_s)


NEXT = labels(site="next")
NEXT_PORT = labels(port="/dev/ttyRS485", site="next")

# What the timers do beside the hourly backup.
TIMED = ("verify", "offsite", "offsite_check", "offsite_prune", "prune", "reconcile")
SITE = labels(site="home")
PORT = labels(port="/dev/ttyRS485", site="home")
NO_BACKUPS = Household(last_run_h=None, last_verify_h=None, last_offsite_h=None)

FAULTS: list[Any] = [
    pytest.param(Household(silent_s=by_meter(house=120)), {"WattlineNoReadings": {HOUSE}, "WattlineMeterSilent": {HOUSE}}, id="silent for two minutes"),
    pytest.param(Household(power_w=by_meter(house=3300)), {}, id="ten percent more than the contract"),
    pytest.param(Household(power_w=by_meter(house=4200)), TRIPS, id="power of which the meter bears two minutes"),
    pytest.param(Household(power_w=by_meter(house=4200), contract_power_w=6000.0), {}, id="power below another contract"),
    pytest.param(Household(power_w=by_meter(roof=5000)), {}, id="a roof is not the contract's"),
    pytest.param(Household(voltage_v=by_meter(house=205.0)), {"WattlineVoltage": {labels(meter="house", field="voltage_v")}}, id="voltage low"),
    pytest.param(Household(voltage_v=by_meter(house=254.0)), {"WattlineVoltage": {labels(meter="house", field="voltage_v")}}, id="voltage high"),
    pytest.param(Household(frequency_hz=by_meter(house=50.6)), {"WattlineFrequency": {HOUSE}}, id="frequency high"),
    pytest.param(Household(frequency_hz=by_meter(house=49.4)), {"WattlineFrequency": {HOUSE}}, id="frequency low"),
    pytest.param(Household(fall_kwh=by_meter(house=3.0)), {"WattlineEnergyBackwards": {HOUSE}}, id="energy backwards, in two counters"),
    pytest.param(Household(base_load_w=by_meter(house=200.0)), {"WattlineBaseLoad": {HOUSE_GRID}}, id="base load up"),
    pytest.param(Household(base_load_w=by_meter(house=155.0)), {}, id="base load up by less than a third"),
    pytest.param(Household(base_load_w=by_meter(heatpump=22.0), usual_load_w=by_meter(heatpump=15.0)), {}, id="a few watts more of a load are a third"),
    pytest.param(Household(base_load_w=by_meter(heatpump=60.0), usual_load_w=by_meter(heatpump=15.0)), {"WattlineBaseLoad": {labels(meter="heatpump", role="load")}}, id="base load of a load up"),
    pytest.param(Household(base_load_w=by_meter(heatpump=60.0), usual_load_w=by_meter(heatpump=0.0)), {"WattlineBaseLoad": {labels(meter="heatpump", role="load")}}, id="base load of what draws nothing at its quietest up"),
    pytest.param(Household(base_load_w=by_meter(house=200.0), whole_days=5), {}, id="base load up in the first week"),
    pytest.param(Household(base_load_w=by_meter(house=200.0), whole_days=1), {}, id="base load of the first whole day"),
    pytest.param(Household(whole_days=0), {}, id="no whole day yet"),
    *(
        pytest.param(Household(power_w=by_meter(house=4200), before_s=170, pace_s=pace_s), TRIPS, id=f"too much power for three minutes, read every {pace_s} s")
        for pace_s in (1, 10, 30, 100)
    ),
    pytest.param(Household(voltage_v=by_meter(house=205.0), pace_s=100), {"WattlineVoltage": {labels(meter="house", field="voltage_v")}}, id="voltage low, read every 100 s"),
    pytest.param(Household(frequency_hz=by_meter(house=50.6), pace_s=100), {"WattlineFrequency": {HOUSE}}, id="frequency high, read every 100 s"),
    pytest.param(Household(base_load_w=by_meter(roof=200.0)), {}, id="a roof has no base load"),
    pytest.param(Household(rollup_age_s=1300), {"WattlineRollupsLate": {NO_LABELS}}, id="rollups late"),
    pytest.param(Household(temperature_celsius=79.0), {"WattlinePiHot": {NO_LABELS}}, id="hot"),
    pytest.param(Household(throttled=1), {"WattlinePiThrottled": {labels(field="throttled")}}, id="throttled"),
    pytest.param(Household(undervoltage=1), {"WattlinePiThrottled": {labels(field="undervoltage")}}, id="undervoltage"),
    pytest.param(Household(disk_percent=86.0), {"WattlineDiskFull": {labels(path="/")}}, id="disk full"),
    pytest.param(Household(card_gb_a_day=6.0), {"WattlineCardWearing": {labels(device="mmcblk0")}}, id="card wearing"),
    pytest.param(Household(dropped=1), {"WattlineTelegrafDropping": {labels(at="energy", field="metrics_dropped")}}, id="Telegraf drops"),
    pytest.param(Household(refused=4), {"WattlineTelegrafDropping": {labels(at="host", field="metrics_rejected")}}, id="InfluxDB refuses"),
    pytest.param(Household(lines_dropped=4), {"WattlineTelegrafDropping": {labels(at="/dev/ttyRS485", field="lines_dropped")}}, id="the plugin drops"),
    pytest.param(Household(heartbeats=60), {}, id="a heartbeat is no reading"),
    pytest.param(Household(memory_left_percent=8.0), {"WattlineMemoryShort": {NO_LABELS}}, id="the machine's memory"),
    pytest.param(Household(memory_percent=91.0), {"WattlineDatabaseMemory": {NO_LABELS}}, id="database memory"),
    pytest.param(Household(last_run_h=5.0), {"WattlineBackupLate": {NO_LABELS}}, id="backup late"),
    pytest.param(Household(last_run_h=5.0, failed_h={"run": 0.1}), {"WattlineBackupLate": {NO_LABELS}, "WattlineBackupFailed": {labels(kind="run")}}, id="backup fails"),
    pytest.param(Household(failed_h={"run": 0.7}), {}, id="a backup failed and the next did not"),
    pytest.param(Household(failed_h={"restore": 0.1, "check": 0.1}), {}, id="what is done by hand fails before one's eyes"),
    pytest.param(Household(last_run_h=None), {"WattlineBackupLate": {NO_LABELS}}, id="never a backup"),
    pytest.param(Household(last_verify_h=200.0), {"WattlineRestoreUnproven": {NO_LABELS}}, id="restore unproven"),
    pytest.param(Household(last_verify_h=None), {"WattlineRestoreUnproven": {NO_LABELS}}, id="restore never proven"),
    pytest.param(NO_BACKUPS, {"WattlineBackupLate": {NO_LABELS}, "WattlineRestoreUnproven": {NO_LABELS}}, id="no backups set up"),
    pytest.param(replace(NO_BACKUPS, last_run_h=0.5, last_verify_h=30.0, sheet_confirmed=0.0), {}, id="no off-site copy set up, so no sheet either"),
    *(
        pytest.param(Household(failed_h={kind: 0.1}), {"WattlineBackupFailed": {labels(kind=kind)}}, id=f"{kind} fails")
        for kind in TIMED
    ),
    pytest.param(Household(last_offsite_h=49.0), {"WattlineOffsiteLate": {NO_LABELS}}, id="off-site copy late"),
    pytest.param(Household(last_offsite_h=None, failed_h={"offsite": 3.0}, sheet_confirmed=0.0), {"WattlineOffsiteLate": {NO_LABELS}, "WattlineBackupFailed": {labels(kind="offsite")}}, id="off-site copy set up and never made"),
    pytest.param(Household(last_offsite_h=49.0, failed_h={"offsite": 1.0}), {"WattlineOffsiteLate": {NO_LABELS}, "WattlineBackupFailed": {labels(kind="offsite")}}, id="off-site copy late since it fails"),
    pytest.param(Household(has_journal=False), {}, id="no journal is kept, and none is missed"),
    *(
        pytest.param(Household(missing_s=by_meter(house=1), missing_day=day), {"WattlineSecondsMissing": {labels(meter="house", site="home")}}, id=f"a second is missing, {day} days ago")
        for day in (0, 1, 6)
    ),
    pytest.param(Household(missing_s=by_meter(house=40, flat=7), missing_day=2), {"WattlineSecondsMissing": {labels(meter=name, site="home") for name in ("house", "flat")}}, id="two meters lack seconds"),
    pytest.param(Household(missing_s=by_meter(house=900), missing_day=8), {}, id="the journal has it no more"),
    pytest.param(Household(last_reconcile_h=1.9), {}, id="journal compared less than two hours ago"),
    pytest.param(Household(last_reconcile_h=2.2), {"WattlineReconcileLate": {SITE}}, id="journal not compared"),
    pytest.param(Household(last_reconcile_h=None), {"WattlineReconcileLate": {SITE}}, id="journal never compared"),
    pytest.param(Household(last_reconcile_h=5.0, failed_h={"reconcile": 0.1}), {"WattlineReconcileLate": {SITE}, "WattlineBackupFailed": {labels(kind="reconcile")}}, id="the comparison fails"),
    pytest.param(Household(journal_off_s=3 * MINUTE_S), {}, id="journal off for three minutes"),
    pytest.param(Household(journal_off_s=6 * MINUTE_S), {"WattlineJournalOff": {PORT}}, id="journal off"),
    pytest.param(Household(journal_off_s=HOUR_S), {"WattlineJournalOff": {PORT}}, id="journal off for an hour"),
    pytest.param(Household(journal_gone_s=3 * MINUTE_S), {}, id="without --journal for three minutes"),
    pytest.param(Household(journal_gone_s=6 * MINUTE_S), {"WattlineJournalOff": {PORT}}, id="without --journal"),
    pytest.param(Household(journal_gone_s=23 * HOUR_S), {"WattlineJournalOff": {PORT}}, id="without --journal for most of a day"),
    pytest.param(Household(journal_gone_s=25 * HOUR_S), {}, id="without --journal for a day, so on purpose"),
    pytest.param(Household(journal_gone_s=2 * HOUR_S, stopped_s={"wattline_bus": HOUR_S}), {"WattlineBlind": {labels(source="wattline_bus")}}, id="a port that is no more keeps no journal"),
    pytest.param(TwoHouses(), {}, id="two houses are well"),
    pytest.param(TwoHouses(journal_off_s=4 * MINUTE_S, next_journal_off_s=4 * MINUTE_S), {}, id="journals of two houses off for four minutes each"),
    pytest.param(TwoHouses(next_journal_off_s=6 * MINUTE_S), {"WattlineJournalOff": {NEXT_PORT}}, id="journal of the other house off"),
    pytest.param(TwoHouses(next_reconcile_h=None), {"WattlineReconcileLate": {NEXT}}, id="journal of the other house never compared"),
    pytest.param(TwoHouses(next_reconcile_h=2.2), {"WattlineReconcileLate": {NEXT}}, id="journal of the other house not compared"),
    pytest.param(TwoHouses(last_reconcile_h=5.0), {"WattlineReconcileLate": {SITE}}, id="journal of this house alone not compared"),
    pytest.param(Household(sheet_confirmed=0.0), {"WattlineSheetUnconfirmed": {NO_LABELS}}, id="recovery sheet not confirmed"),
    *(
        pytest.param(Household(stopped_s={source: 400.0}), {"WattlineBlind": {labels(source=source)}}, id=f"nothing from {source}")
        for source in SOURCES
    ),
]  # fmt: skip

EMPTY = {
    "WattlineNoReadings": {labels(meter="none")},
    "WattlineBackupLate": {NO_LABELS},
    "WattlineRestoreUnproven": {NO_LABELS},
    "WattlineBlind": {labels(source=source) for source in ("mem", "disk", "internal_write", "wattline_bus")},
}

real = [pytest.mark.chain, pytest.mark.timeout(180)]


class Database(InfluxDB):
    """One server; each household is an organisation of its own, since the names of the buckets are those of the rules."""

    def __init__(self, *words: Any) -> None:
        super().__init__(*words)
        self.spent_s: dict[str, list[float]] = {}
        self.numbers = count(1)

    def move_in(self, organisation: str, household: Household | None) -> None:
        """Make the buckets, and fill them."""
        self._ask(f"org create --name {organisation}")
        for bucket in BUCKETS:
            self._ask(f"bucket create --name {bucket} --org {organisation}")
        written: dict[str, list[str]] = {}
        for bucket, line in household.lines() if household else ():
            written.setdefault(bucket, []).append(line)
        for bucket, lines in written.items():
            path = f"/api/v2/write?org={organisation}&bucket={bucket}&precision=s"
            self._call("POST", path, "\n".join(lines).encode(), "text/plain")

    def move_out(self, organisation: str) -> None:
        """Delete the buckets, whose files InfluxDB would keep open until there are too many."""
        for bucket in json.loads(self._call("GET", f"/api/v2/buckets?org={organisation}"))["buckets"]:
            if bucket["type"] == "user":
                self._call("DELETE", f"/api/v2/buckets/{bucket['id']}")

    def query_as_grafana(self, organisation: str) -> Callable[[str], Series]:
        """Asks, and insists on what Grafana's alerting takes: one number per series."""

        def ask(flux: str) -> Series:
            words = {
                "query": flux,
                "now": NOW.isoformat().replace("+00:00", "Z"),
                "dialect": {"annotations": ["group", "datatype"]},
            }
            began_s = time.perf_counter()
            body = json.dumps(words).encode()
            answer = self._call("POST", f"/api/v2/query?org={organisation}", body, "application/json")
            self.spent_s.setdefault(flux, []).append(time.perf_counter() - began_s)
            return one_number_per_series(answer)

        return ask

    def _call(self, method: str, path: str, body: bytes = b"", content_type: str = "text/plain") -> str:
        headers = {"Authorization": f"Token {self.token}", "Content-Type": content_type}
        request = urllib.request.Request(f"{self.url}{path}", body, headers, method=method)  # noqa: S310 - our own child's
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - likewise
                return str(answer.read().decode())
        except urllib.error.HTTPError as error:
            pytest.fail(f"{error.read().decode()} for\n{body.decode()[:2000]}")


def one_number_per_series(answer: str) -> Series:
    """The labels and the number of each table of an annotated answer.

    Grafana takes the columns of the group key for labels, and wants `_time` and a number `_value` beside them, no more.
    """
    series: Series = {}
    header: dict[str, list[str]] = {}
    names: list[str] = []
    for row in csv.reader(io.StringIO(answer)):
        if not row:
            names = []
        elif row[0].startswith("#"):
            header[row[0]] = row[1:]
        elif not names:
            names = row[1:]
        else:
            cells = dict(zip(names, row[1:], strict=True))
            is_label = dict(zip(names, header["#group"], strict=True))
            kinds = dict(zip(names, header["#datatype"], strict=True))
            values = {name for name in names if is_label[name] == "false"} - {"result", "table"}
            assert values == {"_time", "_value"}, values
            assert kinds["_value"] == "double"
            found = frozenset((name, cells[name]) for name in names if is_label[name] == "true")
            assert found not in series, f"two rows of {set(found)}"
            assert cells["_value"], f"a null for {set(found)}"
            series[found] = float(cells["_value"])
    assert series, "an empty answer"
    return series


@pytest.fixture(scope="module")
def database(
    server: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Iterator[Database]:
    with Database(server("influxd"), server("influx"), tmp_path_factory.mktemp("alerts"), pytestconfig) as database:
        database.start()
        database.set_up()
        yield database


@pytest.fixture
def firing(database: Database) -> Callable[[Household | None], dict[str, set[Labels]]]:
    """The alerts that fire in a household; each rule has given its numbers."""

    def judge(household: Household | None) -> dict[str, set[Labels]]:
        organisation = f"home-{next(database.numbers)}"
        database.move_in(organisation, household)
        ask = database.query_as_grafana(organisation)
        fired = {rule.title: rule.fires(ask) for rule in RULES}
        database.move_out(organisation)
        return {title: found for title, found in fired.items() if found}

    return judge


@dataclass(frozen=True)
class StickAlone(Household):
    """A household whose only meter is behind a Rainforest stick.

    Attributes:
        quiet_s: seconds since the stick fell silent.
        is_plugged_in: whether it is still there.
        behind_s: how far the meter's clock is behind.
    """

    quiet_s: int = 0
    is_plugged_in: bool = True
    behind_s: int = 0

    def _readings(self) -> Lines:
        silences = ((self.quiet_s, 0),)
        begin, end = NOW_S - HOUR_S, NOW_S
        yield from StickHouse(begin, end, silences, self.behind_s, is_plugged_in=self.is_plugged_in).lines()

    def _minutes(self) -> Lines:
        for second in range(NOW_S - 7 * HOUR_S, NOW_S - max(self.rollup_age_s, self.quiet_s) + 1, MINUTE_S):
            values = {"readings": 4.0, "energy_import_kwh": 2063.0 + (second - NOW_S) / HOUR_S * 0.4}
            yield "energy_1m", point("electricity", {"meter": "grid", "role": "grid"}, values, second)

    def _days(self) -> Lines:
        return iter(())

    def _meter_health(self) -> Lines:
        """It comes with the readings."""
        return iter(())


GRID = labels(meter="grid")


class TestStick:
    """A stick says something each 15 s, and its energy every four minutes; it has no voltage and no frequency."""

    pytestmark = real

    @pytest.mark.parametrize("behind_s", [0, 9, 90, 800])
    def test_nothing_fires_while_it_speaks(self, firing, behind_s) -> None:
        """Whatever the meter's clock says."""
        assert firing(StickAlone(behind_s=behind_s)) == {}

    def test_one_that_misses_three_reports_is_not_told_yet(self, firing) -> None:
        assert firing(StickAlone(quiet_s=45)) == {}

    def test_one_that_falls_silent_is_told_with_its_radio(self, firing) -> None:
        assert firing(StickAlone(quiet_s=180)) == {"WattlineNoReadings": {GRID}, "WattlineMeterSilent": {GRID}}

    def test_one_that_is_pulled_out_is_told_without(self, firing) -> None:
        assert firing(StickAlone(quiet_s=180, is_plugged_in=False)) == {"WattlineNoReadings": {GRID}}


class TestHouseholds:
    """Each on a real InfluxDB, with every rule of the folder: what has to fire fires, and nothing else does."""

    pytestmark = real

    def test_nothing_fires_where_all_is_well(self, firing) -> None:
        assert firing(Household()) == {}

    def test_without_any_data_silence_is_told_and_the_others_have_a_number(self, firing) -> None:
        assert firing(None) == EMPTY

    @pytest.mark.parametrize(("household", "expected"), FAULTS)
    def test_a_fault_fires_its_alert_and_no_other(self, firing, household, expected) -> None:
        assert firing(household) == expected

    @pytest.mark.parametrize(("household", "expected"), [pytest.param(Household(), {}, id="well"), *FAULTS])
    def test_a_meter_that_goes_is_told_and_takes_no_alert_of_another_with_it(self, firing, household, expected) -> None:
        fired = firing(household.without_a_meter("flat"))
        for title in ("WattlineNoReadings", "WattlineMeterSilent"):
            expected = {**expected, title: expected.get(title, NOBODY) | {FLAT}}
        assert fired == expected

    def test_one_line_of_three_is_enough_for_the_voltage(self, firing) -> None:
        assert firing(Household(voltage_l2_v=190.0)) == {
            "WattlineVoltage": {labels(meter="flat", field="voltage_l2_v")}
        }

    def test_a_question_is_cheap(self, database: Database, capsys: pytest.CaptureFixture[str]) -> None:
        """The median of all that were asked above; a Pi takes ten times as long, and is asked twice a minute."""
        names = {flux: f"{rule.title} {name}" for rule in RULES for name, flux in rule.queries.items()}
        medians_ms = {names[flux]: 1000 * sorted(spent)[len(spent) // 2] for flux, spent in database.spent_s.items()}
        with capsys.disabled():
            for name, median_ms in sorted(medians_ms.items(), key=lambda item: -item[1]):
                print(f"{median_ms:8.1f} ms  {name}")
        assert max(medians_ms.values()) < 150
