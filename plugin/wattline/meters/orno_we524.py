"""ORNO OR-WE-524: of the family of the OR-WE-526 and read with the same register table."""

from wattline.meters import orno_we526

MODEL = orno_we526.MODEL.named("orno-we524", "ORNO OR-WE-524")
