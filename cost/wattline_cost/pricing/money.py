"""``wattline_cost.money`` by the name that ``store/`` still calls it by."""

from wattline_cost.money import NOTHING, energy_amount, kwh, rounded, total

__all__ = ["NOTHING", "energy_amount", "kwh", "rounded", "total"]
