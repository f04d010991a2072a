"""B+G e-tech WS100: the register table of the OR-WE-526 under another name.

volkszaehler/mbmd (ws100.go, after the maker's bg_ws100serie_de.pdf) reads its ten most wanted quantities at the
addresses and scales of the OR-WE-526, at 9600 8N1. evcc, which was tried on one, suggests 1200 baud: to be tried.
"""

from dataclasses import replace

from wattline.bus.settings import LineSettings
from wattline.meters import orno_we526

MODEL = replace(
    orno_we526.MODEL.named("bg-etech-ws100", "B+G e-tech WS100"),
    alternatives=(LineSettings(1200, "N", 1),),
    source="B+G e-tech, WS100 series (bg_ws100serie_de.pdf), as in volkszaehler/mbmd; evcc pull request 17371",
    address_change="Write the new address (1 to 247) to register 0x1003 with the maker's program or mbpoll, with no other meter at either address on the bus; switch the meter off and on.",
)
