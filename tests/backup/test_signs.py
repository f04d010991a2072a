"""What values say of whose readings they are: field by field, together, and hour by hour.

| fault | test |
|---|---|
| two houses that both stand still pass for one | test_a_night_of_two_houses_that_stand_still_is_none_of_proof |
| a few values that were corrected make another house | test_a_few_other_values_make_no_other_house |
| most of what hardly moves is the same by chance, and passes for ours | test_what_is_the_same_by_chance_is_no_proof |
| one field decides alone: a counter of two new meters, or one that was corrected | test_no_field_decides_alone, test_no_two_meters_show_the_same_energy |
| ... or volts, which are those of all houses on a line | test_volts_prove_no_house_and_yet_tell_another |
| ... or a price, which is that of all who pay one utility | test_a_price_proves_no_house |
| two counters that were corrected outweigh all else | test_no_field_decides_alone |
| what a neighbour's meter told at other seconds passes for ours, or what came while the journal was off for a neighbour's | test_what_the_journal_would_have_kept_is_none_of_ours |
| all fields are asked for, where two tell | test_what_moves_and_what_counts_is_asked_in_turn |
| an hour that proves nothing is another's | test_what_an_hour_does_not_prove_the_nearest_does |
| what rises evenly passes for proof | test_what_rises_evenly_is_no_proof |
| ... or what moves in two ways for none, however long | test_a_saw_is_proof_where_it_is_long |
| a value that stands otherwise in a line than in an answer is another | test_values_are_compared_and_not_their_text |
| a second with two values in the journal is compared | test_a_second_with_two_values_proves_nothing |
"""

import random
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from backup.journal_rig import (
    FIELDS,
    NS,
    SITE,
    reading,
    scattered,
    write_journal,
)
from wattline import fields
from wattline.fields import Field
from wattline_backup.reconcile.carriers import Verdict, carriers_of
from wattline_backup.reconcile.lines import Series, parts_of, series_of, values_of
from wattline_backup.reconcile.signs import Sign, Tally, Values, in_turn, sign_of
from wattline_backup.reconcile.values import values_in

HOUR_S = 3600
START = int(datetime(2026, 2, 10, 8, tzinfo=UTC).timestamp())


OURS, THEIRS = frozenset({("site", SITE)}), frozenset({("site", "elsewhere")})
METER = series_of("electricity,meter=house")


def carried(verdicts: Mapping[int, Verdict]) -> set[int]:
    """The hours of another site that are ours, by what each says."""
    counts = {Series(METER.measurement, METER.tags | THEIRS): {hour: {"power_w": 9} for hour in verdicts}}
    return set(carriers_of(METER, ["power_w"], counts, OURS, lambda hour, *_: verdicts[hour]))


def test_what_an_hour_does_not_prove_the_nearest_does() -> None:
    ours, theirs, still, unknown = Verdict.OURS, Verdict.THEIRS, Verdict.STILL, Verdict.UNKNOWN
    assert carried(dict(enumerate([unknown, ours, still, theirs, still, unknown, ours]))) == {0, 1, 2, 6}
    assert carried(dict(enumerate([unknown, still, ours, unknown]))) == {0, 1, 2, 3}
    assert carried({1: still, 2: unknown}) == {1}


def field(name: str) -> Field:
    return fields.VOCABULARY["electricity"][name]


POWER, VOLTS, ENERGY = field("power_w"), field("voltage_v"), field("energy_import_kwh")


def sign(ours: Values, theirs: Values, word: Field | None = POWER) -> Sign:
    """Of values where the journal has something each second."""
    return sign_of(word, ours, theirs, sorted(ours))


def together(*signs: Sign | tuple[Field, Sign]) -> Verdict:
    """Of fields that are no counters, unless said."""
    tally = Tally()
    for each in signs:
        tally.add(*(each if isinstance(each, tuple) else (POWER, each)))
    return tally.verdict


