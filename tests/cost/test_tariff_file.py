"""A tariff file is read as it is meant, or refused with the place and what may stand there.

| fault | test |
|---|---|
| a number is a float on its way | test_numbers_are_those_of_the_file |
| a component becomes another | test_every_kind_of_component_is_read |
| what need not be said is something else | test_what_is_not_said_is_what_the_readme_tells |
| a wrong word is taken, or refused without place, or without what it may be | test_a_wrong_file_is_refused_with_place_and_remedy |
| one fault hides the next, or calls forth others that are none | test_all_faults_are_told_at_once, test_a_key_that_there_is_not_hides_nothing, test_a_fault_calls_forth_no_other |
| dates gap or overlap, or are out of order | test_a_wrong_file_is_refused_with_place_and_remedy |
| a date is another instant than its local midnight | test_dates_are_midnights_of_the_contracts_zone |
| a time of day is no time of the change, or the wrong one of two | the same |
| ... or is told as the other | test_a_moment_is_told_as_it_is_written |
| a moment has no band and that is found by the bill | test_a_wrong_file_is_refused_with_place_and_remedy, test_every_moment_of_a_read_contract_has_a_band |
| a version's own rules do not count | test_a_version_may_have_rules_of_its_own |
"""

import tomllib
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cost.tariff_texts import BY_BAND, ENERGY, TOP, TWO_BANDS, VERSION, contract
from wattline_cost.errors import TariffError
from wattline_cost.tariff.bands import Bands
from wattline_cost.tariff.file import read_contract
from wattline_cost.tariff.model import (
    EVERY_MONTH,
    EVERY_WEEKDAY,
    ByBand,
    ByRegister,
    BySource,
    ByStep,
    Direction,
    EnergyCharge,
    Files,
    FixedCharge,
    Flat,
    Holiday,
    Per,
    Percentage,
    Rounding,
    Rule,
    SourceSettings,
    Spread,
    Step,
)
from wattline_cost.tariff.versions import told
from wattline_cost.tariff.words import MONTHS, WEEKDAYS

COMPONENT = "\n[[version.component]]\n"
PUN = '\n[source.pun]\nkind = "gme"\nfolder = "prices"\nminutes = 15\n'

WHOLE = (
    f"""
name = "my-house"
meter = "house"
direction = "import"
budget = 90.50
{TOP}
holiday = [
  {{ name = "Christmas", each = "12-25", since = 2000, until = 2050 }},
  {{ name = "Easter Monday", easter = 1 }},
  {{ name = "once", date = 2027-10-04 }},
]
rule = [
  {{ band = "F3" }},
  {{ band = "F2", days = ["Mon-Fri", "saturday"], hours = ["07:00-08:00", "19:00-24:00"], months = "Oct-Mar" }},
  {{ band = "F1", days = ["Sun", "holiday"], hours = "22:00 - 06:30", months = ["jan", "June"] }},
]

[rounding]
decimals = 3
mode = "half even"
each_line = false
kwh_decimals = 0

[[version]]
from = 2026-01-01
to = 2026-04-01
contract_kw = 3
{COMPONENT}name = "Flat"\nper = "kWh"\nprice = -0.10
{COMPONENT}name = "Bands"\nper = "kWh"\nprices = {{ F1 = 0.1, F2 = 2, F3 = 0.30 }}
{COMPONENT}name = "Registers"\nper = "kWh"\nregisters = {{ T1 = 0.2, T4 = 0.1 }}
{COMPONENT}name = "Exchange"\nper = "kWh"\nsource = "pun"\nfactor = 1.1\nplus = 0.02
{COMPONENT}name = "Exchange as it is"\nper = "kWh"\nsource = "pun"
{COMPONENT}name = "Steps"\nper = "kWh"
steps = [{{ above_kwh = 0, price = 0.10 }}, {{ above_kwh = 150.5, price = 0 }}, {{ price = 1, above_kwh = 220 }}]
"""
    + "".join(
        f'{COMPONENT}name = "per {per}"\nper = "{per}"\nprice = 1.5\n'
        for per in ("day", "month", "year", "kW month", "kW year")
    )
    + f"""
{COMPONENT}name = "by months"\nper = "year"\nprice = 1.5\nspread = "months"
{COMPONENT}name = "Duty"\npercent = 2.5\nof = "Flat"
{COMPONENT}name = "VAT"\npercent = 10\nof = ["Flat", "Duty"]
{COMPONENT}name = "All"\npercent = 1\nof = "all above"
"""
    + PUN
)


def test_every_kind_of_component_is_read() -> None:
    read = contract(WHOLE)
    (version,) = read.versions
    fixed = [
        FixedCharge(f"per {per.value}", Decimal("1.5"), per)
        for per in (Per.DAY, Per.MONTH, Per.YEAR, Per.KW_MONTH, Per.KW_YEAR)
    ]
    assert version.components[:-1] == (
        EnergyCharge("Flat", Flat(Decimal("-0.10"))),
        EnergyCharge("Bands", ByBand({"F1": Decimal("0.1"), "F2": Decimal(2), "F3": Decimal("0.30")})),
        EnergyCharge("Registers", ByRegister({1: Decimal("0.2"), 4: Decimal("0.1")})),
        EnergyCharge("Exchange", BySource("pun", Decimal("1.1"), Decimal("0.02"))),
        EnergyCharge("Exchange as it is", BySource("pun", Decimal(1), Decimal(0))),
        EnergyCharge(
            "Steps",
            ByStep(
                (
                    Step(Decimal(0), Decimal("0.10")),
                    Step(Decimal("150.5"), Decimal(0)),
                    Step(Decimal(220), Decimal(1)),
                )
            ),
        ),
        *fixed,
        FixedCharge("by months", Decimal("1.5"), Per.YEAR, Spread.MONTHS),
        Percentage("Duty", Decimal("2.5"), ("Flat",)),
        Percentage("VAT", Decimal(10), ("Flat", "Duty")),
    )
    assert version.components[-1] == Percentage("All", Decimal(1), tuple(c.name for c in version.components[:-1]))
    assert version.contract_kw == 3


