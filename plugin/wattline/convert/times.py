"""Time stamps of other systems, to nanoseconds since 1970."""

import re
from datetime import UTC, datetime, tzinfo
from functools import lru_cache

from wattline.convert.sample import NS
from wattline.errors import WordError

# Seconds until the year 5138; more digits are milli-, micro- and nanoseconds of our time.
_DIGITS = ((11, NS), (14, 1_000_000), (17, 1000), (20, 1))
_UNIX = re.compile(r"(-?)(\d{1,20})(?:\.(\d{1,9})\d*)?")
# As RFC 3339 has it; a space for the T, and no zone, are what tables have.
_STAMP = re.compile(r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d)(?::(\d\d)(?:[.,](\d{1,9})\d*)?)? ?(Z|[+-]\d\d:?\d\d)?")


def utc_ns(text: str) -> int:
    """Nanoseconds of a time as InfluxDB writes it, such as 2022-11-25T18:13:20.751876003Z.

    Raises:
        ValueError: it is no such time.
    """
    # A year has a hundred million stamps, and half a million minutes.
    if text[-1:] != "Z" or text[16:17] != ":":
        raise ValueError(text)
    second, fraction = text[17:19], text[20:-1]
    if not (second.isdigit() and (not fraction or fraction.isdigit())):
        raise ValueError(text)
    return (_minute_s(text[:16]) + int(second)) * NS + (int(fraction.ljust(9, "0")[:9]) if fraction else 0)


@lru_cache(maxsize=4096)
def _minute_s(minute: str) -> int:
    return int(datetime.fromisoformat(minute).replace(tzinfo=UTC).timestamp())


class Stamps:
    """Reads the time column of a table.

    Args:
        zone: the one that is meant where a stamp names none.
        pattern: of ``strptime``, for stamps that are neither ISO 8601 nor Unix time; empty unless needed.
    """

    def __init__(self, zone: tzinfo | None, pattern: str = "") -> None:
        self.zone = zone
        self._pattern = pattern
        self._last_ns = -(2**63)

    def to_ns(self, text: str) -> int:
        """Nanoseconds since 1970 UTC.

        An hour that occurs twice, at the end of summer time, is the first one until time would go backwards.

        Raises:
            ValueError: it is no time that can be read, or one that summer time skips.
            WordError: it names no time zone, and none was given.
        """
        number = None if self._pattern else _UNIX.fullmatch(text)
        self._last_ns = _unix_ns(*number.groups()) if number else self._named_ns(text)
        return self._last_ns

    def _named_ns(self, text: str) -> int:
        moment, fraction_ns = self._parse(text)
        if moment.tzinfo is None:
            moment = self._in_zone(moment, text)
        # The difference from 1970 by way of UTC, since floats would cost the digits.
        since = moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
        return (since.days * 86_400 + since.seconds) * NS + since.microseconds * 1000 + fraction_ns

    def _parse(self, text: str) -> tuple[datetime, int]:
        if self._pattern:
            return datetime.strptime(text, self._pattern), 0
        match = _STAMP.fullmatch(text)
        if match is None:
            raise ValueError(text)
        minute, second, fraction, zone = match.groups()
        moment = datetime.fromisoformat(f"{minute}:{second or '00'}{zone or ''}")
        return moment, int((fraction or "0").ljust(9, "0"))

    def _in_zone(self, moment: datetime, text: str) -> datetime:
        if self.zone is None:
            raise WordError(f"The time {text!r} names no time zone: say with --timezone which is meant.")
        first, second = (moment.replace(tzinfo=self.zone, fold=fold) for fold in (0, 1))
        if first.astimezone(UTC).astimezone(self.zone).replace(tzinfo=None) != moment:
            raise ValueError(text)
        earlier_ns = int(first.timestamp()) * NS
        return second if earlier_ns + NS <= self._last_ns and second.utcoffset() != first.utcoffset() else first


def _unix_ns(sign: str, digits: str, fraction: str | None) -> int:
    unit_ns = next(unit for most, unit in _DIGITS if len(digits) <= most)
    whole = int(digits) * unit_ns + int((fraction or "0").ljust(9, "0")) * unit_ns // NS
    return -whole if sign else whole
