"""Today's cost for Home Assistant: handed to `wattline mqtt` in the way in which Telegraf hands it readings."""

import json
from collections.abc import Iterable

import urllib3

from wattline.costs import TODAY
from wattline.errors import WattlineError
from wattline_cost.errors import CostError
from wattline_cost.store.work import Result

WITHIN_S = 15.0


def publish(url: str, site: str, results: Iterable[Result], faults: list[WattlineError]) -> None:
    """Hand over what each contract costs today; what fails is added to ``faults``, and is made up for by the next run.

    Args:
        url: where the publisher listens.
        site: the tag of the points.
        results: of the contracts.
        faults: what fails is added to them.
    """
    metrics = [
        {
            "name": TODAY,
            "tags": {
                "site": site,
                "contract": each.contract.name,
                "direction": each.contract.direction.value,
                "currency": each.contract.currency,
            },
            "fields": {"cost": each.today.cost, "energy_kwh": each.today.energy_kwh},
            # The day's begin, with which the total began anew.
            "timestamp": each.today.start_s,
        }
        for each in results
        if each.today
    ]
    if not metrics:
        return
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
        faults.append(CostError(f"Today's cost was not published: `wattline mqtt` does not answer at {url} ({error})."))
        return
    if answer.status >= 300:
        faults.append(
            CostError(
                f"Today's cost was not published: `wattline mqtt` at {url} answered {answer.status}; its log says why."
            )
        )