def test_what_stands_around_the_versions_is_read() -> None:
    read = contract(WHOLE, "/etc/tariffs/house.toml")
    assert (read.name, read.meter, read.direction, read.currency) == ("my-house", "house", Direction.IMPORT, "EUR")
    assert (read.zone.key, read.budget) == ("Europe/Rome", Decimal("90.50"))
    assert read.rounding == Rounding(3, "ROUND_HALF_EVEN", each_line=False, kwh_decimals=0)
    assert read.holidays == (
        Holiday("Christmas", each=(12, 25), since=2000, until=2050),
        Holiday("Easter Monday", from_easter=1),
        Holiday("once", on=date(2027, 10, 4)),
    )
    winter, workdays = frozenset({10, 11, 12, 1, 2, 3}), frozenset(range(6))
    assert read.versions[0].rules == (
        Rule("F3", EVERY_WEEKDAY, on_holidays=True, months=EVERY_MONTH),
        Rule("F2", workdays, start=time(7), stop=time(8), months=winter),
        Rule("F2", workdays, start=time(19), stop=time.min, months=winter),
        Rule("F1", frozenset({6}), on_holidays=True, start=time(22), stop=time(6, 30), months=frozenset({1, 6})),
    )
    rome = read.zone
    assert read.sources == {"pun": SourceSettings(Files.GME, Path("/etc/tariffs/prices"), 15, "PUN", "", 1000, rome)}


def test_what_is_not_said_is_what_the_readme_tells() -> None:
    read = contract(TOP + VERSION + ENERGY, "/etc/house-2.toml")
    assert (read.name, read.meter, read.direction, read.budget) == ("house-2", None, Direction.IMPORT, None)
    assert read.rounding == Rounding(2, "ROUND_HALF_UP", each_line=True, kwh_decimals=None)
    assert (read.holidays, read.sources) == ((), {})
    (version,) = read.versions
    assert (version.stop, version.contract_kw, version.rules) == (None, None, ())


def test_a_table_of_prices_is_read() -> None:
    table = '[source.spot]\nkind = "table"\nfolder = "/var/prices"\nminutes = 30\nstart = "from"\nprice = "p"\nunit = "MWh"\ntimezone = "UTC"\n'
    (settings_read,) = contract(TOP + VERSION + ENERGY + table).sources.values()
    utc = settings_read.zone
    assert utc.key == "UTC"
    assert settings_read == SourceSettings(Files.TABLE, Path("/var/prices"), 30, "p", "from", 1000, utc)


def test_numbers_are_those_of_the_file() -> None:
    """0.1 + 0.2 of floats is not 0.3, and 0.2453 no float at all."""
    (version,) = contract(TOP + VERSION + ENERGY.replace("0.15", "0.2453000000")).versions
    (component,) = version.components
    assert isinstance(component, EnergyCharge)
    assert isinstance(component.price, Flat)
    assert str(component.price.price) == "0.2453000000"


def test_a_file_of_windows_is_read(tmp_path: Path) -> None:
    path = tmp_path / "house.toml"
    path.write_bytes(b"\xef\xbb\xbf" + (TOP + VERSION + ENERGY).replace("\n", "\r\n").encode())
    assert read_contract(path).name == "house"


def start_of(said: str, zone: str = "Europe/Rome") -> str:
    """The instant that a version begins at whose ``from`` says that, in UTC."""
    read = contract(TOP.replace("Europe/Rome", zone) + VERSION.replace("2026-01-01", said) + ENERGY)
    return f"{read.versions[0].start.astimezone(UTC):%Y-%m-%dT%H:%M}Z"


def test_dates_are_midnights_of_the_contracts_zone() -> None:
    assert start_of("2026-01-01") == "2025-12-31T23:00Z"
    assert start_of("2026-07-01") == "2026-06-30T22:00Z"
    assert start_of("2026-07-01", "Europe/London") == "2026-06-30T23:00Z"
    assert start_of("2026-07-01T12:15:00") == "2026-07-01T10:15Z"
    assert start_of("2026-07-01 12:15:00") == "2026-07-01T10:15Z"
    # The clock of Chile goes from midnight to one: that is when the day begins, three hours behind UTC from then on.
    assert start_of("2026-09-06", "America/Santiago") == "2026-09-06T04:00Z"
    # The hour that is there twice: the first, or what the offset says.
    assert start_of("2026-10-25T02:30:00") == "2026-10-25T00:30Z"
    assert start_of("2026-10-25T02:30:00+01:00") == "2026-10-25T01:30Z"
    assert start_of("2026-10-25T00:00:00Z") == "2026-10-25T00:00Z"


