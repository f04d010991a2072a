"""Socomec Countis E33: the Countis E43 for 100 A without transformers; Socomec gives both the same table."""

from wattline.meters import socomec_countis_e43

MODEL = socomec_countis_e43.MODEL.named("socomec-countis-e33", "Socomec Countis E33")
