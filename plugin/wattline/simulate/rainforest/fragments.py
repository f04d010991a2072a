"""What a stick writes, as XML: by kind, and by what it is asked. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from wattline.rainforest.numbers import EPOCH_S
from wattline.simulate.rainforest.meter import Raw

# Invented: the first half is the maker's, the rest nobody's.
DEVICE_MAC, METER_MAC, COORDINATOR_MAC = "0xd8d5b9000000aa01", "0x00135003000a1b2c", "0x00135003000a1b2c"
INSTALL_CODE, LINK_KEY = "0x5ec2e7c0de5ec2e7", "0x5ec2e75ec2e75ec2e75ec2e75ec2e75e"

Children = Sequence[tuple[str, str]]

# Seconds from one to the next, as a stick has them from the factory.
SCHEDULE_S: Mapping[str, int] = {
    "InstantaneousDemand": 8,
    "CurrentSummationDelivered": 240,
    "PriceCluster": 90,
    "TimeCluster": 900,
}
_EVENTS = {"demand": 8, "summation": 240, "price": 90, "scheduled_prices": 90, "message": 120, "time": 900}
# Of the billing periods, and what was used in the last one.
PERIOD_S, LAST_WH, FULL_WH = 30 * 86_400, 412_345, 1_000_000


@dataclass(frozen=True, slots=True)
class Moment:
    """All that a fragment is made of.

    Attributes:
        is_emu2: whether the stick writes as an EMU-2 does.
        utc_s: the meter's time in seconds since 1970.
        offset_s: its local time less that.
        raw: what the meter shows.
        meter_mac: the address of its radio.
    """

    is_emu2: bool
    utc_s: int
    offset_s: int
    raw: Raw
    meter_mac: str = METER_MAC

    @property
    def stamp(self) -> str:
        """The time as a stick writes it."""
        return hexadecimal(self.utc_s - EPOCH_S, 8)


def hexadecimal(number: int, digits: int) -> str:
    """``number`` as a stick writes it, below zero in two's complement of those digits."""
    return f"0x{number % 16**digits:0{digits}x}"


def fragment(name: str, children: Children) -> bytes:
    """The element ``name`` as a stick lays it out."""
    lines = [f"  <{child}>{escape(text)}</{child}>" for child, text in children]
    return "\r\n".join([f"<{name}>", *lines, f"</{name}>", ""]).encode("cp1252")


def of_kind(kind: str, moment: Moment) -> bytes:
    """A fragment of a kind of ``SCHEDULE_S`` or of an answer."""
    return fragment(kind, _KINDS[kind](moment))


def answers(command: str, moment: Moment, arguments: Mapping[str, str]) -> list[bytes]:
    """What a stick answers to a command; a complaint where it does not know it."""
    if command in {"initialize", "restart", "factory_reset", "set_schedule", "set_fast_poll"}:
        return []
    if command == "get_schedule":
        asked = arguments.get("Event", "")
        return [_schedule(event, moment) for event in _EVENTS if asked in {"", event}]
    kind = _ANSWERS.get(command)
    return [of_kind(kind, moment)] if kind else [fragment("Warning", [("Text", "Unknown command")])]


def _macs(moment: Moment) -> Children:
    return [("DeviceMacId", DEVICE_MAC), ("MeterMacId", moment.meter_mac)]


_DIGITS: Children = [("DigitsRight", "0x03"), ("DigitsLeft", "0x06"), ("SuppressLeadingZero", "Y")]
_SCALE: Children = [("Multiplier", "0x00000001"), ("Divisor", "0x000003e8"), *_DIGITS]


def _demand(moment: Moment) -> Children:
    # 24 bits as documented, and 32 of them as soon as it is below zero.
    demand_w = moment.raw.demand_w
    digits = 6 if 0 <= demand_w < 1 << 23 else 8
    return [*_macs(moment), ("TimeStamp", moment.stamp), ("Demand", hexadecimal(demand_w, digits)), *_SCALE]


def _summation(moment: Moment) -> Children:
    digits = 16 if moment.is_emu2 else 8
    return [
        *_macs(moment),
        ("TimeStamp", moment.stamp),
        ("SummationDelivered", hexadecimal(moment.raw.delivered_wh, digits)),
        ("SummationReceived", hexadecimal(moment.raw.received_wh, digits)),
        *_SCALE,
    ]


def _price(moment: Moment) -> Children:
    more = [("StartTime", "0xffffffff"), ("Duration", "0xffff")] if moment.is_emu2 else []
    currency_and_tier = [("Currency", "0x0348"), ("TrailingDigits", "0x04"), ("Tier", "0x01")]
    price = [("TimeStamp", moment.stamp), ("Price", "0x000005f4"), *currency_and_tier]
    return [*_macs(moment), *price, *more, ("RateLabel", "Tier 1")]


