"""The benchmark of the export measures what it says.

| fault | test |
|---|---|
| a day that is moved has other values, or other stamps | test_a_day_is_moved_as_a_whole |
| the ways ask for different times | test_all_ways_ask_for_the_same_time |
| a way is told of that is not installed | test_what_is_not_installed_is_no_way |
"""

import pytest

from bench import export


def test_a_day_is_moved_as_a_whole() -> None:
    lines = ["electricity,meter=house power_w=5 100", "electricity,meter=house power_w=6,voltage_v=230 101"]
    assert list(export.moved(lines, 86_400)) == [
        "electricity,meter=house power_w=5 86500",
        "electricity,meter=house power_w=6,voltage_v=230 86501",
    ]


def test_all_ways_ask_for_the_same_time() -> None:
    for way in export.ways("influx", 31):
        said = " ".join(way.words)
        assert "2026-05-12T22:00:00Z" in said, way.name
        assert "2026-06-12T22:00:00Z" in said, way.name


def test_what_is_not_installed_is_no_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "FRAME_NEEDS", ("no_such_module",))
    assert not any("pandas" in way.name for way in export.ways("influx", 1))
    monkeypatch.setattr(export, "FRAME_NEEDS", ("sys",))
    assert sum("pandas" in way.name for way in export.ways("influx", 1)) == 1
