"""ORNO OR-WE-514: the OR-WE-515 without its tariff switch; the maker documents both in one register table."""

from wattline.meters import orno_we515

MODEL = orno_we515.MODEL.named("orno-we514", "ORNO OR-WE-514")
