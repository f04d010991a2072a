"""Peacefair PZEM-004T v3: the PZEM-016 with a TTL interface instead of RS485; the versions before v3 speak no Modbus."""

from wattline.meters import peacefair_pzem016

MODEL = peacefair_pzem016.MODEL.named("peacefair-pzem004t", "Peacefair PZEM-004T v3")
