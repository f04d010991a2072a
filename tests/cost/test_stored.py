"""The points of a contract in a real InfluxDB: what becomes of them when others take their place.

| fault | test |
|---|---|
| what a tariff had before it was corrected stays for ever | test_what_should_not_be_there_goes |
| ... or only a field of it does | test_a_field_that_is_not_wanted_any_more_goes |
| another contract's, another range's or another house's points go with it | test_nothing_else_is_touched |
| what is the same is written again, and each backup has to fetch the shard | test_what_is_the_same_is_not_written |
| an interruption leaves half for ever, or nothing at all for a while | test_what_was_interrupted_is_finished |
| a component's name breaks the deletion, or deletes something else | test_any_name_of_a_component_can_go |
"""

import json
from collections.abc import Iterator

import pytest

from stack.conftest import Stack
from wattline.influxdb.errors import ServerError
from wattline.influxdb.server import Server
from wattline.reading import Point
from wattline_cost.store.stored import Change, Stored, key_of

pytestmark = [pytest.mark.chain, pytest.mark.timeout(120)]

DAY_S = 86_400
BEGIN_S = 20_000 * DAY_S
BY = "cost_by_component_1d"
# What InfluxDB, its predicates and line protocol each have a meaning for.
NAMES = ["Spesa 'per' la \"materia\"", "a\\b", "x = 1, y", "tax AND duty", "quota €/kW", "trailing\\", "%s {0} $x"]


@pytest.fixture
def influxdb(stack: Stack) -> Iterator[Server]:
    server = Server(stack.url, stack.token, "a test", "that of wattline-cost")
    yield server
    server.close()


def point(day: int, component: str = "Energy", contract: str = "house", site: str = "home", **fields: float) -> Point:
    tags = {"site": site, "contract": contract, "component": component}
    return Point(BY, tags, fields or {"cost": day + 0.125}, (BEGIN_S + day * DAY_S) * 1_000_000_000)


def have(influxdb: Server, *points: Point, days: int = 10, contract: str = "house", site: str = "home") -> Change:
    return Stored(influxdb, site, contract).replace([BY], BEGIN_S, BEGIN_S + days * DAY_S, points)


def there(influxdb: Server, contract: str = "house", site: str = "home") -> dict[object, dict[str, float]]:
    return Stored(influxdb, site, contract).points([BY], 0, BEGIN_S + 100 * DAY_S)


def as_stored(*points: Point) -> dict[object, object]:
    return {key_of(each): dict(each.fields) for each in points}


def test_what_should_not_be_there_goes(influxdb: Server) -> None:
    """A whole component, and one that holds for some of the days, at the end and in the middle."""
    old = [point(day, name) for day in range(10) for name in ("Energy", "Tax", "Old tax")]
    assert have(influxdb, *old) == Change(30, 0)
    new = [point(day, "Energy") for day in range(10)] + [point(day, "Tax") for day in (0, 1, 5, 6)]
    assert have(influxdb, *new) == Change(0, 16)
    assert there(influxdb) == as_stored(*new)


def test_a_field_that_is_not_wanted_any_more_goes(influxdb: Server) -> None:
    have(influxdb, point(3, cost=1.5, energy_kwh=2.0), point(4, cost=1.5, energy_kwh=2.0))
    new = [point(3, cost=1.5), point(4, cost=1.5, energy_kwh=2.0)]
    assert have(influxdb, *new) == Change(1, 0)
    assert there(influxdb) == as_stored(*new)


def test_nothing_else_is_touched(influxdb: Server) -> None:
    others = [point(3, contract="garage"), point(3, site="seaside"), point(-1), point(10), point(99)]
    have(influxdb, others[0], contract="garage")
    have(influxdb, others[1], site="seaside")
    Stored(influxdb, "home", "house").replace([BY], BEGIN_S - DAY_S, BEGIN_S + 100 * DAY_S, [*others[2:], point(3)])
    assert have(influxdb) == Change(0, 1)
    assert there(influxdb) == as_stored(*others[2:])
    assert there(influxdb, contract="garage") == as_stored(others[0])
    assert there(influxdb, site="seaside") == as_stored(others[1])


def test_what_is_the_same_is_not_written(influxdb: Server) -> None:
    points = [point(day, cost=day / 3, energy_kwh=round(day / 7, 6)) for day in range(10)]
    assert have(influxdb, *points) == Change(10, 0)
    assert have(influxdb, *points) == Change(0, 0)
    assert have(influxdb, *points[:9], point(9, cost=1.0, energy_kwh=2.0)) == Change(1, 0)


@pytest.mark.parametrize("at", ["write", "delete"])
def test_what_was_interrupted_is_finished(influxdb: Server, monkeypatch: pytest.MonkeyPatch, at: str) -> None:
    """And at no time is there nothing."""
    old, new = [point(day, "Old") for day in range(3)], [point(day, "New") for day in range(3)]
    have(influxdb, *old)

    def broken(*_: object) -> None:
        raise ServerError("The plug was pulled.")

    with monkeypatch.context() as broke:
        broke.setattr(Stored, f"_{at}", broken) if at == "write" else broke.setattr(Server, "ask", asking(Server.ask))
        with pytest.raises(ServerError):
            have(influxdb, *new)
    assert there(influxdb) == (as_stored(*old) if at == "write" else as_stored(*old, *new))
    have(influxdb, *new)
    assert there(influxdb) == as_stored(*new)


def asking(ask: object) -> object:
    """All but a deletion."""

    def asked(self: Server, method: str, path: str, document: object = None) -> object:
        if "/delete" in path:
            raise ServerError("The plug was pulled.")
        return ask(self, method, path, document)  # type: ignore[operator]  # a method that was taken aside

    return asked


@pytest.mark.parametrize("name", NAMES, ids=json.dumps)
def test_any_name_of_a_component_can_go(influxdb: Server, name: str) -> None:
    have(influxdb, point(1, name), point(2, name), point(1, "Energy"))
    assert have(influxdb, point(1, "Energy")) == Change(0, 2)
    assert there(influxdb) == as_stored(point(1, "Energy"))
