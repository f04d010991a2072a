"""Solar panels on the roof: what they give at which second. Pure: the same seed gives the same sky.

The sun rises at six, stands highest at one and sets at eight on every day of the year, so that a test or a demo has
its noon whatever the season. Clouds take up to half of it.
"""

from math import pi, sin

from wattline.simulate.dice import between, wander
from wattline.simulate.house import DAY_S, HOUR_S

RISE_H, SET_H = 6, 20


def power_w(seed: int, second: int) -> float:
    """Watts that the panels give in one ``second`` of local time; never negative."""
    hour = second % DAY_S / HOUR_S
    if not RISE_H < hour < SET_H:
        return 0.0
    height = sin(pi * (hour - RISE_H) / (SET_H - RISE_H))
    clouds = 0.78 + 0.16 * wander(second / 1500, seed, "cloud") + 0.06 * wander(second / 40, seed, "wisp")
    return between(5500, 7000, seed, "panels") * height * clouds
