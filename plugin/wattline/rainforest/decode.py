"""From a fragment to points. Pure: by the names of its children, never by their place."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from wattline import fields
from wattline.clock import NS
from wattline.rainforest import numbers
from wattline.rainforest.fragment import Fragment
from wattline.rainforest.numbers import Scale, scale_of, time_s
from wattline.rainforest.redact import without_keys
from wattline.reading import Point, Value

READINGS = frozenset({"instantaneousdemand", "currentsummationdelivered"})
"""The kinds of fragments that become points of ``electricity``."""

# Where a kind of fragment has its time, if it is not "TimeStamp".
_STAMPS = {"timecluster": "UTCTime", "profiledata": "EndTime"}
# 2008, when the first meters had such a radio: a clock that is earlier was never set.
_EARLIEST_S = 1_199_145_600
# Of a load profile: the codes of its intervals, in seconds.
_INTERVALS_S = (86_400, 3600, 1800, 900, 600, 450, 300, 150)
_MAXIMUM_BLOCKS = 16


@dataclass(frozen=True, slots=True)
class Context:
    """What a fragment does not say itself.

    Attributes:
        meter: the user's name of the meter.
        role: what it measures.
        time_ns: the stamp of its points.
        is_own_time: whether that is the meter's own.
        host_s: the time of this machine in seconds since 1970; None where it is not believed.
        scale: how the meter has scaled its energies, as far as it has said so.
    """

    meter: str
    role: str
    time_ns: int
    is_own_time: bool = False
    host_s: int | None = None
    scale: Scale | None = None


@dataclass(slots=True)
class Decoded:
    """What a fragment says.

    Attributes:
        points: its points.
        unreadable: numbers that were none.
    """

    points: list[Point] = field(default_factory=list)
    unreadable: int = 0


def stamp_s(fragment: Fragment) -> int | None:
    """The fragment's own time in seconds since 1970, if it has one, by a clock that was ever set."""
    seconds = time_s(fragment.one(_STAMPS.get(fragment.name, "TimeStamp")))
    return seconds if seconds is not None and seconds >= _EARLIEST_S else None


def decode(fragment: Fragment, context: Context) -> Decoded:
    """The points of a fragment; none where it says nothing that is metered."""
    decoder = _DECODERS.get(fragment.name)
    reader = _Reader(fragment, context)
    if decoder:
        decoder(reader)
    return reader.decoded


class _Reader:
    """A fragment that is being decoded."""

    def __init__(self, fragment: Fragment, context: Context) -> None:
        self.fragment = fragment
        self.context = context
        self.decoded = Decoded()

    def add(self, measurement: str, values: Mapping[str, Value | None], **tags: str) -> None:
        """Add a point of the ``values`` that there are."""
        known = {name: value for name, value in values.items() if value not in {None, ""}}
        if known:
            context = self.context
            point = Point(measurement, {"meter": context.meter} | tags, known, context.time_ns, context.is_own_time)
            self.decoded.points.append(point)

    def raw(self, name: str, convert: Callable[[str], int | None] = numbers.unsigned) -> int | None:
        """The number that a child has."""
        text = self.fragment.one(name)
        number = convert(text) if text else None
        self.decoded.unreadable += bool(text) and number is None
        return number

    def number(self, name: str, convert: Callable[[str], int | None] = numbers.unsigned) -> float | None:
        """The same as a value."""
        raw = self.raw(name, convert)
        return None if raw is None else float(raw)

    def time(self, name: str) -> float | None:
        """A time in seconds since 1970."""
        seconds = time_s(self.fragment.one(name))
        return None if seconds is None else float(seconds)

    def flag(self, name: str) -> float | None:
        """1 for yes, 0 for no."""
        return {"Y": 1.0, "N": 0.0}.get(self.fragment.one(name).upper())

    def scaled(self, name: str, convert: Callable[[str], int | None] = numbers.counter, times: int = 1) -> float | None:
        """A power or an energy by the scale that the fragment gives."""
        raw, scale = self.raw(name, convert), scale_of(self.fragment)
        if raw is None or numbers.says_none(self.fragment.one(name), convert):
            return None
        value = scale.value(raw, times) if scale else None
        self.decoded.unreadable += value is None
        return value


