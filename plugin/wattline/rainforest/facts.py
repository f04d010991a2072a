"""What a fragment tells of itself: when it was made, whether the stick has its meter, what the meter measures. Pure."""

from wattline.rainforest import numbers
from wattline.rainforest.fragment import Fragment

READINGS = frozenset({"instantaneousdemand", "currentsummationdelivered"})
"""The kinds of fragments that become points of ``electricity``."""

# Where a kind of fragment has its time, if it is not "TimeStamp".
_STAMPS = {"timecluster": "UTCTime", "profiledata": "EndTime"}
# 2008, when the first meters had such a radio: a clock that is earlier was never set.
_EARLIEST_S = 1_199_145_600
# Some stay at one of the last steps before, and hear their meter.
_LINKED = frozenset({"connected", "join: success", "authenticating: success"})
_METER_TYPES = {0: "electric", 1: "gas", 2: "water"}


def stamp_s(fragment: Fragment) -> int | None:
    """The fragment's own time in seconds since 1970, if it has one, by a clock that was ever set."""
    seconds = numbers.time_s(fragment.one(_STAMPS.get(fragment.name, "TimeStamp")))
    return seconds if seconds is not None and seconds >= _EARLIEST_S else None


def says_linked(fragment: Fragment) -> bool | None:
    """Whether a stick says that it has its meter; None where it says nothing of that."""
    status = fragment.one("Status").rstrip(". ").lower()
    return status in _LINKED if status and fragment.name in {"connectionstatus", "networkinfo"} else None


def meter_type(fragment: Fragment) -> str:
    """What a meter measures, by its MeterInfo: electric, gas, water or other; empty where it does not say."""
    text = fragment.one("MeterType").lower()
    number = numbers.unsigned(text)
    return text if number is None else _METER_TYPES.get(number, "other")