def test_a_night_of_two_houses_that_stand_still_is_none_of_proof() -> None:
    """Both roofs give 0 W; by day they do not agree."""
    night = dict.fromkeys(range(60), "0")
    assert sign(night, night) == Sign.ALIKE
    assert together(Sign.ALIKE) == Verdict.STILL
    assert carried({1: Verdict.THEIRS, 2: Verdict.STILL, 3: Verdict.THEIRS}) == set()


def test_no_field_decides_alone() -> None:
    """One may be alike in two houses, and one another in ours."""
    assert together(Sign.PROOF, Sign.OTHER) == Verdict.THEIRS
    assert together(Sign.PROOF, Sign.OTHER, Sign.PROOF) == Verdict.OURS
    assert together((ENERGY, Sign.PROOF), Sign.OTHER) == Verdict.OURS
    assert together((ENERGY, Sign.OTHER), Sign.PROOF) == Verdict.THEIRS
    assert together(Sign.OTHER, Sign.ALIKE, Sign.ALIKE) == Verdict.THEIRS
    assert together((ENERGY, Sign.OTHER), (ENERGY, Sign.OTHER), *[Sign.PROOF] * 3) == Verdict.OURS
    assert together(Sign.PROOF, Sign.STRANGE) == Verdict.OURS
    assert together(Sign.STRANGE, Sign.ALIKE) == Verdict.THEIRS
    assert together(Sign.NONE) == together() == Verdict.UNKNOWN


def test_what_rises_evenly_is_no_proof() -> None:
    """Two plugins that began in the same second count the same slots; how long a meter took to answer tells them apart."""
    slots = {second: str(second / 10) for second in range(0, 600, 10) if second != 300}
    assert sign(slots, slots) == Sign.ALIKE
    begun_anew = {second: str(second % 1500) for second in range(0, 3000, 10)}
    assert sign(begun_anew, begun_anew) == Sign.ALIKE
    milliseconds = {second: str(20 + second * second % 7 / 10) for second in range(0, 600, 10)}
    assert sign(milliseconds, milliseconds) == Sign.PROOF