@pytest.mark.parametrize(
    ("zone", "said", "shown"),
    [
        ("Europe/Rome", "2026-07-01", "2026-07-01"),
        ("Europe/Rome", "2026-07-01T12:15:00", "2026-07-01T12:15"),
        # The clock shows 02:30 twice, and an hour later once.
        ("Europe/Rome", "2026-10-25T02:30:00", "2026-10-25T02:30+02:00"),
        ("Europe/Rome", "2026-10-25T02:30:00+01:00", "2026-10-25T02:30+01:00"),
        ("Europe/Rome", "2026-10-25T03:30:00", "2026-10-25T03:30"),
        # Where it shows midnight twice, the day begins with the first.
        ("America/Havana", "2026-11-01", "2026-11-01"),
        ("America/Havana", "2026-11-01T00:00:00-05:00", "2026-11-01T00:00-05:00"),
        # And where it leaves it out, at one.
        ("America/Santiago", "2026-09-06", "2026-09-06"),
    ],
)
def test_a_moment_is_told_as_it_is_written(zone: str, said: str, shown: str) -> None:
    """What is told, with the seconds that TOML wants, is read as the same moment."""
    read = contract(TOP.replace("Europe/Rome", zone) + VERSION.replace("2026-01-01", said) + ENERGY)
    assert told(read.versions[0].start) == shown
    again = f"{shown[:16]}:00{shown[16:]}" if "T" in shown else shown
    assert start_of(again, zone) == start_of(said, zone)


def test_a_version_ends_where_the_next_begins() -> None:
    read = contract(TOP + VERSION + ENERGY + VERSION.replace("2026-01", "2026-04") + "to = 2027-01-01\n" + ENERGY)
    first, second = read.versions
    assert first.stop == second.start
    assert second.stop == datetime(2027, 1, 1, tzinfo=read.zone)


def test_a_version_may_have_rules_of_its_own() -> None:
    own = VERSION.replace("2026", "2027") + ENERGY + '[[version.rule]]\nband = "always"\n'
    read = contract(TOP + TWO_BANDS + VERSION + BY_BAND + own)
    assert [[rule.band for rule in version.rules] for version in read.versions] == [["F23", "F1"], ["always"]]


# A change to a file that is right, and what is then said, behind "house.toml".
V, E = ", version 1 (from 2026-01-01)", ", version 1 (from 2026-01-01), component 'Energy'"
RIGHT = TOP + VERSION + "contract_kw = 3\n" + ENERGY
BANDS = TOP + 'holiday = [{ name = "X", each = "12-25" }]\n' + TWO_BANDS + VERSION + BY_BAND
WITH_SOURCE = TOP + VERSION + ENERGY.replace("price = 0.15", 'source = "pun"') + PUN
STEPS_OF = (
    "steps = [{ above_kwh = 0, price = 0.1 }, { above_kwh = 150, price = 0.2 }, { above_kwh = 220, price = 0.3 }]"
)
STEPS = TOP + VERSION + ENERGY.replace("price = 0.15", STEPS_OF)
MORE = COMPONENT + 'name = "More"\nper = "day"\nprice = 1\n'
TAX = COMPONENT + 'name = "VAT"\npercent = 10\nof = ["Energy"]\n'


