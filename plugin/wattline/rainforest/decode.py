"""From a fragment to points. Pure: by the names of its children, never by their place."""

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field

from wattline import fields
from wattline.clock import NS
from wattline.rainforest import numbers
from wattline.rainforest.facts import meter_type, says_linked, stamp_s
from wattline.rainforest.fragment import Fragment
from wattline.rainforest.numbers import Scale, scale_of, time_s
from wattline.rainforest.redact import without_keys
from wattline.reading import Point, Value

# Of a load profile: the codes of its intervals, in seconds.
_INTERVALS_S = (86_400, 3600, 1800, 900, 600, 450, 300, 150)
_MAXIMUM_BLOCKS = 16
_PERCENT = range(101)


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

    def number(
        self,
        name: str,
        convert: Callable[[str], int | None] = numbers.unsigned,
        none: Container[int] = (),
        known: Container[int] | None = None,
    ) -> float | None:
        """The same as a value; without one where it is a mark for ``none``, or not among those that are ``known``."""
        raw = self.raw(name, convert)
        if raw is None or raw in none or (known is not None and raw not in known):
            return None
        return float(raw)

    def time(self, name: str) -> float | None:
        """A time in seconds since 1970."""
        seconds = time_s(self.fragment.one(name))
        return None if seconds is None else float(seconds)

    def flag(self, name: str) -> float | None:
        """1 for yes, 0 for no."""
        return {"Y": 1.0, "N": 0.0}.get(self.fragment.one(name).upper())

    def scaled(
        self,
        name: str,
        convert: Callable[[str], int | None] = numbers.counter,
        times: int = 1,
        scale: Scale | None = None,
    ) -> float | None:
        """A power or an energy by ``scale``, or else by that which the fragment gives."""
        raw, scale = self.raw(name, convert), scale or scale_of(self.fragment)
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
        energy_kwh = reader.scaled(name, numbers.net)
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
    values = {
        "price_per_kwh": price,
        "tier": reader.number("Tier", none=numbers.NO_TIERS),
        "rate_label": label,
        "start_s": reader.time("StartTime"),
        "duration_min": reader.number("Duration", none=numbers.NO_DURATIONS_MIN),
        "is_user_set": float(label.lower() == "set by user"),
    }
    reader.add(fields.PRICE, values, currency=numbers.currency(one("Currency")))


def _block_price(reader: _Reader) -> None:
    one = reader.fragment.one
    currency = numbers.currency(one("Currency"))
    blocks = reader.raw("NumberOfBlocks") or 0
    for block in range(1, min(blocks, _MAXIMUM_BLOCKS) + 1):
        price = numbers.price(one(f"Price{block}"), one("TrailingDigits"))
        # The last block is open: its end is the mark for none.
        values = {"price_per_kwh": price, "threshold_kwh": reader.scaled(f"Threshold{block}")}
        reader.add(fields.BLOCK_PRICE, values, currency=currency, block=str(block))
    own = "BlockPeriodConsumption"
    own_scale = scale_of(reader.fragment, f"{own}Multiplier", f"{own}Divisor")
    energy_kwh = reader.scaled(own, numbers.net, scale=own_scale)
    # A meter without blocks has consumed nothing in none of them.
    if energy_kwh is not None and (blocks or energy_kwh):
        reader.add(fields.PERIOD, {"energy_kwh": energy_kwh, "start_s": reader.time("CurrentStart")}, period="block")


def _time(reader: _Reader) -> None:
    utc_s, local_s, host_s = reader.time("UTCTime"), reader.time("LocalTime"), reader.context.host_s
    if utc_s is None:
        return
    values: dict[str, Value | None] = {"drift_s": None if host_s is None else utc_s - host_s}
    if local_s is not None and abs(local_s - utc_s) <= numbers.FARTHEST_OFFSET_S:
        values["utc_offset_s"] = local_s - utc_s
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
    values = {
        "is_connected": float(says_linked(reader.fragment) or False) if status else None,
        "link_percent": reader.number("LinkStrength", known=_PERCENT),
        "channel": reader.number("Channel", numbers.plain, known=numbers.CHANNELS),
        "status": status,
        "description": without_keys(reader.fragment.one("Description")),
        "status_code": reader.number("StatusCode"),
    }
    reader.add(fields.LINK, values)


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


def _meter_info(reader: _Reader) -> None:
    values = {"meter_type": meter_type(reader.fragment), "nickname": reader.fragment.one("NickName")}
    reader.add(fields.STICK_INFO, values)


def _schedule(reader: _Reader) -> None:
    values = {
        "period_s": reader.number("Frequency", none=numbers.NO_PERIODS_S),
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
        energy_kwh = None if raw is None or numbers.says_none(text) else scale.value(raw)
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