def _time(moment: Moment) -> Children:
    local = hexadecimal(moment.utc_s + moment.offset_s - EPOCH_S, 8)
    return [*_macs(moment), ("UTCTime", moment.stamp), ("LocalTime", local)]


def _message(moment: Moment) -> Children:
    flags = [("ConfirmationRequired", "N"), ("Confirmed", "N"), ("Queue", "Active")]
    return [*_macs(moment), ("TimeStamp", ""), ("Id", ""), ("Text", ""), *flags]


def _connection(moment: Moment) -> Children:
    status = [("Status", "Connected"), ("Description", "Successfully Joined"), ("StatusCode", "0x00")]
    return [*_macs(moment), *status, *_RADIO]


_RADIO: Children = [
    ("ExtPanId", "0x00135003000a1b2d"),
    ("Channel", "20"),
    ("ShortAddr", "0x2a3c"),
    ("LinkStrength", "0x64"),
]


def _network(_moment: Moment) -> Children:
    return [("DeviceMacId", DEVICE_MAC), ("CoordMacId", COORDINATOR_MAC), ("Status", "Connected"), *_RADIO]


def _device(moment: Moment) -> Children:
    versions = ("2.0.0 (7400)", "2.7.3") if moment.is_emu2 else ("2.0.21", "1.2.5")
    model = "Z105-2-EMU2-LEDD_JM" if moment.is_emu2 else "Z106-RA-PC"
    return [
        ("DeviceMacId", DEVICE_MAC),
        ("InstallCode", INSTALL_CODE),
        ("LinkKey", LINK_KEY),
        ("FWVersion", versions[0]),
        ("HWVersion", versions[1]),
        ("ImageType", "0x1301" if moment.is_emu2 else "0x1401"),
        ("Manufacturer", "Rainforest Automation, Inc."),
        ("ModelId", model),
        ("DateCode", "2026010112345678"),
    ]


def _meter(moment: Moment) -> Children:
    about = [("MeterType", "electric"), ("NickName", ""), ("Account", "4711"), ("Auth", "0815"), ("Host", "")]
    return [*_macs(moment), *about, ("Enabled", "Y")]


def _current_period(moment: Moment) -> Children:
    # As if it had begun at a full MWh, so that it moves with the meter.
    used_wh = (moment.raw.delivered_wh - moment.raw.received_wh) % FULL_WH
    usage, start = ("CurrentUsage", hexadecimal(used_wh, 8)), ("StartDate", _began(moment, 0))
    return [*_macs(moment), ("TimeStamp", moment.stamp), usage, *_SCALE, start]


def _last_period(moment: Moment) -> Children:
    dates = [("StartDate", _began(moment, 1)), ("EndDate", _began(moment, 0))]
    return [*_macs(moment), ("LastUsage", hexadecimal(LAST_WH, 8)), *_SCALE, *dates]


def _began(moment: Moment, ago: int) -> str:
    """When a period began, the running one or one before it."""
    return hexadecimal(moment.utc_s // PERIOD_S * PERIOD_S - ago * PERIOD_S - EPOCH_S, 8)


def _profile(moment: Moment) -> Children:
    head = [("EndTime", moment.stamp), ("Status", "0x00"), ("ProfileIntervalPeriod", "0x02")]
    intervals = [("IntervalData", text) for text in ("0x0001f4", "0x0001e0", "0xffffff")]
    return [*_macs(moment), *head, ("NumberOfPeriodsDelivered", "0x03"), *intervals]


def _schedule(event: str, moment: Moment) -> bytes:
    mode = [("Mode", "default")] if moment.is_emu2 else []
    period = [("Event", event), ("Frequency", hexadecimal(_EVENTS[event], 8)), ("Enabled", "Y")]
    return fragment("ScheduleInfo", [*_macs(moment), *mode, *period])


_KINDS: dict[str, Callable[[Moment], Children]] = {
    "InstantaneousDemand": _demand,
    "CurrentSummationDelivered": _summation,
    "PriceCluster": _price,
    "TimeCluster": _time,
    "MessageCluster": _message,
    "ConnectionStatus": _connection,
    "NetworkInfo": _network,
    "DeviceInfo": _device,
    "MeterInfo": _meter,
    "MeterList": _macs,
    "CurrentPeriodUsage": _current_period,
    "LastPeriodUsage": _last_period,
    "ProfileData": _profile,
}
_ANSWERS = {
    "get_connection_status": "ConnectionStatus",
    "get_device_info": "DeviceInfo",
    "get_meter_list": "MeterList",
    "get_meter_info": "MeterInfo",
    "get_network_info": "NetworkInfo",
    "get_time": "TimeCluster",
    "get_message": "MessageCluster",
    "get_current_price": "PriceCluster",
    "get_instantaneous_demand": "InstantaneousDemand",
    "get_current_summation_delivered": "CurrentSummationDelivered",
    "get_current_period_usage": "CurrentPeriodUsage",
    "get_last_period_usage": "LastPeriodUsage",
    "get_profile_data": "ProfileData",
}
