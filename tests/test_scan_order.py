"""In which order the search asks, and which words narrow it: pure.

| fault                                                   | test                                                         |
|---------------------------------------------------------|--------------------------------------------------------------|
| rare settings come before common ones                   | test_the_most_common_settings_come_first                     |
| a disputed setting is not tried                         | test_alternatives_are_tried_as_well                          |
| a function is not asked at first                        | test_each_function_has_one_first_question                    |
| a model is asked nothing that it knows                  | test_each_model_is_asked_something_that_it_knows             |
| a model without rows hangs the search                   | test_a_model_without_rows_is_asked_nothing                   |
| settings that no model has are left out                 | test_settings_that_no_model_has_are_tried_for_all            |
| far addresses come before near ones                     | test_near_addresses_come_first_at_all_settings               |
| ... or a slow meter never gets its time                 | test_near_addresses_are_asked_again_with_patience            |
| a question is asked twice in one way                    | test_no_step_comes_twice                                     |
| a slow line is given up before it can answer            | test_a_slow_line_is_waited_for_longer                        |
| words are misread, or refused in a riddle               | test_addresses_..., test_settings_..., test_wrong_words_...  |
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattline.bus.settings import BAUD_RATES, PARITIES, STOP_BITS, LineSettings
from wattline.errors import WordError
from wattline.meters import Model, load_models
from wattline.registers import Encoding, Row
from wattline.scan.order import (
    NEAR,
    PATIENCE_S,
    Question,
    has_settings,
    known_settings,
    openings,
    questions_of,
    rounds,
    steps,
)
from wattline.scan.words import parse_addresses, parse_settings

EVEN, PLAIN, SLOW = LineSettings(9600, "E", 1), LineSettings(9600, "N", 1), LineSettings(2400, "N", 1)
LIBRARY = list(load_models().values())


def model(
    name: str,
    settings: LineSettings = EVEN,
    function: int = 3,
    voltage: int = 0x10,
    alternatives: tuple[LineSettings, ...] = (),
) -> Model:
    rows = (Row(voltage, Encoding.U16, 0.1, "voltage_v", 80, 300),) if voltage else ()
    return Model(name, name, settings, function, rows, source="", address_change="", alternatives=alternatives)


voltages = st.integers(0, 5)
models = st.lists(
    st.builds(
        model,
        st.text("abc", min_size=1, max_size=8),
        st.sampled_from([EVEN, PLAIN, SLOW]),
        st.sampled_from([3, 4]),
        voltages,
        st.lists(st.sampled_from([EVEN, PLAIN, SLOW]), max_size=2).map(tuple),
    ),
    min_size=1,
    max_size=12,
)


def test_the_most_common_settings_come_first():
    """Among equals those that are a factory's, then the faster."""
    known = [model("a", SLOW), model("b", PLAIN, alternatives=(EVEN,)), model("c", PLAIN), model("d", EVEN)]
    assert known_settings(known) == [PLAIN, EVEN, SLOW]
    assert known_settings([model("a", SLOW), model("b", EVEN)]) == [EVEN, SLOW]
    assert known_settings([model("a", SLOW, alternatives=(EVEN,))]) == [SLOW, EVEN]


@given(models)
def test_alternatives_are_tried_as_well(known):
    settings = known_settings(known)
    assert set(settings) == {each for m in known for each in (m.settings, *m.alternatives)}
    counts = [sum(has_settings(m, each) for m in known) for each in settings]
    assert counts == sorted(counts, reverse=True)


@given(models)
def test_each_function_has_one_first_question(known):
    first, others = openings(known)
    assert sorted(question.function for question in first) == sorted({m.function for m in known if m.rows})
    assert len({*first, *others}) == len(first) + len(others)


@given(models)
def test_each_model_is_asked_something_that_it_knows(known):
    first, others = openings(known)
    assert all({*first, *others} & set(questions_of(m)) for m in known if m.rows)


def test_the_first_question_is_the_most_common():
    known = [model("a", voltage=1), model("b", voltage=2), model("c", voltage=2), model("d", function=4, voltage=9)]
    assert openings(known) == ([Question(3, 2, 1), Question(4, 9, 1)], [Question(3, 1, 1)])