def _demand(reader: _Reader) -> None:
    power_w = reader.scaled("Demand", numbers.signed, times=1000)
    reader.add(fields.ELECTRICITY, {"power_w": power_w}, role=reader.context.role)


def _summation(reader: _Reader) -> None:
    energies = {
        "energy_import_kwh": reader.scaled("SummationDelivered"),
        "energy_export_kwh": reader.scaled("SummationReceived"),
    }
    reader.add(fields.ELECTRICITY, energies, role=reader.context.role)


def _period(name: str, period: str) -> Callable[[_Reader], None]:
    def decode_period(reader: _Reader) -> None:
        energy_kwh = reader.scaled(name, numbers.signed)
        if energy_kwh is not None:
            times: dict[str, Value | None] = {"start_s": reader.time("StartDate"), "end_s": reader.time("EndDate")}
            reader.add(fields.PERIOD, {"energy_kwh": energy_kwh} | times, period=period)

    return decode_period


def _price(reader: _Reader) -> None:
    one = reader.fragment.one
    price = numbers.price(one("Price"), one("TrailingDigits"))
    if price is None:
        reader.decoded.unreadable += numbers.unsigned(one("Price")) != 0 and not numbers.says_none(one("Price"))
        return
    label = one("RateLabel") or one("TierLabel")
    duration_min = reader.number("Duration")
    values = {
        "price_per_kwh": price,
        "tier": reader.number("Tier"),
        "rate_label": label,
        "start_s": reader.time("StartTime"),
        "duration_min": None if duration_min == numbers.NO_DURATION_MIN else duration_min,
        "is_user_set": float(label.lower() == "set by user"),
    }
    reader.add(fields.PRICE, values, currency=numbers.currency(one("Currency")))


def _block_price(reader: _Reader) -> None:
    one = reader.fragment.one
    scale = scale_of(reader.fragment)
    currency = numbers.currency(one("Currency"))
    for block in range(1, min(reader.raw("NumberOfBlocks") or 0, _MAXIMUM_BLOCKS) + 1):
        price = numbers.price(one(f"Price{block}"), one("TrailingDigits"))
        # The last block is open: its end is the mark for none.
        values = {"price_per_kwh": price, "threshold_kwh": reader.scaled(f"Threshold{block}")}
        reader.add(fields.BLOCK_PRICE, values, currency=currency, block=str(block))
    consumed, own = reader.raw("BlockPeriodConsumption", numbers.signed), "BlockPeriodConsumption"
    consumed_scale = scale_of(reader.fragment, f"{own}Multiplier", f"{own}Divisor") or scale
    if consumed is not None and consumed_scale is not None:
        values = {"energy_kwh": consumed_scale.value(consumed), "start_s": reader.time("CurrentStart")}
        reader.add(fields.PERIOD, values, period="block")


def _time(reader: _Reader) -> None:
    utc_s, local_s, host_s = reader.time("UTCTime"), reader.time("LocalTime"), reader.context.host_s
    values = {
        "drift_s": None if utc_s is None or host_s is None else utc_s - host_s,
        "utc_offset_s": None if utc_s is None or local_s is None else local_s - utc_s,
    }
    reader.add(fields.CLOCK, values)


def _message(reader: _Reader) -> None:
    one = reader.fragment.one
    if text := without_keys(one("Text")):
        values = {
            "text": text,
            "id": reader.number("Id"),
            "queue": one("Queue"),
            "priority": one("Priority"),
            "is_confirmation_required": reader.flag("ConfirmationRequired"),
            "is_confirmed": reader.flag("Confirmed"),
        }
        reader.add(fields.MESSAGE, values)


def _link(reader: _Reader) -> None:
    status = reader.fragment.one("Status").rstrip(". ")
    link = reader.raw("LinkStrength")
    values = {
        "is_connected": float(status.lower() == "connected") if status else None,
        "link_percent": float(link) if link is not None and link <= 100 else None,
        "channel": reader.number("Channel", numbers.plain),
        "status": status,
        "description": without_keys(reader.fragment.one("Description")),
        "status_code": reader.number("StatusCode"),
    }
    reader.add(fields.LINK, values)


