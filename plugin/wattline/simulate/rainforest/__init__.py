"""The fake stick: it speaks by itself on a pseudo-terminal or over TCP, and answers what it is asked.

The way of a fragment: ``meter`` (what the house takes, as a stick's raw numbers) -> ``fragments`` (XML) -> ``faults``
(spoilt bytes) -> ``outbox`` (at the speed of the line) -> ``simulator`` (the thread with the real time and the port).
"""

from wattline.simulate.rainforest.simulator import StickScenario, StickSimulator

__all__ = ["StickScenario", "StickSimulator"]