def test_a_model_without_rows_is_asked_nothing():
    assert openings([model("a", voltage=0)]) == ([], [])


def test_settings_that_no_model_has_are_tried_for_all():
    known = [model("a"), model("b", PLAIN)]
    found = {each.settings: [m.name for m in each.models] for each in rounds(known, [EVEN, SLOW])}
    assert found == {EVEN: ["a"], SLOW: ["a", "b"]}


ALL = list(steps(rounds(LIBRARY, known_settings(LIBRARY)), range(1, 248)))


def test_near_addresses_come_first_at_all_settings():
    near = [step for step in ALL if step.address <= NEAR]
    assert ALL[: len(near)] == near
    quick = near[: next(n for n, step in enumerate(near) if step.timeout_s == PATIENCE_S)]
    assert {step.settings for step in quick} == set(known_settings(LIBRARY))
    assert {step.address for step in quick} == set(range(1, 17))
    assert [step.address for step in ALL[len(near) :] if step.settings == ALL[-1].settings][-1] == 247


def test_near_addresses_are_asked_again_with_patience():
    patient = {(step.settings, step.address) for step in ALL if step.timeout_s >= PATIENCE_S}
    assert patient == {(settings, address) for settings in known_settings(LIBRARY) for address in range(1, 17)}


@given(models, st.sets(st.integers(1, 247), max_size=40))
def test_no_step_comes_twice(known, addresses):
    plan = list(steps(rounds(known, known_settings(known)), addresses))
    assert len(set(plan)) == len(plan)
    assert {step.address for step in plan} == (addresses if any(m.rows for m in known) else set())


def test_a_slow_line_is_waited_for_longer():
    """The slowest that was seen in the field takes 105 ms at 2400 baud, and others less than 75 ms at 9600."""
    timeouts = {step.settings: step.timeout_s for step in steps(rounds([model("a")], [SLOW, EVEN]), [100])}
    assert timeouts[SLOW] > 0.2
    assert 0.12 < timeouts[EVEN] < 0.13


def test_a_network_is_waited_for_longer():
    searched = rounds(LIBRARY, [EVEN])
    pairs = zip(steps(searched, [1, 100]), steps(searched, [1, 100], 0.15), strict=True)
    assert {round(far.timeout_s - near.timeout_s, 6) for near, far in pairs} == {0.15}


# Words.


@pytest.mark.parametrize(
    ("text", "addresses"),
    [("1", [1]), ("1-3", [1, 2, 3]), ("5,1-2", [1, 2, 5]), ("1-2, 2-3", [1, 2, 3]), ("247", [247]), ("007", [7])],
)
def test_addresses_are_numbers_and_ranges(text, addresses):
    assert parse_addresses(text) == addresses


@given(st.lists(st.builds(LineSettings, *map(st.sampled_from, (BAUD_RATES, PARITIES, STOP_BITS))), min_size=1))
def test_settings_are_read_as_they_are_shown(settings):
    """And with a dash for the blank, in their order."""
    wanted = list(dict.fromkeys(settings))
    assert parse_settings(",".join(map(str, settings))) == wanted
    assert parse_settings(",".join(str(each).replace(" ", "-").lower() for each in settings)) == wanted


@pytest.mark.parametrize("text", ["", "0", "248", "3-1", "a", "1-", "-1", "1,,2", "1-16-20", "٣", "1.5"])
def test_wrong_addresses_are_refused_in_a_sentence(text):
    with pytest.raises(WordError, match=r"after --addresses must be from 1 to 247, for example 1-16 or 1,5,20-30\."):
        parse_addresses(text)


@pytest.mark.parametrize("text", ["", "9600", "9601-8E1", "9600-7E1", "9600-8X1", "9600-8E3", "9600-8E1,", "8E1"])
def test_wrong_settings_are_refused_in_a_sentence(text):
    with pytest.raises(WordError, match=r"after --settings must be BAUD-8PS, for example 9600-8E1: baud 1200, "):
        parse_settings(text)
