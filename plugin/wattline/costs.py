"""The vocabulary of what electricity costs: every measurement, tag and field of the bucket `cost`, named once.

They are written by wattline-cost, out of quarter-hours and a household's contracts. A point bears the instant at which its
quarter-hour, its day or its month begins; days and months are those of the contract's calendar. Each sum stands once: no
measurement has a whole and its parts.
"""

from wattline.fields import Field

BUCKET = "cost"

QUARTER_HOURS = "cost_15m"
DAYS, MONTHS = "cost_1d", "cost_1mo"
COMPONENT_DAYS, COMPONENT_MONTHS = "cost_by_component_1d", "cost_by_component_1mo"
BAND_DAYS, BAND_MONTHS = "cost_by_band_1d", "cost_by_band_1mo"
# What the publisher is told, which is in no bucket.
TODAY = "cost_today"

ALL_BANDS = "all"
"""The band of what is priced without bands."""

_CONTRACT = {
    "site": "That of the meters.",
    "contract": "The name of the contract.",
    "direction": "`import`, or `export`: what is given to the grid, and its cost an income.",
    "currency": "Three letters.",
}
_BAND = {"band": f"The band of the contract's rules; `{ALL_BANDS}` where no price has bands."}
_COMPONENT = {
    "component": "The name of the component.",
    "kind": "`energy`, `fixed` or `tax`.",
}

COST_TAGS: dict[str, dict[str, str]] = {
    QUARTER_HOURS: _CONTRACT | _BAND,
    DAYS: _CONTRACT,
    MONTHS: _CONTRACT,
    COMPONENT_DAYS: _CONTRACT | _COMPONENT,
    COMPONENT_MONTHS: _CONTRACT | _COMPONENT,
    BAND_DAYS: _CONTRACT | _BAND,
    BAND_MONTHS: _CONTRACT | _BAND,
}
"""Measurement to tag to its meaning."""

MONEY_DECIMALS = 9
"""Of what is stored: a charge for a month or a year is shared among its days in billionths. A bill has those of its contract."""


def _money(name: str, meaning: str) -> Field:
    return Field(name, "currency", "gauge", MONEY_DECIMALS, meaning)


def _energy(name: str, meaning: str) -> Field:
    return Field(name, "kWh", "gauge", 6, meaning)


_OWN: tuple[tuple[Field, tuple[str, ...]], ...] = (
    (_energy("energy_kwh", "What was metered."), tuple(COST_TAGS)),
    (_money("cost", "What it costs, as far as that is known, not rounded as a bill rounds."), (*COST_TAGS,)),
    (
        _money(
            "price_per_kwh", "What one kilowatt-hour more costs, taxes included; known of coming quarter-hours too."
        ),
        (QUARTER_HOURS,),
    ),
    (
        Field(
            "is_estimated",
            "",
            "gauge",
            0,
            "1 where the meter was not read, so that when the energy flowed is estimated; else 0.",
        ),
        (QUARTER_HOURS,),
    ),
    (
        _money("energy_cost", "Of `cost` what the energy costs, taxes on it included; the rest is paid in any case."),
        (DAYS, MONTHS),
    ),
    (_energy("estimated_kwh", "How much of the energy is estimated."), (DAYS, MONTHS)),
    (
        _energy("unpriced_kwh", "Of how much of the energy a part of the price is not known; that part is in no cost."),
        (DAYS, MONTHS, BAND_DAYS, BAND_MONTHS),
    ),
    (_money("budget", "What the month should cost at most, as the contract says."), (MONTHS,)),
    (
        Field(
            "end_days",
            "d",
            "gauge",
            6,
            "Up to when the month is owed, in days since its begin: to its end, or that of the contract within it.",
        ),
        (MONTHS,),
    ),
    (
        Field("readings", "", "gauge", 0, "How many readings `energy_1d` had of the day when it was priced."),
        (DAYS,),
    ),
    (
        _energy(
            "metered_kwh", "How much energy `energy_1d` had of it then: where that differs now, it is priced anew."
        ),
        (DAYS,),
    ),
)

COST_FIELDS: dict[str, dict[str, Field]] = {
    measurement: {field.name: field for field, measurements in _OWN if measurement in measurements}
    for measurement in COST_TAGS
}
"""Measurement to name to field."""
