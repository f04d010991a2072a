"""The fake meter: simulated meters that speak Modbus RTU on a pseudo-terminal or over TCP.

The way of a request: ``endpoint`` (bytes) -> ``frames`` (request) -> ``line`` (heard, when) -> ``image`` (registers)
-> ``faults`` (spoilt bytes) -> ``line`` (sent, when) -> ``endpoint``. The way of a value to its registers: ``house``
and ``roof`` (watts of each appliance) -> ``electricity`` (of one line) -> ``quantities`` and ``energy`` (every field of
the vocabulary) -> ``display`` (registers); ``gaps`` tells which of them the meter has. ``bus`` conducts it and knows no
real time; ``simulator`` gives it the real one, in the thread with the real port that is ``player``.
"""

from wattline.simulate.bus import Scenario
from wattline.simulate.simulator import Simulator
from wattline.simulate.truth import Served

__all__ = ["Scenario", "Served", "Simulator"]