def says_linked(fragment: Fragment) -> bool | None:
    """Whether a stick says that it is connected to its meter; None where it says nothing of that."""
    status = fragment.one("Status").rstrip(". ").lower()
    return status == "connected" if status and fragment.name in {"connectionstatus", "networkinfo"} else None


def _device_info(reader: _Reader) -> None:
    names = {
        "manufacturer": "Manufacturer",
        "model": "ModelId",
        "firmware": "FWVersion",
        "hardware": "HWVersion",
        "image_type": "ImageType",
        "date_code": "DateCode",
    }
    values = {field: _printable(reader.fragment.one(name)) for field, name in names.items()}
    reader.add(fields.STICK_INFO, values)


def _printable(text: str) -> str:
    """``text``; nothing where flash memory that was never written stands for it, which is all bits set."""
    return "" if set(text) <= {"ÿ"} else text


_METER_TYPES = {0: "electric", 1: "gas", 2: "water"}


def meter_type(fragment: Fragment) -> str:
    """What a meter measures, by its MeterInfo: electric, gas, water or other; empty where it does not say."""
    text = fragment.one("MeterType").lower()
    number = numbers.unsigned(text)
    return text if number is None else _METER_TYPES.get(number, "other")


def _meter_info(reader: _Reader) -> None:
    values = {"meter_type": meter_type(reader.fragment), "nickname": reader.fragment.one("NickName")}
    reader.add(fields.STICK_INFO, values)


def _schedule(reader: _Reader) -> None:
    period_s = reader.raw("Frequency")
    is_none = period_s is None or period_s == numbers.NO_PERIOD_S
    values = {
        "period_s": None if is_none or period_s is None else float(period_s),
        "is_enabled": reader.flag("Enabled"),
    }
    reader.add(fields.SCHEDULE, values, event=reader.fragment.one("Event"), mode=reader.fragment.one("Mode").lower())


def _profile(reader: _Reader) -> None:
    """Intervals, the newest first, each at its own end; without the scale of the meter they are no energies."""
    context, end_s = reader.context, stamp_s(reader.fragment)
    code, scale = reader.raw("ProfileIntervalPeriod"), context.scale
    if reader.raw("Status") != 0 or end_s is None or code is None or code >= len(_INTERVALS_S) or scale is None:
        return
    if context.host_s is not None and end_s > context.host_s + _INTERVALS_S[code]:
        return
    for ago, text in enumerate(reader.fragment.all("IntervalData")):
        raw = numbers.unsigned(text)
        reader.decoded.unreadable += raw is None
        energy_kwh = None if raw in {None, numbers.NO_INTERVAL} or raw is None else scale.value(raw)
        if energy_kwh is not None:
            values: dict[str, Value] = {"energy_kwh": energy_kwh, "interval_s": float(_INTERVALS_S[code])}
            time_ns = (end_s - ago * _INTERVALS_S[code]) * NS
            reader.decoded.points.append(Point(fields.INTERVAL, {"meter": context.meter}, values, time_ns, True))


def _warning(level: str) -> Callable[[_Reader], None]:
    return lambda reader: reader.add(fields.WARNING, {"text": without_keys(reader.fragment.one("Text"))}, level=level)


_DECODERS: dict[str, Callable[[_Reader], None]] = {
    "instantaneousdemand": _demand,
    "currentsummationdelivered": _summation,
    "currentperiodusage": _period("CurrentUsage", "current"),
    "lastperiodusage": _period("LastUsage", "last"),
    "pricecluster": _price,
    "blockpricedetail": _block_price,
    "timecluster": _time,
    "messagecluster": _message,
    "connectionstatus": _link,
    "networkinfo": _link,
    "deviceinfo": _device_info,
    "meterinfo": _meter_info,
    "scheduleinfo": _schedule,
    "profiledata": _profile,
    "warning": _warning("warning"),
    "error": _warning("error"),
}
