"""Keys leave this program nowhere: what a stick wrote, with all masked that is not known to be no key.

A stick's description of itself holds the keys of its radio. The bytes are to be shown, or kept for a bug report, also
where they are torn; so nothing is looked for that is secret. What stands between the two tags of a child that is known
to be public is kept, and of all else the letters and digits are masked.
"""

import re
from dataclasses import dataclass

from wattline.rainforest.framer import LONGEST_BYTES, LONGEST_TAG_BYTES, ROOTS

SECRETS = ("InstallCode", "LinkKey", "Auth", "Account", "Host")
"""The children that hold keys, as far as they are known: their tags are shown, and what stands between is masked."""

_PUBLIC = [
    "DeviceMacId",
    "MeterMacId",
    "CoordMacId",
    "TimeStamp",
    "Demand",
    "Multiplier",
    "Divisor",
    "DigitsRight",
    "DigitsLeft",
    "SuppressLeadingZero",
    "SummationDelivered",
    "SummationReceived",
    "CurrentUsage",
    "LastUsage",
    "StartDate",
    "EndDate",
    "Price",
    "Currency",
    "TrailingDigits",
    "Tier",
    "TierLabel",
    "RateLabel",
    "StartTime",
    "Duration",
    "UTCTime",
    "LocalTime",
    "Id",
    "Text",
    "ConfirmationRequired",
    "Confirmed",
    "Queue",
    "Priority",
    "Status",
    "Description",
    "StatusCode",
    "ExtPanId",
    "Channel",
    "ShortAddr",
    "LinkStrength",
    "FWVersion",
    "HWVersion",
    "ImageType",
    "Manufacturer",
    "ModelId",
    "DateCode",
    "MeterType",
    "NickName",
    "Enabled",
    "Mode",
    "Event",
    "Frequency",
    "EndTime",
    "ProfileIntervalPeriod",
    "NumberOfPeriodsDelivered",
    "IntervalData",
    "CurrentStart",
    "CurrentDuration",
    "BlockPeriodConsumption",
    "BlockPeriodConsumptionMultiplier",
    "BlockPeriodConsumptionDivisor",
    "NumberOfBlocks",
    "Protocol",
    "Port",
] + [f"{name}{number}" for name in ("Threshold", "Price") for number in range(1, 17)]
_NAMES = frozenset(name.lower().encode() for name in (*_PUBLIC, *SECRETS, *ROOTS))
_KEPT = frozenset(name.lower().encode() for name in _PUBLIC)
_SENTENCES = frozenset({b"text", b"description"})
_CONTROLS = bytes(code for code in range(32)) + b"\x7f "
_TAG = re.compile(rb"<(/?)([A-Za-z][A-Za-z0-9]*)(/?)>")
# Twice as long as a tag, since control characters may stand in it.
_ANY_TAG = re.compile(rb"<[^<>]{0,%d}>" % (2 * LONGEST_TAG_BYTES))
# A key in a sentence: at least 16 digits, in one word or in groups of two or four.
_DIGIT = "[0-9A-Fa-f]"
_GROUPS = f"{_DIGIT}{{2}}([ :.-]){_DIGIT}{{2}}(?:\\1{_DIGIT}{{2}}){{6,}}|{_DIGIT}{{4}}([ :.-]){_DIGIT}{{4}}(?:\\2{_DIGIT}{{4}}){{2,}}"
_KEY = f"(?<![0-9A-Za-z])(?:0[xX])?(?:{_DIGIT}{{16,}}|{_GROUPS})(?![0-9A-Za-z])"
_KEY_BYTES, _KEY_TEXT = re.compile(_KEY.encode()), re.compile(_KEY)
_LETTERS = re.compile(rb"[A-Za-z0-9\x80-\xff]")


@dataclass(slots=True)
class Redactor:
    """Masks a stream; how it is cut makes no difference to what comes out in all.

    A tag that is not known is masked as well, since a key may stand in one that has lost its end.
    """

    _rest: bytes = b""
    _open: bytes = b""

    def feed(self, data: bytes) -> bytes:
        """What may be shown by now; the end may wait for what follows."""
        buffer, shown, done = self._rest + data, b"", 0
        for tag in _ANY_TAG.finditer(buffer):
            closes, name = _parts(tag[0])
            text = buffer[done : tag.start()]
            is_kept = closes and name == self._open and name in _KEPT and b"<" not in text
            shown += _kept(text, name) if is_kept else _masked(text)
            shown += tag[0] if name in _NAMES else _masked(tag[0])
            self._open = b"" if closes else name
            done = tag.end()
        if len(buffer) - done > LONGEST_BYTES:
            shown, self._open, done = shown + _masked(buffer[done:]), b"", len(buffer)
        # Space is no key, and behind the last tag of a fragment there is nothing else for a while.
        self._rest = buffer[done:].lstrip(b" \r\n")
        return shown + buffer[done : len(buffer) - len(self._rest)]

    def end(self) -> bytes:
        """The rest, of which nobody knows what it is."""
        rest, self._rest, self._open = _masked(self._rest), b"", b""
        return rest


def without_keys(text: str) -> str:
    """``text``, which somebody wrote for people, with what may be a key in it masked."""
    return _KEY_TEXT.sub(lambda key: re.sub(r"[0-9A-Za-z]", "x", key[0]), text)


def _parts(tag: bytes) -> tuple[bool, bytes]:
    """Whether a tag closes, and its name; no name where it is no whole tag."""
    match = _TAG.fullmatch(tag.translate(None, _CONTROLS))
    return (bool(match[1]), match[2].lower()) if match and not match[3] else (False, b"")


def _kept(text: bytes, name: bytes) -> bytes:
    """The text of a public child; a sentence may quote a key all the same."""
    return _KEY_BYTES.sub(lambda key: _masked(key[0]), text) if name in _SENTENCES else text


def _masked(data: bytes) -> bytes:
    return _LETTERS.sub(b"x", data)
