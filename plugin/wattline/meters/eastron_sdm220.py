"""Eastron SDM220: the register table of the SDM230, as volkszaehler/mbmd and evcc read both."""

from wattline.meters import eastron_sdm230

MODEL = eastron_sdm230.MODEL.named("eastron-sdm220", "Eastron SDM220")
