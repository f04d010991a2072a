"""Home Assistant's own sum of what it is told is what was owed, whatever happens around midnight.

Each quarter of an hour owes 0.01. `HomeAssistant` adds up as that program's recorder does (``components/sensor/recorder.py``): a
new ``last_reset`` begins a cycle at nothing, and the first total of all is its zero point.

| fault | test |
|---|---|
| what passed between the last message of a day and its end is in no sum | test_the_sum_is_what_was_owed |
| ... where a run was missed, the publisher was away, or the Pi was off for days | the same |
| a day is told twice, and added twice | the same, test_two_contracts_each_have_their_own_days |
| the last day of a contract that has ended | test_the_last_day_of_a_contract_has_its_end |
| what is kept is lost or torn | test_what_is_kept_may_be_lost |
| ... or since the clock was behind, or ahead | test_no_day_is_told_twice_by_a_wrong_clock |
| a clock that was ahead stops the totals for as long | test_behind_a_clock_that_was_ahead_it_goes_on_tomorrow |
| ... or asks InfluxDB for days that end before they begin | test_the_end_of_a_contract_waits_for_a_clock_that_was_ahead |
| months that nobody told come at once | test_what_was_long_ago_is_not_told |
| a publisher that is away, or an address that is none, ends in a riddle | test_why_it_was_not_published_is_a_sentence |
| the days of InfluxDB are others | test_midnight_on_a_real_influxdb |
"""

import json
import threading
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest

from cost.priced_house import DAY_S, FLAT, QUARTER_S, ROME, House, midnight
from cost.test_work import BEGIN, house
from wattline.mqtt.discovery import Topics
from wattline.mqtt.intake import Intake
from wattline.mqtt.relay import Manner, NotDeliveredError, Relay
from wattline_cost.local_days import day_of
from wattline_cost.store.ledger import Day
from wattline_cost.store.publishing import Publisher, stored_days
from wattline_cost.store.work import Result
from wattline_cost.tariff.file import parse_contract
from wattline_cost.tariff.model import Contract

__all__ = ["house"]

CENT = 0.01
CONTRACT = parse_contract(Path("house.toml"), FLAT)
# The 10th of March at 23:48 is three minutes behind its last quarter-hour but one.
EVENING = BEGIN + DAY_S - 12 * 60


class HomeAssistant:
    """Listens to `wattline mqtt`, and adds up."""

    def __init__(self) -> None:
        self.is_away = False
        self.sum = 0.0
        self.days: list[str] = []
        self._state: float | None = None
        self._last_reset = ""

    def say(self, topic: str, text: str, **_: object) -> None:
        """A message that comes when it comes."""
        if topic == "wattline/contract/house/state":
            self._hear(**json.loads(text))

    def deliver(self, messages: Sequence[tuple[str, str]], _within_s: float) -> None:
        """Messages that are waited for."""
        if self.is_away:
            raise NotDeliveredError("The broker is away.")
        for topic, text in messages:
            self.say(topic, text)

    def _hear(self, cost: float, last_reset: str, **_: object) -> None:
        if self._state is None:
            self._state = cost
        begun = self._state if last_reset == self._last_reset or not self._last_reset else 0.0
        self.sum += cost - begun
        self._state = cost
        if last_reset != self._last_reset:
            self.days.append(last_reset[:10])
        self._last_reset = last_reset


@pytest.fixture
def assistant() -> HomeAssistant:
    return HomeAssistant()


