"""From bytes in pieces of any size to whole fragments. Pure.

A stick sends one XML element after another, without anything between them that could be relied on. It may write a new
one over the half of another, and puts NUL bytes where nobody expects them. So nothing is believed but tags: a fragment
begins at every start tag of a kind that is known, whatever went before it, and ends at its end tag. What is torn costs
itself and not its neighbour.
"""

import re
from dataclasses import dataclass, field

ROOTS = (
    "InstantaneousDemand",
    "CurrentSummationDelivered",
    "CurrentPeriodUsage",
    "LastPeriodUsage",
    "PriceCluster",
    "BlockPriceDetail",
    "TimeCluster",
    "MessageCluster",
    "ConnectionStatus",
    "NetworkInfo",
    "DeviceInfo",
    "MeterInfo",
    "MeterList",
    "ScheduleInfo",
    "ProfileData",
    "BillingPeriodList",
    "FastPollStatus",
    "Warning",
    "Error",
)
"""The kinds of fragments that are known; the wire may write them in any case."""

LONGEST_BYTES = 32 * 1024
# No tag is so long; a "<" that has no ">" by then was none.
LONGEST_TAG_BYTES = 80

_KNOWN = frozenset(name.lower().encode() for name in ROOTS)
# Of the control characters text has tabs and line ends. A lost bit may make any of the others.
_CONTROLS = bytes(code for code in range(32) if code not in b"\t\n\r") + b"\x7f"
_TAG = re.compile(rb"<(/?)\s*([A-Za-z_][A-Za-z0-9_.-]*)\s*(/?)>")
_ANY_TAG = re.compile(rb"<[^<>]{0,%d}>" % LONGEST_TAG_BYTES)


@dataclass(slots=True)
class Framer:
    """Takes bytes and gives fragments; how the bytes are cut makes no difference.

    Attributes:
        dropped_fragments: fragments that had begun and were torn, or were too long.
        unknown_fragments: elements with children that are of no known kind.
        nul_bytes: NUL bytes and other control characters.
        dropped_bytes: bytes that were in no whole fragment.
    """

    dropped_fragments: int = 0
    unknown_fragments: int = 0
    nul_bytes: int = 0
    dropped_bytes: int = 0
    _rest: bytes = b""
    _root: bytes = b""
    _fragment: bytearray = field(default_factory=bytearray)
    _stranger: bytes = b""
    _stranger_has_children: bool = False

    def feed(self, data: bytes) -> list[bytes]:
        """The fragments that are whole with ``data``, each from its start tag to its end tag."""
        clean = data.translate(None, _CONTROLS)
        self.nul_bytes += len(data) - len(clean)
        buffer = self._rest + clean
        whole, done = [], 0
        for tag in _ANY_TAG.finditer(buffer):
            self._text(buffer[done : tag.start()])
            whole += self._tag(tag[0])
            done = tag.end()
        begun = _begun_tag(buffer, done)
        self._text(buffer[done:begun])
        self._rest = buffer[begun:]
        return whole

    def cut(self) -> None:
        """The bytes end here, and those that come next begin anew: what has begun is torn."""
        self._text(self._rest)
        self._drop()
        self._rest = self._stranger = b""

    def _tag(self, tag: bytes) -> list[bytes]:
        """Go on with a tag; the fragment that it ends, if it does."""
        match = _TAG.fullmatch(tag)
        closes, name, is_empty = (match[1], match[2].lower(), bool(match[3])) if match else (b"", b"", False)
        if name in _KNOWN and not closes:
            self._drop()
            self._root, self._stranger = name, b""
        if not self._root:
            self._outside(tag, closes, name, is_empty=is_empty)
            return []
        self._text(tag)
        if name != self._root or not (closes or is_empty):
            return []
        fragment = bytes(self._fragment)
        self._root = b""
        self._fragment.clear()
        return [fragment]

    def _text(self, text: bytes) -> None:
        """Keep ``text`` inside a fragment; outside of one it is lost."""
        if not self._root:
            self.dropped_bytes += len(text)
            return
        self._fragment += text
        if len(self._fragment) > LONGEST_BYTES:
            self._drop()

    def _drop(self) -> None:
        """Give up the fragment that has begun."""
        if self._root:
            self.dropped_fragments += 1
            self.dropped_bytes += len(self._fragment)
        self._root = b""
        self._fragment.clear()

    def _outside(self, tag: bytes, closes: bytes, name: bytes, *, is_empty: bool) -> None:
        """Count an element of no known kind: it has children. One without is left of a fragment that was torn."""
        self.dropped_bytes += len(tag)
        if closes and name == self._stranger:
            self.unknown_fragments += self._stranger_has_children
            self._stranger = b""
        elif name and not closes and not is_empty:
            self._stranger_has_children = bool(self._stranger)
            self._stranger = self._stranger or name


def _begun_tag(buffer: bytes, start: int) -> int:
    """Where a tag has begun that may still become one; the end of ``buffer`` where there is none."""
    begun = buffer.rfind(b"<", start)
    return begun if begun >= 0 and len(buffer) - begun <= LONGEST_TAG_BYTES + 1 else len(buffer)