@pytest.mark.parametrize(
    ("right", "old", "new", "said"),
    [
        # Around the versions.
        (RIGHT, "currency", "curency", "There is no key 'curency' here; the nearest is 'currency'; the keys are name, meter,"),
        (RIGHT, '"EUR"', '"euro"', "The key 'currency' says 'euro'; it must be three capital letters, such as EUR."),
        (RIGHT, 'currency = "EUR"\n', "", "The key 'currency' is missing; it must be three capital letters, such as EUR."),
        (RIGHT, "Europe/Rome", "Europe/Roma", "There is no time zone 'Europe/Roma'; the nearest is 'Europe/Rome';"),
        (RIGHT, 'timezone = "Europe/Rome"', "", "The key 'timezone' is missing; it must be the time zone whose clock"),
        (RIGHT, "[[version]]", "[version]", "A version begins with a line in single brackets; it must begin with [[version]], in d"),
        (RIGHT, RIGHT[len(TOP) :], "", "The key 'version' is missing; it must be there at least once, and begins with [[version]]."),
        (RIGHT, "currency", 'direction = "out"\ncurrency', "The key 'direction' says 'out'; it must be one of 'import', 'export'"),
        (RIGHT, "currency", "budget = 0\ncurrency", "The key 'budget' says 0; it must be more than 0: what a month"),
        (RIGHT, "currency", 'name = "my house"\ncurrency', "The key 'name' says 'my house'; it must be letters, digits, hyphens"),
        (RIGHT, "currency", 'meter = "a b"\ncurrency', "The key 'meter' says 'a b'; it must be the name of a meter"),
        (RIGHT, '"EUR"', "EUR", "This is not TOML: Invalid value (at line 1, column 12)."),
        (RIGHT, "0.15", "0,15", ("This is not TOML: Expected newline or end of document after a statement (at line 9, column 10); a "
            "number is written with a point, as in 0.25.")),
        (RIGHT, "0.15", "0.15 EUR", ("This is not TOML: Expected newline or end of document after a "
            "statement (at line 9, column 14); a number is written without a unit, as in 0.25.")),
        (RIGHT, "0.15", "€ 0.15", "This is not TOML: Invalid value (at line 9, column 9); a number is written without a unit"),
        (RIGHT, "contract_kw = 3", "contract_kw = 3 kW # ours", ("This is not TOML: Expected newline or end of document after a "
            "statement (at line 5, column 17); a number is written without a unit, as in 0.25.")),
        (RIGHT, "2026-01-01", "01/01/2026", ("This is not TOML: Expected newline or end of document after a "
            "statement (at line 4, column 9); a date is written as in 2026-04-01.")),
        (RIGHT, "2026-01-01", "2026-1-1", ("This is not TOML: Expected newline or end of document after a "
            "statement (at line 4, column 12); a date is written as in 2026-04-01.")),
        (BANDS, "F23 = 0.13", "F23 = 0,13", ("This is not TOML: Expected '=' after a key in a key/value pair (at line 10, column 34); "
            "a number is written with a point, as in 0.25.")),
        (RIGHT, '"Energy"', "\u201cEnergy\u201d", "This is not TOML: Invalid value (at line 7, column 8); quotation marks are straight, as in"),
        (RIGHT + MORE, "[[version.component]]", "[version.component]", ("This is not TOML: Cannot declare ('version', 'component') "
            "twice (at line 11, column 19); what may be there several times begins in double brackets, as in [[version.component]].")),
        (RIGHT, "[[version]]", '[rounding]\nmode = "half"\n[[version]]', (", rounding: The key 'mode' says 'half'; it must be one of "
            "'half up', 'half even', 'half down', 'up', 'down'")),
        (RIGHT, "[[version]]", "[rounding]\nbudget = 9\n[[version]]", (", rounding: The key 'budget' does not belong here; it must "
            "stand at the top of the file, above the first line in brackets.")),
        (RIGHT + "budget = 9\n", "", "", E + ": The key 'budget' does not belong here; it must stand at the top of the file"),
        (RIGHT, "contract_kw = 3", "holiday = []", V + ": The key 'holiday' does not belong here; it must stand at the top"),
        (RIGHT, "[[version.component]]", "[version.component]", V + (": A component begins with a line in single brackets; it must "
            "begin with [[version.component]], in double brackets")),
        (RIGHT, "[[version]]", "[rounding]\ndecimals = 2.5\n[[version]]", (", rounding: The key 'decimals' says 2.5; it must be a "
            "whole number from 0 to 6.")),
        (RIGHT, "[[version]]", '[rounding]\neach_line = "no"\n[[version]]', (", rounding: The key 'each_line' says 'no'; it must be "
            "true or false, without quotation marks.")),
        (RIGHT, "Europe/Rome", "Factory", "There is no time zone 'Factory'; the nearest is 'A"),
        (RIGHT, "Europe/Rome", "posixrules", "There is no time zone 'posixrules'; the nearest is "),
        (RIGHT, "Europe/Rome", "right/Europe/Rome", "There is no time zone 'right/Europe/Rome'; the nearest is 'Europe/Rome';"),
        (RIGHT, "contract_kw = 3", "contract_kw = " + 5000 * "9", ", line 5: A number is too long to be read; write a number without"),
        (RIGHT, "0.15", "1e" + 20 * "9", ", line 9: A number is too long to be read; write a number without quotation marks and with a"),
        (RIGHT, "0.15", 3000 * "[" + 3000 * "]", "Lists lie in lists, or tables in tables, too deep to be read; no key takes such."),
        # Dates.
        (RIGHT, "2026-01-01", '"2026-01-01"', ", version 1: The key 'from' says '2026-01-01'; it must be a date such as 2026-04-01"),
        (RIGHT, "2026-01-01", "0001-01-01T00:00:00+14:00", (", version 1 (from 0001-01-01T00:00:00+14:00): The key 'from' says "
            "0001-01-01T00:00:00+14:00; it must be of a year from 1980 to 2999.")),
        (RIGHT, "from = 2026-01-01", "", ", version 1: The key 'from' is missing; it must be a date such as"),
        (RIGHT, "2026-01-01", "2026-01-01T12:10:00", (", version 1 (from 2026-01-01T12:10:00): The key 'from' says "
            "2026-01-01T12:10:00; it must be a quarter-hour, such as 12:00")),
        (RIGHT, "2026-01-01", "2026-03-29T02:30:00", (", version 1 (from 2026-03-29T02:30:00): The key 'from' says "
            "2026-03-29T02:30:00; it must not be a time that the clock leaves out in Europe/Rome when summer time begins.")),
        (RIGHT, "contract", "to = 2025-01-01\ncontract", V + ": It ends before it begins: 'to' must be later than 'from'."),
        (RIGHT, "contract_kw = 3\n", "contract_kw = 3\n" + ENERGY + "[[version]]\nfrom = 2025-01-01\n", (", version 2 (from 2025-01-"
            "01): It must begin after version 1, which begins 2026-01-01: order them by their dates.")),
        (RIGHT, "contract_kw = 3\n", "to = 2026-03-31\n" + ENERGY + "[[version]]\nfrom = 2026-04-01\n", (", version 2 (from 2026-04-"
            "01): Version 1 leaves a gap before it, since that one's 'to' says 2026-03-31, the first moment that does not belong to "
            "it; say 2026-04-01 there, or leave 'to' out.")),
        (RIGHT, "contract_kw = 3\n", "to = 2026-05-01\n" + ENERGY + "[[version]]\nfrom = 2026-04-01T12:00:00\n", (", version 2 (from "
            "2026-04-01T12:00:00): Version 1 overlaps it, since that one's 'to' says 2026-05-01, the first moment that does not "
            "belong to it; say 2026-04-01T12:00 there, or leave 'to' out.")),
        # Components.
        (RIGHT, ENERGY, "", V + ": The key 'component' is missing; it must be there at least once, and begins with [[version.comp"),
        (RIGHT, 'name = "Energy"\n', "", V + ", component 1: The key 'name' is missing; it must be a text of one line"),
        (RIGHT, "price", "pirce", E + ": There is no key 'pirce' here; the nearest is 'price'; the keys are name, per, price,"),
        (RIGHT, "0.15", '"0.15"', E + ": The key 'price' says '0.15'; it must be a number without quotation marks and with a point"),
        (RIGHT, "0.15", "true", E + ": The key 'price' says true; it must be a number"),
        (RIGHT, "0.15", "nan", E + ": The key 'price' says NaN; it must be a number"),
        (RIGHT, "0.15", "1e12", E + ": The key 'price' says 1E+12; it must be a number"),
        (RIGHT, "0.15", "9223372036854775807", E + ": The key 'price' says 9223372036854775807; it must be a number"),
        (RIGHT, "0.15", "1e999999999", E + ": The key 'price' says 1E+999999999; it must be a number"),
        (RIGHT, "0.15", "1e-999999999", E + ": The key 'price' says 1E-999999999; it must be a number"),
        (RIGHT, "0.15", "0e999", E + ": The key 'price' says 0E+999; it must be a number"),
        (RIGHT, "0.15", "0x" + 5000 * "f", E + f": The key 'price' says 0x{55 * 'f'}...; it must be a number"),
        (RIGHT, "0.15", 200 * "[" + 200 * "]", E + ": The key 'price' says [[[[...]]]]; it must be a number"),
        (RIGHT, "0.15", "0.12345678901", E + ": The key 'price' says 0.12345678901; it must be a number"),
        (RIGHT, "kWh", "kwh", E + ": The key 'per' says 'kwh'; it must be one of 'kWh', 'day', 'month', 'year', 'kW month', 'kW year'"
            "; the nearest is 'kWh'."),
        (RIGHT, "price = 0.15", "", E + ": There is no price; what is paid per kWh has one of the keys 'price' (always the same),"),
        (RIGHT, "price = 0.15", "price = 1\nprices = { F1 = 1 }", E + ": There are 'price' and 'prices'; what is paid per kWh has o"),
        (RIGHT, "price = 0.15", "price = 1\nplus = 1", E + ": The key 'plus' belongs to a price with 'source', which this component"),
        (RIGHT, "price = 0.15", 'price = 1\nspread = "days"', E + ": The key 'spread' belongs to what is paid for a year, which th"),
        (RIGHT, "price = 0.15", "price = 1\nof = 'x'", E + ": The key 'of' belongs to a component with 'percent', which this c"),
        (RIGHT, "price = 0.15", "registers = { T5 = 1 }", E + ": The key 'registers' says { T5 = 1 }; it must be a table of the mete"),
        (RIGHT, "price = 0.15", "registers = { T1 = 'x' }", E + ": The key 'registers' says { T1 = 'x' }; it must be a table of"),
        (RIGHT, "price = 0.15", "prices = { F1 = 1 }", E + ": The key 'prices' is by band, but no [[rule]] says when which band hold"),
        (RIGHT, "price = 0.15", "prices = { }", E + ": The key 'prices' says {  }; it must be a table of bands and numbers, such as"),
        (RIGHT, 'per = "kWh"\nprice = 0.15', 'per = "day"\nprices = { F1 = 1 }', E + ": The key 'prices' belongs to what is paid pe"),
        (RIGHT, 'per = "kWh"\n', 'per = "day"\nspread = "months"\n', E + ": The key 'spread' belongs to what is paid per year or kW"),
        (RIGHT + MORE, '"More"', r"'More\'", rf"{V}, component 'More\\': The key 'name' says 'More\\'; it must not end in a backslash"),
        (RIGHT + MORE, '"More"', '"Energy"', E + ": The key 'name' says 'Energy'; it must be unlike that of every other component of"),
        (RIGHT + MORE, "contract_kw = 3", "contract_kw = 0", V + ": The key 'contract_kw' says 0; it must be more than 0 and at most"),
        (RIGHT + MORE.replace("day", "kW year"), "contract_kw = 3", "", V + ": The key 'contract_kw' is missing; it must be the powe"
            "r of the contract in kW, such as 3, since 'More' is paid per kW year."),
        # Steps.
        (STEPS, STEPS_OF, "steps = 5", E + ": The key 'steps' says 5; it must be a list of two or more, each in braces, such as ["),
        (STEPS, STEPS_OF, "steps = [{ above_kwh = 0, price = 1 }]", E + ": The key 'steps' says [{ above_kwh = 0, price = 1 }]; it m"),
        (STEPS, STEPS_OF, "steps = [0, 150]", E + ": The key 'steps' says [0, 150]; it must be a list of two or more, each in"),
        (STEPS, STEPS_OF, "steps = { 0 = 0.1, 150 = 0.2 }", E + ": The key 'steps' says { 0 = 0.1, 150 = 0.2 }; it must be a list"),
        (STEPS, "kWh", "day", E + ": The key 'steps' belongs to what is paid per kWh, which this component is not; leave it out."),
        (STEPS, STEPS_OF, "price = 1\n" + STEPS_OF, E + ": There are 'price' and 'steps'; what is paid per kWh has one of the keys"),
        (STEPS + TAX, "percent = 10", "percent = 10\n" + STEPS_OF, V + ", component 'VAT': The key 'steps' belongs to a component wi"),
        (STEPS, "above_kwh = 0,", "above_kwh = 10,", E + ", step 1: The key 'above_kwh' says 10; it must be 0 in the first step, wi"),
        (STEPS, "= 150", "= 0", E + ", step 2: The key 'above_kwh' says 0; it must be more than the 0 of the step before it."),
        (STEPS, "= 220", "= 150", E + ", step 3: The key 'above_kwh' says 150; it must be more than the 150 of the step before it."),
        (STEPS, "= 220", "= 220.0000001", E + ", step 3: The key 'above_kwh' says 220.0000001; it must be kilowatt-hours with at m"),
        (STEPS, "= 220", "= '220'", E + ", step 3: The key 'above_kwh' says '220'; it must be a number without quotation marks and"),
        (STEPS, "above_kwh = 150,", "", E + ", step 2: The key 'above_kwh' is missing; it must be a number without quotation marks"),
        (STEPS, "above_kwh = 150", "from_kwh = 150", E + ", step 2: There is no key 'from_kwh' here; the keys are above_kwh, price."),
        (STEPS, ", price = 0.3", "", E + ", step 3: The key 'price' is missing; it must be a number without quotation marks and wi"),
        # Percentages.
        (RIGHT + TAX, '["Energy"]', '["Energi"]', V + ", component 'VAT': The key 'of' names 'Energi', which is no component of this"
            " version; the nearest is 'Energy'; it must be the names of components above"),
        (RIGHT + TAX + MORE, '["Energy"]', '["More"]', V + ", component 'VAT': The key 'of' names 'More', which does not stand above"
            "; a percentage stands below all that it is of."),
        (RIGHT + TAX, '["Energy"]', '["VAT"]', V + ", component 'VAT': The key 'of' names 'VAT', which does not stand above;"),
        (RIGHT + TAX, 'of = ["Energy"]', "", V + ", component 'VAT': The key 'of' is missing; it must be the names of components"),
        (RIGHT + TAX, '["Energy"]', '["Energy", "Energy"]', V + ", component 'VAT': The key 'of' says ['Energy', 'Energy']; it must "
            "name each component once."),
        (RIGHT + TAX, '["Energy"]', "[]", V + ", component 'VAT': The key 'of' says []; it must be the names"),
        (RIGHT + TAX, "percent = 10", 'percent = 10\nper = "kWh"', V + ", component 'VAT': The key 'per' belongs to a component wi"),
        (TOP + VERSION + TAX, '["Energy"]', '"all above"', V + ", component 'VAT': The key 'of' says 'all above'; it must not stand "
            "in the first component, above which there is none."),
        # Bands.
        (BANDS, "F23 = 0.13", "F2 = 0.13", E + ": The key 'prices' has the band 'F2', which no rule gives; the nearest is 'F23'; the b"
            "ands of the rules are F23, F1."),
        (BANDS, ", F23 = 0.13", "", E + ": The key 'prices' has no price for the band 'F23', which a rule gives."),
        (BANDS, '{ band = "F23" }', '{ band = "F23", days = "Mon-Sat" }', V + ": There is no band for Sun and holidays; add a rule that gives one."),
        (BANDS, '{ band = "F23" }', '{ band = "F23", days = "Mon-Sun" }', V + ": There is no band for holidays; add a rule that gives one."),
        (BANDS, '{ band = "F23" }', '{ band = "F23", hours = "19:00-07:30" }', V + (": There is no band for Mon-Fri 07:30-08:00, "
            "nor for Sat-Sun and holidays 07:30-19:00; add a rule that gives one.")),
        (BANDS, '{ band = "F23" }', '{ band = "F23", months = "Mar-Nov" }', V + (": There is no band for Mon-Fri 00:00-08:00 in Dec-Feb, nor "
            "for Mon-Fri 19:00-24:00 in Dec-Feb, nor for Sat-Sun and holidays in Dec-Feb; add a rule that gives one.")),
        (BANDS, "rule = [", 'rule = [{ band = "F1", days = "Mon-Tue", hours = "08:00-10:00" }, ', V + ": Rule 1 (band 'F1') never coun"
            "ts at 08:00-10:00, since of the rules that hold at a moment the last one counts; put it below those that hold at the sa"),
        (BANDS, ", each = ", ", on = ", ", holiday 'X': There is no key 'on' here; the keys are name, date, each, easter, since, until"),
        (BANDS, '"12-25"', '"25-12"', ", holiday 'X': The key 'each' says '25-12'; it must be a month and a day, such as '12-25'."),
        (BANDS, 'each = "12-25"', "easter = 300", ", holiday 'X': The key 'easter' says 300; it must be a whole number from -80 to 250"),
        (BANDS, 'each = "12-25"', 'date = "2027-10-04"', ", holiday 'X': The key 'date' says '2027-10-04'; it must be a date without"),
        (BANDS, 'each = "12-25"', "date = 2027-10-04, since = 2027", ", holiday 'X': The key 'since' does not go with 'date', which is"),
        (BANDS, ', each = "12-25"', "", ", holiday 'X': There is no day; a holiday has one of the keys 'date' (that day alone), 'each'"),
        (BANDS, 'each = "12-25"', 'each = "12-25", easter = 1', ", holiday 'X': There are 'each' and 'easter'; a holiday has one of t"),
        (BANDS, 'each = "12-25"', 'each = "12-25", since = 2030, until = 2020', ", holiday 'X': The key 'until' says 2020; it must be"),
        (BANDS, '"Mon-Fri"', '"Mo-Fr"', ", rule 2: The key 'days' says 'Mo-Fr'; it must be such as 'Mon-Fri' or ['Sat', 'Sun', 'holid"),
        (BANDS, '"Mon-Fri"', "[]", ", rule 2: The key 'days' says []; it must be such as"),
        (BANDS, '"Mon-Fri"', "5", ", rule 2: The key 'days' says 5; it must be such as"),
        (BANDS, '"08:00-19:00"', '"8-19"', ", rule 2: The key 'hours' says '8-19'; it must be such as '08:00-19:00', '22:00-06:00' or"),
        (BANDS, '"08:00-19:00"', '"08:00-08:00"', ", rule 2: The key 'hours' says '08:00-08:00'; it must be such as"),
        (BANDS, '"08:00-19:00"', '"24:00-08:00"', ", rule 2: The key 'hours' says '24:00-08:00'; it must be such as"),
        (BANDS, '"08:00-19:00"', '"08:00-24:15"', ", rule 2: The key 'hours' says '08:00-24:15'; it must be such as"),
        (BANDS, '"08:00-19:00"', '"08:10-19:00"', ", rule 2: The key 'hours' says '08:10-19:00'; it must begin and end at a quarter-"),
        (BANDS, 'days = "Mon-Fri"', 'months = "Foo"', ", rule 2: The key 'months' says 'Foo'; it must be such as 'Oct-Mar' or ['Jan', "),
        (BANDS, '"F1", days', '"T1", days', ", rule 2: The key 'band' says 'T1'; it must not be one of T1, T2, T3, T4, which are the m"),
        (BANDS, '"F1", days', r"'F23\', days", r", rule 2: The key 'band' says 'F23\\'; it must not end in a backslash, with which"),
        (BANDS, '"F1", days', '"all", days', ", rule 2: The key 'band' says 'all'; it must not be 'all', as the whole is called where"),
        (BANDS, "rule = [", "rule = 5 # [", "The key 'rule' says 5; it must be tables, each of which begins with [[rule]]."),
        (TOP + 'rule = [{ band = "A" }, { band = "B", days = "holiday" }]\n' + VERSION + ENERGY, "A", "C", V + ": Rule 2 is of holidays"
            ", but no [[holiday]] says which days these are."),
        # Sources.
        (WITH_SOURCE, 'source = "pun"', 'source = "pnu"', E + ": The key 'source' names 'pnu'; the nearest is 'pun'; there must be a t"
            "able [source.pnu] at the end of the file, which says where its prices lie."),
        (WITH_SOURCE, '"gme"', '"gem"', ", source 'pun': The key 'kind' says 'gem'; it must be one of 'gme', 'table'; the nearest is "),
        (WITH_SOURCE, "minutes = 15", "minutes = 20", ", source 'pun': The key 'minutes' says 20; it must be one of 15, 60."),
        (WITH_SOURCE, "minutes = 15", "", ", source 'pun': The key 'minutes' is missing; it must be one of 15, 60."),
        (WITH_SOURCE, "minutes", 'zone = "nord"\nminutes', ", source 'pun': The key 'zone' says 'nord'; it must be PUN or a price zon"),
        (WITH_SOURCE, "minutes", 'unit = "kWh"\nminutes', ", source 'pun': There is no key 'unit' here; the keys are kind, folder, m"),
        (WITH_SOURCE, '"EUR"', '"CHF"', ", source 'pun': The key 'kind' says 'gme'; it cannot be of a contract in CHF, since its pric"),
        (WITH_SOURCE, '"gme"', '"table"', ", source 'pun': The key 'unit' is missing; it must be one of 'kWh', 'MWh'."),
        (WITH_SOURCE, '"gme"', '"table"\nunit = "kWh"\ntimezone = "Rome"', ", source 'pun': There is no time zone 'Rome'"),
        (WITH_SOURCE, '"gme"', '"table"\nunit = "kWh"\nstart = "price"', ", source 'pun': The key 'start' says 'price'; it must be anot"),
        (WITH_SOURCE, '"gme"', '"table"\nunit = "kWh"\nprice = "start"', ", source 'pun': The key 'price' says 'start'; it must be anot"),
        (WITH_SOURCE, "[source.pun]", "[[source.pun]]", ", source 'pun': This must be a table, which begins with [source.pun]."),
        (WITH_SOURCE, "[source.pun]", "[[source]]", "There are several 'source', in double brackets; there must be one, in single br"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_refused_with_place_and_remedy(right: str, old: str, new: str, said: str) -> None:
    assert old in right
    with pytest.raises(TariffError) as refused:
        contract(right.replace(old, new))
    sentence = str(refused.value)
    assert sentence.startswith("house.toml" + (said if said.startswith(", ") else f": {said}"))
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert list(refused.value.more) == []


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TariffError, match=r"no\.toml: The tariff file cannot be read \(No such file or directory\)\."):
        read_contract(tmp_path / "no.toml")
    latin = tmp_path / "latin.toml"
    latin.write_bytes("# e\n# è\n".encode("latin-1"))
    with pytest.raises(TariffError, match=r"latin\.toml, line 2: There is a letter in it that is not in UTF-8;"):
        read_contract(latin)
    spaced = tmp_path / "my house.toml"
    spaced.write_text(TOP + VERSION + ENERGY)
    with pytest.raises(
        TariffError, match=r"The file's name without \.toml is the contract's; it must be letters, digits"
    ):
        read_contract(spaced)


def test_all_faults_are_told_at_once() -> None:
    wrong = BANDS.replace("12-25", "25-12").replace("08:00-19:00", "08:05-19:00") + MORE.replace("price", "cost")
    wrong += VERSION.replace("2026", "2027") + ENERGY.replace("kWh", "KWH") + "[rounding]\ndecimals = 99\n"
    with pytest.raises(TariffError) as refused:
        contract(wrong)
    places = [str(error).partition(": ")[0] for error in (refused.value, *refused.value.more)]
    assert places == [
        "house.toml, holiday 'X'",
        "house.toml, rule 2",
        "house.toml, version 1 (from 2026-01-01), component 'More'",
        "house.toml, version 2 (from 2027-01-01), component 'Energy'",
        "house.toml, rounding",
    ]


def test_a_key_that_there_is_not_hides_nothing() -> None:
    """At the top, in a version; nor does a time zone, a currency, or a percentage that is no number."""
    wrong = (RIGHT + TAX).replace("Europe/Rome", "Europe/Roma").replace('"EUR"', '"EURO"').replace("price", "pirce")
    wrong = wrong.replace("contract_kw", "contract_kv").replace("= 10", '= "10"').replace('["Energy"]', '"everything"')
    with pytest.raises(TariffError) as refused:
        contract("budjet = 60\n" + wrong)
    sentences = [str(error).partition(";")[0].partition(": ")[2] for error in (refused.value, *refused.value.more)]
    assert sentences == [
        "There is no key 'budjet' here",
        "There is no time zone 'Europe/Roma'",
        "The key 'currency' says 'EURO'",
        "There is no key 'contract_kv' here",
        "There is no key 'pirce' here",
        "The key 'of' names 'everything', which is no component of this version",
        "The key 'percent' says '10'",
    ]


@pytest.mark.parametrize(
    ("right", "old", "new"),
    [
        # Keys that are missing since they stand there misspelt.
        (RIGHT, "version", "verson"),
        (RIGHT, "from", "form"),
        (RIGHT + MORE.replace("day", "kW year"), "contract_kw", "contract_kv"),
        # A percentage of a component that was refused, prices of a rule that was, a holiday that was, a source that was.
        (RIGHT + TAX, "0.15", "'x'"),
        (BANDS, "08:00-19:00", "08:05-19:00"),
        (TOP + 'holiday = [{ name = "X", each = "12-25" }]\nrule = [{ band = "A" }, { band = "B", days = "holiday" }]\n' + VERSION
            + ENERGY, "12-25", "25-12"),
        (WITH_SOURCE, "minutes = 15", "minutes = 1"),
    ],
)  # fmt: skip
def test_a_fault_calls_forth_no_other(right: str, old: str, new: str) -> None:
    contract(right)
    with pytest.raises(TariffError) as refused:
        contract(right.replace(old, new))
    assert list(refused.value.more) == []


WORDS = st.sampled_from([*(name[:3] for name in WEEKDAYS), "Mon-Fri", "Sat-Sun", "Fri-Mon", "holiday"])
HOURS = st.tuples(st.integers(0, 95), st.integers(1, 96)).filter(lambda ends: ends[0] != ends[1])


def clock(quarter: int) -> str:
    return f"{quarter // 4:02}:{15 * (quarter % 4):02}"


@st.composite
def rule_tables(draw: st.DrawFn) -> str:
    parts = [f'band = "{draw(st.sampled_from("ABC"))}"']
    if draw(st.booleans()):
        parts.append(f"days = {draw(st.lists(WORDS, min_size=1, max_size=3))}")
    if draw(st.booleans()):
        start, stop = draw(HOURS)
        parts.append(f'hours = "{clock(start)}-{clock(stop)}"')
    if draw(st.booleans()):
        parts.append(f'months = "{draw(st.sampled_from(MONTHS))[:3]}-{draw(st.sampled_from(MONTHS))}"')
    return "{ " + ", ".join(parts) + " }"


@settings(max_examples=60, deadline=None)
@given(
    begin=st.sampled_from([["{ band = 'A' }"], ["{ band = 'B', hours = '05:00-04:00' }"], []]),
    tables=st.lists(rule_tables(), max_size=3),
)
def test_every_moment_of_a_read_contract_has_a_band(begin: list[str], tables: list[str]) -> None:
    """Whatever the rules: either the file is refused, or each quarter-hour of thirteen months has a band that has a price."""
    tables = begin + tables
    content = (
        TOP
        + 'holiday = [{ name = "X", each = "12-25" }, { name = "Y", easter = 1 }]\n'
        + f"rule = [{', '.join(tables)}]\n"
    )
    bands = dict.fromkeys(table["band"] for table in tomllib.loads(content)["rule"])
    prices = ENERGY.replace("price = 0.15", "prices = { " + ", ".join(f"{band} = 1" for band in bands) + " }")
    try:
        read = contract(content + VERSION + prices)
    except TariffError:
        return
    found = Bands(read.zone, read.versions[0].rules, read.holidays)
    start_s = int(read.versions[0].start.timestamp())
    assert {found.at(at) for at in range(start_s, start_s + 400 * 86_400, 900)} <= set(bands)
