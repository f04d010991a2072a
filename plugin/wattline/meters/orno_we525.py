"""ORNO OR-WE-525: the OR-WE-526 with a single tariff; its tariff 1 is the total, the others stay at zero."""

from wattline.meters import orno_we526

MODEL = orno_we526.MODEL.named("orno-we525", "ORNO OR-WE-525")
