"""Today's cost for Home Assistant: handed to `wattline mqtt` in the way in which Telegraf hands it readings."""

import json
from collections.abc import Iterable
from http import HTTPStatus

import urllib3

from wattline.costs import TODAY
from wattline_cost.store.account import Day
from wattline_cost.store.work import Result
from wattline_cost.tariff.model import Contract

WITHIN_S = 15.0


def publish(url: str, site: str, results: Iterable[Result]) -> str:
    """Hand over what each contract costs today; returns why it was not, which the next run makes up for, or nothing.

    Args:
        url: where the publisher listens.
        site: the tag of the points.
        results: of the contracts.
    """
    metrics = [_metric(site, each.contract, each.today) for each in results if each.today]
    if not metrics:
        return ""
    if not url.startswith(("http://", "https://")):
        return (
            f"Today's cost is not published: WATTLINE_COST_PUBLISHER is {url!r}, and should be an address such as "
            "http://127.0.0.1:8193/."
        )
    try:
        answer = urllib3.request(
            "POST",
            url,
            body=json.dumps({"metrics": metrics}).encode(),
            headers={"Content-Type": "application/json"},
            timeout=WITHIN_S,
            retries=False,
        )
    except (urllib3.exceptions.HTTPError, ValueError) as error:
        return f"Today's cost is not published: `wattline mqtt` does not answer at {url} ({error})."
    if answer.status >= HTTPStatus.MULTIPLE_CHOICES:
        return (
            f"Today's cost is not published: `wattline mqtt` at {url} answered {answer.status}, and its log says why."
        )
    return ""


def _metric(site: str, contract: Contract, today: Day) -> dict[str, object]:
    """As Telegraf writes one."""
    tags = {
        "site": site,
        "contract": contract.name,
        "direction": contract.direction.value,
        "currency": contract.currency,
    }
    fields = {"cost": today.cost, "energy_kwh": today.energy_kwh}
    # The day's begin, at which the total began anew.
    return {"name": TODAY, "tags": tags, "fields": fields, "timestamp": today.start_s}