@pytest.fixture
def url(assistant: HomeAssistant) -> Iterator[str]:
    """Where a publisher listens."""
    with Intake("127.0.0.1", 0, Relay(assistant, Manner(Topics("wattline"))).take) as intake:
        thread = threading.Thread(target=intake.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{intake.server_port}/"
        intake.shutdown()
        thread.join()


def owed(now_s: int) -> Day:
    """The day under way at a moment, up to the last whole quarter of an hour."""
    start_s = midnight(day_of(now_s, ROME))
    quarters = (now_s - start_s) // QUARTER_S
    return Day(start_s, quarters * CENT, quarters / 4)


def stored(_contract: Contract, start_s: int, stop_s: int) -> list[Day]:
    """Whole days, as all before today are."""
    return [Day(second, 96 * CENT, 24.0) for second in range(start_s, stop_s, DAY_S)]


def run(url: str, folder: Path, now_s: int, *contracts: Contract) -> str:
    results = [Result(contract, today=owed(now_s)) for contract in contracts or [CONTRACT]]
    return Publisher(url, "home", folder, stored, now_s).publish(results)


QUARTERS = [number * QUARTER_S for number in range(-4, 8)]


@pytest.mark.parametrize(
    ("runs_s", "away_s"),
    [
        (QUARTERS, ()),
        # The runs before and after midnight did not take place; the last before it three hours ago.
        ([-12 * QUARTER_S, 2 * QUARTER_S, 3 * QUARTER_S], ()),
        # `wattline mqtt` had no broker over midnight.
        (QUARTERS, range(-2 * QUARTER_S, 5 * QUARTER_S)),
        # The Pi was off for three midnights, and again for one.
        ([0, 2 * DAY_S + 3 * QUARTER_S, 2 * DAY_S + 4 * QUARTER_S, 3 * DAY_S + 4 * QUARTER_S], ()),
    ],
    ids=["each quarter of an hour", "missed runs", "no broker", "off"],
)
def test_the_sum_is_what_was_owed(
    url: str, assistant: HomeAssistant, tmp_path: Path, runs_s: Sequence[int], away_s: Sequence[int]
) -> None:
    """From the first message on to the last."""
    for second in runs_s:
        assistant.is_away = second in away_s
        assert (run(url, tmp_path, EVENING + second) == "") is not assistant.is_away
    passed_s = (EVENING + runs_s[-1]) // QUARTER_S - (EVENING + runs_s[0]) // QUARTER_S
    assert assistant.sum == pytest.approx(passed_s * CENT)
    assert assistant.days == sorted(set(assistant.days)), "each day once"


def test_two_contracts_each_have_their_own_days(url: str, assistant: HomeAssistant, tmp_path: Path) -> None:
    """One of them could not be priced at midnight."""
    garage = parse_contract(Path("garage.toml"), FLAT)
    run(url, tmp_path, EVENING, CONTRACT, garage)
    run(url, tmp_path, EVENING + QUARTER_S, garage)
    run(url, tmp_path, EVENING + 2 * QUARTER_S, CONTRACT, garage)
    assert assistant.sum == pytest.approx(2 * CENT)
    kept = json.loads((tmp_path / "published.json").read_text())
    assert kept == {"house": BEGIN + DAY_S, "garage": BEGIN + DAY_S}


def test_the_last_day_of_a_contract_has_its_end(url: str, assistant: HomeAssistant, tmp_path: Path) -> None:
    """It ends at midnight: from then on there is no today."""
    contract = parse_contract(
        Path("house.toml"), FLAT.replace("from = 2026-01-01", "from = 2026-01-01\nto = 2026-03-11")
    )
    run(url, tmp_path, EVENING, contract)
    asked: list[int] = []

    def days(of: Contract, start_s: int, stop_s: int) -> list[Day]:
        asked.append(start_s)
        return stored(of, start_s, min(stop_s, BEGIN + DAY_S))

    for second in (1, 2, 3):
        later = Publisher(url, "home", tmp_path, days, EVENING + second * QUARTER_S)
        assert later.publish([Result(contract)]) == ""
    assert assistant.sum == pytest.approx(CENT)
    assert asked == [BEGIN], "once is enough"


@pytest.mark.parametrize("content", [None, "{", "[]", '{"house": "x"}'])
def test_what_is_kept_may_be_lost(url: str, assistant: HomeAssistant, tmp_path: Path, content: str | None) -> None:
    """Then the last quarter of an hour of a day is missing, and no more."""
    run(url, tmp_path, EVENING)
    kept = tmp_path / "published.json"
    kept.unlink() if content is None else kept.write_text(content)
    for second in (1, 2):
        assert run(url, tmp_path, EVENING + second * QUARTER_S) == ""
    assert assistant.sum == pytest.approx(CENT)


NOON = BEGIN + DAY_S // 2


@pytest.mark.parametrize(
    "runs_s",
    [
        [NOON, NOON + DAY_S, NOON + QUARTER_S, EVENING, NOON + DAY_S, NOON + DAY_S + QUARTER_S],
        [EVENING, EVENING + 5 * QUARTER_S, NOON, NOON + QUARTER_S, EVENING + 6 * QUARTER_S],
    ],
    ids=["ahead", "behind"],
)
def test_no_day_is_told_twice_by_a_wrong_clock(
    url: str, assistant: HomeAssistant, tmp_path: Path, runs_s: Sequence[int]
) -> None:
    for second in runs_s:
        assert run(url, tmp_path, second) == ""
    assert assistant.days == ["2026-03-09", "2026-03-10"]
    assert assistant.sum == pytest.approx((runs_s[-1] // QUARTER_S - runs_s[0] // QUARTER_S) * CENT)


def test_behind_a_clock_that_was_ahead_it_goes_on_tomorrow(url: str, assistant: HomeAssistant, tmp_path: Path) -> None:
    run(url, tmp_path, EVENING + 8 * DAY_S)
    run(url, tmp_path, EVENING)
    assert assistant.days == ["2026-03-17"]
    for number in (1, 2, 3):
        run(url, tmp_path, EVENING + number * QUARTER_S)
    assert assistant.days == ["2026-03-17", "2026-03-10"]
    assert json.loads((tmp_path / "published.json").read_text()) == {"house": BEGIN + DAY_S}


def test_the_end_of_a_contract_waits_for_a_clock_that_was_ahead(url: str, tmp_path: Path) -> None:
    run(url, tmp_path, EVENING)
    ended = parse_contract(Path("house.toml"), FLAT.replace("from = 2026-01-01", "from = 2026-01-01\nto = 2026-03-08"))
    asked: list[int] = []

    def days(_contract: Contract, start_s: int, _stop_s: int) -> list[Day]:
        asked.append(start_s)
        return []

    assert Publisher(url, "home", tmp_path, days, BEGIN - DAY_S).publish([Result(ended)]) == ""
    assert asked == []


def test_what_was_long_ago_is_not_told(url: str, assistant: HomeAssistant, tmp_path: Path) -> None:
    run(url, tmp_path, EVENING - 400 * DAY_S)
    run(url, tmp_path, EVENING)
    assert len(assistant.days) == 33


@pytest.mark.parametrize(
    ("address", "why"),
    [
        *(
            (odd, f"WATTLINE_COST_PUBLISHER is '{odd}', and should be an address such as http://127.0.0.1:8193/.")
            for odd in ("127.0.0.1:8193", "localhost:8193/", "/run/mqtt")
        ),
        # Nobody listens on the port of discard.
        ("http://127.0.0.1:9/", "`wattline mqtt` does not answer at http://127.0.0.1:9/ ("),
    ],
)
def test_why_it_was_not_published_is_a_sentence(tmp_path: Path, address: str, why: str) -> None:
    assert run(address, tmp_path, EVENING).startswith(f"Today's cost is not published: {why}")


@pytest.mark.chain
@pytest.mark.timeout(120)
def test_midnight_on_a_real_influxdb(house: House, url: str, assistant: HomeAssistant, tmp_path: Path) -> None:
    """0.25 kWh each quarter of an hour at 0.04. Runs at 22:03, 23:48, 00:03, and in the third night, in which the Pi comes back."""
    house.contract(FLAT.replace("0.30", "0.04"))
    server = house.chosen.server()
    off = range(BEGIN + DAY_S + 2 * QUARTER_S, BEGIN + 3 * DAY_S - 4 * QUARTER_S, QUARTER_S)
    for second in (-7 * QUARTER_S, 0, QUARTER_S, 2 * DAY_S + 3 * QUARTER_S):
        now_s = EVENING + second
        house.read(BEGIN - 3 * DAY_S, now_s // QUARTER_S * QUARTER_S, but=off)
        results = house.update(now_s)
        assert house.faults == []
        publisher = Publisher(url, "home", house.chosen.state, partial(stored_days, server, "home"), now_s)
        assert publisher.publish(results) == ""
    server.close()
    assert assistant.days == ["2026-03-09", "2026-03-10", "2026-03-11", "2026-03-12"]
    assert assistant.sum == pytest.approx((2 * DAY_S // QUARTER_S + 10) * CENT, abs=1e-6)
