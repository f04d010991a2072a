"""ORNO OR-WE-517: the OR-WE-516 with a clock and a tariff switch; both answer to one register table."""

from wattline.meters import orno_we516

MODEL = orno_we516.MODEL.named("orno-we517", "ORNO OR-WE-517")
