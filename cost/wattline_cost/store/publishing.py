"""Today's cost for Home Assistant: handed to `wattline mqtt` in the way in which Telegraf hands it readings.

Home Assistant adds up by how much a total rises within a day, told by its ``last_reset``, and takes each new day's for a rise from
nothing. So its sum has a day whole only where the day's last total comes before the next day's first. That is why it is kept of
which day each contract was told last: that day's end, and the days in which nothing was told, come before today's.
"""

import json
import time
from collections.abc import Callable, Iterable, Sequence
from http import HTTPStatus
from pathlib import Path

import urllib3

from wattline import costs
from wattline.influxdb.server import Server
from wattline_cost.local_days import day_of, day_stop_s
from wattline_cost.store.ledger import Day
from wattline_cost.store.stored import Stored
from wattline_cost.store.work import Result
from wattline_cost.tariff.model import Contract

WITHIN_S = 15.0
NAME = "published.json"
# What was longer ago would be a spike in Home Assistant that says nothing to anybody.
LONGEST_S = 31 * 86_400

Days = Callable[[Contract, int, int], Sequence[Day]]
"""The days of a contract that begin from one second on and before another, as they are stored, in order."""


class Publisher:
    """Tells what each contract costs today.

    Args:
        url: where `wattline mqtt` listens.
        site: the tag of the points.
        folder: in which ``published.json`` is kept; to lose it is to lose what passed since the last message of the day before.
        days: those that are stored.
        now_s: seconds since 1970; now unless given.
    """

    def __init__(self, url: str, site: str, folder: Path, days: Days, now_s: int | None = None) -> None:
        self._url, self._site, self._path, self._days = url, site, folder / NAME, days
        self._now_s = int(time.time()) if now_s is None else now_s

    def publish(self, results: Iterable[Result]) -> str:
        """Hand over what is to be told; returns why it was not, which the next run makes up for, or nothing.

        Two at once would tell the end of a day twice: who calls it holds the memory alone.

        Raises:
            ServerError: InfluxDB does not answer.
        """
        told = self._told()
        untold = {each.contract.name: (each, self._untold(each, told.get(each.contract.name))) for each in results}
        metrics = [_metric(self._site, each.contract, day) for each, days in untold.values() for day in days]
        if metrics and (why := self._hand_over(metrics)):
            return f"Today's cost is not published: {why}"
        now_told = {name: _now_told(each, days, told.get(name)) for name, (each, days) in untold.items()}
        return self._keep({name: start_s for name, start_s in (told | now_told).items() if start_s is not None}, told)

    def _untold(self, result: Result, told_s: int | None) -> list[Day]:
        """The days that are to be told of a contract: that of which was told last, the begin of which is given, and what followed."""
        contract, today = result.contract, result.today
        if today is None:
            # Of one that has ended the last day still wants its end.
            stop = contract.versions[-1].stop
            has_ended = stop is not None and stop.timestamp() <= self._now_s
            if told_s is None or not told_s < self._now_s or not has_ended:
                return []
            return list(self._days(contract, told_s, self._now_s))
        if told_s is None or told_s == today.start_s:
            return [today]
        if told_s > today.start_s:
            # By a clock that was ahead, and before it of today too: Home Assistant would add it once more.
            return []
        return [*self._days(contract, max(told_s, today.start_s - LONGEST_S), today.start_s), today]

    def _hand_over(self, metrics: Sequence[dict[str, object]]) -> str:
        """Returns why it was not possible, or nothing."""
        if not self._url.startswith(("http://", "https://")):
            return f"WATTLINE_COST_PUBLISHER is {self._url!r}, and should be an address such as http://127.0.0.1:8193/."
        try:
            answer = urllib3.request(
                "POST",
                self._url,
                body=json.dumps({"metrics": metrics}).encode(),
                headers={"Content-Type": "application/json"},
                timeout=WITHIN_S,
                retries=False,
            )
        except (urllib3.exceptions.HTTPError, ValueError) as error:
            return f"`wattline mqtt` does not answer at {self._url} ({error})."
        if answer.status >= HTTPStatus.MULTIPLE_CHOICES:
            return f"`wattline mqtt` at {self._url} answered {answer.status}, and its log says why."
        return ""

    def _told(self) -> dict[str, int]:
        """The begin of the day that was told last, by the names of contracts."""
        try:
            return {str(name): int(start_s) for name, start_s in json.loads(self._path.read_bytes()).items()}
        except (OSError, ValueError, TypeError, AttributeError):
            # Not there yet, or cut off by a power cut.
            return {}

    def _keep(self, told: dict[str, int], before: dict[str, int]) -> str:
        """Returns why it was not possible, or nothing."""
        if told == before:
            return ""
        fresh = self._path.with_suffix(".new")
        try:
            fresh.write_text(json.dumps(told))
            fresh.replace(self._path)
        except OSError as error:
            return f"{self._path} cannot be written ({error.strerror}); it says which day Home Assistant was told last."
        return ""


def stored_days(server: Server, site: str, contract: Contract, start_s: int, stop_s: int) -> list[Day]:
    """As ``Days``, out of InfluxDB.

    Raises:
        ServerError: InfluxDB does not answer.
    """
    found = Stored(server, site, contract.name).points([costs.DAYS], start_s, stop_s)
    return [
        Day(second, fields["cost"], fields["energy_kwh"])
        for (_, _, second), fields in sorted(found.items(), key=lambda each: each[0][2])
    ]


def _now_told(result: Result, days: Sequence[Day], told_s: int | None) -> int | None:
    """The begin of the day of which is kept that it was told last, once ``days`` were told; None: nothing is.

    Behind a clock that was ahead that is tomorrow, so that it goes on then, and not when the day comes that the clock told.
    """
    if days:
        return days[-1].start_s if result.today is not None else None
    if result.today is None or told_s is None:
        return told_s
    zone = result.contract.zone
    return min(told_s, day_stop_s(day_of(result.today.start_s, zone), zone))


def _metric(site: str, contract: Contract, day: Day) -> dict[str, object]:
    """As Telegraf writes one."""
    tags = {
        "site": site,
        "contract": contract.name,
        "direction": contract.direction.value,
        "currency": contract.currency,
    }
    fields = {"cost": day.cost, "energy_kwh": day.energy_kwh}
    # The day's begin, at which the total began anew.
    return {"name": costs.TODAY, "tags": tags, "fields": fields, "timestamp": day.start_s}
