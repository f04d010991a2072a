"""Tariff files for tests: the smallest that is one, and what is put in its places."""

from pathlib import Path

from wattline_cost.tariff.file import parse_contract
from wattline_cost.tariff.model import Contract

TOP = 'currency = "EUR"\ntimezone = "Europe/Rome"\n'
VERSION = "[[version]]\nfrom = 2026-01-01\n"
ENERGY = '[[version.component]]\nname = "Energy"\nper = "kWh"\nprice = 0.15\n'
BY_BAND = '[[version.component]]\nname = "Energy"\nper = "kWh"\nprices = { F1 = 0.15, F23 = 0.13 }\n'
TWO_BANDS = 'rule = [{ band = "F23" }, { band = "F1", days = "Mon-Fri", hours = "08:00-19:00" }]\n'


def contract(content: str, path: str = "house.toml") -> Contract:
    """The contract of a file that says ``content``."""
    return parse_contract(Path(path), content)