def test_a_saw_is_proof_where_it_is_long() -> None:
    """An energy in steps, of a meter that has nothing else."""
    steps = {second: str(1 + second // 10) for second in range(100)}
    assert sign(steps, steps, ENERGY) == Sign.PROOF
    short = {second: value for second, value in steps.items() if second < 99}
    assert sign(short, short, ENERGY) == Sign.ALIKE


def test_values_are_compared_and_not_their_text() -> None:
    assert (
        sign(
            {1: "1e-05", 2: "-0.5", 3: "100000000000000000000", 4: "a"},
            {1: "0.00001", 2: "-0.5", 3: "1e+20", 4: "a"},
        )
        == Sign.PROOF
    )
    assert sign({1: "1", 2: "2", 3: "3"}, {1: "1.1", 2: "2.1", 3: "3.0000001"}) == Sign.OTHER
    assert sign({1: "1", 2: "2", 3: "3"}, {1: "1", 2: "2", 4: "9"}) == Sign.NONE


def test_a_few_other_values_make_no_other_house() -> None:
    """One that was corrected, and half a minute of before the clock was set back; of the neighbour's none is the same."""
    ours = {second: str(scattered(second)) for second in range(600)}
    for others in (range(7, 8), range(100, 130)):
        assert sign(ours, ours | dict.fromkeys(others, "-1")) == Sign.PROOF
    assert sign(ours, {second: str(scattered(second + 31)) for second in ours}) == Sign.OTHER


def test_what_is_the_same_by_chance_is_no_proof() -> None:
    """Of two devices that mostly draw 2 W, and now and then 1, 3 or 4, nearly all seconds are the same, and few moves."""
    dice = random.Random(7)

    def standby() -> dict[int, str]:
        return {second: dice.choice("134") if dice.random() < 0.1 else "2" for second in range(3600)}

    assert all(sign(standby(), standby()) == Sign.OTHER for _ in range(50))


def test_no_two_meters_show_the_same_energy() -> None:
    """At night nothing moves, and yet each has its own; not so what few steps tell, as of new ones."""
    night = dict.fromkeys(range(3600), "812.5")
    assert sign(night, night, ENERGY) == Sign.PROOF
    assert sign(night, night | dict.fromkeys(range(1500), "0.0"), ENERGY) == Sign.PROOF
    assert sign(night, dict.fromkeys(range(3600), "889.5"), ENERGY) == Sign.OTHER
    # As 0.02, 0.3 and 0.001 kWh are written.
    for few in ("0", "0.0234375", "0.3125", "0.0009765625", "7", "312"):
        assert sign(dict.fromkeys(night, few), dict.fromkeys(night, f"{few}"), ENERGY) == Sign.ALIKE
    assert sign(dict.fromkeys(night, "0"), night, ENERGY) == Sign.OTHER
    assert sign({0: "812.5"}, {0: "812.50"}, ENERGY) == Sign.PROOF
    assert sign({0: "812.5"}, {0: "812.6"}, ENERGY) == Sign.NONE


def test_volts_prove_no_house_and_yet_tell_another() -> None:
    ours = {second: str(scattered(second)) for second in range(600)}
    assert sign(ours, ours, VOLTS) == Sign.ALIKE
    assert sign(ours, {second: str(scattered(second + 31)) for second in ours}, VOLTS) == Sign.STRANGE


def test_a_price_proves_no_house() -> None:
    """It is that of all who pay one utility, also where it moves with the quarter-hour."""
    price = fields.VOCABULARY["electricity_price"]["price_per_kwh"]
    ours = {second: str(scattered(second // 60)) for second in range(600)}
    assert sign(ours, ours, price) == Sign.ALIKE


def test_what_the_journal_would_have_kept_is_none_of_ours() -> None:
    """A neighbour's counter or price that comes each ten seconds, at others; not what came while the journal was off."""
    ours = dict.fromkeys(range(0, 3600, 10), "0.15")
    assert sign(ours, dict.fromkeys(range(5, 3600, 10), "0.15")) == Sign.STRANGE
    assert sign(ours, dict.fromkeys(range(0, 3600, 7), "0.15")) == Sign.STRANGE
    first = {second: value for second, value in ours.items() if second < 300}
    assert sign(first, ours) == Sign.ALIKE
    looping = {second: "0" for second in range(3600) if second % 40 < 10}
    assert sign(looping, dict.fromkeys(range(3600), "0")) == Sign.ALIKE


def test_what_moves_and_what_counts_is_asked_in_turn() -> None:
    moving = {second: str(scattered(second)) for second in range(60)}
    still = dict.fromkeys(moving, "230")
    ours = {"voltage_v": still, "power_w": moving, "energy_import_kwh": still, "energy_export_kwh": still}
    assert in_turn(ours, fields.VOCABULARY["electricity"]) == [
        "power_w",
        "energy_export_kwh",
        "voltage_v",
        "energy_import_kwh",
    ]


def test_a_second_with_two_values_proves_nothing(tmp_path: Path) -> None:
    """The clock was set back, and InfluxDB may have either."""
    twice = reading(START + 1).rsplit(" ", 1)[0] + f" {START * NS}"
    place = write_journal(tmp_path, [reading(START), reading(START + 1), twice], began_s=START)
    found = values_in(sorted(place.iterdir()), "electricity,meter=house,role=grid", START // HOUR_S)
    told = {name: {second for second, value in values.items() if value} for name, values in found.items()}
    assert told == {name: {START + 1} for name in FIELDS}


def test_texts_are_taken_apart_as_they_were_meant() -> None:
    line = f'm,a=b note="a \\"b\\" c\\\\",power_w=1.5 {NS}'
    parts = parts_of(line)
    assert parts
    assert values_of(line, parts) == [("note", 'a "b" c\\'), ("power_w", "1.5")]
