"""Peacefair PZEM-014: the PZEM-016 for 10 A through its terminals, in the same manual; nobody has published its replies."""

from dataclasses import replace

from wattline.meters import peacefair_pzem016

MODEL = replace(peacefair_pzem016.MODEL, name="peacefair-pzem014", title="Peacefair PZEM-014", verified=False)
