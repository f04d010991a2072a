"""A run: its name, its id, and when it is told.

| fault | test |
|---|---|
| a run is told twice, or with another second than that of the start | test_a_run_is_told_once_with_the_second_of_the_start |
| it waits for ever for the name of a meter | test_a_meter_that_does_not_tell_its_name_is_not_waited_for_longer |
| a run that is called after a meter has no name for ever, as that told its own late | test_a_run_that_is_called_after_a_meter_is_told_again_when_its_address_is_known |
| two runs have one id | test_no_two_runs_have_one_id |
| tags come unasked, or on what is no reading | test_readings_carry_the_run_where_that_is_asked_for |
| the name of the machine is no name | test_the_machine_has_a_name |
| somebody is asked who is not there, or not asked who is | test_only_somebody_on_a_terminal_is_asked |
"""

import io
import re
import uuid

import pytest

from wattline import fields, runs
from wattline.clock import Slot
from wattline.errors import WordError
from wattline.line import to_line
from wattline.reading import Point
from wattline.runs import Run, run_name

NS = 1_000_000_000
START_S = 1_900_000_000


class Source:
    """A source whose meter tells its name when it is told to."""

    def __init__(self, meter_id: str | None = "") -> None:
        self.known = meter_id

    def meter_id(self) -> str | None:
        return self.known


def slot(second: int) -> Slot:
    return Slot((START_S + second) * NS, 50.0 + second, 51.0 + second)


def reading(second: int, measurement: str = fields.ELECTRICITY) -> Point:
    return Point(measurement, {"meter": "grid"}, {"power_w": 1.0}, (START_S + second) * NS)


def test_a_run_is_told_once_with_the_second_of_the_start(parsed) -> None:
    run, source = Run("winter", "/dev/ttyUSB0"), Source(None)

    assert run.through(slot(0), [reading(0)], source) == [reading(0)]
    source.known = "0x00135003000a1b2c"
    told, given = run.through(slot(7), [reading(7)], source)
    assert given == reading(7)
    assert (told.measurement, told.tags, told.time_ns) == ("run_info", {"port": "/dev/ttyUSB0"}, START_S * NS)
    assert told.fields == {"name": "winter", "id": run.id, "meter_id": "0x00135003000a1b2c"}
    assert run.through(slot(8), [], source) == []
    parsed(to_line(told))


def test_a_meter_without_a_name_of_its_own_is_not_waited_for() -> None:
    (told,) = Run("winter", "p").through(slot(0), [], Source(""))

    assert told.fields.keys() == {"name", "id"}


def test_a_meter_that_does_not_tell_its_name_is_not_waited_for_longer() -> None:
    run, source = Run("", "p"), Source(None)

    assert [bool(run.through(slot(second), [], source)) for second in (0, 29, 30, 31)] == [False, False, True, False]


def test_a_run_that_is_called_after_a_meter_is_told_again_when_its_address_is_known() -> None:
    """With the second of the start, so that it takes the place of what was told without."""
    run, source = Run("", "p"), Source(None)
    assert run.through(slot(0), [], source) == []
    (nameless,) = run.through(slot(30), [], source)
    for second in range(31, 40):
        assert run.through(slot(second), [], source) == []
    source.known = "0x00135003000a1b2c"
    (told,) = run.through(slot(40), [], source)

    assert nameless.fields == {"id": run.id}
    assert told.fields == {"name": source.known, "id": run.id, "meter_id": source.known}
    assert told.time_ns == nameless.time_ns == START_S * NS
    assert run.through(slot(41), [], source) == []


def test_no_two_runs_have_one_id() -> None:
    ids = {Run("a", "p").id for _ in range(100)}

    assert len(ids) == 100
    assert {uuid.UUID(each).version for each in ids} == {4}


def test_readings_carry_the_run_where_that_is_asked_for() -> None:
    run, source = Run("winter", "p", tags=True), Source("")
    _, power, health = run.through(slot(0), [reading(0), reading(0, fields.METER_HEALTH)], source)

    assert power.tags == {"meter": "grid", "run": "winter", "run_id": run.id}
    assert health.tags == {"meter": "grid"}
    assert Run("winter", "p").through(slot(0), [reading(0)], source)[1] == reading(0)


def test_the_machine_has_a_name() -> None:
    assert re.fullmatch("[0-9a-f]{12}", run_name("host-mac"))
    assert run_name("meter-mac") == ""
    assert run_name(" winter 1 ") == "winter 1"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_only_somebody_on_a_terminal_is_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(runs.sys, "stdin", Terminal("winter\n"))
    assert run_name("ask") == "winter"
    assert capsys.readouterr().err == "Name of the run: "
    monkeypatch.setattr(runs.sys, "stdin", io.StringIO("winter\n"))
    with pytest.raises(WordError, match="this is no terminal"):
        run_name("ask")
